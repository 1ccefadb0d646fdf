"""A line a finding, for editors and greps: ``FILE:LINE: severity: id: message``, as compilers and linters print it.

Where no file and line is known, it is ``id: severity: message``. A node without findings gives no line.
"""

from __future__ import annotations

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.blocks import label_of
from nodecheck.render.places import line_in_file
from nodecheck.render.rows import worst_first
from nodecheck.report import Report
from nodecheck.text import printable


def render(report: Report) -> str:
    """What failed, the worst first, and then what could not be judged (``unknown`` in the place of the severity)."""
    told = worst_first([one for one in report.results if one.status in (Status.FAIL, Status.UNKNOWN)])
    return "".join([f"{_line(report, result)}\n" for result in told])


def _line(report: Report, result: Result) -> str:
    word = label_of(result)
    name, message = printable(result.id), printable(result.message)
    if (place := line_in_file(report, result)) is None:
        return f"{name}: {word}: {message}"
    return f"{printable(place.path)}:{place.line}: {word}: {name}: {message}"
