"""No code compares a release of Kubernetes: rows do, in one place, and there an unknown release is the newest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("src", "checks")
NAMES = ("release", "minor", "older_than")
EXCEPTIONS = {
    "nodecheck.facts.kubelet.keys": "the kubelet's keys are a table of their own, by its own release",
    "nodecheck.facts.kubelet.table": "the kubelet's defaults are a table of their own, by its own release",
    "nodecheck.facts.runtimes.containerd_plugins": "containerd's own releases",
    "nodecheck.facts.runtimes.docker": "docker's own releases",
    "nodecheck.facts.runtimes.key_types": "the releases of containerd and CRI-O, for tables of their keys",
}
"""Modules that order releases of other programs, each with whose."""


def is_release(node: ast.AST, constants: dict[str, ast.expr]) -> bool:
    """Whether an operand is named as a release is, or is a tuple as (1, 34) is one; a sum or a slice of one too."""
    if isinstance(node, ast.Name):
        return node.id in NAMES or (node.id in constants and is_release(constants[node.id], {}))
    if isinstance(node, ast.Attribute):
        return node.attr in NAMES
    if isinstance(node, ast.Tuple):
        numbers = [item.value for item in node.elts if isinstance(item, ast.Constant)]
        return len(numbers) == len(node.elts) == 2 and numbers[0] == 1 and isinstance(numbers[1], int)
    inner = (ast.Subscript, ast.BoolOp, ast.BinOp)
    return isinstance(node, inner) and any(is_release(part, constants) for part in ast.iter_child_nodes(node))


def comparisons(text: str) -> Iterator[str]:
    """The comparisons of a module that order releases, or ask whether one equals a number written there."""
    tree = ast.parse(text)
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    constants = {target.id: node.value for node in assigned for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            ordered = any(isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for op in node.ops)
            number = any(is_release(operand, {}) for operand in operands if isinstance(operand, ast.Tuple))
            if (ordered and any(is_release(operand, constants) for operand in operands)) or number:
                yield ast.unparse(node)


def found() -> dict[str, list[str]]:
    """What each module compares; by module, those of the requirements left out."""
    modules = {
        ".".join(path.relative_to(ROOT / place).with_suffix("").parts): list(comparisons(path.read_text()))
        for place in PLACES
        for path in sorted((ROOT / place).rglob("*.py"))
    }
    return {name: told for name, told in modules.items() if told and not name.startswith("nodecheck.requirements.")}


def test_releases_are_compared_by_rows_alone() -> None:
    wrong = {name: told for name, told in found().items() if name not in EXCEPTIONS}

    assert not wrong, f"make it a row (nodecheck.requirements.table): {wrong}"


def test_no_exception_is_left_over() -> None:
    assert set(EXCEPTIONS) <= set(found())


@pytest.mark.parametrize(
    "text",
    [
        "target.release >= (1, 34)",
        "(target.release or NEWEST) < least",
        "release[1] > 25",
        "minor >= KUBELET_N3",
        "FIRST = (1, 24)\nok = have < FIRST",
        "config.older_than <= known",
        "found == (1, 17)",
        "found in ((1, 17), (1, 18)) and other >= (1, 17)",
    ],
)
def test_what_compares_is_seen(text: str) -> None:
    assert list(comparisons(text))


@pytest.mark.parametrize("text", ["release is None", "kernel.release == other.release", "have >= (5, 4)", "n < 1"])
def test_what_compares_no_release_is_left_alone(text: str) -> None:
    assert not list(comparisons(text))
