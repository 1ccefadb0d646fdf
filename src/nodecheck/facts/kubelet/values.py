"""Values of the kubelet's settings, as its flags and its configuration files write them.

What is malformed raises ValueError, which says what it had to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from nodecheck.facts.kubelet.flags import boolean_of, gates_of
from nodecheck.facts.kubelet.quantities import duration_of, percent_of, quantity_of
from nodecheck.facts.kubelet.table import (
    BOOL,
    DURATION,
    DURATIONS,
    FLOAT,
    GATES,
    INT,
    LABELS,
    LIST,
    OPTIONS,
    PRIORITIES,
    QUANTITIES,
    RECLAIMS,
    RESERVATIONS,
    STRING,
    TAINTS,
    THRESHOLDS,
    Pairs,
    Value,
)
from nodecheck.formats.tree import Number, TreeNode


def of_flags(kind: str, texts: list[str]) -> Value:
    """What the values of a flag come to, in their order: the last counts, or they add up (:data:`ADDING`)."""
    return _FROM_TEXT[kind](texts)


def of_file(kind: str, value: object) -> Value:
    """What a value of a configuration file comes to."""
    return _FROM_NODE[kind](value)


def _threshold(text: str) -> None:
    """As ``parseThresholdStatement`` takes it (pkg/kubelet/eviction/helpers.go)."""
    percent = percent_of(text)
    if percent is None and quantity_of(text) <= 0:
        raise ValueError("a quantity of more than 0")
    if percent is not None and not 0 <= percent <= 100:
        raise ValueError("a percentage from 0 to 100")


def _reclaim(text: str) -> None:
    """As ``parseMinimumReclaims`` takes it (ibid.)."""
    percent = percent_of(text)
    if percent is None and quantity_of(text) < 0:
        raise ValueError("a quantity of 0 or more")
    if percent is not None and percent <= 0:
        raise ValueError("a percentage of more than 0")


def _grace(text: str) -> None:
    """As ``parseGracePeriods`` takes it (ibid.)."""
    if duration_of(text) < 0:
        raise ValueError("a duration of 0 or more")


def _bool_text(texts: list[str]) -> bool:
    found = boolean_of(texts[-1])
    if found is None:
        raise ValueError("not a boolean")
    return found


def _int_text(texts: list[str]) -> int:
    """As ``strconv.ParseInt`` reads it with base 0."""
    text = texts[-1]
    if re.fullmatch("[-+]?[0-9][0-9a-zA-Z_]*", text) is None:
        raise ValueError("not a whole number")
    octal = re.fullmatch("[-+]?0[0-7]+", text)
    return int(text, 8 if octal else 0)


def _list_text(texts: list[str]) -> tuple[str, ...]:
    import csv

    return tuple([item for row in csv.reader(texts) for item in row])


def _pairs_text(mark: str, check: Callable[[str], object]) -> Callable[[list[str]], Pairs]:
    def made(texts: list[str]) -> Pairs:
        found: dict[str, str] = {}
        for item in ",".join(texts).split(","):
            name, marked, value = item.partition(mark)
            if item and not marked:
                raise ValueError(f"{item[:80]} has no {mark}")
            if item:
                check(value.strip())
                found[name.strip()] = value.strip()
        return tuple(found.items())

    return made


def _labels_text(texts: list[str]) -> Pairs:
    """As ``ConfigurationMap`` of component-base reads it: a label may stand without a value."""
    items = [item.partition("=") for item in ",".join(texts).split(",") if item]
    return tuple({name.strip(): value.strip() for name, _, value in items}.items())


def _reservations_text(texts: list[str]) -> Pairs:
    """``NODE:TYPE=QUANTITY,…;NODE:…``, as ``ReservedMemoryVar`` of pkg/util/flag reads it."""
    found: list[tuple[str, str]] = []
    for part in ";".join(texts).split(";"):
        node, colon, pairs = part.partition(":")
        if part and not (colon and re.fullmatch("[0-9]{1,9}", node.strip())):
            raise ValueError("NODE:TYPE=QUANTITY")
        found += [(f"{node.strip()}:{name}", amount) for name, amount in _pairs_text("=", quantity_of)([pairs])]
    return tuple(found)


def _gates_text(texts: list[str]) -> Pairs:
    found = gates_of(",".join(texts))
    if found is None:
        raise ValueError("not name=true or name=false")
    return _of_states(found)


def _of_states(states: Iterable[tuple[str, bool]]) -> Pairs:
    return tuple({name: "true" if state else "false" for name, state in states}.items())


def _taints_text(texts: list[str]) -> tuple[str, ...]:
    found = tuple([item.strip() for item in texts[-1].split(",") if item.strip()])
    if any(":" not in item for item in found):
        raise ValueError("not key=value:effect")
    return found


ADDING = frozenset((LIST, QUANTITIES, THRESHOLDS, RECLAIMS, DURATIONS, GATES, LABELS, OPTIONS, RESERVATIONS))
"""Kinds whose flags add up where one is given several times."""

_FROM_TEXT: dict[str, Callable[[list[str]], Value]] = {
    BOOL: _bool_text,
    INT: _int_text,
    STRING: lambda texts: texts[-1],
    DURATION: lambda texts: duration_of(texts[-1]),
    LIST: _list_text,
    QUANTITIES: _pairs_text("=", quantity_of),
    THRESHOLDS: _pairs_text("<", _threshold),
    RECLAIMS: _pairs_text("=", _reclaim),
    DURATIONS: _pairs_text("=", _grace),
    GATES: _gates_text,
    LABELS: _labels_text,
    OPTIONS: _pairs_text("=", str),
    RESERVATIONS: _reservations_text,
    TAINTS: _taints_text,
}


def _bool_node(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a boolean")
    return value


def _number(value: object, pattern: str, words: str) -> str:
    if not isinstance(value, Number) or re.fullmatch(pattern, value.json) is None:
        raise ValueError(words)
    return value.json


def _int_node(value: object) -> int:
    return int(_number(value, "-?[0-9]{1,18}", "a whole number"))


def _float_node(value: object) -> float:
    return float(_number(value, "-?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?", "a number"))


def _duration_node(value: object) -> float:
    return duration_of(_string(value, "a duration"))


def _string(value: object, words: str) -> str:
    if not isinstance(value, str):
        raise ValueError(words)
    return value


def _list_node(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise ValueError("a list")
    return tuple([_string(node.value, "a list of strings") for node in value])


def _pairs_node(check: Callable[[str], object]) -> Callable[[object], Pairs]:
    def made(value: object) -> Pairs:
        found = {name: _string(node.value, "an object of strings") for name, node in _object(value).items()}
        for text in found.values():
            check(text)
        return tuple(found.items())

    return made


def _object(value: object) -> Mapping[str, TreeNode]:
    if not isinstance(value, Mapping):
        raise ValueError("an object")
    return value


def _gates_node(value: object) -> Pairs:
    found = {name: node.value for name, node in _object(value).items()}
    if not all(isinstance(state, bool) or state is None for state in found.values()):
        raise ValueError("an object of true and false")
    return _of_states((name, bool(state)) for name, state in found.items())


def _objects(value: object) -> list[Mapping[str, TreeNode]]:
    if not isinstance(value, tuple):
        raise ValueError("a list")
    return [_object(node.value) for node in value]


def _taints_node(value: object) -> tuple[str, ...]:
    return tuple([_taint(item) for item in _objects(value)])


def _taint(item: Mapping[str, TreeNode]) -> str:
    parts = [item.get(name) for name in ("key", "value", "effect")]
    key, told, effect = ["" if part is None or part.value is None else _string(part.value, "taints") for part in parts]
    return f"{key}={told}:{effect}" if told else f"{key}:{effect}"


def _reservations_node(value: object) -> Pairs:
    found: list[tuple[str, str]] = []
    for item in _objects(value):
        node, limits = item.get("numaNode"), item.get("limits")
        number = 0 if node is None or node.value is None else _int_node(node.value)
        for name, amount in (_object(limits.value) if limits is not None else {}).items():
            text = amount.value.json if isinstance(amount.value, Number) else _string(amount.value, "quantities")
            quantity_of(text)
            found.append((f"{number}:{name}", text))
    return tuple(found)


def _priorities_node(value: object) -> Pairs:
    found = []
    for item in _objects(value):
        parts = [item.get(name) for name in ("priority", "shutdownGracePeriodSeconds")]
        priority, seconds = ["0" if part is None else str(_int_node(part.value)) for part in parts]
        found.append((priority, seconds))
    return tuple(found)


_FROM_NODE: dict[str, Callable[[object], Value]] = {
    BOOL: _bool_node,
    INT: _int_node,
    FLOAT: _float_node,
    DURATION: _duration_node,
    STRING: lambda value: _string(value, "a string"),
    LIST: _list_node,
    QUANTITIES: _pairs_node(quantity_of),
    THRESHOLDS: _pairs_node(_threshold),
    RECLAIMS: _pairs_node(_reclaim),
    DURATIONS: _pairs_node(_grace),
    GATES: _gates_node,
    LABELS: _pairs_node(str),
    OPTIONS: _pairs_node(str),
    RESERVATIONS: _reservations_node,
    TAINTS: _taints_node,
    PRIORITIES: _priorities_node,
}
