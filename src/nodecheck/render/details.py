"""One result of the terminal report in full: what was expected, what was found and where, and the fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result, Status
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.render.columns import columns
from nodecheck.render.steps import added, removed, shell_line
from nodecheck.render.style import Style, ellipsis, mark, paint, tone
from nodecheck.report import Report
from nodecheck.text import printable

MOST_EVIDENCE = 8
"""Sources that are shown for one result, and all of them where verbose."""

MOST_ABSENT = 4
"""Of these, how many that were not there are named where there are many sources."""

VALUE_ROOM = 200
"""Characters that are shown of one value."""

LABELS = 12
"""Columns of the labels."""


def details(results: Iterable[Result], style: Style) -> Iterator[list[str]]:
    """The lines of each result. A fix that was shown is not shown again: the next result names the one that has it."""
    shown: dict[Fix, str] = {}
    for result in results:
        lines = list(_details(result, style))
        if result.fix is not None and result.status != Status.PASS:
            lines.extend(_fix(result.fix, shown.get(result.fix), style))
            shown.setdefault(result.fix, result.id)
        yield lines


def _details(result: Result, style: Style) -> Iterator[str]:
    level = "" if result.status in (Status.PASS, Status.SKIP) else f" ({result.severity.value})"
    label = paint(f"{mark(result, style)} {result.status.value}{level}".strip(), tone(result), style)
    yield f"{label}  {paint(printable(result.id), 'bold', style)}"
    yield from _field("", result.message, style)
    if style.verbose:
        yield from _field("requires", result.title, style)
    if result.cause is not None and result.cause.detail not in result.message:
        yield from _field("cause", f"{result.cause.code}: {result.cause.detail}", style)
    if result.expected is not None:
        yield from _field("expected", result.expected, style)
    if result.actual is not None:
        yield from _field("actual", result.actual, style)
    yield from _evidence(result.evidence, style)
    for note in result.notes if style.verbose else ():
        yield from _field("note", note, style)
    if result.waiver is not None:
        until = f" until {result.waiver.expires}" if result.waiver.expires else ""
        yield from _field("waived", f"{result.waiver.reason} ({result.waiver.whose}{until})", style)


def _evidence(evidence: tuple[Evidence, ...], style: Style) -> Iterator[str]:
    """What was found, and then what was not there: a few of these a line each, many in one text."""
    told = [told_of(item, style) for item in evidence if item.value is not None]
    absent = [printable(item.source) for item in evidence if item.value is None]
    if len(evidence) <= MOST_EVIDENCE:
        told += [told_of(item, style) for item in evidence if item.value is None]
        absent = []
    most = len(told) if style.verbose else MOST_EVIDENCE
    more = [f"and {len(told) - most} more"] if len(told) > most else []
    if absent:
        kept = absent if style.verbose else absent[:MOST_ABSENT]
        rest = f" and {len(absent) - len(kept)} more" if len(absent) > len(kept) else ""
        more.append("not there: " + ", ".join(dict.fromkeys(kept)) + rest)
    for place, line in enumerate([*told[:most], *more]):
        yield from _field("read" if place == 0 else "", line, style)


def _shown(text: str) -> str:
    """Text of a file for people: a tab as a blank, lines after one another, other control characters by number."""
    return printable(text.strip("\n").replace("\t", " ").replace("\n", " / "))


def told_of(item: Evidence, style: Style) -> str:
    """Where a value was read, and the value."""
    where = printable(item.source) + (f", {item.locator}" if item.locator else "")
    if item.value is None:
        return f"{where}: not there"
    value = _shown(item.value[:VALUE_ROOM])
    more = ellipsis(style) if item.truncated or len(item.value) > VALUE_ROOM else ""
    return f"{where}: {value}{more}" if value else where


def _fix(fix: Fix, before: str | None, style: Style) -> Iterator[str]:
    after = ", takes a reboot" if fix.reboot else ""
    told = f"{fix.title} ({fix.safety}{after})"
    if before is not None:
        yield from _field("fix", f"{told}: as for {before}, above", style)
        return
    yield from _field("fix", told, style)
    for step in fix.steps:
        if isinstance(step, Manual):
            for line in step.text.split("\n"):
                yield from wrapped(" " * LABELS + ("· " if style.symbols else "* "), line, style)
        for line in _step(step):
            yield " " * LABELS + line


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Command):
        yield "$ " + shell_line(step.argv)
    elif isinstance(step, Edit):
        yield f"in {printable(step.path)}"
        yield _shown(removed(step))
        yield from map(_shown, added(step).split("\n"))
    elif isinstance(step, Create):
        yield f"write {printable(step.path)} ({printable(step.mode)})"
        yield from ("| " + _shown(line) for line in step.content.rstrip("\n").split("\n"))


def _field(label: str, text: str, style: Style) -> Iterator[str]:
    head = "  " + paint(label, "dim", style) + " " * (LABELS - 2 - len(label))
    return wrapped(head, text, style, LABELS)


def wrapped(head: str, text: str, style: Style, indent: int | None = None) -> Iterator[str]:
    """A text, wrapped behind its head; words longer than a line stay whole, so that they can be copied."""
    indent = columns(head) if indent is None else indent
    room = max(style.width - indent, 28)
    line, taken = "", 0
    for word in printable(text).split(" "):
        wide = columns(word)
        if line and taken + 1 + wide > room:
            yield head + line
            head, line, taken = " " * indent, word, wide
        else:
            line, taken = (f"{line} {word}", taken + 1 + wide) if line else (word, wide)
    yield (head + line).rstrip()


def next_steps(report: Report, style: Style) -> Iterator[str]:
    """What to do about the report, on a terminal."""
    from shlex import quote

    again = "".join([" " + quote(printable(word)) for word in style.again or ()])
    least = "info" if report.run.fail_on == "info" else "warning"
    failed = [result for result in report.failures if result.severity.reaches(least)]
    if failed:
        yield from _next(f"nodecheck plan{again}", planned(report), style)
        first = max(failed, key=lambda result: result.severity.reaches("error")).check
        yield from _next(f"nodecheck explain {quote(printable(first))}", "says why it matters", style)
    denied = [result for result in report.results if result.cause is not None and result.cause.code == "denied"]
    if denied and not report.run.privileged:
        line = f"nodecheck run{again} --sudo" if report.run.source.ssh_host else f"sudo nodecheck run{again}"
        yield from _next(line, "may read what was denied", style)


def planned(report: Report) -> str:
    """What ``nodecheck plan`` prints: its steps, counted as it counts them."""
    from nodecheck.fix.plan import plan

    count = len(plan(report).steps)
    if not count:
        return "says what a person has to decide"
    return f"prints {'one step' if count == 1 else f'{count} steps'} to review, with the commands"


def _next(words: str, why: str, style: Style) -> Iterator[str]:
    start = f"{'→' if style.symbols else '>'} {paint(words, 'bold', style)}"
    if columns(words) + len(why) + 4 <= style.width:
        yield f"{start}  {why}"
    else:
        yield start
        yield f"  {why}"
