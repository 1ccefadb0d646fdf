"""The history: every audit's report and its changes, in SQLite.

Write-ahead logging lets readers read while an audit writes; ``synchronous=FULL`` makes a run that was recorded outlive
a power cut (with NORMAL, a write-ahead log outlives a killed process, not a cut). One run is one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from nodecheck.audit import boots_pack
from nodecheck.audit.boots import Boots, BootSeen, Followed, amended, followed
from nodecheck.audit.changes import Change, Step, step
from nodecheck.audit.keep import Limits, expire
from nodecheck.audit.pack import Parts, Piece, apart, pack, unpack
from nodecheck.audit.phases import NO_MOVE, PhaseMove, moved, out_of_phase
from nodecheck.audit.standing import Flap, Moment, Place, Standing, packed, unpacked
from nodecheck.errors import HistoryError, ReportError
from nodecheck.record import NamedTuple
from nodecheck.report import Report

MOST_ASKED = 500
"""Values in one statement: SQLite before 3.32 takes 999."""

MOST_SCOPES = 16
"""Kinds of audit (profile, selection, source) that are followed side by side."""

LONGEST_GAP_S = 31 * 86_400.0
"""What the time between two runs counts at most: a clock that jumps ahead by years must not age what is recorded."""


class Before(NamedTuple):
    """The run before, of the same scope."""

    run: int
    id: str
    at: str
    boot_id: str | None
    profile: tuple[str | None, ...]
    version: str
    phase: str | None = None


class Recorded(NamedTuple):
    """What came of recording a run; ``run`` is None where it could not be recorded."""

    run: int | None
    before: Before | None
    step: Step
    followed: Followed
    """What came of the predictions, and the report as it counts."""
    move: PhaseMove = NO_MOVE
    """What another phase of the node brings and takes: no part of the step's changes."""


class StoodBefore(NamedTuple):
    """What stands of audits of one kind."""

    before: Before | None = None
    standings: dict[str, Standing] | None = None
    boots: Boots = Boots()
    out: frozenset[Place] = frozenset()
    """What was not asked of the node in its phase."""


class Untold(NamedTuple):
    """The changes of a run that was recorded and ended before it had told them."""

    run: int
    at: str
    changes: tuple[dict[str, Any], ...]


class History:
    """An open history. Errors of SQLite go through as they are: who opened it knows what to do about them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def compare(self, report: Report, scope: str, flap: Flap, boot: BootSeen | None = None) -> Recorded:
        """What recording the report would find."""
        return _found(self._stood(scope), report, None, flap, boot)

    def record(
        self, report: Report, scope: str, flap: Flap, limits: Limits, baseline: Baseline | None = None,
        boot: BootSeen | None = None,
    ) -> Recorded:  # fmt: skip
        """Record a report, its changes, and what it teaches of the baseline in force, in one transaction."""
        with self._writing():
            run = self._next()
            found = _found(self._stood(scope), report, run, flap, boot)
            report = found.followed.report
            parts = apart(report)
            expire(self._db, limits, self._needed(parts))
            self._insert(run, report, scope, parts, found.step.changes)
            self._stand(scope, run, found)
            if baseline is not None:
                self._learn(scope, baseline, report)
        return found

    def _next(self) -> int:
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'run'").fetchone()
        return 1 if row is None else int(row[0]) + 1

    def _stood(self, scope: str) -> StoodBefore:
        row = self._db.execute("SELECT body FROM state WHERE name = ?", (scope,)).fetchone()
        return StoodBefore() if row is None else _unpacked(row[0])

    def _stand(self, scope: str, run: int, found: Recorded) -> None:
        report = found.followed.report
        *before, phase = before_of(report, run)  # apart: earlier versions read six fields
        out = sorted(out_of_phase(report.results))
        boots = boots_pack.packed(found.followed.boots)
        standings = packed(found.step.standings)
        body = pack({"before": before, "standings": standings, "boots": boots, "phase": phase, "out": out})
        self._db.execute("INSERT OR REPLACE INTO state (name, used, body) VALUES (?, ?, ?)", (scope, run, body))
        self._db.execute(
            "DELETE FROM state WHERE name NOT IN (SELECT name FROM state ORDER BY used DESC LIMIT ?)", (MOST_SCOPES,)
        )

    def _learn(self, scope: str, baseline: Baseline, report: Report) -> None:
        """Let the baseline take the fingerprints of another version, for what stands as it was accepted."""
        later = learned(baseline, report)
        if later != baseline.later:
            query = "UPDATE baseline SET body = ? WHERE id = (SELECT max(id) FROM baseline WHERE scope = ?)"
            self._db.execute(query, (_baseline_body(baseline._replace(later=later)), scope))

    def _insert(self, run: int, report: Report, scope: str, parts: Parts, changes: tuple[Change, ...]) -> None:
        numbers = self._results(parts.results)
        together = b"".join([piece.digest for piece in parts.results])
        members = self._piece(Piece(digest(together), "", dumps([numbers[piece.digest] for piece in parts.results])))
        self._db.execute(
            "INSERT INTO run (seq, uuid, scope, lived, about, members, body, changes, told)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run, report.run.id, scope, self._lived(report), self._piece(parts.about), members, pack(parts.own),
                pack([change_dict(change) for change in changes]) if changes else None, not changes,
            ),
        )  # fmt: skip

    def _lived(self, report: Report) -> float:
        """Seconds that this history has lived: what the clock did between two runs, within reason."""
        row = self._db.execute("SELECT lived, body FROM run ORDER BY seq DESC LIMIT 1").fetchone()
        if row is None:
            return 0.0
        gap = seconds(report.run.started_at) - seconds(unpack(row[1])["run"]["started_at"])
        return float(row[0]) + min(max(gap, 0.0), LONGEST_GAP_S)

    def _piece(self, piece: Piece) -> int:
        row = self._db.execute("SELECT id FROM piece WHERE digest = ?", (piece.digest,)).fetchone()
        if row is not None:
            return int(row[0])
        done = self._db.execute(
            "INSERT INTO piece (digest, body) VALUES (?, ?)", (piece.digest, compressed(piece.text))
        )
        return int(done.lastrowid or 0)

    def _needed(self, parts: Parts) -> int:
        """Bytes that a run brings which are not there yet, before they are compressed fourfold or so."""
        known = self._known(parts.results)
        new = [len(piece.text) for piece in parts.results if piece.digest not in known]
        return sum(new) + 64 * len(new) + len(parts.about.text)

    def _known(self, results: tuple[Piece, ...]) -> dict[bytes, int]:
        """The numbers of those results that are recorded."""
        known: dict[bytes, int] = {}
        for some in chunks([piece.digest for piece in results]):
            marks = ",".join("?" * len(some))
            known.update(self._db.execute(f"SELECT digest, id FROM result WHERE digest IN ({marks})", some))  # noqa: S608
        return known

    def _results(self, results: tuple[Piece, ...]) -> dict[bytes, int]:
        """The numbers of results, those that are new recorded."""
        known = self._known(results)
        for piece in results:
            if piece.digest not in known:
                values = (piece.digest, piece.name, compressed(piece.text))
                done = self._db.execute("INSERT INTO result (digest, name, body) VALUES (?, ?, ?)", values)
                known[piece.digest] = int(done.lastrowid or 0)
        return known

    def told(self, runs: Iterable[int]) -> None:
        """Note that the changes of these runs were told."""
        with self._writing():
            self._db.executemany("UPDATE run SET told = 1 WHERE seq = ?", [(run,) for run in runs])

    def untold(self) -> tuple[Untold, ...]:
        """The last hundred runs whose changes nobody was told."""
        rows = self._db.execute(
            "SELECT seq, body, changes FROM run WHERE told = 0 ORDER BY seq DESC LIMIT 100"
        ).fetchall()
        return tuple(
            [
                Untold(seq, unpack(body)["run"]["started_at"], tuple(unpack(packed_)))
                for seq, body, packed_ in reversed(rows)
            ]
        )


def _unpacked(body: bytes) -> StoodBefore:
    found = unpack(body)
    try:
        run, id_, at, boot_id, profile, version = found["before"]
        before = Before(run, id_, at, boot_id, tuple(profile), version, found.get("phase"))
        boots = boots_pack.unpacked(found.get("boots"))
        out = frozenset([(check, view) for check, view in found.get("out", ())])
        return StoodBefore(before, unpacked(found["standings"]), boots, out)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise HistoryError(f"what stands in the history is damaged: {error}") from error


def _found(stood: StoodBefore, report: Report, run: int | None, flap: Flap, boot: BootSeen | None) -> Recorded:
    """What comes of a report; without ``boot`` it is not of a node that boots."""
    kept = Followed(stood.boots, amended(report, stood.boots.broken))
    came = kept if boot is None else followed(stood.boots, report, run, boot)
    version = None if stood.before is None else stood.before.version
    found = step(stood.standings, came.report, Moment(run, report.run.started_at), flap, version)
    changes, move = moved(found.changes, stood.out, out_of_phase(came.report.results))
    return Recorded(run, stood.before, found._replace(changes=changes), came, move)


def boots_of(db: sqlite3.Connection) -> tuple[Boots, ...]:
    """What is known of the boots by audits of each kind, the last that was made first. Raises HistoryError."""
    return tuple([_unpacked(body).boots for (body,) in db.execute("SELECT body FROM state ORDER BY used DESC")])


class Later(NamedTuple):
    """What a later version of nodecheck found where a baseline stands as it was accepted."""

    version: str
    fingerprints: dict[str, str]
    """By id."""


class Baseline(NamedTuple):
    """A report that was accepted as what the node is to be."""

    run: int
    accepted_at: str
    by: str
    report: Report
    later: Later | None = None
    """None until a version audits that is not the one of the report."""

    def known(self, version: str) -> dict[str, str]:
        """The fingerprints that this other version found."""
        return self.later.fingerprints if self.later is not None and self.later.version == version else {}


def learned(baseline: Baseline, report: Report) -> Later | None:
    """What is known of a baseline once this report is: each result is taken when it first stands as accepted."""
    version = report.tool.version
    if version == baseline.report.tool.version:
        return baseline.later
    accepted = {result.id: result.status for result in baseline.report.results}
    now = {result.id: result.fingerprint for result in report.results if result.status == accepted.get(result.id)}
    return Later(version, {**now, **baseline.known(version)})


def baseline_of(db: sqlite3.Connection, scope: str | None) -> Baseline | None:
    """The baseline of a scope, or the last one that was accepted at all."""
    row = db.execute(
        "SELECT body FROM baseline WHERE ? IS NULL OR scope = ? ORDER BY id DESC LIMIT 1", (scope, scope)
    ).fetchone()
    return None if row is None else _baseline(row[0])


def baselines(db: sqlite3.Connection) -> tuple[Baseline, ...]:
    """The baseline in force of each scope, the last accepted first."""
    rows = db.execute(
        "SELECT body FROM baseline WHERE id IN (SELECT max(id) FROM baseline GROUP BY scope) ORDER BY id DESC"
    )
    return tuple([_baseline(row[0]) for row in rows])


def _baseline(body: bytes) -> Baseline:
    found = unpack(body)
    try:
        later = None if found.get("later") is None else Later(found["later"]["version"], found["later"]["fingerprints"])
        return Baseline(found["run"], found["accepted_at"], found["by"], Report.from_document(found["report"]), later)
    except (AttributeError, KeyError, TypeError, ReportError) as error:
        raise HistoryError(f"the baseline is damaged: {error}") from error


def _baseline_body(baseline: Baseline) -> bytes:
    later = None if baseline.later is None else baseline.later._asdict()
    return pack({**baseline._asdict(), "report": baseline.report.to_dict(), "later": later})


def accept(db: sqlite3.Connection, scope: str, baseline: Baseline) -> None:
    """Accept a baseline for a scope; the last sixteen are kept."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("INSERT INTO baseline (scope, body) VALUES (?, ?)", (scope, _baseline_body(baseline)))
        db.execute("DELETE FROM baseline WHERE id NOT IN (SELECT id FROM baseline ORDER BY id DESC LIMIT 16)")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def before_of(report: Report, run: int) -> Before:
    """What the next run needs to know of this one."""
    used = report.profile
    profile = (used.name, used.digest, used.role, used.kubernetes, used.proxy_mode, used.cni)
    return Before(
        run, report.run.id, report.run.started_at, report.node.boot_id, profile, report.tool.version, used.phase
    )


def change_dict(change: Change) -> dict[str, Any]:
    """A change as JSON."""
    found = change._asdict()
    found["cause"] = None if change.cause is None else change.cause._asdict()
    found["since"] = None if change.since is None else change.since._asdict()
    return found


def seconds(text: str) -> float:
    """Seconds since 1970 of a time as reports have it; 0 for what is none."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text[:19] + "+00:00").timestamp()
    except ValueError:
        return 0.0


def chunks(values: list[bytes]) -> Iterator[list[bytes]]:
    """The values, as many at a time as one statement takes."""
    for start in range(0, len(values), MOST_ASKED):
        yield values[start : start + MOST_ASKED]


def digest(text: bytes) -> bytes:
    """What a piece is known by."""
    from nodecheck.digest import sha256

    return sha256(text).digest()[:16]


def dumps(value: Any) -> bytes:
    """JSON, as short as can be."""
    import json

    return json.dumps(value, separators=(",", ":")).encode()


def compressed(text: bytes) -> bytes:
    """As :func:`nodecheck.audit.pack.unpack` reads it."""
    from zlib import compress

    return compress(text, 6)
