"""What parameters ask for, and when it is imported."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import nodecheck.host
from nodecheck import facts
from nodecheck.checking.store import Facts
from nodecheck.facts import Swaps
from nodecheck.host import Host, open_host
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
    assert needs_of(judge)[0] == (Need("swaps", Promised(facts, "Swaps"), True), Need("now", Swaps, False))
    assert [need.fact for need in needs_of(judge)[0]] == [Swaps, Swaps]


def test_a_need_by_its_public_name_is_imported_when_it_is_judged() -> None:
    code = "import sys, nodecheck_checks.system.reboot_pending as one; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nodecheck.facts.boot.container" in done.stdout.split()
    assert "nodecheck.facts.boot.reboot_marks" not in done.stdout.split()


def test_only_what_would_be_imported_now_is_left_for_later() -> None:
    """A plain name of another module is what it is there: the host, a text, an alias of one that is lazy."""
    other = ModuleType("other")
    other.__dict__.update(Host=Host, Text=str, Later=Lazy[Swaps], __all__=["Host", "Text", "Later"])

    def judge(host: other.Host, text: other.Text, later: other.Later) -> None: ...  # type: ignore[name-defined]

    judge.__globals__.update(other=other, host_module=nodecheck.host)
    assert needs_of(judge)[0] == (Need("host", Host, False), Need("text", str, False), Need("later", Swaps, True))
    judge.__annotations__["host"] = "host_module.Host"
    assert needs_of(judge)[0][0].kind is Host


def test_a_reader_that_names_the_host_by_its_module_gets_it(tmp_path: Path) -> None:
    class Mine(NamedTuple):
        there: bool

        @classmethod
        def read(cls, host: nodecheck.host.Host) -> Mine:
            return cls(host.names("/") == ())

    assert Facts(open_host(str(tmp_path))).get(Mine) == (True,)


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
