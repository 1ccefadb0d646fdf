"""The verdict in words that cannot be misread, with what made it, and counts of settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.render.groups import names
from nodecheck.render.rows import ReportRow, by_topic, rows
from nodecheck.report import Report
from nodecheck.text import printable

MOST_NAMES = 3
"""Names of what made the verdict that stand beside it."""

WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def headline(report: Report) -> str:
    """The verdict and its reason in one sentence: ``PASS with 3 warnings (…)``, ``FAIL: 2 errors (…), 1 warning``."""
    verdict, parts = report.summary.verdict, list(_parts(report))
    if verdict == "pass":
        return (f"PASS with {', '.join(parts)}" if parts else f"PASS: {_all_of(report)}") + _idle(report)
    return f"{printable(verdict.upper())}: {', '.join(parts) or 'nothing was judged'}"


def _parts(report: Report) -> Iterator[str]:
    """How many settings are not well in which way; those are named that made the verdict."""
    settings, verdict = rows(report.results), report.summary.verdict
    unknown = having(settings, Status.UNKNOWN)
    if verdict == "unknown" and unknown:
        yield f"{counted(len(unknown), 'setting')} could not be judged{_named(unknown)}"
    for level, word in WORDS.items():
        failed, counts = having(settings, Status.FAIL, level), level.reaches(report.run.fail_on)
        if failed and (counts or level != Severity.INFO):
            yield counted(len(failed), word) + (_named(failed) if counts or verdict == "pass" else "")
    if verdict != "unknown" and unknown:
        yield f"{len(unknown)} unknown{_named(unknown) if verdict == 'pass' else ''}"
    if waived := having(settings, Status.WAIVED):
        yield f"{len(waived)} waived"


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


def counted(count: int, word: str) -> str:
    """A number and its word.

    >>> counted(1, "error"), counted(2, "error")
    ('1 error', '2 errors')
    """
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def settings_and_results(settings: int, results: int) -> str:
    """How many settings, and how many results the report's summary counts where those are more.

    >>> settings_and_results(2, 3), settings_and_results(2, 2)
    ('2 settings (3 results)', '2 settings')
    """
    more = f" ({counted(results, 'result')})" if results != settings else ""
    return counted(settings, "setting") + more


def having(settings: Iterable[ReportRow], status: Status, level: Severity | None = None) -> list[ReportRow]:
    """The settings of which a view has this status, each with such views alone; ``level``: of the worst of these."""
    found = [row._replace(now=_if(row.now, status), boot=_if(row.boot, status)) for row in settings]
    there = [row for row in found if row.now or row.boot]
    return [row for row in there if level is None or row.worst.severity == level]


def _if(result: Result | None, status: Status) -> Result | None:
    return result if result is not None and result.status == status else None


def _named(settings: list[ReportRow]) -> str:
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
