"""cri-dockerd: what a kubelet speaks to where docker is its runtime, since dockershim is gone."""

from __future__ import annotations

from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

UNITS = ("cri-docker.service", "cri-dockerd.service")
"""Upstream's own, and the one of Kubespray."""


class CriDockerd(NamedTuple):
    """The service that runs it."""

    unit: str | None = None
    """Its unit, without ``.service``; None where there is none."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, units: Lazy[UnitIndex]) -> CriDockerd:
        """Look for its unit."""
        index = units()
        return cls(next((name.removesuffix(".service") for name in UNITS if index.exists(name)), None))
