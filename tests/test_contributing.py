"""The example of CONTRIBUTING.md is the code of a check that works."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

import nodecheck.facts

PAGE = Path(__file__).resolve().parents[1] / "CONTRIBUTING.md"


def module(name: str, text: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(text, name, "exec"), vars(made))
    return made


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example's tests, its fact and its check being in their places."""
    fact, check, tests = (
        dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE.read_text(), re.S | re.M)
    )
    made = module("nodecheck.facts.hardware.writable", fact)
    monkeypatch.setattr(nodecheck.facts, "Writable", made.Writable, raising=False)
    name = "nodecheck_checks.hardware.writable"
    monkeypatch.setitem(sys.modules, "nodecheck_checks.hardware", ModuleType("nodecheck_checks.hardware"))
    monkeypatch.setitem(sys.modules, name, module(name, check))
    return module("test_writable", tests)


@pytest.mark.parametrize(("read_only", "status"), [(False, "pass"), (True, "fail")])
def test_judgement(tests: ModuleType, read_only: bool, status: str) -> None:
    tests.test_judgement(read_only, status)


def test_the_next_boot(tests: ModuleType, tmp_path: Path) -> None:
    tests.test_the_next_boot(tmp_path)


@pytest.mark.parametrize(("answers", "status"), [(True, "fail"), (False, "unknown")])
def test_a_node_that_runs(tests: ModuleType, tmp_path: Path, answers: bool, status: str) -> None:
    tests.test_a_node_that_runs(tmp_path, answers, status)


def test_its_parameters_are_those_of_the_profile(tests: ModuleType) -> None:
    assert list(tests.writable.parameters) == ["require"]
