"""What udev's rules do when devices are found at boot: ``RUN``, ``SYSCTL{}`` and ``SYSTEMD_WANTS`` (udev(7)).

Rules about modules (``SUBSYSTEM=="module"``) are left to whoever asks what a module brings.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.acts.effects import effects_of
from nodecheck.facts.acts.follow import BootCommand, Follower
from nodecheck.facts.acts.hooks import started_by
from nodecheck.facts.acts.model import (
    RUNS,
    SETS,
    STARTS,
    SWAP,
    SYSCTL,
    SYSINIT,
    UDEVD,
    UNIT,
    Act,
    Effect,
)
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.files.conf_dirs import conf_files
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.formats.shell_calls import SHELLS, shell_call
from nodecheck.formats.shell_script import ShellStep
from nodecheck.formats.sysctl_keys import component_matches, key_path
from nodecheck.formats.udev_rules import RULES_DIRS, rule_lines, rule_pairs
from nodecheck.host import Host
from nodecheck.host.base import text

_WORDS = (
    "sysctl", "SYSCTL{", "/proc/sys", "modprobe", "kmod load", "hostname", "swapon", "swapoff", "SYSTEMD_WANTS",
    "/usr/local/", "/opt/", "sh -c", "/etc/",
)  # fmt: skip
"""A rule without any of these words does nothing of what is asked about."""

_ACTING = (".service", ".swap")
_SWAP_CALLS = ("@swap", "@privileged", "@known", "swapon", "swapoff")
"""What names swap in ``SystemCallFilter=`` (systemd src/shared/seccomp-util.c)."""

_EVER = {"net": "lo", "mem": "null", "tty": "tty1", "cpu": "cpu0", "block": None, "vc": None, "pci": None}
"""Subsystems of which a node has a device as a rule, and the name of one that is always there."""


_UNTAGGED = ("mem", "cpu", "vc", "pci", "module")
"""Of these no device is a unit of systemd's unless a rule tags it."""


def udev(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """The acts of rules. Raises what the host raises for a rules file that is there and cannot be read."""
    for file in conf_files(host, RULES_DIRS, ".rules"):
        if file.masked:
            continue
        try:
            source = text(host, file.path)
        except Absent:
            continue
        if _is_worth(source):
            acts = tuple(_of_text(follower, starts, source, file.path))
            kept = _by_filter(host, starts, acts) if any(_swaps(act) for act in acts) else acts
            yield from started_by(kept, starts, UDEVD) if kept else ()


def _is_worth(source: str) -> bool:
    """Whether a text, or a line of one, may do anything of what is asked about."""
    signs = "RUN" in source or "SYSCTL{" in source or "SYSTEMD_WANTS" in source
    return signs and any(map(source.__contains__, _WORDS))


def _worth_lines(source: str) -> Iterator[tuple[int, str]]:
    """The rules of a text that may do anything of what is asked about: few of many."""
    if any(map(f"{source}\n".__contains__, ("\\\n", "\\\r", "\\ ", "\\\t"))):  # a rule goes on over a line's end
        yield from [(number, line) for number, line in rule_lines(source) if _is_worth(line)]
        return
    for number, line in enumerate(source.split("\n"), 1):
        if ("RUN" in line or "SYSCTL{" in line or "SYSTEMD_WANTS" in line) and _is_worth(line):
            line = line.strip(" \t\r")
            if not line.startswith("#"):
                yield number, line


def _swaps(act: Act) -> bool:
    return any(effect.kind == SWAP for effect in act.effects)


def _by_filter(host: Host, starts: BootStarts, acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """The acts without what systemd-udevd's own filter of system calls forbids: it lets none turn swap on or off.

    The first line says whether what is named is allowed or, with ``~``, refused (systemd.exec(5)). Where the unit is
    not here, or the filter names swap, nobody can tell.
    """
    try:
        unit = load_unit(host, starts.index, UDEVD)
    except FactError:
        unit = None
    if unit is None:
        return tuple([undecided(act, f"{UDEVD} may forbid it") if _swaps(act) else act for act in acts])
    filters = [value for value, _, _ in unit.values("Service", "SystemCallFilter")]
    calls = [word.partition(":")[0] for value in filters for word in value.removeprefix("~").split()]
    if any(call in _SWAP_CALLS for call in calls):
        return tuple([undecided(act, f"the filter of {UDEVD} is about swap") if _swaps(act) else act for act in acts])
    filtered = bool(filters) and not filters[0].startswith("~")
    return tuple([act for act in acts if not filtered or not _swaps(act)])


def _of_text(follower: Follower, starts: BootStarts, source: str, path: str) -> Iterator[Act]:
    jumps = "GOTO=" in source
    for number, line in _worth_lines(source):
        pairs = tuple(rule_pairs(line))
        matches = tuple([pair for pair in pairs if pair[1] in ("==", "!=")])
        if ("SUBSYSTEM", "==", "module") in matches:
            continue
        holds = _holds(matches)
        unknown = not _is_device(matches, pairs)
        for key, operator, value in pairs:
            if unknown and key == "ENV{SYSTEMD_WANTS}":
                continue
            if holds is not False and operator in ("=", "+=", ":="):
                rule = Act("udev", path, number, line, (), SYSINIT)
                for act in _of_pair(follower, starts, rule, key, value):
                    told = holds and not jumps and act.state == RUNS
                    yield act if told or act.doubt is not None else undecided(act, "whether a device matches")


def _holds(matches: tuple[tuple[str, str, str], ...]) -> bool | None:
    """Whether some device that every node has matches; None where that cannot be told."""
    subsystem = next((value for key, operator, value in matches if key == "SUBSYSTEM" and operator == "=="), None)
    name = _EVER.get(subsystem or "")
    told: bool | None = subsystem is None or subsystem in _EVER
    for key, operator, pattern in matches:
        if key == "ACTION":
            found = any(component_matches(part, action) for part in pattern.split("|") for action in ("add", "change"))
            if found != (operator == "=="):
                return False
        elif key == "KERNEL" and operator == "==" and name is not None:
            told = told and (True if _names(pattern, name) else None)
        elif key != "SUBSYSTEM" or operator != "==":
            told = None
    return told or None


def _is_device(matches: tuple[tuple[str, str, str], ...], pairs: tuple[tuple[str, str, str], ...]) -> bool:
    """Whether systemd may have a unit of the device: for others than those it asks nobody what they want.

    It has one of each that is tagged: by the rule itself, by another one, or by its own rules, which leave these
    subsystems out (systemd rules.d/99-systemd.rules.in).
    """
    if ("TAG", "+=", "systemd") in pairs or any(key == "TAG" for key, _, _ in matches):
        return True
    return not any(key == "SUBSYSTEM" and operator == "==" and value in _UNTAGGED for key, operator, value in matches)


def _names(pattern: str, name: str) -> bool:
    return any(component_matches(part, name) for part in pattern.split("|"))


def _of_pair(follower: Follower, starts: BootStarts, act: Act, key: str, value: str) -> Iterator[Act]:
    """What one assignment of a rule does."""
    if key.startswith("SYSCTL{"):
        known = None if "$" in value or "%" in value else value
        yield act._replace(effects=(Effect(SYSCTL, key_path(key[7:-1]), SETS, known),))
    elif key in ("RUN", "RUN{program}"):
        yield from _of_run(follower, act, value)
    elif key == "RUN{builtin}" and value.startswith("kmod load "):
        yield from _with_effects(act, follower, ShellStep(("modprobe", "-b", *value.split()[2:]), act.line or 1))
    elif key == "ENV{SYSTEMD_WANTS}":
        wanted = [name for name in value.split() if name.endswith(_ACTING) and starts.index.exists(name)]
        names = tuple([name for name in wanted if not starts.of(name).acts])
        if names:
            yield act._replace(effects=tuple([Effect(UNIT, name, STARTS) for name in names]))


def _of_run(follower: Follower, act: Act, command: str) -> Iterator[Act]:
    words = tuple([None if "$" in word or "%" in word else word for word in _split(command)])
    if not words or words[0] is None:
        return
    line = act.line or 1
    if words[0].rpartition("/")[2] in SHELLS and (text := shell_call(words).text) is not None:
        commands = follower.shell(text, act.source, line, act.text, {})
    else:
        commands = follower.command(ShellStep(words, line), act.source, line, act.text)
    for found in commands:
        yield from _with_effects(act, follower, found.step, found)


def _split(command: str) -> list[str]:
    """The words of ``RUN``: single quotes hold blanks together."""
    words: list[str] = []
    for place, part in enumerate(command.split("'")):
        words += [part] if place % 2 else part.split()
    return words


def _with_effects(act: Act, follower: Follower, step: ShellStep, found: BootCommand | None = None) -> Iterator[Act]:
    """What a program of a rule does."""
    effects = effects_of(step, follower.text)
    if not effects:
        return
    if found is not None and found.source != act.source:
        act = act._replace(source=found.source, line=found.line, text=found.text)
    act = act._replace(effects=effects)
    yield undecided(act, found.reason) if found is not None and found.reason else act
