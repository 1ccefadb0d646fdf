"""Whether a kubelet that is to tolerate swap starts, and keeps secrets out of it."""

from __future__ import annotations

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, Status, check, fail, ok, seen, skip, unknown
from nodecheck.errors import Absent, Offline
from nodecheck.facts import (
    BootStarts,
    Container,
    Fstab,
    Generators,
    KernelRelease,
    KubeletConfig,
    RunningKernel,
    SwapOptions,
    Swaps,
    Target,
)
from nodecheck.facts.distro.os_release import at_least, leading_numbers
from nodecheck.facts.swap.swaps import PROC_SWAPS
from nodecheck.fix import Fix, by_hand
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.swap.swap import swap_boot

if TYPE_CHECKING:
    from nodecheck.facts.kernel.cgroups import CgroupVersion
    from nodecheck_checks.swap.behaviour import Swapping

EXPECTED = "a swapBehavior that the kubelet takes"
NOSWAP_KERNEL = (6, 3)
"""The first kernel whose tmpfs has ``noswap`` (Documentation/filesystems/tmpfs.rst; the kubelet's pkg/util/kernel)."""
OSRELEASE = "/proc/sys/kernel/osrelease"


@check(
    tags=["kubelet", "swap"],
    topic="swap",
    references=["https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/"],
)
def kubelet_swap(
    kubelet: KubeletConfig,
    embedded: Lazy[facts.EmbeddedKubelet],
    own: Lazy[facts.KubeletRelease],
    target: Lazy[Target],
    mounted: Lazy[facts.NowCgroups],
    planned: Lazy[facts.BootCgroups],
    kernel: Lazy[RunningKernel],
    swaps: Lazy[Swaps],
) -> Results:
    """A kubelet that tolerates swap starts with its `swapBehavior`, and keeps secrets off the disk.

    ## Why it matters
    Where swap is tolerated (`failSwapOn: false`), the kubelet still refuses to start with a `swapBehavior` that its
    release does not take, and no pod runs after the next restart: `UnlimitedSwap` and, on cgroup v1, `LimitedSwap` from
    1.30 on, `NoSwap` before. Without the `noswap` option of tmpfs, secrets and memory-backed volumes can be written to
    the swap area.

    ## What it looks at
    `failSwapOn`, `memorySwap.swapBehavior` and the gate `NodeSwap` in the kubelet's flags and files, its own release
    and the one that the node is to have, and the cgroup version: the one that is mounted, and for the next boot the one
    that systemd will mount. `swapBehavior` may be set only where the gate is on: by default from 1.30 on, and from 1.34
    on it may not be switched off. Where no release is known and one would refuse what another takes, it is `unknown`.

    Where swap is tolerated and on, a kernel before 6.3 is a warning, by its number: the kubelet mounts a tmpfs to try,
    and a distribution may have brought `noswap` back. At boot it is a warning where something turns swap on.

    Where swap is not tolerated and no behaviour is set, the check `swap` speaks, and this one is skipped. The kubelet
    inside k3s, RKE2, k0s and MicroK8s is not looked into.

    ## How to fix it
    Set `swapBehavior` to `NoSwap` or `LimitedSwap`, boot with cgroup v2 for the latter, or turn swap off.

    ## Sources
    Kubernetes pkg/kubelet/apis/config/validation (`ValidateKubeletConfiguration`), cmd/kubelet/app/server.go (`run`),
    pkg/kubelet/cm/container_manager_linux.go, pkg/kubelet/util/swap; kubernetes#102823, #122745, #123738; KEP-2400.
    """
    if (idle := _idle(kubelet, embedded)) is not None:
        yield idle
        return
    from nodecheck_checks.swap.behaviour import Swapping

    swapping = Swapping(kubelet, own, target, mounted, planned)
    judged = _judged(swapping, swapping.hierarchy())
    if judged.status is Status.PASS and not kubelet.fails_on_swap and _is_on(swaps):
        judged = _kept_from_disk(judged, _release_of(kernel), seen(PROC_SWAPS, "swap is on"))
    yield judged


@kubelet_swap.at_boot
def kubelet_swap_boot(
    kubelet: KubeletConfig,
    embedded: Lazy[facts.EmbeddedKubelet],
    own: Lazy[facts.KubeletRelease],
    target: Lazy[Target],
    mounted: Lazy[facts.NowCgroups],
    planned: Lazy[facts.BootCgroups],
    kernel: Lazy[KernelRelease],
    swaps: Lazy[Swaps],
    starts: Lazy[BootStarts],
    options: Lazy[SwapOptions],
    generators: Lazy[Generators],
    fstab: Lazy[Fstab],
    units: Lazy[facts.SwapUnits],
    zram: Lazy[facts.ZramGenerator],
    services: Lazy[facts.SwapServices],
    pulls: Lazy[facts.SwapPulls],
    commands: Lazy[facts.SwapCommands],
    programs: Lazy[facts.SwapProgramActs],
    gpt: Lazy[facts.GptSwaps],
    runlevels: Lazy[facts.Runlevels],
    container: Lazy[Container],
) -> Results:
    """After the next boot too."""
    if (idle := _idle(kubelet, embedded)) is not None:
        yield idle
        return
    from nodecheck_checks.swap.behaviour import Swapping

    judged = _judged(Swapping(kubelet, own, target, mounted, planned), planned().found)
    release = kernel().boot
    old = release is not None and at_least(leading_numbers(release), NOSWAP_KERNEL) is False
    if judged.status is Status.PASS and not kubelet.fails_on_swap and old and container().kind is None:
        found = swap_boot(
            starts(), options(), generators(), fstab, units, zram, services, pulls, commands, programs, gpt, runlevels,
            swaps, kernel,
        )  # fmt: skip
        on = next((outcome for outcome in found if outcome.status == "fail"), None)
        if on is not None:
            judged = _kept_from_disk(judged, release, *on.evidence[:1])
    yield judged


def _idle(kubelet: KubeletConfig, embedded: Lazy[facts.EmbeddedKubelet]) -> Outcome | None:
    """What keeps the check from a verdict: no kubelet, or one that tolerates no swap and is told nothing of it."""
    if not kubelet.present:
        inner = "the kubelet inside the agent is not looked into" if embedded().present else "there is no kubelet"
        return skip(inner, code="not-applicable")
    if kubelet.problem is not None and kubelet.problem.to_come:
        return skip(kubelet.problem.why_not_yet, evidence=[seen(kubelet.problem.source)])
    if kubelet.problem is not None:
        place = seen(kubelet.problem.source, kubelet.problem.detail, line=kubelet.problem.line)
        message = f"the kubelet does not start with its configuration: {kubelet.problem.detail}"
        return unknown(message, code=kubelet.problem.code, evidence=[place])
    from nodecheck_checks.swap.behaviour import GATE

    if kubelet.fails_on_swap and kubelet.swap_behavior is None and kubelet.gate(GATE) is None:
        return skip("swap is not tolerated (failSwapOn), and the check swap judges it", evidence=_told(kubelet))
    return None


def _told(kubelet: KubeletConfig) -> list[Evidence]:
    """Where the settings stand; the files that were looked into where they do not."""
    settings = [item for item in (kubelet.fail_swap_on, kubelet.swap_behavior) if item is not None]
    found = [seen(item.source, item.text, line=item.line) for item in settings]
    return found or [seen(path, None, locator="failSwapOn") for path in kubelet.sources]


def _judged(swapping: Swapping, hierarchy: CgroupVersion) -> Outcome:
    from nodecheck_checks.swap.behaviour import differs, refused

    kubelet = swapping.kubelet
    behaviour = kubelet.swap_behavior
    evidence = _told(kubelet)
    if hierarchy.source is not None and behaviour is not None:
        evidence.append(seen(hierarchy.source, hierarchy.value))
    actual = behaviour.value if behaviour is not None else "not set"
    why = refused(swapping, hierarchy)
    if why is not None:
        message = f"the kubelet does not start with swapBehavior {actual}: {why}"
        return fail(message, expected=EXPECTED, actual=actual, evidence=evidence, fix=_fix(kubelet))
    if not swapping.releases() and (some := differs(kubelet, hierarchy)) is not None:
        message = f"some releases of the kubelet do not start with swapBehavior {actual} ({some}), and its is not known"
        return unknown(
            message, code="not-found", expected=EXPECTED, actual=actual, evidence=evidence, severity=Severity.WARNING
        )
    if hierarchy.version is None and actual == "LimitedSwap":
        message = "LimitedSwap needs cgroup v2, and nothing tells which cgroups there are"
        return unknown(message, code="not-found", expected=EXPECTED, actual=actual, evidence=evidence)
    message = f"the kubelet starts with swapBehavior {actual}"
    return ok(message, expected=EXPECTED, actual=actual, evidence=evidence)


def _fix(kubelet: KubeletConfig) -> Fix:
    from nodecheck_checks.swap.behaviour import GATE, SETTING

    setting = kubelet.swap_behavior
    if setting is None:
        return by_hand(f"Leave the gate {GATE} alone", f"Take {GATE}=false out of the kubelet's feature gates")
    text = f"Change {setting.text} in {setting.source} (line {setting.line}) or take {SETTING} out; restart the kubelet"
    return by_hand("Choose a swapBehavior that this kubelet takes", text)


def _is_on(swaps: Lazy[Swaps]) -> bool:
    try:
        return bool(swaps().areas)
    except Offline:
        return False


def _release_of(kernel: Lazy[RunningKernel]) -> str | None:
    try:
        return kernel().release
    except (Absent, Offline):
        return None


def _kept_from_disk(judged: Outcome, release: str | None, *evidence: Evidence) -> Outcome:
    """A warning where the kernel's number says that tmpfs knows no ``noswap``."""
    if release is None or at_least(leading_numbers(release), NOSWAP_KERNEL) is not False:
        return judged
    message = (
        f"kernel {release} is before 6.3, and unless its vendor brought it back its tmpfs knows no noswap: secrets and "
        "memory-backed volumes can be written to swap"
    )
    fix = by_hand("Keep secrets out of swap", "Boot a kernel from 6.3 on, encrypt the swap area, or turn swap off")
    return fail(
        message, expected="tmpfs with noswap", actual=release, evidence=[seen(OSRELEASE, release), *evidence],
        severity=Severity.WARNING, fix=fix,
    )  # fmt: skip
