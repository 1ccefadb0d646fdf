"""The words of the contract as types: statuses, severities, evidence, outcomes and results."""

from __future__ import annotations

from enum import Enum

from nodecheck.model.evidence import Evidence
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.model.steps import Fix


class Status(str, Enum):
    """What a check found; equal to its JSON text."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIP = "skip"
    WAIVED = "waived"

    __str__ = str.__str__


class Severity(str, Enum):
    """How much a failure matters; equal to its JSON text."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    __str__ = str.__str__

    def reaches(self, threshold: str) -> bool:
        """Whether this is at or above ``threshold``.

        >>> Severity.WARNING.reaches("info"), Severity.WARNING.reaches("error")
        (True, False)
        """
        return _RANK[self] >= _RANK[threshold]


_RANK = {"error": 3, "warning": 2, "info": 1}

NOW = "now"
BOOT = "boot"
VIEWS = (NOW, BOOT)


OUT_OF_PHASE = "not-selected-phase"
"""The code of the cause of what is not asked of a node in its phase."""


class Cause(NamedTuple):
    """Why a result is ``unknown`` or ``skip``."""

    code: str
    detail: str


class Waived(NamedTuple):
    """The waiver that covers a failure."""

    select: str
    reason: str
    owner: str | None
    expires: str | None
    ticket: str | None = None
    created: str | None = None

    @property
    def whose(self) -> str:
        """Who answers for it, and where it was agreed.

        >>> Waived("swap", "zram", "ops", None, "OPS-7").whose, Waived("swap", "zram", None, None).whose
        ('ops, OPS-7', 'no owner')
        """
        owner = self.owner or "no owner"
        return f"{owner}, {self.ticket}" if self.ticket else owner


class Outcome(NamedTuple):
    """What a check yields; the engine makes a :class:`Result` of it."""

    status: Status
    message: str
    subject: str | None = None
    expected: str | None = None
    actual: str | None = None
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    severity: Severity | None = None
    cause: Cause | None = None
    notes: tuple[str, ...] = ()
    """What a reader may want to know of it beside the verdict, such as a rule that is planned."""


class Result(NamedTuple):
    """One verdict; its fields are the keys of the JSON report."""

    id: str
    check: str
    subject: str | None
    view: str
    status: Status
    severity: Severity
    title: str
    message: str
    expected: str | None
    actual: str | None
    cause: Cause | None
    evidence: tuple[Evidence, ...]
    fix: Fix | None
    waiver: Waived | None
    tags: tuple[str, ...]
    references: tuple[str, ...]
    fingerprint: str
    duration_s: float
    notes: tuple[str, ...] = ()


def result_id(check: str, subject: str | None, view: str) -> str:
    """The id of a result.

    >>> result_id("swap", "/dev/zram0", "boot"), result_id("selinux", None, "now")
    ('swap[/dev/zram0]@boot', 'selinux')
    """
    name = check if subject is None else f"{check}[{subject}]"
    return name if view == NOW else f"{name}@{view}"
