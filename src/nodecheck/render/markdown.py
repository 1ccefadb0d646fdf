"""The report as GitHub-flavoured Markdown, for issues, comments and job summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.markdown_parts import cell, code, findings, text
from nodecheck.render.rows import by_topic, word, worst_first
from nodecheck.report import Report
from nodecheck.report.settings import ReportRow, rank

MOST_BYTES = 65_000
"""GitHub takes comments of 65,536 characters; a job summary may have 1 MiB."""

_WIDEST_NOTE = 300

_OPEN = "\n<details>\n<summary>{}</summary>\n\n"
_CLOSE = "\n</details>\n"
_TABLE = "| | now | after reboot | check | finding |\n| --- | --- | --- | --- | --- |\n"


def render(report: Report) -> str:
    """The report, at most :data:`MOST_BYTES` long."""
    return render_markdown(report, MOST_BYTES)


def render_markdown(report: Report, most_bytes: int) -> str:
    """The report in at most ``most_bytes`` (from 4,000 on); what does not fit is counted at the end."""
    page = _Page(most_bytes - _WIDEST_NOTE)
    page.add("\n".join(_head(report)) + "\n")
    rows = [row for _, group in by_topic(report.results) for row in group]
    bad = sorted([row for row in rows if _bad(row.worst)], key=lambda row: rank(row.worst), reverse=True)
    if bad:
        page.block("\n### Needs attention\n\n" + _TABLE, map(_row, bad), "", "rows", share=3)
        failures = worst_first(result for result in report.results if _bad(result))
        page.block("\n", findings(failures), "", "findings in full")
    well = [row for row in rows if not _bad(row.worst)]
    if well:
        opened = _OPEN.format(f"What is well, waived or does not apply ({len(well)})") + _TABLE
        page.block(opened, map(_row, well), _CLOSE, "rows")
    if not rows:
        page.add("\nNothing was looked at.\n")
    return page.whole()


class _Page:
    """Text that grows up to a limit, and counts what did not fit."""

    def __init__(self, room: int) -> None:
        self._parts: list[str] = []
        self._room = room
        self._cut: dict[str, int] = {}

    def add(self, part: str) -> bool:
        """Add a part if there is room for it."""
        size = len(part.encode("utf-8"))
        if size > self._room:
            return False
        self._room -= size
        self._parts.append(part)
        return True

    def block(self, start: str, items: Iterable[str], end: str, name: str, share: int = 1) -> None:
        """Add as many items as fit between a start and an end, into that share of the room."""
        kept = self._room - self._room // share
        self._room -= kept + len(end.encode("utf-8"))
        opened = self.add(start)
        for item in items:
            if not (opened and self.add(item)):
                self._cut[name] = self._cut.get(name, 0) + 1
        self._parts.append(end if opened else "")
        self._room += kept

    def whole(self) -> str:
        """The text, with a line that tells what was cut."""
        if self._cut:
            told = " and ".join([f"{count} of the {name}" for name, count in self._cut.items()])
            self._parts.append(f"\n*Cut to fit: {told} are left out here; the JSON report has all.*\n")
        return "".join(self._parts)


def _bad(result: Result) -> bool:
    return result.status in (Status.FAIL, Status.UNKNOWN)


_ICONS = {"pass": "✅", "fail": "❌", "unknown": "❔"}


def _head(report: Report) -> Iterator[str]:
    found, node, used = report.summary, report.node, report.profile
    icon = _ICONS.get(found.verdict, _ICONS["unknown"])
    yield f"## {icon} {text(found.verdict.upper())}: nodecheck on {code(node.hostname or 'this node')}"
    yield ""
    yield (
        f"**{found.failed} failed, {found.unknown} unknown**, {found.waived} waived, {found.passed} passed, "
        f"{found.skipped} skipped; {found.coverage:.0%} of what applies was judged."
    )
    yield ""
    about = [text(part) for part in (node.os.pretty_name, node.kernel, node.arch) if part]
    if node.container is not None:
        about.append(f"a container: {text(node.container)}")
    about.append(f"profile {code(used.name)}")
    for label, value in (("role", used.role), ("Kubernetes", used.kubernetes), ("proxy", used.proxy_mode)):
        about.append(f"{label} {text(value) if value else 'not known'}")
    if used.phase is not None:
        about.append(f"phase {text(used.phase)}")
    if used.config is not None:
        about.append(text(str(used.config)))
    yield " · ".join([*about, f"at {text(report.run.started_at)}"])


_MARKS = {"FAIL": "❌", "warn": "⚠️", "info": "ℹ️", "unknown": "❔", "pass": "✅", "skip": "➖", "waived": "🟦"}


def _row(row: ReportRow) -> str:
    worst = row.worst
    now, boot = word(row.now), word(row.boot)
    return f"| {_MARKS[word(worst)]} | {now} | {boot} | {code(cell(row.name))} | {text(cell(worst.message))} |\n"
