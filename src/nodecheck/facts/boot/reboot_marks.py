"""What package managers and image updaters leave in ``/run`` where a reboot is to follow.

Sources: Debian Policy 9.12 (``/run/reboot-required``), update-notifier and unattended-upgrades; libzypp,
zypp-boot-plugin and transactional-update (``/run/reboot-needed``); Amazon Linux' smart-restart; ostree's staged
deployments (``ostree-sysroot-deploy.c``).
"""

from __future__ import annotations

from nodecheck.errors import FactError, Offline
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple

REQUIRED, NEEDED, HINT = "/run/reboot-required", "/run/reboot-needed", "/run/smart-restart/reboot-hint-marker"
STAGED, LOCKED = "/run/ostree/staged-deployment", "/run/ostree/staged-deployment-locked"
PACKAGES = f"{REQUIRED}.pkgs"
OLD_PLACE = "/var/run"
"""A link to ``/run``, but on systems where it was forgotten."""

MARKS = (REQUIRED, NEEDED, HINT, STAGED)
ON_DISK = tuple([f"/var{path}" for path in (REQUIRED, NEEDED)])
"""Where a program writes by the old name, and no boot takes it away."""

MOST_NAMES = 32
_LIMIT = 1 << 16


class RebootMark(NamedTuple):
    """A mark that is there."""

    path: str
    names: tuple[str, ...] = ()
    """The packages that asked for it; of SUSE's mark which kind of reboot will do."""


class RebootMarks(NamedTuple):
    """The marks that ask for a reboot."""

    found: tuple[RebootMark, ...] = ()
    locked: bool = False
    """Who locked the staged deployment has to let it go first (``rpm-ostree finalize-deployment``)."""
    error: FactError | None = None
    """Why the others cannot be looked at."""

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, (REQUIRED, HINT, STAGED, LOCKED, *ON_DISK)), File(NEEDED), File(PACKAGES))

    @classmethod
    def read(cls, host: Host) -> RebootMarks:
        """Look for each. What cannot be looked at hides no mark that is found.

        Raises Offline for a root: ``/run`` is made anew by each boot.
        """
        if not host.running:
            raise Offline("/run", "only a running system has it")
        found, error = list[RebootMark](), None
        for path in (*MARKS, *ON_DISK):
            try:
                if exists(host, path) and not (path in ON_DISK and _is_run(host)):
                    found.append(RebootMark(path, _names(host, path)))
            except FactError as problem:
                error = error or problem
        return cls(tuple(found), STAGED in [mark.path for mark in found] and exists(host, LOCKED), error)


class LastingMarks(NamedTuple):
    """The marks that lie on disk, where the next boot leaves them."""

    link: str | None = None
    """Where ``/var/run`` leads; None where it is a directory of its own, or not there."""
    own: bool = False
    """It is a directory of its own."""
    found: tuple[str, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(Exists, (OLD_PLACE, *ON_DISK)))

    @classmethod
    def read(cls, host: Host) -> LastingMarks:
        """Look for them. Raises what the host raises except Absent."""
        link = host.link(OLD_PLACE)
        if link is not None or not exists(host, OLD_PLACE):
            return cls(link)
        return cls(None, True, tuple([path for path in ON_DISK if exists(host, path)]))


def _is_run(host: Host) -> bool:
    """Whether ``/var/run`` is a link: then its marks are those of ``/run``."""
    return host.link(OLD_PLACE) is not None


def _names(host: Host, path: str) -> tuple[str, ...]:
    """What a mark says beside being there; what cannot be read says nothing."""
    source = {REQUIRED: PACKAGES, NEEDED: NEEDED}.get(path)
    if source is None:
        return ()
    try:
        lines = [line.strip(" \t\r") for line in text(host, source, _LIMIT).split("\n")]
    except FactError:
        return ()
    return tuple(sorted({line for line in lines if line}))[:MOST_NAMES]
