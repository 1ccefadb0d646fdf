"""Reports of several hosts as one document: text, JSON or a line a finding. A host's part is made when it is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.json_text import json_text
from nodecheck.record import NamedTuple
from nodecheck.render import json, short
from nodecheck.render.columns import columns, cut, padded
from nodecheck.render.details import next_steps, wrapped
from nodecheck.render.style import Style, ellipsis, paint
from nodecheck.render.text import findings, heading, render_text
from nodecheck.render.verdict import headline
from nodecheck.report.hosts import SCHEMA, SCHEMA_VERSION, HostAnswer, Unreached, code_of
from nodecheck.report.settings import counted
from nodecheck.report.summary import FAILED, OK, UNJUDGED

MOST_HOST_COLUMNS = 40
"""Columns that the verdicts stand back for the names of the hosts."""


class HostPart(NamedTuple):
    """What a document says of a host."""

    host: str
    code: int
    line: str
    """One line, where the document begins with a line a host."""
    text: str


Parts = Callable[[], Iterator[HostPart]]
"""Gives the parts in the order of the hosts, as often as it is called."""


class HostsForm(NamedTuple):
    """How a document is made."""

    part: Callable[[str, HostAnswer, Style], HostPart]
    whole: Callable[[Parts, Style], Iterator[str]]
    """Of all parts, piece by piece."""


def _json_part(host: str, answer: HostAnswer, _: Style) -> HostPart:
    text = (
        json_text({"error": answer.text, "code": answer.code}) if isinstance(answer, Unreached) else json.render(answer)
    )
    return HostPart(host, code_of(answer).code, "", f"{json_text(host)}: {text.rstrip()}")


def _json_whole(parts: Parts, _: Style) -> Iterator[str]:
    yield f'{{\n"$schema": {json_text(SCHEMA)},\n"schema_version": {json_text(SCHEMA_VERSION)},\n"hosts": {{'
    for place, part in enumerate(parts()):
        yield f"{',' if place else ''}\n{part.text}"
    yield "\n}\n}\n"


def _short_part(host: str, answer: HostAnswer, _: Style) -> HostPart:
    found = f"unknown: {answer.text}" if isinstance(answer, Unreached) else short.render(answer)
    lines = [f"{host}: {line}\n" for line in found.split("\n") if line]
    return HostPart(host, code_of(answer).code, "", "".join(lines))


def _short_whole(parts: Parts, _: Style) -> Iterator[str]:
    for part in parts():
        yield part.text


def _text_part(host: str, answer: HostAnswer, style: Style) -> HostPart:
    if isinstance(answer, Unreached):
        return HostPart(host, UNJUDGED, f"UNKNOWN: {answer.line}", _said(host, answer, style))
    if style.verbose and not style.quiet:
        text = render_text(answer, style)
    else:
        found = list(findings(answer, style))
        after = [] if style.again is None else list(next_steps(answer, style))
        text = "\n".join([*heading(answer, style, host), *found, *after, ""]) if found else ""
    return HostPart(host, answer.exit_code, headline(answer), text)


def _said(host: str, answer: Unreached, style: Style) -> str:
    """All that was said where a host's line does not hold it, or a terminal is too narrow for that."""
    room = style.width - min(columns(host), MOST_HOST_COLUMNS) - len("  UNKNOWN: ")
    if answer.line == answer.text and not (style.terminal and columns(answer.text) > room):
        return ""
    name = paint(cut(host, style.width, ellipsis(style)), "bold", style)
    return "\n".join([name, *wrapped("  ", answer.text, style), ""])


def _text_whole(parts: Parts, style: Style) -> Iterator[str]:
    """A line a host, then what is not well on each, then the verdict."""
    shown = [part._replace(text="") for part in parts() if not (style.quiet and part.code == OK)]
    room = min(max([columns(part.host) for part in shown], default=0), MOST_HOST_COLUMNS)
    for part in shown:
        yield _line(part, room, style)
    for part in parts():
        if part.text and not (style.quiet and part.code == OK):
            yield f"\n{part.text}"
    if len(shown) > 1 and not style.quiet:
        yield f"\n{_summary([part.code for part in shown], style)}\n"


_WORDS = {FAILED: ("FAIL", "fail"), UNJUDGED: ("UNKNOWN", "unknown"), OK: ("PASS", "pass")}


def _line(part: HostPart, room: int, style: Style) -> str:
    line = f"{padded(part.host, room)}  {part.line}"
    if style.terminal:
        line = cut(line, style.width, ellipsis(style))
    at = max(len(part.host), len(padded(part.host, room))) + 2
    word = line[at:].partition(" ")[0].rstrip(":")
    return f"{line[:at]}{paint(word, _WORDS[part.code][1], style)}{line[at + len(word) :]}\n"


def _summary(codes: list[int], style: Style) -> str:
    counts = [(codes.count(code), word) for code, (_, word) in _WORDS.items()]
    worst = next(code for code in _WORDS if code in codes)
    word, colour = _WORDS[worst]
    return f"{paint(word, colour, style)}: {counted(len(codes), 'host')}: " + ", ".join(
        [f"{count} {told}" for count, told in counts if count]
    )


FORMS = {
    "text": HostsForm(_text_part, _text_whole),
    "json": HostsForm(_json_part, _json_whole),
    "short": HostsForm(_short_part, _short_whole),
}
"""The formats of several hosts."""
