"""What an auditor keeps of a report, on its HTML page: the waivers in force, and which node, run and files it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from nodecheck.model.outcomes import Result, Waived
from nodecheck.render.html_rows import anchor, escaped, href
from nodecheck.report import Report
from nodecheck.report.settings import row_name

MOST_COVERED = 5
"""Findings that stand beside their waiver; more are behind a fold."""

NOT_RECORDED = "not recorded: the report is of schema 1.0"

_COLUMNS = ("Waiver", "Reason", "Owner", "Ticket", "Created", "Expires", "Covers")


def waivers_html(report: Report) -> Iterator[str]:
    """Each waiver that covers a finding of the report, those that end first before the others."""
    covered: dict[Waived, list[Result]] = {}
    for result in report.results:
        if result.waiver is not None:
            covered.setdefault(result.waiver, []).append(result)
    yield '<section class="record" id="waivers"><h2>Waivers in force</h2>'
    if not covered:
        yield "<p>No waiver covers a finding of this report.</p></section>"
        return
    yield '<p class="told">Each covers a finding of this report, and holds until the end of its last day in UTC.</p>'
    yield '<table class="waivers" role="table"><thead role="rowgroup"><tr role="row">'
    yield "".join([f'<th role="columnheader" scope="col">{name}</th>' for name in _COLUMNS])
    yield '</tr></thead><tbody role="rowgroup">'
    for waiver in sorted(covered, key=_last_day):
        yield from _waiver_row(waiver, covered[waiver])
    yield "</tbody></table></section>"


def _last_day(waiver: Waived) -> tuple[bool, str, str]:
    return waiver.expires is None, waiver.expires or "", waiver.select


def _waiver_row(waiver: Waived, results: list[Result]) -> Iterator[str]:
    yield f'<tr role="row"><th role="rowheader" scope="row"><code>{escaped(waiver.select)}</code></th>'
    values = (waiver.reason, waiver.owner, waiver.ticket, waiver.created, waiver.expires)
    for name, value in zip(_COLUMNS[1:], values):
        yield f'<td role="cell" data-view="{name}">{"–" if value is None else escaped(value)}</td>'
    yield f'<td role="cell" data-view="Covers">{_covered(results)}</td></tr>'


def _covered(results: list[Result]) -> str:
    items = "".join([f"<li>{_link(one)}</li>" for one in results])
    if len(results) <= MOST_COVERED:
        return f"<ul>{items}</ul>"
    return f"<details><summary>{len(results)} results</summary><ul>{items}</ul></details>"


def _link(result: Result) -> str:
    return f'<a href="#{escape(href(anchor(row_name(result))))}"><code>{escaped(result.id)}</code></a>'


def record_html(report: Report) -> Iterator[str]:
    """Which node, run, profile and files the report is of."""
    yield '<section class="record" id="record"><h2>What this report rests on</h2>'
    for title, facts in (("Node", _node(report)), ("Run", _run(report)), ("Rules", _rules(report))):
        yield f'<h3>{title}</h3><dl class="facets">'
        for label, value in facts:
            yield f"<dt>{label}</dt><dd>{value}</dd>"
        yield "</dl>"
    yield "</section>"


def _node(report: Report) -> Iterator[tuple[str, str]]:
    node = report.node
    yield "Host name", _known(node.hostname)
    yield "Machine id", _code(node.machine_id)
    yield "Boot id", _code(node.boot_id)
    yield "System", _known(node.os.pretty_name)
    yield "Kernel", _known(" ".join([part for part in (node.kernel, node.arch) if part]) or None)
    if node.container is not None:
        yield "Container", escaped(node.container)


def _run(report: Report) -> Iterator[tuple[str, str]]:
    run, tool = report.run, report.tool
    yield "Run by", NOT_RECORDED if run.user is None else escaped(str(run.user))
    yield "Read as root", "yes" if run.privileged else "no"
    yield "Source", escaped(f"{run.source.kind} {run.source}")
    yield "Began", escaped(run.started_at)
    yield "Ended", escaped(run.finished_at)
    yield "Run id", _code(run.id)
    yield "Tool", escaped(f"{tool.name} {tool.version}")
    others = [f"{plugin.name} {plugin.version or ''} ({plugin.status})" for plugin in tool.plugins]
    yield "Plugins", _items(others)


def _rules(report: Report) -> Iterator[tuple[str, str]]:
    used, files = report.profile, report.run.waivers_from
    yield "Profile", escaped(used.name)
    yield "Digest", _code(used.digest)
    yield "Configuration", _configuration(report)
    yield "Waiver files", NOT_RECORDED if files is None else _items(files)
    yield "Fails on", escaped(report.run.fail_on)
    yield "Only", _selected(report.run.select, "everything")
    yield "Without", _selected(report.run.ignore, "none")
    yield "View", escaped(report.run.view or "both")


def _selected(selectors: tuple[str, ...] | None, otherwise: str) -> str:
    return NOT_RECORDED if selectors is None else _items(selectors) if selectors else otherwise


def _configuration(report: Report) -> str:
    config = report.profile.config
    if config is None:
        return NOT_RECORDED if report.run.waivers_from is None else "none"
    return _items(config.files) if config.unread is None else f"not read: {escaped(config.unread)}"


def _known(text: str | None) -> str:
    return escaped(text or "not known")


def _code(text: str | None) -> str:
    return f"<code>{escaped(text)}</code>" if text else "not known"


def _items(texts: Iterable[str]) -> str:
    items = "".join([f"<li>{escaped(text)}</li>" for text in texts])
    return f"<ul>{items}</ul>" if items else "none"
