"""JSON of a capture: arguments and answers of questions, rows of netlink. What is not of its type is none."""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.capturing.kinds import fits
from nodecheck.host.questions import from_data
from nodecheck.typed import Any

_ERRORS = (KeyError, TypeError, ValueError, AttributeError, RecursionError)

_LONG = re.compile(rb"[0-9]{21}")
"""More digits than a number of the kernel has: Python's time for them grows with their square."""


class NoValue(Exception):
    """What stands there is no value of that kind."""


def value_of(raw: bytes) -> Any:
    """A value that :func:`~nodecheck.host.questions.to_data` wrote. Raises NoValue."""
    try:
        return from_data(_loaded(raw))
    except _ERRORS as error:
        raise NoValue from error


def row(kind: Any, columns: list[str], raw: bytes) -> Any:
    """A row of a table, by the columns that its head names. Raises NoValue."""
    try:
        values = dict(zip(columns, [from_data(item) for item in _loaded(raw)]))
        found = kind(**{name: values[name] for name in kind._fields})
    except _ERRORS as error:
        raise NoValue from error
    if not fits(kind.__name__, found):
        raise NoValue
    return found


def _loaded(raw: bytes) -> Any:
    text = raw.decode("utf-8", "surrogatepass")
    if _LONG.search(raw):
        return _decoder(True).decode(text)
    return _decoder(False).decode(text)


@lru_cache(maxsize=2)
def _decoder(bounded: bool) -> Any:
    from json import JSONDecoder

    return JSONDecoder(parse_int=_number if bounded else None, parse_constant=_number)


def _number(digits: str) -> int:
    if len(digits) > 21 or not digits.lstrip("-").isdigit():
        raise ValueError(digits[:21])
    return int(digits)
