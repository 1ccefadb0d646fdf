"""Which ports other nodes and clients must reach on a node: its components', and its network plugin's."""

from __future__ import annotations

from nodecheck.facts import Target
from nodecheck.requirements.asked import CONTROL_PLANE
from nodecheck_checks.network.port import ports_of

NODE_PORTS = ("30000-32767/tcp", "30000-32767/udp")

CNI_PORTS: dict[str, tuple[str, ...]] = {
    "flannel": ("8472/udp",),
    "canal": ("8472/udp",),
    "calico": ("179/tcp", "4789/udp", "5473/tcp"),
    "cilium": ("8472/udp", "4240/tcp"),
    "weave": ("6783/tcp", "6783-6784/udp"),
    "antrea": ("6081/udp", "10349-10351/tcp", "10351/udp"),
    "kube-router": ("179/tcp",),
    "ovn": ("6081/udp",),
    "kube-ovn": ("6081/udp", "6641-6644/tcp"),
}
"""By the plugins' own pages on requirements, for what they do unless told otherwise."""

_LOCAL = ("kube-scheduler", "kube-controller-manager")
"""Only asked from the node itself, as kubeadm sets them up: from outside nobody needs them."""


def needed_ports(target: Target) -> tuple[str, ...]:
    """The ports, by Kubernetes' page "Ports and Protocols", those that only the node itself asks left out.

    >>> needed_ports(Target(role="control-plane", cni="flannel"))
    ('6443/tcp', '2379/tcp', '2380/tcp', '10250/tcp', '10256/tcp', '8472/udp')
    """
    own = [f"{item.number}/tcp" for item in ports_of(target) if item.component not in _LOCAL]
    services = () if target.role == CONTROL_PLANE or target.proxy_mode == "none" else NODE_PORTS
    return (*own, *services, *_of_plugin(target.cni or ""))


def _of_plugin(name: str) -> tuple[str, ...]:
    exact = CNI_PORTS.get(name)
    if exact is not None:
        return exact
    return next((ports for start, ports in CNI_PORTS.items() if name.startswith(start)), ())
