"""Programs that keep the clock, by their processes: chronyd, ntpd and others (proc(5))."""

from __future__ import annotations

from nodecheck.errors import Absent, Denied, FactError, Offline
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

KEEPERS = {
    "chronyd": "chronyd",
    "ntpd": "ntpd",
    "systemd-timesyn": "systemd-timesyncd",
    "ptp4l": "ptp4l",
    "phc2sys": "phc2sys",
    "ts2phc": "ts2phc",
    "timemaster": "timemaster",
    "ptpd": "ptpd",
    "ptpd2": "ptpd",
    "sfptpd": "sfptpd",
    "ntpd-rs-daemon": "ntpd-rs",
    "ntp-daemon": "ntpd-rs",
    "vmtoolsd": "vmtoolsd",
    "VBoxService": "VBoxService",
}
"""``comm`` (15 bytes of it, proc(5)) to the name of what keeps the clock; ``ntpd`` is also NTPsec's, OpenNTPD's and
BusyBox's. The last two set a guest's clock after its host's."""

MOST_PROCESSES = 1 << 15
_ESRCH = 3

HOST_PIDS = "pid:[4026531836]"
"""The link ``/proc/self/ns/pid`` in the first PID namespace (``PROC_PID_INIT_INO`` in the kernel's proc_ns.h)."""


class TimeKeepers(NamedTuple):
    """The processes that keep the clock."""

    names: tuple[str, ...] = ()
    all_seen: bool = False
    """Whether every process of the node was looked at; in a container they cannot be."""

    @classmethod
    def reads(cls) -> Sources:
        return (Dir("/proc"), File("/proc/*/comm"), Exists("/proc/self/ns/pid"))

    @classmethod
    def read(cls, host: Host) -> TimeKeepers:
        """Look at the name of every process. Raises what the host raises for ``/proc``."""
        found: set[str] = set()
        hidden = False
        pids = [name for name in host.names("/proc") if is_digits(name)]
        for pid in pids[:MOST_PROCESSES]:
            try:
                comm = host.read(f"/proc/{pid}/comm", 4096).rstrip(b"\n").decode("utf-8", "replace")
            except (Absent, Offline):
                continue  # it ended meanwhile
            except Denied:
                hidden = True
                continue
            except FactError as error:
                if error.errno != _ESRCH:
                    raise
                continue
            if comm in KEEPERS:
                found.add(KEEPERS[comm])
        whole = not hidden and "1" in pids and len(pids) <= MOST_PROCESSES and _is_first_namespace(host)
        return cls(tuple(sorted(found)), whole)


def _is_first_namespace(host: Host) -> bool:
    try:
        return host.link("/proc/self/ns/pid") == HOST_PIDS
    except Denied:
        return False
