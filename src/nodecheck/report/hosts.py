"""What came of several hosts: a report of each, or why there is none; and one exit code for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

from nodecheck.model.outcomes import Severity
from nodecheck.record import NamedTuple
from nodecheck.report.model import Report
from nodecheck.report.summary import FAILED, OK, UNJUDGED

SCHEMA = "urn:nodecheck:schema:hosts:1"
SCHEMA_VERSION = "1.0"


class Unreached(NamedTuple):
    """Why there is no report of a host. It counts as ``unknown`` of severity error."""

    code: str
    """``unreachable`` (ssh did not get there, or the connection broke), ``timeout``, ``too-large``, ``no-capture``."""
    text: str
    """One line that is safe on a terminal."""
    brief: str = ""
    """The part of it that says most: the last line that ssh said, without what a node says to everybody who comes."""

    @property
    def line(self) -> str:
        """What stands beside the host's name."""
        return self.brief or self.text


HostAnswer = Union[Report, Unreached]


class HostCode(NamedTuple):
    """What the exit code needs to know of a host."""

    code: int
    failed: frozenset[Severity]
    """The severities of what failed."""


def code_of(answer: HostAnswer) -> HostCode:
    """The exit code that a host alone would give: 0, 1 or 3."""
    if isinstance(answer, Unreached):
        return HostCode(UNJUDGED, frozenset())
    return HostCode(answer.exit_code, frozenset([result.severity for result in answer.failures]))


def worst_of(codes: Iterable[HostCode]) -> HostCode:
    """One for all: a failure anywhere wins over what is unknown, and that over a pass (contract, section 4).

    >>> worst_of([HostCode(0, frozenset()), HostCode(3, frozenset()), HostCode(1, frozenset())]).code
    1
    """
    found = list(codes)
    severities = frozenset[Severity]().union(*[one.failed for one in found])
    order = (FAILED, UNJUDGED, OK)
    return HostCode(min([one.code for one in found], key=order.index, default=UNJUDGED), severities)
