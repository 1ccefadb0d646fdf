"""A finding in a few lines: what it is about, what holds now and at the next boot, where that was read, and the fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Result, Severity, Status
from nodecheck.model.steps import MANUAL, Command, Edit, Fix, Manual
from nodecheck.render.columns import columns
from nodecheck.render.details import told_of, wrapped
from nodecheck.render.groups import Group, names, results_of, text_of
from nodecheck.render.steps import shell_line
from nodecheck.render.style import INDENT, Style, mark, paint, tone
from nodecheck.text import printable

MOST_READ = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.INFO: 1}
"""Sources in which something was found that are shown of a finding."""

MOST_FIXES = 4
"""Fixes that are shown of findings that say the same."""

FIX_LINES = 2
"""Lines of one fix; of one that takes more only its title is shown."""


def blocks(groups: Iterable[Group], style: Style) -> Iterator[str]:
    """The lines of the findings. A fix is shown once: the next finding names the one that has it."""
    shown: dict[Fix, str] = {}
    for group in groups:
        results = [result for row in group for result in results_of(row)]
        failed = [result for result in results if result.status == Status.FAIL]
        read = _read(failed, style)
        yield from _heading(group, style, _values(failed, read))
        yield from _causes(results, style)
        for place, line in enumerate(read):
            yield from _field("" if place else "read", line, style)
        yield from _fixes(results, shown, style)


def label_of(result: Result) -> str:
    """The word of a finding: its severity where it failed, else its status."""
    return result.severity.value if result.status == Status.FAIL else result.status.value


def _heading(group: Group, style: Style, values: list[tuple[str, str]]) -> Iterator[str]:
    """The ids with the message; with a line a view where the two views say different things."""
    worst = group[0].worst
    start = paint(f"{mark(worst, style)} {label_of(worst)}".ljust(INDENT - 1), tone(worst), style) + " "
    name = ", ".join(names(group, whole=not style.terminal))
    views = results_of(group[0])
    if len({text_of(result) for result in views}) == 1 and len({label_of(result) for result in views}) == 1:
        both = ", now and at boot" if len(views) > 1 and style.terminal else ""
        beside = f" ({'; '.join([f'{label}: {text}' for label, text in values])})" if values else ""
        yield from _bold_start(start, name, f"{both}: {text_of(worst)}{beside}", style)
        return
    yield from _bold_start(start, name, "", style)
    for result in views:
        word = label_of(result)
        beside = "" if word == label_of(worst) else f"{word}: "
        yield from _field(result.view, beside + text_of(result), style)
    for label, text in values:
        yield from _field(label, text, style)


def _causes(results: list[Result], style: Style) -> Iterator[str]:
    """Why something could not be judged, where the message does not say it."""
    told = [one.cause for one in results if one.cause is not None and one.cause.detail not in one.message]
    for cause in dict.fromkeys(told):
        yield from _field("cause", f"{cause.code}: {cause.detail}", style)


def _bold_start(start: str, name: str, rest: str, style: Style) -> Iterator[str]:
    """Wrapped lines whose first words, the ids, are bold."""
    left = len(name)
    lines = list(wrapped(" " * INDENT, name + printable(rest), style))
    for place, line in enumerate(lines):
        text = line[INDENT:]
        told, left = text[:left], left - len(text[:left]) - 1
        head = start if place == 0 else " " * INDENT
        yield (head + paint(told, "bold", style) + text[len(told) :]).rstrip()
        left = max(left, 0)


def _values(results: list[Result], read: list[str]) -> list[tuple[str, str]]:
    """What was expected and found, where neither the message nor what was read holds it."""
    known = _tells(" ".join([*read, *[text for result in results for text in (result.id, result.message)]]))
    told = [("expected", result.expected or "") for result in results]
    told += [("found", result.actual or "") for result in results]
    return [(label, text) for label, text in dict.fromkeys(told) if not _tells(text) <= known]


def _tells(text: str) -> set[str]:
    """The words of a text that carry a value: numbers, paths, assignments.

    >>> sorted(_tells("2097148 KiB on /swap.img"))
    ['/swap.img', '2097148']
    """
    words = [word.strip(".,;:()[]'\"") for word in text.replace("[", " ").replace("]", " ").split()]
    return {word for word in words if any(char.isdigit() or char in "/=" for char in word)}


def _read(results: list[Result], style: Style) -> list[str]:
    """Where it was read: what was found, else in one line what was not there."""
    said = " ".join([result.message for result in results])
    items = dict.fromkeys([item for result in results for item in result.evidence])
    absent = dict.fromkeys([_absent(item) for item in items if item.value is None])
    if absent and all(item.value is None for item in items):
        start = "not there: " if all(item.locator is None for item in items) else "nothing in: "  # it may be there
        return [_fitting(start, list(absent), style.width - INDENT)]
    told = [_told_short(item, style) for item in items if item.value is not None and _is_news(item, said)]
    return told[: MOST_READ[results[0].severity]] if told else []


def _told_short(item: Evidence, style: Style) -> str:
    """As :func:`told_of`; a file of which the first line alone is kept, and that is a comment, says where, and no more.

    >>> _told_short(Evidence("/etc/a.conf", None, "# This file is part of systemd.", True), Style())
    '/etc/a.conf'
    """
    told_nothing = item.truncated and item.locator is None and (item.value or "").lstrip(" \t")[:1] in ("#", ";")
    return told_of(item._replace(value="", truncated=False) if told_nothing else item, style)


def _fitting(start: str, texts: list[str], room: int) -> str:
    """The texts in one line, at least the first, with how many of them it does not hold.

    >>> _fitting("not there: ", ["/a", "/b", "/c"], 20), _fitting("", ["/a", "/b"], 40)
    ('not there: /a and 2 more', '/a, /b')
    """
    line = best = start
    for count, text in enumerate(texts, 1):
        line += f", {text}" if count > 1 else text
        rest = f" and {len(texts) - count} more" if count < len(texts) else ""
        if count > 1 and columns(line) > room:
            break
        if count == 1 or columns(line + rest) <= room:
            best = line + rest
    return best


def _is_news(item: Evidence, said: str) -> bool:
    """Whether a source says more than stands there already: no link does, and no file of the kernel for one value."""
    value = item.value or ""
    known = value in said and item.source in said
    return not known and value != item.source.rpartition("/")[2] and not item.source.startswith(("/proc/sys/", "/sys/"))


def _absent(item: Evidence) -> str:
    return printable(item.source) + (f" ({printable(item.locator)})" if item.locator else "")


def _fixes(results: list[Result], shown: dict[Fix, str], style: Style) -> Iterator[str]:
    fixes = dict.fromkeys([result.fix for result in results if result.fix is not None])
    for place, fix in enumerate(list(fixes)[:MOST_FIXES]):
        label = "fix" if place == 0 else ""
        if fix in shown:
            yield from _field(label, f"{fix.title}: as for {shown[fix]}", style)
        else:
            yield from _fix(label, fix, style)
            shown[fix] = next(result.id for result in results if result.fix == fix)
    if len(fixes) > MOST_FIXES:
        yield from _field("", f"and {len(fixes) - MOST_FIXES} more fixes", style)


def _fix(label: str, fix: Fix, style: Style) -> Iterator[str]:
    """The title, and what is to be done where that is short."""
    by_hand = fix.safety == MANUAL or all(isinstance(step, Manual) for step in fix.steps)
    how = "by hand" if by_hand else fix.safety
    how += ", takes a reboot" if fix.reboot else ""
    title, done = f"{fix.title} ({how})", "; ".join(_done(fix))
    most = FIX_LINES if any(isinstance(step, (Command, Manual)) for step in fix.steps) else 1
    lines = list(_field(label, f"{title}: {done}", style)) if done else []
    if not done or len(lines) > most:
        more = f"; {style.more} says how" if by_hand and style.more else ""
        lines = list(_field(label, f"{fix.title} ({how}{more})", style))
    yield from lines


def _done(fix: Fix) -> Iterator[str]:
    for step in fix.steps:
        if isinstance(step, Command):
            yield shell_line(step.argv)
        elif isinstance(step, Manual):
            yield printable(step.text.replace("\n", " "))
        elif step.path not in fix.title:
            yield f"{'in' if isinstance(step, Edit) else 'write'} {printable(step.path)}"


def _field(label: str, text: str, style: Style) -> Iterator[str]:
    head = "  " + paint(label, "dim", style) + " " * (INDENT - 2 - columns(label))
    return wrapped(head, text, style, INDENT)
