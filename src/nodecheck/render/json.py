"""The report as one JSON document (contract, section 6)."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.json_text import json_text
from nodecheck.report import Report


def render(report: Report) -> str:
    """Schema 1, ASCII only: a line for each top key and each result, so that two reports can be compared by line.

    Indenting everything would take the encoder that is written in Python, and four times as long.
    """
    return "{\n" + ",\n".join(_members(report)) + "\n}\n"


def _members(report: Report) -> Iterator[str]:
    for key, value in report.to_dict().items():
        if key == "results" and value:
            yield '  "results": [\n' + ",\n".join(["    " + json_text(result) for result in value]) + "\n  ]"
        else:
            yield f"  {json_text(key)}: {json_text(value)}"
