"""Changes for people: a line each, what matters most first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nodecheck.audit.changes import COVERAGE_LOST, COVERAGE_REGAINED, GONE, STILL_FAILING, Change, worse
from nodecheck.audit.session import FIRST, LOUD, Audit, Notice
from nodecheck.audit.show_boots import held_line
from nodecheck.audit.store import change_dict
from nodecheck.record import NamedTuple
from nodecheck.report.settings import in_short
from nodecheck.text import minute, printable

LABELS = {
    "new-failure": "NEW FAILURE",
    "unwaived": "NO LONGER WAIVED",
    "coverage-lost": "COVERAGE LOST",
    "severity-changed": "severity changed",
    "waived": "waived",
    "evidence-changed": "evidence changed",
    "appeared": "appeared",
    "gone": "gone",
    "coverage-regained": "judged again",
    "fixed": "fixed",
    "still-failing": "still failing",
}


_FIRST = {"new-failure": "FAILS", "appeared": "UNKNOWN"}
"""Of a first run nothing is known to be new."""


class Look(NamedTuple):
    """How to show changes: ``width`` None leaves each change on one line; ``quiet`` shows what got worse alone."""

    colour: bool = False
    width: int | None = None
    quiet: bool = False
    changed_only: bool = False


def audit_text(audit: Audit, look: Look) -> str:
    """An audit as text; empty where there is nothing to tell."""
    if audit.quiet:
        return ""
    fail_on = audit.report.run.fail_on
    changes = [change for change in audit.changes if not look.quiet or worse(change, fail_on)]
    loud = audit.broke or any(notice.code in LOUD for notice in audit.notices)
    if look.quiet and not (changes or audit.untold or loud):
        return ""
    lines = [head(audit, look)]
    lines += [_wrapped(held_line(audit.held), look)] if audit.held is not None else []
    lines += [_wrapped(f"note: {notice.message}", look) for notice in audit.notices if notice.code != FIRST]
    for untold in audit.untold:
        lines.append(_wrapped(f"run {untold.run} of {minute(untold.at)} ended before it had told this:", look))
        lines += [_line(change, look) for change in untold.changes]
    labels = _FIRST if audit.before is None else LABELS
    lines += [_line(change, look, labels) for change in _gathered(changes)]
    if not (look.quiet or look.changed_only):
        lines += [_line(change_dict(change), look) for change in audit.still]
    lines += _drift(audit, look)
    return "\n".join(lines) + "\n"


def head(audit: Audit, look: Look) -> str:
    """Which node, which run, and how it stands, in a line."""
    host = printable(audit.report.node.hostname or "this node")
    number = "" if audit.run is None else f"run {audit.run}, "
    first = "the first: " if audit.before is None else ""
    text = f"{host}: {number}{first}{printable(in_short(audit.report))}"
    return text if look.width is None or len(text) <= look.width else text[: look.width - 1] + "…"


def _drift(audit: Audit, look: Look) -> Iterator[str]:
    if audit.drift is None or look.quiet:
        return
    base = audit.drift.baseline
    name = f"the baseline (run {base.run}, accepted {minute(base.accepted_at)} by {printable(base.by)})"
    if not audit.drift.changes:
        yield _wrapped(f"as {name}", look)
        return
    yield _wrapped(f"against {name}:", look)
    for change in _gathered(audit.drift.changes):
        yield _line(change, look)


def diff_text(changes: tuple[Change, ...], notices: tuple[Notice, ...], look: Look) -> str:
    """The difference of two reports as text."""
    lines = [_wrapped(f"note: {notice.message}", look) for notice in notices]
    found = [change for change in changes if not (look.changed_only and change.kind == STILL_FAILING)]
    lines += [_line(change, look) for change in _gathered(found)]
    return "".join([line + "\n" for line in lines])


def _gathered(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    """Changes as lines. Subjects of which a check lost sight at once, or that it sees to be well again, are one line;
    where it sees them again, that it could not look at all needs none."""
    found = tuple(changes)
    again = {(item.check, item.view) for item in found if item.kind == COVERAGE_REGAINED and item.subject is not None}
    lines: dict[Any, list[Change]] = {}
    for item in found:
        makes_room = item.kind == COVERAGE_REGAINED and item.after is None and item.subject is None
        if not (makes_room and (item.check, item.view) in again):
            lines.setdefault(_line_of(item), []).append(item)
    for some in lines.values():
        told = change_dict(some[0])
        if len(some) > 1:
            names = ", ".join([item.id for item in some[:MOST_NAMED]])
            more = f" and {len(some) - MOST_NAMED} more" if len(some) > MOST_NAMED else ""
            message = "they pass" if some[0].kind == COVERAGE_REGAINED else some[0].message
            told = {**told, "id": names + more, "message": message, "since": None}
        yield told


MOST_NAMED = 8


def _line_of(item: Change) -> tuple[object, ...]:
    """What changes have in common that are one line."""
    place = (item.kind, item.check, item.view)
    if item.subject is not None and item.kind == COVERAGE_LOST and item.before not in ("fail", "waived"):
        return (*place, item.severity, item.message)
    if item.subject is not None and item.kind == COVERAGE_REGAINED and (item.before, item.after) == ("unknown", "pass"):
        return place
    return (item.kind, item.id)


_COLOURS = {"new-failure": "1;31", "unwaived": "1;31", "coverage-lost": "35", "fixed": "32", "still-failing": "31"}


def _line(change: dict[str, Any], look: Look, labels: Mapping[str, str] = LABELS) -> str:
    kind = str(change["kind"])
    label = f"{labels.get(kind, kind):<16}"
    if look.colour and kind in _COLOURS:
        label = f"\x1b[{_COLOURS[kind]}m{label}\x1b[0m"
    text = printable(_told(change))
    return f"{label}  {text}" if look.width is None else _folded(label, text, look.width)


def _told(change: dict[str, Any]) -> str:
    kind, parts = change["kind"], [str(change["message"])]
    cause = change["cause"]
    if cause is not None and cause["detail"] not in parts[0]:
        parts.append(f"{cause['code']}: {cause['detail']}")
    if kind == "severity-changed":
        parts.append(f"it was {change['was']}")
    elif change["was"] not in (None, change["message"]) and (
        kind in ("fixed", "evidence-changed") or (kind in (COVERAGE_LOST, GONE) and change["before"] == "fail")
    ):
        parts.append(f"it was: {change['was']}")
    since = _since(change)
    if since:
        parts.append(since)
    if change["fix"]:
        parts.append(f"fix: {change['fix']}")
    level = f" ({change['severity']})" if change["after"] in ("fail", "unknown") else ""
    return f"{change['id']}{level}: " + "; ".join(parts)


def _since(change: dict[str, Any]) -> str:
    since = change["since"]
    if since is None or change["kind"] in ("new-failure", "appeared", "evidence-changed", "severity-changed"):
        return ""
    run = "" if since["run"] is None else f" (run {since['run']})"
    failed = change["before"] in ("fail", "waived") or (
        change["before"] == "unknown" and change["kind"] in ("fixed", GONE)
    )
    if change["after"] in ("fail", "waived"):
        return f"failing since {minute(since['at'])}{run}"
    return f"{'failing' if failed else str(change['before'] or 'so')} since {minute(since['at'])}{run}"


def _wrapped(text: str, look: Look) -> str:
    return printable(text) if look.width is None else _folded("", printable(text), look.width)


def _folded(label: str, text: str, width: int) -> str:
    """A label and a text, folded behind the label's column; words longer than a line stay whole."""
    room, lines, line = max(width - (18 if label else 0), 20), [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    head = f"{label}  " if label else ""
    return head + ("\n" + " " * (18 if label else 0)).join([*lines, line])
