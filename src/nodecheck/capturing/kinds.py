"""What a question takes, and what its answer is: by the annotations of :class:`~nodecheck.host.Host` and of the rows.

A capture may hold anything in their place, and whoever reads a fact relies on them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from nodecheck.errors import FactError
from nodecheck.host.base import Host
from nodecheck.host.netlink import rows
from nodecheck.host.questions import RECORDS
from nodecheck.typed import Any

Fits = Callable[[Any], bool]

MOST_NUMBER = 1 << 64
"""Of what the kernel counts."""

_PLAIN: dict[str, tuple[type, ...]] = {"str": (str,), "bytes": (bytes,), "bool": (bool,)}

_ELSEWHERE = ("ask", "run", "run_all", "netlink")
"""What is no question, and those that have sections of their own."""

_ROWS: dict[str, Any] = {
    "links": rows.LinkRow,
    "addresses": rows.AddressRow,
    "routes": rows.RouteRow,
    "listeners": rows.ListenerRow,
    "genl_families": rows.FamilyRow,
    "nft_chains": rows.ChainRow,
    "nft_rules": rows.RuleRow,
}


def is_verb(verb: str) -> bool:
    """Whether it is a question whose answer a capture holds as JSON.

    >>> is_verb("clock"), is_verb("ask"), is_verb("__init__"), is_verb("kind"), is_verb("run")
    (True, False, False, False, False)
    """
    return verb not in _ELSEWHERE and verb[:1] != "_" and hasattr(vars(Host).get(verb), "__annotations__")


def takes(verb: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a question may have these arguments; those with a default may be left out.

    >>> takes("statfs", ("/",)), takes("statfs", (1,)), takes("clock", ()), takes("read", ("/a",)), takes("read", ())
    (True, False, True, True, False)
    """
    method: Any = vars(Host)[verb]
    words = [text for name, text in method.__annotations__.items() if name != "return"]
    least = len(words) - len(method.__defaults__ or ())
    return least <= len(arguments) <= len(words) and all(map(fits, words, arguments))


def answers(verb: str, answer: Any) -> bool:
    """Whether a question may have this answer; an error is one.

    >>> answers("reader", 0), answers("reader", "0"), answers("reader", True), answers("link", None)
    (True, False, False, True)
    >>> answers("links", (("a", None),)), answers("links", (("a", 1),)), answers("xattrs", ("a", b"a"))
    (True, False, False)
    """
    if isinstance(answer, FactError):
        return _is_error(answer)
    return fits(vars(Host)[verb].__annotations__["return"], answer)


def row_of(table: str) -> Any:
    """The type of a netlink table's rows; None for a table that this nodecheck does not ask for.

    >>> row_of("links").__name__, row_of("nft_rules inet filter\\0input").__name__, row_of("neighbours")
    ('LinkRow', 'RuleRow', None)
    """
    return _ROWS.get(table.partition(" ")[0])


def fits(words: str, value: Any) -> bool:
    """Whether a value is what an annotation says.

    >>> fits("int | None", None), fits("tuple[int, ...]", (1, "a")), fits("int", 1.0), fits("LinkRow", (1, 2))
    (True, False, False, False)
    """
    return _fits(words)(value)


@cache
def _fits(words: str) -> Fits:
    forms = _parted(words, "|")
    if len(forms) > 1:
        each = [_fits(form) for form in forms]
        return lambda value: any(fit(value) for fit in each)
    if words == "None":
        return lambda value: value is None
    if words == "int":
        return lambda value: type(value) is int and -MOST_NUMBER < value < MOST_NUMBER
    if words in _PLAIN:
        return lambda value: isinstance(value, _PLAIN[words])
    if words.startswith("tuple["):
        return _fits_tuple(_parted(words[len("tuple[") : -1], ","))
    return _fits_record(RECORDS[words]) if words in RECORDS else lambda value: False


def _fits_tuple(within: list[str]) -> Fits:
    """``tuple[str, ...]``, ``tuple[str, int]``."""
    each = [_fits(form) for form in within if form != "..."]
    if within[-1] == "...":
        return lambda value: isinstance(value, tuple) and all(map(each[0], value))
    return lambda value: (
        isinstance(value, tuple) and len(value) == len(each) and all(fit(item) for fit, item in zip(each, value))
    )


def _fits_record(kind: Any) -> Fits:
    words = [kind.__annotations__[name] for name in kind._fields]
    each = [_fits(getattr(word, "__forward_arg__", word)) for word in words]  # as typing.NamedTuple keeps them
    return lambda value: type(value) is kind and all(fit(item) for fit, item in zip(each, value))


def _parted(words: str, mark: str) -> list[str]:
    """The parts between marks that stand in no brackets.

    >>> _parted("tuple[str, str | None] | None", "|")
    ['tuple[str, str | None]', 'None']
    """
    parts, depth = [""], 0
    for char in words:
        depth += (char == "[") - (char == "]")
        if char == mark and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _is_error(error: FactError) -> bool:
    return isinstance(error.source, str) and isinstance(error.detail, str) and fits("int | None", error.errno)
