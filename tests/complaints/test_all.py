"""Each of the 53 complaints has a test, or stands here with the reason why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck.plugins import load

TESTS = Path(__file__).resolve().parents[1]
COMPLAINTS = range(1, 54)

ELSEWHERE = {
    20: ("checks/kernel/test_fault_drill.py", "healthy/test_storage_faults.py"),
    39: ("running/test_read_only.py", "cli/test_run.py"),
    40: ("render/test_json.py", "report/test_report.py"),
}
"""About the tool itself: checks that cannot fail, a preflight of its own that changes nothing, what machines read."""
LATER = {
    36: "host-firewall: the verdict by port, from zones, services and rules",
    37: "host-firewall: ufw's rules and policies",
    44: "inotify-instances, inotify-watches",
    45: "conntrack-usage",
    48: "iptables-backend",
}
"""The check that the complaint is about is not there yet."""


def numbered() -> Iterator[tuple[int, str]]:
    """The number of each test of a complaint, with its file."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_complaint_"):
                number = node.name.removeprefix("test_complaint_")[:2]
                assert number.isdigit(), f"{path.name}: {node.name}"
                assert ast.get_docstring(node), f"{path.name}: {node.name} does not say what was complained about"
                yield int(number), path.name


def test_each_complaint_has_a_test_or_a_reason() -> None:
    tested = {number for number, _ in numbered()}

    assert tested | ELSEWHERE.keys() | LATER.keys() == set(COMPLAINTS)
    assert not tested & ELSEWHERE.keys()
    assert not tested & LATER.keys()  # who writes one takes it out there
    assert not ELSEWHERE.keys() & LATER.keys()


@pytest.mark.parametrize("number", ELSEWHERE)
def test_what_is_tested_elsewhere_is_there(number: int) -> None:
    for path in ELSEWHERE[number]:
        assert "def test_" in (TESTS / path).read_text()


@pytest.mark.parametrize("number", LATER)
def test_what_comes_later_is_not_there_yet(number: int) -> None:
    """The check that it waits for: once it is there, the test is written, and the line goes."""
    names = LATER[number].partition(":")[0].split(", ")
    assert not set(names) & {check.name for check in load().all_checks()}
