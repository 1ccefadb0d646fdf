"""The report as one JSON document (contract, section 6)."""

from __future__ import annotations

from nodecheck.json_text import json_text
from nodecheck.report import Report
from nodecheck.report.codec import head_dict, result_text
from nodecheck.typed import Any


def render(report: Report) -> str:
    """Schema 1, ASCII only: a line for each top key and each result, so that two reports can be compared by line.

    Indenting everything would take the encoder that is written in Python, and four times as long.
    """
    told: dict[Any, str] = {}
    text = ["{"]
    for key, value in head_dict(report).items():
        text += "\n  ", json_text(key), ": ", json_text(value), ","
    text.append('\n  "results": [')
    for result in report.results:
        text += "\n    ", result_text(result, told), ","
    if report.results:
        text[-1] = "\n  "
    text.append("]\n}\n")
    return "".join(text)
