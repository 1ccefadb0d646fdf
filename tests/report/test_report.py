"""The report as a value: exit codes, coverage, JSON both ways, and an id that does not tell the machine id."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodecheck
from nodecheck import ReportError, Result
from nodecheck.checking import Cause, Severity, Status
from nodecheck.facts.distro.identity import derived_id
from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Waived
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual
from nodecheck.report.codec import _fix, fix_dict, result_dict, result_text
from nodecheck.report.summary import exit_code, summary_of
from tests.pairs import equal_pairs
from tests.render.test_text import FAILED, report, result

LEVELS = ("error", "warning", "info")


def of(status: str, severity: str = "error") -> Result:
    return result("x", Status(status), severity=Severity(severity))


@pytest.mark.parametrize(
    ("results", "fail_on", "code"),
    [
        ([], "error", 3),
        ([of("pass")], "error", 0),
        ([of("skip")], "error", 3),
        ([of("skip"), of("unknown", "info")], "error", 3),
        ([of("waived")], "error", 0),
        ([of("pass"), of("fail", "warning")], "error", 0),
        ([of("pass"), of("fail", "warning")], "warning", 1),
        ([of("pass"), of("unknown", "warning")], "error", 0),
        ([of("pass"), of("unknown")], "error", 3),
        ([of("fail"), of("unknown")], "error", 1),
        ([of("unknown"), of("fail")], "error", 1),
        ([of("fail", "info")], "warning", 0),
        ([of("fail", "info")], "info", 1),
    ],
)
def test_exit_code(results: list[Result], fail_on: str, code: int) -> None:
    assert exit_code(results, fail_on) == code


def test_a_stricter_threshold_never_makes_it_better() -> None:
    for statuses in product(("pass", "fail", "unknown", "skip", "waived"), repeat=2):
        for severities in product(LEVELS, repeat=2):
            results = [of(*pair) for pair in equal_pairs(statuses, severities)]
            codes = [exit_code(results, level) for level in LEVELS]
            assert [code in (1, 3) for code in codes] == sorted(code in (1, 3) for code in codes)


def test_summary_counts_and_coverage() -> None:
    results = tuple(of(status) for status in ("pass", "fail", "waived", "unknown", "skip", "skip"))

    found = summary_of(results, "error")

    assert found == ("fail", 1, 1, 1, 1, 2, 1, 0.75)
    assert summary_of((of("unknown"),), "error").coverage == 0.0


def test_json_both_ways() -> None:
    whole = report(FAILED, result("a", Status.SKIP, cause=Cause("offline", "no")))

    back = nodecheck.Report.from_json(whole.to_json())

    assert back == whole
    assert back.results == whole.results
    assert back["swap[/dev/sda2]@boot"].fix == FAILED.fix
    assert back.to_json() == whole.to_json()
    with pytest.raises(KeyError):
        back["swap"]


@given(
    st.lists(
        st.one_of(
            st.builds(Command, st.lists(st.text(), min_size=1).map(tuple)),
            st.builds(Edit, st.text(), st.text(), st.text()),
            st.builds(Create, st.text(), st.just("0644"), st.text()),
            st.builds(Manual, st.text()),
        )
    )
)
def test_fixes_both_ways(steps: list[Command | Edit | Create | Manual]) -> None:
    fix = Fix("title", tuple(steps), "manual", True)

    assert _fix(json.loads(json.dumps(fix_dict(fix)))) == fix


TEXTS = st.text(max_size=12)
RESULTS = st.builds(
    Result,
    id=TEXTS,
    check=TEXTS,
    subject=st.none() | TEXTS,
    view=TEXTS,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    title=TEXTS,
    message=TEXTS,
    expected=st.none() | TEXTS,
    actual=st.none() | TEXTS,
    cause=st.none() | st.builds(Cause, TEXTS, TEXTS),
    evidence=st.lists(st.builds(Evidence, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.booleans())).map(tuple),
    fix=st.none() | st.builds(Fix, TEXTS, st.lists(st.builds(Edit, TEXTS, TEXTS, TEXTS)).map(tuple), TEXTS),
    waiver=st.none() | st.builds(Waived, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    tags=st.lists(TEXTS).map(tuple),
    references=st.lists(TEXTS).map(tuple),
    fingerprint=TEXTS,
    duration_s=st.floats(0, 1e4),
    notes=st.lists(TEXTS).map(tuple),
)


@given(st.lists(RESULTS, max_size=3))
def test_the_text_of_a_result_is_its_dict_as_json(results: list[Result]) -> None:
    told: dict[object, str] = {}
    for one in results:
        assert result_text(one, told) == json.dumps(result_dict(one))


@pytest.mark.parametrize("step", [Command(("a",)), Edit("/f", "a", "b"), Create("/f", "0644", ""), Manual("x")])
def test_the_keys_of_a_result_are_attributes_at_every_depth(step: Command | Edit | Create | Manual) -> None:
    one = FAILED._replace(fix=Fix("t", (step,)), cause=Cause("denied", "no"), waiver=Waived("a", "b", None, None))

    def same(found: object, told: object) -> None:
        if isinstance(told, dict):
            for key, value in told.items():
                same(getattr(found, key), value)
        elif isinstance(told, list):
            assert isinstance(found, tuple)
            for item, value in equal_pairs(found, told):
                same(item, value)
        else:
            assert found == told

    same(one, report(one).to_dict()["results"][0])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"$schema": "urn:other"}', '{"$schema": "urn:nodecheck:schema:report:1"}', "[" * 100_000],
)
def test_what_is_no_report(text: str) -> None:
    with pytest.raises(ReportError):
        nodecheck.Report.from_json(text)


def test_the_machine_id_is_derived_and_not_told(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    ids = []
    for text in ("0123456789abcdef0123456789abcdef\n", "fedcba9876543210fedcba9876543210\n"):
        (tmp_path / "etc/machine-id").write_text(text)
        document = nodecheck.run(root=tmp_path, select=["swap"]).to_json()
        assert text.strip() not in document
        ids.append(json.loads(document)["node"]["machine_id"])

    assert len(set(ids)) == 2
    assert derived_id("0123456789abcdef0123456789abcdef") == ids[0]


@pytest.mark.parametrize("text", [None, "", "uninitialized", "0123", "g" * 32])
def test_no_machine_id(text: str | None) -> None:
    assert derived_id(text) is None


def test_keys_of_a_later_minor_version_are_left_aside() -> None:
    one = report(FAILED, result("dark", Status.UNKNOWN, cause=Cause("denied", "no")))
    document = one.to_dict()

    def grow(value: object) -> None:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            grow(inner)
        if isinstance(value, dict):
            value["later"] = 1

    grow(document)

    assert nodecheck.Report.from_json(json.dumps(document)) == one
