"""What else runs scripts at boot: ``rc.local``, System V scripts, cron, and hooks of the network's programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.effects import effects_of
from nodecheck.facts.acts.follow import BootCommand, Follower
from nodecheck.facts.acts.model import BOOT, LATE, NETWORK, STAYS, Act, by_start
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import RC_LOCAL, BootStarts
from nodecheck.facts.services.sysv import SysvScripts
from nodecheck.facts.services.unit_start import UnitStart
from nodecheck.formats.shell_calls import Words
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none, text
from nodecheck.model.evidence import seen
from nodecheck.record import NamedTuple


def acts_of(actor: str, commands: Iterable[BootCommand], place: int, follower: Follower) -> Iterator[Act]:
    """The acts of commands: those that do anything of what is asked about."""
    for command in commands:
        effects = effects_of(command.step, follower.text)
        if effects:
            act = Act(actor, command.source, command.line, command.text, effects, place)
            yield undecided(act, command.reason) if command.reason else act


def started_by(acts: Iterable[Act], starts: BootStarts, *units: str) -> Iterator[Act]:
    """Acts with whether the first of some units that is started starts; asked only where there are any."""
    start: UnitStart | None = None
    for act in acts:
        start = start or _start(starts, units)
        yield by_start(act, start)


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


CRON_UNITS = ("cron.service", "crond.service", "cronie.service", "dcron.service")
CRON_PATH = "/usr/bin:/bin"
"""Where cron looks for programs if its table does not say (crontab(5)): not where sysctl and swapon lie as a rule."""
_BUILTIN = ("echo", "printf", ":", "true")
DEBIAN = "/etc/debian_version"
_DEBIAN_NAME = re.compile(r"[a-zA-Z0-9_-]+")
"""What Debian's cron takes of ``/etc/cron.d`` (cron(8))."""
CRON_TABLES = ("/etc/crontab",)
CRON_DIRS = ("/etc/cron.d",)
CRON_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron")
"""Tables of users, by their names: of Debian, of SUSE, of EL."""


def cron(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """Lines with ``@reboot`` in tables of root's (crontab(5), cron(8)), where cron starts."""
    for path, with_user in _tables(host):
        try:
            source = text(host, path)
        except Absent:
            continue
        if "@reboot" in source:
            acts = _of_table(follower, path, source, with_user)
            why = _refused(host, path, source, with_user)
            if why:
                acts = (act._replace(state=STAYS, doubt=None, stops=(seen(path, why),), why=why) for act in acts)
            yield from started_by(acts, starts, *CRON_UNITS)


def _refused(host: Host, path: str, source: str, with_user: bool) -> str:
    """Why cron leaves a table out; the empty text where it takes it.

    Debian's cron wants 0600 of a user's table, none but the owner's right to write of all others, and a final newline;
    cronie takes none that others than the owner may write, or anybody execute (both: database.c, ``process_crontab``).
    """
    found = stat_or_none(host, path)
    if found is None:
        return ""
    if not exists(host, DEBIAN):
        bad = found.mode & 0o7533 != 0o400
    elif not source.endswith("\n"):
        return "the last line has no end, and cron leaves such a table out"
    else:
        bad = bool(found.mode & 0o022) if with_user else found.mode != 0o600
    return f"its mode is {found.mode:04o}, and cron leaves such a table out" if bad else ""


def _tables(host: Host) -> Iterator[tuple[str, bool]]:
    """The tables, and whether their lines name a user."""
    yield from ((path, True) for path in CRON_TABLES)
    for folder in CRON_DIRS:
        named = _DEBIAN_NAME.fullmatch if exists(host, DEBIAN) else _is_table
        yield from ((f"{folder}/{name}", True) for name in names_in(host, folder) if named(name))
    for folder in CRON_SPOOLS:
        if "root" in names_in(host, folder):
            yield f"{folder}/root", False


def _is_table(name: str) -> bool:
    """Whether cronie takes a file of ``/etc/cron.d``: none that begins with a dot, or is a package's rest.

    >>> _is_table("k8s"), _is_table("k8s.sh"), _is_table("k8s.rpmsave"), _is_table(".placeholder"), _is_table("a~")
    (True, True, False, False, False)
    """
    return not name.startswith(".") and not name.endswith("~") and not any(end in name for end in (".dpkg-", ".rpm"))


def _of_table(follower: Follower, path: str, source: str, with_user: bool) -> Iterator[Act]:
    variables: dict[str, str | None] = {"PATH": CRON_PATH}
    for number, line in enumerate(source.split("\n"), 1):
        stripped = line.strip(" \t\r")
        name, equals, value = stripped.partition("=")
        if equals and name.strip(" \t").isidentifier():
            variables[name.strip(" \t")] = value.strip(" \t\"'")
        if not stripped.startswith("@reboot"):
            continue
        rest = stripped.removeprefix("@reboot").lstrip(" \t")
        user, _, command = rest.replace("\t", " ").partition(" ") if with_user else ("root", "", rest)
        if user in ("root", "0"):
            commands = tuple(follower.shell(_until_percent(command), path, number, stripped, variables))
            yield from acts_of("cron", [one for one in commands if _is_found(follower, one)], LATE, follower)


def _is_found(follower: Follower, command: BootCommand) -> bool:
    """Whether a command without a path is found where its ``PATH`` says; where no programs are here, each is."""
    name, variables = command.step.words[:1], command.step.variables
    path = variables.get("PATH") if variables is not None else None
    if not name or name[0] is None or "/" in name[0] or name[0] in _BUILTIN or path is None:
        return True
    folders = path.split(":")
    return not follower.files.has_programs or any(exists(follower.host, f"{folder}/{name[0]}") for folder in folders)


def _until_percent(command: str) -> str:
    r"""The command of a line: what follows a ``%`` is given to it, and ``\%`` is one.

    >>> _until_percent(r"date +\%s; x%y")
    'date +%s; x'
    """
    return command.replace("\\%", "\0").partition("%")[0].replace("\0", "%")


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
            yield from started_by(acts_of(hook.actor, commands, hook.place, follower), starts, *hook.units)


def local_d(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """OpenRC's ``/etc/local.d/*.start``, which its service ``local`` runs."""
    for path in executables(host, "/etc/local.d"):
        if path.endswith(".start"):
            yield from started_by(acts_of("local", follower.script(path), LATE, follower), starts, "local.service")
