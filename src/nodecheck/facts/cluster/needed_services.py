"""Which services a node needs, by what is installed on it: its runtime, its kubelet, its time service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import FactError
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.places import UNIT as KUBELET
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.units import UnitIndex
from nodecheck.facts.services.well_known import AGENTS, GUEST_TIME_SERVICES, PTP_SERVICES, RUNTIMES, TIME_SERVICES
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import CONTROL_PLANE

_SNAP_KUBELET = "snap.kubelet.daemon.service"
_SNAP_RUNTIMES = ("snap.microk8s.daemon-containerd.service", "snap.k8s.containerd.service")
"""Of MicroK8s and of Canonical Kubernetes."""
_CRI_DOCKER = "cri-docker.service"

_TWINS = (("rke2-server.service", "rke2-agent.service"), ("k0scontroller.service", "k0sworker.service"))
"""Units that one package brings both; a node uses one of them, a server's or an agent's."""


class NeededServices(NamedTuple):
    """The units of the services that the node needs."""

    units: tuple[str, ...] = ()
    time: str | None = None
    """The unit of the time service that is the node's, where there are several; None for none."""
    time_others: tuple[str, ...] = ()
    """Other time services that are installed."""
    untold: FactError | None = None
    """Why the runtime cannot be told."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(
        cls, index: UnitIndex, kubelet: Lazy[KubeletConfig], target: Lazy[Target], starts: Lazy[BootStarts]
    ) -> NeededServices:
        """By the units that are there and by what the kubelet is told of its runtime."""
        index = index.persistent()
        agents = tuple(_agents(index, target))
        kubelets = tuple(name for name in (KUBELET, _SNAP_KUBELET) if index.exists(name))
        if not kubelets and not agents and _lacks_kubelet_unit(index, kubelet):
            kubelets = (KUBELET,)
        untold = None
        runtimes: tuple[str, ...] = ()
        snaps = tuple([name for name in _SNAP_RUNTIMES if name in index.files])
        if snaps:
            runtimes = snaps
        elif not agents or kubelets:
            try:
                runtimes = tuple(_runtimes(index, kubelet, target))
            except FactError as error:
                untold = error
        ptp = [name for name in _there(index, PTP_SERVICES) if index.starts_at_boot(name) is not None]
        clocks = tuple(_by_use(index, [*_there(index, TIME_SERVICES), *ptp]))
        guest = next((name for name in _there(index, GUEST_TIME_SERVICES) if starts().of(name).starts), None)
        if guest is not None and not any(starts().of(name).starts for name in clocks):
            clocks = (guest, *clocks)
        return cls((*runtimes, *kubelets, *agents), clocks[0] if clocks else None, clocks[1:], untold)


def _lacks_kubelet_unit(index: UnitIndex, kubelet: Lazy[KubeletConfig]) -> bool:
    """Whether the kubelet is here, by its program or its configuration, and no unit that may start it.

    Only where systemd's own units are here: files of a support case need not hold the kubelet's.
    """
    if not index.complete or any("kubelet" in name or "kubelite" in name for name in index.files):
        return False
    try:
        return kubelet().present
    except FactError:
        return True  # a configuration that is there and cannot be read


def _there(index: UnitIndex, names: Iterable[str]) -> list[str]:
    """The units of these names that are there and not masked, each once by its own name."""
    found = [index.resolve(name) for name in names if index.exists(name) and not index.masked(name)]
    return list(dict.fromkeys(found))


def _by_use(index: UnitIndex, names: list[str]) -> list[str]:
    """Those that start at boot first."""
    return sorted(names, key=lambda name: index.starts_at_boot(name) is None)


def _agents(index: UnitIndex, target: Lazy[Target]) -> Iterator[str]:
    for name in (name for name in AGENTS if index.exists(name)):
        twins = next((pair for pair in _TWINS if name in pair), (name,))
        if all(index.exists(twin) for twin in twins):
            used = [twin for twin in twins if index.starts_at_boot(twin) is not None]
            default = twins[0] if target().role == CONTROL_PLANE else twins[-1]
            if name != (used[0] if used else default):
                continue
        yield name


def _runtimes(index: UnitIndex, kubelet: Lazy[KubeletConfig], target: Lazy[Target]) -> Iterator[str]:
    """The runtime that the kubelet points to; where there is no kubelet that says so, what starts at boot."""
    config = kubelet()
    wanted = config.runtime() or config.runtime(target().release) if config.present else None
    if wanted is not None:
        unit = f"{wanted}.service"
        if index.exists(unit) or index.complete:
            yield unit
        if wanted == "docker" and index.exists(_CRI_DOCKER):
            yield _CRI_DOCKER
        return
    there = _by_use(index, _there(index, RUNTIMES))
    used = [name for name in there if index.starts_at_boot(name) is not None]
    yield from used or there[:1]
