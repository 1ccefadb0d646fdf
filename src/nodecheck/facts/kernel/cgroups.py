"""Which cgroup version a node runs, and which one its next boot mounts."""

from __future__ import annotations

from collections.abc import Container

from nodecheck.errors import Absent
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import whole_number

MOUNT = "/sys/fs/cgroup"
V2 = "v2"
HYBRID = "hybrid"
V1 = "v1"

SYSTEMD = "systemd"
CGROUPFS = "cgroupfs"
"""The cgroup drivers of runtimes and of the kubelet."""

_CONTROLLERS = ("cpu", "memory", "cpuset", "pids", "systemd", "cpu,cpuacct")


class CgroupVersion(NamedTuple):
    """A cgroup hierarchy at ``/sys/fs/cgroup``, as runtimes find it there."""

    version: str | None = None
    """``v2`` (unified), ``hybrid`` (v1 with a v2 tree beside it), ``v1``; None where nothing tells."""
    source: str | None = None
    """What tells it; None where nothing does."""
    value: str | None = None
    """What stands there."""

    @property
    def unified(self) -> bool | None:
        """Whether runtimes see cgroup v2; a hybrid hierarchy is v1 to them. None: not known."""
        return None if self.version is None else self.version == V2


class NowCgroups(NamedTuple):
    """The hierarchy that is mounted."""

    found: CgroupVersion

    @classmethod
    def reads(cls) -> Sources:
        """The root of the hierarchy."""
        return (Dir(MOUNT),)

    @classmethod
    def read(cls, host: Host) -> NowCgroups:
        """Look into ``/sys/fs/cgroup``. Raises Offline where the host is not running and does not hold it."""
        try:
            return cls(mounted(host.names(MOUNT)))
        except Absent:
            return cls(CgroupVersion())


class BootCgroups(NamedTuple):
    """The hierarchy that systemd mounts at the next boot."""

    found: CgroupVersion

    @classmethod
    def reads(cls) -> Sources:
        """Made of other facts."""
        return ()

    @classmethod
    def read(cls, cmdline: BootCmdline, release: OsRelease) -> BootCgroups:
        """By the next boot's command line, else by the distribution."""
        return cls(planned(cmdline, release))


def mounted(names: Container[str]) -> CgroupVersion:
    """The hierarchy whose root holds these names (cgroups(7): only that of a cgroup2 file system has the first).

    >>> mounted(["cgroup.controllers"]).version, mounted(["cpu", "unified"]).version, mounted([]).version
    ('v2', 'hybrid', None)
    """
    if "cgroup.controllers" in names:
        return CgroupVersion(V2, f"{MOUNT}/cgroup.controllers", "a cgroup2 file system")
    if "unified" in names:
        return CgroupVersion(HYBRID, f"{MOUNT}/unified", "v1 controllers beside a cgroup2 tree")
    if any(name in names for name in _CONTROLLERS):
        return CgroupVersion(V1, MOUNT, "v1 controllers")
    return CgroupVersion()


def planned(cmdline: BootCmdline, release: OsRelease) -> CgroupVersion:
    """What systemd mounts: ``systemd.unified_cgroup_hierarchy=`` (systemd(1)), else its build's default."""
    word = cmdline.last("systemd.unified_cgroup_hierarchy")
    if word is not None and cmdline.source is not None:
        version = V2 if word.lower() in ("1", "yes", "y", "true", "t", "on") else HYBRID
        return CgroupVersion(version, cmdline.source, f"systemd.unified_cgroup_hierarchy={word}")
    if cmdline.last("cgroup_no_v1") == "all" and cmdline.source is not None:
        return CgroupVersion(V2, cmdline.source, "cgroup_no_v1=all")
    unified = unified_by_default(release.id, release.version)
    if unified is None:
        return CgroupVersion()
    return CgroupVersion(V2 if unified else V1, "/etc/os-release", f"{release.id} {release.version}")


_UNIFIED_SINCE = {
    "debian": (11, 0),
    "ubuntu": (21, 10),
    "fedora": (31, 0),
    "rhel": (9, 0),
    "centos": (9, 0),
    "rocky": (9, 0),
    "almalinux": (9, 0),
    "ol": (9, 0),
    "amzn": (2022, 0),
    "flatcar": (2969, 0),
    "photon": (5, 0),
    "mariner": (3, 0),
    "azurelinux": (3, 0),
}
"""The first release of a distribution whose systemd mounts the unified hierarchy by itself (release notes)."""


def unified_by_default(name: str | None, version: str | None) -> bool | None:
    """Whether a distribution's systemd mounts cgroup v2 unless told otherwise; None where that is not known.

    >>> unified_by_default("centos", "7.9.2009"), unified_by_default("ubuntu", "22.04"), unified_by_default("x", "1")
    (False, True, None)
    """
    since = _UNIFIED_SINCE.get(name or "")
    major, _, rest = (version or "").partition(".")
    numbers = whole_number(major, 5), whole_number(rest.partition(".")[0] or "0", 5)
    if since is None or None in numbers:
        return None
    return numbers >= since
