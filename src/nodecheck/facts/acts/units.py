"""The commands of units: of services, and those that sockets run, wherever the units lie."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, TooLarge, Unsupported
from nodecheck.facts.acts.effects import TRIGGERS, effects_of
from nodecheck.facts.acts.follow import BootCommand, Follower
from nodecheck.facts.acts.model import (
    AFTER,
    BOOT,
    CLOCK,
    EARLY,
    MODULE,
    ON,
    RUNS,
    STARTS,
    STAYS,
    SWAP,
    SYSCTL,
    SYSINIT,
    UNIT,
    UNTOLD,
    Act,
    Effect,
    by_start,
)
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import ExecLine, exec_lines
from nodecheck.facts.services.unit_files import Unit, load_unit, parse_unit
from nodecheck.facts.services.unit_names import path_of_unit
from nodecheck.facts.services.unit_start import DATE, TIMER, UnitStart
from nodecheck.facts.services.units import UnitIndex
from nodecheck.formats.calendars import calendar_is_daily
from nodecheck.formats.shell_calls import SHELLS, shell_call, unwrapped
from nodecheck.formats.shell_script import ShellStep
from nodecheck.host import Host
from nodecheck.record import NamedTuple
from nodecheck.text import decode

MOST_UNITS = 2048
MOST_INSTANCES = 256
SYSTEM = "/etc/systemd/system"

SELDOM = "it runs by the clock, and not every day: whether it does before the next boot is not known"

_KEYS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost")
_TRIGGERS = tuple([word.encode() for word in TRIGGERS])
_FALSE = ("no", "false", "off", "0", "n", "f")
_TRUE = ("yes", "true", "on", "1", "y", "t")
_SYSTEMD = ("/usr/lib/systemd/", "/lib/systemd/")
"""Where systemd's own programs lie, which are no scripts."""
_OWN = ("/etc/", "/usr/local/", "/opt/")
_ANSWERS = ("test", "[", "grep", "pgrep", "mountpoint", "systemd-detect-virt", "ping")
"""Programs that fail where the answer is no."""


def unit_acts(host: Host, starts: BootStarts, follower: Follower) -> Iterator[Act]:
    """What the units of a node do whose text, or whose scripts, hold a word that matters."""
    dropins = _Dropins(starts.index)
    for name in _names(starts.index):
        found = _texts(host, starts.index, name, dropins)
        if found is not None and _is_worth(found, follower, starts, name):
            yield from _acts_of(host, starts, follower, found.unit(name))


def _acts_of(host: Host, starts: BootStarts, follower: Follower, unit: Unit) -> Iterator[Act]:
    """The acts of one unit. Whether it starts is asked only where it does anything."""
    acts = tuple([act for act in _of_commands(host, follower, unit) if _matters(act)])
    if acts:
        start = starts.of(unit.name)
        if start.pull is None and start.error is None:
            start = starts.by_clock(unit.name) or start
        for act in acts:  # that a program is not there is known of each command
            yield by_start(_timed(act, start), start._replace(fails=None))


def _timed(act: Act, start: UnitStart) -> Act:
    """An act of a unit that a timer starts, in its place; of a timer that waits for some days alone nobody can tell."""
    how = start.pull.how if start.pull is not None else ""
    if how == TIMER:
        return act._replace(place=AFTER)
    if how != DATE:
        return act
    act = act._replace(place=CLOCK)
    date = (start.pull.value or "").partition("=")[2] if start.pull is not None else ""
    return act if calendar_is_daily(date) or act.state != RUNS else undecided(act, SELDOM)


def _matters(act: Act) -> bool:
    """Whether an act is worth the question whether its unit starts: packages' units start and stop many others."""
    return act.source.startswith(_OWN) or any(effect.kind != UNIT for effect in act.effects)


def _names(index: UnitIndex) -> tuple[str, ...]:
    """Services and sockets, and the instances that a link starts; templates do nothing.

    Raises TooLarge where there are more than are read: any of the rest may act.
    """
    kinds = (".service", ".socket")
    found = {index.resolve(name) for name in index.files if name.endswith(kinds) and "@." not in name}
    links = {name for paths in index.dirs.values() for path in paths for name in index.links[path]}
    instances = sorted(name for name in links if name.endswith(kinds) and "@" in name and "@." not in name)
    if len(found) > MOST_UNITS or len(instances) > MOST_INSTANCES:
        raise TooLarge(
            SYSTEM, f"has more than {MOST_UNITS} services and sockets, or {MOST_INSTANCES} instances of them"
        )
    return (*sorted(found), *[name for name in instances if name not in found])


class _Text(NamedTuple):
    """The files of a unit, unparsed."""

    files: tuple[tuple[str, bytes], ...]

    @property
    def commands(self) -> bytes:
        """The lines with commands, each with those that continue it: most of a unit is about something else."""
        found: list[bytes] = []
        for _, raw in self.files:
            at = raw.find(b"Exec")
            while at >= 0:
                end = raw.find(b"\n", at)
                while end > 0 and raw[end - 1 : end] in (b"\\", b"\r"):
                    end = raw.find(b"\n", end + 1)
                found.append(raw[at:] if end < 0 else raw[at:end])
                at = -1 if end < 0 else raw.find(b"Exec", end)
        return b"\n".join(found)

    def unit(self, name: str) -> Unit:
        items = [item for path, raw in self.files for item in parse_unit(decode(raw), path)]
        if "@" in name:
            items = [item._replace(value=_specified(item.value, name)) for item in items]
        return Unit(name, tuple([path for path, _ in self.files]), tuple(items))


class _Dropins:
    """Which units have drop-ins, told quickly: most have none."""

    def __init__(self, index: UnitIndex) -> None:
        folders = [folder.removesuffix(".d") for folder in index.dirs if folder.endswith(".d")]
        self.index = index
        self.names = frozenset(folders)
        self.prefixes = tuple([folder.rpartition(".")[0] for folder in folders if "-." in folder])
        self.templates = tuple([folder for folder in folders if "@." in folder])
        self.aliases = frozenset([index.resolve(folder) for folder in folders])

    def of(self, name: str) -> tuple[str, ...]:
        """The drop-ins of a unit."""
        kind = name.rpartition(".")[2]
        named = name in self.names or kind in self.names or name in self.aliases
        if named or (self.prefixes and name.startswith(self.prefixes)) or ("@" in name and self.templates):
            return self.index.dropins(name)
        return ()


def _texts(host: Host, index: UnitIndex, name: str, dropins: _Dropins) -> _Text | None:
    fragment = index.fragment(name)
    if fragment is None:
        return None
    try:
        return _Text(tuple([(path, host.read(path)) for path in (fragment, *dropins.of(name))]))
    except Absent:
        return None  # a dangling link is no unit


def _specified(value: str, name: str) -> str:
    """The specifiers of a template's text that are about its instance (systemd.unit(5), "Specifiers")."""
    prefix, _, rest = name.partition("@")
    instance, _, suffix = rest.rpartition(".")
    path = path_of_unit(f"{instance}.swap") or instance
    known = {"%i": instance, "%I": path.removeprefix("/"), "%f": path, "%n": name, "%p": prefix}
    known["%N"] = name.removesuffix(f".{suffix}")
    for specifier, text in known.items():
        value = value.replace(specifier, text)
    return value


def _is_worth(text: _Text, follower: Follower, starts: BootStarts, name: str) -> bool:
    """Whether a unit can do anything of what is asked about: by its text, or by a script that it runs."""
    commands = text.commands
    if not commands:
        return False
    if any(path.startswith(_OWN) for path, _ in text.files) or any(word in commands for word in _TRIGGERS):
        return True
    programs = [program for program in _programs(commands) if not program.startswith(_SYSTEMD)]
    return any(map(follower.is_script, programs)) and starts.linked(name) is not None


def _programs(commands: bytes) -> Iterator[str]:
    """The programs of a unit's commands, as they stand."""
    for line in commands.split(b"\n"):
        if line.startswith(b"ExecStart"):
            words = decode(line).partition("=")[2].lstrip(" \t-@:+!|").split(" ")
            shell = words[0].rpartition("/")[2] in SHELLS
            yield words[1] if shell and len(words) > 1 else words[0]


def _of_commands(host: Host, follower: Follower, unit: Unit) -> Iterator[Act]:
    section = "Socket" if unit.name.endswith(".socket") else "Service"
    lines, environment, problem = exec_lines(host, unit, section, _KEYS)
    variables: dict[str, str | None] = {name: word.text for name, word in environment.items()}
    place = _place(unit)
    stopped, reason = problem or "", ""
    for line in lines:
        for command in _commands(follower, line, variables):
            effects = effects_of(command.step, follower.text, follower.may_be_area)
            if effects:
                act = Act(unit.name, command.source, command.line, command.text, effects, place)
                yield _kept(act, stopped or _powerless(unit, line, effects), command.reason or reason)
        wrong, doubt = _outcome(follower, line)
        stopped, reason = stopped or wrong, reason or doubt


def _kept(act: Act, stopped: str, reason: str) -> Act:
    """The act with what is known of its own: that it cannot run, or that nobody can tell."""
    if stopped:
        return act._replace(state=STAYS, why=stopped, stops=(act.evidence,))
    return undecided(act, reason) if reason else act


def undecided(act: Act, reason: str) -> Act:
    """An act of which nobody can tell whether it runs."""
    return act._replace(state=UNTOLD, doubt=Unsupported(act.source, f"{reason} ({act.text!r})"))


def _commands(follower: Follower, line: ExecLine, variables: dict[str, str | None]) -> Iterator[BootCommand]:
    """The commands of one line of a unit: its own, and those of the shell text or the script that it runs."""
    words = unwrapped(line.words)
    call = shell_call(words) if words and (words[0] or "").rpartition("/")[2] in SHELLS else None
    if call is not None and call.text is not None:
        yield from follower.shell(call.text, line.path, line.line, line.text, variables, call.strict)
        return
    step = ShellStep(words, line.line, variables=variables)
    yield from follower.command(step, line.path, line.line, line.text)


def _outcome(follower: Follower, line: ExecLine) -> tuple[str, str]:
    """Why nothing that follows a command is run, and why nobody can tell: that it fails, or may."""
    if "-" in line.prefix or not line.words:
        return "", ""
    program = line.words[0].rpartition("/")[2]
    if program == "false" or not follower.files.has(line.words[0]):
        return f"{line.text!r} before it fails", ""
    if program in _ANSWERS or (line.key == "ExecCondition" and program != "true"):
        return "", f"{line.text!r} before it may fail"
    return "", ""


def _powerless(unit: Unit, line: ExecLine, effects: tuple[Effect, ...]) -> str:
    """Why a command cannot do what it is about: it runs as another user, or is kept from the kernel."""
    if "+" in line.prefix or unit.last("Service", "AmbientCapabilities"):
        return ""
    user = unit.last("Service", "User")
    if user not in (None, "root", "0") and "!" not in line.prefix:
        return f"it runs as user {user}, who may not"
    if unit.last("Service", "DynamicUser") in _TRUE:
        return "it runs as a user of its own, who may not"
    kinds = {effect.kind for effect in effects}
    for key, kind in (("ProtectKernelTunables", SYSCTL), ("ProtectKernelModules", MODULE)):
        if kinds == {kind} and unit.last("Service", key) in _TRUE:
            return f"{key}=yes keeps it from that"
    return ""


def _place(unit: Unit) -> int:
    if unit.last("Unit", "DefaultDependencies") not in _FALSE:
        return BOOT
    before = [name for value, _, _ in unit.values("Unit", "Before") for name in value.split(" ")]
    return EARLY if "systemd-sysctl.service" in before or "systemd-modules-load.service" in before else SYSINIT


def started_acts(host: Host, starts: BootStarts, follower: Follower, acts: tuple[Act, ...]) -> Iterator[Act]:
    """What the units do that a command of the boot starts (``systemctl start``) and that it would not start else."""
    done: set[str] = set()
    for act in acts:
        for effect in act.effects if act.may_run else ():
            name = starts.index.resolve(effect.name) if effect.kind == UNIT and effect.what == STARTS else ""
            if name and name not in done and not starts.of(name).acts and not starts.index.masked(name):
                done.add(name)
                yield from _of_started(host, starts, follower, name, act)


def _of_started(host: Host, starts: BootStarts, follower: Follower, name: str, by: Act) -> Iterator[Act]:
    unit = load_unit(host, starts.index, name)
    if unit is None:
        return
    found: tuple[Act, ...] = ()
    if name.endswith(".swap"):
        what = unit.last("Swap", "What") or path_of_unit(name) or name
        found = (by._replace(effects=(Effect(SWAP, what, ON),)),)
    elif name.endswith((".service", ".socket")):
        found = tuple(_of_commands(host, follower, unit))
    for act in found:
        yield act._replace(state=by.state, doubt=by.doubt, place=by.place) if act.state == RUNS else act
