"""The controllers of control groups: which ones are on.

cgroups(7); the kernel's kernel/cgroup/cgroup.c and cgroup-v1.c (``/proc/cgroups``). Version 2 has no controller for
devices nor for freezing: devices are a BPF program's (``CONFIG_CGROUP_BPF``), and each cgroup but the root has
``cgroup.freeze`` since Linux 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, NotCaptured, Offline, Unsupported
from nodecheck.facts.kernel.cgroup_defaults import V2
from nodecheck.facts.kernel.cgroups import MOUNT, NowCgroups
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple

PROC_CGROUPS = "/proc/cgroups"
PROC_SELF = "/proc/self/cgroup"
LIST = f"{MOUNT}/cgroup.controllers"
FREEZE = "cgroup.freeze"

MEMORY, DEVICES, FREEZER, CPUACCT, HUGETLB = "memory", "devices", "freezer", "cpuacct", "hugetlb"

NAMES = ("cpu", CPUACCT, "cpuset", DEVICES, FREEZER, HUGETLB, "io", MEMORY, "pids")
"""The controllers that are asked about, by the names of version 2 where they have one."""

_OLD_NAMES = {"io": "blkio"}

_MOST_CHILDREN = 64
NOT_TOLD = (Absent, NotCaptured, Offline, Unsupported)
"""Errors of a host that has no such thing to show; what is there and cannot be read is another matter."""


class NowControllers(NamedTuple):
    """The controllers of the hierarchy that is mounted, as the runtimes find it."""

    unified: bool
    source: str
    """What lists them."""
    listed: Mapping[str, str] | None = None
    """By name ``on``, or why not; None where nothing tells."""
    text: str | None = None
    """The list as it stands, where that does not change from run to run."""

    @classmethod
    def reads(cls) -> Sources:
        """The list of either version; on v1 without one, the controllers' own hierarchies."""
        return (File(LIST), File(PROC_CGROUPS), Exists(f"{MOUNT}/*"), Exists(f"{MOUNT}/*/tasks"))

    @classmethod
    def read(cls, host: Host, mounted: NowCgroups) -> NowControllers:
        """``cgroup.controllers`` on v2, ``/proc/cgroups`` on v1, which says nothing of v2."""
        if mounted.found.version == V2:
            try:
                told = text(host, LIST, 4096)
            except NOT_TOLD:
                told = ""
            # An empty list is no kernel's, but what a copy of /sys makes of one.
            return cls(True, LIST, dict.fromkeys(told.split(), ON) or None, told.strip("\n") or None)
        try:
            listed = parse_proc_cgroups(text(host, PROC_CGROUPS, 1 << 16))
        except NOT_TOLD:
            listed = {}
        return cls(False, PROC_CGROUPS, listed) if listed else cls(False, MOUNT, _own_hierarchies(host))

    def state(self, name: str) -> str | None:
        """``on``, or in a few words why not; None where nothing tells."""
        if self.listed is None:
            return None
        missing = None if self.source == MOUNT else "not listed"
        return self.listed.get(name if self.unified else old_name(name), missing)

    def evidence(self, name: str) -> Evidence:
        """What shows it."""
        if self.text is not None:
            return seen(self.source, self.text)
        if self.source == MOUNT and self.state(name) is not None:
            return seen(f"{MOUNT}/{old_name(name)}/tasks", "is there")
        return seen(self.source, f"{old_name(name)}: {self.state(name) or 'not told'}")


ON, UNMOUNTED = "on", "mounted nowhere on v1"


def parse_proc_cgroups(told: str) -> dict[str, str]:
    r"""The controllers of ``/proc/cgroups``: name, hierarchy, cgroups in it, whether it is enabled.

    >>> parse_proc_cgroups("#subsys_name\thierarchy\t...\ncpu\t2\t9\t1\npids\t0\t9\t1\nmemory\t0\t1\t0\n")
    {'cpu': 'on', 'pids': 'mounted nowhere on v1', 'memory': 'not enabled'}
    """
    lines = [line.split() for line in told.split("\n")]
    return {line[0]: _state(line[1], line[3]) for line in lines if len(line) == 4 and line[0][:1] != "#"}


def _state(hierarchy: str, enabled: str) -> str:
    if enabled == "0":
        return "not enabled"
    return UNMOUNTED if hierarchy == "0" else ON


def _own_hierarchies(host: Host) -> dict[str, str] | None:
    """The controllers whose own hierarchy is there; of the others nothing is said."""
    return {old_name(name): ON for name in NAMES if _has_hierarchy(host, old_name(name))} or None


def _has_hierarchy(host: Host, name: str) -> bool:
    """systemd makes a link ``cpuacct`` to ``cpu`` even where the kernel has no cpuacct (src/shared/mount-setup.c)."""
    if not _there(host, f"{MOUNT}/{name}/tasks"):
        return False
    try:
        link = host.link(f"{MOUNT}/{name}")
    except NOT_TOLD:
        return True
    return link is None or name in link.rpartition("/")[2].split(",")


def _there(host: Host, path: str) -> bool:
    try:
        return exists(host, path)
    except NOT_TOLD:
        return False


def old_name(name: str) -> str:
    """The name of a controller in version 1.

    >>> old_name("io"), old_name("cpu")
    ('blkio', 'cpu')
    """
    return _OLD_NAMES.get(name, name)


class MemoryController(NamedTuple):
    """The memory controller of the hierarchy that is mounted."""

    on: bool | None = None
    """None where that is not told."""
    source: str = ""
    """What tells it."""

    @classmethod
    def reads(cls) -> Sources:
        """Made of another fact."""
        return ()

    @classmethod
    def read(cls, found: NowControllers) -> MemoryController:
        """By the list of controllers."""
        state = found.state(MEMORY)
        own = found.source == MOUNT and state is not None
        return cls(None if state is None else state == ON, f"{MOUNT}/{MEMORY}/tasks" if own else found.source)


class Freezing(NamedTuple):
    """Whether cgroups of version 2 can be frozen: any cgroup but the root shows it."""

    on: bool | None = None
    """None where no such cgroup was seen."""
    source: str = f"{MOUNT}/*/{FREEZE}"
    """The file that is there, or would be."""

    @classmethod
    def reads(cls) -> Sources:
        """Our own cgroup, and those next to the root."""
        own = (Exists(f"{MOUNT}/{FREEZE}"), Exists(f"{MOUNT}/*/{FREEZE}"), Exists(f"{MOUNT}/*/cgroup.procs"))
        return (File(PROC_SELF), Dir(MOUNT), *own)

    @classmethod
    def read(cls, host: Host) -> Freezing:
        """Look, and make none. In a namespace of cgroups the root that is seen is no root."""
        if _there(host, f"{MOUNT}/{FREEZE}"):
            return cls(True, f"{MOUNT}/{FREEZE}")
        for name in _children(host):
            if _there(host, f"{MOUNT}/{name}/{FREEZE}"):
                return cls(True, f"{MOUNT}/{name}/{FREEZE}")
            if _there(host, f"{MOUNT}/{name}/cgroup.procs"):
                return cls(False, f"{MOUNT}/{name}/{FREEZE}")
        return cls()


def _children(host: Host) -> Iterator[str]:
    """The cgroups below the root, our own first; files of the root's controllers have none of its suffixes."""
    try:
        own = cgroup_of(text(host, PROC_SELF, 1 << 16)).strip("/").partition("/")[0]
    except NOT_TOLD:
        own = ""
    if own not in ("", "..", "."):
        yield own
    try:
        names = [name for name in names_in(host, MOUNT) if name.partition(".")[0] not in _ROOTS_OWN]
    except NOT_TOLD:
        return
    yield from names[:_MOST_CHILDREN]


_ROOTS_OWN = ("cgroup", "cpu", "cpuset", "io", "memory", "misc", "hugetlb", "pids", "rdma", "dmem", "irq")


def cgroup_of(told: str) -> str:
    r"""The path in the v2 hierarchy that ``/proc/PID/cgroup`` tells; empty where it tells none.

    >>> cgroup_of("1:name=systemd:/\n0::/user.slice/session-1.scope\n")
    '/user.slice/session-1.scope'
    """
    return next((line[3:] for line in told.split("\n") if line.startswith("0::")), "")
