"""What a file system says of itself and of its files beside their content: statfs(2), xattr(7)."""

from __future__ import annotations

import errno
import os
import sys

from nodecheck.host.libc import filled

_BITS = 0xFFFFFFFF
"""A magic number has 32 of them; where a long has no more, some are negative."""


def magic_of(path: str, place: bytes | int) -> int:
    """The magic number of a file system by a path or an open descriptor; errors are those of ``path``.

    It is the first field of ``struct statfs``, a long everywhere but on s390, where it is an int.
    """
    function = "fstatfs" if isinstance(place, int) else "statfs"
    _, raw = filled(function, place, source=f"{function}(2)", path=path)
    size = 4 if os.uname().machine.startswith("s390") else (sys.maxsize.bit_length() + 1) // 8
    return int.from_bytes(raw[:size], sys.byteorder) & _BITS


def attribute(place: bytes, name: str) -> bytes | None:
    """An extended attribute; None where there is none of that name. Raises OSError."""
    try:
        return os.getxattr(place, name.encode("utf-8", "surrogateescape"))
    except OSError as error:
        if error.errno == errno.ENODATA:
            return None
        raise


def attributes(place: bytes) -> tuple[str, ...]:
    """The names of the extended attributes, sorted. Raises OSError."""
    return tuple(sorted(os.listxattr(place)))
