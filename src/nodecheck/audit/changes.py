"""What changed between reports: a pure function of what stood and of what was found (docs/audit.md).

The first law holds over time too: nothing is called fixed that could merely not be judged, or is no longer looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.audit.standing import (
    ABSENT,
    FAIL,
    PASS,
    SKIP,
    STEADY,
    UNKNOWN,
    WAIVED,
    Flap,
    Moment,
    Place,
    Seen,
    Standing,
    followed,
    seen_in,
    standing_of,
    with_evidence,
)
from nodecheck.checking.selectors import ENGINE_CHECKS
from nodecheck.model.outcomes import Cause, Result, Severity, Status, result_id
from nodecheck.record import NamedTuple
from nodecheck.report import Report

NEW_FAILURE = "new-failure"
UNWAIVED = "unwaived"
COVERAGE_LOST = "coverage-lost"
SEVERITY_CHANGED = "severity-changed"
WAIVED_NOW = "waived"
EVIDENCE_CHANGED = "evidence-changed"
APPEARED = "appeared"
GONE = "gone"
COVERAGE_REGAINED = "coverage-regained"
FIXED = "fixed"
STILL_FAILING = "still-failing"

KINDS = (
    NEW_FAILURE, UNWAIVED, COVERAGE_LOST, SEVERITY_CHANGED, WAIVED_NOW, EVIDENCE_CHANGED, APPEARED, GONE,
    COVERAGE_REGAINED, FIXED, STILL_FAILING,
)  # fmt: skip
"""Every kind, in the order in which changes are told."""


class Change(NamedTuple):
    """One change of one result; ``before`` and ``after`` are statuses, None where there was or is no such result."""

    kind: str
    id: str
    check: str
    subject: str | None
    view: str
    severity: str
    before: str | None
    after: str | None
    message: str
    """What is said of it now; of what is gone, what was last said."""
    was: str | None
    """What was said before; of ``severity-changed``, the severity before."""
    cause: Cause | None
    since: Moment | None
    """Since when it fails, or failed until now; else since when it stood as it did before. None where two reports are
    all that is known."""
    fix: str | None
    """The title of the fix of what fails."""


class Step(NamedTuple):
    """What stands after a report, what changed, and what fails as it failed before."""

    standings: dict[str, Standing]
    changes: tuple[Change, ...]
    still: tuple[Change, ...]


def diff(old: Report, new: Report) -> tuple[Change, ...]:
    """What changed from one report to another, what matters most first; what fails in both is ``still-failing``.

    Two reports cannot tell since when: ``since`` is None.
    """
    return contrasted(old, new, {})


def contrasted(old: Report, new: Report, known: Mapping[str, str]) -> tuple[Change, ...]:
    """As :func:`diff`; ``known`` are fingerprints that the later version found for what the earlier report says."""
    stood, moment = standing_of(old, Moment(None, old.run.started_at)), Moment(None, new.run.started_at)
    found = step(stood, new, moment, version=old.tool.version, known=known)
    return tuple([change._replace(since=None) for change in (*found.changes, *found.still)])


def step(
    standings: Mapping[str, Standing] | None, report: Report, moment: Moment, flap: Flap = STEADY,
    version: str | None = None, known: Mapping[str, str] | None = None,
) -> Step:  # fmt: skip
    """Hold a report against what stood; ``standings`` is None for the first report, of which all is told that fails.

    ``version`` is that of the nodecheck that judged what stood; None: the same as judged the report. Another version
    may read the same facts elsewhere, and look at more. So its evidence is no news, but where ``known`` (id to
    fingerprint) holds what it found itself; and what it is the first to look at is told as of a first report.
    """
    seen = seen_in(report.results)
    first = standings is None
    other = version is not None and version != report.tool.version
    old = with_evidence(standings or {}, known or {}) if other else standings or {}
    stood = _stood(old)
    after: dict[str, Standing] = {}
    changes: list[Change] = []
    for name in sorted({*old, *seen.results}):
        before = old.get(name)
        anew = first or (other and before is None)
        now = followed(before, name, seen, moment, STEADY if anew else flap)
        if now is not None:
            after[name] = now
        told = _changes(name, before, now, seen, None if first else stood)
        changes.extend(told if not anew else [item for item in told if _is_told_first(item, seen)])
    still = tuple(_still(name, old, after[name], seen) for name in sorted(after) if _fails_still(name, old, after))
    return Step(after, tuple(sorted(changes, key=_place)), still)


class Stood(NamedTuple):
    """Where something stood before, by check and view."""

    anything: frozenset[Place]
    subjects: frozenset[Place]
    nothing: frozenset[Place]
    """Where the check had said, without a subject, that there is nothing to look at, or nothing wrong."""


def _stood(old: Mapping[str, Standing]) -> Stood:
    told = [((standing.check, standing.view), standing) for standing in old.values() if standing.status != ABSENT]
    return Stood(
        frozenset([place for place, _ in told]),
        frozenset([place for place, standing in told if standing.subject is not None]),
        frozenset([place for place, standing in told if standing.subject is None and standing.status in (PASS, SKIP)]),
    )


def _place(change: Change) -> tuple[int, int, str]:
    return KINDS.index(change.kind), ("error", "warning", "info").index(change.severity), change.id


def _fails_still(name: str, old: Mapping[str, Standing], after: Mapping[str, Standing]) -> bool:
    return after[name].status == FAIL and name in old and old[name].status == FAIL


def _changes(
    name: str, before: Standing | None, now: Standing | None, seen: Seen, stood: Stood | None
) -> Iterator[Change]:
    was = ABSENT if before is None else before.status
    status = ABSENT if now is None else now.status
    if was != status:
        if stood is None:
            yield _change(NEW_FAILURE if status == FAIL else APPEARED, name, before, now, seen)
        elif not _makes_room(before, now, seen, stood):
            yield _change(_kind(before, now, seen, stood), name, before, now, seen)
        return
    if before is None or now is None:
        return
    if before.severity != now.severity and status in (FAIL, UNKNOWN, WAIVED):
        yield _change(SEVERITY_CHANGED, name, before, now, seen)._replace(was=before.severity)
    if before.fingerprint not in ("", now.fingerprint) and status != UNKNOWN:
        yield _change(EVIDENCE_CHANGED, name, before, now, seen)


def _makes_room(before: Standing | None, now: Standing | None, seen: Seen, stood: Stood) -> bool:
    """Whether a check's "there is nothing" comes in place of its subjects, or goes where they come: they tell it."""
    told = now or before
    if told is None or told.subject is not None:
        return False
    place = (told.check, told.view)
    if now is None:
        return told.status in (PASS, SKIP) and place in seen.subjects
    came = before is None or before.status == ABSENT
    return came and now.status in (PASS, SKIP) and place in stood.subjects and place not in seen.subjects


def _is_told_first(change: Change, seen: Seen) -> bool:
    """Whether the first report tells of a result: what only a running system can tell is no news of a directory."""
    return seen.results[change.id].status in (Status.FAIL, Status.UNKNOWN)


def _kind(before: Standing | None, now: Standing | None, seen: Seen, stood: Stood) -> str:
    status = ABSENT if now is None else now.status
    was = ABSENT if before is None else before.status
    failed = before is not None and before.failing is not None
    if status == FAIL:
        if was == UNKNOWN and failed:
            return COVERAGE_REGAINED
        return UNWAIVED if was == WAIVED else NEW_FAILURE
    if status == WAIVED:
        return COVERAGE_REGAINED if was == UNKNOWN and failed else WAIVED_NOW
    if status == PASS:
        if failed:
            return FIXED
        return COVERAGE_REGAINED if was == UNKNOWN else APPEARED
    if status == UNKNOWN:
        return COVERAGE_LOST if was != ABSENT or _is_blind(now, seen, stood) else APPEARED
    return _left(before, status, seen)


def _is_blind(now: Standing | None, seen: Seen, stood: Stood) -> bool:
    """Whether what cannot be judged, and was not there before, is all that is left of a check that could be judged."""
    if now is None:
        return False
    place = (now.check, now.view)
    return place in (stood.anything if now.subject is None else stood.nothing) and (
        now.subject is None or place in seen.hidden
    )


def _left(before: Standing | None, status: str, seen: Seen) -> str:
    """The kind of what does not apply, or is not there any more."""
    if before is None or before.status == ABSENT:
        return APPEARED
    if before.status != UNKNOWN or before.failing is not None:
        return GONE
    if status == SKIP:
        return COVERAGE_REGAINED
    # What could not be judged made room for what can: "could not look" for subjects, a subject for "there is nothing".
    instead = before.subject is None or _whole(before, seen) is not None
    return COVERAGE_REGAINED if instead and (before.check, before.view) in seen.judged else GONE


def _whole(standing: Standing, seen: Seen) -> Result | None:
    """What the check says now without a subject, in place of subjects."""
    found = seen.results.get(result_id(standing.check, None, standing.view))
    return found if found is not None and (standing.check, standing.view) not in seen.subjects else None


def _change(kind: str, name: str, before: Standing | None, now: Standing | None, seen: Seen) -> Change:
    told = now or before
    assert told is not None
    result = seen.results.get(name)
    return Change(
        kind,
        name,
        told.check,
        told.subject,
        told.view,
        told.severity,
        None if before is None else before.status or None,
        _after(now, result),
        _message(kind, told, now, seen),
        None if before is None or before.status == ABSENT or now is None else before.message,
        None if result is None else result.cause,
        since(kind, before, now),
        None if result is None or result.fix is None or told.status != FAIL else result.fix.title,
    )


def _after(now: Standing | None, result: Result | None) -> str | None:
    if now is None:
        return None
    return result.status.value if now.status == UNKNOWN and result is not None else now.status or None


def _message(kind: str, told: Standing, now: Standing | None, seen: Seen) -> str:
    if now is not None:
        lost = kind == COVERAGE_LOST and result_id(told.check, told.subject, told.view) not in seen.results
        return f"cannot be judged, as {seen.hidden_by(told)} cannot" if lost else told.message
    whole = _whole(told, seen) if told.subject is not None else None
    if kind == COVERAGE_REGAINED:
        return f"its subjects are judged again; it was: {told.message}" if whole is None else whole.message
    left_out = told.check not in seen.checks and told.check not in ENGINE_CHECKS
    why = "no longer looked at" if left_out else "no longer there"
    if whole is not None and whole.status != Status.UNKNOWN:
        why = whole.message
    return f"{why}; it was: {told.message}" if told.status != SKIP else why


_OF_NOW = (UNWAIVED, COVERAGE_REGAINED, EVIDENCE_CHANGED, SEVERITY_CHANGED, STILL_FAILING)


def since(kind: str, before: Standing | None, now: Standing | None) -> Moment | None:
    """Since when what a change tells of is so, or was so until now: see :class:`Change`.

    A failure reaches back over times in which it could not be judged or was waived.
    """
    if kind in (NEW_FAILURE, APPEARED) and now is not None:
        return now.since
    if kind in _OF_NOW and now is not None and now.failing:
        return now.failing
    if before is None or (kind == GONE and before.status == UNKNOWN):
        return None if before is None else before.failing
    return before.failing or before.since


def _still(name: str, old: Mapping[str, Standing], now: Standing, seen: Seen) -> Change:
    return _change(STILL_FAILING, name, old[name], now, seen)


def worse(change: Change, fail_on: str) -> int:
    """1 for a change that makes something fail at or above ``fail_on``, 3 for one that loses sight of it, else 0."""
    if not Severity(change.severity).reaches(fail_on):
        return 0
    if change.kind in (NEW_FAILURE, UNWAIVED):
        return 1
    if change.kind == SEVERITY_CHANGED and not Severity(change.was).reaches(fail_on):
        return {FAIL: 1, UNKNOWN: 3}.get(change.after or "", 0)
    return 3 if change.kind == COVERAGE_LOST or (change.kind == APPEARED and change.after == UNKNOWN) else 0


def exit_code(changes: tuple[Change, ...], fail_on: str) -> int:
    """The exit code by the changes alone: 0 nothing worse, 1 a new failure, 3 coverage lost and no new failure."""
    codes = {worse(change, fail_on) for change in changes}
    return 1 if 1 in codes else 3 if 3 in codes else 0
