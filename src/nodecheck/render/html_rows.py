"""One row of the HTML page: its cells, and behind its finding what was expected, found and read, and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result, Status, Waived
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.render.rows import word
from nodecheck.render.steps import added, removed, shell_line
from nodecheck.report.settings import ReportRow
from nodecheck.text import printable

MOST_ABSENT = 4
"""Sources that were not there and get a line of their own."""

_MARKS = {"FAIL": "✗", "warn": "!", "info": "i", "unknown": "?", "pass": "✓", "skip": "–", "waived": "~"}
_CSS = {"FAIL": "fail"}


def escaped(text: str) -> str:
    r"""One line of the node's text, for an element or an attribute: no markup, control or bidirectional characters.

    >>> escaped("<b>\x1b\u202e")
    '&lt;b&gt;\\x1b\\xe2\\x80\\xae'
    """
    return escape(printable(text))


def lines_of(text: str) -> str:
    """A text of several lines, for a ``<pre>``: lines and tabs stay."""
    return "\n".join(["\t".join([escaped(part) for part in line.split("\t")]) for line in text.split("\n")])


def marked(name: str, label: str) -> str:
    """A word with the mark and the colour of a status."""
    return f'<span class="mark {_CSS.get(name, name)}"><span aria-hidden="true">{_MARKS[name]}</span> {label}</span>'


def anchor(name: str) -> str:
    """The row's ``id``: no blanks, no markup, and none of the page's own.

    >>> anchor("port[6443/tcp]"), anchor("a b")
    ('r-port[6443/tcp]', 'r-a%20b')
    """
    from urllib.parse import quote

    return "r-" + quote(name, safe="[]/.,:@+-_~", errors="surrogatepass")


def href(place: str) -> str:
    """What leads to an ``id``: browsers decode it once."""
    return place.replace("%", "%25")


def row_html(row: ReportRow) -> Iterator[str]:
    """The ``<tr>`` of a row. The roles say once more what the elements say: a grid is no table to some browsers."""
    found = [result for result in (row.now, row.boot) if result is not None]
    statuses = " ".join(dict.fromkeys(result.status.value for result in found))
    place = anchor(row.name)
    yield f'<tr role="row" id="{escape(place)}" data-status="{statuses}">'
    yield _cell(row.now, "Now")
    yield _cell(row.boot, "After reboot")
    link = f'<a href="#{escape(href(place))}"><code>{escaped(row.name)}</code></a>'
    yield f'<th role="rowheader" scope="row">{link}</th>'
    opened = " open" if row.worst.status in (Status.FAIL, Status.UNKNOWN) else ""
    yield f'<td role="cell" class="finding"><details{opened}><summary>{escaped(row.worst.message)}</summary>'
    yield from _about(found)
    yield '<div class="views">'
    for result in found:
        yield from _one(result, row.worst)
    yield "</div></details></td></tr>"


def _cell(result: Result | None, view: str) -> str:
    if result is None:
        return f'<td role="cell" class="view" data-view="{view}"><span class="none">–</span></td>'
    name = word(result)
    return f'<td role="cell" class="view" data-view="{view}">{marked(name, name)}</td>'


def _about(found: list[Result]) -> Iterator[str]:
    links = [_link(url) for url in dict.fromkeys(url for result in found for url in result.references)]
    see = f" See {', '.join(links)}" if links else ""
    yield f'<p class="about">{escaped(found[0].title)}.{see}</p>'


def _one(result: Result, worst: Result) -> Iterator[str]:
    view = "After a reboot" if result.view == "boot" else "Now"
    level = f" ({escaped(result.severity.value)})" if result.status in (Status.UNKNOWN, Status.WAIVED) else ""
    name = word(result)
    yield f'<div class="one"><h3>{view} {marked(name, name)}{level}</h3>'
    if result.message != worst.message:
        yield f"<p>{escaped(result.message)}</p>"
    yield '<dl class="facets">'
    if result.cause is not None:
        yield from _facet("Cause", f"<code>{escaped(result.cause.code)}</code> {escaped(result.cause.detail)}")
    if result.expected is not None:
        yield from _facet("Expected", escaped(result.expected))
    if result.actual is not None:
        yield from _facet("Found", escaped(result.actual))
    if result.evidence:
        yield from _facet("Read", _evidence(result))
    if result.waiver is not None:
        yield from _facet("Waived", _waiver(result.waiver))
    yield "</dl>"
    if result.fix is not None and result.status != Status.PASS:
        yield from _fix(result.fix)
    yield "</div>"


def _facet(label: str, content: str) -> Iterator[str]:
    yield f"<dt>{label}</dt><dd>{content}</dd>"


def _evidence(result: Result) -> str:
    """Where it was read; of what does not apply, behind a fold."""
    items = "<ul>" + "".join(_sources(result.evidence)) + "</ul>"
    if result.status != Status.SKIP:
        return items
    count = len(result.evidence)
    return f"<details><summary>{count} {'source' if count == 1 else 'sources'}</summary>{items}</details>"


def _sources(evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """What was found, and then what was not there: many of these in one item."""
    absent = [item for item in evidence if item.value is None]
    yield from (_read(item) for item in evidence if item.value is not None)
    if len(absent) <= MOST_ABSENT:
        yield from map(_read, absent)
    else:
        names = [
            f'<span class="source">{escaped(name)}</span>' for name in dict.fromkeys(item.source for item in absent)
        ]
        yield f"<li>not there: {', '.join(names)}</li>"


def _read(item: Evidence) -> str:
    where = f'<span class="source">{escaped(item.source)}</span>'
    if item.locator:
        where += f", {escaped(item.locator)}"
    if item.value is None:
        return f"<li>{where}: not there</li>"
    more = " (cut)" if item.truncated else ""
    if "\n" in item.value.strip("\n"):
        return f"<li>{where}{more}:<pre>\n{lines_of(item.value)}</pre></li>"
    return f"<li>{where}{more}: <code>{lines_of(item.value.strip(chr(10)))}</code></li>"


def _waiver(waiver: Waived) -> str:
    until = f" until {escaped(waiver.expires)}" if waiver.expires else ""
    return f"{escaped(waiver.reason)} ({escaped(waiver.whose)}{until}; <code>{escaped(waiver.select)}</code>)"


def _link(url: str) -> str:
    if url.startswith(("https://", "http://")):
        return f'<a href="{escaped(url)}" rel="noopener noreferrer">{escaped(url)}</a>'
    return escaped(url)


def _fix(fix: Fix) -> Iterator[str]:
    after = ", takes a reboot" if fix.reboot else ""
    yield '<div class="fix">'
    yield f"<h4>Fix: {escaped(fix.title)}</h4> <span>({escaped(fix.safety)}{after})</span>"
    commands: list[str] = []
    for step in fix.steps:
        if isinstance(step, Command):
            commands.append(shell_line(step.argv))
            continue
        yield from _commands(commands)
        commands = []
        yield from _step(step)
    yield from _commands(commands)
    yield "</div>"


def _commands(commands: list[str]) -> Iterator[str]:
    if commands:
        yield '<pre class="copy">\n' + lines_of("\n".join(commands)) + "</pre>"


def _step(step: Step) -> Iterator[str]:
    if isinstance(step, Manual):
        yield from (f"<p>{escaped(line)}</p>" for line in step.text.split("\n"))
    elif isinstance(step, Edit):
        yield f'<p>In <span class="source">{escaped(step.path)}</span>, replace the line:</p>'
        old = f'<span class="del">{lines_of(removed(step))}</span>'
        yield f'<pre>\n{old}\n<span class="add">{lines_of(added(step))}</span></pre>'
    elif isinstance(step, Create):
        yield f'<p>Write <span class="source">{escaped(step.path)}</span> (mode {escaped(step.mode)}):</p>'
        yield f'<pre class="copy">\n{lines_of(step.content)}</pre>'
