"""What a check is written with: ``@check`` and the outcomes that it yields."""

from nodecheck.checking.declare import Check, Lazy, Results, check, fail, ok, skip, unknown
from nodecheck.checking.model import Cause, Evidence, Outcome, Result, Severity, Status, seen

__all__ = [
    "Cause",
    "Check",
    "Evidence",
    "Lazy",
    "Outcome",
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
