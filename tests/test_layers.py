"""The floors and wings of the house: a file imports only from floors and wings below its own.

Imports inside functions and imports for type checkers count too. docs/adr/0004-floors-and-wings.md says why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS = """
typed
errors record json_text digest text version shipped reading
writing model formats
host
requirements report
checking
facts
fix audit schedule
hookspecs
plugins
checks
profile render
running
config capturing
api planning
fleet testing nodecheck
doctor pytest_plugin shell
cli
__main__
"""
"""Rooms of one line do not know each other. ``nodecheck`` is the package's own file, with the public names."""

WINGS = {
    "nodecheck.facts": """
        files
        boot distro time hardware identity limits
        services
        acts
        sysctl swap packages network
        kernel
        security runtimes
        kubelet
        cluster
    """,
    "nodecheck_checks": """
        swap cgroups kernel runtime kubelet services network security system packages hardware identity
        sysctl firewall
    """,
}
"""Wings of one line do not know each other."""

EXCEPTIONS: dict[tuple[str, str], str] = {
    (
        "nodecheck.report.model",
        "nodecheck.render.outputs",
    ): "report.render(), imported when it is called",
}
"""Pairs of files that are allowed against floors or wings, each with its reason. Empty is the aim."""


@cache
def imports() -> dict[str, frozenset[str]]:
    """Every module, and the modules that its text imports, wherever the import stands."""
    files = {
        name: path
        for base in ("src", "checks")
        for path in (ROOT / base).rglob("*.py")
        for name in [_module(base, path)]
    }
    return {name: frozenset(_imported(path, files) - {name}) for name, path in files.items()}


def _module(base: str, path: Path) -> str:
    parts = path.relative_to(ROOT / base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, files: dict[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found.update(home for name in names if (home := _home(name, files)))
    return found


def _home(name: str, files: dict[str, Path]) -> str:
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name


def floors(text: str) -> dict[str, int]:
    """Name to floor, the lowest being 0."""
    lines = [line.split() for line in text.split("\n") if line.strip()]
    return {name: floor for floor, line in enumerate(lines) for name in line}


def room(module: str) -> str:
    """The room of a module."""
    parts = module.split(".")
    return "checks" if parts[0] == "nodecheck_checks" else parts[1] if len(parts) > 1 else parts[0]


def wing(module: str, house: str) -> str | None:
    """The wing of a module, where it lies in one of ``house``."""
    inside = module.removeprefix(house + ".").split(".") if module.startswith(house + ".") else []
    return inside[0] if len(inside) > 1 or (inside and inside[0] in floors(WINGS[house])) else None


def arrows() -> Iterator[tuple[str, str]]:
    """Every import of one file by another that no exception allows."""
    for module, others in sorted(imports().items()):
        for other in sorted(others):
            if (module, other) not in EXCEPTIONS:
                yield module, other


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in imports()} <= floors(FLOORS).keys()


def test_no_import_runs_up() -> None:
    level = floors(FLOORS)
    up = [f"{a}: {b}" for a, b in arrows() if room(a) != room(b) and level[room(b)] >= level[room(a)]]

    assert not up, "\n".join(up)


@pytest.mark.parametrize("house", WINGS)
def test_wings(house: str) -> None:
    level, wrong = floors(WINGS[house]), []
    for module, other in arrows():
        ours, theirs = wing(module, house), wing(other, house)
        if ours and theirs and ours != theirs and level[theirs] >= level[ours]:
            wrong.append(f"{module}: {other}")

    assert not wrong, "\n".join(wrong)
    assert {found for module in imports() if (found := wing(module, house))} <= level.keys()


def test_no_files_need_each_other() -> None:
    far = {module: _reached(module) for module in imports()}
    circles = {frozenset(other for other in far[module] if module in far[other]) for module in far}

    assert {tuple(sorted(circle)) for circle in circles if circle} == set()


def _reached(start: str) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        module = left.pop()
        new = {other for other in imports()[module] if (module, other) not in EXCEPTIONS} - seen
        seen |= new
        left += new
    return seen


def test_exceptions_are_needed() -> None:
    assert {pair for pair in EXCEPTIONS if pair[1] not in imports().get(pair[0], ())} == set()
