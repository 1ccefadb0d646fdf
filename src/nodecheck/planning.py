"""``nodecheck.plan()``: the plan of a report, in every form that it can have.

Beside :mod:`nodecheck.api`, so that to plan is not to import what judges, and above the renderers, which it asks.
"""

from __future__ import annotations

from typing import Any

from nodecheck.fix.plan import plan as plan_of
from nodecheck.fix.planned import Planned
from nodecheck.report import Report


class Plan(Planned):
    """What is to be done, in this order, and what it does not fix."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The plan as the JSON document's dictionaries, lists and strings."""
        from nodecheck.fix.codec import plan_dict

        return plan_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The plan as a JSON document, ASCII only."""
        import json

        return json.dumps(self.to_dict(), indent=indent)

    def to_script(self, *, keep_going: bool = False) -> str:
        """The plan as a POSIX shell script, which checks everything before it changes anything.

        It stops at the first step that fails. With ``keep_going`` it goes on, without the steps that need that one,
        and exits 1 at the end.
        """
        from nodecheck.fix.script import script

        return script(self, keep_going=keep_going)

    def to_text(self) -> str:
        """The plan for people: plain text, wrapped at 100 columns."""
        from nodecheck.render.plan import render_plan
        from nodecheck.render.style import Style

        return render_plan(self, Style())


def plan(report: Report) -> Plan:
    """The plan for a report: the fixes of each result that failed and that no waiver covers. A pure function.

    docs/plan.md says what it takes, and what it leaves to a person.
    """
    return Plan._make(plan_of(report))
