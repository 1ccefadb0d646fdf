"""How the kernel's clock is kept (adjtimex(2), the kernel's ``kernel/time/ntp.c``)."""

from __future__ import annotations

from nodecheck.host import Host
from nodecheck.model.sources import Call, Sources
from nodecheck.record import NamedTuple

STA_UNSYNC = 0x0040
LIMIT_US = 16_000_000
"""``NTP_PHASE_LIMIT``: an error that nothing corrected for nine hours (or never) stands there."""


class KernelClock(NamedTuple):
    """What the kernel knows of its clock: how far off it may be, and whether someone vouches for that."""

    max_error_us: int
    """Microseconds. It grows by half a millisecond a second until a time service sets it anew."""
    unsynchronised: bool
    """``STA_UNSYNC``. Set at boot, and once the error reaches 16 s; a time service takes it away, but for chronyd
    without ``rtcsync``."""

    @classmethod
    def reads(cls) -> Sources:
        return (Call("clock"),)

    @classmethod
    def read(cls, host: Host) -> KernelClock:
        """Ask the kernel. Raises Denied, Unsupported, Offline."""
        found = host.clock()
        return cls(found.max_error_us, bool(found.status & STA_UNSYNC))
