"""The sockets of the runtimes of a node: which one the kubelet uses, and what is to be said of it."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError, TimedOut
from nodecheck.facts import (
    Commands,
    Containerd,
    ContainerdStatus,
    Crio,
    CrioStatus,
    CriSocketSetting,
    Docker,
    Joined,
    KubeletConfig,
    KubeletRelease,
    PackageSigns,
    Services,
    SocketKinds,
    SocketUnits,
    Target,
    UnitIndex,
    UnixListeners,
)
from nodecheck.facts.cluster.runtime_sockets import (
    AGENT_SOCKETS,
    CONTAINERD,
    CRI_DOCKERD,
    CRIO,
    DOCKER,
    CriStatus,
    socket_path,
)
from nodecheck.facts.kubelet.config import DEFAULT_RUNTIME
from nodecheck.facts.kubelet.places import AGENT_CONFIGS, AGENT_STATE
from nodecheck.facts.kubelet.service_path import SHELL
from nodecheck.facts.network.unix_listeners import in_run
from nodecheck.facts.packages.packages import daemon_package
from nodecheck.fix import Fix, by_hand, command
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import EMBEDDED, Settings
from nodecheck.requirements.table import Release, Row, Table

EXPECTED = "a container runtime that accepts at its socket"
ENDPOINT = "containerRuntimeEndpoint"

SOCKETS = {"containerd": CONTAINERD, "crio": CRIO, "docker": DOCKER}
UNITS = {
    CONTAINERD: "containerd.service", CRIO: "crio.service", DOCKER: "docker.service", CRI_DOCKERD: "cri-docker.service",
}  # fmt: skip

COUNTED, WITHOUT_DOCKER = "counted", "counted without docker"
_DETECTS = "cmd/kubeadm/app/util/runtime, detectCRISocketImpl"
DETECTED = Table(
    Row(DOCKER, COUNTED, "it looks for docker's socket", _DETECTS, before=(1, 24)),
    Row(CONTAINERD, WITHOUT_DOCKER, "docker brings a containerd of its own", _DETECTS, before=(1, 24)),
    Row(CONTAINERD, COUNTED, "it looks for containerd's socket", _DETECTS, since=(1, 24)),
    Row(CRIO, COUNTED, "it looks for CRI-O's socket", _DETECTS),
    Row(CRI_DOCKERD, COUNTED, "it looks for cri-dockerd's socket", _DETECTS, since=(1, 24)),
)
"""The sockets among which kubeadm of a release takes the one that is there, and stops where there are several."""

CRI = "CRI"
CRI_VERSIONS = Table(
    Row(CRI, "v1alpha2 or v1", "the kubelet falls back", "kubernetes/kubernetes#106501", before=(1, 26)),
    Row(CRI, "v1", "the kubelet speaks no other", "kubernetes/kubernetes#110618; containerd RELEASES", since=(1, 26)),
)
"""Of the CRI, what a kubelet of a release speaks."""


class RuntimeNode(NamedTuple):
    """What the check asks; read only where a verdict depends on it."""

    target: Lazy[Target]
    kubelet: KubeletConfig
    embedded: Lazy[facts.EmbeddedKubelet]
    own: Lazy[KubeletRelease]
    docker: Lazy[Docker]
    containerd: Lazy[Containerd]
    crio: Lazy[Crio]
    packages: Lazy[PackageSigns]
    commands: Lazy[Commands]
    listeners: Lazy[UnixListeners]
    kinds: Lazy[SocketKinds]
    units: Lazy[SocketUnits]
    services: Lazy[Services]
    unit_index: Lazy[UnitIndex]
    joined: Lazy[Joined]
    cri_socket: Lazy[CriSocketSetting]
    containerd_status: Lazy[ContainerdStatus]
    crio_status: Lazy[CrioStatus]
    given: Lazy[Settings]

    def release(self) -> Release | None:
        """The kubelet's own release, else the one that the node is to have."""
        return self.own().numbers or self.target().release

    def has(self, name: str) -> bool:
        """Whether a runtime is there: a program, unit, configuration file or package shows it."""
        facts: dict[str, Lazy[Docker] | Lazy[Containerd] | Lazy[Crio]] = {
            "docker": self.docker, "containerd": self.containerd, "crio": self.crio,
        }  # fmt: skip
        return facts[name]().present is not None or daemon_package(self.packages().packages, name) is not None

    def unit(self, name: str) -> str | None:
        """The state of a unit (``active``, ``failed`` …); None where systemd does not know it, or cannot be asked."""
        try:
            found = self.services().units.get(name)
        except FactError:
            return None
        return None if found is None or found.load == "not-found" else found.active


def judged(node: RuntimeNode) -> Outcome:
    """The verdict on the runtime that the kubelet uses, or will use."""
    kubelet = node.kubelet
    embedded = node.given().runtime == EMBEDDED
    agent = (not kubelet.present or embedded) and node.embedded().present
    if embedded and not agent:
        return _without_agent()
    if not agent and not kubelet.present and node.target().role is None and node.target().kubernetes is None:
        return skip("nothing says that this is a node: there is no kubelet, and no role or release is given")
    if agent:
        return _of_agent(node)
    told = kubelet.runtime_endpoint
    if told is not None and socket_path(told.value) is None:
        place = seen(told.source, told.text, line=told.line)
        return unknown(f"{told.value} is no unix socket", code="unsupported", expected=EXPECTED, evidence=[place])
    if told is not None and in_run(socket_path(told.value) or "") == DOCKER and not _takes_docker(node):
        return _without_runtime(node, [seen(told.source, told.text, line=told.line)])
    paths = _paths(node)
    if not paths:
        return _without_runtime(node)
    found = []
    for path in paths:
        found.append(_at(node, path))
        if found[-1].status == "pass":
            return found[-1]
    return found[0]


def _paths(node: RuntimeNode) -> list[str]:
    """The socket that the kubelet is told; of a node that has not joined those of the runtimes that are there."""
    kubelet = node.kubelet
    if kubelet.runtime_endpoint is not None:
        return [socket_path(kubelet.runtime_endpoint.value) or ""]
    settled = kubelet.present and (kubelet.container_runtime is not None or node.joined().path is not None)
    name = kubelet.runtime(node.release()) if settled else None
    if name in SOCKETS:
        return [SOCKETS[name]]
    found = [SOCKETS[one] for one in ("containerd", "crio") if node.has(one)]
    if node.unit_index().exists(UNITS[CRI_DOCKERD]):
        found.append(CRI_DOCKERD)
    if _takes_docker(node) and node.has("docker"):
        found.insert(0, DOCKER)
    return found


def _takes_docker(node: RuntimeNode) -> bool:
    release = node.release()
    return release is not None and DEFAULT_RUNTIME.at("runtime", release).wanted == "docker"


def _without_runtime(node: RuntimeNode, told: list[Evidence] | None = None) -> Outcome:
    """No runtime is there that a kubelet could use; whether that is sure hangs on what the root holds.

    ``told`` is where the kubelet is told docker's own socket.
    """
    alone = told is not None or node.has("docker")
    message = "no container runtime is on this node"
    if alone:
        message = "docker alone does not speak the CRI: from Kubernetes 1.24 on it needs cri-dockerd"
    evidence = told or [seen(path, None) for path in ("/usr/bin/containerd", "/usr/bin/crio", "/usr/bin/cri-dockerd")]
    if alone and node.release() is None:
        return unknown(f"{message}, and the release is not known", code="not-found", evidence=evidence)
    if not alone and node.commands().found.get(SHELL) is None:
        message = f"{message}, as far as this root shows: it holds no system's programs"
        if node.target().role is None and node.target().kubernetes is None:
            return skip(message, code="offline", evidence=evidence)
        return unknown(message, code="not-found", expected=EXPECTED, evidence=evidence)
    text = "Install containerd or CRI-O, with the systemd cgroup driver" + (", or cri-dockerd" if alone else "")
    return fail(message, expected=EXPECTED, actual="none", evidence=evidence, fix=by_hand("Install a runtime", text))


def _without_agent() -> Outcome:
    """The profile says that an agent brings the runtime, and there is none: before its installation that is so."""
    message = "the agent that is to bring the container runtime (k3s, RKE2, k0s, MicroK8s) is not on this node"
    evidence = [seen("profile", "runtime = embedded"), *[seen(path) for path in (*AGENT_CONFIGS, *AGENT_STATE)]]
    fix = by_hand("Install the agent", "Install the agent whose runtime this node is to have, and start its unit")
    return fail(message, expected=EXPECTED, actual="none", evidence=evidence, fix=fix, severity=Severity.WARNING)


def _of_agent(node: RuntimeNode) -> Outcome:
    """The runtime inside k3s, RKE2, k0s or MicroK8s."""
    listeners = node.listeners()
    path = next((path for path in AGENT_SOCKETS if listeners.on(path)), None)
    if path is not None:
        message = f"the agent's own runtime listens at {path}"
        return ok(message, expected=EXPECTED, actual=path, evidence=[seen(listeners.source, path)])
    message = "the agent brings the runtime, and it listens at none of the sockets that are known"
    evidence = [seen(listeners.source, None, locator=path) for path in AGENT_SOCKETS]
    return unknown(message, code="not-found", expected=EXPECTED, evidence=evidence)


def _at(node: RuntimeNode, path: str) -> Outcome:
    """What is to be said of one socket. Raises Offline where only the running system can tell."""
    listeners = node.listeners()
    told = node.kubelet.runtime_endpoint
    evidence = [] if told is None else [seen(told.source, told.text, line=told.line)]
    if not listeners.on(path):
        return _silent(node, path, [*evidence, seen(listeners.source, None, locator=path)])
    evidence.append(seen(listeners.source, path))
    started = node.units().services.get(in_run(path))
    if started is not None and node.unit(started[0]) == "active":
        return _activated(node, path, *started, evidence)
    return _answered(node, path, evidence)


def _silent(node: RuntimeNode, path: str, evidence: list[Evidence]) -> Outcome:
    """Nobody listens: the socket is not there, or its runtime has gone and left it."""
    kind = node.kinds().kinds.get(in_run(path))
    unit = UNITS.get(in_run(path))
    state = None if unit is None else node.unit(unit)
    why = {None: "nothing is there", "socket": "nothing accepts there: its runtime is gone"}
    what = why.get(kind, f"it is a {kind}")
    also = f"; {unit} is {state}" if state is not None else ""
    evidence.append(seen(path, kind))
    return fail(
        f"the kubelet's runtime is to be at {path}, and {what}{also}",
        expected=EXPECTED,
        actual=kind or "nothing",
        evidence=evidence,
        fix=_start(node, unit, path),
    )


def _start(node: RuntimeNode, unit: str | None, path: str) -> Fix:
    if unit is not None and node.unit(unit) is not None:
        return Fix(f"Start {unit}", (command("systemctl", "start", unit),))
    text = f"Start the runtime that listens at {path}, or change {ENDPOINT} of the kubelet to the one that runs"
    return by_hand("Start the runtime", text)


def _activated(node: RuntimeNode, path: str, socket: str, service: str, evidence: list[Evidence]) -> Outcome:
    """systemd itself listens: a connection would start the service, so that its unit is judged instead."""
    state = node.unit(service)
    evidence = [*evidence, seen("systemctl list-units", f"{service} {state or 'not loaded'}")]
    if state == "failed" or node.unit_index().masked(service) or not node.unit_index().exists(service):
        message = (
            f"{socket} listens at {path}, and {service} cannot be started by it: {state or 'there is no such unit'}"
        )
        fix = by_hand(f"Look into {service}", f"systemctl status {service}; journalctl -u {service}")
        return fail(message, expected=EXPECTED, actual=state or "no unit", evidence=evidence, fix=fix)
    runs = "runs" if state == "active" else "is started by the kubelet's first connection"
    return ok(f"{socket} listens at {path}; {service} {runs}", expected=EXPECTED, actual=state, evidence=evidence)


def _answered(node: RuntimeNode, path: str, evidence: list[Evidence]) -> Outcome:
    """A runtime listens; what it says of itself counts where ``crictl`` can ask it."""
    found = _status(node, path)
    message = f"a runtime listens at {path}"
    if found.refused is not None and _speaks_v1(node):
        text = f"{message}, and it has no CRI of version v1 ({found.refused})"
        hint = "Turn the CRI plugin on (disabled_plugins of containerd's config.toml), or upgrade the runtime"
        return fail(text, expected=EXPECTED, actual="no CRI", evidence=evidence, fix=by_hand("Turn the CRI on", hint))
    if found.ready is False:
        look = by_hand("Look into the runtime", "crictl info; journalctl -u of its unit")
        text = f"{message}, and says that it is not ready"
        return fail(text, expected=EXPECTED, actual="not ready", evidence=evidence, fix=look)
    if isinstance(found.silent, TimedOut):
        return unknown(f"{message}, and does not answer: {found.silent}", code=found.silent.code, evidence=evidence)
    return ok(message + (" and is ready" if found.ready else ""), expected=EXPECTED, actual=path, evidence=evidence)


def _status(node: RuntimeNode, path: str) -> CriStatus:
    """What the runtime at a socket says; it is asked only where no socket unit could be started by that."""
    if in_run(path) in node.units().services:
        return CriStatus()
    if in_run(path) == CONTAINERD:
        return node.containerd_status().found
    return node.crio_status().found if in_run(path) == CRIO else CriStatus()


def _speaks_v1(node: RuntimeNode) -> bool:
    release = node.release()
    return release is not None and CRI_VERSIONS.at(CRI, release).wanted == "v1"


def several(node: RuntimeNode) -> Outcome | None:
    """Several runtimes among which kubeadm does not choose; None where it does, or need not any more."""
    try:
        if node.embedded().present or node.joined().path is not None:
            return None
        listeners = node.listeners()
    except FactError:
        return None
    rows = [row for row in DETECTED.of(node.target()) if listeners.on(row.name)]
    docker = any(row.name == DOCKER for row in rows)
    found = [row.name for row in rows if not (docker and row.wanted == WITHOUT_DOCKER)]
    told = node.cri_socket()
    if len(found) < 2 or told.path is not None:
        return None
    return fail(
        f"kubeadm stops: it finds {len(found)} runtimes ({', '.join(found)}), and no file tells it which to use",
        subject="criSocket",
        expected="one runtime, or criSocket in kubeadm's configuration",
        actual=", ".join(found),
        evidence=[seen(listeners.source, path) for path in found],
        fix=by_hand("Choose a runtime", f"Give kubeadm --cri-socket unix://{found[0]}, or stop the others"),
    )
