"""What of a report goes to a log: the summary, and each result that fails or is unknown, the worst first."""

from __future__ import annotations

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.render.rows import worst_first
from nodecheck.report import Report

MOST_ENTRIES = 100
"""Results that are logged; the summary counts the others."""

ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
"""syslog(3)'s priorities."""

_FAILED = {Severity.ERROR: ERROR, Severity.WARNING: WARNING, Severity.INFO: NOTICE}


def logged(report: Report) -> list[Result]:
    """The results that have an entry of their own."""
    return worst_first([one for one in report.results if one.status in (Status.FAIL, Status.UNKNOWN)])[:MOST_ENTRIES]


def priority(result: Result) -> int:
    """syslog's priority of a result: what failed by its severity, what is unknown a warning or less."""
    found = _FAILED[result.severity]
    return found if result.status == Status.FAIL else max(found, WARNING)


def summary_priority(report: Report) -> int:
    """syslog's priority of the summary: the verdict counts."""
    return {"pass": INFO, "fail": ERROR}.get(report.summary.verdict, WARNING)


def summary_line(report: Report) -> str:
    """The verdict and the counts in one line.

    A number of log lines that is bounded must say what it leaves out, so the counts are those of the whole report.
    """
    told = report.summary
    counts = f"{told.failed} failed, {told.unknown} unknown, {told.waived} waived, {told.passed} passed"
    return f"{told.verdict}: {counts}, {told.skipped} skipped"
