"""Requirements as rows: what is wanted, of which releases and nodes, why, by which source, and who asks for it.

A row that is only planned judges nothing: it gives a note, with the day on which that was read.

A new release of Kubernetes is a change of rows: no check and no fact compares a release of Kubernetes itself.
"""

from __future__ import annotations

from nodecheck.model.evidence import Evidence
from nodecheck.model.outcomes import Outcome, Severity, Status
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodecheck.model.steps import Fix
    from nodecheck.requirements.asked import Asked

Release = tuple[int, ...]
"""Major and minor number of a Kubernetes release; what follows them does not count."""

OLDEST, NEWEST = (1, 17), (1, 37)
"""The releases of Kubernetes that nodecheck knows. Where a node's release is not known, the newest counts."""

TABLE, PROFILE = "the table", "the profile"
"""Who asks for a row."""


class Row(NamedTuple):
    """One requirement."""

    name: str
    """The subject that it is about."""
    wanted: str
    reason: str
    """Why, as a message can say it after ``;`` or ``:``."""
    source: str
    """Where that is written: a file of Kubernetes, a KEP, a changelog."""
    severity: Severity = Severity.ERROR
    since: Release = ()
    """From this release of Kubernetes on; empty: of every release."""
    before: Release | None = None
    """Only before this release."""
    role: str | None = None
    """Only on nodes of this role; None: on all."""
    modes: tuple[str | None, ...] = ()
    """Only in these proxy modes; None among them is a mode that is not known. None at all: in every mode."""
    asked_by: str = TABLE
    planned: str = ""
    """The day on which it was read that this is planned: then it is a note, and judges nothing (``2026-11-29``)."""

    def by_profile(self, wanted: str | None = None) -> Row:
        """The same where a profile names it: it is always judged, and an error."""
        return self._replace(
            wanted=self.wanted if wanted is None else wanted, severity=Severity.ERROR, asked_by=PROFILE
        )

    def covers(self, release: Release) -> bool:
        """Whether it is asked of that release of Kubernetes."""
        return self.since <= release and (self.before is None or release < self.before)

    def covers_all_before(self, release: Release) -> bool:
        """Whether it is asked of every release before that one."""
        return not self.since and (self.before is None or release <= self.before)

    def holds(self, asked: Asked) -> bool:
        """Whether it is asked of a node."""
        if self.planned or not self.covers(asked.release or NEWEST):
            return False
        return self.role in (None, asked.role) and (not self.modes or asked.proxy_mode in self.modes)

    @property
    def note(self) -> str:
        """What is to be said of it where it is planned.

        >>> Row("v1", "gone", "its code may go", "KEP-5573", since=(1, 38), planned="2026-11-29").note
        'planned for Kubernetes 1.38, read on 2026-11-29: gone: its code may go (KEP-5573)'
        """
        release = ".".join(map(str, self.since))
        return f"planned for Kubernetes {release}, read on {self.planned}: {self.wanted}: {self.reason} ({self.source})"


def named_row(name: str, wanted: str = "") -> Row:
    """What a profile asks for and no table knows."""
    return Row(name, wanted, "the profile asks for it", PROFILE, asked_by=PROFILE)


class Table:
    """Rows. Where several of one name hold, the first counts."""

    def __init__(self, *rows: Row) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def of(self, asked: Asked) -> tuple[Row, ...]:
        """The rows that hold for a node."""
        return tuple([row for row in self.rows if row.holds(asked)])

    def find(self, name: str, asked: Asked) -> Row | None:
        """The row of that name that holds for a node; None where nothing is asked."""
        return next((row for row in self.rows if row.name == name and row.holds(asked)), None)

    def at(self, name: str, release: Release) -> Row:
        """The row of that name for a release, whatever the node. Raises LookupError where there is none."""
        for row in self.rows:
            if row.name == name and not row.planned and row.covers(release):
                return row
        raise LookupError(f"no row says what is asked of {name} in Kubernetes {'.'.join(map(str, release))}")

    def notes(self, name: str, release: Release | None) -> tuple[str, ...]:
        """What is planned of that name for a release (None: the newest that is known)."""
        held = [row for row in self.rows if row.planned and row.name == name and row.covers(release or NEWEST)]
        return tuple([row.note for row in held])

    def row(self, name: str, asked: Asked, wanted: str | None = None, named: bool = False) -> Row:
        """The row of a subject that is to be judged: the profile's where it names the subject, else the table's.

        ``wanted`` is what the resolved profile wants of it. What no row holds of can only come from a profile.
        """
        found = self.find(name, asked)
        if found is None:
            return named_row(name, wanted or "")
        if named:
            return found.by_profile(wanted)
        return found if wanted is None else found._replace(wanted=wanted)


def verdict(
    met: bool,
    message: str,
    row: Row,
    actual: str,
    evidence: Iterable[Evidence],
    fix: Fix | None = None,
    failing: str | None = None,
    notes: Iterable[str] = (),
) -> Outcome:
    """Pass or fail by a row: its subject, what it wants and its severity; the fix only where it is not met.

    A failure says ``failing``, else the message with what is wanted and why.
    """
    told, also = tuple(evidence), tuple(notes)
    if met:
        return Outcome(Status.PASS, message, row.name, row.wanted, actual, told, None, row.severity, None, also)
    message = failing or f"{message}, not {row.wanted}: {row.reason}"
    return Outcome(Status.FAIL, message, row.name, row.wanted, actual, told, fix, row.severity, None, also)
