"""On which line of a TOML document a key stands, for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

Path = tuple[str, ...]


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
            path = _path(line[2:].partition("]]")[0])
            arrays[path] = arrays.get(path, -1) + 1
            table = (*path, str(arrays[path]))
            found.setdefault(path, number)
            found.setdefault(table, number)
        elif line.startswith("["):
            table = _path(line[1:].partition("]")[0])
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        else:
            path = (*table, *_path(line))
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
            _inline(line, path, number, found)
    return found


def line_of(lines: dict[Path, int], path: Path) -> int | None:
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
        parts.append(next(group for group in match.groups() if group is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(parts)


def _inline(line: str, path: Path, number: int, found: dict[Path, int]) -> None:
    """Keys of an inline table that stands on the same line."""
    _, _, value = line.partition("=")
    if not value.strip().startswith("{"):
        return
    for match in re.finditer(r"[{,]" + _KEY + "=", value):
        name = next(group for group in match.groups() if group is not None)
        found.setdefault((*path, name), number)
