"""Which init system boots a node, and which systemd it is."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.errors import Absent
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.services.unit_files import Unit, load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple

__all__ = ["InitSystem", "Unit", "UnitIndex", "load_unit"]

SYSTEMD = "systemd"
PROGRAMS = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")

_LIBRARY_DIRS = (
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
    "/usr/lib/arm-linux-gnueabihf/systemd",
    "/usr/lib/i386-linux-gnu/systemd",
    "/usr/lib/powerpc64le-linux-gnu/systemd",
    "/usr/lib/riscv64-linux-gnu/systemd",
    "/usr/lib/s390x-linux-gnu/systemd",
    "/usr/lib/loongarch64-linux-gnu/systemd",
    "/usr/lib64/systemd",
)
"""Where ``libsystemd-shared-NNN.so`` lies since systemd 231, by distribution."""

_OTHERS = (
    ("openrc", ("/sbin/openrc", "/usr/sbin/openrc", "/usr/bin/openrc", "/sbin/openrc-init", "/etc/runlevels")),
    ("runit", ("/sbin/runit-init", "/usr/bin/runit-init", "/etc/runit/2")),
    ("s6", ("/etc/s6-linux-init", "/etc/s6-rc")),
    ("dinit", ("/sbin/dinit", "/usr/bin/dinit")),
    ("upstart", ("/sbin/upstart", "/etc/init/rc-sysinit.conf", "/etc/init/rcS.conf")),
    ("sysvinit", ("/etc/rc.d/rc.sysinit", "/sbin/startpar")),
)
"""What the init systems besides systemd leave in a root."""

_LINKED = ("busybox", "openrc-init", "runit-init", "runit", "dinit", "upstart", "s6-linux-init", "finit", "sysvinit")


class InitSystem(NamedTuple):
    """What runs as process 1 after the next boot."""

    name: str = SYSTEMD
    """``systemd``, also where the root shows no init at all; else what it shows (``openrc``, ``sysvinit``, …)."""
    version: int | None = None
    """systemd's version: of its library in the root, else of the distribution; None: taken as the newest."""
    present: bool = False
    """A systemd program is in the root, so that generators and units that are not there do not exist."""

    @property
    def is_systemd(self) -> bool:
        """Whether systemd boots the node."""
        return self.name == SYSTEMD

    def at_least(self, version: int) -> bool:
        """Whether this is systemd of at least that version.

        >>> InitSystem(version=219).at_least(231), InitSystem().at_least(257), InitSystem("openrc").at_least(1)
        (False, True, False)
        """
        return self.is_systemd and (self.version is None or self.version >= version)

    @classmethod
    def reads(cls) -> Sources:
        return (
            *map(Exists, PROGRAMS),
            *[Dir(folder) for folder in _LIBRARY_DIRS if "-linux-gnu" not in folder],
            Dir("/usr/lib/*-linux-gnu*/systemd"),
            Exists("/sbin/init"),
            Exists("/usr/sbin/init"),
            File("/etc/inittab"),
            *[Exists(path) for _, paths in _OTHERS for path in paths],
        )

    @classmethod
    def read(cls, host: Host, release: Lazy[OsRelease]) -> InitSystem:
        """Look for systemd, for another init, and for what the distribution has."""
        present = any(exists(host, path) for path in PROGRAMS)
        other = _linked_init(host) if present else _other_init(host, release)
        if other is not None:
            return cls(other, None, present)
        version = _library_version(host) if present else None
        if version is None:
            from nodecheck.facts.services.systemd_versions import systemd_of_distribution

            os_release = release()
            version = systemd_of_distribution(os_release.id, os_release.version)
        return cls(SYSTEMD, version, present)


def _linked_init(host: Host) -> str | None:
    """The init that ``/sbin/init`` is a link to, where it is not systemd's.

    A file that is no link (Debian's sysvinit-core, beside an installed systemd) counts as sysvinit's.
    """
    target = _init_link(host)
    if target is not None:
        name = target.rpartition("/")[2]
        return next((other for other in _LINKED if name.startswith(other)), None)
    sysv = exists(host, "/sbin/init") and _has_inittab(host)
    return "sysvinit" if sysv else None


def _other_init(host: Host, release: Lazy[OsRelease]) -> str | None:
    target = _init_link(host)
    name = target.rpartition("/")[2] if target is not None else ""
    if name == SYSTEMD:
        return None
    for other in _LINKED:
        if name.startswith(other):
            return "openrc" if other == "busybox" and exists(host, "/etc/runlevels") else other
    for other, paths in _OTHERS:
        if any(exists(host, path) for path in paths):
            return other
    from nodecheck.facts.services.systemd_versions import init_of_distribution

    os_release = release()
    return init_of_distribution(os_release.id, os_release.version) or ("sysvinit" if _has_inittab(host) else None)


def _init_link(host: Host) -> str | None:
    return host.link("/sbin/init") or host.link("/usr/sbin/init")


def _has_inittab(host: Host) -> bool:
    """Whether ``/etc/inittab`` has an entry; distributions with systemd leave one that is all comments."""
    try:
        lines = text(host, "/etc/inittab").split("\n")
    except Absent:
        return False
    return any(line.count(":") >= 3 and not line.lstrip().startswith("#") for line in lines)


def _library_version(host: Host) -> int | None:
    for folder in _LIBRARY_DIRS:
        try:
            found = library_version(host.names(folder))
        except Absent:
            continue
        if found is not None:
            return found
    return None


def library_version(names: Iterable[str]) -> int | None:
    """The version in the name of systemd's shared library.

    >>> library_version(["catalog", "libsystemd-shared-252.39-1.el9.so"]), library_version(["systemd"])
    (252, None)
    """
    for name in names:
        if name.startswith("libsystemd-shared-"):
            rest = name[len("libsystemd-shared-") :]
            digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
            if 0 < len(digits) < 6:
                return int(digits)
    return None
