"""One line for node-problem-detector's custom plugin monitor, which keeps 80 bytes of it unless told otherwise.

It cuts anywhere, in the middle of a character too (``max_output_length``), so that the line is ASCII; the ids of what
failed come first. Nothing in the line differs from run to run while the node stays as it is: with message-change-based
updates each difference would be an update of the node's condition.
"""

from __future__ import annotations

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.rows import worst_first
from nodecheck.render.told import shown
from nodecheck.report import Report
from nodecheck.report.summary import mapped_exit_code
from nodecheck.text import printable

LONGEST = 4000
"""Bytes; node-problem-detector reads no more than 4096."""


def render(report: Report) -> str:
    """The line; its exit code is ``mapped_exit_code(report, "npd")``."""
    status = {0: None, 1: Status.FAIL}.get(mapped_exit_code(report, "npd"), Status.UNKNOWN)
    line = _well(report) if status is None else _bad(report, status)
    return line.encode("ascii", "backslashreplace")[:LONGEST].decode("ascii") + "\n"


def _well(report: Report) -> str:
    told = report.summary
    return f"fit: {told.passed} passed, {told.waived} waived"


def _bad(report: Report, status: Status) -> str:
    """What counts towards the exit code: ids first, then messages."""
    found = [one for one in report.results if one.status == status and one.severity.reaches(report.run.fail_on)]
    if not found:
        return "nothing could be judged"
    word = "failed" if status == Status.FAIL else "unknown"
    worst = worst_first(found)
    if len(worst) == 1:
        return f"{word}: {_said(worst[0])}"
    ids = ", ".join([printable(one.id) for one in worst])
    return f"{len(worst)} {word}: {ids}; {'; '.join([_said(one) for one in worst])}"


def _said(result: Result) -> str:
    return f"{printable(result.id)}: {shown(result.message)}"
