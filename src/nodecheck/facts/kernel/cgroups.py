"""Which cgroup version a node runs, and which one its next boot mounts.

What systemd makes of a command line is that of ``src/shared/cgroup-setup.c`` (``cg_is_unified_wanted``,
``cg_is_hybrid_wanted``) and ``src/shared/mount-setup.c``: the option counts since 226 (systemd/systemd#1116), hybrid
came with 233 (#4670), ``cgroup_no_v1=all`` with 241 (#11206); 256 does not boot with v1 (#31442), 257 waits for 30
seconds and mounts v2 (#34999), both mount v1 with ``SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1``; 258 has v2 alone (#36675).
"""

from __future__ import annotations

from collections.abc import Collection

from nodecheck.errors import Absent, Unsupported
from nodecheck.facts.boot.container import Container
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kernel.cgroup_defaults import HYBRID, V1, V2, BuiltHierarchy, default_of_distribution
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

MOUNT = "/sys/fs/cgroup"

SYSTEMD = "systemd"
CGROUPFS = "cgroupfs"
"""The cgroup drivers of runtimes and of the kubelet."""

_CONTROLLERS = ("cpu", "memory", "cpuset", "pids", "systemd", "cpu,cpuacct")

CGROUP2_MAGIC = 0x63677270
TMPFS_MAGIC = 0x01021994
"""``linux/magic.h``; libcontainer asks for the first (``IsCgroup2UnifiedMode``), and so the kubelet does."""

OPTION = "systemd.unified_cgroup_hierarchy"
LEGACY_OPTION = "systemd.legacy_systemd_cgroup_controller"
NO_V1 = "cgroup_no_v1=all"
FORCE = "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE"
_TRUE = ("1", "yes", "y", "true", "t", "on")
_FALSE = ("0", "no", "n", "false", "f", "off")
"""As systemd's ``parse_boolean`` takes them, in any case."""

_OPTION_SINCE, _HYBRID_SINCE, _NO_V1_SINCE = 226, 233, 241
_REFUSED_SINCE, _IGNORED_SINCE, _GONE_SINCE = 256, 257, 258


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
            found = mounted(host.names(MOUNT))
        except Absent:
            return cls(CgroupVersion())
        if host.this_machine:
            found = _by_magic(host, found)
        return cls(found)


def _by_magic(host: Host, found: CgroupVersion) -> CgroupVersion:
    """The same by the magic numbers of what is mounted, as the kubelet judges; the names count where there are none."""
    try:
        magic = host.statfs(MOUNT)
        beside = host.statfs(f"{MOUNT}/unified") if found.version == HYBRID else None
    except (Unsupported, Absent):
        return found
    if magic == CGROUP2_MAGIC:
        return CgroupVersion(V2, MOUNT, "a cgroup2 file system")
    if found.version == HYBRID and beside != CGROUP2_MAGIC:
        return CgroupVersion(V1, MOUNT, "v1 controllers")
    return CgroupVersion() if found.version == V2 else found


class BootCgroups(NamedTuple):
    """The hierarchy that systemd mounts at the next boot."""

    found: CgroupVersion
    halts: str | None = None
    """Why systemd stops instead; None where it does not."""
    note: str | None = None
    """What systemd does beside, in a few words."""
    open: str | None = None
    """What decides it and is not known, where ``found`` has no version."""

    @property
    def unified(self) -> bool | None:
        """Whether it is v2 alone; None: not known."""
        return self.found.unified

    @classmethod
    def reads(cls) -> Sources:
        """Made of other facts."""
        return ()

    @classmethod
    def read(
        cls,
        cmdline: BootCmdline,
        release: OsRelease,
        init: InitSystem,
        built: Lazy[BuiltHierarchy],
        container: Container,
        units: BootUnits,
        now: Lazy[NowCgroups],
    ) -> BootCgroups:
        """By the next boot's command line as this systemd takes it, else by the default of its build.

        A container finds mounted what its host has, at each start the same.
        """
        if container.kind is not None:
            return cls(now().found, open="what the host of this container mounts")
        if units.untold is not None:
            return cls(CgroupVersion(), open=f"what {units.untold.detail.partition(' ')[0]} starts")
        if units.shell is not None:
            return cls(CgroupVersion(), open=f"what {units.shell} mounts")
        if not init.is_systemd:
            return cls(CgroupVersion(), open=f"{init.name} mounts it, by its own configuration")
        return planned(cmdline, release, init.version, built)


def mounted(names: Collection[str]) -> CgroupVersion:
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


def planned(cmdline: BootCmdline, release: OsRelease, systemd: int | None, built: Lazy[BuiltHierarchy]) -> BootCgroups:
    """What a systemd mounts, by what the command line asks of it; ``systemd`` is its version, None: not known."""
    asked = _asked(cmdline)
    if asked is None:
        return _by_default(release, systemd, built)
    wants_v2, word = asked
    told = CgroupVersion(V2, cmdline.source, word)
    if systemd is not None and systemd < _OPTION_SINCE:
        return BootCgroups(told._replace(version=V1), note=f"systemd {systemd} knows no cgroup v2")
    since = _NO_V1_SINCE if word == NO_V1 else _OPTION_SINCE
    if systemd is None or systemd < since:
        return BootCgroups(told._replace(version=None), open=f"whether this systemd takes {word}")
    if wants_v2:
        return BootCgroups(told)
    if systemd >= _GONE_SINCE:
        return BootCgroups(told, note=f"systemd {systemd} has no cgroup v1, whatever is asked")
    if systemd >= _REFUSED_SINCE and not _given(cmdline, FORCE):
        if systemd >= _IGNORED_SINCE:
            note = f"systemd {systemd} waits for 30 seconds at each boot and does not mount the v1 that is asked for"
            return BootCgroups(told, note=note)
        halts = f"systemd {systemd} does not boot with cgroup v1 unless {FORCE}=1 is given too"
        return BootCgroups(told._replace(version=V1), halts)
    return BootCgroups(told._replace(version=_old_version(cmdline, release, systemd, built)))


def _asked(cmdline: BootCmdline) -> tuple[bool, str] | None:
    """Whether the command line asks for v2, and the word that does; None where it says nothing of it."""
    state = _boolean(cmdline, OPTION)
    if state is not None:
        word = cmdline.last(OPTION)
        return state, OPTION if word is None else f"{OPTION}={word}"
    return (True, NO_V1) if cmdline.last("cgroup_no_v1") == "all" else None


def _boolean(cmdline: BootCmdline, key: str) -> bool | None:
    """A switch as systemd reads it (``proc_cmdline_get_bool``): the last value counts, without one it is on."""
    value = cmdline.last(key)
    if value is None:
        return True if cmdline.has(key) else None
    lower = value.lower()
    return True if lower in _TRUE else False if lower in _FALSE else None


def _given(cmdline: BootCmdline, key: str) -> bool:
    return _boolean(cmdline, key) is True


def _old_version(cmdline: BootCmdline, release: OsRelease, systemd: int, built: Lazy[BuiltHierarchy]) -> str:
    """v1 or hybrid, where v2 is not wanted: hybrid unless it is refused, or the build's default is v1."""
    if systemd < _HYBRID_SINCE or _given(cmdline, LEGACY_OPTION):
        return V1
    if _boolean(cmdline, LEGACY_OPTION) is False:
        return HYBRID
    return V1 if _default(release, systemd, built)[0] == V1 else HYBRID


def _by_default(release: OsRelease, systemd: int | None, built: Lazy[BuiltHierarchy]) -> BootCgroups:
    version, source, value = _default(release, systemd, built)
    if version is None:
        return BootCgroups(CgroupVersion(), open="the default of this systemd's build")
    return BootCgroups(CgroupVersion(version, source, value))


def _default(release: OsRelease, systemd: int | None, built: Lazy[BuiltHierarchy]) -> tuple[str | None, str, str]:
    """The hierarchy of a systemd that is told nothing, and what shows it."""
    found = default_of_distribution(release.id, release.version)
    if found is not None:
        return found, release.source, f"{release.id} {release.version}"
    if systemd is not None and not _OPTION_SINCE <= systemd < _REFUSED_SINCE:
        return V1 if systemd < _OPTION_SINCE else V2, "systemd", f"systemd {systemd}"
    told = built()
    return told.default, "systemctl --version", told.text
