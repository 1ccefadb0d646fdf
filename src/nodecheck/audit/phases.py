"""What another phase of the node brings and takes: checks that are asked of it now, or were before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from nodecheck.audit.changes import Change
from nodecheck.audit.standing import FAIL, UNKNOWN, WAIVED, Place
from nodecheck.model.outcomes import OUT_OF_PHASE, Result
from nodecheck.record import NamedTuple
from nodecheck.report.settings import counted


class PhaseMove(NamedTuple):
    """The changes that come of another phase; those that matter by themselves are among the others too."""

    brings: tuple[Change, ...] = ()
    takes: tuple[Change, ...] = ()

    def told(self) -> str:
        """Both in a few words; nothing where there are none."""
        parts = [("brings", self.brings), ("takes", self.takes)]
        return " and ".join([f"{verb} {', '.join(_by_check(some))}" for verb, some in parts if some])


NO_MOVE = PhaseMove()


def out_of_phase(results: Iterable[Result]) -> frozenset[Place]:
    """The checks, by view, that are not asked of the node in its phase."""
    out = [result for result in results if result.cause is not None and result.cause.code == OUT_OF_PHASE]
    return frozenset([(result.check, result.view) for result in out])


def moved(
    changes: tuple[Change, ...], before: frozenset[Place], now: frozenset[Place]
) -> tuple[tuple[Change, ...], PhaseMove]:
    """The changes without those that come of another phase alone, and these.

    What fails or cannot be judged once it is asked is told like any other.
    """
    taken = [change for change in changes if (change.check, change.view) in now]
    brought = [change for change in changes if (change.check, change.view) in before - now]
    left_out = {id(change) for change in (*taken, *[one for one in brought if one.after not in (FAIL, UNKNOWN)])}
    kept = tuple([change for change in changes if id(change) not in left_out])
    return kept, PhaseMove(
        tuple([change for change in brought if change.after is not None]),
        tuple([change for change in taken if change.before is not None]),
    )


def _by_check(changes: Iterable[Change]) -> Iterator[str]:
    for check, some in groupby(sorted(changes, key=lambda change: change.check), lambda change: change.check):
        found = list(some)
        failed = sum([FAIL in (one.before, one.after) or WAIVED in (one.before, one.after) for one in found])
        also = f", {failed} of them failed" if failed else ""
        yield f"{check} ({counted(len(found), 'result')}{also})"
