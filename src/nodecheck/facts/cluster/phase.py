"""Where in its life the node is: an image, before or after it joined a cluster, or before an upgrade."""

from __future__ import annotations

from nodecheck.errors import Absent, FactError, NotCaptured
from nodecheck.facts.kubelet.places import (
    AGENT_UNITS,
    CONFIGS,
    OPENSHIFT_CONFIG,
    SIGNS,
    SNAP_ARGUMENTS,
    has_kubelet,
)
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Each, Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import IMAGE, INSTALL, STEADY, UPGRADE, Settings
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.config import KubeletConfig
    from nodecheck.facts.kubelet.release import KubeletRelease
    from nodecheck.facts.services.init_system import InitSystem

MACHINE_ID = "/etc/machine-id"
UNINITIALIZED = "uninitialized"

DATABASES = (
    "/var/lib/dpkg/status", "/var/lib/dpkg/status.d", "/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm",
    "/var/lib/pacman/local", "/var/db/pkg",
)  # fmt: skip
"""The databases of dpkg (and of images without it), rpm, pacman and portage."""

SNAP_UNITS = (
    "snap.microk8s.daemon-kubelite.service", "snap.microk8s.daemon-kubelet.service", "snap.k8s.kubelet.service",
    "snap.kubelet.daemon.service",
)  # fmt: skip
"""The kubelets of MicroK8s and Canonical Kubernetes, and Charmed Kubernetes' own."""

SCRIPTS = tuple([f"/etc/init.d/{unit.removesuffix('.service')}" for unit in AGENT_UNITS])
"""The services of agents where systemd is not the init: k3s installs itself so on Alpine."""


class NodePhase(NamedTuple):
    """The phase of the node: as it was given, else as the node shows it."""

    name: str | None = None
    """``image``, ``install``, ``join``, ``upgrade`` or ``steady``; None where what would show it cannot be read."""
    evidence: tuple[Evidence, ...] = ()
    """What shows it; nothing where it was given."""
    hidden: FactError | None = None
    """Why it cannot be told."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.kubelet.config import KubeletConfig

        return (
            *map(Exists, (*CONFIGS, *SNAP_ARGUMENTS, *SCRIPTS, *SIGNS, *DATABASES)),
            *map(File, (OPENSHIFT_CONFIG, MACHINE_ID)),
            Each(KubeletConfig, "config", (Exists("{}"),)),
        )

    @classmethod
    def read(
        cls,
        host: Host,
        given: Settings,
        init: Lazy[InitSystem],
        index: Lazy[UnitIndex],
        kubelet: Lazy[KubeletConfig],
        release: Lazy[KubeletRelease],
    ) -> NodePhase:
        """The given one, else what the node shows. What cannot be read hides it: no error comes out of this."""
        if given.phase is not None:
            return cls(given.phase)
        try:
            unbooted = _never_booted(host, init)
            if unbooted is not None:
                return cls(IMAGE, (unbooted,))
            member = _configuration(host, index, kubelet)
            if member is None:
                return cls(INSTALL, tuple([seen(path) for path in CONFIGS]))
            return _newer(given, release, member) or cls(STEADY, (member,))
        except FactError as error:
            return cls(hidden=error)


def _never_booted(host: Host, init: Lazy[InitSystem]) -> Evidence | None:
    """What shows that a whole root was never booted; None for one that was, for a part of one, and for a live node.

    The machine id is systemd's: where another init boots, none tells nothing.
    """
    if host.running:
        return None
    try:
        told = host.read_at(MACHINE_ID, 0, 64).decode("ascii", "replace").strip(" \t\r\n")
    except Absent:
        told = None
    if told not in (None, "", UNINITIALIZED) or not (init().present and init().is_systemd):
        return None
    return seen(MACHINE_ID, told) if any(exists(host, path) for path in DATABASES) else None


def _configuration(host: Host, index: Lazy[UnitIndex], kubelet: Lazy[KubeletConfig]) -> Evidence | None:
    """What configures a kubelet here: its file, or an agent that has one inside. None: the node is yet to join."""
    for path in (*CONFIGS, *SNAP_ARGUMENTS, *SCRIPTS):
        if exists(host, path):
            return seen(path, "there")
    units = index()
    for unit in (*AGENT_UNITS, *SNAP_UNITS):
        fragment = units.fragment(unit)
        if fragment is not None:
            return seen(fragment, "there")
    if _is_openshifts(host):
        return seen(OPENSHIFT_CONFIG, "kind: KubeletConfiguration")
    told = kubelet().config if has_kubelet(host, units) else None
    return seen(told, "there") if told is not None and exists(host, told) else None


def _is_openshifts(host: Host) -> bool:
    """Whether the file that is a kubeconfig elsewhere is the kubelet's configuration.

    A capture keeps nothing of it: there the kubelet's flags say it, and where they do not it is a kubeconfig.
    """
    try:
        return "KubeletConfiguration" in text(host, OPENSHIFT_CONFIG)
    except (Absent, NotCaptured):
        return False


def _newer(given: Settings, release: Lazy[KubeletRelease], member: Evidence) -> NodePhase | None:
    """The upgrade of a node whose kubelet is older than what was asked for; None where none was asked for."""
    if given.kubernetes is None or not given.by_caller:
        return None
    wanted = tuple([int(number) for number in given.kubernetes.split(".")])
    numbers = release().numbers
    if numbers is None or numbers[: len(wanted)] >= wanted:
        return None
    own = seen("kubelet", ".".join(map(str, numbers)))
    return NodePhase(UPGRADE, (member, own))
