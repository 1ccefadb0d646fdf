"""Counts, coverage, verdict and exit code: computed here and nowhere else (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.checking.model import Result, Severity, Status
from nodecheck.report.model import Summary

OK = 0
FAILED = 1
USAGE = 2
UNJUDGED = 3
BUG = 70
UNWRITTEN = 74
LOCKED = 75
INTERRUPTED = 130
TERMINATED = 143

_VERDICTS = {OK: "pass", FAILED: "fail", UNJUDGED: "unknown"}
_JUDGED = (Status.PASS, Status.FAIL, Status.WAIVED)


def exit_code(results: Iterable[Result], fail_on: str) -> int:
    """The exit code of a run: a failure wins over unknown, and judging nothing is not a pass."""
    code, judged = OK, False
    for result in results:
        judged = judged or result.status in _JUDGED
        if result.severity.reaches(fail_on):
            if result.status == Status.FAIL:
                return FAILED
            if result.status == Status.UNKNOWN:
                code = UNJUDGED
    return code if judged else UNJUDGED


def summary_of(results: tuple[Result, ...], fail_on: Severity | str) -> Summary:
    """The summary of the results."""
    counts = dict.fromkeys(Status, 0)
    for result in results:
        counts[result.status] += 1
    judged = sum(counts[status] for status in _JUDGED)
    could = judged + counts[Status.UNKNOWN]
    code = exit_code(results, fail_on)
    coverage = round(judged / could, 4) if judged else 0.0
    passed, failed, waived = counts[Status.PASS], counts[Status.FAIL], counts[Status.WAIVED]
    unknown, skipped = counts[Status.UNKNOWN], counts[Status.SKIP]
    return Summary(_VERDICTS[code], code, passed, failed, unknown, skipped, waived, coverage)
