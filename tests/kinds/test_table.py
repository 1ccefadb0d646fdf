"""docs/faults.md maps each kind of faults to tests: they are all there, and no kind is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.kinds.members import MEMBERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/faults.md").read_text()


def rows() -> Iterator[tuple[str, str]]:
    for line in PAGE.split("\n"):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and re.fullmatch(r"(boot |B)[0-9]+", cells[0]):
            yield cells[0], cells[2]


@cache
def functions_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(item.name for item in ast.walk(tree) if isinstance(item, ast.FunctionDef))


def test_each_named_test_is_there() -> None:
    named = re.findall(r"`(tests/[a-z_/0-9]+\.py)::(test_[a-z_0-9]+)`", PAGE)

    assert len(named) > 40
    assert [f"{path}::{name}" for path, name in named if name not in functions_in(path)] == []


def test_each_kind_has_a_row_with_tests() -> None:
    wanted = [f"boot {number}" for number in range(1, 20)] + [f"B{number}" for number in range(1, 11)]
    found = dict(rows())

    assert [kind for kind in wanted if "::test_" not in found.get(kind, "")] == []


def test_each_kind_with_members_has_a_harmless_one() -> None:
    kinds = {kind for kind, tests in rows() if "::test_members`" in tests}
    by_kind: dict[str, set[str]] = {}
    for name, member in MEMBERS.items():
        kind = name.partition(" ")[0]
        by_kind.setdefault(kind if kind.startswith("B") else f"boot {kind}", set()).add(member.status)

    assert set(by_kind) == kinds
    assert [kind for kind, statuses in by_kind.items() if not {"pass"} < statuses] == []
