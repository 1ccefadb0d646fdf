"""The kubelet's side of ``cgroup-driver``: its setting, the runtime's answer, and whether it would run at all."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, seen
from nodecheck.errors import FactError
from nodecheck.facts import Containerd, KubeletConfig, KubeletDriverLine
from nodecheck.facts.kernel.cgroups import CGROUPFS
from nodecheck.facts.kubelet.settings import KubeletSetting, Problem
from nodecheck.facts.runtimes.releases import Release
from nodecheck.fix import Fix
from nodecheck.requirements.table import Row, Table
from nodecheck_checks.runtime.driver_sides import Side, SidesNode, attempt

GATE = "KubeletCgroupDriverFromCRI"
_NEVER, _OFF, _ON, _ALWAYS = "never", "off by default", "on by default", "always"
ASKS = Table(
    Row(GATE, _NEVER, "the kubelet knows no such gate", "KEP-4033", before=(1, 28)),
    Row(GATE, _OFF, "the gate is alpha", "KEP-4033", since=(1, 28), before=(1, 31)),
    Row(GATE, _ON, "the gate is beta", "KEP-4033", since=(1, 31), before=(1, 34)),
    Row(GATE, _ALWAYS, "the gate is locked", "KEP-4033", since=(1, 34)),
)
"""Whether the kubelet takes the runtime's cgroup driver, by its release."""

TOLD, UNTOLD = "told", "not told"
ANSWERS = Table(
    Row("containerd", UNTOLD, "it has no RuntimeConfig", "containerd#8722", before=(2,)),
    Row("containerd", TOLD, "its CRI plugin answers RuntimeConfig", "containerd#8722", since=(2,)),
    Row("crio", UNTOLD, "it has no RuntimeConfig", "cri-o#7079", before=(1, 28)),
    Row("crio", TOLD, "it answers RuntimeConfig", "cri-o#7079", since=(1, 28)),
    Row("cri-dockerd", UNTOLD, "its RuntimeConfig leaves Linux out", "Mirantis/cri-dockerd#222", before=(0, 3, 17)),
    Row("cri-dockerd", TOLD, "its RuntimeConfig has docker's", "Mirantis/cri-dockerd#425", since=(0, 3, 17)),
)
"""Whether a runtime tells its cgroup driver, by its own release."""


def as_it_runs(config: KubeletConfig, node: SidesNode) -> KubeletConfig:
    """The configuration, with the reason why the kubelet's own release would not start with it here."""
    found = config.for_release(node.kubelet_release)
    return found if found.problem is not None else _on_cgroup_v1(found, node)


def _on_cgroup_v1(config: KubeletConfig, node: SidesNode) -> KubeletConfig:
    """``failCgroupV1``, true by default from 1.35 on: the kubelet refuses a hierarchy that is not v2 alone."""
    if config.setting("failCgroupV1").value is not True:
        return config
    found = attempt(node.hierarchy)
    if isinstance(found, FactError) or found.unified is not False or found.source is None:
        return config
    release = node.kubelet_release()
    if release is None:
        return config
    setting = config.setting("failCgroupV1", (release[0], release[1]))
    if setting.value is not True:
        return config
    told = "the default" if setting.origin == "default" else setting.text
    detail = f"it refuses cgroup {found.version} (failCgroupV1, {told} of kubelet {'.'.join(map(str, release))})"
    return config._replace(problem=Problem("malformed", detail, setting.source or found.source, setting.line))


def asks_runtime(
    config: KubeletConfig, node: SidesNode, runtime: Side | None, containerd: Lazy[Containerd]
) -> bool | None:
    """Whether the kubelet takes the runtime's answer (KEP-4033); None where the node does not show it."""
    kubelet = _kubelet_asks(config, node.kubernetes())
    if kubelet is False:
        return False
    answers: bool | None = None
    if runtime is not None:
        teller = "cri-dockerd" if runtime.name == "docker" else runtime.name
        release = node.release(teller)
        answers = ANSWERS.at(teller, release).wanted == TOLD if release is not None else None
        if answers is None and teller == "containerd":
            fact = attempt(containerd)
            answers = True if not isinstance(fact, FactError) and fact.shows_two() else None
    return False if answers is False else True if kubelet and answers else None


def _kubelet_asks(config: KubeletConfig, release: Release | None) -> bool | None:
    """Whether it asks the runtime at all; None where that follows from a release that is not shown."""
    gate = config.gate(GATE)
    if release is None:
        older = config.older_than is not None and ASKS.rows[0].covers_all_before(config.older_than)
        return False if gate is False or older else None
    state = ASKS.at(GATE, release).wanted
    if state in (_NEVER, _ALWAYS):
        return state == _ALWAYS
    return gate if gate is not None else state == _ON


def kubelet_side(
    config: KubeletConfig, runtime: Side | None, pair: bool | None, line: Lazy[KubeletDriverLine], node: SidesNode
) -> Side:
    """What the kubelet comes to. ``pair``: whether it takes the runtime's answer; None where that is not shown."""
    setting = config.cgroup_driver
    evidence = tuple(seen(path, None, locator="cgroupDriver") for path in config.sources[-8:])
    if setting is not None:
        evidence = (seen(setting.source, setting.text, line=setting.line),)
    if config.problem is not None:
        problem = config.problem
        told = seen(problem.source, problem.detail, line=problem.line)
        return Side("kubelet", evidence=(told,), code=problem.code, why=f"the kubelet would not run: {problem.detail}")

    def mend(wanted: str, _beside: tuple[str, ...]) -> Fix:
        from nodecheck_checks.runtime.driver_fixes import kubelet

        lines = attempt(line)
        return kubelet(config, KubeletDriverLine() if isinstance(lines, FactError) else lines, wanted)

    if pair and runtime is not None:
        return _asking(runtime, setting.value if setting is not None else None, evidence)
    if runtime is not None and pair is None and setting is not None and _may_not_count(config, node, runtime, setting):
        teller = "cri-dockerd" if runtime.name == "docker" else runtime.name
        why = f"its setting, {setting.value}, counts only where {teller} does not tell its driver, and no release shows"
        return Side("kubelet", evidence=evidence, code="not-found", why=f"{why} whether it does")
    if setting is not None:
        return Side("kubelet", setting.value, evidence, fix=mend)
    if pair is False:
        return Side("kubelet", CGROUPFS, evidence, ("set nowhere, so by default",), fix=mend)
    why = (
        "cgroupDriver is set nowhere: it is cgroupfs, or what the runtime answers, by releases that are not shown here"
    )
    return Side("kubelet", evidence=evidence, code="not-found", why=why)


def _may_not_count(config: KubeletConfig, node: SidesNode, runtime: Side, setting: KubeletSetting) -> bool:
    """Whether a kubelet that surely asks may be told something else than it is set to."""
    differs = runtime.driver not in (None, setting.value)
    return differs and _kubelet_asks(config, node.kubernetes()) is True


def _asking(runtime: Side, own: str | None, evidence: tuple[Evidence, ...]) -> Side:
    """The kubelet of a pair in which the runtime decides."""
    notes = [f"it takes {runtime.name}'s answer"]
    if own is not None and own != runtime.driver:
        notes.append(f"its own setting, {own}, does not count")
    if runtime.driver is None:
        why = f"the kubelet takes {runtime.name}'s answer, which cannot be told"
        return Side("kubelet", evidence=(*evidence, *runtime.evidence), code=runtime.code or "not-found", why=why)
    return Side("kubelet", runtime.driver, (*runtime.evidence, *evidence), tuple(notes), fix=runtime.fix)
