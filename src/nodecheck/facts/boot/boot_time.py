"""When the running kernel started (proc(5), ``btime`` of ``/proc/stat``)."""

from __future__ import annotations

from nodecheck.errors import FactError, ParseError
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

STAT = "/proc/stat"


class BootTime(NamedTuple):
    """The moment at which the kernel started, by the clock of now. In a container it is the host's."""

    began_s: int
    """Seconds since 1970."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(STAT),)

    @classmethod
    def read(cls, host: Host) -> BootTime:
        """Raises Offline where the host is not running, ParseError, and FactError where the kernel does not say it."""
        return cls(boot_time(text(host, STAT, 4 << 20)))


def boot_time(stat: str) -> int:
    r"""``btime`` of /proc/stat: the clock of now less the time since the boot, in seconds since 1970.

    >>> boot_time("cpu  1 2 3\nbtime 1796025763\n")
    1796025763
    """
    for number, line in enumerate(stat.split("\n"), 1):
        name, _, value = line.partition(" ")
        if name == "btime":
            if not is_digits(value):
                raise ParseError(STAT, number, line, "the time of the boot in seconds")
            return int(value)
    raise FactError(STAT, "has no btime")
