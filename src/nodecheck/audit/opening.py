"""Opening the history: to write, with everything that can be wrong with it; to read, without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager

from nodecheck.audit.keep import PAGE, Limits, bounded
from nodecheck.audit.schema import APPLICATION_ID, migrate, refuse_newer, version_of
from nodecheck.errors import HistoryError

NAME = "history.sqlite3"
BUSY_S = 10.0
CHECK_EVERY = 24
"""Runs between two looks through the whole file."""

MOST_SET_ASIDE = 5
"""Damaged histories that are kept: a failing disk must not fill itself with them."""


class Corrupt(Exception):
    """The history's file is not a database, or is damaged."""


def is_damage(error: BaseException) -> bool:
    """Whether an error tells of damage. SQLITE_CORRUPT and SQLITE_NOTADB are plain DatabaseErrors in Python; a full
    disk, a lock and a read-only mount are OperationalErrors."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error).startswith(("no such table", "no such column", "malformed database schema"))
    return isinstance(error, (Corrupt, sqlite3.IntegrityError)) or type(error) is sqlite3.DatabaseError


@contextmanager
def opened(directory: str, limits: Limits, *, look: bool = True) -> Iterator[sqlite3.Connection]:
    """The database of a state directory, made where there is none, brought up to date and, with ``look``, looked
    through in its turn.

    Raises Corrupt, NewerHistory, and errors of SQLite.
    """
    path = f"{directory}/{NAME}"
    unclean = _ready(path)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    with closing(connection):
        if look:
            _look(connection, unclean)
        _settings(connection, limits)
        migrate(connection)
        yield connection
        _tidy(connection)


def _ready(path: str) -> bool:
    """Make the file where it is missing; whether the last to write it ended before its time."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640))
        return False
    if not stat.S_ISREG(mode):
        raise Corrupt("not a regular file")
    _refuse_newer(path)
    return os.path.lexists(f"{path}-wal")


def _refuse_newer(path: str) -> None:
    """Look at the file's header, so that SQLite does not even open what a later nodecheck made.

    The offsets are those of the file format (sqlite.org/fileformat2.html, 1.3).
    """
    with open(path, "rb") as file:
        head = file.read(100)
    if int.from_bytes(head[68:72], "big") == APPLICATION_ID:
        refuse_newer(int.from_bytes(head[60:64], "big"))


def _look(connection: sqlite3.Connection, unclean: bool) -> None:
    found: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version = version_of(connection) if found == APPLICATION_ID else 0
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if found != APPLICATION_ID and not (found == 0 and empty):
        raise Corrupt("another program's database")
    if found == APPLICATION_ID and (version == 0 or empty):
        raise Corrupt("its tables are gone")
    if not empty and (unclean or _due(connection)):
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Corrupt(verdict.replace("\n", " "))


def _due(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT seq FROM run ORDER BY seq DESC LIMIT 1").fetchone()
    return row is not None and row[0] % CHECK_EVERY == 0


def _settings(connection: sqlite3.Connection, limits: Limits) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded while there are no tables
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 1048576")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    bounded(connection, limits)


def _tidy(connection: sqlite3.Connection) -> None:
    """Give room back that removed runs left; what cannot be tidied now is the next run's."""
    try:
        free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        if free > 64:
            connection.execute("PRAGMA incremental_vacuum").fetchall()
    except sqlite3.OperationalError:
        return


def set_aside(directory: str, stamp: str) -> str:
    """Move a damaged history out of the way; gives its new path. Raises OSError.

    The log goes first: a database that is made anew must never find the log of another.
    """
    path = f"{directory}/{NAME}"
    target = f"{path}.corrupt-{stamp}"
    number = 1
    while os.path.lexists(target):
        number += 1
        target = f"{path}.corrupt-{stamp}.{number}"
    for suffix in ("-wal", "-shm", "-journal", ""):
        if os.path.lexists(path + suffix):
            os.rename(path + suffix, target + suffix)
    return target


def thin_out(directory: str) -> str | None:
    """Remove the oldest of the damaged histories where there are more than are kept; gives its path."""
    found = [name for name in os.listdir(directory) if name.startswith(f"{NAME}.corrupt-")]
    whole = sorted([name for name in found if not name.endswith(("-wal", "-shm", "-journal"))])
    if len(whole) <= MOST_SET_ASIDE or not os.path.isfile(f"{directory}/{whole[0]}"):
        return None
    for name in found:
        if name in (whole[0], f"{whole[0]}-wal", f"{whole[0]}-shm", f"{whole[0]}-journal"):
            os.unlink(f"{directory}/{name}")
    return f"{directory}/{whole[0]}"


@contextmanager
def reading(directory: str) -> Iterator[sqlite3.Connection]:
    """The database, to read, as whoever may read it. Raises HistoryError, which says what is in the way.

    A reader that may not write the directory cannot make the shared memory of the write-ahead log; where there is no
    log, nobody writes, and the file alone is the database, as long as it stays as it is.
    """
    path = f"{directory}/{NAME}"
    try:
        before = _state(path)
        _refuse_newer(path)
        connection, alone = _readable(path)
        with closing(connection):
            yield connection
        if alone and _state(path) != before:
            raise HistoryError(f"{path}: it was written while it was read: try again")
    except (sqlite3.DatabaseError, Corrupt) as error:
        raise HistoryError(f"{path}: cannot be read: {error}") from error
    except FileNotFoundError as error:
        raise HistoryError(f"{path}: nothing was recorded yet") from error
    except OSError as error:
        raise HistoryError(f"{path}: cannot be read: {error.strerror or error}") from error


def _state(path: str) -> tuple[int, int, int]:
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise Corrupt("not a regular file")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _readable(path: str) -> tuple[sqlite3.Connection, bool]:
    """A connection that writes nothing, and whether it takes the file alone for the database."""
    modes = ["ro", "ro&immutable=1"]
    if os.access(path, os.W_OK) and os.access(os.path.dirname(path) or ".", os.W_OK):
        modes.insert(0, "rw")  # the last to close a log removes it; who opens it "ro" would leave it behind
    problem: sqlite3.OperationalError | None = None
    for mode in modes:
        if mode.endswith("=1") and _has_log(path):
            break
        try:
            return _connected(path, mode), mode.endswith("=1")
        except sqlite3.OperationalError as error:
            problem = error
    raise problem or sqlite3.OperationalError("unable to open database file")


def _has_log(path: str) -> bool:
    """Whether a log holds what the file does not; one that a full disk let nobody write to is empty."""
    try:
        return os.lstat(f"{path}-wal").st_size > 0
    except FileNotFoundError:
        return False


def _connected(path: str, mode: str) -> sqlite3.Connection:
    from urllib.parse import quote

    uri = f"file:{quote(path)}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        found = connection.execute("PRAGMA application_id").fetchone()[0]
        if found != APPLICATION_ID:
            raise Corrupt("it is not a history of nodecheck")
        version_of(connection)
        connection.execute("SELECT count(*) FROM run").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
