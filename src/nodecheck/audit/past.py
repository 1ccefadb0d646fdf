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
    """Reports of recorded runs, for looking up some results: of each, what the checks of these results found."""

    def __init__(self, db: sqlite3.Connection, names: Iterable[str]) -> None:
        self._db = db
        self._names = tuple(names)
        checks = {"plugin", *map(_check_of, self._names)}
        self._wanted = {
            number for number, name in db.execute("SELECT id, name FROM result") if _check_of(name) in checks
        }
        self._numbers: dict[int, tuple[int, ...]] = {}
        self._results: dict[int, Result] = {}

    def numbers(self, members: int) -> tuple[int, ...]:
        """The numbers of a run's results, those that are looked up. Raises HistoryError."""
        if members not in self._numbers:
            row = self._db.execute("SELECT body FROM piece WHERE id = ?", (members,)).fetchone()
            found = unpack(row[0] if row else b"")
            self._numbers[members] = tuple([number for number in found if number in self._wanted])
        return self._numbers[members]

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

    def stood(self, runs: Iterable[Numbered]) -> Iterator[tuple[int, Seen, dict[str, Standing]]]:
        """After each of the runs, in their order: what it found, and how the results stood."""
        standings, last, seen = dict[str, Standing](), None, seen_in(())
        for run, members in runs:
            numbers = self.numbers(members)
            if numbers != last:
                seen, moment = seen_in([self._result(number) for number in numbers]), self.moment(run)
                after = [(name, followed(standings.get(name), name, seen, moment, STEADY)) for name in self._names]
                standings = {name: standing for name, standing in after if standing is not None}
            last = numbers
            yield run, seen, standings


def _check_of(name: str) -> str:
    return name.partition("[")[0].partition("@")[0]


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
        self._db = db
        query = (
            "SELECT seq, members FROM run WHERE scope = (SELECT scope FROM run WHERE seq = ?) AND seq <= ? ORDER BY seq"
        )
        self._runs: list[Numbered] = db.execute(query, (new, max(old, new))).fetchall()
        self._old, self._new = old, new

    def dated(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """The changes, each with its ``since``: None where the two runs are not of one kind. Raises HistoryError."""
        if not {self._old, self._new}.issubset([run for run, _ in self._runs]):
            return tuple([change._replace(since=None) for change in changes])
        after = Recalled(self._db, [change.id for change in changes]).stood(self._runs)
        at = {run: standings for run, _, standings in after if run in (self._old, self._new)}
        old, new = at[self._old], at[self._new]
        return tuple(
            [change._replace(since=since(change.kind, old.get(change.id), new.get(change.id))) for change in changes]
        )
