"""Waivers: accepted failures, shown and never hidden (contract, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nodecheck.checking.finish import fingerprint
from nodecheck.checking.model import NOW, Evidence, Result, Severity, Status, Waived, result_id
from nodecheck.checking.selectors import ENGINE_CHECKS, Selection, Selector, matches, parse_selector
from nodecheck.profile.model import Waiver
from nodecheck.text import printable

SeverityOf = Callable[[str, tuple[str, ...], str | None, str, Severity], Severity]


def looked_at(selection: Selection, waivers: Iterable[Waiver]) -> Selection:
    """What a run must look at: what was asked for, and what the waivers are about whose findings were asked for."""
    asked = [waiver.select for waiver in waivers if _by_name(selection, waiver.select)]
    return selection._replace(select=(*selection.select, *[parse_selector(text) for text in asked]))


def waived(
    results: list[Result], waivers: Iterable[Waiver], selection: Selection, today: str, severity: SeverityOf
) -> list[Result]:
    """The selected results, the waivers in force applied, and a finding for each that is expired or matched nothing.

    ``today`` is the date in UTC, as ``YYYY-MM-DD``; ``severity`` gives the profile's severity of a finding.
    """
    found = list(results)
    findings: dict[str, Result] = {}
    for waiver in waivers:
        selector = parse_selector(waiver.select)
        meant = [place for place, result in enumerate(found) if _takes(selector, result)]
        if waiver.expires is not None and waiver.expires < today:
            finding = _finding(waiver, f"the waiver expired on {waiver.expires}: {waiver.reason}", waiver.expires)
        elif not meant and any(_hides(selector, result) for result in found):
            continue
        elif not meant:
            finding = _finding(waiver, f"the waiver matches nothing: {waiver.reason}", waiver.select)
        else:
            for place in meant:
                found[place] = _cover(found[place], waiver)
            continue
        if _speaks_of(selection, selector):
            level = severity("waiver", (), finding.subject, NOW, finding.severity)
            findings.setdefault(finding.id, finding._replace(severity=level))
    return [*(result for result in found if _asked(selection, result)), *findings.values()]


def _asked(selection: Selection, result: Result) -> bool:
    unjudged = result.status in (Status.UNKNOWN, Status.SKIP)
    return result.check in ENGINE_CHECKS or selection.keeps(
        result.check, result.tags, result.subject, result.view, unjudged
    )


def _hides(selector: Selector, result: Result) -> bool:
    """Whether a result says that nobody could look for the subjects that a waiver is about."""
    unjudged = result.status == Status.UNKNOWN or (result.cause is not None and result.cause.code == "offline")
    return unjudged and result.subject is None and _takes(selector._replace(subject=None), result)


def _takes(selector: Selector, result: Result) -> bool:
    return selector.takes(result.check, result.tags, result.subject, result.view)


def _cover(result: Result, waiver: Waiver) -> Result:
    if result.status != Status.FAIL:
        return result
    cover = Waived(waiver.select, waiver.reason, waiver.owner, waiver.expires)
    print_ = fingerprint(result.id, Status.FAIL, result.evidence)
    return result._replace(status=Status.WAIVED, waiver=cover, fingerprint=print_)


def _speaks_of(selection: Selection, selector: Selector) -> bool:
    """Whether the run looked at all that the waiver is about, so that its silence means something."""
    if any(_takes_waiver(other, selector.text) or _covers(other, selector) for other in selection.ignore):
        return False
    if selection.view is not None and not selector.takes_view(selection.view):
        return False
    covered = not selection.select or any(_covers(other, selector) for other in selection.select)
    return covered or _by_name(selection, selector.text)


def _by_name(selection: Selection, select: str) -> bool:
    return any(_takes_waiver(other, select) for other in selection.select)


def _takes_waiver(selector: Selector, select: str) -> bool:
    return selector.takes("waiver", (), printable(select), NOW)


def _covers(wide: Selector, narrow: Selector) -> bool:
    """Whether ``wide`` takes all that ``narrow`` takes."""
    pairs = ((wide.check, narrow.check), (wide.tag, narrow.tag), (wide.view, narrow.view))
    if wide.subject is not None and not matches(wide.subject, narrow.subject or ""):
        return False
    return all(one is None or (other is not None and matches(one, other)) for one, other in pairs)


def _finding(waiver: Waiver, message: str, value: str) -> Result:
    subject = printable(waiver.select)
    identity = result_id("waiver", subject, NOW)
    evidence = (Evidence("profile", f"waiver {subject}", value),)
    return Result(
        identity,
        "waiver",
        subject,
        NOW,
        Status.FAIL,
        Severity.WARNING,
        "Every waiver is in force and in use",
        printable(message),
        "a waiver in force that matches a result",
        value,
        None,
        evidence,
        None,
        None,
        (),
        (),
        fingerprint(identity, Status.FAIL, evidence),
        0.0,
    )
