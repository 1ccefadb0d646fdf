"""The header of a package, in rpm's own format (rpm's ``docs/manual/hregions.md`` and ``lib/header.c``)."""

from __future__ import annotations

import struct

from nodecheck.record import NamedTuple

HEADER_LIMIT = 1 << 23
"""A header with more bytes than this is damaged; the largest real ones have some megabytes."""


_NAME, _VERSION, _RELEASE, _EPOCH, _INSTALLED = 1000, 1001, 1002, 1003, 1008
_INT32, _STRING = 4, 6


class Header(NamedTuple):
    """What one package's header says of its version, and of when it was installed."""

    name: str
    epoch: int | None
    version: str
    release: str
    installed_s: int | None = None
    """Seconds since 1970 at which it was installed; None for a package that is not."""

    @property
    def evr(self) -> str:
        """``3:18.06.3.ce-3.el7``."""
        return ("" if self.epoch is None else f"{self.epoch}:") + f"{self.version}-{self.release}"


def parse_header(blob: bytes) -> Header:
    """The version in a package's header: count of entries, size of the store, the entries, the store.

    Raises ValueError or struct.error for what is no header.
    """
    entries, size = struct.unpack_from(">II", blob)
    if not 0 < entries <= 1 << 16 or 8 + entries * 16 + size > len(blob):
        raise ValueError("a header of a package is not whole")
    store = 8 + entries * 16
    words: dict[int, str] = {}
    epoch = installed_s = None
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", blob[8:store]):
        if tag == _EPOCH and kind == _INT32:
            (epoch,) = struct.unpack_from(">I", blob, store + offset)
        elif tag == _INSTALLED and kind == _INT32:
            (installed_s,) = struct.unpack_from(">I", blob, store + offset)
        elif tag in (_NAME, _VERSION, _RELEASE) and kind == _STRING:
            words[tag] = _string(blob, store + offset)
    if len(words) != 3:
        raise ValueError("a header of a package lacks its name or its version")
    return Header(words[_NAME], epoch, words[_VERSION], words[_RELEASE], installed_s)


def name_in(head: bytes) -> str | None:
    """The name in the first bytes of a header; None where it lies beyond them."""
    entries = int.from_bytes(head[:4], "big")
    if not 0 < entries <= 1 << 16:
        raise ValueError("a header of a package is not whole")
    at = head.find(_NAME_ENTRY, 8)
    while at >= 0 and at % 16 != 8:
        at = head.find(_NAME_ENTRY, at + 1)
    start = 8 + entries * 16
    if at < 0 or at >= start or at + 12 > len(head):
        return None
    start += int.from_bytes(head[at + 8 : at + 12], "big")
    end = head.find(b"\0", start)
    return None if end < 0 else head[start:end].decode("utf-8", "surrogateescape")


_NAME_ENTRY = struct.pack(">II", _NAME, _STRING)


def _string(blob: bytes, start: int) -> str:
    return blob[start : blob.index(b"\0", start)].decode("utf-8", "surrogateescape")
