"""The kernel parameters that a kubelet with ``protectKernelDefaults`` finds set, or does not start."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    BootModules,
    BootSysctls,
    BootTree,
    Container,
    KubeletConfig,
    Modprobe,
    ModuleLoading,
    RunningConfig,
    RunningSysctls,
    RunningTree,
    Target,
)
from nodecheck.formats.sysctl_keys import dotted, key_path, spelled
from nodecheck.model.outcomes import result_id
from nodecheck.requirements.table import Row, Table
from nodecheck.requirements.wanted import meets, verify_wanted
from nodecheck_checks.sysctl.fixes import KeyAsked, boot_fix
from nodecheck_checks.sysctl.sysctl import key_at_boot, of_host, sysctl

_SOURCE = "pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables"

DEFAULTS = Table(
    Row("vm.overcommit_memory", "1", "the kubelet's order of what is killed first counts on it", _SOURCE),
    Row("vm.panic_on_oom", "0", "one container without memory must not take the node down", _SOURCE),
    Row("kernel.panic", "10", "a node that panicked must come back", _SOURCE),
    Row("kernel.panic_on_oops", "1", "after an oops the kernel cannot be trusted", _SOURCE),
    Row("kernel.keys.root_maxkeys", "1000000", "each container takes a key of root's", _SOURCE),
    Row("kernel.keys.root_maxbytes", "25000000", "each container takes a key of root's", _SOURCE),
)

SETTING = "protectKernelDefaults"


def protected(kubelet: KubeletConfig, target: Target) -> Iterator[str | Outcome]:
    """The keys to judge where the profile lists none: those of the kubelet, where it protects them."""
    setting, whole = kubelet.setting(SETTING), kubelet.problem
    if whole is not None and whole.to_come:
        yield skip(whole.why_not_yet, evidence=[seen(whole.source)])
    elif setting.problem is not None:
        message = f"the kubelet does not start with its configuration: {setting.problem}"
        yield unknown(message, code="malformed", evidence=[seen(setting.source, setting.text, line=setting.line)])
    elif setting.value is True:
        yield from (row.name for row in DEFAULTS.of(target))
    else:
        message = "the kubelet sets them itself: protectKernelDefaults is not on"
        yield skip(message if kubelet.present else "there is no kubelet", evidence=_told(kubelet))


@check(
    tags=["kubelet"],
    topic="kubelet",
    each="require",
    otherwise=protected,
    spell=spelled,
    verify={"require": verify_wanted},
    by_host=of_host,
    rows=DEFAULTS,
)
def kubelet_defaults(
    subject: str,
    wanted: str | None,
    running: RunningSysctls,
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    config: Lazy[RunningConfig],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
    named: bool = False,
    *,
    require: dict[str, str] = {},  # noqa: B006
) -> Results:
    """The kernel parameters are those that a kubelet with `protectKernelDefaults` insists on, now and after a reboot.

    ## Why it matters
    A kubelet sets these parameters itself. With `protectKernelDefaults: true`, which the CIS benchmark asks for, it
    changes none, and does not start where one differs: the node is NotReady after the next restart or reboot.

    ## What it looks at
    Whether the kubelet's flags and files turn `protectKernelDefaults` on; where they do not, the check is skipped.
    Then `vm.overcommit_memory` must be 1, `vm.panic_on_oom` 0, `kernel.panic` 10, `kernel.panic_on_oops` 1,
    `kernel.keys.root_maxkeys` 1000000 and `kernel.keys.root_maxbytes` 25000000. Now: `/proc/sys`. Boot: what the next
    boot sets, by the files and commands that the check `sysctl` knows, and by `panic=` and `oops=panic` on the command
    line. Where nothing sets `kernel.panic` or `kernel.panic_on_oops`, the configuration of the kernel that will boot
    decides (`CONFIG_PANIC_TIMEOUT`, `CONFIG_PANIC_ON_OOPS_VALUE`). Without one they are `unknown`, with the fix that
    sets them.

    The kubelet inside k3s, RKE2 and k0s is not looked into. A table `require` takes the place of the six keys, and is
    judged whatever the kubelet protects; its values are those of `sysctl`.

    ## How to fix it
    `sysctl -w KEY=VALUE` for now, and a file in `/etc/sysctl.d` for the next boot.

    ## Sources
    kubernetes pkg/kubelet/cm/container_manager_linux.go (`setupKernelTunables`), pkg/util/sysctl; CIS Kubernetes
    Benchmark, "Ensure that the --protect-kernel-defaults argument is set to true".
    """
    row = DEFAULTS.row(subject, target(), wanted, named)
    judged = sysctl(subject, row.wanted, running, target, tree, next_tree, config, loading, modprobe, True)
    yield from (_with_reason(outcome, row, kubelet, named) for outcome in judged)


@kubelet_defaults.at_boot
def kubelet_defaults_boot(
    subject: str,
    wanted: str | None,
    sysctls: BootSysctls,
    kubelet: Lazy[KubeletConfig],
    running: Lazy[RunningSysctls],
    modules: Lazy[BootModules],
    udev: Lazy[facts.UdevSysctls],
    target: Lazy[Target],
    container: Lazy[Container],
    config: Lazy[facts.BootConfig],
    named: bool = False,
    *,
    require: dict[str, str] = {},  # noqa: B006
) -> Results:
    """What the keys hold after the next boot."""
    row = DEFAULTS.row(subject, target(), wanted, named)
    beside = require or {other.name: other.wanted for other in DEFAULTS}
    why = f"{result_id('kubelet-defaults', subject, 'boot')}: {row.reason}"
    key = KeyAsked(key_path(subject), row.wanted, why, beside)
    for outcome in key_at_boot(key, sysctls, running, modules, udev, container):
        yield _with_reason(_settled(outcome, key, sysctls, config), row, kubelet, named)


def _settled(outcome: Outcome, key: KeyAsked, sysctls: BootSysctls, config: Lazy[facts.BootConfig]) -> Outcome:
    """The same where nothing sets a key whose default the kernel's makers chose: by how it is built, if that is shown;
    else with what makes the value certain."""
    held = sysctls.held(key.path)
    if outcome.status != "unknown" or held.value is not None or sysctls.unclear(key.path) is not None:
        return outcome
    fix = boot_fix(key, sysctls, held, None)
    built = _built(key.path, config)
    if built is None:
        return outcome._replace(fix=fix)
    value, place = built
    message, told = f"{dotted(key.path)} will be {value}, as the kernel is built: nothing sets it", [place]
    if meets(value, key.wanted):
        return ok(message, expected=key.wanted, actual=value, evidence=[*outcome.evidence, *told])
    return fail(message, expected=key.wanted, actual=value, evidence=[*outcome.evidence, *told], fix=fix)


def _built(path: str, config: Lazy[facts.BootConfig]) -> tuple[str, Evidence] | None:
    """The value with which the kernel that will boot starts; None where its configuration does not tell.

    kernel/panic.c: ``PANIC_TIMEOUT``, which some architectures replace; ``PANIC_ON_OOPS_VALUE``, which newer kernels
    make of ``PANIC_ON_OOPS`` without writing it.
    """
    try:
        found = config().config
    except FactError:
        return None
    for option in _OPTIONS.get(path, ()):
        value, line = found.find(option) if found.source is not None else ("", None)
        if line is not None and (option != _TIMEOUT or any(found.find(name)[0] == "y" for name in _AS_BUILT)):
            text = f"# CONFIG_{option} is not set" if value == "n" else f"CONFIG_{option}={value}"
            return {"y": "1", "n": "0"}.get(value, value), seen(found.source or "", text, line=line)
    return None


_TIMEOUT = "PANIC_TIMEOUT"
_OPTIONS = {"kernel/panic": (_TIMEOUT,), "kernel/panic_on_oops": ("PANIC_ON_OOPS_VALUE", "PANIC_ON_OOPS")}
_AS_BUILT = ("X86", "ARM64")
"""Architectures that start with the timeout of their configuration (``set_arch_panic_timeout`` is others')."""


def _with_reason(outcome: Outcome, row: Row, kubelet: Lazy[KubeletConfig], named: bool) -> Outcome:
    """The same with why it is asked, and by which line of the kubelet's where the profile does not ask."""
    if outcome.status == "fail":
        outcome = outcome._replace(message=f"{outcome.message}: {row.reason}")
    return outcome if named else outcome._replace(evidence=(*outcome.evidence, *_told(kubelet())))


def _told(kubelet: KubeletConfig) -> list[Evidence]:
    """The line that sets it, else the files that do not."""
    setting = kubelet.setting(SETTING)
    if setting.source:
        return [seen(setting.source, setting.text, line=setting.line)]
    return [Evidence(source, SETTING) for source in kubelet.sources]
