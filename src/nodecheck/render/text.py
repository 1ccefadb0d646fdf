"""The report for people: the verdict, what is not well in a few lines each, and counts of what is; all with ``-v``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.render.columns import columns, cut
from nodecheck.render.groups import grouped, names
from nodecheck.render.rows import by_topic, worst_first
from nodecheck.render.style import INDENT, Style, ellipsis, paint
from nodecheck.render.verdict import by_check, headline
from nodecheck.report import Report
from nodecheck.report.settings import counted, having, rows, settings_and_results
from nodecheck.text import printable


def render(report: Report) -> str:
    """The report as plain text of 100 columns."""
    return render_text(report, Style())


def render_text(report: Report, style: Style, beside: Iterable[str] = ()) -> str:
    """The report as text; ``beside`` are lines that stand before the verdict."""
    if style.quiet:
        parts = [[*findings(report, style)]]
    elif style.verbose:
        from nodecheck.render.table import table

        parts = [[*_verdict(report, style), *heading(report, style)], *_in_full(report, style), [*table(report, style)]]
        parts.append([*_tail(report, style, counts=False)])
    else:
        parts = [[*_verdict(report, style), *heading(report, style)], [*findings(report, style)]]
        parts.append([*_tail(report, style, counts=True)])
    parts += [[*beside], [*_verdict(report, style, last=True)]]
    return "\n\n".join(["\n".join(lines) for lines in parts if lines]) + "\n"


def _verdict(report: Report, style: Style, last: bool = False) -> Iterator[str]:
    from nodecheck.render.details import wrapped

    text, share = headline(report), _share(report)
    beside = last and columns(text) + columns(share) + 2 <= style.width
    text += f"; {share}" if beside else ""
    colour = {"pass": "pass", "fail": "fail"}.get(report.summary.verdict, "unknown")
    word = text.partition(" ")[0].rstrip(":")
    first, *others = wrapped("", text, style)
    yield paint(word, colour, style) + first[len(word) :]
    yield from others
    if last and not beside:
        yield from wrapped("", share, style)


MOST_SKIPPED = 2
"""Names of skipped checks that a summary has: more would take a screen's place, and -v has them all."""


def heading(report: Report, style: Style, name: str | None = None) -> Iterator[str]:
    """The node, under its own name or another, and what it is to be."""
    from nodecheck.render.details import wrapped

    node, used = report.node, report.profile
    host = cut(printable(name or node.hostname or "this node"), style.width, ellipsis(style))
    about = [printable(part) for part in (node.os.pretty_name, node.kernel, node.arch) if part]
    if node.container is not None:
        about.append(f"a container: {printable(node.container)}")
    if report.run.source.kind != "live":
        about.append(printable(str(report.run.source)))
    rest = f"  ({', '.join(about)})" if about else ""
    first, *others = wrapped("", host + rest, style, 2)
    yield paint(first[: len(host)], "bold", style) + first[len(host) :]
    yield from others
    target = [f"profile {printable(used.name)}"]
    asked = (("role", used.role), ("Kubernetes", used.kubernetes), ("proxy mode", used.proxy_mode))
    target += [f"{label} {printable(value)}" for label, value in asked if value]
    if used.cni:
        target.append(f"cni {printable(used.cni)}")
    if used.phase:
        target.append(f"phase {printable(used.phase)}")
    target += _left_out(report)
    if used.config is not None:
        target.append(printable(str(used.config)))
    missing = [f"--{label.lower().replace(' ', '-')}" for label, value in asked if not value]
    if missing:
        target.append(f"not known: say {', '.join(missing)}")
    yield from _joined(target, " · " if style.symbols else ", ", style)


def _left_out(report: Report) -> Iterator[str]:
    """What was asked for, where that is not everything."""
    run = report.run
    if run.select:
        yield f"only {printable(' '.join(run.select))}"
    if run.ignore:
        yield f"without {printable(' '.join(run.ignore))}"
    if run.view is not None:
        yield f"only the view {printable(run.view)}"


def _joined(parts: list[str], mark: str, style: Style) -> Iterator[str]:
    """The parts, as many to a line as it holds."""
    line = ""
    for part in parts:
        if line and columns(line) + columns(mark) + columns(part) > style.width:
            yield line
            line = ""
        line = cut(f"{line}{mark}{part}" if line else part, style.width, ellipsis(style))
    yield line


def findings(report: Report, style: Style) -> Iterator[str]:
    """What is not well, a few lines each."""
    from nodecheck.render.blocks import blocks

    return blocks(grouped(_shown(report, style)), style)


def _shown(report: Report, style: Style) -> list[Result]:
    """What failed or could not be judged, but for notes; where quiet, only what makes the exit code."""
    fail_on = report.run.fail_on
    least = "warning" if fail_on == "error" and not style.quiet else fail_on
    return [
        result
        for result in report.results
        if result.status in (Status.FAIL, Status.UNKNOWN) and result.severity.reaches(least)
    ]


def _in_full(report: Report, style: Style) -> Iterator[list[str]]:
    from nodecheck.render.details import details

    return details(worst_first(report.results), style)


def _tail(report: Report, style: Style, counts: bool) -> Iterator[str]:
    """What is well or was not judged, in counts; what to do next."""
    from nodecheck.render.details import next_steps

    for label, head, items in _counts(report, style) if counts else ():
        yield from _listed(label, head, items, style)
    if style.again is not None:
        yield from next_steps(report, style)


def _listed(label: str, head: str, items: list[str], style: Style) -> Iterator[str]:
    """The label, the words of the head, and the items with commas, none of them over a line's end."""
    parts = [*f"{head}:".split(" "), *[f"{item}," for item in items[:-1]], *items[-1:]]
    line = "  " + paint(label, "dim", style) + " " * (INDENT - 2 - len(label)) + parts[0]
    taken = INDENT + columns(parts[0])
    for part in parts[1:]:
        if taken + 1 + columns(part) > style.width:
            yield line
            line, taken = " " * INDENT + part, INDENT + columns(part)
        else:
            line, taken = f"{line} {part}", taken + 1 + columns(part)
    yield line


def _counts(report: Report, style: Style) -> Iterator[tuple[str, str, list[str]]]:
    settings, found = rows(report.results), report.summary
    of = {status: [row for row in settings if row.worst.status == status] for status in Status}
    notes = [*having(settings, Status.FAIL, Severity.INFO), *having(settings, Status.UNKNOWN, Severity.INFO)]
    if of[Status.PASS]:
        topics = by_topic([result for row in of[Status.PASS] for result in (row.now, row.boot) if result])
        told = settings_and_results(len(of[Status.PASS]), found.passed)
        yield "passed", told, [f"{title} {len(group)}" for title, group in topics]
    if notes and report.run.fail_on != "info":
        yield "notes", counted(len(notes), "setting") + _more("explains", style), names(notes)
    if waived := having(settings, Status.WAIVED):
        yield "waived", settings_and_results(len(waived), found.waived), names(waived)
    if of[Status.SKIP]:
        told = settings_and_results(len(of[Status.SKIP]), found.skipped) + _more("says why", style)
        found_by = sorted(by_check(of[Status.SKIP]), key=lambda pair: -pair[1])
        by_name = [name if count == 1 else f"{name} ({count})" for name, count in found_by]
        more = len(by_name) - MOST_SKIPPED
        yield "skipped", told, [*by_name[:MOST_SKIPPED], f"and {more} more"] if more > 1 else by_name


def _more(does: str, style: Style) -> str:
    return f", {style.more} {does}" if style.more else ""


def _share(report: Report) -> str:
    """How much of what applies was judged, and how many results only a running node tells, where that is a third."""
    codes = [result.cause.code for result in report.results if result.cause is not None]
    count, whole = codes.count("offline"), len(report.results)
    offline = f"; {count} of {whole} results are only for a running node" if count and 3 * count >= whole else ""
    return f"{_failed(report)}{report.summary.coverage:.0%} of what applies was judged{offline}"


def _failed(report: Report) -> str:
    """How many settings failed, where those are fewer than the results that did."""
    failed = [row for row in rows(report.results) if row.worst.status == Status.FAIL]
    if len(failed) == report.summary.failed:
        return ""
    notes = any(row.worst.severity == Severity.INFO for row in failed)
    told = settings_and_results(len(failed), report.summary.failed)
    return f"{told} failed{', notes included' if notes else ''}; "
