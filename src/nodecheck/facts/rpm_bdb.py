"""``Packages``: a hash database of Berkeley DB, which rpm used until 4.15 (EL 6 to 8, SLES 12, Amazon Linux 2).

Page layouts as in Berkeley DB's ``src/dbinc/db_page.h``: a meta page says how many buckets there are and on which page
each begins; a header is too large for a bucket and lies on a chain of overflow pages.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nodecheck.errors import Malformed
from nodecheck.facts.rpm import HEADER_LIMIT, name_in
from nodecheck.host import Host

_MAGIC = 0x061561
_MOST_BUCKETS = 1 << 16
_PAGE_HEAD = 26
_HASH_PAGES = (2, 13)  # unsorted (4.6 and before) and sorted
_OVERFLOW = 7
_KEYDATA, _OFFPAGE = 1, 3


class _Meta(NamedTuple):
    """What the meta page says; ``order`` is struct's sign for the byte order of the machine that wrote it."""

    order: str
    size: int
    pages: int
    buckets: int
    spares: tuple[int, ...]

    def first_page(self, bucket: int) -> int:
        """The page on which a bucket begins (``BS_TO_PAGE`` in hash.h)."""
        return bucket + self.spares[bucket.bit_length()]


def headers(host: Host, path: str, wanted: Callable[[str], bool]) -> Iterator[bytes]:
    """The headers of the wanted packages, in the order of installation."""
    meta = _meta(host.read_at(path, 0, 512), path)
    found: list[tuple[int, bytes]] = []
    left = meta.pages + 1
    for bucket in range(meta.buckets):
        number = meta.first_page(bucket)
        while number:
            left -= 1
            if left < 0:
                raise ValueError("the chains of pages run in a circle")
            page = _page(host, path, meta, number)
            if page[25] not in _HASH_PAGES:
                break  # a bucket that was never used
            found.extend(_wanted(host, path, meta, page, wanted))
            (number,) = struct.unpack_from(meta.order + "I", page, 16)
    for _, blob in sorted(found):
        yield blob


def _meta(raw: bytes, path: str) -> _Meta:
    for order in "<>":
        if len(raw) >= 512 and struct.unpack_from(order + "I", raw, 12)[0] == _MAGIC and raw[25] == 8:
            break
    else:
        raise Malformed(path, "is not a hash database of Berkeley DB")
    (size,) = struct.unpack_from(order + "I", raw, 20)
    (pages,) = struct.unpack_from(order + "I", raw, 32)
    (highest,) = struct.unpack_from(order + "I", raw, 72)
    if size < 512 or size > 65536 or size & (size - 1) or highest >= _MOST_BUCKETS or raw[24]:
        raise ValueError("its first page is damaged")
    return _Meta(order, size, pages, highest + 1, struct.unpack_from(order + "32I", raw, 96))


def _page(host: Host, path: str, meta: _Meta, number: int) -> bytes:
    raw = host.read_at(path, number * meta.size, meta.size)
    if len(raw) != meta.size:
        raise ValueError(f"page {number} is not whole")
    return raw


def _wanted(
    host: Host, path: str, meta: _Meta, page: bytes, wanted: Callable[[str], bool]
) -> Iterator[tuple[int, bytes]]:
    """The wanted headers that a page of a bucket points to, with the numbers of their packages."""
    (entries,) = struct.unpack_from(meta.order + "H", page, 20)
    # Keys and data by turns, each before the one that came before it.
    for key, data in struct.iter_unpack(meta.order + "HH", page[_PAGE_HEAD : _PAGE_HEAD + entries // 2 * 4]):
        number = int.from_bytes(page[key + 1 : key + 5], "little" if meta.order == "<" else "big")
        blob = _header(host, path, meta, page[data:key], wanted)
        if blob is not None and number:  # number 0 counts the packages
            yield number, blob


def _header(host: Host, path: str, meta: _Meta, item: bytes, wanted: Callable[[str], bool]) -> bytes | None:
    if item[0] == _KEYDATA:
        if len(item) < 64:
            return None
        name = name_in(item[1:])
        return item[1:] if name is None or wanted(name) else None
    if item[0] != _OFFPAGE:
        raise ValueError(f"an entry of the unknown kind {item[0]}")
    number, size = struct.unpack_from(meta.order + "II", item, 4)
    if size > HEADER_LIMIT:
        raise ValueError(f"a header of {size} bytes")
    parts, have = [], 0
    while number and have < size:
        page = _page(host, path, meta, number)
        if page[25] != _OVERFLOW:
            raise ValueError(f"page {number} is not of a header")
        (length,) = struct.unpack_from(meta.order + "H", page, 22)
        parts.append(page[_PAGE_HEAD : _PAGE_HEAD + length])
        if not have:
            name = name_in(parts[0])
            if name is not None and not wanted(name):
                return None
        have += length
        if not length:
            raise ValueError(f"page {number} is empty")
        (number,) = struct.unpack_from(meta.order + "I", page, 16)
    return b"".join(parts)
