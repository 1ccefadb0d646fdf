"""JSON as ``json.dumps`` writes it, without what ``import json`` costs: its decoder and regular expressions.

The C part of ``json`` is asked as json itself does in the releases of CPython that this is tested with (3.9 to 3.13).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

from nodecheck.typed import Any

_KNOWN = sys.implementation.name == "cpython" and sys.version_info < (3, 14)
if _KNOWN:
    from _json import encode_basestring_ascii, make_encoder

    json_string: Callable[[str], str] = encode_basestring_ascii
    """A text as JSON, ASCII only, at a tenth of what :func:`json_text` costs: a run has a thousand of them."""
else:

    def json_string(value: str) -> str:
        """A text as JSON, ASCII only."""
        from json import dumps

        return dumps(value)


def _refuse(value: object) -> object:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def json_text(
    value: object,
    *,
    separators: tuple[str, str] = (", ", ": "),
    sort_keys: bool = False,
    default: Callable[[Any], object] = _refuse,
) -> str:
    r"""The text of a value, ASCII only, in one line.

    >>> json_text({"b": (1, None), "a": "\u00e9\n"}, sort_keys=True)
    '{"a": "\\u00e9\\n", "b": [1, null]}'
    """
    if not _KNOWN:
        from json import dumps

        return dumps(value, separators=separators, sort_keys=sort_keys, default=default)
    try:
        return "".join(_encoder(separators, sort_keys, default)(value, 0))
    except RecursionError as error:  # json remembers each list and dict on the way, to see a circle before that
        raise ValueError("it holds itself, or is nested too deeply") from error


@lru_cache(maxsize=8)
def _encoder(
    separators: tuple[str, str], sort_keys: bool, default: Callable[[Any], object]
) -> Callable[[object, int], tuple[str, ...]]:
    item, key = separators
    found: Callable[[object, int], tuple[str, ...]] = make_encoder(
        None, default, encode_basestring_ascii, None, key, item, sort_keys, False, True
    )
    return found
