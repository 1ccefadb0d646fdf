"""Send a report to a log's socket, entry by entry, within a bound of time."""

from __future__ import annotations

import errno
from importlib import import_module
from typing import TYPE_CHECKING

from nodecheck.report import Report

if TYPE_CHECKING:
    from socket import socket

TIMEOUT_S = 5.0
"""For all entries together: a log that does not read must not hold up the run."""


def send(report: Report, format_: str, path: str) -> None:
    """Send what ``nodecheck.render.FORMAT`` makes of the report to the socket at ``path``. Raises OSError."""
    from time import monotonic

    end = monotonic() + TIMEOUT_S
    sock, stream = _connected(path)
    with sock:
        for raw in import_module(f"nodecheck.render.{format_}").datagrams(report):
            sock.settimeout(max(end - monotonic(), 0.001))
            sock.sendall(raw + b"\0" if stream else raw)


def _connected(path: str) -> tuple[socket, bool]:
    """A socket, and whether it is a stream, in which a NUL ends each entry (as syslog(3) of libc does it)."""
    import socket

    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sock = socket.socket(socket.AF_UNIX, kind)
        sock.settimeout(TIMEOUT_S)
        try:
            _connect(sock, path)
        except OSError as error:
            sock.close()
            if error.errno != errno.EPROTOTYPE or kind == socket.SOCK_STREAM:
                raise
        else:
            return sock, kind == socket.SOCK_STREAM
    raise OSError(errno.EPROTOTYPE, "neither datagrams nor a stream")


def _connect(sock: socket, path: str) -> None:
    """Connect; a stream's listener that has as many waiting as it takes says so at once, and is asked again."""
    from time import monotonic, sleep

    end = monotonic() + TIMEOUT_S
    while True:
        try:
            return sock.connect(path)
        except BlockingIOError:
            if monotonic() > end:
                raise
            sleep(0.05)
