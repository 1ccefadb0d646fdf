"""TAP, read back by tap.py, by Perl's TAP::Parser, and judged by prove."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nodecheck.checking import Cause, Status
from nodecheck.model.outcomes import Waived
from nodecheck.render.tap import render
from nodecheck.report import Report
from nodecheck.text import printable
from tests.pairs import equal_pairs
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

parser = pytest.importorskip("tap.parser")
pytest.importorskip("more_itertools", reason="tap.py reads no YAML blocks without it")

Point = tuple[bool, bool, bool]
"""Whether it is ok, skipped, to do."""

EXPECTED = {
    Status.PASS: (True, False, False), Status.FAIL: (False, False, False), Status.UNKNOWN: (False, False, False),
    Status.SKIP: (True, True, False), Status.WAIVED: (False, False, True),
}  # fmt: skip


def expected(whole: Report) -> list[tuple[str, Point]]:
    return [(f"- {printable(one.id)}".replace("#", "\\x23").rstrip(" "), EXPECTED[one.status]) for one in whole]


def check_same(whole: Report) -> None:
    """tap.py reads what was written; YAML blocks too."""
    lines = list(parser.Parser().parse_text(render(whole)))
    kinds = {type(line).__name__ for line in lines}
    assert kinds <= {"Version", "Plan", "Result"}
    points = [line for line in lines if type(line).__name__ == "Result"]
    found = [(point.description, (bool(point.ok), bool(point.skip), bool(point.todo))) for point in points]
    assert found == expected(whole)
    assert [int(point.number) for point in points] == list(range(1, len(whole) + 1))
    for point, one in equal_pairs(points, whole):
        block = point.yaml_block
        assert (block is None) == (one.status in (Status.PASS, Status.SKIP))
        if block is not None:
            assert (block["status"], block["severity"]) == (one.status.value, one.severity.value)
            assert isinstance(block["message"], str)
            assert len(block["read"]) == len(one.evidence) if one.evidence else "read" not in block


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_tap_py_reads_what_was_written(whole: Report) -> None:
    check_same(whole)


def test_no_hostile_text_breaks_it() -> None:
    check_same(hostile_report())


def test_what_is_not_well_is_told() -> None:
    waived = result("swap", Status.WAIVED, waiver=Waived("swap", "zram # is wanted", "ops", None))
    skipped = result("selinux", Status.SKIP, cause=Cause("offline", "not running"))
    lines = render(report(FAILED, skipped, waived)).split("\n")

    assert lines[:3] == ["TAP version 13", "1..3", "not ok 1 - swap[/dev/sda2]@boot"]
    assert '  expected: "no swap"' in lines
    assert '    1: "/etc/fstab, line 12: /dev/sda2 none swap\\\\x1b]0;"' in lines
    assert "ok 2 - selinux # SKIP message of selinux" in lines
    assert "not ok 3 - swap # TODO waived: zram \\x23 is wanted" in lines


PERL = """
use TAP::Parser; use JSON::PP; binmode STDOUT, ':raw';
local $/; my $text = <STDIN>; utf8::decode($text);
my $parser = TAP::Parser->new({tap => $text}); my @found;
while (my $line = $parser->next) {
    push @found, [$line->description, $line->is_actual_ok ? 1 : 0, $line->has_skip ? 1 : 0, $line->has_todo ? 1 : 0]
        if $line->is_test;
}
print encode_json({found => \\@found, errors => [$parser->parse_errors]});
"""


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_perl_reads_what_was_written() -> None:
    for whole in (hostile_report(), report(FAILED), report(result("swap", Status.PASS))):
        raw = render(whole).encode()
        done = subprocess.run(["perl", "-e", PERL], input=raw, capture_output=True, timeout=60)
        if b"Can't locate" in done.stderr:
            pytest.skip("perl has no TAP::Parser or no JSON::PP")
        assert (done.returncode, done.stderr) == (0, b"")
        read = json.loads(done.stdout)
        assert read["errors"] == []
        found = [(name.rstrip(" "), tuple(bool(flag) for flag in flags)) for name, *flags in read["found"]]
        assert found == expected(whole)


@pytest.mark.skipif(shutil.which("prove") is None, reason="prove is not installed")
def test_prove_comes_to_the_same_verdict(tmp_path: Path) -> None:
    waived = result("swap", Status.WAIVED, waiver=Waived("swap", "zram", "ops", None))
    skipped = result("selinux", Status.SKIP, cause=Cause("offline", "not running"))
    for whole, code in ((report(FAILED), 1), (report(waived, skipped, result("x", Status.PASS)), 0), (report(), 0)):
        (tmp_path / "report.tap").write_text(render(whole))
        done = subprocess.run(["prove", "-e", "cat", "report.tap"], cwd=tmp_path, capture_output=True, timeout=60)
        assert done.returncode == code, done.stdout
        assert b"Parse errors" not in done.stdout
