"""Kernel modules."""

from __future__ import annotations

from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, FactError, Offline
from nodecheck.facts import (
    BootModules,
    BootTree,
    GenlFamilies,
    Modprobe,
    ModuleLoading,
    Modules,
    ModuleSigns,
    OsRelease,
    RunningConfig,
    RunningTree,
    SysModules,
    Target,
)
from nodecheck.facts.kernel.config import built_as
from nodecheck.facts.kernel.loading import BUILT_IN, LOADED, UNCLEAR, BootVerdict
from nodecheck.facts.kernel.modules import GENL_FAMILIES, Presence, module_name, presence
from nodecheck.facts.kernel.trees import has_ipv4_conntrack
from nodecheck.model.outcomes import result_id
from nodecheck.requirements.table import Row, Table
from nodecheck.typed import Literal
from nodecheck_checks.kernel.on_demand import CONNTRACK, OnDemand, loadable_at_boot, loadable_now, when_needed

REQUIRED = ("br_netfilter", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack")

CONNTRACK_IPV4 = "nf_conntrack_ipv4"

EXPECTED_NOW = "loaded or built in"
EXPECTED_BOOT = "built in, or loaded at boot"
_NOT_THERE, _NOT_LOADED = "not there", "not loaded"


_AT_WORK = "at work"
_GET_REQUIRED = "kubernetes/kubernetes pkg/util/ipvs, GetRequiredIPVSModules"
_ISSUES = "kubernetes/kubernetes#63801, #81791"
_SETUP = "kubernetes/kubernetes cmd/kube-proxy, setupConntrack; kubernetes/kops#17968"

Demand = Literal["loadable", "loaded"]
"""What is asked of a module that kube-proxy loads itself: to be there for it, or to be loaded before."""

MODULES = Table(
    Row("br_netfilter", _AT_WORK, "iptables must see what crosses a bridge", "net/bridge/br_netfilter_hooks.c"),
    Row("ip_vs", _AT_WORK, "kube-proxy's ipvs mode needs it", _GET_REQUIRED, modes=("ipvs",)),
    Row("ip_vs", _AT_WORK, "another proxy mode does without it", _GET_REQUIRED, Severity.INFO),
    Row(CONNTRACK, _AT_WORK, "kube-proxy's ipvs mode needs it", _GET_REQUIRED, modes=("ipvs",)),
    Row(CONNTRACK, _AT_WORK, "without kube-proxy little needs it", _ISSUES, Severity.INFO, modes=("none",)),
    Row(
        CONNTRACK,
        _AT_WORK,
        "kube-proxy ends where nothing has loaded it before",
        _SETUP,
        Severity.WARNING,
    ),
)
"""By the first module of a family: see :func:`family`."""


def family(name: str) -> str:
    """The module whose row a module has.

    >>> family("ip_vs_rr"), family("nf_conntrack_ipv4"), family("overlay")
    ('ip_vs', 'nf_conntrack', 'overlay')
    """
    if name == "ip_vs" or name.startswith("ip_vs_"):
        return "ip_vs"
    return CONNTRACK if name.startswith(CONNTRACK) else name


def module_severity(subject: str | None, target: Target, named: bool = False) -> Severity:
    """How much a missing module matters: an error where the profile names it, else by what kube-proxy does with it."""
    return MODULES.row(family(subject or ""), target, named=named).severity


@check(
    severity=module_severity,
    tags=["kernel", "network", "kube-proxy"],
    topic="kernel",
    references=["https://www.freedesktop.org/software/systemd/man/latest/modules-load.d.html"],
    each="require",
    spell=module_name,
    by_host=True,
    rows=[row._replace(name=name) for name in REQUIRED for row in MODULES if row.name == family(name)],
)
def kernel_module(
    subject: str,
    target: Lazy[Target],
    modules: Lazy[Modules],
    sysfs: Lazy[SysModules],
    signs: Lazy[ModuleSigns],
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    config: Lazy[RunningConfig],
    families: Lazy[GenlFamilies],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
    release: Lazy[OsRelease],
    named: bool = False,
    *,
    require: list[str] = list(REQUIRED),  # noqa: B006 - never changed; a list, as TOML has it
    demand: Demand = "loadable",
) -> Results:
    """The kernel modules that pods' networking needs are at work.

    ## Why it matters
    Without `br_netfilter`, traffic between pods on one bridge passes by iptables, and Services do not answer. In ipvs
    mode kube-proxy needs `ip_vs`, its schedulers and `nf_conntrack`: without them it ends, or falls back to iptables in
    older releases.

    ## What it looks at
    Now: the module's line in `/proc/modules` (only `Live` counts), `/sys/module/NAME`, what only the module at work
    brings (`/proc/sys/net/bridge`, `/proc/net/ip_vs`, `/proc/sys/net/netfilter/nf_conntrack_max`),
    `modules.builtin` of the running kernel, and `=y` in the kernel's configuration (`/proc/config.gz`,
    `/boot/config-RELEASE` …); where the last two cannot tell, the kernel's list of generic netlink families. A module
    file that merely lies on disk is not enough. Without a list of modules and without a configuration it is `unknown`.

    Boot: built into the kernel that will boot; or named in `modules-load.d` or by `modules_load=`, run by an executable
    `/etc/sysconfig/modules/*.modules` script where the distribution still runs those (EL7, EL8) or an executable
    `rc.local`, loaded by an enabled service's `modprobe` or by the agent of k3s, RKE2, k0s or MicroK8s, by the first
    rule of the kubelet (`xt_conntrack`, where iptables is there), or pulled in by a module that is (`modules.dep`,
    `softdep`). A blacklist line, `install NAME /bin/false`, `module_blacklist=`, a masked service, or a module tree
    without the module stop it.

    On kernels before 4.19 that have `nf_conntrack_ipv4` apart, `nf_conntrack` asks for both; later ones have both in
    one, and `nf_conntrack_ipv4` is judged as `nf_conntrack`.

    `br_netfilter` is an error, and does not apply where the CNI needs none (Cilium, OVN).

    The `ip_vs` family applies in ipvs mode alone (`--proxy-mode ipvs`), and is an error there. A module that can be
    loaded passes, because kube-proxy loads it when it starts. `demand = "loaded"` asks for it to be loaded before.

    `nf_conntrack` is the same in ipvs mode. In the other modes kube-proxy loads nothing: it sets the limits of
    connection tracking before it makes any rule, and ends where the module is not there. So a module that cannot be
    loaded is an error. One that can be, and is not, is a warning on Enterprise Linux 9, where nothing loads it before
    kube-proxy. Elsewhere it is a note, because a rule of the kubelet or of the CNI loads it. A mode that is not known
    counts as iptables, which is kube-proxy's default. Where no list of modules tells whether it can be loaded, it is a
    warning.

    A tree with neither `modules.dep` nor `modules.dep.bin` is one in which modprobe finds nothing: what
    `modules-load.d` names is not loaded then.

    Where `kernel.modprobe` is empty, or a program that does nothing, the kernel loads no module itself. So no rule
    brings `nf_conntrack`, which is a warning. From Kubernetes 1.27 on kube-proxy leaves the schedulers to the kernel:
    that is an error. The boot view takes the value from the files of sysctl.

    What a profile's `require` names is always judged, must be loaded, and is an error.

    ## How to fix it
    Now: `modprobe NAME`. For the next boot: a line with the module's name in a file of `/etc/modules-load.d` (a plan
    has one for all modules, `nodecheck.conf`), and no line in `modprobe.d` that forbids it. A module that the kernel
    does not have needs another kernel, or the distribution's package of further modules (`kernel-modules-extra` on RHEL
    10).

    ## Sources
    proc(5); modules-load.d(5); systemd-modules-load.service(8); modprobe.d(5); kernel `net/bridge/br_netfilter_hooks.c`
    and `kernel/module/procfs.c`; Kubernetes `pkg/util/ipvs` (GetRequiredIPVSModules), `pkg/kubelet`
    (kubelet_network_linux.go) and issues 63801 and 81791; kubernetes/kops#17968 (Rocky 9); moby/ipvs; the kernel's
    `ip_vs_scheduler_get`; initscripts `rhel-loadmodules.service`. Of `kernel.modprobe`: the kernel's sysctl/kernel.rst,
    and kubernetes/kubernetes#114669.
    """
    name = module_name(subject)
    if not named and (skipped := _not_needed(name, target)) is not None:
        yield skipped
        return
    for part in _parts(name, modules, tree):
        found = presence(part, modules, sysfs, signs)
        # A scheduler that is built in with ip_vs leaves no trace of its own.
        hidden = part.startswith("ip_vs_") and presence("ip_vs", modules, sysfs, signs).state == "built-in"
        judged = _now(part, found, hidden, tree, next_tree, config, families)
        if judged.fix is None and judged.status == "fail":
            from nodecheck_checks.kernel.module_fixes import load_now

            judged = judged._replace(fix=load_now(part, tree, next_tree, loading, modprobe))
        if judged.actual in (_NOT_THERE, _NOT_LOADED) and _on_demand(part, demand, named):
            able = loadable_now(part, tree, next_tree, loading, modprobe)
            able = OnDemand(False) if judged.actual == _NOT_THERE else able
            judged = when_needed(judged, part, target(), able, release)
        yield judged._replace(subject=name if part == CONNTRACK and name == CONNTRACK_IPV4 else part)


def _on_demand(name: str, demand: str, named: bool) -> bool:
    """Whether a module may be left to what loads it when it is needed."""
    return not named and demand == "loadable" and family(name) in ("ip_vs", CONNTRACK)


def _not_needed(name: str, target: Lazy[Target]) -> Outcome | None:
    if family(name) == "ip_vs" and (mode := target().proxy_mode) != "ipvs":
        told = f"is {mode}" if mode else "is not known (--proxy-mode ipvs asks for it)"
        return skip(f"kube-proxy needs it in ipvs mode alone, and its mode {told}")
    if name == "br_netfilter" and not target().uses_bridge_netfilter:
        return skip(f"the CNI {target().cni} sends nothing over a bridge that iptables must see")
    return None


def _parts(name: str, modules: Lazy[Modules], tree: Lazy[RunningTree]) -> tuple[str, ...]:
    """The modules that a subject stands for on the running kernel."""
    if not name.startswith(CONNTRACK):
        return (name,)
    try:
        if CONNTRACK_IPV4 in modules().listed:
            return _conntrack(name, apart=True)
        return _conntrack(name, has_ipv4_conntrack(tree().tree))
    except (Absent, Offline):
        return _conntrack(name, apart=False)


def _conntrack(name: str, apart: bool) -> tuple[str, ...]:
    """nf_conntrack asks for nf_conntrack_ipv4 too where that is apart; which is nf_conntrack where it is not.

    >>> _conntrack("nf_conntrack", True), _conntrack("nf_conntrack_ipv4", False)
    (('nf_conntrack', 'nf_conntrack_ipv4'), ('nf_conntrack',))
    """
    if name == CONNTRACK and apart:
        return (CONNTRACK, CONNTRACK_IPV4)
    return (CONNTRACK,) if name == CONNTRACK_IPV4 and not apart else (name,)


def _now(
    name: str,
    found: Presence,
    hidden: bool,
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    config: Lazy[RunningConfig],
    families: Lazy[GenlFamilies],
) -> Outcome:
    """The outcome by what shows the module, or by what says that it is not there."""
    if found.usable:
        message = {"live": "loaded", "at work": "at work"}.get(found.state or "", "built into the kernel")
        return ok(message, expected=EXPECTED_NOW, actual=found.state, evidence=found.evidence[-1:])
    if found.state is not None:
        message = f"it is {found.state}, not live"
        return fail(message, expected=EXPECTED_NOW, actual=found.state, evidence=found.evidence[-1:])
    built, told = _built(name, tree, config)
    if built == "y":
        return ok("built into the kernel", expected=EXPECTED_NOW, actual="built-in", evidence=told[-1:])
    if built is None and (family := _family(name, families)) is not None:
        return ok("at work", expected=EXPECTED_NOW, actual="at work", evidence=[family])
    evidence = (*found.evidence, *told)
    if built == "n" and (listed := _listed(name, tree, next_tree)) is not None:
        built, evidence = "m", (*evidence, listed)
    if built == "n":
        from nodecheck_checks.kernel.module_fixes import OTHER_KERNEL

        message = "the running kernel was built without it"
        return fail(message, expected=EXPECTED_NOW, actual=_NOT_THERE, evidence=evidence, fix=OTHER_KERNEL)
    if found.listing is None:
        return skip("only the running kernel can tell", code="offline", evidence=evidence)
    if built is None and (found.listing == "absent" or hidden):
        message = "not among the loaded modules, and nothing here tells whether it is built in"
        return unknown(message, code="not-found", expected=EXPECTED_NOW, evidence=evidence)
    message = "not loaded" if built == "m" else "not loaded, and not shown to be built in"
    return fail(message, expected=EXPECTED_NOW, actual=_NOT_LOADED, evidence=evidence)


def _built(name: str, tree: Lazy[RunningTree], config: Lazy[RunningConfig]) -> tuple[str | None, tuple[Evidence, ...]]:
    """How the running kernel has a module (``y``, ``m``, ``n``; None: not told), and what says so."""
    told: tuple[Evidence, ...] = ()
    try:
        running = tree().tree
        if running.builtin is not None:
            if running.has_built_in(name):
                return "y", (seen(running.builtin.path, f"{name}.ko"),)
            told = (seen(running.builtin.path, locator=name),)
    except Offline:
        pass
    built = built_as(config().config, name)
    if built is None:
        return ("m" if told else None), told
    return built.value, (*told, built.evidence)


def _listed(name: str, tree: Lazy[RunningTree], next_tree: Lazy[BootTree]) -> Evidence | None:
    """The line of the running kernel's modules.dep: what it lists, the kernel has, whatever its configuration says."""
    try:
        found = next_tree().tree
        if found.dep is None or found.release != tree().tree.release:
            return None
    except FactError:
        return None
    line = found.loadable(name)
    return None if line is None else seen(found.dep.path, line.path, line=line.line)


def _family(name: str, families: Lazy[GenlFamilies]) -> Evidence | None:
    family = GENL_FAMILIES.get(name)
    if family is None:
        return None
    try:
        return seen("netlink genl_families", family) if family in families().names else None
    except Offline:
        return None


@kernel_module.at_boot
def kernel_module_boot(
    subject: str,
    target: Lazy[Target],
    boot: BootModules,
    release: Lazy[OsRelease],
    named: bool = False,
    *,
    require: list[str] = list(REQUIRED),  # noqa: B006 - never changed; a list, as TOML has it
    demand: Demand = "loadable",
) -> Results:
    """The modules are there after the next boot."""
    name = module_name(subject)
    if not named and (skipped := _not_needed(name, target)) is not None:
        yield skipped
        return
    parts: tuple[str, ...] = (name,)
    if name.startswith(CONNTRACK):
        parts = _conntrack(name, has_ipv4_conntrack(boot.tree))
    for part in parts:
        judged = _at_boot(part, boot, boot.verdict(part), _why(part, target, named))
        if judged.status == "fail" and _on_demand(part, demand, named):
            judged = when_needed(judged, part, target(), loadable_at_boot(part, boot), release)
        yield judged._replace(subject=name if part == CONNTRACK and name == CONNTRACK_IPV4 else part)


def _why(name: str, target: Lazy[Target], named: bool) -> str:
    """The result's id and the reason, for the comment above the line that loads it."""
    reason = "the profile asks for it" if named else MODULES.row(family(name), target()).reason
    return f"{result_id('kernel-module', name, 'boot')}: {reason}"


def _at_boot(name: str, boot: BootModules, verdict: BootVerdict, why: str) -> Outcome:
    if verdict.state in (BUILT_IN, LOADED):
        return ok(verdict.message, expected=EXPECTED_BOOT, actual=verdict.state, evidence=verdict.evidence)
    from nodecheck_checks.kernel.module_fixes import fix_boot, load_at_boot

    if verdict.state == UNCLEAR:
        fix = load_at_boot(name, boot, why) if verdict.block is None else None
        evidence = verdict.evidence
        return unknown(verdict.message, code="unsupported", expected=EXPECTED_BOOT, evidence=evidence, fix=fix)
    fix = fix_boot(name, boot, verdict, why)
    return fail(verdict.message, expected=EXPECTED_BOOT, actual=verdict.state, evidence=verdict.evidence, fix=fix)
