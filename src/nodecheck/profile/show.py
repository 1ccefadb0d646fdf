"""A profile as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any


def toml_value(value: object) -> str:
    """One value as TOML writes it.

    >>> toml_value({"rhel": "7.5"}), toml_value(("a",)), toml_value(True)
    ('{ rhel = "7.5" }', '["a"]', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_key(name)} = {toml_value(item)}" for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return _quoted("" if value is None else str(value))


def toml_key(name: str) -> str:
    """A key as TOML writes it, in quotes where it must."""
    plain = name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
    return name if plain else _quoted(name)


def _quoted(text: str) -> str:
    r"""A basic string of TOML, safe on a terminal: what does not print, or turns the line around, is escaped.

    >>> print(_quoted("a\u202eb\x7f"))
    "a\u202eb\u007f"
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(text, ensure_ascii=False))


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def to_toml(tables: Mapping[str, Any]) -> str:
    """A profile's tables as a TOML document."""
    return "\n".join(_lines(tables)) + "\n"


def _lines(tables: Mapping[str, Any]) -> Iterator[str]:
    for key, value in tables.items():
        if key not in ("severity", "check", "waiver"):
            yield f"{toml_key(key)} = {toml_value(value)}"
    if tables.get("severity"):
        yield from ["", "[severity]", *_pairs(tables["severity"])]
    for name, parameters in tables.get("check", {}).items():
        yield from ["", f"[check.{toml_key(name)}]", *_pairs(parameters)]
    for waiver in tables.get("waiver", ()):
        yield from ["", "[[waiver]]", *_pairs(waiver)]


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        yield f"{toml_key(name)} = {toml_value(value)}"
