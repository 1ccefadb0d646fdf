"""What a check is written with: ``@check`` and the outcomes that it yields."""

from nodecheck.checking.declare import Check, Results, check, fail, ok, skip, unknown
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy, Per
from nodecheck.model.outcomes import Cause, Outcome, Result, Severity, Status

__all__ = [
    "Cause",
    "Check",
    "Evidence",
    "Lazy",
    "Outcome",
    "Per",
    "Result",
    "Results",
    "Severity",
    "Status",
    "check",
    "fail",
    "ok",
    "seen",
    "skip",
    "unknown",
]
