"""One task: a check in one view, from its facts to its outcomes. It always speaks, whatever happens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from time import perf_counter

from nodecheck.checking.declare import Check, Judge
from nodecheck.checking.store import Facts, Key, Used, crashed
from nodecheck.checking.verify import verify
from nodecheck.errors import FactError, Offline
from nodecheck.host.base import Host
from nodecheck.model.needs import Need
from nodecheck.model.outcomes import Cause, Outcome, Severity, Status
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

MOST_OUTCOMES = 256
"""Outcomes that one judgement may give; what is beyond is told as one ``unknown``."""


class Subject(NamedTuple):
    """What a check that is declared with ``each`` is called for."""

    name: str | None
    wanted: str | None = None
    named: bool = False
    """Whether the profile names it; else it is what the defaults ask for, or what the check found by itself."""


_NONE = Subject(None)


class Task(NamedTuple):
    """A check in one view, with the subjects that it is about (None: the facts tell)."""

    check: Check
    view: str
    parameters: Mapping[str, Any]
    subjects: tuple[Subject, ...] | None
    """For a check that is declared with ``each``."""

    @property
    def judge(self) -> Judge:
        return self.check.judges[self.view]


class Judged(NamedTuple):
    """An outcome with all that the engine knows of it."""

    outcome: Outcome
    duration_s: float
    used: Collection[Key] = ()
    """The facts that it rests on."""


def judged(task: Task, facts: Facts, sink: list[Judged]) -> None:
    """Judge a task; outcomes go to ``sink`` one by one, so that a task that never ends leaves what it found."""
    if task.subjects is None:
        _collect(task, facts, _NONE, sink)
    else:
        for subject in task.subjects or _found_subjects(task, facts, sink):
            _collect(task, facts, subject, sink)
    if not sink:
        sink.append(Judged(nothing_to_do(task, facts), 0.0))


def _found_subjects(task: Task, facts: Facts, sink: list[Judged]) -> list[Subject]:
    """The subjects that the check finds by itself, the profile listing none; what it cannot tell goes to ``sink``."""
    rule, used, subjects = task.check.otherwise, Used(), list[Subject]()
    if rule is None:
        return []
    before = facts.note_in(used)
    try:
        given = arguments(task.check.otherwise_needs, facts, _NONE)
        for found in islice(rule(*given), MOST_OUTCOMES):
            if isinstance(found, str):
                subjects.append(Subject(found))
            else:
                sink.append(Judged(_complete(task, facts, found, _NONE, used), 0.0))
    except FactError as error:
        sink.append(Judged(_complete(task, facts, from_error(error), _NONE, used), 0.0))
    except (Exception, SystemExit) as error:
        sink.append(Judged(_complete(task, facts, from_error(crashed(task.check.name, error)), _NONE, used), 0.0))
    finally:
        facts.note_in(before)
    return subjects


def nothing_to_do(task: Task, facts: Facts) -> Outcome:
    """The one outcome of a check that has nothing to look at."""
    message = "nothing is required" if task.subjects == () else "nothing to look at"
    cause = Cause("not-applicable", message)
    return Outcome(Status.SKIP, message, cause=cause, severity=severity_of(task.check, facts, _NONE))


def _collect(task: Task, facts: Facts, subject: Subject, sink: list[Judged]) -> None:
    used: Used = {}
    before = facts.note_in(used)
    started = perf_counter()
    for count, outcome in enumerate(_outcomes(task, facts, subject), 1):
        if count > MOST_OUTCOMES:
            outcome = _too_many(subject.name)
        try:
            whole = _complete(task, facts, outcome, subject, used)
        except (Exception, SystemExit) as error:  # what a check yields, and its rule of severity, are a plugin's
            whole = from_crash(task.check, error, subject.name)
        sink.append(Judged(whole, perf_counter() - started, used))
        if count > MOST_OUTCOMES:
            break
        started = perf_counter()
    facts.note_in(before)


def _outcomes(task: Task, facts: Facts, subject: Subject) -> Iterator[Outcome]:
    judge = task.judge
    try:
        given = arguments(judge.needs, facts, subject)
        keywords = {name: task.parameters[name.replace("_", "-")] for name in judge.parameters}
        yield from _bounded(judge.function(*given, **keywords))
    except FactError as error:
        yield from_error(error)
    except (Exception, SystemExit) as error:
        yield from_error(crashed(task.check.name, error))


def _bounded(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    return islice(outcomes, MOST_OUTCOMES + 1)


def arguments(needs: Iterable[Need], facts: Facts, subject: Subject) -> list[Any]:
    """What a rule is called with for a subject. Raises FactError."""
    return [_argument(need, facts, subject) for need in needs]


def _argument(need: Need, facts: Facts, subject: Subject) -> Any:
    if need.name == "subject":
        return subject.name
    if need.name == "wanted":
        return subject.wanted
    if need.name == "named" and need.kind is bool:
        return subject.named
    if need.kind is Host:
        raise TypeError("a check never touches the host itself; it asks for facts")
    return facts.bound(need, subject=subject.name)


def _too_many(subject: str | None) -> Outcome:
    message = f"more than {MOST_OUTCOMES} findings; the others are not listed"
    return Outcome(Status.UNKNOWN, message, subject, cause=Cause("too-large", message))


def from_error(error: FactError) -> Outcome:
    """What a source that cannot be had makes of a verdict: ``unknown``, or ``skip`` where the host is not running."""
    status = Status.SKIP if isinstance(error, Offline) else Status.UNKNOWN
    return Outcome(status, str(error), cause=Cause(error.code, str(error)))


def from_crash(check: Check, error: BaseException, subject: str | None) -> Outcome:
    """``unknown``, cause ``crashed``: what a check says, or a rule of its own, cannot be taken."""
    found = from_error(crashed(check.name, error))
    return found._replace(subject=subject, severity=check.default_severity)


def _complete(task: Task, facts: Facts, outcome: Outcome, asked: Subject, used: Used) -> Outcome:
    """The outcome with subject, severity and evidence; the first law is kept here. Raises TypeError for no outcome."""
    if not isinstance(outcome, Outcome):
        raise TypeError(f"it yields {outcome!r:.100}, which is no outcome")
    subject = outcome.subject if outcome.subject is not None else asked.name
    severity = outcome.severity or severity_of(task.check, facts, asked._replace(name=subject))
    whole = outcome._replace(subject=subject, severity=severity, evidence=outcome.evidence or ())
    verify(whole)  # what the engine adds itself need not be looked at
    if not outcome.evidence:
        whole = whole._replace(evidence=facts.evidence(used))
    if not whole.evidence and outcome.status in (Status.PASS, Status.FAIL):
        message = f"{outcome.message} (but no evidence was given)"
        cause = Cause("no-evidence", message)
        return Outcome(Status.UNKNOWN, message, subject, severity=severity, cause=cause)
    return whole


def severity_of(check: Check, facts: Facts, subject: Subject) -> Severity:
    """The severity by the check's own rule; an error where the rule's facts cannot be had. They are no evidence."""
    rule = check.severity
    if isinstance(rule, Severity):
        return rule
    before = facts.note_in(None)
    try:
        return rule(*arguments(check.severity_needs, facts, subject))
    except FactError:
        return Severity.ERROR
    finally:
        facts.note_in(before)
