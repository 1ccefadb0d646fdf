"""What parameters ask for, and when it is imported."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from nodecheck import facts
from nodecheck.facts import Swaps
from nodecheck.model.needs import Lazy, Need, Promised, needs_of
from nodecheck.plugins import load
from tests.facts.test_sources import all_facts


def readers() -> Iterator[Callable[..., Any]]:
    """Every function whose parameters are needs: of facts, and of checks."""
    for kind in all_facts():
        yield vars(kind)["read"].__func__
    for check in load().all_checks():
        yield from (judge.function for judge in check.judges.values())
        yield from (rule for rule in (check.severity, check.otherwise) if callable(rule))


def for_type_checkers(module: ModuleType, name: str) -> object:
    """What an import in ``if TYPE_CHECKING`` calls that name."""
    for block in ast.parse(inspect.getsource(module)).body:
        for node in block.body if isinstance(block, ast.If) else ():
            if isinstance(node, ast.ImportFrom) and name in [alias.asname or alias.name for alias in node.names]:
                return getattr(import_module(node.module or ""), name)
    raise AssertionError(f"{module.__name__} imports no {name} for type checkers")


def test_a_fact_that_is_imported_later_is_the_one_that_type_checkers_see() -> None:
    later = [
        (function, need) for function in readers() for need in needs_of(function)[0] if isinstance(need.kind, Promised)
    ]

    assert {need.fact.__name__ for _, need in later} > {"KubeletRelease", "UnitReader"}
    for function, need in later:
        name = f"facts.{need.fact.__name__}"
        if function.__annotations__[need.name] not in (name, f"Lazy[{name}]"):
            assert need.fact is for_type_checkers(sys.modules[function.__module__], need.fact.__name__)


def test_the_name_of_a_module() -> None:
    def judge(swaps: Lazy[facts.Swaps], now: facts.Swaps) -> None: ...

    judge.__globals__["facts"] = facts
    assert needs_of(judge)[0] == (
        Need("swaps", Promised(facts, "Swaps"), True),
        Need("now", Promised(facts, "Swaps"), False),
    )
    assert [need.fact for need in needs_of(judge)[0]] == [Swaps, Swaps]


@pytest.mark.parametrize(("note", "error"), [("Lazy[Swops]", NameError), ("Lazy[facts.Swops]", AttributeError)])
def test_a_name_that_nobody_has_is_told_at_once(note: str, error: type[Exception]) -> None:
    def judge(swaps: object) -> None: ...

    judge.__annotations__["swaps"] = note
    with pytest.raises(error):
        needs_of(judge)


def test_a_check_that_is_loaded_imports_no_fact_that_it_may_not_need() -> None:
    code = "import sys, nodecheck_checks.swap.swap; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    found = set(done.stdout.split())
    assert "nodecheck.facts.services.starts" in found
    assert found & {"nodecheck.facts.kubelet.release", "nodecheck.facts.packages.packages"} == set()
