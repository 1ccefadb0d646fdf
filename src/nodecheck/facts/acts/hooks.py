"""What else runs scripts at boot: ``rc.local``, System V scripts, and hooks of the network's programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.facts.acts.effects import effects_of
from nodecheck.facts.acts.follow import BootCommand, Follower
from nodecheck.facts.acts.model import BOOT, LATE, NETWORK, Act, by_start
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import RC_LOCAL, BootStarts
from nodecheck.facts.services.unit_start import UnitStart
from nodecheck.formats.shell_calls import Words
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.sysv import SysvScripts


def acts_of(actor: str, commands: Iterable[BootCommand], place: int, follower: Follower) -> Iterator[Act]:
    """The acts of commands: those that do anything of what is asked about."""
    for command in commands:
        effects = effects_of(command.step, follower.text, follower.may_be_area)
        if effects:
            act = Act(actor, command.source, command.line, command.text, effects, place)
            yield undecided(act, command.reason) if command.reason else act


def started_by(acts: Iterable[Act], starts: BootStarts, *units: str, awaited: bool = True) -> Iterator[Act]:
    """Acts with whether the first of some units that is started starts; asked only where there are any.

    ``awaited``: the units are up when the acts are done.
    """
    start: UnitStart | None = None
    for act in acts:
        start = start or _start(starts, units)
        yield by_start(act._replace(awaited=awaited), start)


def _start(starts: BootStarts, units: tuple[str, ...]) -> UnitStart:
    found = [starts.of(unit) for unit in units]
    return next((start for start in found if start.acts), found[0])


def rc_local(follower: Follower, starts: BootStarts, local: RcLocal) -> Iterator[Act]:
    """The file that this distribution runs at the end of the boot, where it is executable."""
    if local.executable:
        commands = follower.script(local.path, ("start",))
        yield from started_by(acts_of("rc.local", commands, LATE, follower), starts, RC_LOCAL)


def sysv_scripts(follower: Follower, starts: BootStarts, scripts: SysvScripts) -> Iterator[Act]:
    """Scripts of runlevels for which there is no unit."""
    for script in scripts.scripts:
        unit = f"{script.name}.service"
        if script.links and not starts.index.exists(unit):
            commands = follower.script(script.path, ("start",))
            yield from started_by(acts_of(unit, commands, BOOT, follower), starts, unit)


def executables(host: Host, folder: str) -> Iterator[str]:
    """The executable files of a directory, by name."""
    for name in names_in(host, folder):
        path = f"{folder}/{name}"
        found = stat_or_none(host, path) if not name.startswith(".") else None
        if found is not None and found.kind == "file" and found.executable:
            yield path


class _Hook(NamedTuple):
    """A directory whose scripts a program runs."""

    actor: str
    folder: str
    units: tuple[str, ...]
    arguments: Words
    place: int


_NM = ("NetworkManager.service",)
_NETWORKD = ("networkd-dispatcher.service",)

HOOKS = (
    _Hook("NetworkManager", "/etc/NetworkManager/dispatcher.d/pre-up.d", _NM, (None, "pre-up"), NETWORK),
    _Hook("NetworkManager", "/etc/NetworkManager/dispatcher.d", _NM, (None, "up"), NETWORK),
    _Hook("NetworkManager", "/usr/lib/NetworkManager/dispatcher.d", _NM, (None, "up"), NETWORK),
    _Hook("networkd-dispatcher", "/etc/networkd-dispatcher/routable.d", _NETWORKD, (), NETWORK),
    _Hook("networkd-dispatcher", "/etc/networkd-dispatcher/configured.d", _NETWORKD, (), NETWORK),
)
"""NetworkManager-dispatcher(8), networkd-dispatcher(8): a directory, and with what its scripts are called."""


def hooks(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """What scripts of the network's programs do when an interface comes up."""
    for hook in HOOKS:
        for path in executables(host, hook.folder):
            commands = follower.script(path, hook.arguments)
            yield from started_by(
                acts_of(hook.actor, commands, hook.place, follower), starts, *hook.units, awaited=False
            )


def local_d(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """OpenRC's ``/etc/local.d/*.start``, which its service ``local`` runs."""
    for path in executables(host, "/etc/local.d"):
        if path.endswith(".start"):
            yield from started_by(acts_of("local", follower.script(path), LATE, follower), starts, "local.service")
