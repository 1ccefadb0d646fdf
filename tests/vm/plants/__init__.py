"""The plants, by topic, and the values that the suite asks for."""

from __future__ import annotations

from tests.vm.plant import Plant
from tests.vm.plants import (
    actors,
    late,
    modules,
    mounts,
    others,
    refused,
    scripts,
    services,
    swap,
    sysctls,
    timers,
    wishes,
)

PLANTS: tuple[Plant, ...] = (*swap.PLANTS, *sysctls.PLANTS, *modules.PLANTS, *services.PLANTS, *others.PLANTS)

LATE = late.PLANTS
"""Those of states of their own, so that the random states stay what they are."""

MOUNTS = mounts.PLANTS
"""What is mounted below images and volumes, in states of their own too."""

ACTING: tuple[Plant, ...] = tuple(map(wishes.below, (*actors.PLANTS, *timers.PLANTS, *scripts.PLANTS, *refused.PLANTS)))
"""What acts at boot besides: these too have states of their own, and the random states take some of them besides."""

WANTED = {**sysctls.WANTED, **wishes.WANTED}
"""Sysctl keys to the values that the profile asks for."""
