"""How single attributes are read: what pyroute2's class for one says, as a code of :mod:`struct` or a function."""

from __future__ import annotations

import _socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import methodcaller
from struct import Struct
from struct import error as StructError

from nodecheck.errors import Malformed, Unsupported
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

Convert = Callable[[Any], Any]

_HEADER = Struct("=HH")
_KIND = 0x3FFF
"""Without NLA_F_NESTED and NLA_F_NET_BYTEORDER (netlink(7))."""

MOST_REMEMBERED = 1024


class Column(NamedTuple):
    """One value of a row: the first of ``names`` that a message has, or None.

    A lower-case name is a field of the message's fixed part, an upper-case one an attribute; ``A/B`` is the attribute
    B inside the attribute A. ``convert`` gets the bytes, in place of the class's own reading of them; ``number`` is
    the attribute's own number, for one that not every pyroute2 knows by name (it is then 32 bits).
    """

    names: tuple[str, ...]
    convert: Convert | None = None
    number: int | None = None


class Atom(NamedTuple):
    """How one attribute is read: by a code of struct where it has the size of that, else by a function of its bytes."""

    name: str
    code: str | None
    convert: Convert | None

    def of(self, size: int) -> tuple[str, Convert | None] | None:
        """The struct code and the function for a payload of ``size`` bytes; None where it cannot be read."""
        if self.code is not None:
            return (self.code, self.convert) if size == Struct("=" + self.code).size else None
        if self.convert is address:
            return f"{size}s", _ADDRESSES.get(size, address)
        return f"{size}s", self.convert


def attributes(source: str, buffer: Any, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Place, size of the payload and kind of each attribute. Raises Malformed for one that does not fit."""
    while at + 4 <= end:
        size, kind = _HEADER.unpack_from(buffer, at)
        if size < 4 or at + size > end:
            raise Malformed(source, f"an attribute of {size} bytes where {end - at} are left")
        yield at, size - 4, kind & _KIND
        at += (size + 3) & -4


def atoms(cls: Any, columns: Iterable[Column]) -> Iterator[tuple[int, Atom]]:
    """Number and reading of each attribute that the columns name."""
    table = numbers(cls)
    for column in columns:
        for name in column.names:
            if name != name.upper():
                continue
            outer, _, inner = name.partition("/")
            number, kind = table.get(outer, (column.number, None))
            if number is None:
                raise Unsupported("pyroute2", f"{cls.__name__} knows no {outer}")
            yield number, _atom(cls, name, kind, inner, column)


def _atom(cls: Any, name: str, kind: Any, inner: str, column: Column) -> Atom:
    if column.convert is not None:
        return Atom(name, None, column.convert)
    if kind is None:
        return Atom(name, "I", None)
    sub = _class_of(cls, kind)
    if inner:
        return Atom(name, None, remembered(_Inner(sub, inner)))
    return Atom(name, *_reading(sub))


def numbers(cls: Any) -> dict[str, tuple[int, Any]]:
    """Name to number and type of the attributes of a class, from its ``nla_map``."""
    table = {}
    for place, item in enumerate(cls.nla_map):
        number, name, kind = item if isinstance(item[0], int) else (place, item[0], item[1])
        table[name] = number, kind
    return table


def _class_of(cls: Any, kind: Any) -> Any:
    return getattr(cls, kind.lstrip("*").partition("(")[0]) if isinstance(kind, str) else kind


class _Inner:
    """Reads one attribute inside another."""

    def __init__(self, cls: Any, name: str) -> None:
        self._number, kind = numbers(cls)[name]
        code, convert = _reading(_class_of(cls, kind))
        if code is not None or convert is None:
            raise Unsupported("pyroute2", f"{cls.__name__}/{name} is not a text")
        self._convert = convert

    def __call__(self, raw: bytes) -> Any:
        for at, size, kind in attributes("netlink", raw, 0, len(raw)):
            if kind == self._number:
                return self._convert(raw[at + 4 : at + 4 + size])
        return None


def _reading(cls: Any) -> tuple[str | None, Convert | None]:
    """The struct code, or the function of bytes, that reads what pyroute2's class ``cls`` reads.

    Only where the class decodes as pyroute2's stock classes do; any other reads by itself, once for each value.
    """
    for base in cls.__mro__:
        owner = base.__qualname__.partition(".")[0]
        if owner == "nlmsg_atoms" and base.__name__ in _STOCK:
            return None, _STOCK[base.__name__]
        if "decode" in vars(base) and owner not in ("nla", "nla_base", "nla_string", "nlmsg_base", "nlmsg_atoms"):
            return None, remembered(_by_itself(cls))
    fields = tuple(cls.fields)
    if len(fields) != 1 or fields[0][0] != "value" or cls.value_map:
        return None, remembered(_by_itself(cls))
    fmt = fields[0][1]
    return (fmt[1:], SWAPS[fmt]) if fmt[0] in "<>!" else (fmt.lstrip("=@"), None)


def _by_itself(cls: Any) -> Convert:
    def value(raw: bytes) -> Any:
        cell = cls(data=_HEADER.pack(4 + len(raw), 0) + raw, offset=0, length=4 + len(raw))
        cell.decode()
        return cell.getvalue()

    return value


class _Memo(dict[bytes, Any]):
    """What a function made of bytes, remembered."""

    def __init__(self, function: Convert) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, raw: bytes) -> Any:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        found = self[raw] = self._function(raw)
        return found


def remembered(function: Convert) -> Convert:
    """The same function of bytes, called once for each value: many messages hold the same few."""
    return _Memo(function).__getitem__


def text_of(raw: bytes) -> str:
    """A text that may end in NULs."""
    return raw.rstrip(b"\0").decode("utf-8", "surrogateescape")


def address(raw: bytes) -> str | None:
    """An IP address by its length: 4 or 16 bytes.

    >>> address(bytes((127, 0, 0, 1))), address(bytes(16)), address(b"")
    ('127.0.0.1', '::', None)
    """
    if len(raw) == 4:
        return _socket.inet_ntop(_socket.AF_INET, raw)
    return _socket.inet_ntop(_socket.AF_INET6, raw) if len(raw) == 16 else None


def size_of(fmt: str) -> int:
    try:
        return Struct(fmt if fmt[0] in "<>=!" else "=" + fmt).size
    except StructError as error:
        raise Unsupported("pyroute2", f"a field with the format {fmt!r}") from error


_ADDRESSES: dict[int, Convert] = {
    4: partial(_socket.inet_ntop, _socket.AF_INET),
    16: partial(_socket.inet_ntop, _socket.AF_INET6),
}

_STOCK: dict[str, Convert] = {
    "asciiz": text_of,
    "string": text_of,
    "ipaddr": address,
    "ip4addr": address,
    "ip6addr": address,
    "target": address,
    "l2addr": methodcaller("hex", ":"),
    "lladdr": methodcaller("hex", ":"),
}
"""pyroute2's own classes of text and addresses (``nlmsg_atoms``), and what reads the same."""

SWAPS: dict[str, Convert] = {">H": _socket.ntohs, "!H": _socket.ntohs, ">I": _socket.ntohl, "!I": _socket.ntohl}
"""Network byte order: read natively, then swapped where the machine's order is another."""
