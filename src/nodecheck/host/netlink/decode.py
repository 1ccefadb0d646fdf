"""Messages into rows, by the tables of pyroute2's message classes.

pyroute2 decodes every attribute of a message into objects: 0.6 ms a link. Here the wanted values are taken out by one
:class:`struct.Struct` for each *layout*, the sequence of attribute headers that a message has: the messages of a dump
share a few. A layout is made from the class's ``fields`` and ``nla_map``, and holds only for a message with the same
headers at the same places, so a message is never read by another one's layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from struct import Struct
from typing import Any, NamedTuple

from nodecheck.errors import Malformed
from nodecheck.host.netlink.atoms import SWAPS, Atom, Column, Convert, atoms, attributes, size_of

_WORD = Struct("=I").unpack_from

MOST_LAYOUTS = 1024


class _Layout(NamedTuple):
    unpack: Callable[[Any, int], tuple[Any, ...]]
    headers: Callable[[Any], Any]
    expected: Any
    pick: Callable[[Any], Any]
    """The row's values out of the message's, in order; an index past the end is not there."""
    lacks: bool
    converts: tuple[tuple[int, Convert], ...]


class Plan:
    """How messages of one class become rows. Where it is kept, it learns the layouts that it meets."""

    def __init__(self, source: str, cls: Any, columns: Iterable[Column], row: Any, header: int = 16) -> None:
        self._source, self._header = source, header
        self._make = row._make
        self._fields = tuple((name, size_of(fmt), fmt) for name, fmt in cls.fields)
        self._start = (header + sum(size for _, size, _ in self._fields) + 3) & -4
        self._columns = tuple(columns)
        self._atoms = dict(atoms(cls, self._columns))
        self._layouts: dict[int, list[_Layout]] = {}
        self._count = 0

    def into(self, rows: list[Any]) -> Callable[[bytearray, int, int], None]:
        """A function that appends the row of the message between two places of a buffer."""
        layouts, start, make, append, learn = self._layouts, self._start, self._make, rows.append, self._learn
        none = ()

        def take(buffer: bytearray, at: int, end: int) -> None:
            size = end - at
            key = size if size < start + 4 else size << 32 | _WORD(buffer, at + start)[0]
            for unpack, headers, expected, pick, lacks, converts in layouts.get(key, none):  # noqa: B007 - used below
                values = unpack(buffer, at)
                if headers(values) == expected:
                    break
            else:
                unpack, _, _, pick, lacks, converts = learn(key, buffer, at, end)
                values = unpack(buffer, at)
            if lacks:
                values += (None,)
            found = list(pick(values))
            for place, convert in converts:
                found[place] = convert(found[place])
            append(make(found))

        return take

    def _learn(self, key: int, buffer: bytearray, at: int, end: int) -> _Layout:
        if self._count >= MOST_LAYOUTS:
            self._layouts.clear()
            self._count = 0
        layout = self._layout(buffer, at, end)
        self._layouts[key] = [layout, *self._layouts.get(key, ())]
        self._count += 1
        return layout

    def _layout(self, buffer: bytearray, at: int, end: int) -> _Layout:
        if end - at < self._start:
            raise Malformed(self._source, f"a message of {end - at} bytes, shorter than its fixed part")
        build = _Build(self._header)
        for name, size, fmt in self._fields:
            build.field(name, size, fmt, self._wants(name))
        build.pad(self._start)
        for place, size, kind in attributes(self._source, buffer, at + self._start, end):
            build.attribute(_WORD(buffer, place)[0], kind, size, self._atoms.get(kind))
            build.pad((place + 4 + size + 3 & -4) - at if place + 4 + size + 3 & -4 <= end else end - at)
        return build.layout(self._columns)

    def _wants(self, name: str) -> Column | None:
        for column in self._columns:
            if name in column.names:
                return column
        return None


class _Build:
    """A layout in the making."""

    def __init__(self, header: int) -> None:
        self._format, self._size, self._count = [f"={header}x"], header, 0
        self._headers: list[int] = []
        self._expected: list[int] = []
        self._found: dict[str, tuple[int, Convert | None]] = {}

    def pad(self, size: int) -> None:
        """Skip to ``size`` bytes from the beginning."""
        if size > self._size:
            self._format.append(f"{size - self._size}x")
            self._size = size

    def field(self, name: str, size: int, fmt: str, column: Column | None) -> None:
        if column is None:
            self.pad(self._size + size)
        elif column.convert is not None:
            self._add(name, f"{size}s", size, column.convert)
        elif fmt[0] in "<>!":
            self._add(name, fmt[1:], size, SWAPS[fmt])
        else:
            self._add(name, fmt.lstrip("=@"), size, None)

    def attribute(self, header: int, kind: int, size: int, atom: Atom | None) -> None:
        self._headers.append(self._count)
        self._expected.append(header)
        self._format.append("I")
        self._count += 1
        self._size += 4
        if atom is None or atom.name in self._found:  # of two of a kind the first counts, as in get_attr()
            self.pad(self._size + size)
        elif atom.code is not None and size == Struct("=" + atom.code).size:
            self._add(atom.name, atom.code, size, atom.convert)
        elif atom.code is None:
            self._add(atom.name, f"{size}s", size, atom.convert)
        else:
            self.pad(self._size + size)

    def _add(self, name: str, code: str, size: int, convert: Convert | None) -> None:
        self._found[name] = self._count, convert
        self._format.append(code)
        self._count += 1
        self._size += size

    def layout(self, columns: tuple[Column, ...]) -> _Layout:
        picks, converts = [], []
        for place, column in enumerate(columns):
            index, convert = self._count, None
            for name in column.names:
                if name in self._found:
                    index, convert = self._found[name]
                    break
            picks.append(index)
            if convert is not None:
                converts.append((place, convert))
        headers = itemgetter(*self._headers) if len(self._headers) > 1 else itemgetter(slice(*self._one_header()))
        expected = tuple(self._expected)
        unpack = Struct("".join(self._format)).unpack_from
        return _Layout(unpack, headers, expected, itemgetter(*picks), self._count in picks, tuple(converts))

    def _one_header(self) -> tuple[int, int]:
        return (self._headers[0], self._headers[0] + 1) if self._headers else (0, 0)
