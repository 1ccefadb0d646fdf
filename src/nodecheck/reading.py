"""Reading a file that somebody named, without ever waiting for one that nobody writes."""

from __future__ import annotations

import errno
import os
import stat


def read_file(path: str, limit: int) -> bytes:
    """The bytes of a regular file, one more than ``limit`` where it has more.

    A pipe that a shell made (``<(…)``, ``/dev/stdin``) is read to its end as standard input is. Raises OSError, also
    for a FIFO, a socket, a device: opening or reading those may wait without end.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(mode):
            if not _without_name(fd):
                raise OSError(errno.EINVAL, "not a regular file", path)
            os.set_blocking(fd, True)
        with os.fdopen(os.dup(fd), "rb") as file:
            return file.read(limit + 1)
    finally:
        os.close(fd)


def _without_name(fd: int) -> bool:
    """Whether it is a pipe of two processes, and no FIFO of a file system."""
    return os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")
