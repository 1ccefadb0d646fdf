"""The verdict in words that cannot be misread, with what made it, and counts of settings."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.model.outcomes import Status
from nodecheck.render.groups import names
from nodecheck.render.rows import by_topic
from nodecheck.report import Report
from nodecheck.report.settings import ReportRow, in_words, rows, verdict_parts
from nodecheck.text import printable

MOST_NAMES = 3
"""Names of what made the verdict that stand beside it."""


def headline(report: Report) -> str:
    """The verdict and its reason in one sentence: ``PASS with 3 warnings (…)``, ``FAIL: 2 errors (…), 1 warning``."""
    verdict = report.summary.verdict
    parts = [part.text + (_named(part.settings) if part.made else "") for part in verdict_parts(report)]
    well = _all_of(report) if verdict == "pass" and not parts else ""
    return in_words(printable(verdict), parts, well) + (_idle(report) if verdict == "pass" else "")


def _all_of(report: Report) -> str:
    count = sum(row.worst.status == Status.PASS for row in rows(report.results))
    return "the setting that applies is fit" if count == 1 else f"all {count} settings that apply are fit"


def _idle(report: Report) -> str:
    """The topics of which nothing was judged, but for those of which only a running node can tell.

    So a machine without a runtime and a kubelet does not pass without a word of that.
    """
    topics = by_topic(report.results) if any(result.status == Status.SKIP for result in report.results) else []
    idle = [title for title, group in topics if _nothing_judged(group)]
    return f"; nothing of {', '.join(idle)} was judged" if idle else ""


def _nothing_judged(group: list[ReportRow]) -> bool:
    results = [result for row in group for result in (row.now, row.boot) if result is not None]
    causes = {result.cause.code for result in results if result.cause is not None}
    return all(result.status == Status.SKIP for result in results) and causes != {"offline"}


def _named(settings: Iterable[ReportRow]) -> str:
    """The names of a few: of several settings of one check the check alone."""
    found = [name if count == 1 else f"{count} of {name}" for name, count in by_check(settings)]
    more = f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
    return f" ({', '.join(found[:MOST_NAMES])}{more})"


def by_check(settings: Iterable[ReportRow]) -> list[tuple[str, int]]:
    """The name of each setting that is its check's only one, with 1; else the check's name with their number."""
    found: dict[str, list[ReportRow]] = {}
    for row in settings:
        found.setdefault(row.worst.check, []).append(row)
    return [(names(group)[0] if len(group) == 1 else printable(check), len(group)) for check, group in found.items()]
