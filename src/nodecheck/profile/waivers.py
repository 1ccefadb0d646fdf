"""Waivers: accepted failures, shown and never hidden (contract, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nodecheck.checking.selectors import ENGINE_CHECKS, Selection, Selector, parse_selector
from nodecheck.model.fingerprint import fingerprint
from nodecheck.model.outcomes import NOW, Result, Severity, Status, Waived
from nodecheck.profile.model import Profile, Waiver
from nodecheck.text import printable

SeverityOf = Callable[[str, tuple[str, ...], str | None, str, Severity], Severity]


def looked_at(selection: Selection, waivers: Iterable[Waiver]) -> Selection:
    """What a run must look at: what was asked for, and what the waivers are about whose findings were asked for."""
    asked = [waiver.select for waiver in waivers if named(selection, waiver.select)]
    return selection._replace(select=(*selection.select, *[parse_selector(text) for text in asked]))


def waived(
    results: list[Result], profile: Profile, selection: Selection, today: str, severity: SeverityOf
) -> list[Result]:
    """The selected results, the waivers in force applied, and the findings on the waivers themselves.

    ``today`` is the date in UTC, as ``YYYY-MM-DD``; ``severity`` gives the profile's severity of a finding.
    """
    if not profile.waivers:
        return [result for result in results if _asked(selection, result)]
    from nodecheck.profile.waiver_findings import findings

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
    cover = Waived(waiver.select, waiver.reason, waiver.owner, waiver.expires)
    print_ = fingerprint(result.id, Status.FAIL, result.evidence)
    return result._replace(status=Status.WAIVED, waiver=cover, fingerprint=print_)


def named(selection: Selection, select: str) -> bool:
    """Whether a run was asked for the findings on this waiver by name."""
    return any(takes_waiver(other, select) for other in selection.select)


def takes_waiver(selector: Selector, select: str) -> bool:
    """Whether a selector means the findings on the waiver ``select``."""
    return selector.takes("waiver", (), printable(select), NOW)
