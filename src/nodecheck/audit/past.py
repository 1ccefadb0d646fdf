"""How results stood after each recorded run: the one answer to since when something is as it is.

The recorded reports are followed one after another as an audit follows them, but for flap control: what a run said
counts at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from nodecheck.audit.changes import Change, since
from nodecheck.audit.pack import unpack
from nodecheck.audit.standing import STEADY, Moment, Seen, Standing, followed, seen_in
from nodecheck.errors import HistoryError, ReportError
from nodecheck.model.outcomes import Result
from nodecheck.report.codec import result_from

Numbered = tuple[int, int]
"""A recorded run: its number, and that of the list of its results."""


class Recalled:
    """Reports of recorded runs, for looking up: those one after another that have equal results are one."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._results: dict[int, Result] = {}
        self._last: tuple[int, Seen] | None = None

    def seen(self, members: int) -> Seen:
        """What a run found. Raises HistoryError."""
        if self._last is None or self._last[0] != members:
            self._last = members, seen_in([self._result(number) for number in self.numbers(members)])
        return self._last[1]

    def numbers(self, members: int) -> tuple[int, ...]:
        """The numbers of a list of results. Raises HistoryError."""
        row = self._db.execute("SELECT body FROM piece WHERE id = ?", (members,)).fetchone()
        return tuple(unpack(row[0] if row else b""))

    def _result(self, number: int) -> Result:
        if number not in self._results:
            row = self._db.execute("SELECT body FROM result WHERE id = ?", (number,)).fetchone()
            try:
                self._results[number] = result_from({**unpack(row[0] if row else b""), "duration_s": 0.0})
            except (ReportError, TypeError) as error:
                raise HistoryError(f"a recorded result is damaged: {error}") from error
        return self._results[number]

    def moment(self, run: int) -> Moment:
        """When a run began. Raises HistoryError."""
        (body,) = self._db.execute("SELECT body FROM run WHERE seq = ?", (run,)).fetchone()
        return Moment(run, began(body)["started_at"])

    def stood(self, runs: Iterable[Numbered], names: Iterable[str]) -> Iterator[tuple[int, Seen, dict[str, Standing]]]:
        """After each of the runs, in their order: what it found, and how these results stood."""
        wanted, standings, last = tuple(names), dict[str, Standing](), None
        for run, members in runs:
            seen = self.seen(members)
            if seen is not last:
                moment = self.moment(run)
                after = [(name, followed(standings.get(name), name, seen, moment, STEADY)) for name in wanted]
                standings = {name: standing for name, standing in after if standing is not None}
            last = seen
            yield run, seen, standings


def began(body: bytes) -> dict[str, Any]:
    """What a run's own record says of when and where it was. Raises HistoryError."""
    try:
        found: dict[str, Any] = unpack(body)["run"]
    except (KeyError, TypeError) as error:
        raise HistoryError("the record of a run is damaged") from error
    return found


class Past:
    """The recorded runs of the kind of two runs, as far as the later one."""

    def __init__(self, db: sqlite3.Connection, old: int, new: int) -> None:
        self._recalled = Recalled(db)
        query = (
            "SELECT seq, members FROM run WHERE scope = (SELECT scope FROM run WHERE seq = ?) AND seq <= ? ORDER BY seq"
        )
        self._runs: list[Numbered] = db.execute(query, (new, max(old, new))).fetchall()
        self._old, self._new = old, new

    def dated(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """The changes, each with its ``since``: None where the two runs are not of one kind. Raises HistoryError."""
        if not {self._old, self._new}.issubset([run for run, _ in self._runs]):
            return tuple([change._replace(since=None) for change in changes])
        after = self._recalled.stood(self._runs, [change.id for change in changes])
        at = {run: standings for run, _, standings in after if run in (self._old, self._new)}
        old, new = at[self._old], at[self._new]
        return tuple(
            [change._replace(since=since(change.kind, old.get(change.id), new.get(change.id))) for change in changes]
        )
