"""How much memory the kernel manages, and how much of it a cgroup gives (proc_meminfo(5))."""

from __future__ import annotations

from nodecheck.errors import FactError, Malformed
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number

MEMINFO = "/proc/meminfo"
MEMORY_MAX = "/sys/fs/cgroup/memory.max"
LIMIT_IN_BYTES = "/sys/fs/cgroup/memory/memory.limit_in_bytes"
"""A container's own limit, of cgroup v2 and v1. The root of v2 has no such file, that of v1 a number without end."""


class Memory(NamedTuple):
    """The memory of the machine, and the limit of the cgroup that nodecheck sees as the first."""

    total_kib: int
    """``MemTotal``: what is left of the memory once firmware and kernel took theirs. sysinfo(2) has the same number."""
    limit_bytes: int | None = None
    """What the cgroup gives, where that is less; None: no limit, or none that could be read."""
    limit_source: str = MEMORY_MAX

    @property
    def total_mib(self) -> int:
        """Whole MiB, as kubeadm counts them.

        >>> Memory(1740799).total_mib, Memory(1740800).total_mib
        (1699, 1700)
        """
        return self.total_kib // 1024

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(File, (MEMINFO, MEMORY_MAX, LIMIT_IN_BYTES)))

    @classmethod
    def read(cls, host: Host) -> Memory:
        """Read it. Raises Offline where the host is not running and does not hold it, Malformed for another text."""
        total = total_in(text(host, MEMINFO))
        if total is None:
            raise Malformed(MEMINFO, "there is no line MemTotal in kB")
        for path in (MEMORY_MAX, LIMIT_IN_BYTES):
            limit = _limit(host, path)
            if limit is not None and limit < total * 1024:
                return cls(total, limit, path)
        return cls(total)


def total_in(meminfo: str) -> int | None:
    r"""What ``MemTotal`` says, in KiB; None where no such line is.

    >>> total_in("MemTotal:        3742148 kB\nMemFree:          225472 kB\n"), total_in("MemFree: 1 kB\n")
    (3742148, None)
    """
    for line in meminfo.split("\n"):
        words = line.split()
        if words[:1] == ["MemTotal:"]:
            return whole_number(words[1]) if len(words) == 3 and words[2] == "kB" else None
    return None


def _limit(host: Host, path: str) -> int | None:
    """It only adds a note, so that one that cannot be read is none; v2 says ``max`` where there is none."""
    try:
        return whole_number(text(host, path).strip("\n"))
    except FactError:
        return None
