"""Counts, coverage, verdict and exit code: computed here and nowhere else (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Set

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.report.model import Report
from nodecheck.report.parts import Summary

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


EXIT_MAPS = ("run", "nagios", "npd")
"""Whose exit codes a command gives: nodecheck's own, Nagios's plugins', node-problem-detector's custom plugins'."""

NAGIOS_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
"""The states of a Nagios plugin by its exit code."""


def mapped_exit_code(report: Report, exit_map: str = "run") -> int:
    """The exit code of a report by one of :data:`EXIT_MAPS`.

    nagios: 2 (CRITICAL) for a failure of severity error, 1 (WARNING) for another failure at or above ``--fail-on``,
    3 (UNKNOWN) where the run could not judge, 1 for a failure of severity warning below ``--fail-on``, else 0.
    npd: 0 (OK), 1 (NonOK) where the run failed, 2 (Unknown) where it could not judge.
    """
    return mapped_code(report.exit_code, {result.severity for result in report.failures}, exit_map)


def mapped_code(code: int, failed: Set[Severity], exit_map: str) -> int:
    """An exit code 0, 1 or 3 by one of :data:`EXIT_MAPS`; ``failed`` are the severities of what failed."""
    if exit_map == "npd":
        return {OK: 0, FAILED: 1}.get(code, 2)
    if exit_map != "nagios":
        return code
    if code == FAILED:
        return 2 if Severity.ERROR in failed else 1
    if code == UNJUDGED:
        return 3
    return 1 if Severity.WARNING in failed else 0


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
