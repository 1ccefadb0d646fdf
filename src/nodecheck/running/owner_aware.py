"""Fixes that heed who keeps what they change."""

from __future__ import annotations

from nodecheck.checking.judging import Judged
from nodecheck.checking.store import Facts, crashed
from nodecheck.errors import FactError


def owner_aware(done: Judged, facts: Facts) -> Judged:
    """The same with a fix that heeds who keeps what it changes. Nothing that goes wrong here touches the verdict."""
    fix = done.outcome.fix
    if fix is None:
        return done
    from nodecheck.facts.distro.owners import Owners
    from nodecheck.fix.owned import owned
    from nodecheck.model.steps import manual

    try:
        return done._replace(outcome=done.outcome._replace(fix=owned(fix, facts.get(Owners))))
    except Exception as error:
        why = error if isinstance(error, FactError) else crashed("owners", error)
        note = manual(f"who keeps what this changes cannot be told: {why}")
        return done._replace(outcome=done.outcome._replace(fix=fix._replace(steps=(*fix.steps, note))))
