"""The pytest plugin, in sessions of its own: each result is a test item, and without its options there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import nodecheck
from nodecheck.checking.selectors import parse_selector
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Cause, Result, Severity, Status, Waived
from nodecheck.report import Report
from nodecheck.report.summary import summary_of

pytest_plugins = ["pytester"]


def result(identity: str, status: Status, severity: Severity = Severity.ERROR, message: str = "m") -> Result:
    selector = parse_selector(identity)
    cause = Cause("denied", "no") if status in (Status.UNKNOWN, Status.SKIP) else None
    waiver = Waived(identity, "wanted", "platform", "2999-01-01") if status == Status.WAIVED else None
    return Result(
        identity, selector.check or "", selector.subject, selector.view or "now", status, severity, "Title", message,
        "this", "that", cause, (Evidence("/etc/x", "line 1", "y\x1b[31m"),), None, waiver, ("kubelet",), (), "sha256:0",
        0.0,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load this plugin and no other: it takes a fifth of the time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "nodecheck.pytest_plugin")


RESULTS = (
    result("a", Status.PASS),
    result("b[x]@boot", Status.FAIL, message="b is bad"),
    result("c", Status.FAIL, Severity.WARNING, "c is risky"),
    result("d", Status.UNKNOWN, message="d could not be read"),
    result("e", Status.UNKNOWN, Severity.INFO, "e neither"),
    result("f[/dev/a::b [c]]", Status.SKIP, message="f is not here"),
    result("g", Status.WAIVED, message="g is bad"),
)


def saved(path: Path, *results: Result) -> str:
    report = nodecheck.run(root=path, select=["swap"])
    report.results = results
    report.summary = summary_of(results, "error")
    (path / "report.json").write_text(report.to_json())
    return f"--nodecheck-report={path}/report.json"


def test_each_status_as_pytest_says_it(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest(saved(pytester.path, *RESULTS), "-v", "-rA")

    done.assert_outcomes(passed=1, failed=1, xfailed=1, errors=1, skipped=3)
    assert done.ret == 1
    done.stdout.fnmatch_lines(
        [
            "nodecheck::a PASSED*",
            "nodecheck::b[[]x]@boot FAILED*",
            "nodecheck::c XFAIL*",
            "nodecheck::d ERROR*",
            "nodecheck::e SKIPPED*",
            "nodecheck::f[[]/dev/a::b [[]c]] SKIPPED*",
            "nodecheck::g SKIPPED*",
            "d could not be read (error)",
            "b is bad (error)",
            "  expected  this",
            "  actual    that",
            r"  read      /etc/x, line 1: y\x1b[[]31m",
            "SKIPPED*f is not here (denied)",
            "SKIPPED*waived until 2999-01-01 by platform: wanted; g is bad",
        ]
    )
    assert "\x1b" not in done.stdout.str()


def test_the_level_that_fails(pytester: pytest.Pytester) -> None:
    report = saved(pytester.path, *RESULTS)

    pytester.runpytest(report, "--nodecheck-fail-on=info").assert_outcomes(passed=1, failed=2, errors=2, skipped=2)


def test_without_options_nothing_is_collected_or_imported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_x="import sys\ndef test_x():\n    assert not {n for n in sys.modules if n.startswith('nodecheck.check')}"
    )

    done = pytester.runpytest_subprocess()
    done.assert_outcomes(passed=1)
    assert pytester.runpytest_subprocess("-k", "none").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_beside_test_files_and_by_name_and_tag(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_x(): pass")
    report = saved(pytester.path, *RESULTS)

    pytester.runpytest(report).assert_outcomes(passed=2, failed=1, xfailed=1, errors=1, skipped=3)
    pytester.runpytest(report, "-k", "test_x or g").assert_outcomes(passed=1, skipped=1, deselected=6)
    pytester.runpytest(report, "-k", "kubelet and f").assert_outcomes(skipped=1, deselected=7)
    listed = [line for line in pytester.runpytest(report, "--collect-only", "-q").stdout.lines if "::" in line]
    assert [line for line in listed if "test_x" not in line] == [f"nodecheck::{item.id}" for item in RESULTS]
    assert len(listed) == len(RESULTS) + 1


def test_a_root_in_an_empty_folder(pytester: pytest.Pytester) -> None:
    (pytester.mkdir("node") / "etc").mkdir()
    (pytester.path / "node/etc/fstab").write_text("/dev/sda2 none swap sw 0 0\n")
    words = ["--nodecheck-profile=kubernetes", f"--nodecheck-root={pytester.path}/node", "--nodecheck-select=swap"]

    done = pytester.runpytest(*words, "-v")

    done.stdout.fnmatch_lines(["nodecheck::swap SKIPPED*", "nodecheck::swap[[]/dev/sda2]@boot FAILED*"])
    pytester.runpytest(*words, "--nodecheck-ignore=swap@boot").assert_outcomes(failed=1, skipped=1)


@pytest.mark.parametrize("results", [(), (result("a", Status.SKIP), result("b", Status.UNKNOWN, Severity.INFO))])
def test_nothing_judged_is_no_pass(pytester: pytest.Pytester, results: tuple[Result, ...]) -> None:
    done = pytester.runpytest(saved(pytester.path, *results))

    assert done.ret == 1
    done.stdout.fnmatch_lines(["*nothing at all was judged*"])


@pytest.mark.parametrize(
    "words",
    [
        ["--nodecheck-profile=none"],
        ["--nodecheck-select=swop"],
        ["--nodecheck-timeout=soon"],
        ["--nodecheck-root=/nowhere"],
        ["--nodecheck-report=/nowhere"],
    ],
)
def test_wrong_options_are_usage_errors(pytester: pytest.Pytester, words: list[str]) -> None:
    assert pytester.runpytest(*words).ret == pytest.ExitCode.USAGE_ERROR


def test_a_report_that_is_a_fifo_is_not_waited_for(pytester: pytest.Pytester) -> None:
    os.mkfifo(pytester.path / "report")

    assert pytester.runpytest_subprocess("--nodecheck-report=report", timeout=60).ret == pytest.ExitCode.USAGE_ERROR


def test_junit_xml(pytester: pytest.Pytester) -> None:
    pytester.runpytest(saved(pytester.path, *RESULTS), "--junitxml=x.xml")

    cases = list(ElementTree.parse(pytester.path / "x.xml").iter("testcase"))
    found = {str(case.get("name")): case for case in cases}
    assert set(found) == {item.id for item in RESULTS}
    assert {case.findall("properties/property")[0].get("value") for case in cases} == set(found)
    assert {case.get("classname") for case in cases} == {"nodecheck"}
    tags = {name: [child.tag for child in case if child.tag != "properties"] for name, case in found.items()}
    assert tags["b[x]@boot"] == ["failure"]
    assert tags["d"] == ["error"]
    assert tags["c"] == tags["g"] == ["skipped"]
    assert tags["a"] == []


def test_junit_xml_by_pytest_counts_what_the_exit_code_counts(pytester: pytest.Pytester) -> None:
    """And nodecheck's own has each failure and each unknown, as docs/outputs.md says."""
    lesser = [item for item in RESULTS if item.severity != "error"]
    done = pytester.runpytest(saved(pytester.path, RESULTS[0], *lesser), "--junitxml=x.xml")
    report = Report.from_json((pytester.path / "report.json").read_text())

    assert [str(item.status) for item in lesser] == ["fail", "unknown"]
    assert (report.exit_code, done.ret) == (0, 0)
    by_pytest = ElementTree.parse(pytester.path / "x.xml")
    assert [len(list(by_pytest.iter(name))) for name in ("failure", "error", "skipped")] == [0, 0, 2]
    own = ElementTree.fromstring(report.render("junit"))
    assert [len(list(own.iter(name))) for name in ("failure", "error", "skipped")] == [1, 1, 0]


def test_names_stay_whole_in_the_summary_and_for_last_failed(pytester: pytest.Pytester) -> None:
    report = saved(pytester.path, *RESULTS)

    done = pytester.runpytest(report, "-rA")
    done.stdout.fnmatch_lines(["FAILED nodecheck::b[[]x]@boot - *"])
    pytester.runpytest(report, "--last-failed").assert_outcomes(failed=1, errors=1, deselected=5)
    mended = [item if item.id != "b[x]@boot" else result("b[x]@boot", Status.PASS) for item in RESULTS]
    report = saved(pytester.path, *mended)
    pytester.runpytest(report, "--last-failed").assert_outcomes(passed=1, errors=1, deselected=5)
    pytester.runpytest(report, "--last-failed").assert_outcomes(errors=1, deselected=6)


def test_workers_of_xdist_take_one_report(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")

    done = pytester.runpytest_subprocess(saved(pytester.path, *RESULTS), "-p", "xdist", "-n", "2")

    done.assert_outcomes(passed=1, failed=1, xfailed=1, errors=1, skipped=3)


def test_it_is_found_by_its_entry_point_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")

    def helped(*words: str) -> str:
        line = [sys.executable, "-m", "pytest", *words, "--help"]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    assert "--nodecheck-profile" in helped()
    assert "--nodecheck" not in helped("-p", "no:nodecheck")
