"""Modules that need not be loaded before they are needed: who loads them then, and whether that can be done."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Severity, ok, seen
from nodecheck.errors import FactError
from nodecheck.facts import BootModules, BootTree, Modprobe, ModuleLoading, OsRelease, RunningTree, Target
from nodecheck.facts.distro.os_release import leading_numbers
from nodecheck.facts.kernel.loading import LOADED, UNCLEAR
from nodecheck.facts.kernel.modprobe import command_loads
from nodecheck.facts.kernel.modules import MODPROBE, MODULES_DISABLED, loads_nothing
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table

CONNTRACK = "nf_conntrack"
SCHEDULER = "ip_vs_"
"""Begins the names of schedulers."""

_SETUP = "kubernetes/kubernetes cmd/kube-proxy, setupConntrack"

ENTERPRISE_9 = Table(
    Row(
        CONNTRACK,
        "loaded",
        "on Enterprise Linux 9 nothing loads it before kube-proxy, which ends without it",
        "kubernetes/kops#17968",
        Severity.WARNING,
        modes=("iptables", "nftables", None),
    ),
)
"""Of a module that can be loaded, and is not. A mode that is not known is kube-proxy's default, iptables."""

BY_HAND = Table(
    Row(
        CONNTRACK,
        "loaded",
        "the kernel loads no module itself (kernel.modprobe), so nothing does before kube-proxy, which ends without it",
        f"{_SETUP}; sysctl/kernel.rst",
        Severity.WARNING,
        modes=("iptables", "nftables", None),
    ),
    Row(
        SCHEDULER,
        "loaded",
        "kube-proxy leaves schedulers to the kernel, which loads no module itself (kernel.modprobe)",
        "kubernetes/kubernetes#114669; the kernel's ip_vs_scheduler_get",
        since=(1, 27),
        modes=("ipvs",),
    ),
)
"""Where the kernel has no program with which it loads modules: only what somebody loads by its name is there."""

ELSEWHERE = Table(
    Row(CONNTRACK, "loaded", "it can be loaded when a rule needs it", _SETUP, Severity.INFO),
)


class OnDemand(NamedTuple):
    """Whether a module that is not loaded can be; ``able`` is None where nothing tells."""

    able: bool | None = None
    evidence: tuple[Evidence, ...] = ()
    by_hand: Evidence | None = None
    """What shows that the kernel itself loads no module."""


def loadable_now(
    name: str,
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
) -> OnDemand:
    """Whether the running kernel takes the module when somebody asks for it by its name.

    A ``blacklist`` line is for aliases alone (modprobe.d(5)), and does not count.
    """
    from nodecheck_checks.kernel.module_fixes import stopping, whole_tree

    running = whole_tree(tree, next_tree)
    try:
        told = loading()
    except FactError:  # a root that does not hold it has shown no such thing
        told = ModuleLoading(disabled=False)
    if told.disabled:
        return OnDemand(False, (seen(MODULES_DISABLED, "1"),))
    try:
        own = modprobe().install(name)
    except FactError:
        return OnDemand()
    if running is not None and running.path is None and running.others:
        return OnDemand(False, (seen(f"/lib/modules/{running.release}"),))
    if running is not None and running.unlisted:
        return OnDemand(False, (seen(f"{running.path}/modules.dep"),))
    if running is None or running.dep is None:
        return OnDemand()
    if (listed := running.loadable(name)) is None:
        return OnDemand(False, (seen(running.dep.path, locator=name),))
    rule = stopping(name, running, modprobe)
    if rule is None and own is not None and not command_loads(own, name):
        rule = own
    if rule is not None:
        return OnDemand(False, (seen(rule.path, rule.text, line=rule.line),))
    by_hand = seen(MODPROBE, told.helper) if told.helper is not None and loads_nothing(told.helper) else None
    return OnDemand(True, (seen(running.dep.path, listed.path, line=listed.line),), by_hand)


def loadable_at_boot(name: str, boot: BootModules) -> OnDemand:
    """Whether the kernel that will boot takes the module when kube-proxy asks for it.

    Where the init does not even load what its files name (``init=/bin/sh``, a rescue target), nothing says that
    kube-proxy comes to ask.
    """
    found = boot.on_demand(name) if boot.wishes.hindrance is None else None
    if found is None or found.state == UNCLEAR:
        return OnDemand()
    return OnDemand(found.state == LOADED, found.evidence, boot.no_helper())


def when_needed(outcome: Outcome, name: str, target: Target, found: OnDemand, release: Lazy[OsRelease]) -> Outcome:
    """What is said of a module that is not loaded: in ipvs mode kube-proxy loads it, else it depends on what does.

    kube-proxy's ipvs mode runs ``modprobe`` for the modules that it needs (``GetModules`` up to 1.26, since then the
    library moby/ipvs, for ``ip_vs`` alone), and the kernel loads schedulers by their names (``kernel.modprobe``). In
    the other modes it loads none, and ends where ``nf_conntrack`` is not there (``setupConntrack``).
    """
    if found.able is None or target.proxy_mode == "none":
        return outcome
    evidence = (*outcome.evidence, *found.evidence)
    by_hand = _asked_by_hand(name, target) if found.able and found.by_hand is not None else None
    if by_hand is not None and found.by_hand is not None:
        message = f"{outcome.message}; {by_hand.reason}"
        return outcome._replace(message=message, evidence=(*evidence, found.by_hand), severity=by_hand.severity)
    if target.proxy_mode == "ipvs":
        if not found.able:
            return outcome._replace(evidence=evidence)
        return ok(
            f"{outcome.message}; kube-proxy loads it when it starts",
            expected=f"{outcome.expected}, or for kube-proxy to load",
            actual="can be loaded",
            evidence=evidence,
        )
    if not found.able:
        message = f"{outcome.message}; it cannot be loaded, and kube-proxy ends without it"
        return outcome._replace(message=message, evidence=evidence, severity=Severity.ERROR)
    row = (ENTERPRISE_9 if _enterprise_9(release) else ELSEWHERE).row(CONNTRACK, target)
    return outcome._replace(message=f"{outcome.message}; {row.reason}", evidence=evidence, severity=row.severity)


def _asked_by_hand(name: str, target: Target) -> Row | None:
    return BY_HAND.find(SCHEDULER if name.startswith(SCHEDULER) else name, target)


def _enterprise_9(release: Lazy[OsRelease]) -> bool:
    try:
        found = release()
    except FactError:
        return False  # a distribution that is not known is none of which this is known
    return found.family == "rhel" and leading_numbers(found.version or "")[:1] == (9,)
