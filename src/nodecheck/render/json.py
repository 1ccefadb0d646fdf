"""The report as one JSON document (contract, section 6)."""

from __future__ import annotations

from nodecheck.json_text import json_text
from nodecheck.report import Report
from nodecheck.report.codec import head_dict, result_text
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.model.evidence import Evidence


def render(report: Report) -> str:
    """Schema 1, ASCII only: a line for each top key and each result, so that two reports can be compared by line.

    Indenting everything would take the encoder that is written in Python, and four times as long.
    """
    told: dict[Evidence, str] = {}
    results = ["    " + result_text(result, told) for result in report.results]
    members = [f"  {json_text(key)}: {json_text(value)}" for key, value in head_dict(report).items()]
    members.append('  "results": [\n' + ",\n".join(results) + "\n  ]" if results else '  "results": []')
    return "{\n" + ",\n".join(members) + "\n}\n"
