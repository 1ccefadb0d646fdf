"""Colours and marks of the text report."""

from __future__ import annotations

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.record import NamedTuple
from nodecheck.render.rows import word


class Style(NamedTuple):
    """How to show a report: colour or not, columns, every verdict explained, only what is not well.

    ``symbols``: marks and dashes beyond ASCII. ``terminal``: a person reads it; else a program may, and each id stands
    by itself. ``again``: the words of a command line that judged this node, without its verb; where given, the last
    lines say what to do next. ``more``: the option that shows all, where the reader can give one.
    """

    colour: bool = False
    width: int = 100
    verbose: bool = False
    quiet: bool = False
    symbols: bool = False
    again: tuple[str, ...] | None = None
    terminal: bool = False
    more: str | None = None


INDENT = 11
"""Columns before a finding's text: its mark, and the longest of the words beside it."""

_COLOURS = {
    "pass": "32", "fail": "1;31", "warn": "1;33", "unknown": "35", "skip": "2", "waived": "36", "bold": "1", "dim": "2",
}  # fmt: skip


def paint(text: str, colour: str, style: Style) -> str:
    """The text in a colour, where the style has colours."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if style.colour and text else text


def tone(result: Result) -> str:
    """The colour of a result."""
    if result.status == Status.FAIL and result.severity != Severity.ERROR:
        return "warn"
    return result.status.value


_MARKS = {"FAIL": "✗", "warn": "!", "info": "i", "unknown": "?", "pass": "✓", "skip": "–", "waived": "~"}
_PLAIN = {"FAIL": "x", "pass": " ", "skip": " "}


def mark(result: Result, style: Style) -> str:
    """One character that says what the colour says."""
    name = word(result)
    return _MARKS[name] if style.symbols else _PLAIN.get(name, _MARKS[name])


def ellipsis(style: Style) -> str:
    """What says that a text was cut."""
    return "…" if style.symbols else "..."
