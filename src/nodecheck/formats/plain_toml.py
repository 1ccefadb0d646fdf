"""A reader of the plainest TOML, the kind that runtimes write, without the cost of importing ``tomllib``.

It reads tables, arrays of tables, keys, strings without escapes, numbers in digits, booleans, and lists of these on one
line, in printable ASCII; at anything else, and at every mistake, it gives up, and ``tomllib`` decides. What it does
read, it reads as that one does.
"""

from __future__ import annotations

from nodecheck.text import is_digits
from nodecheck.typed import Any

MOST_DIGITS = 18
LONGEST_LINE = 2000
"""Characters of a line: each value of a list takes a copy of the rest of its line."""

_ALLOWED = dict.fromkeys((*range(32, 127), 9, 10))
_BARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_BLANKS = " \t"

Path = tuple[str, ...]


class _NotPlain(Exception):
    """The text is not of the plainest kind, or not TOML at all."""


def load_plain(source: str) -> dict[str, Any] | None:
    r"""The top table of a text; None where this reader cannot tell.

    >>> load_plain("version = 2\n[a.'b.c']\nd = [\"e\", 1] # f\n")
    {'version': 2, 'a': {'b.c': {'d': ['e', 1]}}}
    """
    if source.translate(_ALLOWED):
        return None
    top: dict[str, Any] = {}
    table, defined, arrays = top, set[Path](), set[Path]()
    try:
        for line in source.split("\n"):
            line = line.strip(_BLANKS)
            if len(line) > LONGEST_LINE:
                return None
            if line.startswith("[["):
                table = _added(top, _header(line[1:], "]]"), arrays)
            elif line.startswith("["):
                path = _header(line, "]")
                if path in defined:
                    return None
                defined.add(path)
                table = _inner(top, path)
            elif line and not line.startswith("#"):
                key, value = _pair(line)
                if key in table:
                    return None
                table[key] = value
    except _NotPlain:
        return None
    return top


def _inner(top: dict[str, Any], path: Path) -> dict[str, Any]:
    """The table of a path, made where it is not there."""
    table: Any = top
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise _NotPlain
    found: dict[str, Any] = table
    return found


def _added(top: dict[str, Any], path: Path, arrays: set[Path]) -> dict[str, Any]:
    """A new table at the end of an array of tables; tables below one of these are left to ``tomllib``."""
    above, table = _inner(top, path[:-1]), dict[str, Any]()
    if path[-1] in above and path not in arrays:
        raise _NotPlain
    arrays.add(path)
    above.setdefault(path[-1], []).append(table)
    return table


def _header(line: str, end: str) -> Path:
    """The path in the brackets of a table's line."""
    parts, rest = [], line[1:]
    while True:
        part, rest = _key(rest)
        parts.append(part)
        if not rest.startswith("."):
            break
        rest = rest[1:]
    if not rest.startswith(end):
        raise _NotPlain
    _check_end(rest[len(end) :])
    return tuple(parts)


def _pair(line: str) -> tuple[str, Any]:
    key, rest = _key(line)
    if not rest.startswith("="):
        raise _NotPlain
    value, rest = _value(rest[1:].lstrip(_BLANKS))
    _check_end(rest)
    return key, value


def _key(text: str) -> tuple[str, str]:
    """One part of a key, and what follows it."""
    text = text.lstrip(_BLANKS)
    if text[:1] in ("'", '"'):
        part, rest = _string(text)
    else:
        part, rest = _word(text)
        if not part:
            raise _NotPlain
    return part, rest.lstrip(_BLANKS)


def _value(text: str) -> tuple[Any, str]:
    """A value, and what follows it."""
    if text[:1] in ("'", '"'):
        return _string(text)
    if text.startswith("["):
        return _list(text[1:].lstrip(_BLANKS))
    word, rest = _word(text)
    if word in ("true", "false"):
        return word == "true", rest
    digits = word.removeprefix("-")
    if not is_digits(digits) or len(digits) > MOST_DIGITS or (digits[0] == "0" and digits != "0"):
        raise _NotPlain
    found: float = int(word)
    if rest.startswith("."):
        fraction, rest = _word(rest[1:])
        if not is_digits(fraction):
            raise _NotPlain
        found = float(f"{word}.{fraction}")
    if rest[:1] not in ("", " ", "\t", ",", "]", "#"):
        raise _NotPlain  # a time
    return found, rest


def _word(text: str) -> tuple[str, str]:
    rest = text.lstrip(_BARE)
    return text[: len(text) - len(rest)], rest


def _string(text: str) -> tuple[str, str]:
    end = text.find(text[0], 1)
    if end < 0 or text.startswith(text[0] * 3) or (text[0] == '"' and "\\" in text[:end]):
        raise _NotPlain
    return text[1:end], text[end + 1 :]


def _list(text: str) -> tuple[list[Any], str]:
    """The values of a list that closes on its line."""
    found: list[Any] = []
    while not text.startswith("]"):
        if text.startswith("["):
            raise _NotPlain
        value, text = _value(text)
        found.append(value)
        text = text.lstrip(_BLANKS)
        if text.startswith(","):
            text = text[1:].lstrip(_BLANKS)
        elif not text.startswith("]"):
            raise _NotPlain
    return found, text[1:]


def _check_end(text: str) -> None:
    """Nothing but a comment may follow."""
    if text.lstrip(_BLANKS)[:1] not in ("", "#"):
        raise _NotPlain
