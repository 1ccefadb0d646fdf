"""An audit, or the difference of two reports, as JSON (schema audit, version 1)."""

from __future__ import annotations

from typing import Any

from nodecheck.audit.changes import KINDS, STILL_FAILING, Change
from nodecheck.audit.session import Audit, Drift, Notice
from nodecheck.audit.show_boots import held_dict
from nodecheck.audit.store import Untold, change_dict
from nodecheck.report import Report
from nodecheck.report.codec import header, summary_dict

SCHEMA = "urn:nodecheck:schema:audit:1"
SCHEMA_VERSION = "1.1"


def to_dict(audit: Audit) -> dict[str, Any]:
    """The document of an audit."""
    before = audit.before
    return {
        **_head(audit.report, audit.run),
        "before": None if before is None else {"run": before.run, "id": before.id, "started_at": before.at},
        "counts": _counts((*audit.changes, *audit.still)),
        "changes": [change_dict(change) for change in audit.changes],
        "still_failing": [change_dict(change) for change in audit.still],
        "baseline": None if audit.drift is None else _drift(audit.drift),
        "predictions": None if audit.held is None else held_dict(audit.held),
        "phase": _phase(audit),
        "untold": [_untold(item) for item in audit.untold],
        "notices": [notice._asdict() for notice in audit.notices],
    }


def diff_dict(
    old: Report, new: Report, runs: tuple[int | None, int | None], changes: tuple[Change, ...],
    notices: tuple[Notice, ...],
) -> dict[str, Any]:  # fmt: skip
    """The document of a difference; ``runs`` are the numbers of the two reports in the history, if they are of it."""
    return {
        **_head(new, runs[1]),
        "before": {"run": runs[0], "id": old.run.id, "started_at": old.run.started_at},
        "counts": _counts(changes),
        "changes": [change_dict(change) for change in changes if change.kind != STILL_FAILING],
        "still_failing": [change_dict(change) for change in changes if change.kind == STILL_FAILING],
        "baseline": None,
        "predictions": None,
        "phase": None,
        "untold": [],
        "notices": [notice._asdict() for notice in notices],
    }


def _head(report: Report, run: int | None) -> dict[str, Any]:
    head = header(report)
    return {
        "$schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": report.tool.name, "version": report.tool.version},
        "run": {"run": run, **head["run"]},
        "node": head["node"],
        "profile": head["profile"],
        "summary": summary_dict(report.summary),
    }


def _counts(changes: tuple[Change, ...]) -> dict[str, int]:
    counts = dict.fromkeys(KINDS, 0)
    for change in changes:
        counts[change.kind] += 1
    return {kind.replace("-", "_"): count for kind, count in counts.items()}


def _drift(drift: Drift) -> dict[str, Any]:
    found = drift.baseline
    return {
        "run": found.run,
        "id": found.report.run.id,
        "started_at": found.report.run.started_at,
        "accepted_at": found.accepted_at,
        "by": found.by,
        "changes": [change_dict(change) for change in drift.changes],
    }


def _phase(audit: Audit) -> dict[str, Any] | None:
    """What another phase brings and takes; None where it is the same."""
    before, after = None if audit.before is None else audit.before.phase, audit.report.profile.phase
    if not any(audit.move) and (before is None or after is None or before == after):
        return None
    brings, takes = [sorted([change.id for change in some]) for some in audit.move]
    return {"before": before, "after": after, "brings": brings, "takes": takes}


def _untold(item: Untold) -> dict[str, Any]:
    return {"run": item.run, "started_at": item.at, "changes": list(item.changes)}
