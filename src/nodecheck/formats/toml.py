"""TOML as containerd and CRI-O read it: one parser for both, errors with file and line, and where a key stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nodecheck.errors import Malformed, ParseError, TooLarge

Table = Mapping[str, Any]

MOST_DOTS = 32
"""Dots on one line outside of strings: the parsers take quadratic time for a dotted key of thousands of parts."""

MOST_BYTES = 1 << 18
"""Bytes of one file; what administrators and packages write has a tenth of it."""

MOST_CANDIDATES = 64
"""Lines with the name of a key that are looked at to find where it is set."""


def parse_toml(raw: bytes, path: str) -> dict[str, Any]:
    r"""The top table of a TOML text. Raises ParseError with the line, TooLarge for a key of many parts.

    >>> parse_toml(b"version = 2\n[a.'b.c']\nd = true\n", "x")
    {'version': 2, 'a': {'b.c': {'d': True}}}
    """
    source = decoded(raw, path)
    if any(_is_long_key(line) for line in source.split("\n")):
        raise TooLarge(path, f"has a key of more than {MOST_DOTS} parts")
    try:
        return _loads(source)
    except RecursionError as error:
        raise Malformed(path, "nests values too deeply") from error
    except ValueError as error:
        raise _parse_error(error, source, path) from error


def decoded(raw: bytes, path: str) -> str:
    """The text of a TOML file, which must be UTF-8; a byte order mark is left out. Raises ParseError."""
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ParseError(path, line, repr(raw[error.start : error.start + 8]), "UTF-8") from error


def _is_long_key(line: str) -> bool:
    if line.count(".") <= MOST_DOTS:
        return False
    if '"""' not in line and "'''" not in line:
        line = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "", line).partition("#")[0]
    return line.count(".") > MOST_DOTS


def _loads(source: str) -> dict[str, Any]:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    found: dict[str, Any] = tomllib.loads(source)
    return found


def _parse_error(error: ValueError, source: str, path: str) -> ParseError:
    """Both parsers end their message with ``(at line N, column N)`` or ``(at end of document)``."""
    detail, _, place = str(error).partition(" (at ")
    digits = place.removeprefix("line ").partition(",")[0]
    lines = source.split("\n")
    number = int(digits) if digits.isascii() and digits.isdigit() else len(lines) - (not lines[-1] and len(lines) > 1)
    found = lines[number - 1] if number <= len(lines) else ""
    return ParseError(path, number, found.strip(), f"TOML ({detail[:120]})")


def line_of(source: str, keys: Sequence[str]) -> tuple[int, str] | None:
    r"""The last line (1-based, and its text) that sets the key at the end of the path ``keys``; None if none is seen.

    Table headers, dotted keys and inline tables that stand on one line are understood.

    >>> line_of("[a]\nx = 1\n[a.b]\nc.d = true\n", ("a", "b", "c", "d"))
    (4, 'c.d = true')
    """
    lines = source.split("\n")
    name = keys[-1]
    candidates = [number for number, line in enumerate(lines, 1) if name in line]
    for number in candidates[: -MOST_CANDIDATES - 1 : -1]:
        if any(path == tuple(keys) for path in _paths(lines, number)):
            return number, lines[number - 1].rstrip("\r")
    return None


def _paths(lines: Sequence[str], number: int) -> Iterator[tuple[str, ...]]:
    """The paths of the values that the text of one line sets."""
    table = _table_of(lines[number - 1])
    if table is None or lines[number - 1].lstrip(" \t").startswith("["):
        return
    header: tuple[str, ...] = ()
    for before in range(number - 1, 0, -1):
        if lines[before - 1].lstrip(" \t").startswith("["):
            found = _table_of(lines[before - 1])
            if found is not None:
                header = next(_leaves(found), ())
                break
    for path in _leaves(table):
        yield header + path


def _table_of(line: str) -> dict[str, Any] | None:
    if _is_long_key(line):
        return None
    try:
        return _loads(line)
    except (ValueError, RecursionError):
        return None


def _leaves(table: Table, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each value that is no table, and of each empty table (a header alone)."""
    for key, value in table.items():
        if isinstance(value, dict) and value and len(prefix) < 64:
            yield from _leaves(value, (*prefix, key))
        else:
            yield (*prefix, key)
