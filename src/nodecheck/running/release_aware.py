"""Whose rule counted, where the release that was asked for and the kubelet on the node have different ones."""

from __future__ import annotations

from nodecheck.checking.declare import Check
from nodecheck.checking.judging import Judged
from nodecheck.checking.store import Facts
from nodecheck.errors import FactError
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.release import KubeletRelease
from nodecheck.model.outcomes import Status
from nodecheck.requirements.table import Release, Table


def release_aware(done: Judged, check: Check, facts: Facts) -> Judged:
    """The same with a note, where who runs nodecheck asked for a release and the kubelet's own asks something else.

    It is no part of what the verdict rests on: a check that is judged by its target does not ask for the kubelet.
    """
    if check.by_release is None or done.outcome.status in (Status.SKIP, Status.UNKNOWN):
        return done
    note = _note(check.by_release, done.outcome.subject, facts)
    return done if note is None else done._replace(outcome=done.outcome._replace(notes=(*done.outcome.notes, note)))


def _note(table: Table, subject: str | None, facts: Facts) -> str | None:
    before = facts.note_in(None)
    try:
        own, target = facts.get(KubeletRelease).numbers, facts.get(Target)
    except FactError:
        return None
    finally:
        facts.note_in(before)
    return None if own is None else differing(table, subject, target, target._replace(kubernetes=_dotted(own)))


def differing(table: Table, subject: str | None, asked: Target, own: Target) -> str | None:
    """Whose rule counted, and what the other one is; None where both are the same.

    >>> from nodecheck.requirements.table import Row
    >>> table = Table(Row("a", "1", "", "", before=(1, 30)), Row("a", "2", "", "", since=(1, 30)))
    >>> differing(table, "a", Target(kubernetes="1.36"), Target(kubernetes="1.29"))
    'by the rule of Kubernetes 1.36 (a: 2); for the kubelet on this node, 1.29, it is another (a: 1)'
    """
    rules = [[row for row in table.of(target) if subject in (None, row.name)] for target in (asked, own)]
    if rules[0] == rules[1]:
        return None
    theirs, mine = [", ".join([f"{row.name}: {row.wanted}" for row in some]) or "nothing" for some in rules]
    told = f"by the rule of Kubernetes {_dotted(asked.release)} ({theirs})"
    return f"{told}; for the kubelet on this node, {_dotted(own.release)}, it is another ({mine})"


def _dotted(release: Release | None) -> str:
    return ".".join(map(str, (release or ())[:2]))
