"""What a container has from its host: it is not judged for the next boot, and fixed on the host."""

from __future__ import annotations

from nodecheck.checking.declare import Check, skip
from nodecheck.checking.judging import Judged, Subject, Task, severity_of
from nodecheck.checking.store import Facts
from nodecheck.errors import FactError
from nodecheck.facts.boot.container import Container
from nodecheck.model.outcomes import BOOT
from nodecheck.model.steps import MANUAL, Command, Create, Edit, Fix, Step, manual

CAUSE = "container-host"


def own_part(task: Task, facts: Facts, sink: list[Judged]) -> Task | None:
    """The task without what the host of a container decides, which goes to ``sink`` as skipped; None where nothing is
    left of it."""
    finds_none = task.subjects == () and task.check.otherwise is None
    if task.view != BOOT or not task.check.by_host or finds_none:
        return task
    container = container_of(facts)
    if container.kind is None:
        return task
    subjects = task.subjects or (Subject(None),)
    left = tuple([one for one in subjects if one.name is not None and not is_of_host(task.check, one.name)])
    for subject in subjects:
        if subject not in left:
            message = f"{_kind(container)} has this from its host: run nodecheck there, or with --root on its disk"
            severity = severity_of(task.check, facts, subject)
            told = skip(message, code=CAUSE, subject=subject.name, evidence=container.evidence, severity=severity)
            sink.append(Judged(told, 0.0))
    return task._replace(subjects=left) if left else None


def is_of_host(check: Check, subject: str | None) -> bool:
    """Whether a check judges, of a subject, what a container has from its host."""
    return check.by_host if isinstance(check.by_host, bool) else subject is not None and check.by_host(subject)


def host_aware(done: Judged, check: Check, facts: Facts) -> Judged | None:
    """The same with a fix for the host of a container; None where the node itself is to be changed."""
    fix = done.outcome.fix
    if fix is None or not check.by_host or not is_of_host(check, done.outcome.subject):
        return None
    if container_of(facts).kind is None:
        return None
    return done._replace(outcome=done.outcome._replace(fix=on_host(fix)))


def on_host(fix: Fix) -> Fix:
    """A fix as what a person does on the container's host.

    >>> from nodecheck.fix import Fix, command
    >>> on_host(Fix("Turn off swap", (command("swapoff", "-a"),))).steps[0].text
    'On the host of this container: swapoff -a'
    """
    steps = tuple([manual(f"On the host of this container: {_told(step)}") for step in fix.steps])
    return Fix(fix.title, steps, MANUAL, fix.reboot)


def _told(step: Step) -> str:
    if isinstance(step, Command):
        from shlex import join

        return join(step.argv)
    if isinstance(step, Edit):
        return f"in {step.path} replace {step.before!r} by {step.after!r}"
    if isinstance(step, Create):
        return f"write {step.content!r} to {step.path}"
    return step.text


def _kind(container: Container) -> str:
    return f"this container ({container.kind})"


def container_of(facts: Facts) -> Container:
    """A container's marks that cannot be looked at are none."""
    before = facts.note_in(None)
    try:
        return facts.get(Container)
    except FactError:
        return Container()
    finally:
        facts.note_in(before)
