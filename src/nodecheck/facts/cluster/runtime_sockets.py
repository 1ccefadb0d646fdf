"""The sockets of container runtimes: what is at their paths, which of them systemd itself listens at, what a runtime
says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import FactError
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.given import KUBEADM_CONFIGS
from nodecheck.facts.network.unix_listeners import in_run
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none, text_or_none
from nodecheck.model.sources import Exists, File, Named, Program, Sources, UnitText
from nodecheck.record import NamedTuple

CONTAINERD = "/run/containerd/containerd.sock"
CRIO = "/run/crio/crio.sock"
DOCKER = "/run/docker.sock"
CRI_DOCKERD = "/run/cri-dockerd.sock"
AGENT_SOCKETS = (
    "/run/k3s/containerd/containerd.sock", "/run/k0s/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock", "/run/containerd/containerd.sock",
)  # fmt: skip
"""Where the runtimes inside k3s and RKE2, k0s, MicroK8s and Canonical Kubernetes listen."""

_SHOWN = (CONTAINERD, CRIO, DOCKER, CRI_DOCKERD)


def socket_path(endpoint: str) -> str | None:
    """The path of an endpoint as the kubelet takes it; None for what is no unix socket.

    >>> socket_path("unix:///var/run/crio/crio.sock"), socket_path("/run/a.sock"), socket_path("tcp://127.0.0.1:1")
    ('/var/run/crio/crio.sock', '/run/a.sock', None)
    """
    path = endpoint[len("unix:") :] if endpoint.startswith("unix:") else endpoint
    if path.startswith("//"):
        path = path[2:]
    return path if path.startswith("/") else None


class SocketKinds(NamedTuple):
    """What is at the paths of the known sockets, and of the one that the kubelet is told."""

    kinds: Mapping[str, str | None]
    """``socket``, ``file``, ``dir`` …; None where nothing is. By the path with ``/run`` for ``/var/run``."""

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, _SHOWN), Named("containerRuntimeEndpoint of the kubelet"))

    @classmethod
    def read(cls, host: Host, kubelet: KubeletConfig) -> SocketKinds:
        """Look at each. Raises what the host raises for one that cannot be looked at."""
        told = None if kubelet.runtime_endpoint is None else socket_path(kubelet.runtime_endpoint.value)
        paths = dict.fromkeys([*_SHOWN, *([in_run(told)] if told is not None else [])])
        found = {path: stat_or_none(host, path) for path in paths}
        return cls({path: None if stat is None else stat.kind for path, stat in found.items()})


class SocketUnits(NamedTuple):
    """The socket units of systemd, and what they start."""

    services: Mapping[str, tuple[str, str]]
    """Path (``/run`` for ``/var/run``) to the socket unit that listens there, and to the service that a connection
    starts."""

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*.socket"),)

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> SocketUnits:
        """Read the units. Raises what the host raises for one that cannot be read."""
        found: dict[str, tuple[str, str]] = {}
        for name in index.files:
            unit = load_unit(host, index, name) if name.endswith(".socket") and "@." not in name else None
            if unit is None:
                continue
            service = ([value for value, _, _ in unit.values("Socket", "Service")] or [f"{name[:-7]}.service"])[-1]
            for value, _, _ in unit.values("Socket", "ListenStream"):
                found[in_run(value.replace("%t", "/run"))] = (name, service)
        return cls(found)


class CriSocketSetting(NamedTuple):
    """Whether a file for kubeadm says which runtime it is to use."""

    path: str | None = None
    line: int | None = None
    text: str = ""

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(File, KUBEADM_CONFIGS))

    @classmethod
    def read(cls, host: Host) -> CriSocketSetting:
        """The first ``criSocket:`` in any of them."""
        for path in KUBEADM_CONFIGS:
            for number, line in enumerate((text_or_none(host, path) or "").split("\n"), 1):
                if line.strip(" \t").startswith(("criSocket:", "cri-socket:")):
                    return cls(path, number, line.strip(" \t\r"))
        return cls()


class CriStatus(NamedTuple):
    """What a runtime says of itself by the CRI (``crictl info``)."""

    ready: bool | None = None
    """``RuntimeReady``; None where it was not said."""
    refused: str | None = None
    """What it answered instead: it has no CRI."""
    silent: FactError | None = None
    """Why there was no answer."""

    @classmethod
    def asked(cls, host: Host, argv: tuple[str, ...]) -> CriStatus:
        """Ask; nothing is told where there is no ``crictl``, or it may not connect."""
        try:
            done = host.run(argv, _LIMIT_S)
        except FactError as error:
            return cls(silent=error)
        if done.code == 0:
            return cls(ready=runtime_ready(done.stdout))
        return cls(refused=_UNIMPLEMENTED if _UNIMPLEMENTED in done.stderr + done.stdout else None)


_LIMIT_S = 2.0
_UNIMPLEMENTED = "unknown service runtime.v1.RuntimeService"
"""What gRPC says for a server without this service: of the CRI's version 1, which the kubelet speaks from 1.26 on."""


def _argv(path: str) -> tuple[str, ...]:
    return ("crictl", "--runtime-endpoint", f"unix://{path}", "--timeout", "2s", "info")


class ContainerdStatus(NamedTuple):
    """What containerd says; asked only where something listens that no socket unit starts."""

    found: CriStatus

    @classmethod
    def reads(cls) -> Sources:
        return (Program(_argv(CONTAINERD)),)

    @classmethod
    def read(cls, host: Host) -> ContainerdStatus:
        return cls(CriStatus.asked(host, _argv(CONTAINERD)))


class CrioStatus(NamedTuple):
    """What CRI-O says; asked only where something listens that no socket unit starts."""

    found: CriStatus

    @classmethod
    def reads(cls) -> Sources:
        return (Program(_argv(CRIO)),)

    @classmethod
    def read(cls, host: Host) -> CrioStatus:
        return cls(CriStatus.asked(host, _argv(CRIO)))


def runtime_ready(said: str) -> bool | None:
    """Whether ``crictl info`` reports the condition ``RuntimeReady``; None where it reports none.

    >>> runtime_ready('{"status": {"conditions": [{"type": "RuntimeReady", "status": true}]}}')
    True
    """
    import json

    try:
        conditions = json.loads(said)["status"]["conditions"]
        return next((item["status"] is True for item in conditions if item["type"] == "RuntimeReady"), None)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
