"""Annotations for GitHub Actions: workflow commands on standard output.

GitHub shows ten errors, ten warnings and ten notices of a step: the worst come first, and the last notice names those
that are left out. In a command's data ``%`` and line ends are escaped, in its properties ``:`` and ``,`` too
(``ActionCommand.cs`` of actions/runner); every line is a command that the runner takes whole, so that no text in it can
be another.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.render.places import place_of
from nodecheck.render.rows import worst_first
from nodecheck.render.told import shown, told
from nodecheck.report import Report
from nodecheck.text import printable

MOST = {"error": 10, "warning": 10, "notice": 9}
"""Annotations of each kind; the tenth notice is the summary."""

MOST_LINES = 20
"""Lines of one annotation."""

_FAILED = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> str:
    """The commands, a line each."""
    lines: list[str] = []
    left, rest = dict(MOST), []
    for result in worst_first([one for one in report.results if one.status in (Status.FAIL, Status.UNKNOWN)]):
        kind = _kind(result)
        left[kind] -= 1
        if left[kind] >= 0:
            lines.append(_annotation(report, kind, result))
        else:
            rest.append(result)
    return "\n".join([*lines, _summary(report, rest)]) + "\n"


def _kind(result: Result) -> str:
    if result.status == Status.UNKNOWN:
        return "warning" if result.severity == Severity.ERROR else "notice"
    return _FAILED[result.severity]


def _annotation(report: Report, kind: str, result: Result) -> str:
    place = place_of(report, result)
    properties = {"file": place.path, "line": str(place.line or ""), "title": shown(result.id)}
    lines = [shown(result.message), *told(result)[:MOST_LINES]]
    return _command(kind, properties, "\n".join(lines))


def _summary(report: Report, rest: list[Result]) -> str:
    found = report.summary
    counts = f"{found.failed} failed, {found.unknown} unknown, {found.waived} waived, {found.passed} passed"
    lines = [counts, *_named(rest)]
    return _command("notice", {"title": f"nodecheck: {shown(found.verdict)}"}, "\n".join(lines))


def _named(rest: list[Result]) -> Iterator[str]:
    if rest:
        yield f"not shown: {len(rest)}"
    for result in rest[:MOST_LINES]:
        yield f"{result.status.value}: {shown(result.id)}"


def _command(kind: str, properties: dict[str, str], data: str) -> str:
    told = ",".join([f"{key}={_property(value)}" for key, value in properties.items() if value])
    return f"::{kind} {told}::{_data(data)}"


def _data(text: str) -> str:
    safe = "\n".join([printable(line) for line in text.split("\n")]).replace("##[", "#\\x23[")
    return safe.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
