"""Waivers: which failures they cover, and what is to be said of the waivers themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nodecheck.checking.selectors import ENGINE_CHECKS, Selection, Selector, matches, parse_selector
from nodecheck.model.evidence import Evidence
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.outcomes import NOW, Result, Severity, Status, Waived, result_id
from nodecheck.model.steps import MANUAL, Fix, Manual
from nodecheck.profile.model import ResolvedProfile, Waiver
from nodecheck.text import printable, wellformed

SeverityOf = Callable[[str, tuple[str, ...], "str | None", str, Severity], Severity]


def looked_at(selection: Selection, waivers: Iterable[Waiver]) -> Selection:
    """What a run must look at: what was asked for, and what the waivers are about whose findings were asked for."""
    asked = [waiver.select for waiver in waivers if named(selection, waiver.select)]
    return selection._replace(select=(*selection.select, *[parse_selector(text) for text in asked]))


def waived(
    results: list[Result], profile: ResolvedProfile, selection: Selection, today: str, severity: SeverityOf
) -> list[Result]:
    """The selected results, the waivers in force applied, and the findings on the waivers themselves.

    ``results`` are those of what was looked at (:func:`looked_at`), which without waivers is what was selected.
    ``today`` is the date in UTC, as ``YYYY-MM-DD``; ``severity`` gives the profile's severity of a finding.
    """
    if not profile.waivers:
        return list(results)

    found = list(results)
    for waiver in profile.waivers:
        if waiver.expires is None or waiver.expires >= today:
            selector = parse_selector(waiver.select)
            for place, result in enumerate(found):
                if takes(selector, result):
                    found[place] = _cover(result, waiver)
    told = findings(results, profile, selection, today)
    told = [item._replace(severity=severity("waiver", (), item.subject, NOW, item.severity)) for item in told]
    return [*(result for result in found if _asked(selection, result)), *told]


def _asked(selection: Selection, result: Result) -> bool:
    unjudged = result.status in (Status.UNKNOWN, Status.SKIP)
    return result.check in ENGINE_CHECKS or selection.keeps(
        result.check, result.tags, result.subject, result.view, unjudged
    )


def takes(selector: Selector, result: Result) -> bool:
    """Whether a selector means this result."""
    return selector.takes(result.check, result.tags, result.subject, result.view)


def _cover(result: Result, waiver: Waiver) -> Result:
    if result.status != Status.FAIL:
        return result
    cover = Waived(waiver.select, waiver.reason, waiver.owner, waiver.expires, waiver.ticket, waiver.created)
    print_ = fingerprint(result.id, Status.FAIL, result.evidence)
    return result._replace(status=Status.WAIVED, waiver=cover, fingerprint=print_)


def named(selection: Selection, select: str) -> bool:
    """Whether a run was asked for the findings on this waiver by name."""
    return any(takes_waiver(other, select) for other in selection.select)


def takes_waiver(selector: Selector, select: str) -> bool:
    """Whether a selector means the findings on the waiver ``select``."""
    return selector.takes("waiver", (), printable(select), NOW)


def findings(results: Iterable[Result], profile: ResolvedProfile, selection: Selection, today: str) -> list[Result]:
    """One finding for each waiver that somebody must look at, of the results before any waiver was applied.

    An expired waiver, and one that matches no result, is a warning. For information: one whose results all pass, and
    one that ends within the profile's ``waiver-notice-days``. Only what the run looked at is spoken of.
    """
    items = tuple(results)
    last: dict[str, str] = {}
    for waiver in profile.waivers:
        last[waiver.select] = max(last.get(waiver.select, ""), waiver.expires or "9999-12-31")
    soon = _later(today, profile.waiver_notice_days)
    found: dict[str, Result] = {}
    for waiver in profile.waivers:
        selector = parse_selector(waiver.select)
        if _speaks_of(selection, selector):
            renewed = waiver.expires != last[waiver.select]
            finding = _finding(waiver, selector, items, selection, today, "" if renewed else soon)
            if finding is not None and _worse(finding, found.get(finding.id)):
                found[finding.id] = finding
    return list(found.values())


def _worse(finding: Result, other: Result | None) -> bool:
    return other is None or (finding.severity != other.severity and finding.severity == Severity.WARNING)


def _later(today: str, days: int) -> str:
    from datetime import date, timedelta

    return (date.fromisoformat(today) + timedelta(days)).isoformat()


def _finding(
    waiver: Waiver, selector: Selector, results: tuple[Result, ...], selection: Selection, today: str, soon: str
) -> Result | None:
    expires = waiver.expires or "9999-12-31"
    if expires < today:
        return _result(waiver, f"the waiver expired on {expires}", expires, Severity.WARNING)
    meant = [result for result in results if takes(selector, result)]
    hidden = any(_hides(selector, result) for result in results)
    if not meant:
        return None if hidden else _result(waiver, "the waiver matches nothing", waiver.select, Severity.WARNING)
    if any(result.status == Status.FAIL for result in meant):
        if soon and expires < soon:
            return _result(waiver, f"the waiver ends on {expires}", expires, Severity.INFO)
    elif not hidden and _all_well(meant) and _saw_all(selection, selector):
        return _result(waiver, "the waiver is no longer needed: nothing that it covers fails", "pass", Severity.INFO)
    return None


def _all_well(results: Iterable[Result]) -> bool:
    """Whether results say that what a waiver is about is well: something passes, and nothing could not be judged."""
    states = {result.status for result in results if result.cause is None or result.cause.code != "not-applicable"}
    return states == {Status.PASS}


def _saw_all(selection: Selection, selector: Selector) -> bool:
    """Whether no failure that the waiver is about can have been left out of the run."""
    if selection.view is not None and selector.view != selection.view:
        return False
    return not any(_touches(other, selector) for other in selection.ignore)


def _touches(one: Selector, other: Selector) -> bool:
    """Whether two selectors may mean the same result; yes where that cannot be told."""
    if one.view is not None and other.view is not None and one.view != other.view:
        return False
    if one.check is None or other.check is None:
        return True
    return matches(one.check, other.check) or matches(other.check, one.check)


def _hides(selector: Selector, result: Result) -> bool:
    """Whether a result says that nobody could look for the subjects that a waiver is about."""
    unjudged = result.status == Status.UNKNOWN or (result.cause is not None and result.cause.code == "offline")
    return unjudged and result.subject is None and takes(selector._replace(subject=None), result)


def _speaks_of(selection: Selection, selector: Selector) -> bool:
    """Whether the run looked at all that the waiver is about, so that its silence means something."""
    if any(takes_waiver(other, selector.text) or _covers(other, selector) for other in selection.ignore):
        return False
    if selection.view is not None and not selector.takes_view(selection.view):
        return False
    covered = not selection.select or any(_covers(other, selector) for other in selection.select)
    return covered or named(selection, selector.text)


def _covers(wide: Selector, narrow: Selector) -> bool:
    """Whether ``wide`` takes all that ``narrow`` takes."""
    pairs = ((wide.check, narrow.check), (wide.tag, narrow.tag), (wide.view, narrow.view))
    if wide.subject is not None and not matches(wide.subject, narrow.subject or ""):
        return False
    return all(one is None or (other is not None and matches(one, other)) for one, other in pairs)


def absent_files(paths: Iterable[str], selection: Selection, severity: SeverityOf) -> list[Result]:
    """A warning for each file of waivers that the configuration names and that is not there.

    Only where everything, or the waivers, was asked for: it is no verdict on the node.
    """
    found = []
    for path in paths:
        ignored = any(takes_waiver(other, path) for other in selection.ignore)
        if not ignored and (not selection.select or named(selection, path)):
            level = severity("waiver", (), printable(path), NOW, Severity.WARNING)
            message = f"the configuration names {path}, and there is no such file: its waivers do not count"
            step = Manual(f"Put {wellformed(path)} there, or take it out of waivers in the configuration")
            fix = Fix("Put the file of waivers in its place", (step,), MANUAL)
            evidence = (Evidence(wellformed(path)),)
            found.append(_said(path, message, "a file of waivers", None, evidence, level)._replace(fix=fix))
    return found


def _result(waiver: Waiver, message: str, value: str, severity: Severity) -> Result:
    evidence = (Evidence(waiver.source, f"waiver {printable(waiver.select)}", value),)
    whose = ", ".join(text for text in (waiver.owner, waiver.ticket) if text)
    message = f"{message}: {waiver.reason}" + (f" ({whose})" if whose else "")
    return _said(waiver.select, message, "a waiver in force that is needed", value, evidence, severity)


def _said(
    about: str, message: str, expected: str, actual: str | None, evidence: tuple[Evidence, ...], severity: Severity
) -> Result:
    subject = printable(about)
    identity = result_id("waiver", subject, NOW)
    print_ = fingerprint(identity, Status.FAIL, evidence)
    return Result(
        identity, "waiver", subject, NOW, Status.FAIL, severity, "Every waiver is in force and in use",
        printable(message), expected, actual, None, evidence, None, None, (), (), print_, 0.0,
    )  # fmt: skip
