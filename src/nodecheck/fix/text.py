"""The plan for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodecheck.fix import Command, Create, Edit, Step
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.fix.plan import Plan


def told(step: Step) -> str:
    """One step in one line."""
    if isinstance(step, Command):
        from shlex import quote

        return "run " + " ".join([quote(printable(word)) for word in step.argv])
    if isinstance(step, Edit):
        return f"in {printable(step.path)} replace {printable(step.before)!r} by {printable(step.after)!r}"
    if isinstance(step, Create):
        return f"write {printable(step.path)}: {printable(step.content)!r}"
    return printable(step.text)


def render_plan(plan: Plan) -> str:
    """The plan, a step a line."""
    lines = [f"{place}. {told(item.step)}  [{', '.join(item.for_)}]" for place, item in enumerate(plan.steps, 1)]
    lines += [f"not fixed: {printable(item.id)}: {printable(item.why)}" for item in plan.not_fixed]
    return "\n".join(lines or ["nothing is to be done"]) + "\n"
