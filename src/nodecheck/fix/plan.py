"""The plan: the fixes of a report's failures, ordered and without duplicates. A pure function; nothing runs here."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from nodecheck.fix.merge import Fixing, Merger
from nodecheck.fix.order import ordered
from nodecheck.model.outcomes import Result
from nodecheck.model.steps import DISRUPTIVE, MANUAL, SAFE, Manual, Step
from nodecheck.record import NamedTuple
from nodecheck.report import Node, Report, Source
from nodecheck.text import printable

SCHEMA = "urn:nodecheck:schema:plan:1"
SCHEMA_VERSION = "1.0"


class PlanStep(NamedTuple):
    """One step, and the ids of the results that it is for.

    ``title`` is that of the first fix that has the step; ``safety`` is ``disruptive`` where any of its fixes is;
    ``reboot``: what it mends holds only after a reboot.
    """

    for_: tuple[str, ...]
    step: Step
    title: str
    safety: str = SAFE
    reboot: bool = False


class NotFixed(NamedTuple):
    """A failure that the plan leaves as it is, and why (what a person can do, where that is known)."""

    id: str
    why: str


class Plan(NamedTuple):
    """What is to be done, in this order, and what is not mended by it."""

    node: Node
    source: Source
    run_id: str
    steps: tuple[PlanStep, ...]
    not_fixed: tuple[NotFixed, ...]
    unknown: int = 0
    """Results that could not be judged: whether they need a fix is not known."""
    judged: bool = True
    """Whether anything was."""

    @property
    def reboot(self) -> bool:
        """Whether something holds only after a reboot."""
        return any(step.reboot for step in self.steps)

    @property
    def disruptive(self) -> bool:
        """Whether something is restarted or cut."""
        return any(step.safety == DISRUPTIVE for step in self.steps)

    @property
    def doubt(self) -> str | None:
        """What the plan cannot speak of, in words; None where everything was judged."""
        if not self.judged:
            return "nothing was judged: nodecheck run says why"
        results = "1 result" if self.unknown == 1 else f"{self.unknown} results"
        return f"{results} could not be judged: nodecheck run says why" if self.unknown else None

    @property
    def nothing(self) -> str:
        """What there is to say of a plan without steps, in words."""
        if self.not_fixed:
            return "nothing can be done"
        return "nothing is to be done" if self.doubt is None else "nothing failed"

    def left(self) -> dict[str, list[str]]:
        """The reasons why something is not fixed, each with the ids that it holds for."""
        whys: dict[str, list[str]] = {}
        for item in self.not_fixed:
            whys.setdefault(item.why, []).append(item.id)
        return whys

    def to_dict(self) -> dict[str, Any]:
        """The plan as the JSON document's dictionaries, lists and strings."""
        from nodecheck.fix.codec import plan_dict

        return plan_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as a JSON document, ASCII only."""
        import json

        return json.dumps(self.to_dict(), indent=indent)

    def to_script(self) -> str:
        """The plan as a POSIX shell script, which checks everything before it changes anything."""
        from nodecheck.fix.script import script

        return script(self)

    def to_text(self) -> str:
        """The plan for people: plain text, wrapped at 100 columns."""
        from nodecheck.render.plan import render_plan
        from nodecheck.render.style import Style

        return render_plan(self, Style())


def plan(report: Report) -> Plan:
    """The plan for a report: of every result that failed and that no waiver covers.

    What is only for information (severity ``info``) is planned for a report that was to fail on it (``--fail-on
    info``), and is in ``not_fixed`` otherwise: nothing keeps the node from its work.

    A fix is taken whole or not at all. What has none, one that only a person can apply, or one that contradicts
    another's, is in ``not_fixed``; of two that contradict each other the one of the graver result counts. Fixes that
    begin with the same step by hand (drain the node) are one undertaking: where one is left to a person, all are.
    """
    merger = Merger()
    not_fixed: dict[str, str] = {}
    asked = [result for result in report.failures if result.severity.reaches(_least(report))]
    for result in report.failures:
        if result not in asked:
            not_fixed[result.id] = "it is only for information: plan --fail-on info mends that too"
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
    return Plan(report.node, report.run.source, report.run.id, steps, left, found.unknown, judged)


def _least(report: Report) -> str:
    return "info" if report.run.fail_on == "info" else "warning"


def _gravest_first(result: Result) -> int:
    return next(rank for rank, level in enumerate(("error", "warning", "info")) if result.severity.reaches(level))


def _fixing(result: Result) -> Fixing:
    assert result.fix is not None
    return Fixing(result.id, result.fix)


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
