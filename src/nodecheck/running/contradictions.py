"""Where the present speaks against the boot view: most runs find none, and need not look any further."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.model.outcomes import BOOT, NOW, Result, Status
from nodecheck.record import NamedTuple


class Contradiction(NamedTuple):
    """A pass of the boot view, and the failures of the present that speak against it."""

    boot: Result
    present: tuple[Result, ...]


def contradictions(results: Iterable[Result]) -> list[Contradiction]:
    """Where the present fails what the boot view passes: the same subject, or any where the pass is about all of them
    (``swap@boot`` and ``swap[/dev/sda2]``)."""
    failing: dict[str, list[Result]] = {}
    passing = []
    for result in results:
        if result.view == NOW and result.status == Status.FAIL:
            failing.setdefault(result.check, []).append(result)
        elif result.view == BOOT and result.status == Status.PASS:
            passing.append(result)
    found = []
    for boot in passing:
        present = [now for now in failing.get(boot.check, ()) if boot.subject in (None, now.subject)]
        if present:
            found.append(Contradiction(boot, tuple(present)))
    return found
