"""The report as one HTML page that needs nothing else: no network, no fonts, no images.

Its own style and script are named by their digests in a Content-Security-Policy, and nothing else may run or load; all
text of the node is escaped besides.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.model.outcomes import Result, Status
from nodecheck.render.html_record import record_html, waivers_html
from nodecheck.render.html_rows import escaped, lines_of, marked, row_html
from nodecheck.render.rows import by_topic
from nodecheck.report import Report
from nodecheck.report.settings import ReportRow, rank
from nodecheck.shipped import shipped

ATTENTION = "Needs attention"

_STATUSES = (
    (Status.FAIL, "Failed"),
    (Status.UNKNOWN, "Unknown"),
    (Status.WAIVED, "Waived"),
    (Status.PASS, "Passed"),
    (Status.SKIP, "Skipped"),
)


def render(report: Report) -> str:
    """The page."""
    return "\n".join([*_head(report), "<body>", *_body(report), "</body>", "</html>"]) + "\n"


def _head(report: Report) -> Iterator[str]:
    style, script = shipped("render/page/style.css"), shipped("render/page/script.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="robots" content="noindex">'
    yield f"<title>{escaped(_host(report))}: {escaped(report.summary.verdict)} (nodecheck)</title>"
    yield '<link rel="icon" href="data:,">'
    yield f"<style>{style}</style>"
    yield "</head>"


def _digest(text: str) -> str:
    from base64 import b64encode
    from hashlib import sha256

    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")


def _host(report: Report) -> str:
    return report.node.hostname or "this node"


def _body(report: Report) -> Iterator[str]:
    yield '<a class="skip-link" href="#results">To the results</a>'
    yield "<header>"
    yield from _top(report)
    yield "</header>"
    yield from _bar(report)
    yield '<main><h2 class="unseen">Results</h2>'
    yield from _table(report)
    yield from _script(report)
    yield from waivers_html(report)
    yield from record_html(report)
    yield "</main>"
    yield from _footer(report)
    yield f"<script>{shipped('render/page/script.js')}</script>"


def _top(report: Report) -> Iterator[str]:
    found, node = report.summary, report.node
    verdict = found.verdict if found.verdict in ("pass", "fail") else "unknown"
    yield '<div class="top">'
    yield f"<h1>{escaped(_host(report))}</h1>"
    yield f'<span class="verdict {verdict}">{escaped(found.verdict.upper())}</span>'
    yield "</div>"
    waived = f"{found.waived} waived"
    if found.waived:
        waived = f'<a href="#waivers">{waived}</a>'
    counts = f"{found.failed} failed, {found.unknown} unknown, {waived}, {found.passed} passed, "
    yield f'<p class="told">{counts}{found.skipped} skipped; {found.coverage:.0%} of what applies was judged</p>'
    about = [part for part in (node.os.pretty_name, node.kernel, node.arch) if part]
    if node.container is not None:
        about.append(f"a container: {node.container}")
    facts = [("System", ", ".join(about)), ("Profile", report.profile.name), ("Role", report.profile.role)]
    facts += [("Kubernetes", report.profile.kubernetes), ("Proxy mode", report.profile.proxy_mode)]
    facts += [("CNI", report.profile.cni), ("Judged at", _moment(report.run.started_at)), ("Source", _source(report))]
    if report.profile.phase is not None:
        facts.append(("Phase", report.profile.phase))
    if report.profile.config is not None:
        facts.append(("Configuration", str(report.profile.config).removeprefix("configuration ")))
    yield '<dl class="facts">'
    for label, value in facts:
        wide = ' class="wide"' if label in ("System", "Judged at", "Source") else ""
        yield f"<div{wide}><dt>{label}</dt><dd>{escaped(value or 'not known')}</dd></div>"
    yield "</dl>"


def _moment(time: str) -> str:
    """A time for people, to the second.

    >>> _moment("2026-11-23T01:02:03.004Z")
    '2026-11-23 01:02:03 UTC'
    """
    day, _, clock = time.partition("T")
    return f"{day} {clock[:8]} UTC" if clock[:8].count(":") == 2 and clock.endswith("Z") else time


def _source(report: Report) -> str:
    run = report.run
    where = "the live node" if run.source.kind == "live" else f"{run.source.kind} {run.source}"
    return where if run.privileged else f"{where}, without root"


def _bar(report: Report) -> Iterator[str]:
    """The filter; the script shows it, for without the script it could do nothing."""
    found = report.summary
    counts = (found.failed, found.unknown, found.waived, found.passed, found.skipped)
    yield '<div class="bar" id="bar" role="search" aria-label="Filter the results" hidden>'
    for (status, label), count in zip(_STATUSES, counts):
        if count:
            yield (
                f'<button type="button" class="{status.value}" data-status="{status.value}" aria-pressed="false">'
                f"{label} {count}</button>"
            )
    yield '<button type="button" id="all" aria-pressed="false">Open all</button>'
    yield '<input type="search" placeholder="Search" aria-label="Search the results" autocomplete="off">'
    yield '<output aria-live="polite"></output>'
    yield "</div>"


def _table(report: Report) -> Iterator[str]:
    if not report.results:
        yield '<p id="results">Nothing was looked at.</p>'
        return
    yield '<table class="results" id="results" role="table">'
    yield '<thead role="rowgroup"><tr role="row">'
    for label in ("Now", "After reboot", "Check", "Finding"):
        yield f'<th role="columnheader" scope="col">{label}</th>'
    yield "</tr></thead>"
    for title, rows in _groups(report):
        yield '<tbody role="rowgroup">'
        head = f'<th role="rowheader" scope="rowgroup" colspan="4">{escaped(title)}</th>'
        yield f'<tr role="row" class="head">{head}</tr>'
        for row in rows:
            yield from row_html(row)
        yield "</tbody>"
    yield "</table>"


def _script(report: Report) -> Iterator[str]:
    """All fixes as the shell script that ``nodecheck plan`` prints."""
    from nodecheck.fix.plan import plan
    from nodecheck.fix.script import script

    found = plan(report)
    if not found.steps:
        return
    steps = "1 step" if len(found.steps) == 1 else f"{len(found.steps)} steps"
    yield '<section class="plan" id="plan"><h2>All fixes as one script</h2>'
    yield f"<details><summary>A shell script of {steps}, to be read before it is run</summary>"
    yield f'<pre class="copy">\n{lines_of(script(found))}</pre></details></section>'


def _groups(report: Report) -> Iterator[tuple[str, list[ReportRow]]]:
    """What fails or could not be judged, the worst first; then the others by topic."""
    topics = by_topic(report.results)
    bad = [row for _, rows in topics for row in rows if _bad(row.worst)]
    if bad:
        bad.sort(key=lambda row: rank(row.worst), reverse=True)
        yield ATTENTION, bad
    for title, rows in topics:
        well = [row for row in rows if not _bad(row.worst)]
        if well:
            yield title, well


def _bad(result: Result) -> bool:
    return result.status in (Status.FAIL, Status.UNKNOWN)


def _footer(report: Report) -> Iterator[str]:
    tool, run = report.tool, report.run
    yield "<footer>"
    yield f"{escaped(tool.name)} {escaped(tool.version)}, run {escaped(run.id)}, {run.duration_s:.2f} s"
    if run.status != "complete":
        yield f"<strong>{marked('unknown', 'Incomplete')}: the time was over before all was judged.</strong>"
    yield "</footer>"
