"""Captures as files: packed and unpacked within bounds, read from a path or from standard input."""

from __future__ import annotations

import sys

from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import Image
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.text import FORMAT, dumped
from nodecheck.errors import CaptureError
from nodecheck.reading import read_file
from nodecheck.text import printable

MIB = 1 << 20
MOST_PACKED = 64 * MIB
MOST_UNPACKED = 64 * MIB
"""Bytes that a capture may have; the one of a full node has two million."""

MOST_BEFORE = 64
"""Lines before the first that are passed over: what ``kubectl`` or a login says."""

STDIN = "-"

GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\0"
_BZIP2 = b"BZh"
_ZSTD = b"\x28\xb5\x2f\xfd"


def packed(image: Image) -> bytes:
    """The file of an image: its text, gzip'd; equal images give equal bytes."""
    from gzip import compress

    return compress(dumped(image), 6, mtime=0)


def open_capture(path: str) -> CaptureHost:
    """The host of a capture in a file, or on standard input (``-``). Raises CaptureError."""
    name = "standard input" if path == STDIN else path
    if path != STDIN and _is_archive(path):
        from nodecheck.capturing.archives import read_archive

        return CaptureHost(read_archive(path), path, path)
    return read_capture(_content(path, name), name, None if path == STDIN else path)


def _is_archive(path: str) -> bool:
    """Whether a path names what another tool made: a directory, or a file that begins as no capture does."""
    import os

    if not os.path.isfile(path):  # what a pipe holds can be read once
        return os.path.isdir(path)
    try:
        head = read_file(path, 1 << 12)
    except OSError:
        return False  # reading it whole says why
    if head[:2] == GZIP:
        import zlib

        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 1 << 12)
        except zlib.error:
            return False
    return head[:6] == _XZ or head[:3] == _BZIP2 or head[257:262] == b"ustar"


def read_capture(raw: bytes, name: str, file: str | None = None) -> CaptureHost:
    """The host of the bytes of a capture, packed or not, that lies in a file or in none. Raises CaptureError, which
    names it so."""
    text = unpacked(raw, name)
    begin = _begin(text)
    image = parsed(text[begin:] if begin else text, name, text.count(b"\n", 0, begin))
    return CaptureHost(image, name, file)


def _content(path: str, name: str) -> bytes:
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise CaptureError("--capture -: standard input is closed")
            return _bounded(sys.stdin.buffer.read(MOST_PACKED + 1), name)
        return _bounded(read_file(path, MOST_PACKED), name)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CaptureError(f"{printable(name)}: a capture that cannot be read: {why}") from error


def _bounded(found: bytes, name: str) -> bytes:
    if len(found) > MOST_PACKED:
        raise CaptureError(f"{printable(name)}: expected a capture of at most {MOST_PACKED // MIB} MiB, found more")
    return found


def past_greeting(raw: bytes) -> bytes:
    r"""A packed capture without the lines before it, which some nodes' shells print for everybody who comes.

    >>> past_greeting(b"Welcome\n\x1f\x8b..."), past_greeting(b"Welcome\nnodecheck capture 1\n")
    (b'\x1f\x8b...', b'Welcome\nnodecheck capture 1\n')
    """
    at = 0
    for _ in range(MOST_BEFORE + 1):
        if raw.startswith(GZIP, at):
            return raw[at:]
        at = raw.find(b"\n", at) + 1
        if not at:
            break
    return raw


def unpacked(raw: bytes, name: str) -> bytes:
    """The text of a capture. Unpacking stops at the bound. Raises CaptureError."""
    raw = past_greeting(raw)
    if raw[:2] == GZIP:
        return _gunzipped(raw, name)
    return _unzstd(raw, name) if raw[:4] == _ZSTD else raw


def _begin(text: bytes) -> int:
    """Where the first line of a capture begins; 0 where there is none within bounds."""
    at = 0
    for _ in range(MOST_BEFORE + 1):
        if text.startswith(FORMAT, at):
            return at
        at = text.find(b"\n", at) + 1
        if not at:
            break
    return 0


def _gunzipped(raw: bytes, name: str) -> bytes:
    import zlib

    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(raw, MOST_UNPACKED + 1)
    except zlib.error as error:
        raise CaptureError(f"{printable(name)}: a damaged capture: {error}") from error
    if len(found) > MOST_UNPACKED:
        raise CaptureError(f"{printable(name)}: expected at most {MOST_UNPACKED // MIB} MiB of text, found more")
    if not unpacker.eof:
        raise CaptureError(f"{printable(name)}: the capture was cut short: its gzip stream has no end")
    if unpacker.unused_data or unpacker.unconsumed_tail:
        raise CaptureError(f"{printable(name)}: bytes after the end of the capture")
    return found


def _unzstd(raw: bytes, name: str) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # Python 3.14
    except ImportError as error:
        told = "a capture packed by zstd, which only Python 3.14 reads: unpack it first (zstd -dc)"
        raise CaptureError(f"{printable(name)}: {told}") from error
    unpacker = zstd.ZstdDecompressor()
    try:
        found: bytes = unpacker.decompress(raw, MOST_UNPACKED + 1)
    except zstd.ZstdError as error:
        raise CaptureError(f"{printable(name)}: a damaged capture: {error}") from error
    if len(found) > MOST_UNPACKED:
        raise CaptureError(f"{printable(name)}: expected at most {MOST_UNPACKED // MIB} MiB of text, found more")
    return found
