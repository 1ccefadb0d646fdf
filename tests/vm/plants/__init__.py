"""The plants, by topic, and the values that the suite asks for."""

from __future__ import annotations

from tests.vm.plant import Plant
from tests.vm.plants import modules, others, services, swap, sysctls

PLANTS: tuple[Plant, ...] = (*swap.PLANTS, *sysctls.PLANTS, *modules.PLANTS, *services.PLANTS, *others.PLANTS)

WANTED = sysctls.WANTED
"""Sysctl keys to the values that the profile asks for."""
