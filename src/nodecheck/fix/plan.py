"""The plan: the fixes of a report's failures, ordered and without duplicates. A pure function; nothing runs here."""

from __future__ import annotations

from collections.abc import Container

from nodecheck.fix.merge import Fixing, Merger
from nodecheck.fix.order import ordered
from nodecheck.fix.planned import NotFixed, Planned, PlanStep
from nodecheck.model.outcomes import Result, Status
from nodecheck.model.steps import MANUAL, Manual
from nodecheck.report import Report
from nodecheck.report.settings import having, rows
from nodecheck.text import printable


def plan(report: Report) -> Planned:
    """The plan for a report: of every result that failed and that no waiver covers.

    What is only for information (severity ``info``) is planned for a report that was to fail on it (``--fail-on
    info``), and is in ``not_fixed`` otherwise: nothing keeps the node from its work.

    A fix is taken whole or not at all. What has none, one that only a person can apply, or one that contradicts
    another's, is in ``not_fixed``; of two that contradict each other the one of the graver result counts. Fixes that
    begin with the same step by hand (drain the node) are one undertaking: where one is left to a person, all are.
    """
    merger = Merger()
    not_fixed: dict[str, str] = {}
    asked: list[Result] = []
    for result in report.failures:
        if result.severity.reaches(_least(report)):
            asked.append(result)
        else:
            not_fixed[result.id] = "its severity is info: plan --fail-on info fixes that too"
    left_out = {begin for result in asked if _unplannable(result) and (begin := _begin(result))}
    for result in sorted(asked, key=_gravest_first):
        why = _unplannable(result, left_out) or merger.add(_fixing(result))
        if why is not None:
            not_fixed[result.id] = why
    order = [result.id for result in report.results]
    steps = tuple([PlanStep(*item) for item in ordered(merger, order)])
    left = tuple([NotFixed(name, printable(not_fixed[name])) for name in order if name in not_fixed])
    found = report.summary
    judged = bool(found.passed or found.failed or found.waived)
    unknown = len(having(rows(report.results), Status.UNKNOWN))
    return Planned(report.node, report.run.source, report.run.id, steps, left, unknown, judged, report.profile.config)


def _least(report: Report) -> str:
    return "info" if report.run.fail_on == "info" else "warning"


def _gravest_first(result: Result) -> int:
    return next(rank for rank, level in enumerate(("error", "warning", "info")) if result.severity.reaches(level))


def _fixing(result: Result) -> Fixing:
    assert result.fix is not None
    return Fixing(result.id, result.fix, _gravest_first(result))


def _begin(result: Result) -> str | None:
    """The step by hand with which a fix of several steps begins."""
    steps = () if result.fix is None else result.fix.steps
    return steps[0].text if len(steps) > 1 and isinstance(steps[0], Manual) else None


def _unplannable(result: Result, left_out: Container[str | None] = ()) -> str | None:
    """Why a result's fix cannot be a part of a plan; None where it can. ``left_out``: how those begin that cannot."""
    fix = result.fix
    if fix is None:
        return f"no fix is known: {result.message}"
    by_hand = [step.text for step in fix.steps if isinstance(step, Manual)]
    if fix.safety == MANUAL or len(by_hand) == len(fix.steps) or _begin(result) in left_out:
        from nodecheck.fix.text import told

        return f"{fix.title}: " + "; ".join([told(step) for step in fix.steps])
    return None
