"""TAP: a test point a result, with a YAML block for what is not well.

The document is TAP 14's but for its first line: Perl's TAP::Parser refuses 14, and harnesses for 14 take 13. No ``#``
is left in a description, escaped or not: readers of TAP 13 do not know the escape, and would take what follows for a
directive.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.model.steps import Fix
from nodecheck.render.told import read_at, shown, step_lines
from nodecheck.report import Report
from nodecheck.text import printable


def render(report: Report) -> str:
    """The document. What is waived is a ``TODO``, which harnesses do not count as a failure."""
    lines = ["TAP version 13", f"1..{len(report)}" if len(report) else "1..0 # SKIP nothing was looked at"]
    for number, result in enumerate(report.results, 1):
        lines.extend(_point(number, result))
    return "\n".join(lines) + "\n"


def _point(number: int, result: Result) -> Iterator[str]:
    name = _plain(printable(result.id))
    if result.status == Status.PASS:
        yield f"ok {number} - {name}"
        return
    if result.status == Status.SKIP:
        yield f"ok {number} - {name} # SKIP {_plain(shown(result.message))}"
        return
    reason = ""
    if result.status == Status.WAIVED:
        reason = f" # TODO waived: {_plain(shown(result.waiver.reason if result.waiver is not None else ''))}"
    yield f"not ok {number} - {name}{reason}"
    yield "  ---"
    yield from [f"  {line}" for line in _block(result)]
    yield "  ..."


def _plain(text: str) -> str:
    return text.replace("#", "\\x23")


def _block(result: Result) -> Iterator[str]:
    """YAML that is plain enough for the readers that know only a little of it: quoted texts by name."""
    values = {
        "status": result.status.value, "severity": result.severity.value, "message": shown(result.message),
        "requires": shown(result.title), "expected": result.expected, "actual": result.actual,
        "cause": None if result.cause is None else f"{result.cause.code}: {result.cause.detail}",
    }  # fmt: skip
    for key, value in values.items():
        if value is not None:
            yield f"{key}: {_quoted(shown(value))}"
    yield from _numbered("read", [read_at(item) for item in result.evidence])
    yield from _numbered("fix", _fix(result.fix))


def _numbered(key: str, lines: list[str]) -> Iterator[str]:
    """Lines by number and not as a list: in a list Perl's reader takes ``- "a: b"`` for a mapping, and stops."""
    if lines:
        yield f"{key}:"
        yield from [f"  {number}: {_quoted(line)}" for number, line in enumerate(lines, 1)]


def _fix(fix: Fix | None) -> list[str]:
    if fix is None:
        return []
    return [f"{shown(fix.title)} ({shown(fix.safety)})", *[line for step in fix.steps for line in step_lines(step)]]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
