"""The node as witness: what holds now may take a pass of the next boot away, and does nothing else.

No list of what acts at boot is complete. Where the boot view passes, the present fails, and the node booted from the
same files, something acts that nodecheck does not know: the pass becomes ``unknown``, cause ``unexplained``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Subject, arguments
from nodecheck.checking.store import Facts, Key
from nodecheck.errors import FactError
from nodecheck.facts.services.this_boot import CLOCK_SLACK_S, ThisBoot
from nodecheck.model.evidence import Evidence
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.needs import needs_of
from nodecheck.model.outcomes import BOOT, NOW, Cause, Result, Status
from nodecheck.record import NamedTuple
from nodecheck.running.looked_at import Places

CAUSE = "unexplained"
MOST_TOLD = 3
"""Things of the present that the message names."""


class Contradiction(NamedTuple):
    """A pass of the boot view, and the failures of the present that speak against it."""

    boot: Result
    present: tuple[Result, ...]


def contradictions(results: Iterable[Result]) -> list[Contradiction]:
    """Where the present fails what the boot view passes: the same subject, or any where the pass is about all of them
    (``swap@boot`` and ``swap[/dev/sda2]``)."""
    failing: dict[str, list[Result]] = {}
    passing = []
    for result in results:
        if result.view == NOW and result.status == Status.FAIL:
            failing.setdefault(result.check, []).append(result)
        elif result.view == BOOT and result.status == Status.PASS:
            passing.append(result)
    found = []
    for boot in passing:
        present = [now for now in failing.get(boot.check, ()) if boot.subject in (None, now.subject)]
        if present:
            found.append(Contradiction(boot, tuple(present)))
    return found


def witnessed(
    results: list[Result], used: Mapping[str, Collection[Key]], check_of: Callable[[str], Check], facts: Facts
) -> list[Result]:
    """The results, each pass that the present contradicts and nothing explains as ``unknown``.

    ``used`` has the facts that each result of the boot view rests on, by its id; ``check_of`` gives a check by name.
    """
    found = contradictions(results)
    if not found:
        return results
    facts.note_in(None)
    try:
        boot = facts.get(ThisBoot)
    except FactError:
        return results
    if boot.began_s is None:
        return results
    places = Places(facts.host, (boot.began_s - CLOCK_SLACK_S) * 1_000_000_000)
    changed = {one.boot.id: _held_against(one, used, check_of(one.boot.check), facts, places) for one in found}
    return [changed.get(result.id) or result for result in results]


def explained(before: Iterable[Result], after: Iterable[Result]) -> set[str]:
    """The ids of the passes that stay though the present contradicts them: their message says why."""
    return {new.id for old, new in zip(before, after) if old.message != new.message and old.status == new.status}


def _held_against(
    one: Contradiction, used: Mapping[str, Collection[Key]], check: Check, facts: Facts, places: Places
) -> Result | None:
    """What becomes of a pass; None where nothing does."""
    try:
        told = [_explanation(check, now, facts) for now in one.present]
        left = [now for now, why in zip(one.present, told) if why is None]
        if not left:
            return one.boot._replace(message="; ".join([one.boot.message, *[why for why in told if why]]))
        asked = facts.questions(used.get(one.boot.id, ()))
        if not asked or any(places.changed(*question) for question in asked):
            return None
    except FactError:
        return None  # what cannot be looked at may have changed
    return _unexplained(one.boot, left)


def _explanation(check: Check, now: Result, facts: Facts) -> str | None:
    rule = check.explained
    return None if rule is None else rule(*arguments(needs_of(rule)[0], facts, Subject(now.subject)))


def _unexplained(boot: Result, present: list[Result]) -> Result:
    """The result, naming what holds."""
    holds = "; ".join([now.message for now in present[:MOST_TOLD]])
    if len(present) > MOST_TOLD:
        holds += f"; and {len(present) - MOST_TOLD} more"
    message = (
        f"{holds}. The node booted from the same files, and they say: {boot.message}. "
        "Something that nodecheck does not know did this at boot, or somebody did it by hand since"
    )
    evidence = _together([*boot.evidence, *[item for now in present[:MOST_TOLD] for item in now.evidence]])
    return boot._replace(
        status=Status.UNKNOWN,
        message=message,
        actual=present[0].actual,
        cause=Cause(CAUSE, holds),
        evidence=evidence,
        fingerprint=fingerprint(boot.id, Status.UNKNOWN, evidence),
    )


def _together(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(items))
