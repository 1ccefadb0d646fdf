"""Whether the node belongs to a cluster yet."""

from __future__ import annotations

from nodecheck.facts.cluster.signs import JOINED
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.places import KUBEADM_CONFIG
from nodecheck.host import Host, exists
from nodecheck.model.sources import Each, Exists, Sources
from nodecheck.record import NamedTuple


class Joined(NamedTuple):
    """What the kubelet has of a cluster."""

    path: str | None = None
    """A kubeconfig or a configuration that is there; None: the node has not joined a cluster."""
    looked: tuple[str, ...] = ()
    """Where was looked."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *map(Exists, JOINED),
            Exists(KUBEADM_CONFIG),
            *[
                Each(KubeletConfig, field, (Exists("{}"),))
                for field in ("kubeconfig.value", "bootstrap_kubeconfig.value", "config")
            ],
        )

    @classmethod
    def read(cls, host: Host, kubelet: KubeletConfig) -> Joined:
        """Look for them. Raises what the host raises for a path that cannot be looked at."""
        given = [item.value for item in (kubelet.kubeconfig, kubelet.bootstrap_kubeconfig) if item is not None]
        paths = dict.fromkeys([*JOINED, KUBEADM_CONFIG, *[path for path in given if path.startswith("/")]])
        if kubelet.config is not None:
            paths[kubelet.config] = None
        found = next((path for path in paths if exists(host, path)), None)
        return cls(found, tuple(paths))
