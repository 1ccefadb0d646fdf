"""The file and line that a result is about, for formats that point at one."""

from __future__ import annotations

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result
from nodecheck.record import NamedTuple
from nodecheck.report import Report
from nodecheck.text import whole_number

LAST_LINE = 2**31 - 1
"""The largest line number that readers take."""


class Place(NamedTuple):
    """A path as this machine has it, or the name of a source that is no file; and its line (1-based) where known."""

    path: str
    line: int | None


def place_of(report: Report, result: Result) -> Place:
    """The place to point at; below another root than ``/`` the path is that of the file as this machine has it."""
    if (item := telling(result)) is None:
        return Place(result.check, None)
    return Place(_here(report, item), line_of(item.locator))


def line_in_file(report: Report, result: Result) -> Place | None:
    """The first line of a file in which something was found; None where the evidence names none."""
    for item in result.evidence:
        if item.source.startswith("/") and item.value is not None and (line := line_of(item.locator)) is not None:
            return Place(_here(report, item), line)
    return None


def _here(report: Report, item: Evidence) -> str:
    inside = report.run.source.kind == "root" and item.source.startswith("/")
    return (report.run.source.path.rstrip("/") if inside else "") + item.source


def telling(result: Result) -> Evidence | None:
    """The evidence that tells most of where: a file in which something was found, else a file, else the first."""
    return min(result.evidence, key=_rank) if result.evidence else None


def _rank(item: Evidence) -> tuple[bool, bool]:
    return (not item.source.startswith("/"), item.value is None)


def line_of(locator: str | None) -> int | None:
    """The line of a locator.

    >>> line_of("line 12"), line_of("line 0"), line_of("line x"), line_of(None)
    (12, None, None, None)
    """
    word = (locator or "").removeprefix("line ")
    number = None if word == locator else whole_number(word, 10)
    return number if number is not None and 1 <= number <= LAST_LINE else None
