"""A result in plain lines, for formats that have room for a text: JUnit, Nagios, journald and others."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result
from nodecheck.model.steps import Command, Create, Edit, Manual, Step
from nodecheck.text import is_digits, printable

VALUE_ROOM = 400
"""Characters that are shown of a value."""

STEP_LINES = 40
"""Lines that are shown of one step of a fix."""


def shown(text: str, room: int = VALUE_ROOM) -> str:
    r"""One safe line of a text: tabs as blanks, control characters by number, the end left out where it is long.

    >>> shown("a\tb\x1b"), shown("abcdef", 3)
    ('a b\\x1b', 'abc…')
    """
    return printable(text.replace("\t", " ") if len(text) <= room else text[:room].replace("\t", " ") + "…")


def told(result: Result) -> list[str]:
    """All that a result says beyond its message, a line each, safe to print."""
    return [*_found(result), *_fix(result)]


def _found(result: Result) -> Iterator[str]:
    if result.cause is not None:
        yield f"cause: {shown(result.cause.code)}: {shown(result.cause.detail)}"
    if result.expected is not None:
        yield f"expected: {shown(result.expected)}"
    if result.actual is not None:
        yield f"actual: {shown(result.actual)}"
    for item in result.evidence:
        yield f"read: {read_at(item)}"
    if (waiver := result.waiver) is not None:
        until = f" until {shown(waiver.expires)}" if waiver.expires else ""
        yield f"waived: {shown(waiver.reason)} ({shown(waiver.whose)}{until})"


def read_at(item: Evidence) -> str:
    """Where a value was read, and the value.

    >>> read_at(Evidence("/etc/fstab", "line 2", "/swap.img none swap")), read_at(Evidence("/etc/crio"))
    ('/etc/fstab, line 2: /swap.img none swap', '/etc/crio: not there')
    """
    where = shown(item.source) + (f", {shown(item.locator)}" if item.locator else "")
    if item.value is None:
        return f"{where}: not there"
    more = "…" if item.truncated and len(item.value) <= VALUE_ROOM else ""
    return f"{where}: {shown(item.value)}{more}"


def _fix(result: Result) -> Iterator[str]:
    if (fix := result.fix) is None:
        return
    yield f"fix: {shown(fix.title)} ({shown(fix.safety)}{', takes a reboot' if fix.reboot else ''})"
    for step in fix.steps:
        yield from step_lines(step)


def step_lines(step: Step) -> Iterator[str]:
    """One step of a fix."""
    if isinstance(step, Command):
        from shlex import quote

        yield "  $ " + " ".join([quote(shown(word)) for word in step.argv])
    elif isinstance(step, Edit):
        yield f"  in {shown(step.path)}"
        yield f"  - {shown(step.before)}"
        yield f"  + {shown(step.after)}"
    elif isinstance(step, Create):
        yield f"  write {shown(step.path)} ({shown(step.mode)})"
        yield from _block(step.content, "  | ")
    elif isinstance(step, Manual):
        yield from _block(step.text, "  * ")


def _block(text: str, mark: str) -> Iterator[str]:
    lines = text.rstrip("\n").split("\n", STEP_LINES)
    for line in lines[:STEP_LINES]:
        yield mark + shown(line)
    if len(lines) > STEP_LINES:
        yield f"{mark}…"


def unix_seconds(time: str) -> float | None:
    """Seconds since 1970 of a time as the report writes it; None where there is no such time.

    >>> unix_seconds("2026-11-23T01:02:03.250Z"), unix_seconds("2026-99-99T99:99:99Z"), unix_seconds("soon")
    (1795395723.25, None, None)
    """
    from calendar import timegm
    from time import strptime

    whole, _, rest = time.removesuffix("Z").partition(".")
    if not whole.isascii() or (rest and not is_digits(rest)):
        return None
    try:
        return timegm(strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{rest[:9] or 0}")
    except (ValueError, OverflowError):
        return None
