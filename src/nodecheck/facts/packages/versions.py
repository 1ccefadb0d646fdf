"""What the programs of a node's container software say their versions are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodecheck.errors import Absent, FactError
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple

if TYPE_CHECKING:
    from nodecheck.formats.versions import Version


class Tool(NamedTuple):
    """One way to ask a component for its version."""

    component: str
    argv: tuple[str, ...]


KUBERNETES = (
    Tool("kubelet", ("kubelet", "--version")),
    Tool("kubeadm", ("kubeadm", "version", "-o", "short")),
    Tool("kubectl", ("kubectl", "version", "--client")),
)
RUNTIMES = (
    Tool("docker", ("dockerd", "--version")),
    Tool("docker", ("docker", "--version")),
    Tool("containerd", ("containerd", "--version")),
    Tool("containerd", ("docker-containerd", "--version")),  # docker until 18.06
    Tool("crio", ("crio", "--version")),
    Tool("runc", ("runc", "--version")),
    Tool("runc", ("docker-runc", "--version")),
)
"""In the order in which they count: the engine rather than its client."""

COMPONENTS = ("docker", "containerd", "crio", "runc", "kubelet", "kubeadm", "kubectl")


class Told(NamedTuple):
    """What one component's program said, or why it said nothing."""

    component: str
    command: str
    """``/usr/bin/kubelet --version``; the program alone where it was not run."""
    line: str = ""
    """The line that it printed."""
    version: Version | None = None
    stranger: bool = False
    """Another program answers to the name (podman to docker's, crun to runc's); ``line`` says which."""
    problem: FactError | None = None
    """Absent: there is no such program. Offline: there is, but this host does not run."""


class KubernetesTools(NamedTuple):
    """What kubelet, kubeadm and kubectl say."""

    told: tuple[Told, ...] = ()
    running: bool = True
    """Whether this host runs: then what has no program is not there."""

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> KubernetesTools:
        """Ask them side by side. What is wrong with one stays with it."""
        from nodecheck.facts.packages.version_commands import ask

        return cls(ask(host, KUBERNETES, units), host.kind == "live")

    def of(self, component: str) -> Told:
        """What a component's program said."""
        return _of(self.told, component)


class RuntimeTools(NamedTuple):
    """What docker, containerd, CRI-O and runc say."""

    told: tuple[Told, ...] = ()
    running: bool = True
    """Whether this host runs: then what has no program is not there."""

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> RuntimeTools:
        """Ask them side by side. What is wrong with one stays with it."""
        from nodecheck.facts.packages.version_commands import ask

        return cls(ask(host, RUNTIMES, units), host.kind == "live")

    def of(self, component: str) -> Told:
        """What a component's program said."""
        return _of(self.told, component)


def _of(told: tuple[Told, ...], component: str) -> Told:
    for answer in told:
        if answer.component == component:
            return answer
    from nodecheck.host.programs import SEARCH_PATH

    return Told(component, component, problem=Absent(component, f"no such program in {':'.join(SEARCH_PATH)}"))
