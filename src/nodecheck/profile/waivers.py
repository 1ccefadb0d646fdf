"""Waivers: accepted failures, shown and never hidden (contract, section 8)."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.checking.finish import fingerprint
from nodecheck.checking.model import Evidence, Result, Severity, Status, Waived, result_id
from nodecheck.checking.selectors import Selection, Selector, parse_selector
from nodecheck.profile.model import Waiver


def waived(results: list[Result], waivers: Iterable[Waiver], selection: Selection, today: str) -> list[Result]:
    """The results with the waivers in force applied, and a finding for each that is expired or matched nothing.

    ``today`` is the date in UTC, as ``YYYY-MM-DD``.
    """
    found = list(results)
    for waiver in waivers:
        selector = parse_selector(waiver.select)
        meant = [place for place, result in enumerate(found) if _takes(selector, result)]
        if waiver.expires is not None and waiver.expires < today:
            finding = _finding(waiver, f"the waiver expired on {waiver.expires}: {waiver.reason}", waiver.expires)
        elif not meant:
            finding = _finding(waiver, f"the waiver matches nothing: {waiver.reason}", waiver.select)
        else:
            for place in meant:
                found[place] = _cover(found[place], waiver)
            continue
        if _speaks_of(selection, selector):
            found.append(finding)
    return found


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
    if any(other.takes("waiver", (), selector.text, "now") for other in selection.ignore):
        return False
    if selection.view is not None and not selector.takes_view(selection.view):
        return False
    if not selection.select:
        return True
    return any(
        other.takes("waiver", (), selector.text, "now")
        or (other.subject is None and other.view is None and other.check == selector.check)
        for other in selection.select
    )


def _finding(waiver: Waiver, message: str, value: str) -> Result:
    identity = result_id("waiver", waiver.select, "now")
    evidence = (Evidence("profile", f"waiver {waiver.select}", value),)
    return Result(
        identity,
        "waiver",
        waiver.select,
        "now",
        Status.FAIL,
        Severity.WARNING,
        "Every waiver is in force and in use",
        message,
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
