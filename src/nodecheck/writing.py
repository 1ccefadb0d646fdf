"""Files that are written whole or not at all, and never where another user leads root to."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

MOST_LINKS = 40
READER_S = 5.0
"""How long a FIFO may be without a reader: one that is started beside nodecheck may come a little later."""

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_THROUGH = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC


def write_atomically(path: str, document: str | bytes | Iterable[str], mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old one or the new one, whole; its mode stays, a new one has ``mode``
    (less the umask). Raises OSError.

    A link stays, and leads to the file. A terminal, a FIFO or ``/dev/stdout`` is written to as it is. As root nothing
    is written through a link or a FIFO that another user made, as proc(5), ``protected_symlinks``, has it for sticky
    directories alone; and the directory is held open, so that it cannot become another meanwhile.
    """
    raw = _pieces(document)
    with _place(path) as (directory, name):
        if directory is None:
            _through(os.open(name, _THROUGH | os.O_TRUNC), raw)
            return
        old = _found(directory, name)
        if old is None or stat.S_ISREG(old.st_mode):
            _replace(directory, name, old, raw, mode)
        else:
            _through(_special(directory, name, old), raw)


def _pieces(document: str | bytes | Iterable[str]) -> Iterable[bytes]:
    """A document as bytes, piece by piece: one of many nodes may be larger than the memory."""
    if isinstance(document, bytes):
        return (document,)
    pieces = (document,) if isinstance(document, str) else document
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)


@contextmanager
def _place(path: str) -> Iterator[tuple[int | None, str]]:
    """The open directory and the name in it of what ``path`` leads to. Below ``/proc`` there is no directory, but the
    path as it is: the kernel alone can follow ``/proc/self/fd/1``."""
    left, links = _parts(path), 0
    here = os.open("/" if path.startswith("/") else ".", _DIRECTORY)
    try:
        while True:
            if not left:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            name = left.pop()
            target = _target(here, name)
            if target is not None:
                links += 1
                left += _parts(target)
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if (path if target is None else target).startswith("/proc/"):
                yield None, path if target is None else "/" + "/".join(left[::-1])
                return
            if target is None and not left:
                yield here, name
                return
            if target is None or target.startswith("/"):
                here = _entered(here, name if target is None else "/")
    finally:
        os.close(here)


def _parts(path: str) -> list[str]:
    """The names in a path, the last one first."""
    return [part for part in path.split("/")[::-1] if part not in ("", ".")]


def _entered(directory: int, name: str) -> int:
    inner = os.open(name, _DIRECTORY, dir_fd=directory)
    os.close(directory)
    return inner


def _target(directory: int, name: str) -> str | None:
    """Where the link of that name leads; None where there is no link."""
    with suppress(FileNotFoundError):
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            found = os.fstat(fd)
            if stat.S_ISLNK(found.st_mode):
                _refuse_foreign(found, "link")
                return os.readlink("", dir_fd=fd)
        finally:
            os.close(fd)
    return None


def _found(directory: int, name: str) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    return None


def _refuse_foreign(found: os.stat_result, what: str) -> None:
    if os.geteuid() == 0 and found.st_uid != 0:
        raise PermissionError(errno.EPERM, f"root writes through no {what} that user {found.st_uid} made")


def _replace(directory: int, name: str, old: os.stat_result | None, raw: Iterable[bytes], mode: int) -> None:
    """Put a regular file in place. Its number is chosen by chance: a process that was killed may have left one."""
    temporary = f"{name}.{os.urandom(6).hex()}.tmp"
    fd = os.open(temporary, _NEW, mode, dir_fd=directory)
    try:
        with os.fdopen(fd, "wb") as file:
            if old is not None:
                os.fchmod(fd, _mode(old))
            file.writelines(raw)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(temporary, dir_fd=directory)
        raise


def _mode(old: os.stat_result) -> int:
    """The mode of a file that takes another's place: what is now ours must not stay setuid, or another's to write."""
    return stat.S_IMODE(old.st_mode) & (0o777 if old.st_uid == os.geteuid() else 0o755)


def _special(directory: int, name: str, old: os.stat_result) -> int:
    """Open what is no regular file, to write."""
    if stat.S_ISBLK(old.st_mode):
        raise PermissionError(errno.EPERM, "nothing is written to a block device")
    if stat.S_ISFIFO(old.st_mode):
        _refuse_foreign(old, "FIFO")
    end = monotonic() + READER_S
    while True:
        try:
            fd = os.open(name, _THROUGH | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
            break
        except OSError as error:
            if error.errno != errno.ENXIO or monotonic() > end or not stat.S_ISFIFO(old.st_mode):
                raise
            sleep(0.05)
    if not os.path.samestat(os.fstat(fd), old):
        os.close(fd)
        raise PermissionError(errno.EPERM, "it was replaced meanwhile")
    return fd


def _through(fd: int, raw: Iterable[bytes]) -> None:
    with os.fdopen(fd, "wb") as file:
        os.set_blocking(fd, True)
        file.writelines(raw)
