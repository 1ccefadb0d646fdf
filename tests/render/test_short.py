"""``--format short``: a line a finding, as compilers and linters print it."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings

import nodecheck
from nodecheck import Report
from nodecheck.checking import Evidence, Severity, Status, seen
from nodecheck.render.short import render
from nodecheck.report import Source
from tests.render.outcomes import OUTCOMES
from tests.render.reports import hostile_report, reports
from tests.render.test_text import report, result

PLACED = re.compile(r"/\S+:[0-9]+: (?:error|warning|info|unknown): (?P<id>\S+): .+")
BARE = re.compile(r"(?P<id>\S+): (?:error|warning|info|unknown): .+")


def test_a_line_with_the_file_and_the_line_of_the_evidence() -> None:
    evidence = (seen("/etc/x"), seen("/proc/swaps", "x"), seen("/etc/fstab", "/a none swap", line=12))
    found = report(result("swap[/a]@boot", Status.FAIL, "boot", message="fstab turns swap on: /a", evidence=evidence))

    assert render(found) == "/etc/fstab:12: error: swap[/a]@boot: fstab turns swap on: /a\n"
    found.run = found.run._replace(source=Source("root", "/mnt/image/"))
    assert render(found).startswith("/mnt/image/etc/fstab:12: error: ")


@pytest.mark.parametrize(
    "evidence",
    [seen("/etc/x"), seen("/etc/x", "text"), seen("/etc/x", None, locator="line 3"), seen("adjtimex(2)", "x", line=3)],
)
def test_a_line_without_them(evidence: Evidence) -> None:
    found = report(result("swap", Status.FAIL, message="on", evidence=(evidence,)))

    assert render(found) == "swap: error: on\n"


def test_the_worst_comes_first_and_what_is_well_has_no_line() -> None:
    found = report(
        result("a", Status.PASS), result("b", Status.UNKNOWN), result("c", Status.FAIL, severity=Severity.INFO),
        result("d", Status.FAIL, severity=Severity.WARNING), result("e", Status.FAIL), result("f", Status.SKIP),
        result("g", Status.WAIVED),
    )  # fmt: skip

    assert [line.split(": ")[:2] for line in render(found).splitlines()] == [
        ["e", "error"], ["d", "warning"], ["c", "info"], ["b", "unknown"],
    ]  # fmt: skip
    assert render(report(result("a", Status.PASS))) == ""


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_commonest_outcomes(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = nodecheck.run(root=OUTCOMES[name](tmp_path_factory.mktemp("node")))
    lines = render(whole).splitlines()

    assert len(lines) == whole.summary.failed + whole.summary.unknown
    for line in lines:
        found = PLACED.fullmatch(line) or BARE.fullmatch(line)
        assert found, line
        assert line.endswith(f": {whole[found['id']].message}")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(reports())
@example(hostile_report())
def test_any_report_is_a_line_a_finding(whole: Report) -> None:
    text = render(whole)

    assert text.count("\n") == whole.summary.failed + whole.summary.unknown
    assert all(char == "\n" or char.isprintable() for char in text)
