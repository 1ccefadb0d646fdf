"""The hostile reports themselves: valid by the schema, and read back by the library."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

import nodecheck
from nodecheck.report import Report
from tests.render.reports import HOSTILE, hostile_report, reports

SCHEMA = json.loads((Path(nodecheck.__file__).parent / "schemas" / "report-1.json").read_text())
VALID = Draft202012Validator(SCHEMA)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(reports())
def test_they_are_reports(report: Report) -> None:
    VALID.validate(report.to_dict())
    assert Report.from_json(report.to_json()) == report


def test_the_fixed_one_has_every_hostile_text() -> None:
    report = hostile_report()

    VALID.validate(report.to_dict())
    assert {result.title for result in report} == set(HOSTILE)
