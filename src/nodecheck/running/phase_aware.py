"""What a check says of a node in a phase that it is not asked of."""

from __future__ import annotations

from nodecheck.checking.declare import Check, skip
from nodecheck.checking.judging import Judged, Subject, Task, severity_of
from nodecheck.checking.store import Facts
from nodecheck.facts.cluster.phase import NodePhase
from nodecheck.facts.kubelet.release import KubeletRelease
from nodecheck.model.needs import Need
from nodecheck.model.outcomes import OUT_OF_PHASE, Cause, Outcome, Status


def asked_for(check: Check) -> tuple[Need, ...]:
    """The facts that the engine itself may read for a check."""
    phase = (Need("phase", NodePhase, False),) if check.phases else ()
    return phase if check.by_release is None else (*phase, Need("own", KubeletRelease, True))


def in_phase(task: Task, facts: Facts, sink: list[Judged]) -> Task | None:
    """The task where the node is in a phase of its check; else what the profile itself names of it, and None where
    that is nothing: why then goes to ``sink``."""
    check = task.check
    if not check.phases:
        return task
    phase = facts.get(NodePhase)
    if phase.name in check.phases:
        return task
    named = tuple([subject for subject in task.subjects or () if subject.named])
    if named:
        return task._replace(subjects=named)
    severity = severity_of(check, facts, Subject(None))
    sink.append(Judged(_told(check, phase)._replace(severity=severity), 0.0))
    return None


def _told(check: Check, phase: NodePhase) -> Outcome:
    wanted = " or ".join(check.phases)
    if phase.hidden is not None:
        why = f"nothing shows the phase of the node, which decides whether this is asked of it: {phase.hidden}"
        return Outcome(Status.UNKNOWN, why, cause=Cause(phase.hidden.code, str(phase.hidden)))
    message = f"is asked of a node in the phase {wanted}; this one is in {phase.name}"
    return skip(message, code=OUT_OF_PHASE, evidence=phase.evidence)
