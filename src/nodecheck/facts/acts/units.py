"""The commands of units: of services, and those that sockets run, wherever the units lie."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Unsupported
from nodecheck.facts.acts.effects import EVERY_KIND, effects_of, kinds_in
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
    STOPS,
    SWAP,
    SYSCTL,
    SYSINIT,
    UDEVD,
    UNIT,
    UNTOLD,
    Act,
    Effect,
    by_start,
)
from nodecheck.facts.services.service_units import CONDITION
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import ExecLine, exec_lines
from nodecheck.facts.services.unit_files import Unit, load_unit, parse_unit
from nodecheck.facts.services.unit_names import path_of_unit
from nodecheck.facts.services.unit_start import DATE, TIMER, UnitStart
from nodecheck.facts.services.unit_start import STARTS as START
from nodecheck.formats.calendars import calendar_is_daily
from nodecheck.formats.shell_calls import SHELLS, shell_call, unwrapped
from nodecheck.formats.shell_script import ShellStep
from nodecheck.host import Host

Files = tuple[tuple[str, str], ...]
"""The fragment and the drop-ins of a unit: path and text."""

SELDOM = "it runs by the clock, and not every day: whether it does before the next boot is not known"

_KEYS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost")
_AWAITED = ("oneshot", "forking", "notify", "notify-reload", "dbus")
"""Types of services that are up when their program says so, or has ended; the other ones as soon as it is begun."""
_FALSE = ("no", "false", "off", "0", "n", "f")
_TRUE = ("yes", "true", "on", "1", "y", "t")
_SYSTEMD = ("/usr/lib/systemd/", "/lib/systemd/")
"""Where systemd's own programs lie, which are no scripts."""
_OWN = ("/etc/", "/usr/local/", "/opt/")
_ANSWERS = ("test", "[", "grep", "pgrep", "mountpoint", "systemd-detect-virt", "ping")
"""Programs that fail where the answer is no."""


class UnitActs:
    """What the units of a node do that the boot starts: each is followed when something that it may do is asked about.

    Raises what the host raises for a text that cannot be read.
    """

    def __init__(self, host: Host, starts: BootStarts, follower: Follower) -> None:
        self._host, self._starts, self._follower = host, starts, follower
        self._worth: dict[str, frozenset[str]] | None = None
        self._known: dict[str, tuple[Act, ...]] = {}
        self._consequences: tuple[Act, ...] | None = None

    def of(self, kind: str, but: frozenset[str] = frozenset()) -> Iterator[Act]:
        """The acts of the units whose text, or whose scripts, hold a word about one kind of effect."""
        if self._worth is None:
            self._worth = dict(self._looked_through())
        for name, kinds in self._worth.items():
            if kind in kinds and name not in but:
                yield from self._acts_of(name)
        if self._consequences is None:
            self._consequences = (*self._rivals(), *self._failures())
        yield from self._consequences

    def _rivals(self) -> Iterator[Act]:
        """What units stop that are started once the boot is over: all that they name in ``Conflicts=``.

        The stop is part of the same transaction, and done whether or not the unit's own conditions hold then.
        """
        for name in self._starts.triggered():
            files = self._starts.sources(name)
            acts = tuple(_conflicts(_unit(name, files))) if any("Conflicts" in source for _, source in files) else ()
            for act in self._by_start(name, acts, conditions=False) if acts else ():
                yield act._replace(place=max(act.place, AFTER))

    def _failures(self) -> Iterator[Act]:
        """What ``OnFailure=`` starts of units that fail, or that run what may (systemd.unit(5))."""
        for name in self._starts.candidates():
            files = self._starts.sources(name)
            if not name.endswith(".service") or not any("OnFailure" in source for _, source in files):
                continue
            unit = _unit(name, files)
            start = self._starts.of(name)
            wrong, doubt = ("it fails", "") if start.fails is not None else _ends(self._host, self._follower, unit)
            for value, path, line in unit.values("Unit", "OnFailure") if start.acts and (wrong or doubt) else ():
                effects = tuple([Effect(UNIT, other, STARTS) for other in value.split()])
                act = Act(name, path, line, f"OnFailure={value}", effects, AFTER)
                yield undecided(act, doubt) if doubt and not wrong else act

    def started(self, acts: tuple[Act, ...]) -> Iterator[Act]:
        """What the units do that a command of the boot starts and that it would not start else."""
        done: set[str] = set()
        starts = self._starts
        for act in acts:
            for effect in act.effects if act.may_run else ():
                name = starts.index.resolve(effect.name) if effect.kind == UNIT and effect.what == STARTS else ""
                if name and name not in done and not starts.of(name).acts and not starts.index.masked(name):
                    done.add(name)
                    yield from _of_started(self._host, starts, self._follower, name, act)

    def _looked_through(self) -> Iterator[tuple[str, frozenset[str]]]:
        for name in self._starts.candidates():
            if name.endswith((".service", ".socket")) and "@." not in name:
                kinds = _kinds(self._starts.sources(name), self._follower)
                if kinds:
                    yield name, kinds

    def _acts_of(self, name: str) -> tuple[Act, ...]:
        """The acts of one unit. Whether it starts is asked only where it does anything."""
        if name not in self._known:
            unit = _unit(name, self._starts.sources(name))
            acts = tuple([act for act in _of_commands(self._host, self._follower, unit) if _matters(act)])
            self._known[name] = tuple(self._by_start(name, acts)) if acts else ()
        return self._known[name]

    def _by_start(self, name: str, acts: tuple[Act, ...], conditions: bool = True) -> Iterator[Act]:
        start = self._starts.of(name)
        text = None if conditions else self._starts.text(name)
        if text is not None and text.obstacle is not None and text.obstacle.kind == CONDITION:
            start = start._replace(state=START, stops=())
        if start.pull is None and start.error is None:
            start = self._starts.by_clock(name) or start
        for act in acts:  # that a program is not there is known of each command
            yield by_start(_timed(act, start), start._replace(fails=None))


def _conflicts(unit: Unit) -> Iterator[Act]:
    """What the start of a unit stops."""
    for value, path, line in unit.values("Unit", "Conflicts"):
        others = [other for other in value.split() if other != "shutdown.target"]
        if others:
            effects = tuple([Effect(UNIT, other, STOPS) for other in others])
            yield Act(unit.name, path, line, f"Conflicts={value}", effects)


def _ends(host: Host, follower: Follower, unit: Unit) -> tuple[str, str]:
    """Why a unit fails for sure, and why it may: by its commands."""
    lines, _, problem = exec_lines(host, unit, "Service", ("ExecStartPre", "ExecStart", "ExecStartPost"))
    found = [_outcome(follower, line) for line in lines]
    return problem or next((wrong for wrong, _ in found if wrong), ""), next((doubt for _, doubt in found if doubt), "")


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


def _commands_in(files: Files) -> str:
    """The lines with commands, each with those that continue it: most of a unit is about something else."""
    found: list[str] = []
    for _, source in files:
        at = source.find("Exec")
        while at >= 0:
            end = source.find("\n", at)
            while end > 0 and source[end - 1] in "\\\r":
                end = source.find("\n", end + 1)
            found.append(source[at:] if end < 0 else source[at:end])
            at = -1 if end < 0 else source.find("Exec", end)
    return "\n".join(found)


def _unit(name: str, files: Files) -> Unit:
    items = [item for path, source in files for item in parse_unit(source, path)]
    if "@" in name:
        items = [item._replace(value=_specified(item.value, name)) for item in items]
    return Unit(name, tuple([path for path, _ in files]), tuple(items))


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


def _kinds(files: Files, follower: Follower) -> frozenset[str]:
    """The kinds of effects that a unit may have: by its text, or by a script that it runs. One's own may have any."""
    commands = _commands_in(files)
    if not commands:
        return frozenset()
    if any(path.startswith(_OWN) for path, _ in files):
        return EVERY_KIND
    found = kinds_in(commands)
    for program in _programs(commands):
        if found == EVERY_KIND:
            break
        if not program.startswith(_SYSTEMD):
            found |= follower.kinds_of(program)
    return found


def _programs(commands: str) -> Iterator[str]:
    """The programs of a unit's commands, as they stand."""
    for line in commands.split("\n"):
        if line.startswith("ExecStart"):
            words = line.partition("=")[2].lstrip(" \t-@:+!|").split(" ")
            shell = words[0].rpartition("/")[2] in SHELLS
            yield words[1] if shell and len(words) > 1 else words[0]


def _of_commands(host: Host, follower: Follower, unit: Unit) -> Iterator[Act]:
    section = "Socket" if unit.name.endswith(".socket") else "Service"
    lines, environment, problem = exec_lines(host, unit, section, _KEYS)
    variables: dict[str, str | None] = {name: word.text for name, word in environment.items()}
    place, kind = _place(unit), unit.last("Service", "Type") or ""
    stopped, reason = problem or "", ""
    for line in lines:
        for command in _commands(follower, line, variables):
            effects = effects_of(command.step, follower.text, follower.may_be_area)
            if effects:
                act = Act(unit.name, command.source, command.line, command.text, effects, place, unit=unit.name)
                act = act._replace(awaited=line.key != "ExecStart" or kind in _AWAITED)
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


def _of_started(host: Host, starts: BootStarts, follower: Follower, name: str, by: Act) -> Iterator[Act]:
    unit = load_unit(host, starts.index, name)
    if unit is None:
        return
    found: tuple[Act, ...] = ()
    if name.endswith(".swap"):
        what = unit.last("Swap", "What") or path_of_unit(name) or name
        found = (by._replace(effects=(Effect(SWAP, what, ON),)),)
    elif name.endswith((".service", ".socket")):
        found = (*_of_commands(host, follower, unit), *_conflicts(unit))
    for act in found:  # what a device wants is started once basic.target is reached, whenever the device was found
        if by.unit == UDEVD:
            act = act._replace(place=max(act.place, by.place), unit=name, awaited=False)
        else:
            act = act._replace(place=by.place, unit=by.unit, awaited=by.awaited)
        yield act._replace(state=by.state, doubt=by.doubt) if act.state == RUNS else act
