"""The cgroup drivers of the container runtimes and of the kubelet."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    AgentDriver,
    BootCgroups,
    Containerd,
    Crio,
    Docker,
    InitSystem,
    KubeletConfig,
    KubeletDriverLine,
    KubeletRelease,
    NowCgroups,
    PackageSigns,
    Target,
)
from nodecheck.facts.kernel.cgroups import CGROUPFS, SYSTEMD
from nodecheck.record import NamedTuple
from nodecheck.typed import Literal
from nodecheck_checks.runtime.agent_sides import agent_outcomes, severity_beside
from nodecheck_checks.runtime.driver_sides import KUBELET, Side, SidesNode, attempt, runtimes, together, unread


@check(
    severity=Severity.ERROR,
    tags=["kubelet", "runtime"],
    topic="runtime",
    references=[
        "https://kubernetes.io/docs/setup/production-environment/container-runtimes/#cgroup-drivers",
        "https://github.com/kubernetes/enhancements/issues/4033",
    ],
)
def cgroup_driver(
    docker: Lazy[Docker],
    containerd: Lazy[Containerd],
    crio: Lazy[Crio],
    kubelet: Lazy[KubeletConfig],
    line: Lazy[KubeletDriverLine],
    releases: Lazy[facts.RuntimeReleases],
    kubelet_release: Lazy[KubeletRelease],
    packages: Lazy[PackageSigns],
    target: Lazy[Target],
    init: Lazy[InitSystem],
    cgroups: Lazy[NowCgroups],
    planned: Lazy[BootCgroups],
    shim: Lazy[facts.CriDockerd],
    agents: Lazy[AgentDriver],
    pods: Lazy[facts.PodCgroups],
    *,
    driver: Literal["auto", "systemd", "cgroupfs"] = "auto",
) -> Results:
    """The container runtime and the kubelet use the same cgroup driver, the wanted one.

    ## Why it matters
    Where systemd is the init, it is one manager of the cgroup tree and a ``cgroupfs`` driver is another: under pressure
    the two views make a node unstable. Where the runtime and the kubelet differ, no pod starts (``expected cgroupsPath
    to be of format "slice:prefix:name"``), or pods are restarted without a word.

    ## What it looks at
    Each component that is there (its program, unit, package or configuration file), by its own rules. Units are read
    with the quoting of this node's systemd (until 220 a quote inside a word is part of it) and with its specifiers.

    - containerd: ``config.toml`` (or ``--config`` of its unit) and what it imports. ``SystemdCgroup`` of the default
      runtime counts, else of the first other runc handler by name. Version 1 (also a file with no version line) is read
      from ``plugins.cri``, 2 from ``io.containerd.grpc.v1.cri``, 3 and 4 from ``io.containerd.cri.v1.runtime``. Where
      that matters, containerd's own release decides: which versions it reads or refuses, whether an import replaces
      a section or joins it, which spellings of a key it takes. A section that it does not read is told.
    - CRI-O: ``crio.conf``, every file below ``crio.conf.d`` whatever its name ends in, and flags; systemd by default.
      Which ``conmon_cgroup`` it refuses is its own release's; where none is shown, ``cgroupfs`` fails all the same.
    - docker: ``daemon.json`` and the flags of its unit. Not set, it is systemd where cgroup v2 alone is mounted (docker
      20.10 and later), else cgroupfs.
    - the kubelet: its files and flags. Not set means cgroupfs; but with Kubernetes 1.31 or later and containerd 2,
      CRI-O 1.28 or cri-dockerd 0.3.17 and later the kubelet takes the runtime's answer and ignores its own setting. A
      setting counts unless the node shows such a pair; nothing set is unknown unless the node shows that there is no
      such pair, and so is a setting where a kubelet that asks has a runtime whose release is not shown.

    The kubelet inside k3s, RKE2, k0s, MicroK8s, Canonical Kubernetes and the snap ``kubelet`` is compared with the
    containerd that they start, by their own files; which driver it is, they choose, and only a ``driver`` that the
    profile names is asked of them.

    A configuration with which a component would not start is unknown, with the reason: so are flags and feature gates
    that the kubelet's own release does not know, and cgroup v1 under a kubelet that refuses it (``failCgroupV1``, the
    default from 1.35 on).

    A kubelet whose configuration is written when the node joins a cluster, and that has no kubeconfig yet, is skipped.

    ``agreement`` compares the kubelet with the runtime that it points to. Runtimes that it does not point to are
    leftovers, of severity ``info``.

    ``pods`` compares the kubelet with the pods that run, by the names of their cgroups: below ``kubepods.slice`` they
    are the systemd driver's, below ``kubepods`` those of cgroupfs. A driver that was changed under pods that run leaves
    them where the kubelet neither counts nor ends them.

    A containerd whose CRI plugin is off (``disabled_plugins``, as Docker's package writes it) fails where a kubelet is
    there and has no other runtime: no pod would start.

    Parameter: ``driver``, the wanted one; by default (``auto``) systemd where systemd is the init, else cgroupfs.

    ## How to fix it
    Drain the node first, also where only ``pods`` fails: pods that run keep their cgroups. Set the driver in the file
    that the evidence names, and the kubelet's to the same. Restart the runtime and then the kubelet. cri-dockerd reads
    docker's driver once, when it starts: it is restarted between them.

    ## Sources
    containerd ``cri/config/config.go``, ``runtime_config_linux.go`` and ``server/config/config.go`` of 1.2 to 2.3;
    systemd/systemd#44, minikube#6544; containerd#9198, #6389, #12891, NVIDIA/aicr#1688; cri-o ``pkg/config/config.go``;
    moby ``daemon/config/config.go`` and ``daemon_unix.go`` (``UsingSystemd``); Mirantis/cri-dockerd#222, #425
    (``core/docker_service.go``); kubelet ``cgroupDriver``, KEP-4033, KEP-3983, kubernetes#106907, #112120, #133779,
    #134298; k3s#5454, rke2#4085, k0s#3272; containerd#4203, kubernetes#89682, kubernetes#111776.
    """
    node = SidesNode(releases, kubelet_release, packages, target, init, cgroups, planned, shim, pods)
    parts = _Parts(docker, containerd, crio, kubelet, line, agents)
    wanted = driver if driver != "auto" else SYSTEMD if init().is_systemd else CGROUPFS
    for outcome in _outcomes(node, parts, wanted, driver != "auto"):
        yield _restartable(outcome, node)


class _Parts(NamedTuple):
    """The components that a node may have."""

    docker: Lazy[Docker]
    containerd: Lazy[Containerd]
    crio: Lazy[Crio]
    kubelet: Lazy[KubeletConfig]
    line: Lazy[KubeletDriverLine]
    agents: Lazy[AgentDriver]


def _outcomes(node: SidesNode, parts: _Parts, driver: str, named: bool) -> Iterator[Outcome]:
    sides = list(runtimes(node, parts.docker, parts.containerd, parts.crio))
    config = attempt(parts.kubelet)
    if isinstance(config, FactError):
        yield from (_outcome(side, driver) for side in (*sides, unread("kubelet", config)))
    elif config.problem is not None and config.problem.to_come:
        yield from (_outcome(side, driver) for side in sides)
        yield skip(config.problem.why_not_yet, subject="kubelet", evidence=[seen(config.problem.source)])
    elif not config.present:
        yield from _without_kubelet(sides, node, driver, parts.agents, named)
    else:
        yield from _with_kubelet(config, sides, node, driver, parts.containerd, parts.line)


def _restartable(outcome: Outcome, node: SidesNode) -> Outcome:
    if outcome.fix is None or node.on_systemd():
        return outcome
    from nodecheck_checks.runtime.driver_fixes import otherwise_restarted

    return outcome._replace(fix=otherwise_restarted(outcome.fix))


def _without_kubelet(
    sides: list[Side], node: SidesNode, driver: str, agents: Lazy[AgentDriver], named: bool
) -> Iterator[Outcome]:
    found = attempt(agents)
    agent = None if isinstance(found, FactError) else found.agent
    yield from agent_outcomes(found, sides, node, driver if named else None)
    if not sides and agent is None and not isinstance(found, FactError):
        packages = attempt(node.packages)
        if isinstance(packages, FactError):
            yield unknown(
                f"no container runtime is seen, and the packages cannot be read: {packages}", code=packages.code
            )
        else:
            yield skip("neither a container runtime nor a kubelet is on this node")
    for side in sides:
        yield _outcome(side, driver, None if isinstance(found, FactError) else severity_beside(found, side))


def _with_kubelet(
    config: KubeletConfig,
    sides: list[Side],
    node: SidesNode,
    driver: str,
    containerd: Lazy[Containerd],
    line: Lazy[KubeletDriverLine],
) -> Iterator[Outcome]:
    from nodecheck_checks.runtime.driver_pods import pods_outcomes
    from nodecheck_checks.runtime.kubelet_side import as_it_runs, asks_runtime, kubelet_side

    config = as_it_runs(config, node)
    pointed = _pointed(config, node, sides)
    runtime = next((side for side in sides if side.name == pointed), None)
    same = runtime is not None and config.cgroup_driver is not None and config.cgroup_driver.value == runtime.driver
    # Where both are set to the same driver it does not matter whose word counts, and no version is asked for.
    pair = None if same else asks_runtime(config, node, runtime, containerd)
    own = kubelet_side(config, runtime, pair, line, node)
    if runtime is not None:
        changed = together(runtime, own, driver)
        sides = [changed if side is runtime else side for side in sides]
        own, runtime = together(own, runtime, driver), changed
    usable = [side for side in sides if not side.idle]
    for side in (*sides, own):
        leftover = side is not own and pointed is not None and side.name != pointed
        alone = not usable and (side.name == pointed or not _names_runtime(config))
        if side.idle and not side.code and alone:
            yield _off(side, driver)
        else:
            severity, beside = (
                (Severity.INFO, ()) if leftover else (None, node.beside(runtime if side is own else side))
            )
            yield _outcome(_idle(side, runtime), driver, severity, beside)
    yield from pods_outcomes(own, node)
    if runtime is not None:
        yield _agreement(own, runtime, driver, pair, node)
    elif pointed is None and usable:
        yield _agreement_with_any(own, usable)


def _pointed(config: KubeletConfig, node: SidesNode, sides: list[Side]) -> str | None:
    """The runtime that the kubelet uses: the one it names, else the only one that is there; None: not known."""
    release = node.kubernetes()
    named = config.runtime(release)
    explicit = _names_runtime(config)
    usable = [side.name for side in sides if not side.idle]
    if named is not None and (explicit or named in usable or len(usable) != 1):
        return named
    return usable[0] if len(usable) == 1 else None


def _names_runtime(config: KubeletConfig) -> bool:
    return config.runtime_endpoint is not None or config.container_runtime is not None


def _idle(side: Side, runtime: Side | None) -> Side:
    """A runtime whose CRI plugin is off is nothing to judge, unless it is the one that the kubelet points to."""
    if side.idle and not side.code and side is runtime:
        why = f"the kubelet points to {side.name}, and {side.idle}"
        return side._replace(idle="", code="malformed", why=why)
    return side


def _off(side: Side, wanted: str) -> Outcome:
    """The only runtime of a kubelet, and it serves none."""
    return fail(
        f"{side.name} serves no kubelet, and this node has no other runtime: {side.idle}",
        subject=side.name,
        expected="its CRI plugin on",
        actual="off",
        evidence=side.evidence,
        fix=side.fix(wanted, KUBELET) if side.fix is not None else None,
    )


def _outcome(side: Side, wanted: str, severity: Severity | None = None, beside: tuple[str, ...] = ()) -> Outcome:
    if side.idle:
        message = side.idle if side.code else f"{side.name} serves no kubelet: {side.idle}"
        return skip(message, code=side.code or "not-applicable", subject=side.name, evidence=side.evidence)
    notes = "".join(f"; {note}" for note in side.notes)
    name = "the kubelet" if side.name == "kubelet" else side.name
    if side.driver is None:
        return unknown(
            f"{side.why}{notes}",
            code=side.code or "not-found",
            subject=side.name,
            expected=wanted,
            evidence=side.evidence,
            severity=severity,
        )
    if side.driver == wanted:
        message = f"{name} uses the {wanted} cgroup driver{notes}"
        return ok(message, subject=side.name, expected=wanted, actual=wanted, evidence=side.evidence, severity=severity)
    return fail(
        f"{name} uses the {side.driver} cgroup driver, not {wanted}{notes}",
        subject=side.name,
        expected=wanted,
        actual=side.driver,
        evidence=side.evidence,
        fix=side.fix(wanted, beside) if side.fix is not None else None,
        severity=severity,
    )


def _agreement(own: Side, runtime: Side, wanted: str, pair: bool | None, node: SidesNode) -> Outcome:
    """The kubelet beside the runtime that it points to."""
    evidence = tuple(dict.fromkeys((*runtime.evidence, *own.evidence)))
    actual = f"{runtime.name} {runtime.driver or 'unknown'}, kubelet {own.driver or 'unknown'}"
    if own.driver is None or runtime.driver is None:
        blame = own if own.driver is None and not (runtime.driver is None and runtime.why) else runtime
        why = blame.why or f"the kubelet points to {runtime.name}, and {runtime.idle}"
        return unknown(
            f"{runtime.name} and the kubelet cannot be compared: {why}",
            code=blame.code or "malformed",
            subject="agreement",
            actual=actual,
            evidence=evidence,
        )
    if own.driver == runtime.driver:
        how = f": the kubelet takes {runtime.name}'s answer" if pair else ""
        message = f"{runtime.name} and the kubelet use the same cgroup driver, {own.driver}{how}"
        return ok(message, subject="agreement", expected="the same driver", actual=actual, evidence=evidence)
    wrong = runtime if runtime.driver != wanted else own
    return fail(
        f"{runtime.name} uses the {runtime.driver} cgroup driver and the kubelet {own.driver}",
        subject="agreement",
        expected="the same driver",
        actual=actual,
        evidence=evidence,
        fix=wrong.fix(wanted, node.beside(runtime)) if wrong.fix is not None else None,
    )


def _agreement_with_any(own: Side, usable: list[Side]) -> Outcome:
    """The kubelet beside several runtimes of which nothing says which one it uses."""
    names = " and ".join(side.name for side in usable)
    evidence = tuple(dict.fromkeys(item for side in (*usable, own) for item in side.evidence))
    if own.driver is not None and {side.driver for side in usable} == {own.driver}:
        message = f"{names} and the kubelet use the same cgroup driver, {own.driver}"
        return ok(message, subject="agreement", expected="the same driver", actual=own.driver, evidence=evidence)
    message = f"which of {names} the kubelet uses is not shown, and their drivers are not all known to be the kubelet's"
    return unknown(message, code="not-found", subject="agreement", expected="the same driver", evidence=evidence)
