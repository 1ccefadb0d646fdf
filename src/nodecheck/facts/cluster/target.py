"""What this node is to be: role, Kubernetes release, proxy mode and CNI; given, or found on the node."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.host import Host
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import Settings


class SiteNodes(NamedTuple):
    """The nodes of the site, as the profile's table ``nodes`` gives them."""

    addresses: Mapping[str, str] = {}
    """Name to IP address."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls) -> SiteNodes:
        """None: the engine brings the profile's."""
        return cls()


class Target(NamedTuple):
    """Role, Kubernetes release, proxy mode and CNI of this node; None where neither given nor found."""

    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    unreadable: tuple[str, ...] = ()
    """Sources that might have told what is None, and why they could not be read: ``cni: /etc/cni/net.d: …``."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.cluster.signs import sign_sources

        return sign_sources()

    @classmethod
    def read(cls, host: Host, given: Settings) -> Target:
        """The settings, completed by what the node shows."""
        asked = (given.role, given.kubernetes, given.proxy_mode, given.cni)
        if None not in asked:
            return cls(*asked)
        from nodecheck.facts.cluster.signs import Signs

        signs = Signs(host)
        role = given.role or signs.role()
        kubernetes = given.kubernetes or signs.kubernetes()
        proxy_mode = given.proxy_mode or signs.proxy_mode()
        cni = given.cni or signs.cni()
        return cls(role, kubernetes, proxy_mode, cni, tuple(signs.unreadable))

    def untold(self, about: str) -> str | None:
        """Why ``role``, ``kubernetes``, ``proxy-mode`` or ``cni`` could not be told; None where nothing hid it.

        >>> Target(unreadable=("cni: /etc/cni/net.d: permission denied",)).untold("cni")
        '/etc/cni/net.d: permission denied'
        """
        return next((line.partition(": ")[2] for line in self.unreadable if line.startswith(about + ": ")), None)

    @property
    def uses_bridge_netfilter(self) -> bool:
        """Whether the CNI's traffic may pass a bridge whose frames iptables must see; not so with Cilium and OVN.

        >>> Target(cni="cilium").uses_bridge_netfilter, Target().uses_bridge_netfilter
        (False, True)
        """
        return not (self.cni or "").startswith(("cilium", "ovn", "kube-ovn"))

    @property
    def release(self) -> tuple[int, int] | None:
        """Major and minor number of the Kubernetes release.

        >>> Target(kubernetes="1.17.4").release
        (1, 17)
        """
        if self.kubernetes is None:
            return None
        numbers = self.kubernetes.split(".")
        return int(numbers[0]), int(numbers[1])
