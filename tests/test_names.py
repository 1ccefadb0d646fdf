"""One name, one thing: a type's name is used once in the whole product."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def types_of(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Where each class is defined, nested ones too."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.name}:{node.lineno}")
    return found


def twice(paths: Iterable[Path]) -> dict[str, list[str]]:
    return {name: places for name, places in types_of(paths).items() if len(places) > 1}


def test_no_type_name_is_used_twice() -> None:
    paths = [path for part in ("src", "checks") for path in sorted((ROOT / part).rglob("*.py"))]

    assert len(types_of(paths)) > 300
    assert twice(paths) == {}


def test_a_second_one_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("class Area: ...\n")
    (tmp_path / "b.py").write_text("def made():\n    class Area: ...\n")

    assert twice(sorted(tmp_path.iterdir())) == {"Area": ["a.py:1", "b.py:2"]}
