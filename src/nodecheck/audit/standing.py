"""What stands: of each result the status that was told, since when, and what the last runs said against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nodecheck.errors import UsageError
from nodecheck.model.outcomes import Result, Status
from nodecheck.record import NamedTuple
from nodecheck.report import Report

PASS, FAIL, UNKNOWN, SKIP, WAIVED = "pass", "fail", "unknown", "skip", "waived"
ABSENT = ""
"""The status of a result that is not in a report."""

MOST_RUNS = 100


class Flap(NamedTuple):
    """A status is told once it held in ``held`` of the last ``of`` runs."""

    held: int
    of: int


STEADY = Flap(1, 1)
"""Told at once."""


def parse_flap(text: str) -> Flap:
    """The flap control of a text.

    >>> parse_flap("2/3")
    Flap(held=2, of=3)

    Raises UsageError.
    """
    held, slash, of = text.partition("/")
    for part in (held, of):
        if not (slash and part.isascii() and part.isdigit() and len(part) <= 3):
            raise UsageError(f"flap: expected N/M such as 2/3 (N of the last M runs), found {text!r}")
    found = Flap(int(held), int(of))
    if not 1 <= found.held <= found.of <= MOST_RUNS:
        raise UsageError(f"flap: expected N/M with 1 <= N <= M <= {MOST_RUNS}, found {text!r}")
    return found


class Moment(NamedTuple):
    """A run: its number (None: it was not recorded) and when it began, RFC 3339 UTC."""

    run: int | None
    at: str


class Standing(NamedTuple):
    """What stands of one result."""

    check: str
    subject: str | None
    view: str
    status: str
    severity: str
    fingerprint: str
    """Empty where none is known that the present version of nodecheck made."""
    message: str
    since: Moment
    failing: Moment | None
    """Since when it fails, waived or not; kept while it cannot be judged."""
    window: tuple[tuple[str, Moment], ...] = ()
    """What the last runs found, from the first that disagreed with ``status`` on."""


Place = tuple[str, str]
"""A check in one view."""


class Seen(NamedTuple):
    """A report, for looking up."""

    results: dict[str, Result]
    checks: frozenset[str]
    judged: frozenset[Place]
    """Where something was judged."""
    subjects: frozenset[Place]
    """Where there is a result with a subject."""
    hidden: dict[Place, str]
    """Where what is not told may be there all the same: the check could not look at all, or judged nothing of what it
    told; with the id of what could not be judged."""
    broken: str | None
    """The id of a plugin that could not be loaded, so that checks may be missing."""

    def status(self, name: str, before: Standing | None) -> str:
        """What the report says of a result: ``unknown`` too where nobody could look for it."""
        result = self.results.get(name)
        if result is not None:
            return _status(result)
        if before is None or self.hidden_by(before) is None:
            return ABSENT
        # "There is nothing" made room for something that cannot be judged: that is told of the subject.
        made_room = before.subject is None and before.status in (PASS, SKIP) and before.check in self.checks
        return ABSENT if made_room else UNKNOWN

    def hidden_by(self, before: Standing) -> str | None:
        """The id of the result because of which nobody could look for what stood before."""
        return self.hidden.get((before.check, before.view)) or (
            self.broken if before.check not in self.checks else None
        )


def _status(result: Result) -> str:
    offline = result.status == Status.SKIP and result.cause is not None and result.cause.code == "offline"
    return UNKNOWN if offline else result.status.value


def seen_in(results: Sequence[Result]) -> Seen:
    """The results of a report, for looking up."""
    unjudged = [result for result in results if _status(result) == UNKNOWN]
    judged = frozenset([(result.check, result.view) for result in results if _status(result) != UNKNOWN])
    blind = [result for result in unjudged if result.subject is None or (result.check, result.view) not in judged]
    return Seen(
        {result.id: result for result in results},
        frozenset([result.check for result in results]),
        judged,
        frozenset([(result.check, result.view) for result in results if result.subject is not None]),
        {(result.check, result.view): result.id for result in sorted(blind, reverse=True)},
        next((result.id for result in unjudged if result.check == "plugin"), None),
    )


def standing_of(report: Report, moment: Moment) -> dict[str, Standing]:
    """What stands after a report of which nothing was known before."""
    seen = seen_in(report.results)
    found = {name: followed(None, name, seen, moment, STEADY) for name in seen.results}
    return {name: standing for name, standing in found.items() if standing is not None}


def with_evidence(standings: Mapping[str, Standing], known: Mapping[str, str]) -> dict[str, Standing]:
    """What stands, with the fingerprints that are known, by id: those of another version cannot be compared."""
    return {name: standing._replace(fingerprint=known.get(name, "")) for name, standing in standings.items()}


def followed(before: Standing | None, name: str, seen: Seen, moment: Moment, flap: Flap) -> Standing | None:
    """What stands of a result after a report; None where nothing does."""
    status = seen.status(name, before)
    stood = ABSENT if before is None else before.status
    window = (*(() if before is None else before.window), (status, moment))[-flap.of :]
    while window and window[0][0] == stood:
        window = window[1:]
    held = [when for found, when in window if found == status]
    if status != stood and len(held) >= flap.held:
        return _turned(before, name, status, held[0], seen)
    if before is None and not window:
        return None
    kept = before or _blank(seen.results[name], moment)
    if status == stood and name in seen.results:
        kept = _told(kept, seen.results[name])
    return None if stood == ABSENT and not window else kept._replace(window=window)


def _blank(result: Result, moment: Moment) -> Standing:
    return Standing(
        result.check, result.subject, result.view, ABSENT, result.severity.value, "", result.message, moment, None
    )


def _told(standing: Standing, result: Result) -> Standing:
    return standing._replace(severity=result.severity.value, fingerprint=result.fingerprint, message=result.message)


def _turned(before: Standing | None, name: str, status: str, since: Moment, seen: Seen) -> Standing | None:
    """What stands after a change of status."""
    if status == ABSENT:
        return None
    result = seen.results.get(name)
    standing = before or _blank(seen.results[name], since)
    if result is not None:
        standing = _told(standing, result)
    failing = standing.failing
    if status in (FAIL, WAIVED):
        failing = failing or since
    elif status != UNKNOWN:
        failing = None
    return standing._replace(status=status, since=since, failing=failing, window=())


def packed(standings: dict[str, Standing]) -> list[Any]:
    """Standings as JSON."""
    return [[name, *standing] for name, standing in sorted(standings.items())]


def unpacked(found: list[Any]) -> dict[str, Standing]:
    """The standings that :func:`packed` wrote."""
    return {item[0]: _standing(item[1:]) for item in found}


def _standing(fields: list[Any]) -> Standing:
    *plain, since, failing, window = fields
    moments = (
        Moment(*since),
        None if failing is None else Moment(*failing),
        tuple([(status, Moment(*when)) for status, when in window]),
    )
    return Standing._make([*plain, *moments])
