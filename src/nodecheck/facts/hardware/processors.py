"""How many processors the node's programs may run on (proc_pid_status(5), cpuset(7))."""

from __future__ import annotations

from nodecheck.errors import Absent, Denied, FactError, Malformed, Offline
from nodecheck.host import Host
from nodecheck.host.base import text, text_or_none
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number

STATUS = "/proc/1/status"
"""The first process of the node: what it starts inherits its affinity and its cpuset."""
OWN_STATUS = "/proc/self/status"
"""The reader's own, where the first process is hidden (``hidepid=``)."""
ONLINE = "/sys/devices/system/cpu/online"
CPU_MAX = "/sys/fs/cgroup/cpu.max"
CFS_QUOTA, CFS_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"
"""A container's own limits, of cgroup v2 and v1; a node's root cgroup has none of these files."""

MOST_CPUS = 8192
"""The most that Linux can be built for (``NR_CPUS``)."""


class Processors(NamedTuple):
    """The processors that programs may run on."""

    usable: int
    """How many are both allowed and switched on."""
    allowed: str
    """As the kernel writes it: ``0-3,8``."""
    source: str
    """The file that says what is allowed."""
    online: str | None = None
    """Those that are switched on; None where nothing tells."""
    quota: float | None = None
    """How many processors' time the cgroup gives; None: no limit, or none that could be read."""
    quota_source: str = CPU_MAX

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(File, (STATUS, OWN_STATUS, ONLINE, CPU_MAX, CFS_QUOTA, CFS_PERIOD)))

    @classmethod
    def read(cls, host: Host) -> Processors:
        """Count them as sched_getaffinity(2) does.

        Raises Offline where the host is not running and does not hold the files, Malformed for what no kernel shows.
        """
        source, status = _status(host)
        allowed = allowed_in(status)
        if allowed is None:
            raise Malformed(source, "there is no line Cpus_allowed_list")
        online = _online(host)
        both = _numbers(source, allowed) & _numbers(ONLINE, online or allowed)
        quota, told = _quota(host)
        return cls(len(both or _numbers(source, allowed)), allowed, source, online, quota, told)


def allowed_in(status: str) -> str | None:
    r"""What ``/proc/PID/status`` allows a process.

    >>> allowed_in("Name:\tsystemd\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n")
    '0-3'
    """
    found = (line.partition(":")[2] for line in status.split("\n") if line.startswith("Cpus_allowed_list:"))
    return next((line.strip(" \t") for line in found), None)


def cpu_numbers(listed: str) -> frozenset[int]:
    """The processors of the kernel's list format (cpuset(7)). Raises ValueError.

    >>> sorted(cpu_numbers("0-2,8")), sorted(cpu_numbers(""))
    ([0, 1, 2, 8], [])
    """
    if listed.count(",") >= MOST_CPUS:
        raise ValueError(f"more than {MOST_CPUS} ranges of processors")
    found: set[int] = set()
    for part in listed.split(",") if listed else ():
        found.update(_range(part))
    return frozenset(found)


def _range(part: str) -> range:
    first, dash, last = part.partition("-")
    low, high = whole_number(first), whole_number(last if dash else first)
    if low is None or high is None or not low <= high < MOST_CPUS:
        raise ValueError(f"{part!r} is no range of processors")
    return range(low, high + 1)


def quota_of(line: str) -> float | None:
    r"""How many processors' time ``cpu.max`` gives, or v1's quota and period with a blank between; None: no limit.

    >>> quota_of("150000 100000\n"), quota_of("max 100000"), quota_of("-1 100000")
    (1.5, None, None)
    """
    words = line.split()
    numbers = [whole_number(word) for word in words]
    if len(numbers) != 2 or not numbers[0] or not numbers[1]:
        return None
    return numbers[0] / numbers[1]


def _status(host: Host) -> tuple[str, str]:
    try:
        return STATUS, text(host, STATUS)
    except (Absent, Denied, Offline):
        return OWN_STATUS, text(host, OWN_STATUS)


def _online(host: Host) -> str | None:
    """What is switched on; None where /sys is not there, and the affinity alone counts."""
    try:
        return (text_or_none(host, ONLINE) or "").strip("\n") or None
    except Offline:
        return None


def _numbers(source: str, listed: str) -> frozenset[int]:
    try:
        return cpu_numbers(listed)
    except ValueError as error:
        raise Malformed(source, str(error)) from error


def _quota(host: Host) -> tuple[float | None, str]:
    """It only adds a note, so that one that cannot be read is none."""
    quota = quota_of(_noted(host, CPU_MAX))
    if quota is not None:
        return quota, CPU_MAX
    return quota_of(f"{_noted(host, CFS_QUOTA)} {_noted(host, CFS_PERIOD)}"), CFS_QUOTA


def _noted(host: Host, path: str) -> str:
    try:
        return text(host, path)
    except FactError:
        return ""
