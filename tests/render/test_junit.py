"""JUnit XML, read back by junitparser and by an XML parser, and held against the two schemas that there are."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from nodecheck.checking import Cause, Status
from nodecheck.model.outcomes import Waived
from nodecheck.render.junit import render
from nodecheck.report import Report
from nodecheck.text import printable
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

junitparser = pytest.importorskip("junitparser")

SUITE = {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"}
"""What Ant's JUnit.xsd requires of a suite (``skipped`` it allows); Jenkins' junit-10.xsd knows them all."""


def check_schema(text: str) -> None:
    """The rules of JUnit.xsd and junit-10.xsd that concern what is written."""
    top = ElementTree.fromstring(text.encode())
    assert (top.tag, top.attrib) == ("testsuites", {})
    for number, suite in enumerate(top):
        assert (suite.tag, set(suite.attrib)) == ("testsuite", SUITE)
        assert suite.get("id") == str(number)
        assert re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}", suite.attrib["timestamp"])
        assert re.fullmatch(r"[0-9]+\.[0-9]{0,3}", suite.attrib["time"])
        assert suite.attrib["hostname"].strip()
        tags = [child.tag for child in suite]
        assert tags == ["properties", *["testcase"] * int(suite.attrib["tests"]), "system-out", "system-err"]
        for case in suite.iter("testcase"):
            assert set(case.attrib) == {"name", "classname", "time"}
            assert re.fullmatch(r"[0-9]+\.[0-9]+", case.attrib["time"])
            assert [child.tag for child in case] in ([], ["failure"], ["error"], ["skipped"])
            for child in case:
                assert set(child.attrib) == ({"message"} if child.tag == "skipped" else {"type", "message"})


KINDS = {
    "Failure": (Status.FAIL,), "Error": (Status.UNKNOWN,), "Skipped": (Status.SKIP, Status.WAIVED), "": (Status.PASS,),
}  # fmt: skip


def check_same(whole: Report) -> None:
    """What junitparser reads is what was written."""
    text = render(whole)
    check_schema(text)
    read = junitparser.JUnitXml.fromstring(text.encode())
    found = {}
    for suite in read:
        for case in suite:
            kind = type(case.result[0]).__name__ if case.result else ""
            found[case.name] = (case.classname, kind)
    assert set(found) == {printable(one.id) for one in whole}
    for one in whole:
        classname, kind = found[printable(one.id)]
        assert classname == f"nodecheck.{one.check}"
        assert one.status in KINDS[kind]
    counts = [sum(getattr(suite, name) for suite in read) for name in ("tests", "failures", "errors", "skipped")]
    told = whole.summary
    assert counts == [len(whole), told.failed, told.unknown, told.skipped + told.waived]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_junitparser_reads_what_was_written(whole: Report) -> None:
    check_same(whole)


def test_no_hostile_text_breaks_it() -> None:
    check_same(hostile_report())


def test_a_failure_says_what_a_person_needs() -> None:
    suite = next(iter(junitparser.JUnitXml.fromstring(render(report(FAILED)).encode())))
    failure = next(iter(suite)).result[0]

    assert (suite.name, suite.hostname, suite.failures) == ("swap", "node1\\x1b[31m", 1)
    assert (failure.type, failure.message) == ("error", "message of swap[/dev/sda2]@boot")
    for line in (
        "expected: no swap", "read: /etc/fstab, line 12: /dev/sda2 none swap\\x1b]0;", "fix: Turn it off (safe)",
        "  $ swapoff -- '/dev/my disk'", "  - /dev/sda2 none swap", "  write /etc/x.conf (0644)", "  | b",
        "  * look at it",
    ):  # fmt: skip
        assert line in failure.text.split("\n")


def test_what_is_skipped_and_waived_says_why() -> None:
    whole = report(
        result("selinux", Status.SKIP, cause=Cause("offline", "not running")),
        result("swap", Status.WAIVED, waiver=Waived("swap", "zram is wanted", "ops", None)),
        result("sysctl[a]", Status.UNKNOWN, cause=Cause("denied", "not permitted")),
        result("sysctl[b]", Status.PASS),
    )
    cases = {case.name: case for suite in junitparser.JUnitXml.fromstring(render(whole).encode()) for case in suite}

    assert cases["selinux"].result[0].message == "offline: message of selinux"
    assert cases["swap"].result[0].message == "waived: zram is wanted: message of swap"
    assert cases["sysctl[a]"].result[0].type == "denied"
    assert "sysctl[b]: message of sysctl[b]" in render(whole)


def test_times_are_those_of_xml() -> None:
    for time, read in (
        ("2024-02-29T23:59:60Z", "2024-03-01T00:00:00"),
        ("2026-99-99T00:00:00Z", "1970-01-01T00:00:00"),
    ):
        whole = report(FAILED)
        whole.run = whole.run._replace(started_at=time)
        assert f'timestamp="{read}"' in render(whole)


def test_a_report_without_results_is_a_document_too() -> None:
    check_same(report())
