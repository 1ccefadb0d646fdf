"""The settings of a report: a check and subject with both its views is one; and the verdict with counts of them.

Whoever says in words how many fail or could not be judged says it by this: ``run``, ``plan``, ``audit``, ``baseline``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.model.outcomes import BOOT, NOW, Result, Severity, Status
from nodecheck.record import NamedTuple
from nodecheck.report.model import Report


class ReportRow(NamedTuple):
    """One check and subject: its id without the view, and its result in each view that was judged."""

    name: str
    now: Result | None
    boot: Result | None

    @property
    def worst(self) -> Result:
        """The result that says most; that of the ``now`` view where both say as much."""
        if self.now is None or self.boot is None:
            return self.now or self.boot  # type: ignore[return-value]
        return self.boot if rank(self.boot) > rank(self.now) else self.now


_ORDER = {Status.SKIP: 0, Status.PASS: 1, Status.WAIVED: 2, Status.UNKNOWN: 3, Status.FAIL: 4}
_LEVELS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def rank(result: Result) -> tuple[int, int]:
    """How much a result asks for attention: failures before what is unknown, errors before warnings."""
    return _ORDER[result.status], _LEVELS[result.severity]


def rows(results: Iterable[Result]) -> list[ReportRow]:
    """A row a check and subject, in the order of their names."""
    found: dict[str, ReportRow] = {}
    for result in results:
        name = row_name(result)
        row = found.get(name, ReportRow(name, None, None))
        found[name] = row._replace(now=result) if result.view == NOW else row._replace(boot=result)
    return [found[name] for name in sorted(found)]


def row_name(result: Result) -> str:
    """The id without the view, which both views share."""
    return result.id.removesuffix("@boot") if result.view == BOOT else result.id


class VerdictPart(NamedTuple):
    """A part of the verdict in words, and the settings that it counts. ``made``: they are why it is as it is."""

    text: str
    settings: tuple[ReportRow, ...] = ()
    made: bool = False


WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def verdict_parts(report: Report) -> Iterator[VerdictPart]:
    """How many settings are not well in which way."""
    settings, verdict = rows(report.results), report.summary.verdict
    unknown = tuple(having(settings, Status.UNKNOWN))
    if verdict == "unknown" and unknown:
        yield VerdictPart(not_judged(len(unknown)), unknown, True)
    for level, word in WORDS.items():
        failed, counts = tuple(having(settings, Status.FAIL, level)), level.reaches(report.run.fail_on)
        if failed and (counts or level != Severity.INFO):
            yield VerdictPart(counted(len(failed), word), failed, counts or verdict == "pass")
    if verdict != "unknown" and unknown:
        yield VerdictPart(f"{len(unknown)} unknown", unknown, verdict == "pass")
    if waived := having(settings, Status.WAIVED):
        yield VerdictPart(f"{len(waived)} waived", tuple(waived))


def not_judged(count: int) -> str:
    """How many settings could not be judged.

    >>> not_judged(1)
    '1 setting could not be judged'
    """
    return f"{counted(count, 'setting')} could not be judged"


def in_words(verdict: str, parts: Iterable[str], well: str = "") -> str:
    """The verdict, with what is not well; ``well`` is what to say of a pass with nothing of that.

    >>> in_words("pass", ["3 warnings"]), in_words("fail", ["2 errors", "1 waived"]), in_words("pass", [])
    ('PASS with 3 warnings', 'FAIL: 2 errors, 1 waived', 'PASS')
    """
    told = ", ".join(parts)
    if verdict == "pass":
        return f"PASS with {told}" if told else f"PASS: {well}" if well else "PASS"
    return f"{verdict.upper()}: {told or 'nothing was judged'}"


def in_short(report: Report) -> str:
    """The verdict in a few words, without names: ``FAIL: 2 errors, 1 unknown``."""
    return in_words(report.summary.verdict, [part.text for part in verdict_parts(report)])


def counted(count: int, word: str) -> str:
    """A number and its word.

    >>> counted(1, "error"), counted(2, "error")
    ('1 error', '2 errors')
    """
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def settings_and_results(settings: int, results: int) -> str:
    """How many settings, and how many results the report's summary counts where those are more.

    >>> settings_and_results(2, 3), settings_and_results(2, 2)
    ('2 settings (3 results)', '2 settings')
    """
    more = f" ({counted(results, 'result')})" if results != settings else ""
    return counted(settings, "setting") + more


def having(settings: Iterable[ReportRow], status: Status, level: Severity | None = None) -> list[ReportRow]:
    """The settings of which a view has this status, each with such views alone; ``level``: of the worst of these."""
    found = [row._replace(now=_if(row.now, status), boot=_if(row.boot, status)) for row in settings]
    there = [row for row in found if row.now or row.boot]
    return [row for row in there if level is None or row.worst.severity == level]


def _if(result: Result | None, status: Status) -> Result | None:
    return result if result is not None and result.status == status else None
