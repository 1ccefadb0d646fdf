"""Messages into rows, by the tables of pyroute2's message classes.

pyroute2 decodes every attribute of a message into objects: 0.6 ms a link. Here the wanted values are taken out by one
:class:`struct.Struct` for each *layout*, the sequence of attribute headers that a message has: the messages of a dump
share a few. A layout is made from the class's ``fields`` and ``nla_map``, and holds only for a message with the same
headers at the same places, so a message is never read by another one's layout. Where one layout comes again and
again, many messages are read at once, column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from operator import itemgetter
from struct import Struct

from nodecheck.errors import Malformed, TooLarge
from nodecheck.host.netlink.atoms import SWAPS, Atom, Column, Convert, atoms, attributes, size_of
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

_WORD = Struct("=I").unpack_from

MOST_LAYOUTS = 1024
MOST_ROWS = 1 << 20
_RUN, _FIRST, _MOST = 4, 8, 1 << 10
"""Messages alike after which many are read at once, how many at first, and how many at most."""


class _Layout(NamedTuple):
    unpack: Callable[[Any, int], tuple[Any, ...]]
    headers: Callable[[Any], Any]
    expected: Any
    pick: Callable[[Any], Any]
    """The row's values out of the message's, in order; the one after the last is None."""
    converts: tuple[tuple[int, Convert], ...]
    many: Struct
    """Reads the wanted values of a message with its padding, and no headers."""
    words: tuple[tuple[int, int], ...]
    """Where each header is, in words of 32 bits from the beginning, and what it must be."""
    picks: tuple[int | None, ...]
    """The row's values among those of ``many``; None: not there."""


class RowPlan:
    """How messages of one class become rows. Where it is kept, it learns the layouts that it meets."""

    def __init__(self, source: str, cls: Any, columns: Iterable[Column], row: Any, header: int = 16) -> None:
        self._source, self._header = source, header
        self._new: Callable[[Any], Any] = partial(tuple.__new__, row)  # _make() without the look at the length
        self._fields = tuple((name, size_of(fmt), fmt) for name, fmt in cls.fields)
        self._start = (header + sum(size for _, size, _ in self._fields) + 3) & -4
        self._columns = tuple(columns)
        self._atoms = dict(atoms(cls, self._columns))
        self._layouts: dict[int, list[_Layout]] = {}
        self._count = 0

    def into(self, rows: list[Any]) -> Callable[[bytearray, int, int, int], int]:
        """A function that appends the rows of messages to ``rows``.

        It gets a buffer, where in it a message begins and ends, and where the datagram ends; it takes that message
        and as many more as are like it, and tells where the next one begins.
        """
        last, run, window = None, 0, _FIRST

        def take(buffer: bytearray, at: int, end: int, limit: int) -> int:
            nonlocal last, run, window
            layout = self._one(buffer, at, end, rows)
            if layout is not last:
                last, run, window = layout, 0, _FIRST
            run += 1
            head, stride = at, (end - at + 3) & -4
            at += stride
            if len(rows) > MOST_ROWS:
                raise TooLarge(self._source, f"more than {MOST_ROWS} rows")
            while run >= _RUN:
                count = min(window, (limit - at) // stride)
                if count < _RUN:
                    break
                taken = self._many(layout, buffer, head, at, count, rows)
                at += taken * stride
                if taken < count:
                    last = None
                    break
                window = min(2 * window, _MOST)
            return at

        return take

    def _one(self, buffer: bytearray, at: int, end: int, rows: list[Any]) -> _Layout:
        size, start = end - at, self._start
        key = size if size < start + 4 else size << 32 | _WORD(buffer, at + start)[0]
        for layout in self._layouts.get(key, ()):
            values = layout.unpack(buffer, at)
            if layout.headers(values) == layout.expected:
                break
        else:
            layout = self._learn(key, buffer, at, end)
            values = layout.unpack(buffer, at)
        found = list(layout.pick((*values, None)))
        for place, convert in layout.converts:
            found[place] = convert(found[place])
        rows.append(self._new(found))
        return layout

    def _many(self, layout: _Layout, buffer: bytearray, head: int, at: int, count: int, rows: list[Any]) -> int:
        """Read ``count`` messages from ``at`` on, as far as they are like the one at ``head``; how many were."""
        size = layout.many.size
        with memoryview(buffer) as whole, whole[at : at + count * size] as part, part.cast("I") as words:
            header = ((place, _WORD(buffer, head + 4 * place)[0]) for place in (0, 1, 2))
            good = _alike(words, size // 4, (*header, *layout.words), count)
            with part[: good * size] as same:
                columns = list(zip(*layout.many.iter_unpack(same)))
        if not good:
            return 0
        converts = dict(layout.converts)
        picked: list[Iterable[Any]] = []
        for place, index in enumerate(layout.picks):
            values: Iterable[Any] = repeat(None, good) if index is None else columns[index]
            picked.append(map(converts[place], values) if place in converts else values)
        rows.extend(map(self._new, zip(*picked)))
        return good

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
            build.attribute(_WORD(buffer, place)[0], size, self._atoms.get(kind))
            build.pad(min((place + 4 + size + 3) & -4, end) - at)
        build.pad(end - at)
        return build.layout(self._columns)

    def _wants(self, name: str) -> Column | None:
        return next((column for column in self._columns if name in column.names), None)


class LatePlan:
    """A :class:`RowPlan` that is made when the first message is there: of an empty table no class need be loaded."""

    def __init__(self, make: Callable[[], RowPlan]) -> None:
        self._make = make
        self._plan: RowPlan | None = None

    def into(self, rows: list[Any]) -> Callable[[bytearray, int, int, int], int]:
        """As :meth:`RowPlan.into`."""
        known: Callable[[bytearray, int, int, int], int] | None = None

        def take(buffer: bytearray, at: int, end: int, limit: int) -> int:
            nonlocal known
            if known is None:
                self._plan = self._plan or self._make()
                known = self._plan.into(rows)
            return known(buffer, at, end, limit)

        return take


def _alike(words: memoryview, stride: int, expected: Iterable[tuple[int, int]], count: int) -> int:
    """How many messages from the first on have the same words at the same places.

    A word of all messages is a column of ``words``; it is the same throughout if it equals itself moved by one, which
    is compared without making an object of each.
    """
    for place, value in expected:
        with words[place : count * stride : stride] as column, column[1:] as later, column[:-1] as earlier:
            if column[0] != value or later != earlier:
                count = next((i for i, found in enumerate(column) if found != value), count)
        if not count:
            break
    return count


class _Build:
    """A layout in the making."""

    def __init__(self, header: int) -> None:
        self._begin, self._size, self._count = header, header, 0
        self._format: list[str] = []
        self._headers: list[int] = []
        self._bare: list[str] = []
        self._words: list[tuple[int, int]] = []
        self._values: dict[int, int] = {}
        self._expected: list[int] = []
        self._found: dict[str, tuple[int, Convert | None]] = {}

    def pad(self, size: int) -> None:
        """Skip to ``size`` bytes from the beginning."""
        if size > self._size:
            self._both(f"{size - self._size}x")
            self._size = size

    def field(self, name: str, size: int, fmt: str, column: Column | None) -> None:
        """A field of the fixed part."""
        if column is None:
            self.pad(self._size + size)
        elif column.convert is not None:
            self._add(name, f"{size}s", size, column.convert)
        elif fmt[0] in "<>!":
            self._add(name, fmt[1:], size, SWAPS[fmt])
        else:
            self._add(name, fmt.lstrip("=@"), size, None)

    def attribute(self, header: int, size: int, atom: Atom | None) -> None:
        """An attribute: its header, and its value where that is wanted."""
        self._headers.append(self._count)
        self._expected.append(header)
        self._words.append((self._size // 4, header))
        self._format.append("I")
        self._bare.append("4x")
        self._count += 1
        self._size += 4
        reading = None if atom is None or atom.name in self._found else atom.of(size)
        if atom is None or reading is None:  # of two of a kind the first counts, as in get_attr()
            self.pad(self._size + size)
        else:
            self._add(atom.name, reading[0], size, reading[1])

    def _add(self, name: str, code: str, size: int, convert: Convert | None) -> None:
        self._found[name] = self._count, convert
        self._values[self._count] = len(self._values)
        self._both(code)
        self._count += 1
        self._size += size

    def _both(self, code: str) -> None:
        self._format.append(code)
        self._bare.append(code)

    def layout(self, columns: tuple[Column, ...]) -> _Layout:
        """The layout, once all of the message was told."""
        picks: list[int | None] = []
        converts = []
        for place, column in enumerate(columns):
            index, convert = next((self._found[name] for name in column.names if name in self._found), (None, None))
            picks.append(index)
            if convert is not None:
                converts.append((place, convert))
        body = "".join(self._format)
        return _Layout(
            unpack=Struct(f"={self._begin}x{body}").unpack_from,
            headers=_getter(self._headers),
            expected=tuple(self._expected),
            pick=_getter([self._count if index is None else index for index in picks]),
            converts=tuple(converts),
            many=Struct(f"={self._begin}x{''.join(self._bare)}{-self._size % 4}x"),
            words=tuple(self._words),
            picks=tuple(None if index is None else self._values[index] for index in picks),
        )


def _getter(indexes: list[int]) -> Callable[[Any], Any]:
    """Several items as a tuple, also where they are fewer than two."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return itemgetter(slice(indexes[0], indexes[0] + 1) if indexes else slice(0, 0))
