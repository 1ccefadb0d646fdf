"""Lines of JSON over a UNIX socket, with a time limit: what QEMU's monitor and its guest agent speak."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any


class VmError(Exception):
    """The virtual machine, or what carries commands into it, failed."""


class Channel:
    """One socket of QEMU's."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._rest = b""

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def forget(self) -> None:
        """Drop what was received and not read."""
        self._rest = b""

    def send(self, message: dict[str, Any], lead: bytes = b"") -> None:
        """Send one message, with bytes before it."""
        self._socket.sendall(lead + json.dumps(message).encode() + b"\n")

    def receive(self, timeout_s: float) -> Any:
        """The next message. Raises VmError where none comes in time, ValueError for what is no JSON."""
        end = time.monotonic() + timeout_s
        while b"\n" not in self._rest:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                got = self._socket.recv(1 << 16)
            except (TimeoutError, socket.timeout):
                raise VmError(f"no answer within {timeout_s:.0f} s") from None
            except OSError as error:
                raise VmError(str(error)) from error
            finally:
                self._socket.settimeout(None)
            if not got:
                raise VmError("the connection was closed")
            self._rest += got
        line, self._rest = self._rest.split(b"\n", 1)
        return json.loads(line.lstrip(b"\xff"))
