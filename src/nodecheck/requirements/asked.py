"""What was asked of a node: its role, Kubernetes release, proxy mode, CNI and phase."""

from __future__ import annotations

from nodecheck.errors import UsageError
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class Asked(Protocol):
        """What rows look at of a node; the fact ``Target`` is one."""

        @property
        def role(self) -> str | None: ...
        @property
        def release(self) -> tuple[int, int] | None: ...
        @property
        def proxy_mode(self) -> str | None: ...


CONTROL_PLANE = "control-plane"
WORKER = "worker"
ROLES = (CONTROL_PLANE, WORKER)
PROXY_MODES = ("ipvs", "iptables", "nftables", "none")
EMBEDDED = "embedded"
"""The agent of the node (k3s, RKE2, k0s, MicroK8s) brings the container runtime."""
RUNTIMES = (EMBEDDED,)
IMAGE = "image"
"""A file system that never booted: nodes are made from it."""
INSTALL = "install"
"""Before ``kubeadm init`` or ``join``, or before an agent is installed."""
JOIN = "join"
"""Before ``kubeadm join``: nothing of a node shows this, somebody says it."""
UPGRADE = "upgrade"
"""A node of a cluster, before it gets a newer release."""
STEADY = "steady"
"""A node of a cluster."""
PHASES = (IMAGE, INSTALL, JOIN, UPGRADE, STEADY)
"""Where in its life a node is."""


def release_text(text: str) -> str:
    """A Kubernetes release as given: ``1.34`` or ``1.34.2``, a leading ``v`` allowed. Raises UsageError.

    >>> release_text("v1.17.4")
    '1.17.4'
    """
    plain = text.removeprefix("v")
    numbers = plain.split(".")
    decimal = all(n.isascii() and n.isdigit() and len(n) <= 2 for n in numbers)
    if not decimal or not 2 <= len(numbers) <= 3 or numbers[0] != "1":
        raise UsageError(f"kubernetes: expected a release such as 1.34 or 1.34.2, found {text!r}")
    return plain


class Settings(NamedTuple):
    """What the caller or the profile says; None: find it on the node."""

    role: str | None = None
    kubernetes: str | None = None
    proxy_mode: str | None = None
    cni: str | None = None
    runtime: str | None = None
    """``embedded``: the node's agent brings it; None: whatever is there."""
    phase: str | None = None
    by_caller: bool = False
    """The release was given by who runs nodecheck: on the command line, or as an argument of the library. One that
    stands in a profile or a configuration asks for no upgrade."""
