"""``Packages.db``: rpm's own format "ndb", which SUSE uses (rpm's ``lib/backend/ndb/rpmpkg.c``).

Slots of 16 bytes say where each package's header lies, in blocks of 16 bytes. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Malformed
from nodecheck.facts.packages.rpm_header import HEADER_LIMIT, name_in
from nodecheck.host import Host

_PAGE, _BLOCK, _HEAD = 4096, 16, 4096
_MOST_SLOT_PAGES = 1 << 8


def headers(host: Host, path: str, wanted: Callable[[str], bool]) -> Iterator[bytes]:
    """The headers of the wanted packages, in the order of installation."""
    head = host.read_at(path, 0, 32)
    if len(head) < 32 or head[:4] != b"RpmP" or head[4:8] != b"\0\0\0\0":
        raise Malformed(path, "is not a database of rpm's format ndb")
    pages = int.from_bytes(head[12:16], "little")
    if not 0 < pages <= _MOST_SLOT_PAGES:
        raise ValueError(f"{pages} pages of slots")
    raw = host.read_at(path, 0, pages * _PAGE)
    if len(raw) != pages * _PAGE:
        raise ValueError("the slots are not whole")
    slots = []
    for magic, number, block, _ in struct.iter_unpack("<4sIII", raw[32:]):
        if magic != b"Slot":
            raise ValueError("a slot is damaged")
        if block:
            slots.append((number, block))
    for number, block in sorted(slots):
        blob = _header(host, path, number, block * _BLOCK, wanted)
        if blob is not None:
            yield blob


def _header(host: Host, path: str, number: int, at: int, wanted: Callable[[str], bool]) -> bytes | None:
    raw = host.read_at(path, at, 16 + _HEAD)
    magic, found, _, size = struct.unpack_from("<4sIII", raw)
    if magic != b"BlbS" or found != number or size > HEADER_LIMIT:
        raise ValueError(f"the header of package {number} is not where its slot says")
    name = name_in(raw[16 : 16 + size])
    if name is not None and not wanted(name):
        return None
    return host.read_at(path, at + 16, size)
