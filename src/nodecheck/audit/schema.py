"""The history's tables, and how an older database becomes one of today."""

from __future__ import annotations

from sqlite3 import Connection

from nodecheck.errors import NewerHistory

APPLICATION_ID = 0x6E6F6463  # "nodc"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # What runs share is kept once: the parts of reports that seldom change, and lists of results' numbers.
        "CREATE TABLE piece (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL)",
        "CREATE TABLE result (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL,"
        " body BLOB NOT NULL)",
        "CREATE INDEX result_name ON result (name)",
        # AUTOINCREMENT: a number is never used again, and it alone orders the runs, whatever the clock does.
        "CREATE TABLE run (seq INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, scope TEXT NOT NULL,"
        " lived REAL NOT NULL, about INTEGER NOT NULL, members INTEGER NOT NULL, body BLOB NOT NULL, changes BLOB,"
        " told INTEGER NOT NULL)",
        "CREATE INDEX run_uuid ON run (uuid)",
        "CREATE INDEX run_untold ON run (told, seq)",
        "CREATE TABLE state (name TEXT PRIMARY KEY, used INTEGER NOT NULL, body BLOB NOT NULL)",
        "CREATE TABLE baseline (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, body BLOB NOT NULL)",
    ),
)
"""One tuple of statements for each version; ``PRAGMA user_version`` says how many of them were applied."""


def version_of(connection: Connection) -> int:
    """The schema's version. Raises NewerHistory for one that a later nodecheck made."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    refuse_newer(found)
    return found


def refuse_newer(found: int) -> None:
    """Raise NewerHistory for a version that a later nodecheck made."""
    if found > len(MIGRATIONS):
        raise NewerHistory(
            f"the history has schema {found} of a later nodecheck; this one knows {len(MIGRATIONS)}"
            " and leaves it alone (install the later version, or name another --state directory)"
        )


def migrate(connection: Connection, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the database up to date, in one transaction."""
    if version_of(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in migrations[version_of(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
