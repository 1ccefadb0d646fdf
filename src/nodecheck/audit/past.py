"""Since when results are as two recorded runs have them: what the runs between and before them said."""

from __future__ import annotations

import sqlite3
from typing import Any

from nodecheck.audit.changes import (
    APPEARED,
    COVERAGE_REGAINED,
    EVIDENCE_CHANGED,
    NEW_FAILURE,
    SEVERITY_CHANGED,
    STILL_FAILING,
    UNWAIVED,
    Change,
)
from nodecheck.audit.pack import unpack
from nodecheck.audit.standing import FAIL, UNKNOWN, WAIVED, Moment
from nodecheck.model.outcomes import result_id

_OF_LATER = (UNWAIVED, COVERAGE_REGAINED, EVIDENCE_CHANGED, SEVERITY_CHANGED, STILL_FAILING)


class Past:
    """The recorded runs of the kind of two runs, as far as the later one."""

    def __init__(self, db: sqlite3.Connection, old: int, new: int) -> None:
        self._db = db
        query = (
            "SELECT seq, members FROM run WHERE scope = (SELECT scope FROM run WHERE seq = ?) AND seq <= ? ORDER BY seq"
        )
        self._runs: list[tuple[int, int]] = db.execute(query, (new, max(old, new))).fetchall()
        self._lists: dict[int, frozenset[int]] = {}
        places = {seq: place for place, (seq, _) in enumerate(self._runs)}
        self._old, self._new = places.get(old), places.get(new)

    def dated(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """The changes, each with its ``since``: None where the two runs are not of one kind. Raises HistoryError."""
        return tuple([change._replace(since=self._since(change)) for change in changes])

    def _since(self, change: Change) -> Moment | None:
        if self._old is None or self._new is None:
            return None
        said = self._said(change.id)
        blanket = self._said(result_id(change.check, None, change.view)) if change.subject is not None else said
        states = [own or (UNKNOWN if whole == UNKNOWN else None) for own, whole in zip(said, blanket, strict=True)]
        if change.kind in (NEW_FAILURE, APPEARED):
            return self._moment(_stretch(states, self._new))
        failing = _failing(states, self._new if change.kind in _OF_LATER else self._old)
        if failing is None and states[self._old] is None:
            return None
        return self._moment(_stretch(states, self._old) if failing is None else failing)

    def _said(self, name: str) -> list[str | None]:
        """The status that each run has of a result; None where it has none."""
        rows = self._db.execute("SELECT id, body FROM result WHERE name = ?", (name,))
        known = {number: _status(unpack(body)) for number, body in rows}
        by_list: dict[int, str | None] = {}
        for _, members in self._runs:
            if members not in by_list:
                found = self._numbers(members) & known.keys()
                by_list[members] = known[min(found)] if found else None
        return [by_list[members] for _, members in self._runs]

    def _numbers(self, members: int) -> frozenset[int]:
        if members not in self._lists:
            row = self._db.execute("SELECT body FROM piece WHERE id = ?", (members,)).fetchone()
            self._lists[members] = frozenset(unpack(row[0] if row else b""))
        return self._lists[members]

    def _moment(self, place: int) -> Moment:
        seq = self._runs[place][0]
        (body,) = self._db.execute("SELECT body FROM run WHERE seq = ?", (seq,)).fetchone()
        return Moment(seq, unpack(body)["run"]["started_at"])


def _status(version: dict[str, Any]) -> str:
    cause = version["cause"]
    return UNKNOWN if cause is not None and cause["code"] == "offline" else str(version["status"])


def _stretch(states: list[str | None], place: int) -> int:
    """Where the runs with one status began that end at ``place``."""
    while place > 0 and states[place - 1] == states[place]:
        place -= 1
    return place


def _failing(states: list[str | None], place: int) -> int | None:
    """Where a failure began that is there at ``place``, back over what could not be judged or was waived."""
    found = None
    while place >= 0 and states[place] in (FAIL, WAIVED, UNKNOWN):
        found = place if states[place] != UNKNOWN else found
        place -= 1
    return found
