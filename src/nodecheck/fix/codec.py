"""The plan's JSON form, schema 1."""

from __future__ import annotations

from typing import Any

from nodecheck.fix.planned import SCHEMA, SCHEMA_VERSION, Planned, PlanStep
from nodecheck.report.codec import step_dict


def plan_dict(plan: Planned) -> dict[str, Any]:
    """The whole document."""
    return {
        "$schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "node": {**plan.node._asdict(), "os": plan.node.os._asdict()},
        "steps": [_step(item) for item in plan.steps],
        "not_fixed": [item._asdict() for item in plan.not_fixed],
    }


def _step(item: PlanStep) -> dict[str, Any]:
    """A step as in the report's fixes, and whom it is for."""
    about = {"title": item.title, "safety": item.safety, "reboot": item.reboot}
    return {"for": list(item.for_), **step_dict(item.step), **about}
