"""``cgroup-driver`` on a node whose kubelet an agent or a snap starts: both sides by the agent's own files."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Evidence, Outcome, Severity, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError, Offline
from nodecheck.facts import AgentDriver
from nodecheck.facts.kernel.cgroups import CGROUPFS
from nodecheck.facts.kubelet.agent_drivers import NodeAgent
from nodecheck.fix import Fix, by_hand
from nodecheck_checks.runtime.driver_sides import Side, SidesNode, containerd_side

AGREEMENT = "agreement"
_SAME = "the same driver"


def agent_outcomes(
    found: AgentDriver | FactError, sides: list[Side], node: SidesNode, driver: str | None
) -> Iterator[Outcome]:
    """The agent's containerd beside its kubelet; ``driver`` is one that the profile wants of both."""
    if isinstance(found, FactError):
        message, code = f"what the agent gives its runtime and its kubelet cannot be read: {found}", found.code
        told = skip if isinstance(found, Offline) else unknown
        yield told(message, code=code, subject=AGREEMENT)
        return
    if found.agent is None:
        return
    if found.other is not None:
        yield _elsewhere(found.agent, found)
        return
    runtime = _runtime(found, found.agent, sides, node)
    if runtime is None:
        yield _not_started(found, found.agent)
        return
    from nodecheck_checks.runtime.driver_pods import pods_outcomes

    own = _own(found, found.agent, runtime)
    yield _agreement(found.agent, runtime, own)
    yield from pods_outcomes(own, node, found.agent.name)
    for side in (runtime, own) if driver is not None else ():
        yield _wanted(side, driver or "", found.agent)


def _elsewhere(agent: NodeAgent, found: AgentDriver) -> Outcome:
    word = found.other
    evidence = [] if word is None else [seen(word.path, word.text, line=word.line)]
    message = (
        f"{agent.name} is told to use a runtime that it does not start, and which driver it takes is not looked at"
    )
    return unknown(message, code="unsupported", subject=AGREEMENT, expected=_SAME, evidence=evidence)


def _not_started(found: AgentDriver, agent: NodeAgent) -> Outcome:
    paths = (*agent.containerd, *([agent.template] if agent.template else []))
    evidence = [seen(path, None) for path in paths]
    if found.setting is None:
        message = f"{agent.name} has written no configuration of its containerd here yet"
        if agent.sets_both:
            return skip(f"{message}, and gives its kubelet the same driver", subject=AGREEMENT, evidence=evidence)
        return unknown(message, code="not-found", subject=AGREEMENT, expected=_SAME, evidence=evidence)
    setting = found.setting
    message = f"{agent.name} has no configuration of its containerd here, and its kubelet is set to {setting.value}"
    evidence.append(seen(setting.source, setting.text, line=setting.line))
    return unknown(message, code="not-found", subject=AGREEMENT, expected=_SAME, evidence=evidence)


def _runtime(found: AgentDriver, agent: NodeAgent, sides: list[Side], node: SidesNode) -> Side | None:
    """The containerd that the agent starts, else the node's own where it uses that."""
    if agent.containerd:
        return containerd_side(found.containerd, node, lambda: None)
    return next((side for side in sides if side.name == "containerd"), None)


def _own(found: AgentDriver, agent: NodeAgent, runtime: Side) -> Side:
    """The kubelet: what it is set to, unless its containerd is one that every kubelet beside it asks (version 3)."""
    setting = found.setting
    evidence: tuple[Evidence, ...] = ()
    if setting is not None:
        evidence = (seen(setting.source, setting.text, line=setting.line),)
    if found.containerd.shows_two() or (setting is None and agent.sets_both):
        return Side("kubelet", runtime.driver, evidence, (f"it takes containerd's, as {agent.name} has it",))
    if setting is not None:
        return Side("kubelet", setting.value, evidence)
    if not agent.containerd:
        why = "it is cgroupfs, or what the runtime answers, by releases that are not shown here"
        return Side("kubelet", why=f"the driver of {agent.name} is set nowhere: {why}", code="not-found")
    if not found.told:
        return Side("kubelet", why=f"{agent.name} has not written its kubelet's configuration here", code="not-found")
    return Side("kubelet", CGROUPFS, evidence, ("set nowhere, so by default",))


def _agreement(agent: NodeAgent, runtime: Side, own: Side) -> Outcome:
    evidence = tuple(dict.fromkeys((*runtime.evidence, *own.evidence)))
    actual = f"containerd {runtime.driver or 'unknown'}, kubelet {own.driver or 'unknown'}"
    if runtime.driver is None or own.driver is None:
        why = runtime.why or own.why or runtime.idle
        code = (runtime.code if runtime.driver is None else own.code) or "malformed"
        message = f"{agent.name}'s containerd and kubelet cannot be compared: {why}"
        return unknown(message, code=code, subject=AGREEMENT, expected=_SAME, actual=actual, evidence=evidence)
    if runtime.driver == own.driver:
        message = f"{agent.name}'s containerd and kubelet use the same cgroup driver, {own.driver}"
        return ok(message, subject=AGREEMENT, expected=_SAME, actual=actual, evidence=evidence)
    notes = "".join(f"; {note}" for note in own.notes)
    message = f"{agent.name}'s containerd uses the {runtime.driver} cgroup driver and its kubelet {own.driver}{notes}"
    fix = _fix(agent, runtime)
    return fail(message, subject=AGREEMENT, expected=_SAME, actual=actual, evidence=evidence, fix=fix)


def _fix(agent: NodeAgent, runtime: Side) -> Fix:
    title = f"Give {agent.name}'s kubelet the driver of its containerd"
    if agent.sets_both:
        text = f"Take cgroup-driver out of the kubelet's arguments, as {agent.name} gives both the same; restart it"
    else:
        text = f"Set cgroup-driver to {runtime.driver} for the kubelet, or change containerd; restart {agent.name}"
    return by_hand(title, f"Drain the node first. {text}.")


def _wanted(side: Side, driver: str, agent: NodeAgent) -> Outcome:
    name = f"{agent.name}'s {side.name}"
    if side.driver is None:
        code, why = side.code or "not-found", side.why or side.idle
        return unknown(f"{name}: {why}", code=code, subject=side.name, expected=driver, evidence=side.evidence)
    if side.driver == driver:
        message = f"{name} uses the {driver} cgroup driver"
        return ok(message, subject=side.name, expected=driver, actual=driver, evidence=side.evidence)
    message = f"{name} uses the {side.driver} cgroup driver, not {driver}"
    fix = by_hand(
        f"Set the driver of {name} to {driver}", f"See the documentation of {agent.name}; drain the node first"
    )
    return fail(message, subject=side.name, expected=driver, actual=side.driver, evidence=side.evidence, fix=fix)


def severity_beside(found: AgentDriver, side: Side) -> Severity | None:
    """The severity of a runtime of the node's own beside an agent: for information where the agent has another."""
    if found.agent is None or found.other is not None:
        return None
    return Severity.INFO if found.agent.containerd or side.name != "containerd" else None
