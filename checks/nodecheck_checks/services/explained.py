"""Why a service that does not run may be one that the boot started all the same."""

from __future__ import annotations

from nodecheck.facts import UnitLog
from nodecheck_checks.services.names import candidates


def ran(subject: str, log: UnitLog) -> str | None:
    """A unit that ran since the boot kept what was said of it, whoever stopped it."""
    unit = next((unit for unit in candidates(subject) if log.times(unit).active_us is not None), None)
    return None if unit is None else f"{unit} ran since the boot, and was stopped"
