"""Which ``rc.local`` the boot runs: each distribution's systemd was built to run another file.

systemd-rc-local-generator(8); ``-Drc-local=`` in the systemd.spec of Fedora and EL, of Photon, and of SUSE.
"""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import RC_LOCAL
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Sources, UnitText
from nodecheck.record import NamedTuple

DEBIAN, REDHAT, SUSE = "/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/boot.local"
PLACES = (REDHAT, DEBIAN, SUSE)

_FAMILIES = {
    "rhel": REDHAT, "fedora": REDHAT, "photon": REDHAT, "amzn": REDHAT, "openEuler": REDHAT, "anolis": REDHAT,
    "sles": SUSE, "sled": SUSE, "sles_sap": SUSE, "opensuse-leap": SUSE, "opensuse": SUSE, "suse": SUSE,
}  # fmt: skip
"""Families of distributions to the file; all others run ``/etc/rc.local``."""


class RcLocal(NamedTuple):
    """The file that the boot runs at its end."""

    path: str
    executable: bool
    """Only then it is run."""
    others: tuple[str, ...] = ()
    """Files of that kind that are there and that this distribution does not run."""

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, PLACES), UnitText(RC_LOCAL))

    @classmethod
    def read(cls, host: Host, init: InitSystem, index: UnitIndex, release: Lazy[OsRelease]) -> RcLocal:
        """Ask the unit's own text where there is one, else the distribution."""
        found = {path: stat for path in PLACES if (stat := stat_or_none(host, path)) is not None}
        path = _path(host, init, index.persistent(), release, tuple(found))
        executable = path in found and found[path].executable
        same = {path, *((DEBIAN,) if path == REDHAT and host.link(DEBIAN) is not None else ())}
        return cls(path, executable, tuple([other for other in found if other not in same]))


def _path(host: Host, init: InitSystem, index: UnitIndex, release: Lazy[OsRelease], found: tuple[str, ...]) -> str:
    if not found:
        return DEBIAN
    told = _of_unit(host, index) if init.is_systemd else None
    if told is not None:
        return told
    try:
        family = release().family
    except FactError:
        family = None
    return next(iter(found)) if family is None else _FAMILIES.get(family, DEBIAN)


def _of_unit(host: Host, index: UnitIndex) -> str | None:
    """What the unit's condition, or its command, says."""
    try:
        unit = load_unit(host, index.beneath_mask(RC_LOCAL), RC_LOCAL)
    except FactError:
        return None
    if unit is None:
        return None
    told = unit.last("Unit", "ConditionFileIsExecutable") or unit.last("Service", "ExecStart") or ""
    return told.partition(" ")[0] if told.startswith("/") else None
