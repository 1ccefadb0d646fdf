"""How much history is kept: by age and by size."""

from __future__ import annotations

import sqlite3

from nodecheck.audit.pack import unpack
from nodecheck.record import NamedTuple

KEEP_LEAST = 48
"""The last runs, which age does not remove."""

BATCH_S = 86_400.0
"""Old runs are removed a day's worth at a time: removing costs a look through what the others still need."""

LOG_PAGES = 1024
"""Pages of the write-ahead log, which count too."""


PAGE = 4096
SPREAD = 1.5
"""How much more room rows take than their bytes: what does not fill a page is left empty."""


class Limits(NamedTuple):
    """How long runs are kept, and how large the history may be, its log included."""

    keep_days: int = 400
    max_mib: int = 64


def bounded(connection: sqlite3.Connection, limits: Limits) -> None:
    """Tell SQLite the bound, beyond which it refuses to grow."""
    pages = _most(limits)
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _most(limits: Limits) -> int:
    return max(limits.max_mib * (1 << 20) // PAGE - LOG_PAGES, 256)


def expire(connection: sqlite3.Connection, limits: Limits, needed: int) -> None:
    """Remove, within a transaction, the runs that are too old, and the oldest ones where room runs out.

    ``needed`` is how many bytes the next run brings.
    """
    newest = connection.execute("SELECT seq, lived FROM run ORDER BY seq DESC LIMIT 1").fetchone()
    if newest is None:
        return
    seq, lived = newest
    oldest: float = connection.execute("SELECT lived FROM run ORDER BY seq LIMIT 1").fetchone()[0]
    limit = lived - limits.keep_days * 86_400.0
    removed = 0
    if oldest < limit - BATCH_S:
        query = "DELETE FROM run WHERE lived < ? AND seq <= ?"
        removed = connection.execute(query, (limit, seq - KEEP_LEAST)).rowcount
    if removed:
        _forget(connection)
    room = _most(limits) * 0.9 - needed * SPREAD / PAGE
    while _used(connection) > room and _drop_tenth(connection):
        _forget(connection)


def _used(connection: sqlite3.Connection) -> int:
    """Pages in use."""
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return pages - free


def _drop_tenth(connection: sqlite3.Connection) -> bool:
    """Remove the oldest tenth of the runs; the last one stays."""
    count: int = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    if count < 2:
        return False
    oldest = "DELETE FROM run WHERE seq IN (SELECT seq FROM run ORDER BY seq LIMIT ?)"
    return connection.execute(oldest, (max(count // 10, 1),)).rowcount > 0


def _forget(connection: sqlite3.Connection) -> None:
    """Remove what no run needs any more."""
    connection.execute(
        "DELETE FROM piece WHERE id NOT IN (SELECT about FROM run) AND id NOT IN (SELECT members FROM run)"
    )
    lists = connection.execute("SELECT body FROM piece WHERE id IN (SELECT members FROM run)")
    needed = {number for (body,) in lists for number in unpack(body)}
    known = [row[0] for row in connection.execute("SELECT id FROM result")]
    connection.executemany("DELETE FROM result WHERE id = ?", [(number,) for number in known if number not in needed])
