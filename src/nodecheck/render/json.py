"""The report as one JSON document (contract, section 6)."""

from __future__ import annotations

from nodecheck.report import Report


def render(report: Report) -> str:
    """Schema 1, indented, ASCII only, with a newline at its end."""
    return report.to_json(indent=2) + "\n"
