"""The table: a row a check and subject with NOW and BOOT, by topic, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.columns import columns, padded
from nodecheck.render.groups import Group, names, same, text_of
from nodecheck.render.rows import by_topic, word
from nodecheck.render.style import Style, mark, paint, tone
from nodecheck.report import Report
from nodecheck.report.settings import ReportRow
from nodecheck.text import printable

CELLS = 18
"""Columns before a row's name: the mark, NOW and BOOT."""

LEAST_NAME, LEAST_FINDING = 16, 28
"""Columns of the names and of the findings, at least."""


def table(report: Report, style: Style) -> Iterator[str]:
    """The lines of the table."""
    topics = [(title, _rows(found, style)) for title, found in by_topic(report.results)]
    if not topics:
        yield "nothing was looked at"
        return
    # A name that is longer than half the line has its finding below it, and does not push that of others.
    half = max(LEAST_NAME, (style.width - CELLS) // 2)
    widths = [columns(name) for _, found in topics for name, _ in found]
    room = max([LEAST_NAME, *(found for found in widths if found <= half)])
    finding = "  FINDING" if style.width - CELLS - room - 2 >= LEAST_FINDING else ""
    yield paint(f"  {'NOW':<8}{'BOOT':<8}{'CHECK':<{room}}{finding}".rstrip(), "bold", style)
    for title, found in topics:
        yield _rule(title, style)
        for name, row in found:
            yield from _row(name, row, room, style)


def _rows(found: Iterable[ReportRow], style: Style) -> list[tuple[str, ReportRow]]:
    """Names with their rows; what does not apply for one reason is one row."""
    groups: dict[object, list[ReportRow]] = {}
    for row in found:
        groups.setdefault(same(row) if row.worst.status == Status.SKIP else row.name, []).append(row)
    return [(_name(tuple(group), style), group[0]) for group in groups.values()]


def _name(group: Group, style: Style) -> str:
    """One row's name without its view, which the cells say."""
    if len(group) == 1 or not style.terminal:
        return ", ".join([printable(row.name) for row in group])
    return ", ".join(names([row._replace(now=row.worst) for row in group]))


def _rule(title: str, style: Style) -> str:
    line = ("─" if style.symbols else "-") * (style.width - columns(title) - 4)
    start = "──" if style.symbols else "--"
    return f"{paint(start, 'dim', style)} {paint(title, 'bold', style)} {paint(line, 'dim', style)}"


def _row(name: str, row: ReportRow, room: int, style: Style) -> Iterator[str]:
    """The row, and its finding: beside the name where it has room, else below it, in as many lines as it takes."""
    from nodecheck.render.details import wrapped

    worst = row.worst
    start = f"{paint(mark(worst, style), tone(worst), style)} {_cell(row.now, style)}{_cell(row.boot, style)}"
    dim = worst.status == Status.SKIP
    beside = columns(name) <= room
    below = CELLS + 2 if style.width - CELLS - 2 >= LEAST_FINDING else 4
    wide = style.width - CELLS - room - 2 >= LEAST_FINDING
    indent = CELLS + room + 2 if wide else below
    head = padded(name, room) + "  " if beside and wide else ""
    lines = [line[indent:] for line in wrapped(" " * indent, text_of(worst), style)]
    if not head:
        yield from wrapped(start, name, style, CELLS)
    for place, line in enumerate(lines):
        before = start + head if head and place == 0 else " " * indent
        yield (before + (paint(line, "dim", style) if dim else line)).rstrip()


def _cell(result: Result | None, style: Style) -> str:
    if result is None:
        return paint("-", "dim", style) + " " * 7
    name = word(result)
    return paint(name, tone(result), style) + " " * (8 - len(name))
