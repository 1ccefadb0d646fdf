"""``/proc/sys``: what the running kernel holds."""

from __future__ import annotations

from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

PROC_SYS = "/proc/sys"
MOST_BYTES = 1 << 16


class RunningSysctls(NamedTuple):
    """The files below ``/proc/sys``; each is read when a check asks for it, as there are a thousand."""

    host: Host

    @classmethod
    def read(cls, host: Host) -> RunningSysctls:
        return cls(host)

    def value(self, path: str) -> str:
        """What a key holds, by its path below ``/proc/sys``.

        Raises Absent where this kernel has no such key, Denied where only root may read it, Offline where the host is
        not running and does not hold the file, Malformed where it is a directory.
        """
        return text(self.host, f"{PROC_SYS}/{path}", MOST_BYTES).strip("\n")
