"""TOML: errors with file and line, and the line on which a key stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from nodecheck.errors import ParseError, TooLarge
from nodecheck.formats.plain_toml import load_plain
from nodecheck.text import is_digits
from nodecheck.typed import Any

Table = Mapping[str, Any]
Path = tuple[str, ...]

MOST_DOTS = 32
"""Dots on one line outside of strings: the parsers take quadratic time for a dotted key of thousands of parts."""

MOST_BYTES = 1 << 18
"""Bytes of one file; what administrators and packages write has a tenth of it."""

MOST_DEPTH = 64
"""Tables in tables on one line that are looked through for the line of a key."""


def parse_toml(raw: bytes, path: str) -> dict[str, Any]:
    r"""The top table of a TOML text. Raises ParseError with the line, TooLarge for a key of many parts.

    >>> parse_toml(b"version = 2\n[a.'b.c']\nd = true\n", "x")
    {'version': 2, 'a': {'b.c': {'d': True}}}
    """
    source = decoded(raw, path)
    if any(_is_long_key(line) for line in source.split("\n")):
        raise TooLarge(path, f"has a key of more than {MOST_DOTS} parts")
    found = load_plain(source)
    if found is not None:
        return found
    try:
        return _loads(source)
    except RecursionError as error:
        raise TooLarge(path, "nests values too deeply to be looked through") from error
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
    number = int(digits) if is_digits(digits) else len(lines) - (not lines[-1] and len(lines) > 1)
    found = lines[number - 1] if number <= len(lines) else ""
    return ParseError(path, number, found.strip(), f"TOML ({detail[:120]})")


def line_of(source: str, keys: Sequence[str]) -> tuple[int, str] | None:
    r"""The line (1-based, and its text) of a valid document that sets the key at the end of the path ``keys``.

    >>> line_of("[a]\nx = 1\n[a.b]\nc.d = true\n", ("a", "b", "c", "d"))
    (4, 'c.d = true')
    """
    number = key_lines(source).get(tuple(keys))
    return None if number is None else (number, source.split("\n")[number - 1].rstrip("\r"))


def key_lines(text: str) -> dict[Path, int]:
    r"""The 1-based line of each key and table of a valid TOML document; arrays of tables are numbered from 0.

    >>> key_lines('name = "x"\n[check.swap]\na = 1\n[[waiver]]\nselect = "s"\n')[("check", "swap", "a")]
    3
    """
    found: dict[Path, int] = {}
    arrays: dict[Path, int] = {}
    table: Path = ()
    for number, line in statements(text):
        if line.startswith("[["):
            path = _path(line[2:])
            arrays[path] = arrays.get(path, -1) + 1
            table = (*path, str(arrays[path]))
            found.setdefault(path, number)
            found.setdefault(table, number)
        elif line.startswith("["):
            table = _path(line[1:])
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        else:
            path = (*table, *_path(line))
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
            for inner in _inline(line):
                found.setdefault((*table, *inner), number)
    return found


def nearest_line(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest thing around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Lines (1-based) on which a key or a table header starts; those inside a value of several lines do not count."""
    depth, quote = 0, ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not quote and depth == 0 and line and not line.startswith("#"):
            yield number, line
            if line.startswith("["):
                continue
        depth, quote = _after(line, depth, quote)


_TOKEN = r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#|[\[\]{}]'


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Depth of brackets and open long quote after a line."""
    position = 0
    if quote:
        end = line.find(quote)
        if end < 0:
            return depth, quote
        position, quote = end + 3, ""
    while match := re.compile(_TOKEN).search(line, position):
        token, position = match.group(), match.end()
        if token == "#":
            break
        if token in ('"""', "'''"):
            end = line.find(token, position)
            if end < 0:
                return depth, token
            position = end + 3
        elif token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
    return max(depth, 0), quote


_KEY = r'\s*(?:"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([A-Za-z0-9_-]+))\s*'


def _path(text: str) -> Path:
    """The dotted key at the start of a text."""
    parts, position = [], 0
    pattern = re.compile(_KEY)
    while match := pattern.match(text, position):
        quoted, literal, bare = match.groups()
        parts.append(_unescaped(quoted) if quoted is not None else literal if literal is not None else bare)
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(parts)


def _unescaped(quoted: str) -> str:
    """What stands between the quotes of a basic string, as it is meant."""
    if "\\" not in quoted:
        return quoted
    table = _table_of(f'a = "{quoted}"')
    return quoted if table is None else str(table["a"])


def _inline(line: str) -> Iterator[Path]:
    """The paths of all keys of an inline table that stands on one line with its key."""
    if not line.partition("=")[2].lstrip(" \t").startswith("{"):
        return
    table = _table_of(line)
    if table is not None:
        yield from _keys(table)


def _table_of(line: str) -> dict[str, Any] | None:
    if _is_long_key(line):
        return None
    try:
        return _loads(line)
    except (ValueError, RecursionError):
        return None


def _keys(table: Table, prefix: Path = ()) -> Iterator[Path]:
    for key, value in table.items():
        yield (*prefix, key)
        if isinstance(value, dict) and len(prefix) < MOST_DEPTH:
            yield from _keys(value, (*prefix, key))
