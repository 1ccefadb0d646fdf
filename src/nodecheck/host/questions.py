"""Questions and their answers as data that JSON can hold, and back. A new kind of answer needs a line in ``RECORDS``.

Text stays text and a tuple becomes a list. What JSON cannot say is an object with one key: bytes and names that are not
UTF-8 in base64, a record by the name of its type, an error by that of its class.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable

from nodecheck.errors import (
    Absent,
    Denied,
    FactError,
    Malformed,
    NotCaptured,
    Offline,
    TimedOut,
    TooLarge,
    Unsupported,
)
from nodecheck.formats.kubeconfig import Kubeconfig, PemOrFile
from nodecheck.formats.public_parts import PublicPart
from nodecheck.host.base import ClockState, Completed, Question, Space, Stat, Uname
from nodecheck.host.netlink.rows import (
    AddressRow,
    ChainRow,
    FamilyRow,
    HopRow,
    LinkRow,
    ListenerRow,
    NftVerdict,
    RouteRow,
    RuleRow,
)
from nodecheck.text import decode, encode, wellformed
from nodecheck.typed import Any

RECORDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        Stat, Completed, ClockState, Space, Uname, PublicPart, PemOrFile, Kubeconfig,
        LinkRow, AddressRow, HopRow, RouteRow, ListenerRow, FamilyRow, ChainRow, NftVerdict, RuleRow,
    )
}  # fmt: skip
"""The records that answers are made of."""

ERRORS: dict[str, type[FactError]] = {
    kind.__name__: kind
    for kind in (FactError, Absent, Denied, Malformed, NotCaptured, Offline, TimedOut, TooLarge, Unsupported)
}


def key_of(question: Question) -> Question:
    """The question without what an answer does not depend on: how long a program may take."""
    return Question("run", question.arguments[:1]) if question.verb == "run" else question


def source_of(question: Question) -> str:
    """What a question asks, as errors name it.

    >>> source_of(Question("read", ("/etc/fstab", 4096))), source_of(Question("netlink", ("links",)))
    ('/etc/fstab', 'netlink links')
    >>> source_of(Question("run", (("kubelet", "--version"), 3.0))), source_of(Question("uname"))
    ('kubelet --version', 'uname')
    """
    verb, arguments = question
    first = " ".join(arguments[0]) if verb == "run" else str(arguments[0]) if arguments else ""
    return first if verb == "run" or first.startswith("/") else f"{verb} {first}".rstrip(" ").replace("\0", " ")


def to_data(value: Any) -> Any:
    r"""A value of a question or an answer as data.

    >>> to_data(("café", "caf\udce9", b"x", b"caf\xe9", 1, None))
    ['café', {'escaped': 'Y2Fm6Q=='}, {'bytes': 'x'}, {'base64': 'Y2Fm6Q=='}, 1, None]
    >>> to_data(Completed(("true",), 0, "", ""))
    {'Completed': {'argv': ['true'], 'code': 0, 'stdout': '', 'stderr': ''}}
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if _is_utf8(value) else {"escaped": _base64(encode(value))}
    if isinstance(value, bytes):
        text = decode(value)
        return {"bytes": text} if _is_utf8(text) else {"base64": _base64(value)}
    if isinstance(value, FactError):
        name = next(base.__name__ for base in type(value).__mro__ if base.__name__ in ERRORS)
        return {name: [to_data(value.source), to_data(value.detail), value.errno]}
    if hasattr(value, "_fields"):
        return {type(value).__name__: {name: to_data(item) for name, item in value._asdict().items()}}
    return [to_data(item) for item in value]


def from_data(data: Any) -> Any:
    """The value that :func:`to_data` took. Raises KeyError, TypeError or ValueError for what is none."""
    if isinstance(data, list):
        return tuple([from_data(item) for item in data])
    if not isinstance(data, dict):
        return data
    ((name, held),) = data.items()
    if name in _TEXTS:
        return _TEXTS[name](held)
    if name in ERRORS:
        source, detail, number = held
        return ERRORS[name](from_data(source), from_data(detail), errno=number)
    kind = RECORDS[name]
    return kind(**{field: from_data(item) for field, item in held.items() if field in kind._fields})


def _is_utf8(text: str) -> bool:
    """Whether a text is one, with no byte in it that was none."""
    return text.isascii() or wellformed(text) == text


def _base64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).decode()


_TEXTS: dict[str, Callable[[str], str | bytes]] = {
    "bytes": encode,
    "base64": a2b_base64,
    "escaped": lambda held: decode(a2b_base64(held)),
}
