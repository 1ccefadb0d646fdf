"""Reports of failures with given fixes."""

from __future__ import annotations

from nodecheck.checking import Cause, Evidence, Result, Severity, Status
from nodecheck.model.outcomes import Waived, result_id
from nodecheck.model.steps import SAFE, Fix, Step
from nodecheck.report import Node, OsName, ProfileUsed, Report, Run, Source, Tool
from nodecheck.report.summary import summary_of

UUID = "3f2b8c1e-0000-4000-8000-000000000000"
HERE = (Evidence("/etc/f", None, "x"),)


def mended(*steps: Step, safety: str = SAFE, reboot: bool = False, title: str = "Mend it") -> Fix:
    return Fix(title, steps, safety, reboot)


def failing(
    name: str,
    fix: Fix | None,
    severity: Severity = Severity.ERROR,
    status: Status = Status.FAIL,
    view: str = "now",
) -> Result:
    """A result of ``check[subject]``, or of a check alone."""
    check, _, subject = name.removesuffix("]").partition("[")
    waiver = Waived(name, "known", None, None) if status is Status.WAIVED else None
    cause = Cause("denied", "EACCES") if status in (Status.UNKNOWN, Status.SKIP) else None
    return Result(
        result_id(check, subject or None, view), check, subject or None, view, status, severity, "It is well.",
        "it is not well", None, None, cause, HERE, fix, waiver, (), (), "sha256:" + "0" * 64, 0.0,
    )  # fmt: skip


def report_of(
    *results: Result,
    root: str | None = None,
    hostname: str | None = None,
    run_id: str = UUID,
    fail_on: str = "error",
) -> Report:
    """A report of these results, sorted by id as a report's are."""
    found = tuple(sorted(results, key=lambda result: result.id))
    source = Source("live", "/") if root is None else Source("root", root)
    started = "2026-11-23T01:02:03Z"
    return Report(
        Tool("nodecheck", "0.1.0", ()),
        Run(run_id, started, started, 0.1, "complete", source, True, fail_on),
        Node(hostname, None, None, None, None, OsName(None, None, None)),
        ProfileUsed("kubernetes", "sha256:" + "0" * 64, None, None, None, None),
        summary_of(found, "error"),
        found,
    )


def of(*fixes: Fix) -> Report:
    """A report with a failure for each fix, ``a``, ``b``, ``c`` …"""
    return report_of(*[failing(chr(ord("a") + place), fix) for place, fix in enumerate(fixes)])
