"""Looking things up in the history: runs, their reports, and since when something is as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from nodecheck.audit.pack import together, unpack
from nodecheck.audit.past import Numbered, Recalled, began
from nodecheck.audit.standing import Moment, Seen, Standing
from nodecheck.errors import HistoryError, UsageError
from nodecheck.model.outcomes import NOW
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.text import whole_number

BASELINE = "baseline"
LEAST_PREFIX = 4


class RunLine(NamedTuple):
    """One recorded run."""

    run: int
    id: str
    started_at: str
    boot_id: str | None
    verdict: str
    exit_code: int
    failed: int
    unknown: int
    profile: str
    changes: dict[str, int]
    """Kind to count."""
    told: bool
    rebooted: bool
    """Whether the node was rebooted since the run before it in this list."""


def lines(db: sqlite3.Connection, limit: int | None = None, since: str | None = None) -> tuple[RunLine, ...]:
    """The last runs, the latest first; ``since`` is the start of an RFC 3339 time."""
    rows = db.execute(
        "SELECT run.seq, run.uuid, run.body, run.changes, run.told, piece.body FROM run"
        " LEFT JOIN piece ON piece.id = run.about ORDER BY run.seq DESC"
    )
    found: list[RunLine] = []
    for row in rows:
        line = _line(row)
        if found and found[-1].boot_id and line.boot_id:
            found[-1] = found[-1]._replace(rebooted=found[-1].boot_id != line.boot_id)
        if limit is not None and len(found) >= limit:
            break
        if since is None or line.started_at >= since:
            found.append(line)
    return tuple(found)


def _line(row: Sequence[Any]) -> RunLine:
    seq, uuid, body, changes, told, about = row
    try:
        own, head = unpack(body), unpack(about)
        run, summary = own["run"], own["summary"]
        counts: dict[str, int] = {}
        for change in unpack(changes) if changes else ():
            counts[change["kind"]] = counts.get(change["kind"], 0) + 1
        return RunLine(
            seq, uuid, run["started_at"], own["boot_id"], summary["verdict"], summary["exit_code"], summary["fail"],
            summary["unknown"], head["profile"]["name"], counts, bool(told), False,
        )  # fmt: skip
    except (HistoryError, KeyError, TypeError) as error:
        raise HistoryError(f"run {seq} of the history is damaged") from error


def find(db: sqlite3.Connection, text: str) -> int | None:
    """The number of the run that a text names; None for none.

    That is a number, ``last``, ``last~2``, the start of its id, or a time (``2026-11-23``, ``7d`` ago): the last run
    that began before it, or the first run where none did. Raises UsageError where several ids begin so.
    """
    name, tilde, back = text.partition("~")
    if name == "last" and (not tilde or whole_number(back, 7) is not None):
        row = db.execute("SELECT seq FROM run ORDER BY seq DESC LIMIT 1 OFFSET ?", (int(back or 0),)).fetchone()
        return None if row is None else int(row[0])
    at = _time_of(text)
    if at is not None:
        return _run_at(db, at)
    number = whole_number(text, 15)
    if number is not None:
        row = db.execute("SELECT seq FROM run WHERE seq = ?", (number,)).fetchone()
        if row is not None:
            return int(row[0])
    if len(text) < LEAST_PREFIX or any(c not in "0123456789abcdef-" for c in text):
        return None
    found = db.execute("SELECT seq FROM run WHERE uuid >= ? AND uuid < ? LIMIT 2", (text, text + "g")).fetchall()
    if len(found) > 1:
        raise UsageError(f"several runs have an id that begins with {text!r}")
    return int(found[0][0]) if found else None


def _time_of(text: str) -> str | None:
    """The beginning of an RFC 3339 time in UTC that a text names: a day, a time, or so many days or weeks ago.

    >>> _time_of("2026-11-23"), _time_of("2026-11-23T12:30:00Z"), _time_of("2026-13-01"), _time_of("last")
    ('2026-11-23', '2026-11-23T12:30:00', None, None)
    """
    from datetime import datetime, timedelta, timezone

    count, days = whole_number(text[:-1], 4), {"d": 1, "w": 7}.get(text[-1:])
    if count is not None and days is not None:
        at = datetime.now(timezone.utc) - timedelta(days=count * days)
        return at.strftime("%Y-%m-%dT%H:%M:%S")
    plain = text.removesuffix("Z")
    try:
        found = datetime.fromisoformat(plain) if plain[4:5] == plain[7:8] == "-" else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")) if found.tzinfo else plain


def _run_at(db: sqlite3.Connection, at: str) -> int | None:
    """The last run that began before a time; the first one where none did; None where there is no run."""
    found = None
    for seq, body in db.execute("SELECT seq, body FROM run ORDER BY seq DESC"):
        found = int(seq)
        try:
            if str(unpack(body)["run"]["started_at"]) < at:
                break
        except (HistoryError, KeyError, TypeError) as error:
            raise HistoryError(f"run {seq} of the history is damaged") from error
    return found


def report_of(db: sqlite3.Connection, run: int) -> tuple[Report, str]:
    """A recorded report, and its scope. Raises HistoryError."""
    row = db.execute(
        "SELECT run.body, about.body, members.body, run.scope FROM run LEFT JOIN piece about ON about.id = run.about"
        " LEFT JOIN piece members ON members.id = run.members WHERE run.seq = ?",
        (run,),
    ).fetchone()
    if row is None:
        raise HistoryError(f"there is no run {run} in the history")
    try:
        own, about, members = (unpack(body) for body in row[:3])
        return together(own, about, [_result(db, number) for number in members]), str(row[3])
    except (HistoryError, TypeError) as error:
        raise HistoryError(f"run {run} of the history is damaged: {error}") from error


def _result(db: sqlite3.Connection, number: int) -> dict[str, Any]:
    row = db.execute("SELECT body FROM result WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise HistoryError("one of its results is missing")
    found: dict[str, Any] = unpack(row[0])
    return found


class Interval(NamedTuple):
    """Runs one after another in which a result had one status."""

    status: str | None
    """None where it was not there; ``unknown`` also where its check could not look for it."""
    severity: str | None
    message: str | None
    first: Moment
    last: Moment
    runs: int
    fingerprint: str | None


def intervals(db: sqlite3.Connection, result_id: str) -> tuple[Interval, ...]:
    """How a result stood, the earliest first; empty where no run has it.

    Runs that did not look at it, or that looked at another place than the last run that has it, do not count.
    """
    recalled = Recalled(db, [result_id])
    runs, began_at = _runs_with(db, recalled, result_id)
    found: list[Interval] = []
    for run, seen, standings in recalled.stood(runs):
        now = _interval(result_id, seen, standings.get(result_id), Moment(run, began_at[run]))
        last = found[-1] if found else None
        if last is not None and (last.status, last.severity) == (now.status, now.severity):
            found[-1] = now._replace(first=last.first, runs=last.runs + 1)
        elif last is not None or now.status is not None:
            found.append(now)
    return tuple(found)


MOST_SELECTED = 200
"""Results whose history is shown at once."""


def selected(db: sqlite3.Connection, text: str) -> list[str]:
    """The ids of recorded results that a selector takes, by their order. Raises UsageError; tags are not recorded."""
    from nodecheck.checking.selectors import parse_selector

    selector = parse_selector(text)
    if selector.tag is not None:
        raise UsageError(f"selector {text!r}: the history does not know the tags of checks")
    found = []
    for (name,) in db.execute("SELECT DISTINCT name FROM result ORDER BY name"):
        about = parse_selector(name)
        if selector.takes(about.check or "", (), about.subject, about.view or NOW):
            found.append(str(name))
    if len(found) > MOST_SELECTED:
        raise UsageError(f"selector {text!r}: it takes {len(found)} results, and at most {MOST_SELECTED} are shown")
    return found


def _runs_with(db: sqlite3.Connection, recalled: Recalled, name: str) -> tuple[list[Numbered], dict[int, str]]:
    """The runs that may tell of a result, the earliest first, and when each began."""
    wanted = frozenset([number for (number,) in db.execute("SELECT id FROM result WHERE name = ?", (name,))])
    has: dict[int, bool] = {}
    told = []
    for run, members, body, scope in db.execute("SELECT seq, members, body, scope FROM run ORDER BY seq DESC"):
        if members not in has:
            has[members] = not wanted.isdisjoint(recalled.numbers(members))
        told.append((run, members, began(body), scope))
    place, kind = next(((about["source"], scope) for _, members, about, scope in told if has[members]), (None, None))
    runs = [
        (run, members, about["started_at"])
        for run, members, about, scope in reversed(told)
        if about["source"] == place and (has[members] or scope == kind)
    ]
    return [(run, members) for run, members, _ in runs], {run: at for run, _, at in runs}


def _interval(name: str, seen: Seen, standing: Standing | None, moment: Moment) -> Interval:
    result = seen.results.get(name)
    if result is not None:
        return Interval(
            result.status.value, result.severity.value, result.message, moment, moment, 1, result.fingerprint
        )
    if standing is None:
        return Interval(None, None, None, moment, moment, 1, None)
    why = f"cannot be judged, as {seen.hidden_by(standing)} cannot"
    return Interval(standing.status, standing.severity, why, moment, moment, 1, None)
