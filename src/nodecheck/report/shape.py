"""Whether a document has the shape of a report: the shipped JSON Schema, read by a few lines of our own.

Keys that the schema does not know pass: a later minor version of it may have them. ``pattern``, ``format`` and the like
say nothing of the shape: whoever shows a text takes any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from nodecheck.errors import ReportError
from nodecheck.shipped import shipped

Schema = dict[str, Any]


def check_shape(document: object) -> None:
    """Raise ReportError that names the first place where the document is not what a report must be there."""
    for place, expected, found in _wrong(document, _schema(), "the document"):
        raise ReportError(f"{place}: expected {expected}, found {_quoted(found)}")


@lru_cache
def _schema() -> Schema:
    found: Schema = json.loads(shipped("schemas/report-1.json"))
    return found


def _quoted(found: object) -> str:
    text = json.dumps(found)
    return text if len(text) <= 60 else text[:60] + "…"


Complaint = tuple[str, str, object]
Wrong = Iterator[Complaint]


def _wrong(value: object, schema: Schema, place: str) -> Wrong:
    """Place, what was expected there and what was found, for each rule that the value breaks."""
    if "$ref" in schema:
        schema = _schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    if "type" in schema and not _is(value, schema["type"]):
        yield place, _types(schema["type"]), value
        return
    for rule, breaks in _RULES.items():
        if rule in schema:
            yield from breaks(value, schema, place)
    if isinstance(value, dict):
        yield from _members(value, schema, place)
    elif isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from _wrong(item, schema["items"], f"{place}[{number}]")


def _members(value: dict[str, object], schema: Schema, place: str) -> Wrong:
    for key in schema.get("required", ()):
        if key not in value:
            yield place, f"the key {key!r}", sorted(value)
    for key, inner in schema.get("properties", {}).items():
        if key in value:
            yield from _wrong(value[key], inner, key if place == "the document" else f"{place}.{key}")


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def _is(value: object, kinds: str | list[str]) -> bool:
    wanted = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return "boolean" in wanted
    return any(isinstance(value, _TYPES[kind]) for kind in wanted)


def _types(kinds: str | list[str]) -> str:
    return kinds if isinstance(kinds, str) else " or ".join(kinds)


def _enum(value: object, schema: Schema, place: str) -> Wrong:
    if not any(type(value) is type(known) and value == known for known in schema["enum"]):
        yield place, f"one of {json.dumps(schema['enum'])[1:-1]}", value


def _const(value: object, schema: Schema, place: str) -> Wrong:
    if value != schema["const"]:
        yield place, json.dumps(schema["const"]), value


def _range(value: object, schema: Schema, place: str) -> Wrong:
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    if isinstance(value, (int, float)) and not (low <= value <= high and abs(value) < 1e300):
        yield place, "a number in its range", value


def _items(value: object, schema: Schema, place: str) -> Wrong:
    if isinstance(value, list) and len(value) < schema["minItems"]:
        yield place, f"at least {schema['minItems']} of them", value


def _one_of(value: object, schema: Schema, place: str) -> Wrong:
    """Where no choice fits: what is wrong by the one that was meant, which is of the right type and kind."""
    complaints = [list(_wrong(value, choice, place)) for choice in schema["oneOf"]]
    if all(complaints):
        yield _first(
            max(complaints, key=lambda found: (not _of_another_type(found, place), not _of_another_kind(found)))
        )


def _of_another_type(found: list[Complaint], place: str) -> bool:
    return found[0][0] == place and found[0][1] in _TYPES


def _of_another_kind(found: list[Complaint]) -> list[Complaint]:
    return [wrong for wrong in found if wrong[1].startswith('"')]


def _first(found: list[Complaint]) -> Complaint:
    return (_of_another_kind(found) or found)[0]


def _all_of(value: object, schema: Schema, place: str) -> Wrong:
    for rule in schema["allOf"]:
        if "if" not in rule:
            yield from _wrong(value, rule, place)
        elif not any(_wrong(value, rule["if"], place)):
            yield from _wrong(value, rule["then"], place)


_RULES: dict[str, Callable[[object, Schema, str], Wrong]] = {
    "enum": _enum, "const": _const, "minimum": _range, "maximum": _range, "minItems": _items,
    "oneOf": _one_of, "allOf": _all_of,
}  # fmt: skip
