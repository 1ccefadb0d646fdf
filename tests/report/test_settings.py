"""One function counts what is not well, for every verb that says it in words."""

from __future__ import annotations

from nodecheck.audit.show_history import baseline_text
from nodecheck.audit.store import Baseline
from nodecheck.model.outcomes import BOOT, NOW, Result, Severity, Status
from nodecheck.planning import plan
from nodecheck.render.text import render
from nodecheck.report.settings import in_short
from tests.fix.reports import failing, report_of


def both(name: str, status: Status, severity: Severity = Severity.ERROR) -> list[Result]:
    """One setting, in both views."""
    one = failing(name, None, severity)._replace(status=status)
    return [one._replace(id=f"{name}@boot" * (view == BOOT) or name, view=view) for view in (NOW, BOOT)]


def test_run_plan_audit_and_baseline_count_alike() -> None:
    """Two views of one setting are one setting for each of them."""
    report = report_of(
        *both("a", Status.FAIL), *both("b", Status.FAIL, Severity.WARNING), *both("c", Status.UNKNOWN),
        *both("d", Status.WAIVED),
    )  # fmt: skip
    baseline = Baseline(1, "2026-11-23T01:02:03.004Z", "root", report)

    assert report.summary.unknown == 2
    assert in_short(report) == "FAIL: 1 error, 1 warning, 1 unknown, 1 waived"
    assert render(report).startswith("FAIL: 1 error (a), 1 warning, 1 unknown, 1 waived\n")
    assert plan(report).doubt == "1 setting could not be judged: nodecheck run says why"
    assert f", {in_short(report)}\n" in baseline_text(baseline)


def test_what_could_not_be_judged_is_said_alike() -> None:
    report = report_of(*both("c", Status.UNKNOWN), *both("e", Status.UNKNOWN))

    assert in_short(report) == "UNKNOWN: 2 settings could not be judged"
    assert render(report).startswith("UNKNOWN: 2 settings could not be judged (c, e)\n")
    assert plan(report).doubt == "2 settings could not be judged: nodecheck run says why"
