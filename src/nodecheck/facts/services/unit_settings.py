"""Settings that systemd refuses: a unit with one of them is ``bad-setting``, and nothing starts it.

systemd.service(5); systemd src/core/load-fragment.c (``config_parse_exec``) and service.c (``service_verify``). What is
wrong in a drop-in only ends the reading of that drop-in.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.unit_files import Assignment, Unit
from nodecheck.facts.services.unit_words import Unbalanced, split_words
from nodecheck.record import NamedTuple

REFUSES_SINCE = 235
"""From this systemd on a line that it cannot take makes it refuse the unit; before, the line alone was left out."""
NAMES_SINCE = 240
"""From this systemd on a program may be named without a path."""

COMMANDS = ("ExecStart", "ExecStartPre", "ExecStartPost", "ExecCondition", "ExecReload", "ExecStop", "ExecStopPost")
PREFIXES = "-@:+!|"
TYPES = ("simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle")


class Refusal(NamedTuple):
    """Why systemd does not take a unit."""

    message: str
    path: str
    text: str | None = None
    line: int | None = None


def loaded(init: InitSystem, unit: Unit) -> tuple[Unit, Refusal | None]:
    """A service with the assignments that systemd keeps, and why it refuses the unit; None where it takes it."""
    if not unit.name.endswith(".service"):
        return unit, None
    kept: list[Assignment] = []
    ended: set[str] = set()
    for item in unit.assignments:
        if item.path in ended:
            continue
        wrong = _wrong(init, item)
        if wrong is None:
            kept.append(item)
        elif wrong and init.at_least(REFUSES_SINCE):
            if item.path == unit.paths[0]:
                return unit, Refusal(wrong, item.path, f"{item.key}={item.value}", item.line)
            ended.add(item.path)
    whole = unit._replace(assignments=tuple(kept))
    return whole, _unfit(init, whole)


def _wrong(init: InitSystem, item: Assignment) -> str | None:
    """What makes systemd refuse an assignment, "" where it only leaves it out, None where it takes it."""
    if item.section != "Service" or not item.value:
        return None
    if item.key in COMMANDS:
        return _wrong_command(init, item.value)
    value = item.value
    if item.key == "EnvironmentFile":
        return None if value.removeprefix("-").startswith(("/", "%")) else ""
    if item.key == "WorkingDirectory" and not value.startswith(("/", "%", "~", "-")):
        return "the path of WorkingDirectory= is not absolute"
    if item.key == "RootDirectory" and not value.startswith(("/", "%")):
        return "the path of RootDirectory= is not absolute"
    return None


def _wrong_command(init: InitSystem, value: str) -> str | None:
    plain = value.lstrip(" \t")
    name = plain.lstrip(PREFIXES)
    prefix = plain[: len(plain) - len(name)]
    try:
        words = split_words(value)
    except Unbalanced:
        return "" if _is_open(value) or "-" in prefix else "a quote is opened and not closed"
    program = words[0].lstrip(PREFIXES) if words else ""
    wrong = _wrong_program(init, program) or ("it names no arguments" if "@" in prefix and len(words) < 2 else None)
    return "" if wrong is not None and "-" in prefix else wrong


def _wrong_program(init: InitSystem, program: str) -> str | None:
    if not program:
        return "it names no program"
    if "%" in program:
        return None
    if program.endswith("/"):
        return f"{program} names a directory"
    if not program.startswith("/") and ("/" in program or not init.at_least(NAMES_SINCE)):
        return f"the path {program} is not absolute"
    return None


def _is_open(value: str) -> bool:
    """Whether the first word's own quote is not closed: systemd leaves such a line out."""
    quote = ""
    skip = False
    for char in value.lstrip(" \t"):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in " \t":
            return False
        elif char in "\"'":
            quote = char
    return quote != ""


def commands(unit: Unit, key: str = "ExecStart") -> Iterator[tuple[str, str, int]]:
    """Each command of a setting with its file and line: a ``;`` that stands alone begins another one."""
    for value, path, line in unit.values("Service", key):
        if " ; " not in value.replace("\t", " "):
            yield value, path, line
        else:
            yield from ((part, path, line) for part in value.replace("\t", " ").split(" ; ") if part.strip(" "))


def type_of(unit: Unit) -> str:
    """The ``Type=`` that counts: the last that systemd knows, else what follows from other settings."""
    told = [value for value, _, _ in unit.values("Service", "Type") if value in TYPES]
    if told:
        return told[-1]
    return "dbus" if unit.last("Service", "BusName") else "simple" if unit.values("Service", "ExecStart") else "oneshot"


def _unfit(init: InitSystem, unit: Unit) -> Refusal | None:
    """What does not go together."""
    starts = tuple(commands(unit))
    kind = type_of(unit)
    acts = (unit.last("Unit", "SuccessAction") or "none") != "none"
    if not starts:
        stops = unit.values("Service", "ExecStop")
        if kind == "oneshot" and (acts or (stops and _is_yes(unit.last("Service", "RemainAfterExit")))):
            return None
        return Refusal("it has no ExecStart= line that systemd takes, and systemd refuses such a unit", unit.paths[0])
    if len(starts) > 1 and kind != "oneshot":
        value, path, line = starts[-1]
        message = "the unit has more than one ExecStart= line, which systemd refuses"
        return Refusal(message, path, f"ExecStart={value}", line)
    if kind == "oneshot":
        return _unfit_oneshot(init, unit)
    if kind == "dbus" and not unit.last("Service", "BusName"):
        return Refusal("it has Type=dbus and no BusName=, which systemd refuses", unit.paths[0], "Type=dbus")
    return None


def _unfit_oneshot(init: InitSystem, unit: Unit) -> Refusal | None:
    refused: tuple[str, ...] = ("always", "on-success")
    if not init.at_least(244):
        refused = (*refused, "on-failure", "on-abnormal", "on-abort", "on-watchdog")
    for value, path, line in unit.values("Service", "Restart")[-1:]:
        if value in refused:
            return Refusal(f"systemd refuses Restart={value} in a oneshot service", path, f"Restart={value}", line)
    return None


def _is_yes(value: str | None) -> bool:
    return value is not None and value.lower() in ("1", "yes", "y", "true", "t", "on")
