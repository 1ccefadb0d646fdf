"""Ports that the components of a node need."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, unknown
from nodecheck.facts import Listeners, Target
from nodecheck.facts.network.listeners import ListenerRow
from nodecheck.fix import DISRUPTIVE, Fix, by_hand, command
from nodecheck.record import NamedTuple
from nodecheck.requirements.asked import CONTROL_PLANE
from nodecheck.requirements.table import Release, Row, Table, named_row
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.cluster.component_ports import ComponentPort
    from nodecheck.facts.network.processes import Process


class Port(NamedTuple):
    """A TCP port that a component listens on."""

    number: int
    component: str
    """The program that may hold it; empty where only a profile asks for the port."""
    reason: str
    severity: Severity
    told: ComponentPort | None = None
    """What its configuration says of it."""


PROXY = "kube-proxy"
_PAGE = "https://kubernetes.io/docs/reference/networking/ports-and-protocols/"
_PREFLIGHT = "cmd/kubeadm/app/preflight/checks.go, Port-{}"


def _row(
    number: int,
    component: str,
    reason: str,
    role: str | None = CONTROL_PLANE,
    source: str = _PREFLIGHT,
    severity: Severity = Severity.ERROR,
    before: Release | None = None,
    modes: tuple[str | None, ...] = (),
) -> Row:
    name = f"{number}/tcp"
    return Row(name, component, reason, source.format(number), severity, before=before, role=role, modes=modes)


PORTS = Table(
    _row(6443, "kube-apiserver", "kubelets and clients reach the cluster there"),
    _row(2379, "etcd", "the API server reaches etcd there"),
    _row(2380, "etcd", "the members of etcd reach each other there"),
    _row(10250, "kubelet", "the API server reaches the kubelet there (logs, exec, metrics)", role=None),
    _row(10251, "kube-scheduler", "its health was asked there without TLS", before=(1, 17)),
    _row(10252, "kube-controller-manager", "its health was asked there without TLS", before=(1, 17)),
    _row(
        10256,
        PROXY,
        "load balancers ask there whether the node takes traffic; kube-proxy runs without it",
        role=None,
        source=_PAGE,
        severity=Severity.WARNING,
        modes=("ipvs", "iptables", "nftables", None),
    ),
    _row(10257, "kube-controller-manager", "its health is asked there"),
    _row(10259, "kube-scheduler", "its health is asked there"),
)
"""The ports of a node; what a row wants is the component that may hold its port."""

_EMBEDDING = ("k3s", "k3s-server", "k3s-agent", "k0s", "rke2", "kubelite", "microk8s", "hyperkube")
"""Programs that hold several components in one process (k3s, k0s, RKE2, MicroK8s)."""

STAND_INS = ("cilium-agent", "calico-node", "ovnkube", "ovnkube-node")
"""Programs that answer in kube-proxy's place where they do its work: Cilium with
``kube-proxy-replacement-healthz-bind-addr`` (cilium#10621), Felix in eBPF mode (calico#10748), OVN-Kubernetes
(ovn-kubernetes#3423)."""

_BALANCERS = ("haproxy", "nginx", "envoy", "kube-vip", "keepalived", "traefik", "gobetween", "caddy")
_CARRIERS = ("docker-proxy", "conmon", "rootlessport", "slirp4netns", "pasta", "containerd-shim", "systemd")
"""Processes that hold a port for something else, which is what would have to stop."""


def port_text(text: str) -> str:
    """The one spelling of a port, ``N/tcp``. Raises ValueError.

    >>> port_text("6443"), port_text("6443/TCP")
    ('6443/tcp', '6443/tcp')
    """
    number, _, protocol = text.strip().lower().partition("/")
    if protocol not in ("", "tcp") or not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536):
        raise ValueError(f"expected a TCP port such as 6443/tcp, found {text!r}")
    return f"{int(number)}/tcp"


@check(
    severity=Severity.ERROR,
    tags=["network", "netlink"],
    topic="network",
    verify={"require": port_text},
    spell=port_text,
    rows=PORTS,
)
def port(
    target: Lazy[Target],
    listeners: Listeners,
    owners: Lazy[facts.SocketOwners],
    configured: Lazy[facts.ComponentPorts],
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """The ports of the node's components are free, or held by those components.

    ## Why it matters
    A component whose port another process holds does not start, or starts and cannot be reached. kubeadm refuses to
    go on then (`Port-6443` and others), and on a node that works it cannot tell the kubelet from a stranger: this
    check can, and passes a port that its own component holds.

    ## What it looks at
    The TCP sockets that listen, by `sock_diag` netlink (as `ss -ltn` lists them, which may make the kernel load
    `inet_diag` and `tcp_diag`), else by `/proc/net/tcp` and `tcp6`; and who holds them, by the inode of the socket in
    `/proc/PID/fd`, with the process's unit from `/proc/PID/cgroup`. Without root other users' processes cannot be
    looked into: a port that is held is then `unknown`, unless it is free.

    `require` lists the ports to judge. Where it is empty they follow from the role: 10250 (kubelet) and, unless the
    proxy mode is `none`, 10256 (kube-proxy, a warning: kube-proxy runs on without it) on every node; on the control
    plane 6443, 2379, 2380, 10257 and 10259 too, and 10251 and 10252 before Kubernetes 1.17. Where the role is not
    known, the ports of every node are judged; where something hid it, that is told as `unknown`. Where a component is
    told another port, that one is judged: `--secure-port` and etcd's `--listen-…-urls` in the manifests of static pods,
    the kubelet's `port`, kube-proxy's `healthzBindAddress`.

    A component binds its port on every address, so whoever listens there on any address, 127.0.0.1 or a virtual one,
    is in its way. Where the component itself listens too, the two addresses do not overlap, and the port passes: that
    is how a load balancer on a virtual address lives beside an API server on the node's own. k3s, k0s, RKE2 and
    MicroK8s hold several components in one process, which counts as each of them. Cilium, Calico in its eBPF mode and
    OVN-Kubernetes answer on 10256 in kube-proxy's place, which passes where no kube-proxy runs beside them.

    ## How to fix it
    Stop and disable the unit that holds the port, or give it another one. A load balancer for the API server on the
    same node needs another port (8443) or an address that the API server does not bind (`--bind-address`).

    ## Sources
    https://kubernetes.io/docs/reference/networking/ports-and-protocols/
    kubeadm's `PortOpenCheck`; sock_diag(7), proc(5).
    """
    for wanted in _wanted(require, target):
        moved = wanted if require else _moved(wanted, configured())
        if isinstance(moved, Outcome):
            yield moved
        elif moved.number:
            yield _judged(moved, listeners, owners)
    hidden = None if require or target().role else target().untold("role")
    if hidden is not None:
        yield unknown(f"whether this node is to hold the control plane's ports cannot be told: {hidden}", code="denied")


def _wanted(require: tuple[str, ...], target: Lazy[Target]) -> tuple[Port, ...]:
    if not require:
        return ports_of(target())
    known = {row.name: row for row in PORTS}
    names = dict.fromkeys(map(port_text, require))
    return tuple([_port(known[name].by_profile() if name in known else named_row(name)) for name in names])


def _moved(wanted: Port, configured: facts.ComponentPorts) -> Port | Outcome:
    """The port where its component's configuration has it; unknown where that cannot be read."""
    problem = configured.problem(wanted.component)
    if problem is not None:
        message = f"on which port {wanted.component} listens cannot be told: {problem}"
        return unknown(message, code=problem.code, subject=f"{wanted.number}/tcp", severity=wanted.severity)
    told = configured.of(wanted.component, wanted.number)
    return wanted if told is None else wanted._replace(number=told.number, told=told)


def _port(row: Row) -> Port:
    return Port(int(row.name.partition("/")[0]), row.wanted, row.reason, row.severity)


def ports_of(target: Target) -> tuple[Port, ...]:
    """The ports that a node of this role, release and proxy mode needs.

    >>> [item.number for item in ports_of(Target(role="worker", proxy_mode="none"))]
    [10250]
    """
    return tuple([_port(row) for row in PORTS.of(target)])


def _judged(wanted: Port, listeners: Listeners, owners: Lazy[facts.SocketOwners]) -> Outcome:
    subject, rows = f"{wanted.number}/tcp", listeners.on(wanted.number)
    whose = wanted.component or "no other process"
    expected = f"free, or held by {wanted.component}" if wanted.component else "free"
    if not rows:
        evidence = [*_said(wanted), seen(listeners.source, f"nothing listens on port {wanted.number}")]
        return ok(
            f"port {wanted.number} is free",
            subject=subject,
            expected=expected,
            actual="free",
            evidence=evidence,
            severity=wanted.severity,
        )
    found = owners()
    held = tuple((row, found.of(row.inode)) for row in rows)
    evidence = [*_said(wanted), *_evidence(listeners.source, held)]
    instead = _stand_in(wanted, held, listeners, found)
    if instead is not None:
        message = (
            f"port {wanted.number} is held by {_who(instead)}, which does the work of kube-proxy and answers for it"
        )
        actual = f"held by {instead.name}"
        return ok(
            message, subject=subject, expected=expected, actual=actual, evidence=evidence, severity=wanted.severity
        )
    ours = [row for row, process in held if process is not None and belongs(process, wanted.component)]
    others = [(row, process) for row, process in held if row not in ours]
    if ours:
        message = f"port {wanted.number} is held by {whose} itself, on {_places(ours)}"
        if others:
            message += f"; beside it {_told(others)}, which does not overlap"
        actual = f"held by {whose}"
        return ok(
            message, subject=subject, expected=expected, actual=actual, evidence=evidence, severity=wanted.severity
        )
    if any(process is None for _, process in others):
        return _untold(wanted, others, found, evidence, expected)
    needs = wanted.component or "what the profile means it for"
    message = f"port {wanted.number} is held by {_told(others)}, and {needs} needs it"
    return fail(
        message + _advice(wanted, others),
        subject=subject,
        expected=expected,
        actual=f"held by {_names(others)}",
        evidence=evidence,
        fix=_fix(wanted, others),
        severity=wanted.severity,
    )


Held = list[tuple[ListenerRow, "Process | None"]]


def _said(wanted: Port) -> Iterator[Evidence]:
    if wanted.told is not None:
        yield seen(wanted.told.path, wanted.told.text, line=wanted.told.line)


def _stand_in(
    wanted: Port, held: tuple[tuple[ListenerRow, Process | None], ...], listeners: Listeners, owners: facts.SocketOwners
) -> Process | None:
    """Who answers in kube-proxy's place, where nobody else holds its port and no kube-proxy listens anywhere."""
    if wanted.component != PROXY or not all(_is_any(process, STAND_INS) for _, process in held):
        return None
    others = [owners.of(row.inode) for row in listeners.rows]
    runs = any(process is not None and PROXY in process.names for process in others)
    return None if runs else next((process for _, process in held if process is not None), None)


def _untold(wanted: Port, held: Held, owners: facts.SocketOwners, evidence: list[Evidence], expected: str) -> Outcome:
    places = _places([row for row, process in held if process is None])
    if owners.hidden:
        code, why = "denied", "not all processes may be looked into (run as root)"
    else:
        code, why = "not-found", "no process here does: the kernel itself, or one of another PID namespace"
    message = f"something listens on {places}, and who holds it cannot be told: {why}"
    subject = f"{wanted.number}/tcp"
    return unknown(message, code=code, subject=subject, expected=expected, evidence=evidence, severity=wanted.severity)


def belongs(process: Process, component: str) -> bool:
    """Whether a process is that component, or a program that holds it; ``comm`` has room for 15 bytes (proc(5)).

    >>> from nodecheck.facts.network.processes import Process
    >>> belongs(Process(("kube-controller",), None, "root"), "kube-controller-manager")
    True
    """
    return bool(component) and any(name in (component, component[:15], *_EMBEDDING) for name in process.names)


def _evidence(source: str, held: tuple[tuple[ListenerRow, Process | None], ...]) -> Iterator[Evidence]:
    for row, process in held:
        yield seen(source, f"LISTEN {_place(row)}" + ("" if process is None else f" by {_who(process)}"))


def _place(row: ListenerRow) -> str:
    return f"[{row.address}]:{row.port}" if ":" in row.address else f"{row.address}:{row.port}"


def _places(rows: list[ListenerRow]) -> str:
    return ", ".join(sorted({_place(row) for row in rows}))


def _who(process: Process) -> str:
    unit = _unit(process)
    return f"{process.name} ({unit})" if unit else process.name


def _unit(process: Process) -> str | None:
    """The unit, unless its name says no more than that a container or a session was started."""
    return process.unit if process.unit and process.unit.endswith((".service", ".socket")) else None


def _told(held: Held) -> str:
    words = []
    for row, process in held:
        if process is None:
            words.append(f"something on {_place(row)}")
        else:
            user = "" if process.user in (None, "root") else f" of user {process.user}"
            words.append(f"{_who(process)}{user} on {_place(row)}")
    return ", ".join(dict.fromkeys(words))


def _names(held: Held) -> str:
    return ", ".join(sorted({process.name for _, process in held if process is not None}))


def _advice(wanted: Port, held: Held) -> str:
    if wanted.component == "kube-apiserver" and any(_is_any(process, _BALANCERS) for _, process in held):
        return (
            "; the API server binds every address, a load balancer's virtual one too, unless --bind-address says less"
        )
    return ""


def _is_any(process: Process | None, names: tuple[str, ...]) -> bool:
    return process is not None and any(name in names for name in process.names)


def _fix(wanted: Port, held: Held) -> Fix:
    """Stop the units, where stopping them is what frees the port."""
    units = {_unit(process) for _, process in held if process is not None}
    plain = [unit for unit in units if unit is not None]
    names = (*_CARRIERS, *_BALANCERS) if wanted.component == "kube-apiserver" else _CARRIERS
    spared = any(_is_any(process, names) for _, process in held)
    if plain and len(plain) == len(units) and not spared and not any(map(_is_shared, plain)):
        steps = tuple(command("systemctl", "disable", "--now", "--", unit) for unit in sorted(plain))
        return Fix(f"Free port {wanted.number}: stop and disable {', '.join(sorted(plain))}", steps, DISRUPTIVE)
    return by_hand(
        f"Free port {wanted.number}",
        f"Stop {_told(held)}, or give it another port or address"
        + (f"; {wanted.component} needs this one: {wanted.reason}" if wanted.component else ""),
    )


def _is_shared(unit: str) -> bool:
    """Whether a unit does more than what holds the port."""
    return unit.partition(".")[0].partition("@")[0] in ("docker", "podman", "containerd", "crio", "kubelet", "user")
