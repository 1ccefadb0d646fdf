"""The plants, by topic, and the values that the suite asks for."""

from __future__ import annotations

from tests.vm.plant import Plant
from tests.vm.plants import late, modules, others, services, swap, sysctls

PLANTS: tuple[Plant, ...] = (*swap.PLANTS, *sysctls.PLANTS, *modules.PLANTS, *services.PLANTS, *others.PLANTS)

LATE = late.PLANTS
"""Those of states of their own, so that the random states stay what they are."""

WANTED = sysctls.WANTED
"""Sysctl keys to the values that the profile asks for."""
