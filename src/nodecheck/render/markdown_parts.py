"""Pieces of the Markdown report: text of a node that no renderer takes for markup, and one finding in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from re import Pattern

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.render.steps import added, removed, shell_line
from nodecheck.text import printable

MOST_EVIDENCE = 8
MOST_TEXT = 300
"""Characters of one text of a node; the JSON report has all."""


@lru_cache(None)
def _prose() -> Pattern[str]:
    """Text that neither CommonMark nor GitHub makes anything of: no markup, mentions, references, links or emoji."""
    import re

    return re.compile(r"(?!.*(?:www\.|\bGH-|\b[0-9a-f]{7,40}\b))[\w ,;()/'\"=+.%-]*", re.IGNORECASE)


def text(raw: str) -> str:
    r"""A text as prose where it is only prose, and else as code, which GitHub leaves alone.

    >>> text("swap is on: /dev/sda2"), text("ask @root"), text("ip_forward is 0")
    ('`swap is on: /dev/sda2`', '`ask @root`', 'ip\\_forward is 0')
    """
    raw = printable(raw)
    if raw and raw == raw.strip() and _prose().fullmatch(raw) and ("_" not in raw or raw.isascii()):
        return raw.replace("_", "\\_")
    return code(raw)


def code(raw: str) -> str:
    """A text as a code span; as an element with character references where a code span could not hold it.

    In a table a ``|`` ends the cell, in code too, and renderers differ in how a backslash before it counts.
    """
    raw = printable(raw)
    if raw and raw == raw.strip() and not any(char in raw for char in "`|\\"):
        return f"`{raw}`"
    return "<code>" + "".join([char if char.isalnum() else f"&#{ord(char)};" for char in raw]) + "</code>"


def cell(raw: str) -> str:
    """A text, cut to what a cell of a table should hold."""
    return raw if len(raw) <= MOST_TEXT else raw[: MOST_TEXT - 1] + "…"


def findings(results: Iterable[Result]) -> Iterator[str]:
    """Each result in full; a fix that was shown is not shown again, but its result named."""
    shown: dict[Fix, str] = {}
    for result in results:
        lines = list(_finding(result))
        if result.fix is not None:
            lines.extend(_fix(result.fix, shown.get(result.fix)))
            shown.setdefault(result.fix, result.id)
        yield "\n".join([*lines, "", ""])


def _finding(result: Result) -> Iterator[str]:
    yield f"#### {code(cell(result.id))} ({result.status.value}, {result.severity.value})"
    yield ""
    yield f"- Says: {text(cell(result.message))}"
    if result.cause is not None and result.cause.detail not in result.message:
        yield f"- Cause: {code(result.cause.code)} {text(cell(result.cause.detail))}"
    if result.expected is not None:
        yield f"- Expected: {code(cell(result.expected))}"
    if result.actual is not None:
        yield f"- Found: {code(cell(result.actual))}"
    evidence = sorted(result.evidence, key=lambda item: item.value is None)
    for item in evidence[:MOST_EVIDENCE]:
        yield f"- Read: {_read(item)}"
    if len(evidence) > MOST_EVIDENCE:
        yield f"- and {len(evidence) - MOST_EVIDENCE} more sources"


def _read(item: Evidence) -> str:
    where = code(cell(item.source)) + (f", {text(cell(item.locator))}" if item.locator else "")
    if item.value is None:
        return f"{where}: not there"
    return f"{where}: {code(cell(item.value.strip()))}"


def _fix(fix: Fix, before: str | None) -> Iterator[str]:
    after = ", takes a reboot" if fix.reboot else ""
    told = f"- Fix: {text(cell(fix.title))} ({text(fix.safety)}{after})"
    if before is not None:
        yield f"{told}, as for {code(cell(before))}"
        return
    yield told
    commands: list[str] = []
    for step in fix.steps:
        if isinstance(step, Command):
            commands.append(shell_line(step.argv))
            continue
        yield from _fenced("sh", commands)
        commands = []
        yield from _step(step)
    yield from _fenced("sh", commands)


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Manual):
        yield ""
        yield from (f"Do: {text(line)}  " for line in step.text.split("\n") if line.strip())
    elif isinstance(step, Edit):
        yield ""
        yield f"In {code(step.path)}:"
        yield from _fenced("diff", [removed(step), *added(step).split("\n")])
    elif isinstance(step, Create):
        yield ""
        yield f"Write {code(step.path)} (mode {text(step.mode)}):"
        yield from _fenced("", step.content.removesuffix("\n").split("\n"))


def _fenced(language: str, lines: list[str]) -> Iterator[str]:
    """A fenced block, its fence longer than any run of backticks in it."""
    if not lines:
        return
    shown = [_line(line) for line in lines]
    fence = "`" * max(3, 1 + max(_run(line) for line in shown))
    yield ""
    yield f"{fence}{language}"
    yield from shown
    yield fence


def _line(line: str) -> str:
    return "\t".join([printable(part) for part in line.split("\t")])


def _run(line: str) -> int:
    """The longest run of backticks."""
    longest = 0
    while "`" * (longest + 1) in line:
        longest += 1
    return longest
