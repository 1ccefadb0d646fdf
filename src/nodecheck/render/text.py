"""The report for people: what is not well in full, then a row a check and subject with NOW and BOOT, by topic."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.columns import columns, cut, padded
from nodecheck.render.rows import ReportRow, by_topic, word, worst_first
from nodecheck.render.style import Style, ellipsis, mark, paint, tone
from nodecheck.report import Report
from nodecheck.text import printable

LEAST_MESSAGE = 12
"""Columns below which a row has no room for a message."""

NARROW = 80
"""Columns below which a row has no mark: it says nothing that the words beside it do not say."""


def render(report: Report) -> str:
    """The report as plain text of 100 columns."""
    return render_text(report, Style())


def render_text(report: Report, style: Style) -> str:
    """The report as text."""
    parts: list[str] = []
    if not style.quiet:
        parts = [*_head(report, style), ""]
    shown = _expanded(report, style)
    if shown:
        from nodecheck.render.details import details

        for lines in details(shown, style):
            parts.extend([*lines, ""])
    if not style.quiet:
        parts.extend([*_table(report, style), ""])
    parts.append(_verdict(report, style))
    if style.again is not None and not style.quiet:
        from nodecheck.render.details import next_steps

        parts.extend(next_steps(report, style))
    return "\n".join(parts) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    node, used = report.node, report.profile
    host = cut(printable(node.hostname or "this node"), style.width, ellipsis(style))
    about = [printable(part) for part in (node.os.pretty_name, node.kernel, node.arch) if part]
    if node.container is not None:
        about.append(f"a container: {printable(node.container)}")
    if report.run.source.kind != "live":
        about.append(printable(report.run.source.path))
    rest = f"  ({', '.join(about)})" if about else ""
    yield paint(host, "bold", style) + cut(rest, style.width - columns(host), ellipsis(style))
    target = [f"profile {printable(used.name)}"]
    for label, value in (("role", used.role), ("Kubernetes", used.kubernetes), ("proxy", used.proxy_mode)):
        target.append(f"{label} {printable(value) if value else 'not known'}")
    if used.cni:
        target.append(f"cni {printable(used.cni)}")
    if used.config is not None:
        target.append(printable(str(used.config)))
    yield from _joined(target, " · " if style.symbols else ", ", style)


def _joined(parts: list[str], mark: str, style: Style) -> Iterator[str]:
    """The parts, as many to a line as it holds."""
    line = ""
    for part in parts:
        if line and columns(line) + columns(mark) + columns(part) > style.width:
            yield line
            line = ""
        line = cut(f"{line}{mark}{part}" if line else part, style.width, ellipsis(style))
    yield line


def _cells(style: Style) -> int:
    """Columns before a row's name: the mark, NOW and BOOT."""
    return 16 if style.width < NARROW else 18


def _table(report: Report, style: Style) -> Iterator[str]:
    topics = by_topic(report.results)
    if not topics:
        yield "nothing was looked at"
        return
    # Names stay whole: one that is longer than half the line pushes its own finding to the right, and no other.
    start = _cells(style)
    half = max(16, (style.width - start) // 2)
    widths = [columns(printable(row.name)) for _, rows in topics for row in rows]
    room = max([16, *(found for found in widths if found <= half)])
    finding = "  FINDING" if style.width - start - 2 - room >= LEAST_MESSAGE else ""
    yield paint(f"{' ' * (start - 16)}{'NOW':<8}{'BOOT':<8}{'CHECK':<{room}}{finding}", "bold", style)
    for title, rows in topics:
        yield _rule(title, style)
        for row in rows:
            yield _row(row, room, style)


def _rule(title: str, style: Style) -> str:
    line = ("─" if style.symbols else "-") * (min(style.width, 100) - len(title) - 4)
    start = "──" if style.symbols else "--"
    return f"{paint(start, 'dim', style)} {paint(title, 'bold', style)} {paint(line, 'dim', style)}"


def _row(row: ReportRow, room: int, style: Style) -> str:
    worst, dots = row.worst, ellipsis(style)
    name = cut(printable(row.name), style.width - _cells(style), dots)
    left = style.width - _cells(style) - 2 - max(room, columns(name))
    message = cut(printable(worst.message), left, dots) if left >= LEAST_MESSAGE else ""
    start = paint(mark(worst, style), tone(worst), style) + " " if style.width >= NARROW else ""
    if message and worst.status == Status.SKIP:
        message = paint(message, "dim", style)
    return f"{start}{_cell(row.now, style)}{_cell(row.boot, style)}{padded(name, room)}  {message}".rstrip()


def _cell(result: Result | None, style: Style) -> str:
    if result is None:
        return paint("-", "dim", style) + " " * 7
    name = word(result)
    return paint(name, tone(result), style) + " " * (8 - len(name))


def _expanded(report: Report, style: Style) -> list[Result]:
    """What is shown in full: failures first, then what could not be judged; everything where verbose."""
    wanted = set(Status) if style.verbose and not style.quiet else {Status.FAIL, Status.UNKNOWN}
    shown = [result for result in report.results if result.status in wanted]
    if style.quiet:
        shown = [result for result in shown if result.severity.reaches(report.run.fail_on)]
    return worst_first(shown)


def _by_severity(report: Report) -> str:
    """`` (2 errors, 9 warnings)``: what failed below ``--fail-on`` does not make the verdict."""
    counts = {word: sum(result.severity.value == word for result in report.failures) for word in _SEVERITIES}
    told = [
        f"{count} {word if count == 1 or word == 'info' else word + 's'}" for word, count in counts.items() if count
    ]
    return f" ({', '.join(told)})" if told else ""


def _offline(report: Report) -> str:
    """How many results only a running node tells, where that is a third of them or more."""
    codes = [result.cause.code for result in report.results if result.cause is not None]
    count, whole = codes.count("offline"), len(report.results)
    return f"; {count} of {whole} results are only for a running node" if count and 3 * count >= whole else ""


_SEVERITIES = ("error", "warning", "info")


def _verdict(report: Report, style: Style) -> str:
    found = report.summary
    counts = f"{found.failed} failed{_by_severity(report)}, {found.unknown} unknown, {found.waived} waived, "
    counts += f"{found.passed} passed, {found.skipped} skipped"
    colour = {"pass": "pass", "fail": "fail"}.get(found.verdict, "unknown")
    verdict = printable(found.verdict.upper())
    judged = f"{found.coverage:.0%} of what applies was judged{_offline(report)}"
    between = "; " if len(verdict) + len(counts) + len(judged) + 4 <= style.width else "\n"
    return f"{paint(verdict, colour, style)}: {counts}{between}{judged}"
