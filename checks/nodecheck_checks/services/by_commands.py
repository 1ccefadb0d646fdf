"""What commands of the boot do with a service: rc.local, own units and cron may start it, or stop it again."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Lazy, Outcome, Status, fail, ok, unknown
from nodecheck.errors import FactError
from nodecheck.facts import BootActs, BootStarts
from nodecheck.facts.acts.model import STARTS, STOPS, UNIT, Act, Effect
from nodecheck.facts.services.unit_start import NOT_PULLED
from nodecheck.fix import by_hand
from nodecheck_checks.services.names import candidates


def after_commands(outcome: Outcome, subject: str, starts: BootStarts, acts: Lazy[BootActs]) -> Outcome:
    """The outcome of a unit's own files, unless a command that the boot runs starts or stops it later.

    Only a plain pass, and a unit that nothing else starts, can be changed by one. Where the commands cannot be read as
    a whole, one of them may stop what the unit's files show to start.
    """
    unit = next((name for name in candidates(subject) if starts.index.exists(name)), None)
    if unit is None or (outcome.status is not Status.PASS and not _only_waits(starts, unit)):
        return outcome
    passes = outcome.status is Status.PASS
    try:
        found = list(_about(starts, unit, acts()))
    except FactError as error:
        return (
            unknown(str(error), code=error.code, expected="enabled", evidence=outcome.evidence) if passes else outcome
        )
    changes = [(effect, act) for effect, act in found if (effect.what == STOPS) is passes]
    certain = [(effect, act) for effect, act in found if act.runs]
    if certain and (certain[-1][0].what == STOPS) is passes:
        return _stopped(unit, certain[-1][1], outcome) if passes else _started(unit, certain[-1][1], outcome)
    untold = [act for effect, act in changes if not act.runs and not _is_undone(effect, act, found)]
    return _untold(unit, untold[-1], outcome, passes) if untold else outcome


def _about(starts: BootStarts, unit: str, acts: BootActs) -> Iterator[tuple[Effect, Act]]:
    """What is done with a unit, in the order of the boot."""
    name = starts.index.resolve(unit)
    for effect, act in acts.may(UNIT):
        if effect.what in (STARTS, STOPS) and starts.index.resolve(effect.name) == name and act.actor != name:
            yield effect, act


def _only_waits(starts: BootStarts, unit: str) -> bool:
    """Whether nothing keeps a unit from starting but that nothing starts it."""
    found = starts.of(unit)
    stop, text = found.stop(), starts.text(unit)
    return stop is not None and stop.kind == NOT_PULLED and (text is None or text.obstacle is None)


def _is_undone(effect: Effect, act: Act, found: list[tuple[Effect, Act]]) -> bool:
    """Whether a command that is shown to run undoes it afterwards."""
    later = found[found.index((effect, act)) + 1 :]
    return any(other.runs and undoes.what != effect.what for undoes, other in later)


def _started(unit: str, act: Act, outcome: Outcome) -> Outcome:
    message = f"{act.source} starts {unit} at boot: {act.text}"
    return ok(message, expected="enabled", actual="started", evidence=[act.evidence, *outcome.evidence])


def _stopped(unit: str, act: Act, outcome: Outcome) -> Outcome:
    message = f"{unit} starts at boot, and {act.source} stops it again: {act.text}"
    fix = by_hand(f"Let {unit} run", f"Take {act.text!r} out of {act.source}")
    evidence = [act.evidence, *outcome.evidence]
    return fail(message, expected="enabled", actual="stopped", evidence=evidence, fix=fix)


def _untold(unit: str, act: Act, outcome: Outcome, passes: bool) -> Outcome:
    does = "stops" if passes else "starts"
    message = f"whether {act.source} {does} {unit} at boot cannot be told: {act.doubt}"
    code = act.doubt.code if act.doubt is not None else "unsupported"
    return unknown(message, code=code, expected="enabled", evidence=[act.evidence, *outcome.evidence])
