"""One audit at a time in a state directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from nodecheck.errors import Locked

NAME = "lock"


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Hold the lock of a state directory; the kernel frees it however the process ends.

    Raises :class:`nodecheck.errors.Locked` where another holds it, OSError where there is no way to lock.
    """
    from fcntl import LOCK_EX, LOCK_NB, flock

    fd = _opened(directory)
    try:
        try:
            flock(fd, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Locked(f"another audit holds {directory}/{NAME}{_holder(fd)}") from None
        _sign(fd)
        yield
    finally:
        os.close(fd)


def _opened(directory: str) -> int:
    """The lock's file; where a full disk or a read-only mount does not let it be made, the directory in its stead.

    Nobody else may open it, also where a group may read the history: who can open a file can hold its lock for ever.
    """
    path = f"{directory}/{NAME}"
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)
        with suppress(OSError):
            os.fchmod(fd, 0o600)
        return fd
    except OSError:
        try:
            return os.open(path, os.O_RDONLY | flags)
        except FileNotFoundError:
            return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _holder(fd: int) -> str:
    try:
        text = os.pread(fd, 20, 0).partition(b"\n")[0]
    except OSError:
        return ""
    return f" (process {text.decode()})" if text.isdigit() else ""


def _sign(fd: int) -> None:
    """Say which process holds the lock: for people, and so no reason to fail."""
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    except OSError:
        return
