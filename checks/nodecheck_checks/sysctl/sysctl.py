"""Kernel parameters: what holds now, and what the next boot makes of the files."""

from __future__ import annotations

from collections.abc import Callable

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, FactError
from nodecheck.facts import (
    BootModules,
    BootSysctls,
    BootTree,
    Container,
    Modprobe,
    ModuleLoading,
    RunningConfig,
    RunningSysctls,
    RunningTree,
    Target,
)
from nodecheck.facts.kernel.config import built_as
from nodecheck.facts.kernel.loading import BUILT_IN, LOADED, UNCLEAR, BootVerdict
from nodecheck.facts.sysctl.at_boot import SYSTEMD, Held
from nodecheck.facts.sysctl.variables import BRIDGE, PROC_SYS, holds_number, is_of_container, module_of
from nodecheck.fix import Fix
from nodecheck.formats.sysctl_keys import dotted, key_path, spelled
from nodecheck.model.outcomes import result_id
from nodecheck.requirements.table import Row, Table
from nodecheck.requirements.wanted import meets, verify_wanted, whole_number
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.sysctl.evidence import lines_seen, looked_into, writer_seen
from nodecheck_checks.sysctl.fixes import KeyAsked, ModuleAtBoot, boot_fix, now_fix, set_by_udev, why_module

if TYPE_CHECKING:
    from nodecheck.facts.sysctl.runs import SysctlRun

_PAGE = "kubeadm's installation page; its preflight until 1.29"
_FORWARD = "kubeadm preflight, FileContent--proc-sys-net-ipv4-ip_forward"

KEYS = Table(
    Row("net.bridge.bridge-nf-call-iptables", "1", "iptables must see what crosses a bridge", _PAGE),
    Row("net.bridge.bridge-nf-call-ip6tables", "1", "ip6tables must see what crosses a bridge", _PAGE),
    Row("net.ipv4.ip_forward", "1", "the node must forward the packets of its pods", _FORWARD),
)
"""What the default profile asks for."""

REQUIRE = {row.name: row.wanted for row in KEYS}

MOST_CHARS = 200
"""Characters of a value that a message shows."""


def of_host(subject: str) -> bool:
    """Whether a container has a key's value from its host."""
    return not is_of_container(key_path(subject))


_ALWAYS_THERE = ("ipv6", "sunrpc", "lockd")
"""Modules of which the boot view takes for granted that the key is there when the files are applied."""


@check(
    severity=Severity.ERROR,
    tags=["kubelet", "network"],
    topic="sysctl",
    each="require",
    spell=spelled,
    verify={"require": verify_wanted},
    by_host=of_host,
    rows=KEYS,
    references=["https://kubernetes.io/docs/setup/production-environment/container-runtimes/"],
)
def sysctl(
    subject: str,
    wanted: str,
    running: RunningSysctls,
    target: Lazy[Target],
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    config: Lazy[RunningConfig],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
    named: bool = False,
    *,
    require: dict[str, str] = REQUIRE,
) -> Results:
    """Kernel parameters have the values that Kubernetes needs, now and after the next boot.

    ## Why it matters
    Without ``net.ipv4.ip_forward`` no packet leaves a pod's node, and kubeadm refuses to go on. Without the bridge's
    ``bridge-nf-call-*`` packets between pods on one bridge go past kube-proxy's rules, so that some services
    work and some do not. A value that was set by hand is gone after a reboot; one in a file may lose to another file.

    ## What it looks at
    Now: ``/proc/sys``. A key that is not there is not 0: its module is missing. Boot: what systemd-sysctl makes of
    ``sysctl.d`` in ``/etc``, ``/run``, ``/usr/local/lib``, ``/usr/lib`` and ``/lib`` (base names in byte order, the
    same name hides, ``/dev/null`` masks, the last line wins, an explicit key beats a glob); ``/etc/sysctl.conf`` counts
    only through a link such as ``99-sysctl.conf``. Before the files ``sysctl.KEY=`` on the kernel's command line, after
    them the credential ``sysctl.extra``, the active profile of a TuneD that starts at boot (which applies
    ``/etc/sysctl.d`` and then ``/etc/sysctl.conf`` once more after its own, unless ``reapply_sysctl`` is off), and what
    ``sysctl`` commands and what is written below ``/proc/sys`` in units and drop-ins, in the ``rc.local`` of this
    distribution, System V scripts, cron's ``@reboot``, hooks of the network's programs, cloud-init, rules of udev, and
    the scripts that these call: where the command is shown to run. What only may run makes the key ``unknown`` where
    it would change the verdict. Where another init boots the node:
    procps' order, ``/etc/sysctl.conf`` last.
    A value is what the kernel makes of it: ``1 # comment`` is 1, ``1x`` is refused. Keys of br_netfilter need the
    module to be loaded before the files are applied, or a udev rule that applies them again; else its default, 1,
    holds.
    ``require`` maps a key to what is wanted: a value, ``>=``, ``<=``, ``>``, ``<``, ``!=`` and a value, or
    alternatives such as ``0|1``. The bridge's keys are skipped where the CNI needs no bridge netfilter (Cilium, OVN),
    unless a profile names them.

    ## How to fix it
    ``sysctl -w KEY=VALUE`` for now (after ``modprobe br_netfilter`` for the bridge's keys). For the next boot
    a file in ``/etc/sysctl.d`` whose name sorts after the one that wins, and for the module a file in
    ``/etc/modules-load.d``. A plan has one file for all keys: ``99-nodecheck.conf``, or ``zz-nodecheck.conf`` where a
    later name sets one of them.
    Where a profile of TuneD wins, the value belongs in a profile of your own that includes it.
    ``sysctl -p`` reads ``/etc/sysctl.conf`` alone; ``sysctl --system`` reads all files, and that one last.

    ## Sources
    sysctl.d(5), systemd-sysctl.service(8), sysctl(8), tuned.conf(5), tuned-main.conf(5); systemd src/sysctl/sysctl.c;
    Linux kernel/sysctl.c, fs/proc/proc_sysctl.c, net/ipv4/devinet.c, net/bridge/br_netfilter_hooks.c; kubeadm preflight
    ``FileContent--proc-sys-net-ipv4-ip_forward``.
    """
    path = key_path(subject)
    if not named and _not_needed(path, target):
        yield skip("the CNI needs no bridge netfilter", evidence=[seen("cni", target().cni)])
        return
    source = f"{PROC_SYS}/{path}"
    try:
        value = running.value(path)
    except Absent:
        module = module_of(path)
        load = None if module is None else _loaded(module, tree, next_tree, config, loading, modprobe)
        fix = None if module is None else now_fix(path, wanted, load)
        yield fail(_absent(path), expected=wanted, actual="no such key", evidence=[seen(source)], fix=fix)
        return
    if holds_number(path) and whole_number(value) is None:
        message = f"{source} does not hold a number, which no kernel shows"
        yield unknown(message, code="malformed", expected=wanted, evidence=[seen(source, value)])
        return
    actual = " ".join(value.split("\t"))[:MOST_CHARS]
    message, evidence = f"{subject} is {actual}", [seen(source, value)]
    if meets(value, wanted):
        yield ok(message, expected=wanted, actual=actual, evidence=evidence)
    else:
        told = f"{message}, not {wanted}"
        yield fail(told, expected=wanted, actual=actual, evidence=evidence, fix=now_fix(path, wanted))


def _loaded(
    module: str,
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    config: Lazy[RunningConfig],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
) -> Fix:
    """What loads the module of a key now."""
    from nodecheck_checks.kernel.module_fixes import OTHER_KERNEL, load_now

    try:
        built = built_as(config().config, module)
    except FactError:
        built = None
    return (
        OTHER_KERNEL
        if built is not None and built.value == "n"
        else load_now(module, tree, next_tree, loading, modprobe)
    )


def _not_needed(path: str, target: Lazy[Target]) -> bool:
    """Whether a bridge's key is of no use on this node."""
    if not path.startswith(BRIDGE):
        return False
    try:
        return not target().uses_bridge_netfilter
    except FactError:
        return False


def _absent(path: str) -> str:
    module = module_of(path)
    if module is None:
        return f"this kernel has no key {dotted(path)}"
    return f"there is no key {dotted(path)}: the module {module} that brings it is not loaded"


@sysctl.at_boot
def sysctl_boot(
    subject: str,
    wanted: str,
    sysctls: BootSysctls,
    running: Lazy[RunningSysctls],
    modules: Lazy[BootModules],
    udev: Lazy[facts.UdevSysctls],
    target: Lazy[Target],
    container: Lazy[Container],
    named: bool = False,
    *,
    require: dict[str, str] = REQUIRE,
) -> Results:
    """What the key holds after the next boot."""
    path = key_path(subject)
    if not named and _not_needed(path, target):
        yield skip("the CNI needs no bridge netfilter", evidence=[seen("cni", target().cni)])
        return
    reason = next((row.reason for row in KEYS if row.name == dotted(path)), "the profile asks for it")
    why = f"{result_id('sysctl', subject, 'boot')}: {reason}"
    yield from key_at_boot(KeyAsked(path, wanted, why, require), sysctls, running, modules, udev, container)


def key_at_boot(
    key: KeyAsked,
    sysctls: BootSysctls,
    running: Lazy[RunningSysctls],
    modules: Lazy[BootModules],
    udev: Lazy[facts.UdevSysctls],
    container: Lazy[Container],
) -> Results:
    """What a key holds after the next boot."""
    path, wanted = key.path, key.wanted
    if container().kind is not None:
        yield from _of_container(key, sysctls, running, container())
        return
    module = module_of(path)
    if module is None or module in _ALWAYS_THERE:
        if _unknown_to_kernel(path, running):
            yield fail(_absent(path), expected=wanted, actual="no such key", evidence=[seen(f"{PROC_SYS}/{path}")])
            return
        yield from _judged(key, sysctls, lambda files: files.held(path), ())
        return
    verdict = modules().verdict(module)
    if verdict.state == UNCLEAR:
        told = [*verdict.evidence, *lines_seen(sysctls.held(path))]
        yield unknown(f"{module}: {verdict.message}", code="unsupported", expected=wanted, evidence=told)
    elif verdict.state not in (BUILT_IN, LOADED):
        from nodecheck_checks.kernel.module_fixes import fix_boot

        message = f"there will be no such key: {module}: {verdict.message}"
        told = [*verdict.evidence, *lines_seen(sysctls.held(path))]
        load = fix_boot(module, modules(), verdict, why_module(key))
        needed = ModuleAtBoot(verdict, modules().wishes)
        fix = set_by_udev(module, path, udev) or boot_fix(key, sysctls, sysctls.held(path), needed, load)
        yield fail(message, expected=wanted, actual="no such key", evidence=told, fix=fix)
    else:
        yield from _of_module(key, sysctls, verdict, modules, udev)


def _of_container(key: KeyAsked, sysctls: BootSysctls, running: Lazy[RunningSysctls], container: Container) -> Results:
    """Judge a key of a container by what its own start sets.

    What nothing sets it has from its runtime, or from the host as the runtime makes its namespaces (Linux
    net/ipv4/devinet.c, ``devinet_init_net``). Its module is its host's, which has it loaded or not, as it is now.
    """
    path, subject, told = key.path, dotted(key.path), container.evidence
    if not running().can_be_set(path):
        message = f"this container cannot set {subject}: ask its host, or how its runtime starts it"
        yield skip(message, code="container-host", evidence=[*told, seen(f"{PROC_SYS}/{path}")])
        return
    doubted = [run for run in sysctls.doubted() if sysctls.sure(run).held(path, cmdline=False).by is not None]
    held = sysctls.sure().held(path, cmdline=False)
    if held.by is None and not doubted and sysctls.unclear(path) is None:
        message = f"nothing in this container sets {subject}: its runtime, or its host, gives it what it starts with"
        evidence = [*(lines_seen(held) or looked_into(sysctls, subject)), *told]
        yield skip(_noted(message, sysctls, path, held), code="container-host", evidence=evidence)
        return
    yield from _judged(key, sysctls, lambda files: files.held(path, cmdline=False), told)


def _unknown_to_kernel(path: str, running: Lazy[RunningSysctls]) -> bool:
    """Whether the running kernel lacks a key that no module, interface or device brings later."""
    if path.startswith(("net/ipv4/conf/", "net/ipv6/", "net/ipv4/neigh/", "dev/", "fs/", "sunrpc/")):
        return False
    try:
        running().value(path)
    except Absent:
        return True
    except FactError:
        pass
    return False


def _of_module(
    key: KeyAsked, sysctls: BootSysctls, verdict: BootVerdict, modules: Lazy[BootModules], udev: Lazy[facts.UdevSysctls]
) -> Results:
    """Judge a key whose module is there after boot, perhaps only after the files were applied."""
    path, module = key.path, module_of(key.path) or ""
    own = udev().sets(module, path) if verdict.state == LOADED else None
    if own is not None:
        message = f"a rule of udev sets {dotted(path)} when {module} is loaded, before or after the files are applied"
        shown = [*verdict.evidence, seen(own.path, own.text, line=own.line), *lines_seen(sysctls.held(path))]
        yield unknown(message, code="unsupported", expected=key.wanted, evidence=shown)
        return
    needed = ModuleAtBoot(verdict, modules().wishes)
    built_in = verdict.state == BUILT_IN
    if verdict.early or sysctls.writer.name is None:
        how: How = lambda files: files.held(path, cmdline=built_in)  # noqa: E731 - one of three
        yield from _judged(key, sysctls, how, verdict.evidence, needed)
        return
    rule = udev().again(module, path) if sysctls.writer.name == SYSTEMD else None
    if rule is not None:
        told = (*verdict.evidence, seen(rule.path, rule.text, line=rule.line))
        yield from _judged(key, sysctls, lambda files: files.held(path, cmdline=False), told, needed)
        return
    held = sysctls.held(path, cmdline=False, files=False)
    if held.beaten:
        note = f"{module} is loaded after the files are applied, so that they do not count"
        held = held._replace(notes=(note, *held.notes))
    yield from _judged(key, sysctls, lambda _: held, verdict.evidence, needed)


How = Callable[[BootSysctls], Held]
"""What a key holds by some of what acts at boot."""


def _judged(
    key: KeyAsked, sysctls: BootSysctls, how: How, more: tuple[Evidence, ...], module: ModuleAtBoot | None = None
) -> Results:
    """Compare what the key will hold with what is wanted, by what is shown to act.

    What only may act matters where it would make the verdict another one.
    """
    path, wanted, sure = key.path, key.wanted, sysctls.sure()
    held = how(sure)
    for run in sysctls.doubted():
        perhaps = how(sysctls.sure(run))
        if run.later and _is_met(held, wanted) and not _is_met(perhaps, wanted):
            yield _compared(key, sysctls.sure(run), perhaps, more, module)
            return
        if run.doubt is not None and _is_met(perhaps, wanted) != _is_met(held, wanted):
            yield _doubted(path, wanted, sysctls, perhaps, run.doubt, more)
            return
    unclear = sysctls.unclear(path)
    if unclear is not None:
        yield _unclear(path, wanted, unclear, held)
        return
    yield _compared(key, sure, held, more, module)


def _is_met(held: Held, wanted: str) -> bool | None:
    return None if held.value is None else meets(held.value, wanted)


def _doubted(
    path: str, wanted: str, sysctls: BootSysctls, held: Held, doubt: FactError, more: tuple[Evidence, ...]
) -> Outcome:
    """What the key holds if something is run, which nobody can tell."""
    actual = "" if held.value is None else held.value[:MOST_CHARS]
    message = _noted(f"{dotted(path)} will be {actual} ({_origin(held)})", sysctls, path, held)
    evidence = [*lines_seen(held), *writer_seen(sysctls), *more]
    return unknown(f"{message}, if that is run: {doubt}", code=doubt.code, expected=wanted, evidence=evidence)


def _unclear(path: str, wanted: str, run: SysctlRun, held: Held) -> Outcome:
    """The last that sets the key sets it to what cannot be told."""
    setter = run.command
    message = f"what {setter.text!r} of {setter.source} makes of {dotted(path)} cannot be told from its text"
    evidence = [seen(setter.source, setter.text, line=setter.line), *lines_seen(held)]
    return unknown(message, code="unsupported", expected=wanted, evidence=evidence)


def _compared(
    key: KeyAsked, sysctls: BootSysctls, held: Held, more: tuple[Evidence, ...], module: ModuleAtBoot | None
) -> Outcome:
    path, wanted, subject = key.path, key.wanted, dotted(key.path)
    evidence = [*(lines_seen(held) or looked_into(sysctls, subject)), *writer_seen(sysctls), *more]
    if held.value is None:
        message = f"nothing that counts sets {subject}, and the kernel's own default is not known"
        return unknown(_noted(message, sysctls, path, held), code="unsupported", expected=wanted, evidence=evidence)
    actual = held.value[:MOST_CHARS]
    message = _noted(f"{subject} will be {actual} ({_origin(held)})", sysctls, path, held)
    if meets(held.value, wanted):
        return ok(message, expected=wanted, actual=actual, evidence=evidence)
    fix = boot_fix(key, sysctls, held, module)
    return fail(message, expected=wanted, actual=actual, evidence=evidence, fix=fix)


def _origin(held: Held) -> str:
    if held.by is None:
        return "the kernel's default" if held.beaten else "set nowhere: the kernel's default"
    line = "" if held.by.line is None else f" line {held.by.line}"
    return f"{held.by.source}{line}"


def _noted(message: str, sysctls: BootSysctls, path: str, held: Held) -> str:
    """The message with what is worth knowing besides."""
    notes = list(held.notes)
    if sysctls.writer.name is None:
        notes.append(f"{sysctls.writer.why}, so that no file is applied")
    run = sysctls.run_of(held.by)
    if run is not None:
        notes.append(f"applied by {run.command.text!r} of {run.command.source}")
    if any(run.everything for run in sysctls.runs):
        return "; ".join((message, *notes))
    other = sysctls.by_procps(path) if sysctls.writer.name == SYSTEMD and sysctls.procps else held
    if other.value != held.value and other.by is not None and other.by != held.by:
        notes.append(f"sysctl --system would make it {other.value} ({_origin(other)}), but nothing runs it at boot")
    return "; ".join((message, *notes))
