"""Settings for people: a check and subject with both its views is one, and those that say the same stand together."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.model.outcomes import BOOT, Result, Status
from nodecheck.record import NamedTuple
from nodecheck.report.settings import ReportRow, rank, rows
from nodecheck.text import printable

Group = tuple[ReportRow, ...]
"""Settings that say the same."""


class Said(NamedTuple):
    """What a result says, without the name of what it is about."""

    status: Status
    severity: str
    text: str


def text_of(result: Result) -> str:
    """The message without its subject at the beginning or at the end: the id beside it says that.

    >>> from nodecheck.model.outcomes import Severity
    >>> one = Result("sysctl[a.b]", "sysctl", "a.b", "now", Status.FAIL, Severity.ERROR, "", "a.b is 0", None, None,
    ...              None, (), None, None, (), (), "", 0.0)
    >>> text_of(one), text_of(one._replace(message="set nowhere: a.b"))
    ('is 0', 'set nowhere')
    """
    rest = result.message.removeprefix(f"{result.subject} ").removesuffix(f": {result.subject}")
    return rest if rest.strip() else result.message


def results_of(row: ReportRow) -> tuple[Result, ...]:
    """The results of a setting, that of the ``now`` view first."""
    return tuple([result for result in (row.now, row.boot) if result is not None])


def grouped(results: Iterable[Result]) -> list[Group]:
    """The settings, the worst first, those together that say the same in the same views.

    What failed is told apart by its check, because its fix is the check's. What could not be judged, or does not apply,
    has often one reason in many checks.
    """
    found: dict[tuple[object, ...], list[ReportRow]] = {}
    for row in sorted(rows(results), key=lambda row: tuple([-part for part in rank(row.worst)])):
        found.setdefault(same(row), []).append(row)
    return [tuple(group) for group in found.values()]


def same(row: ReportRow) -> tuple[object, ...]:
    """What settings have in common that say the same."""
    own = row.worst.check if row.worst.status in (Status.FAIL, Status.PASS, Status.WAIVED) else None
    return (own, *[_said(result) for result in (row.now, row.boot)])


def _said(result: Result | None) -> Said | None:
    return None if result is None else Said(result.status, result.severity.value, text_of(result))


def names(group: Iterable[ReportRow], whole: bool = False) -> list[str]:
    """The ids of settings: ``swap`` for both views or the present alone, ``swap@boot`` for the next boot alone.

    ``whole``: every id as it is, to be found by its letters; else subjects of one check stand in one pair of brackets.
    """
    if whole:
        return [printable(result.id) for row in group for result in results_of(row)]
    found: dict[tuple[str, str], list[str]] = {}
    for row in group:
        view = f"@{BOOT}" if row.now is None else ""
        subjects = found.setdefault((row.worst.check, view), [])
        if row.worst.subject is not None:
            subjects.append(row.worst.subject)
    return [
        printable(f"{check}[{', '.join(subjects)}]{view}" if subjects else check + view)
        for (check, view), subjects in found.items()
    ]
