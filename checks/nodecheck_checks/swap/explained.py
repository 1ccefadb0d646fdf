"""Why swap that is on may be none that the boot turned on."""

from __future__ import annotations

from nodecheck.facts import ThisBoot, UnitLog
from nodecheck.facts.services.unit_names import unit_of_path

BY_HAND_S = 900
"""Seconds after the end of a boot from which on an area that comes is none of the boot's."""


def by_a_person(subject: str, log: UnitLog, boot: ThisBoot) -> str | None:
    """An area whose unit became active long after the boot had ended was turned on by hand: systemd makes a unit for
    each area of /proc/swaps, when it comes (src/core/swap.c)."""
    unit = unit_of_path(subject, ".swap")
    active_us = None if unit is None else log.times(unit).active_us
    if active_us is None or boot.finished_us is None or active_us <= boot.finished_us + BY_HAND_S * 1_000_000:
        return None
    minutes = (active_us - boot.finished_us) // 60_000_000
    return f"swap on {subject} was turned on by hand, {minutes} minutes after the boot"
