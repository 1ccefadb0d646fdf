"""A waiver file on disk: read, edited under a lock, and written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nodecheck.errors import Locked, UsageError
from nodecheck.plugins import Registry
from nodecheck.profile.model import SCHEMA
from nodecheck.profile.validate import WAIVERS_SCHEMA

NEW = f"""\
# Accepted failures of this node; nodecheck waive --help. Each ends on its day, and says so two weeks before.
schema = "{WAIVERS_SCHEMA}"
"""

MOST_BYTES = 1 << 20
PATIENCE_S = 5.0


def read(path: str) -> str | None:
    """The text of a file that may be edited; None where there is none.

    Raises UsageError for a link, for what is no regular file, and for a file that others than its owner can write.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if os.path.islink(path):
            raise UsageError(f"{path}: a link; name the file itself") from error
        raise
    try:
        _verify(path, os.fstat(fd))
        raw = os.read(fd, MOST_BYTES + 1)
    finally:
        os.close(fd)
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{path}: larger than {MOST_BYTES} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8") from error


def _verify(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path}: not a regular file")
    if found.st_mode & 0o022:
        raise UsageError(f"{path}: others can write it (mode {stat.S_IMODE(found.st_mode):04o}): refused")
    if found.st_uid not in (0, os.geteuid()):
        raise UsageError(f"{path}: owned by uid {found.st_uid}, neither by root nor by this user: refused")


def edit(path: str, change: Callable[[str], str], registry: Registry, dry_run: bool) -> tuple[str, str]:
    """The text before and after ``change``; written to ``path`` unless ``dry_run``.

    What is there and what would be there must be valid. Raises UsageError, ProfileError, Locked, OSError.
    """
    directory = os.path.dirname(os.path.join(os.getcwd(), path))
    if dry_run or not os.path.isdir(directory):
        found = _changed(path, change, registry)
        if dry_run:
            return found
        _verify_way(path, directory)
        os.makedirs(directory, mode=0o755, exist_ok=True)
    _verify_way(path, directory)
    with _alone(path):
        before, after = _changed(path, change, registry)
        if after != before:
            _write(path, after)
    return before, after


def _changed(path: str, change: Callable[[str], str], registry: Registry) -> tuple[str, str]:
    found = read(path)
    before = NEW if found is None else found
    validate(before, path, registry)
    after = change(before)
    validate(after, path, registry)
    return found or "", after


def validate(text: str, path: str, registry: Registry) -> None:
    """Raise ProfileError unless the text is a valid file of waivers, or a valid profile."""
    from nodecheck.profile import validate as rules
    from nodecheck.profile.load import strict

    def either(table: dict[str, object]) -> None:
        profile = table.get("schema") == SCHEMA
        (rules.validate if profile else rules.validate_waivers)(table, registry)

    strict(text.encode(), path, "waivers", either)  # type: ignore[arg-type]


def _verify_way(path: str, directory: str) -> None:
    """Raise UsageError where root edits, and others could put another file or another directory there."""
    from nodecheck.host.trust import there_is, untrusted_above

    problem = untrusted_above(there_is(directory)) if os.geteuid() == 0 else None
    if problem:
        raise UsageError(f"{path}: {problem}: refused")


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Hold a lock on a file beside the one that is edited: two edits at once must not lose one.

    Nobody else can open it, and hold the lock for ever; it goes when the edit is done.
    """
    from time import monotonic, sleep

    lock, until = f"{os.path.dirname(path) or '.'}/.{os.path.basename(path)}.lock", monotonic() + PATIENCE_S
    while (fd := _taken(lock)) is None:
        if monotonic() > until:
            raise Locked(f"another process holds {lock}")
        sleep(0.05)
    try:
        yield
    finally:
        os.unlink(lock)
        os.close(fd)


def _taken(lock: str) -> int | None:
    """The open file whose lock is ours; None where it is another's, or was until now. Raises OSError."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        flock(fd, LOCK_EX | LOCK_NB)
        if os.path.samestat(os.fstat(fd), os.lstat(lock)):
            return fd
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _write(path: str, text: str) -> None:
    """Put a file in place whole, with the mode and the owner of the one before it."""
    try:
        old: os.stat_result | None = os.lstat(path)
    except FileNotFoundError:
        old = None
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            if old is not None:
                os.fchown(fd, old.st_uid, old.st_gid)
            os.fchmod(fd, 0o644 if old is None else stat.S_IMODE(old.st_mode) & 0o755)
            file.write(text.encode())
            file.flush()
            os.fsync(fd)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
