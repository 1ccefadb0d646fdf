"""JSON and YAML as trees whose values know their line, read the way Kubernetes reads them.

YAML is read by its events and built here, because the kubelet's reader (sigs.k8s.io/yaml) differs from PyYAML's
loaders: ``y`` and ``n`` are booleans, dates are strings, a key may be given twice (the last one counts), and only the
first document is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.errors import TooLarge
from nodecheck.formats.tree import Document, Malformation, Number, TreeNode, scalar
from nodecheck.typed import Any

MOST_EVENTS = 20_000
"""Keys, values and brackets of one YAML text; configuration files of nodes have a few hundred."""

MOST_DEPTH = 100
"""Mappings and lists within each other."""


def load(raw: bytes, path: str, located: tuple[str, ...] = ()) -> Document:
    """The first document in ``raw``: JSON where the first character that is not blank is ``{``, else YAML.

    ``located`` names the keys of JSON of which the last line is wanted where they stand several times (YAML tells the
    line of each). Raises Malformation, and TooLarge beyond the bounds above, which are nodecheck's own: Go's decoders
    take 10,000 levels, and any number of keys.
    """
    if raw[: 1 << 16].lstrip(b" \t\n\v\f\r").startswith(b"{"):
        return load_json(raw, path, located)
    from nodecheck.formats.plain_yaml import load_plain

    return load_plain(raw, path) or load_yaml(raw, path)


def load_json(raw: bytes, path: str, located: tuple[str, ...] = ()) -> Document:
    """The JSON in ``raw``, as Go's ``encoding/json`` reads it: a later value of a key beats or joins an earlier one.

    >>> load_json(b'{"a": 1,\\n "b": {"c": true}}', "x", located=("b",)).root.value["b"].line
    2
    """
    import json

    source = raw.decode("utf-8", "replace")
    duplicates: list[str] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                duplicates.append(key)
                value = _again(found[key], value)
            found[key] = value
        return found

    try:
        plain = json.loads(
            source, object_pairs_hook=mapping, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Malformation(f"is not JSON: {error.msg} ({where})", error.lineno) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    except ValueError as error:
        raise Malformation(f"is not JSON: {str(error)[:200]}") from error
    lines = _lines_of(source, located)
    return Document(_located(plain, path, lines, 1, 0), duplicates[0] if duplicates else None)


def _too_deep(path: str) -> TooLarge:
    return TooLarge(path, f"nests values deeper than the {MOST_DEPTH} levels that are looked through")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _again(before: Any, after: Any) -> Any:
    """What a key's second value makes of its first: null changes nothing, an object is decoded into the one before."""
    if after is None:
        return before
    if isinstance(before, dict) and isinstance(after, dict):
        return {**before, **{key: _again(before.get(key), value) for key, value in after.items()}}
    return after


def _lines_of(source: str, last: tuple[str, ...]) -> dict[str, int]:
    """The line of each key, which Python's decoder does not tell.

    Of a key that stands several times the last line is told where ``last`` names it, else none: it may be another's.
    """
    found: dict[str, int] = {}
    at, line = 0, 1
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)"([ \t\r\n]*:)?', source):
        if match[2] is not None:
            line, at = line + source.count("\n", at, match.start()), match.start()
            found[match[1]] = 0 if match[1] in found and match[1] not in last else line
    return found


def _located(value: Any, path: str, lines: dict[str, int], line: int, depth: int) -> TreeNode:
    if depth > MOST_DEPTH:
        raise _too_deep(path)
    if isinstance(value, dict):
        inner = {key: _located(item, path, lines, lines.get(key, 0), depth + 1) for key, item in value.items()}
        return TreeNode(inner, path, line)
    if isinstance(value, list):
        return TreeNode(tuple(_located(item, path, lines, 0, depth + 1) for item in value), path, line)
    return TreeNode(value, path, line)


def load_yaml(raw: bytes, path: str) -> Document:
    """The first document of the YAML in ``raw``.

    >>> load_yaml(b"# x\\na: 1\\nb:\\n  c: off\\n", "x").root.value["b"].value["c"]
    TreeNode(value=False, path='x', line=4)
    """
    import yaml

    builder = _TreeBuilder(path)
    try:
        for event in yaml.parse(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if builder.take(type(event).__name__, event):
                break
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = None if mark is None else mark.line + 1
        where = "" if line is None else f" (line {line})"
        raise Malformation(f"is not YAML: {str(words)[:200]}{where}", line) from error
    except RecursionError as error:
        raise _too_deep(path) from error
    return Document(builder.root or TreeNode(None, path, 1), builder.duplicate)


class _Merge(str):
    """The key ``<<`` without quotes, which merges another mapping in."""

    __slots__ = ()


class _Open:
    """A mapping or list whose end was not yet seen."""

    __slots__ = ("anchor", "items", "key", "key_line", "line", "merges", "pairs")

    def __init__(self, line: int, anchor: str | None, is_mapping: bool) -> None:
        self.line = line
        self.anchor = anchor
        self.pairs: dict[str, TreeNode] | None = {} if is_mapping else None
        self.items: list[TreeNode] = []
        self.merges: list[TreeNode] = []
        self.key: str | None = None
        self.key_line = 0


class _TreeBuilder:
    """Builds the tree of the first document from YAML's events."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stack: list[_Open] = []
        self._anchors: dict[str, TreeNode] = {}
        self._events = 0
        self.root: TreeNode | None = None
        self.duplicate: str | None = None

    def take(self, kind: str, event: Any) -> bool:
        """Take one event; whether the document is complete."""
        self._events += 1
        if self._events > MOST_EVENTS:
            raise TooLarge(self._path, f"has more than the {MOST_EVENTS} keys and values that are looked through")
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._stack) >= MOST_DEPTH:
                raise _too_deep(self._path)
            self._stack.append(_Open(event.start_mark.line + 1, event.anchor, kind == "MappingStartEvent"))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._close()
        elif kind == "ScalarEvent":
            plain = event.style in (None, "")
            value = _Merge("<<") if plain and event.value == "<<" else scalar(event.value, plain, event.tag)
            self._add(TreeNode(value, self._path, event.start_mark.line + 1), event.anchor)
        elif kind == "AliasEvent":
            self._alias(event)
        return kind == "DocumentEndEvent"

    def _alias(self, event: Any) -> None:
        node = self._anchors.get(event.anchor)
        if node is None:
            raise Malformation(f"is not YAML: unknown anchor {event.anchor[:80]!r}", event.start_mark.line + 1)
        self._add(node, None)

    def _close(self) -> None:
        done = self._stack.pop()
        if done.pairs is None:
            node = TreeNode(tuple(done.items), self._path, done.line)
        else:
            for merge in done.merges:
                for name, value in merge.value.items() if isinstance(merge.value, dict) else ():
                    done.pairs.setdefault(name, value)
            node = TreeNode(done.pairs, self._path, done.line)
        self._add(node, done.anchor)

    def _add(self, node: TreeNode, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        if parent.pairs is None:
            parent.items.append(node)
        elif parent.key is None:
            parent.key, parent.key_line = _key_of(node), node.line
        else:
            self._pair(parent, parent.key, node)
            parent.key = None

    def _pair(self, parent: _Open, key: str, node: TreeNode) -> None:
        if isinstance(key, _Merge) and isinstance(node.value, (dict, tuple)):
            parent.merges.extend(node.value if isinstance(node.value, tuple) else (node,))
            return
        assert parent.pairs is not None
        if key in parent.pairs:
            self.duplicate = self.duplicate or key
        parent.pairs[key] = node._replace(line=parent.key_line)


def _key_of(node: TreeNode) -> str:
    """A key as the JSON that is made of the YAML has it."""
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, Number):
        return node.value.text
    raise Malformation("has a key that is no word", node.line)


def mappings(node: TreeNode | None) -> Iterator[dict[str, TreeNode]]:
    """The mappings in a list (``containers:`` of a pod); nothing where it is no list."""
    for item in node.value if node is not None and isinstance(node.value, tuple) else ():
        if isinstance(item.value, dict):
            yield item.value
