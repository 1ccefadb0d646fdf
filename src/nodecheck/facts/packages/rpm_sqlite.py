"""``rpmdb.sqlite``: just enough of SQLite's file format (https://www.sqlite.org/fileformat2.html) to read two tables.

SQLite's own library would create or write a ``-shm`` file beside the database, would need the whole path, and is not
in every Python. What lies in the write-ahead log counts, as it does for SQLite.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, Malformed, TooLarge
from nodecheck.facts.packages.rpm_header import HEADER_LIMIT
from nodecheck.host import Host

MAGIC = b"SQLite format 3\0"
MOST_STEPS = 1 << 18
"""Pages and rows that may be read; a database whose pages point in circles has no end."""
_WAL_LIMIT = 1 << 27

_LEAF, _INTERIOR = 0x0D, 0x05


def headers(host: Host, path: str, wanted: Callable[[str], bool]) -> Iterator[bytes]:
    """The headers of the wanted packages, in the order of installation."""
    database = Database(host, path)
    roots = database.tables()
    if "Packages" not in roots or "Name" not in roots:
        raise Malformed(path, "has no tables Packages and Name, so it is no database of rpm")
    numbers = []
    for _, entry in database.rows(roots["Name"]):
        key, number = record(entry)[:2]
        if isinstance(key, str) and isinstance(number, int) and wanted(key):
            numbers.append(number)
    for number in sorted(numbers):
        payload = database.row(roots["Packages"], number)
        blob: object = None if payload is None else record(payload)[1]
        if not isinstance(blob, bytes):
            raise ValueError(f"the table Packages lacks the package {number}")
        yield blob


class Database:
    """The pages of an SQLite database, those of its write-ahead log before those of the file."""

    def __init__(self, host: Host, path: str) -> None:
        self._host, self._path = host, path
        self._left = MOST_STEPS
        head = host.read_at(path, 0, 100)
        self._size, self._log = _log(host, path + "-wal")
        if 1 not in self._log:
            if not head.startswith(MAGIC):
                raise Malformed(path, "is not an SQLite database")
            self._size = _page_size(head)
        self._usable = self._size - self.page(1)[20]

    def page(self, number: int) -> bytes:
        """A page by its 1-based number."""
        self._step()
        path, at = self._path, (number - 1) * self._size
        if number in self._log:
            path, at = self._path + "-wal", self._log[number]
        raw = self._host.read_at(path, at, self._size)
        if number < 1 or len(raw) != self._size:
            raise ValueError(f"page {number} is not whole")
        return raw

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooLarge(self._path, f"needs more than {MOST_STEPS} steps to be read")

    def tables(self) -> dict[str, int]:
        """The first page of each table."""
        found = {}
        for _, payload in self.rows(1):
            kind, name, _, root = record(payload)[:4]
            if kind == "table" and isinstance(name, str) and isinstance(root, int):
                found[name] = root
        return found

    def rows(self, root: int, depth: int = 0) -> Iterator[tuple[int, bytes]]:
        """Row number and payload of all rows of a table."""
        page, start = self._tree_page(root, depth)
        if page[start] == _LEAF:
            for at in _cells(page, start + 8, start):
                self._step()
                yield self._leaf_cell(page, at)
            return
        for at in _cells(page, start + 12, start):
            yield from self.rows(int.from_bytes(page[at : at + 4], "big"), depth + 1)
        yield from self.rows(int.from_bytes(page[start + 8 : start + 12], "big"), depth + 1)

    def row(self, root: int, wanted: int) -> bytes | None:
        """The payload of one row."""
        for depth in range(32):
            page, start = self._tree_page(root, depth)
            if page[start] == _LEAF:
                for at in _cells(page, start + 8, start):
                    if varint(page, varint(page, at)[1])[0] == wanted:
                        return self._leaf_cell(page, at)[1]
                return None
            root = int.from_bytes(page[start + 8 : start + 12], "big")
            for at in _cells(page, start + 12, start):
                if wanted <= varint(page, at + 4)[0]:
                    root = int.from_bytes(page[at : at + 4], "big")
                    break
        return None

    def _tree_page(self, number: int, depth: int) -> tuple[bytes, int]:
        page = self.page(number)
        start = 100 if number == 1 else 0
        if page[start] not in (_LEAF, _INTERIOR) or depth > 20:
            raise ValueError(f"page {number} is not of a table")
        return page, start

    def _leaf_cell(self, page: bytes, at: int) -> tuple[int, bytes]:
        size, at = varint(page, at)
        number, at = varint(page, at)
        if size > HEADER_LIMIT:
            raise TooLarge(self._path, f"has a row of {size} bytes")
        most = self._usable - 35
        if size <= most:
            return number, page[at : at + size]
        least = (self._usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (self._usable - 4)
        local = local if local <= most else least
        following = int.from_bytes(page[at + local : at + local + 4], "big")
        return number, page[at : at + local] + self._overflow(following, size - local)

    def _overflow(self, number: int, size: int) -> bytes:
        parts = []
        while size > 0:
            page = self.page(number)
            parts.append(page[4 : 4 + min(size, self._usable - 4)])
            size -= self._usable - 4
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def _page_size(head: bytes) -> int:
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    if size < 512 or size & (size - 1):
        raise ValueError(f"{size} is no size of a page")
    return size


def _cells(page: bytes, at: int, start: int) -> tuple[int, ...]:
    """Where the cells of a page begin; ``at`` is where the list of them does."""
    return struct.unpack_from(f">{int.from_bytes(page[start + 3 : start + 5], 'big')}H", page, at)


def _log(host: Host, path: str) -> tuple[int, dict[int, int]]:
    """Page size of a write-ahead log, and where it holds which page: committed and undamaged frames only."""
    try:
        raw = host.read_at(path, 0, 32)
        if len(raw) < 32:
            return 0, {}
        return _frames(host, path, raw)
    except Absent:
        return 0, {}


def _frames(host: Host, path: str, head: bytes) -> tuple[int, dict[int, int]]:
    magic, _, size, _ = struct.unpack_from(">IIII", head)
    order = ">" if magic & 1 else "<"
    sums = _checksum(head[:24], order, (0, 0))
    if magic & ~1 != 0x377F0682 or sums != struct.unpack_from(">II", head, 24):
        return 0, {}  # SQLite ignores such a log
    committed: dict[int, int] = {}
    pending: dict[int, int] = {}
    for at in range(32, _WAL_LIMIT, 24 + size):
        frame = host.read_at(path, at, 24 + size)
        if len(frame) < 24 + size or frame[8:16] != head[16:24]:
            break
        sums = _checksum(frame[24:], order, _checksum(frame[:8], order, sums))
        if sums != struct.unpack_from(">II", frame, 16):
            break
        number, commits = struct.unpack_from(">II", frame)
        pending[number] = at + 24
        if commits:
            committed.update(pending)
            pending.clear()
    return size, committed


def _checksum(raw: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    if len(raw) % 8:
        raise ValueError("a page of its log is no multiple of eight bytes")
    first, second = sums
    words = struct.unpack(f"{order}{len(raw) // 4}I", raw)
    for even, odd in zip(words[::2], words[1::2]):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


def varint(raw: bytes, at: int) -> tuple[int, int]:
    r"""The variable-length integer at ``at``, and where it ends.

    >>> varint(b"\x81\x00", 0)
    (128, 2)
    """
    value = 0
    for count in range(9):
        byte = raw[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at + count + 1


def record(payload: bytes) -> list[object]:
    """The values of a row, as far as rpm's tables have them: integers, text, bytes and NULL."""
    end, at = varint(payload, 0)
    values: list[object] = []
    place = end
    while at < end:
        kind, at = varint(payload, at)
        size = _sizes(kind)
        raw = payload[place : place + size]
        if len(raw) != size:
            raise ValueError("a row is not whole")
        place += size
        values.append(_value(kind, raw))
    return values


def _sizes(kind: int) -> int:
    return (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]


def _value(kind: int, raw: bytes) -> object:
    if kind >= 12:
        return raw.decode("utf-8", "surrogateescape") if kind & 1 else raw
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(raw, "big", signed=True) if 0 < kind < 7 else None
