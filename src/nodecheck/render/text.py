"""The report for people: a row a check and subject with NOW and BOOT, and what is not well in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.checking.model import BOOT, NOW, Evidence, Result, Severity, Status
from nodecheck.fix import Command, Create, Edit, Fix, Manual, Step
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.text import printable

LEAST_MESSAGE = 12
"""Columns below which a row has no room for a message."""

MOST_EVIDENCE = 8
"""Sources that are shown for one result; the JSON report has all."""


class Style(NamedTuple):
    """How to show a report: colour or not, columns, every verdict explained, only what is not well."""

    colour: bool = False
    width: int = 100
    verbose: bool = False
    quiet: bool = False


def render(report: Report) -> str:
    """The report as plain text of 100 columns."""
    return render_text(report, Style())


def render_text(report: Report, style: Style) -> str:
    """The report as text."""
    parts: list[str] = []
    if not style.quiet:
        parts = [*_head(report, style), "", *_table(report, style), ""]
    for result in _expanded(report, style):
        parts.extend([*_details(result, style), ""])
    parts.append(_verdict(report, style))
    return "\n".join(parts) + "\n"


_COLOURS = {"pass": "32", "fail": "1;31", "warn": "1;33", "unknown": "35", "skip": "2", "waived": "36", "bold": "1"}


def _paint(text: str, colour: str, style: Style) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if style.colour else text


def _tone(result: Result) -> str:
    if result.status == Status.FAIL and result.severity != Severity.ERROR:
        return "warn"
    return result.status.value


def _head(report: Report, style: Style) -> Iterator[str]:
    node, used = report.node, report.profile
    host = printable(node.hostname or "this node")
    about = [printable(part) for part in (node.os.pretty_name, node.kernel, node.arch) if part]
    if report.run.source.kind != "live":
        about.append(printable(report.run.source.path))
    yield _cut(_paint(host, "bold", style) + (f"  ({', '.join(about)})" if about else ""), style, 8)
    target = [f"profile {used.name}"]
    for label, value in (("role", used.role), ("Kubernetes", used.kubernetes), ("proxy", used.proxy_mode)):
        target.append(f"{label} {printable(value) if value else 'not known'}")
    yield _cut(" · ".join([*target, f"cni {printable(used.cni)}"] if used.cni else target), style)


class _Row(NamedTuple):
    name: str
    now: Result | None
    boot: Result | None


def _rows(results: Iterable[Result]) -> list[_Row]:
    rows: dict[str, _Row] = {}
    for result in results:
        name = result.id.removesuffix("@boot") if result.view == BOOT else result.id
        row = rows.get(name, _Row(name, None, None))
        rows[name] = row._replace(now=result) if result.view == NOW else row._replace(boot=result)
    return [rows[name] for name in sorted(rows)]


def _table(report: Report, style: Style) -> Iterator[str]:
    rows = _rows(report.results)
    if not rows:
        yield "nothing was looked at"
        return
    # Names stay whole: one that is longer than half the line pushes its own finding to the right, and no other.
    half = max(16, (style.width - 16) // 2)
    room = max([16, *(len(row.name) for row in rows if len(row.name) <= half)])
    finding = "  FINDING" if style.width - 18 - room >= LEAST_MESSAGE else ""
    yield _paint(f"{'NOW':<8}{'BOOT':<8}{'CHECK':<{room}}{finding}", "bold", style)
    for row in rows:
        yield _row(row, room, style)


def _row(row: _Row, room: int, style: Style) -> str:
    worst = max((result for result in (row.now, row.boot) if result is not None), key=_rank)
    name = row.name if len(row.name) <= style.width - 16 else row.name[: style.width - 17] + "…"
    message = worst.message
    left = style.width - 18 - max(room, len(name))
    if left < LEAST_MESSAGE:
        message = ""
    elif len(message) > left:
        message = message[: left - 1] + "…"
    return f"{_cell(row.now, style)}{_cell(row.boot, style)}{name:<{room}}  {message}".rstrip()


_ORDER = {Status.SKIP: 0, Status.PASS: 1, Status.WAIVED: 2, Status.UNKNOWN: 3, Status.FAIL: 4}
_LEVELS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def _rank(result: Result) -> tuple[int, int]:
    return _ORDER[result.status], _LEVELS[result.severity]


def _cell(result: Result | None, style: Style) -> str:
    if result is None:
        return f"{'-':<8}"
    word = result.status.value
    if result.status == Status.FAIL:
        word = {Severity.ERROR: "FAIL", Severity.WARNING: "warn", Severity.INFO: "info"}[result.severity]
    return _paint(word, _tone(result), style) + " " * (8 - len(word))


def _expanded(report: Report, style: Style) -> list[Result]:
    """What is shown in full: failures first, then what could not be judged; everything where verbose."""
    wanted = set(Status) if style.verbose and not style.quiet else {Status.FAIL, Status.UNKNOWN}
    shown = [result for result in report.results if result.status in wanted]
    if style.quiet:
        shown = [result for result in shown if result.severity.reaches(report.run.fail_on)]
    return sorted(shown, key=lambda result: tuple(-part for part in _rank(result)))


def _details(result: Result, style: Style) -> Iterator[str]:
    label = _paint(f"{result.status.value} ({result.severity.value})", _tone(result), style)
    yield f"{label}  {_paint(result.id, 'bold', style)}"
    yield from _field("", result.message, style)
    if result.cause is not None and result.cause.detail not in result.message:
        yield from _field("cause", f"{result.cause.code}: {result.cause.detail}", style)
    if result.expected is not None:
        yield from _field("expected", result.expected, style)
    if result.actual is not None:
        yield from _field("actual", result.actual, style)
    evidence = sorted(result.evidence, key=lambda item: item.value is None)  # what was found comes first
    for place, item in enumerate(evidence[:MOST_EVIDENCE]):
        yield from _field("read" if place == 0 else "", _told(item), style)
    if len(evidence) > MOST_EVIDENCE:
        yield from _field("", f"and {len(evidence) - MOST_EVIDENCE} more", style)
    if result.waiver is not None:
        until = f" until {result.waiver.expires}" if result.waiver.expires else ""
        yield from _field("waived", f"{result.waiver.reason} ({result.waiver.owner}{until})", style)
    if result.fix is not None and result.status != Status.PASS:
        yield from _fix(result.fix, style)


def _shown(text: str) -> str:
    """Text of a file for people: a tab as a blank, other control characters by their numbers."""
    return printable(text.replace("\t", " "))


def _told(item: Evidence) -> str:
    where = printable(item.source) + (f", {item.locator}" if item.locator else "")
    if item.value is None:
        return f"{where}: not there"
    value = _shown(item.value if len(item.value) <= 200 else item.value[:200] + "…")
    return f"{where}: {value}" if value else where


def _fix(fix: Fix, style: Style) -> Iterator[str]:
    after = ", takes a reboot" if fix.reboot else ""
    yield from _field("fix", f"{fix.title} ({fix.safety}{after})", style)
    for step in fix.steps:
        if isinstance(step, Manual):
            for line in step.text.split("\n"):
                yield from _wrapped(" " * 12 + "· ", line, style)
        for line in _step(step):
            yield " " * 12 + line


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Command):
        from shlex import quote

        yield "$ " + " ".join(quote(printable(word)) for word in step.argv)
    elif isinstance(step, Edit):
        yield f"in {printable(step.path)}"
        yield f"- {_shown(step.before)}"
        yield f"+ {_shown(step.after)}"
    elif isinstance(step, Create):
        yield f"write {printable(step.path)} ({step.mode})"
        yield from ("| " + _shown(line) for line in step.content.rstrip("\n").split("\n"))


def _field(label: str, text: str, style: Style) -> Iterator[str]:
    yield from _wrapped(f"  {label:<10}", text, style)


def _wrapped(head: str, text: str, style: Style) -> Iterator[str]:
    """A text, wrapped behind its head; words longer than a line stay whole, so that they can be copied."""
    room = max(style.width - len(head), 28)
    line = ""
    for word in printable(text).split(" "):
        if line and len(line) + 1 + len(word) > room:
            yield head + line
            head, line = " " * len(head), word
        else:
            line = f"{line} {word}" if line else word
    yield head + line


def _cut(text: str, style: Style, invisible: int = 0) -> str:
    limit = style.width + (invisible if style.colour else 0)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _verdict(report: Report, style: Style) -> str:
    found = report.summary
    counts = f"{found.failed} failed, {found.unknown} unknown, {found.waived} waived, "
    counts += f"{found.passed} passed, {found.skipped} skipped"
    colour = {"pass": "pass", "fail": "fail", "unknown": "unknown"}[found.verdict]
    return f"{_paint(found.verdict.upper(), colour, style)}: {counts}; {found.coverage:.0%} of what applies was judged"
