"""Editing the ``[[waiver]]`` tables of a text, everything else left as it is.

The text is edited by lines, and the result is proven: read back, it must hold the old tables with the one change and
nothing else. (An editor of TOML documents would count the comment above a waiver to the waiver before it.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nodecheck.errors import UsageError
from nodecheck.formats.toml import Path, key_lines, parse_toml, statements
from nodecheck.profile.show import toml_value

Tables = Mapping[str, Any]


def appended(text: str, waiver: Tables) -> str:
    """The text with one more waiver at its end."""
    end = _line_end(text)
    lines = ["[[waiver]]", *(f"{key} = {toml_value(value)}" for key, value in waiver.items())]
    head = text if not text or text.endswith("\n") else text + end
    new = head + (end if head else "") + end.join(lines) + end
    return _proven(text, new, [*waivers_in(text), dict(waiver)])


def changed(text: str, place: int, changes: Tables) -> str:
    """The text with other values for some keys of the waiver at ``place`` (from 0)."""
    new = text
    for key, value in changes.items():
        new = _with_key(new, place, key, toml_value(value))
    expected = [{**item, **changes} if number == place else item for number, item in enumerate(waivers_in(text))]
    return _proven(text, new, expected)


def removed(text: str, place: int) -> str:
    """The text without the waiver at ``place``, and without the comment that stands right above it."""
    lines = text.split("\n")
    first, last = _extent(text, place)
    while first > 1 and lines[first - 2].lstrip(" \t").startswith("#"):
        first -= 1
    blank_above = first > 1 and not lines[first - 2].strip()
    if blank_above and (last >= len(lines) or not lines[last].strip()):
        first -= 1  # one blank line stays of those above and below
    rest = [item for number, item in enumerate(waivers_in(text)) if number != place]
    return _proven(text, "\n".join(lines[: first - 1] + lines[last:]), rest)


def waivers_in(text: str) -> list[dict[str, Any]]:
    """The ``[[waiver]]`` tables of a text that is valid."""
    return list(_tables(text).get("waiver", ()))


def _tables(text: str) -> dict[str, Any]:
    return parse_toml(text.encode("utf-8", "surrogatepass"), "waivers")


def _with_key(text: str, place: int, key: str, value: str) -> str:
    lines, carriage = text.split("\n"), _line_end(text)[:-1]
    first = key_lines(text).get(("waiver", str(place), key))
    if first is None:
        _, last = _extent(text, place)
        lines.insert(last, f"{key} = {value}{carriage}")
    else:
        old = lines[first - 1]
        indent = old[: len(old) - len(old.lstrip(" \t"))]
        new = f"{indent}{key} = {value}{_comment(old)}{carriage}"
        lines[first - 1 : _end(text, first)] = [new]
    return "\n".join(lines)


def _extent(text: str, place: int) -> tuple[int, int]:
    """The first and the last line (1-based) of the waiver at ``place``. Raises UsageError."""
    found: dict[Path, int] = key_lines(text)
    first = found.get(("waiver", str(place)))
    if first is None:
        raise UsageError("the waivers are written as a list in one value, not as [[waiver]] tables: edit them by hand")
    last = first
    for number, line in statements(text):
        if number > first:
            if line.startswith("["):
                break
            last = number
    return first, _end(text, last)


def _end(text: str, first: int) -> int:
    """The last line of the statement that starts at line ``first``: blank lines and comments below it are not its."""
    lines = text.split("\n")
    following = [number for number, _ in statements(text) if number > first]
    last = following[0] - 1 if following else len(lines)
    while last > first and (not lines[last - 1].strip() or lines[last - 1].lstrip(" \t").startswith("#")):
        last -= 1
    return last


def _comment(line: str) -> str:
    """The comment at a line's end, with the white space before it."""
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|([ \t]*#.*)', line.rstrip("\r")):
        if match[1] is not None:
            return match[1]
    return ""


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _proven(old: str, new: str, waivers: Sequence[Tables]) -> str:
    """``new``, if it holds what ``old`` held and these waivers. Raises UsageError."""
    from nodecheck.errors import FactError

    try:
        after = _tables(new)
    except FactError:
        after = {}
    found = after.pop("waiver", [])
    rest = {key: value for key, value in _tables(old).items() if key != "waiver"}
    if found != list(waivers) or after != rest:
        raise UsageError("this layout cannot be edited without changing something else: edit it by hand")
    return new
