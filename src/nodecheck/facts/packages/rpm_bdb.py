"""``Packages``: a hash database of Berkeley DB, which rpm used until 4.15 (EL 6 to 8, SLES 12, Amazon Linux 2).

Page layouts as in Berkeley DB's ``src/dbinc/db_page.h``: a meta page says how many buckets there are and on which page
each begins; a header is too large for a bucket and lies on a chain of overflow pages.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Malformed, TooLarge
from nodecheck.facts.packages.rpm_header import HEADER_LIMIT, name_in
from nodecheck.host import Host
from nodecheck.record import NamedTuple

_MAGIC = 0x061561
_MOST_BUCKETS = 1 << 16
MOST_STEPS = 1 << 18
"""Pages that may be read; a database whose pages point in circles has no end."""
_PAGE_HEAD = 26
_HASH_PAGES = (2, 13)  # unsorted (4.6 and before) and sorted
_OVERFLOW = 7
_KEYDATA, _OFFPAGE = 1, 3


class _Meta(NamedTuple):
    """What the meta page says; ``order`` is struct's sign for the byte order of the machine that wrote it."""

    order: str
    size: int
    buckets: int
    spares: tuple[int, ...]

    def first_page(self, bucket: int) -> int:
        """The page on which a bucket begins (``BS_TO_PAGE`` in hash.h)."""
        return bucket + self.spares[bucket.bit_length()]


def headers(host: Host, path: str, wanted: Callable[[str], bool]) -> Iterator[bytes]:
    """The headers of the wanted packages, in the order of installation."""
    database = _Database(host, path, wanted)
    found = [item for bucket in range(database.meta.buckets) for item in database.bucket(bucket)]
    for _, blob in sorted(found):
        yield blob


class _Database:
    """The pages of a hash database."""

    def __init__(self, host: Host, path: str, wanted: Callable[[str], bool]) -> None:
        self._host, self._path, self._wanted = host, path, wanted
        self.meta = _meta(host.read_at(path, 0, 512), path)
        self._left = MOST_STEPS

    def bucket(self, bucket: int) -> Iterator[tuple[int, bytes]]:
        """The wanted headers in a bucket, with the numbers of their packages."""
        number = self.meta.first_page(bucket)
        while number:
            page = self._page(number)
            if page[25] not in _HASH_PAGES:
                return  # a bucket that was never used
            yield from self._entries(page)
            (number,) = struct.unpack_from(self.meta.order + "I", page, 16)

    def _entries(self, page: bytes) -> Iterator[tuple[int, bytes]]:
        order = self.meta.order
        (entries,) = struct.unpack_from(order + "H", page, 20)
        # Keys and data by turns, each before the one that came before it.
        for key, data in struct.iter_unpack(order + "HH", page[_PAGE_HEAD : _PAGE_HEAD + entries // 2 * 4]):
            number = int.from_bytes(page[key + 1 : key + 5], "little" if order == "<" else "big")
            if not number:
                continue  # it counts the packages
            blob = self._header(page[data:key])
            if blob is not None:
                yield number, blob

    def _header(self, item: bytes) -> bytes | None:
        """The header that an entry holds or points to, if it is wanted."""
        if item[0] == _KEYDATA:
            return item[1:] if self._may_be_wanted(item[1:]) else None
        if item[0] != _OFFPAGE:
            raise ValueError(f"an entry of the unknown kind {item[0]}")
        number, size = struct.unpack_from(self.meta.order + "II", item, 4)
        if size > HEADER_LIMIT:
            raise ValueError(f"a header of {size} bytes")
        parts: list[bytes] = []
        while number and size > 0:
            part, number = self._overflow(number)
            if not parts and not self._may_be_wanted(part):
                return None
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _overflow(self, number: int) -> tuple[bytes, int]:
        """The bytes on a page of a header, and the next page."""
        page = self._page(number)
        (length,) = struct.unpack_from(self.meta.order + "H", page, 22)
        if page[25] != _OVERFLOW or not length:
            raise ValueError(f"page {number} is not of a header")
        (following,) = struct.unpack_from(self.meta.order + "I", page, 16)
        return page[_PAGE_HEAD : _PAGE_HEAD + length], following

    def _may_be_wanted(self, head: bytes) -> bool:
        name = name_in(head)
        return name is None or self._wanted(name)

    def _page(self, number: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise TooLarge(self._path, f"needs more than {MOST_STEPS} pages to be read")
        raw = self._host.read_at(self._path, number * self.meta.size, self.meta.size)
        if len(raw) != self.meta.size:
            raise ValueError(f"page {number} is not whole")
        return raw


def _meta(raw: bytes, path: str) -> _Meta:
    for order in "<>":
        if len(raw) >= 512 and struct.unpack_from(order + "I", raw, 12)[0] == _MAGIC and raw[25] == 8:
            break
    else:
        raise Malformed(path, "is not a hash database of Berkeley DB")
    (size,) = struct.unpack_from(order + "I", raw, 20)
    (highest,) = struct.unpack_from(order + "I", raw, 72)
    if size < 512 or size > 65536 or size & (size - 1) or highest >= _MOST_BUCKETS or raw[24]:
        raise ValueError("its first page is damaged")
    return _Meta(order, size, highest + 1, struct.unpack_from(order + "32I", raw, 96))
