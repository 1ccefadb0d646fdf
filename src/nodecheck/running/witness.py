"""The node as witness: what holds now may take a pass of the next boot away, and does nothing else.

No list of what acts at boot is complete. Where the boot view passes, the present fails, and the node booted from the
same files, something acts that nodecheck does not know: the pass becomes ``unknown``, cause ``unexplained``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Subject, arguments, from_crash
from nodecheck.checking.store import Facts, Key
from nodecheck.errors import FactError, NotCaptured
from nodecheck.facts.services.this_boot import CLOCK_SLACK_S, ThisBoot
from nodecheck.host.record import Asked
from nodecheck.model.evidence import Evidence
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.needs import needs_of
from nodecheck.model.outcomes import Cause, Result, Status
from nodecheck.model.secrets import masked
from nodecheck.record import NamedTuple
from nodecheck.running.contradictions import Contradiction
from nodecheck.text import printable
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.running.looked_at import Places

CAUSE = "unexplained"
MOST_TOLD = 3
"""Things of the present that the message names."""


class Witnessed(NamedTuple):
    """What the present makes of some passes of the boot view."""

    changed: dict[str, Result]
    """By the id of the pass: the result that takes its place."""
    explained: frozenset[str]
    """The ids of those that stay passes: their message says why the present differs."""


def witnessed(
    found: Iterable[Contradiction], used: Mapping[str, Collection[Key]], check_of: Callable[[str], Check], facts: Facts
) -> Witnessed:
    """Hold passes against the present: what it contradicts and nothing explains is ``unknown``.

    ``used`` has the facts that each result of the boot view rests on, by its id; ``check_of`` gives a check by name.
    """
    facts.note_in(None)
    try:
        began_s = facts.get(ThisBoot).began_s
    except FactError:
        began_s = None
    if began_s is None:
        return Witnessed({}, frozenset())
    from nodecheck.running.looked_at import Places

    places = Places(facts.host, (began_s - CLOCK_SLACK_S) * 1_000_000_000)
    changed: dict[str, Result] = {}
    explained = set()
    for one in found:
        check = check_of(one.boot.check)
        try:
            why = [_explanation(check, now, facts) for now in one.present]
            if None not in why:
                told = printable(masked("; ".join([one.boot.message, *filter(None, why)])))
                changed[one.boot.id] = one.boot._replace(message=told)
                explained.add(one.boot.id)
            elif _is_unchanged(facts.questions(used.get(one.boot.id, ())), places):
                left = [now for now, told in zip(one.present, why) if told is None]
                changed[one.boot.id] = _unexplained(one.boot, left)
        except NotCaptured as error:  # the node itself would have been asked
            changed[one.boot.id] = _unknown(one.boot, str(error), Cause(error.code, str(error)), one.boot.evidence)
        except FactError:
            continue  # what cannot be looked at may have changed
        except (Exception, SystemExit) as error:  # the rule of a plugin: what it would have explained stays open
            told = printable(masked(from_crash(check, error, one.boot.subject).message))
            changed[one.boot.id] = _unknown(one.boot, told, Cause("crashed", told), one.boot.evidence)
    return Witnessed(changed, frozenset(explained))


def _is_unchanged(asked: Collection[Asked], places: Places) -> bool:
    """Whether the node booted from what a verdict rests on; of none that is nothing to say."""
    return bool(asked) and not any(places.changed(*question) for question in asked)


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
    evidence = tuple(dict.fromkeys([*boot.evidence, *[item for now in present[:MOST_TOLD] for item in now.evidence]]))
    return _unknown(boot, message, Cause(CAUSE, holds), evidence)._replace(actual=present[0].actual)


def _unknown(boot: Result, message: str, cause: Cause, evidence: tuple[Evidence, ...]) -> Result:
    return boot._replace(
        status=Status.UNKNOWN,
        message=message,
        cause=cause,
        evidence=evidence,
        fingerprint=fingerprint(boot.id, Status.UNKNOWN, evidence),
    )
