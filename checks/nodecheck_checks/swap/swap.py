"""Swap: what is on, and what the next boot turns on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, Results, Severity, check, fail, ok, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    BootStarts,
    Fstab,
    Generators,
    KernelRelease,
    KubeletConfig,
    SwapOptions,
    Swaps,
    Target,
)
from nodecheck.facts.swap.swaps import PROC_SWAPS, SwapArea
from nodecheck.fix import SAFE, Fix, by_hand, command
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck_checks.swap.at_boot import SwapBoot

EXPECTED = "no swap"


def swap_severity(
    subject: str | None,
    kubelet: KubeletConfig,
    own: Lazy[facts.KubeletRelease],
    target: Lazy[Target],
    mounted: Lazy[facts.NowCgroups],
    planned: Lazy[facts.BootCgroups],
) -> Severity:
    """An error where the kubelet would refuse to start; ``info`` where its configuration tolerates swap."""
    if kubelet.fails_on_swap or kubelet.problem:
        return Severity.ERROR
    from nodecheck_checks.swap.behaviour import Swapping, refused

    starts = refused(Swapping(kubelet, own, target, mounted, planned)) is None
    return Severity.INFO if starts else Severity.ERROR


@check(
    severity=swap_severity,
    tags=["kubelet", "swap"],
    topic="swap",
    by_host=True,
    explained="nodecheck_checks.swap.explained:by_a_person",
    references=["https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/"],
)
def swap(swaps: Swaps) -> Results:
    """No swap area is active, and none will be after the next boot.

    ## Why it matters
    The kubelet refuses to start where swap is on, unless its configuration says ``failSwapOn: false``. Memory limits of
    pods mean little where pages can go to a disk. Swap that was turned off by ``swapoff`` alone is back after the next
    boot, and then the node does not come up. Where the kubelet tolerates swap, findings are only ``info``, unless it
    refuses its own ``swapBehavior`` (see ``kubelet-swap``); those of k3s, RKE2, k0s and MicroK8s tolerate it unless
    they are told otherwise.

    ## What it looks at
    Now: ``/proc/swaps``. A file that was deleted while in use still counts; zram counts. No ``/proc/swaps`` under a
    mounted ``/proc`` is a kernel without swap.

    Boot: ``/etc/fstab`` as systemd-fstab-generator reads it (the third field is exactly ``swap``; of ``auto`` and
    ``noauto`` the last one counts; of two lines for one device the first), or as ``swapon -a`` does where another
    init boots; ``.swap`` units that something pulls in; ``zram-generator.conf`` and its drop-ins; services that make
    swap of zram, and dphys-swapfile, unless their own files turn it off; rpi-swap, the Azure agent
    (``ResourceDisk.EnableSwap``) and the ``swap:`` of a cloud-init that has not set up this instance yet; ``swapon`` in
    units and drop-ins wherever they lie, in the ``rc.local`` of this distribution, System V scripts, tables
    of cron and anacron, hooks of the network's programs, cloud-init's ``bootcmd`` and ``per-boot``, and the scripts
    that these call. What only a date starts (cron, ``OnCalendar=``)
    counts where it turns swap on and runs every day. ``swapoff`` there turns off what fstab and zram-generator turn on,
    where the command is shown to run; where nobody can tell, the area is ``unknown``; swap partitions on the root's
    GPT disk (only a running node tells); and the command line of the next boot:
    ``fstab=no``, ``systemd.swap=0`` (systemd 246), ``systemd.gpt_auto=0``,
    ``systemd.zram=0`` and ``systemd.mask=`` take away, ``systemd.swap-extra=`` and ``systemd.mount-extra=``
    (systemd 254) add, ``noswap`` does nothing. A masked unit stays off, and where a line of fstab without ``nofail``
    made it, all of swap.target does not start. A mask on ``swap.target`` does nothing on
    systemd 219 (EL7), and before 239 nothing for devices, which start their swap units by themselves. Emergency mode
    turns no swap on, rescue mode does. A shell as ``init=`` turns none on; what any other program there does, or one of
    ``rdinit=``, is unknown. What lies in ``/run`` does not count: it is gone at the next boot.

    The subject is the device or the file as the source spells it (``UUID=…`` stays).

    ## How to fix it
    Turn the area off with ``swapoff``, and take away what turns it on at boot: comment the line of fstab, disable
    or mask the unit, write an empty ``/etc/systemd/zram-generator.conf``, change the command line. Where the root's GPT
    disk has a swap partition, systemd turns that one on once fstab names no swap: ``noauto`` in the line keeps it off.
    ``vm.swappiness = 0`` turns no swap off: the area stays active, and the kubelet refuses it all the same.

    ## Sources
    kubelet ``failSwapOn`` (pkg/kubelet/util/swap); the kernel's mm/swapfile.c; systemd-fstab-generator(8),
    systemd-gpt-auto-generator(8), systemd.swap(5), kernel-command-line(7), zram-generator.conf(5), fstab(5);
    kubernetes-sigs/kubespray#10741 (swap.target on EL7), systemd/systemd#11373 (devices and their units).
    """
    if not swaps.areas:
        yield _none_active(swaps)
    for path in dict.fromkeys(area.path for area in swaps.areas):
        yield _active([area for area in swaps.areas if area.path == path])


def _none_active(swaps: Swaps) -> Outcome:
    if not swaps.supported:
        return ok("the kernel has no swap", expected=EXPECTED, actual=EXPECTED, evidence=[seen(PROC_SWAPS)])
    return ok("no swap area is active", expected=EXPECTED, actual=EXPECTED, evidence=[seen(PROC_SWAPS, "no area")])


def _active(areas: list[SwapArea]) -> Outcome:
    area = areas[0]
    size = sum(each.size_kib for each in areas)
    what = "zram device" if area.path.startswith("/dev/zram") else area.kind
    deleted = any(each.deleted for each in areas)
    return fail(
        f"{size // 1024} MiB of swap are active on the {what} {area.path}" + (", which was deleted" if deleted else ""),
        subject=area.path,
        expected=EXPECTED,
        actual=f"{size} KiB on {area.path}",
        evidence=[seen(PROC_SWAPS, f"{each.path} {each.kind} {each.size_kib}", line=each.line) for each in areas],
        fix=_swapoff(area.path, deleted),
    )


def _swapoff(path: str, deleted: bool) -> Fix:
    if deleted:
        text = f"{path} was deleted while in use and has no name that swapoff could take: it stays on until a reboot."
        return by_hand("Reboot to be rid of a deleted swap file", text)._replace(reboot=True)
    return Fix(f"Turn swap off on {path}", (command("swapoff", "--", path),))


@swap.at_boot
def swap_boot(
    starts: BootStarts,
    options: SwapOptions,
    generators: Generators,
    fstab: Lazy[Fstab],
    units: Lazy[facts.SwapUnits],
    zram: Lazy[facts.ZramGenerator],
    services: Lazy[facts.SwapServices],
    pulls: Lazy[facts.SwapPulls],
    commands: Lazy[facts.SwapCommands],
    programs: Lazy[facts.SwapProgramActs],
    gpt: Lazy[facts.GptSwaps],
    runlevels: Lazy[facts.Runlevels],
    swaps: Lazy[Swaps],
    kernel: Lazy[KernelRelease],
) -> Results:
    """Nothing turns swap on at the next boot."""
    halt = starts.halted("the init system")
    from nodecheck_checks.swap.at_boot import SwapBoot

    boot = SwapBoot(starts, options, generators)
    boot.kept([halt.evidence] if halt is not None else [])
    from nodecheck_checks.swap import sources

    turning_on: tuple[Callable[[], Iterator[Outcome]], ...] = (
        lambda: (sources.kept_from_gpt(boot, gpt, found) for found in boot.of_fstab(fstab(), pulls, commands)),
        lambda: sources.of_cmdline(boot),
        lambda: sources.of_units(boot, units()),
        lambda: sources.of_zram(boot, zram(), commands),
        lambda: sources.of_services(boot, services(), runlevels),
        lambda: sources.of_commands(boot, commands()),
        lambda: sources.of_programs(boot, programs()),
        lambda: sources.of_gpt(boot, gpt(), fstab),
    )
    found: list[Outcome] = []
    errors: list[FactError] = []
    for source in turning_on if halt is None else ():
        try:
            found.extend(source())
        except FactError as error:
            errors.append(error)
    if found and not errors and _kernel_without_swap(swaps, kernel):
        yield ok("the kernel has no swap, whatever the files say", expected=EXPECTED, evidence=[seen(PROC_SWAPS)])
        return
    yield from by_subject(found)
    if errors:
        yield unknown(str(errors[0]), code=errors[0].code, expected=EXPECTED)
    elif not found and not fstab().etc:
        yield skip(
            "this root holds no /etc, so that nothing tells what boots", code="not-found", evidence=[seen("/etc")]
        )
    elif not found:
        message = "nothing turns swap on at boot"
        if boot.off is not None:
            message = f"{boot.off.value!r} in {boot.off.source} turns off what the boot turns on"
        yield ok(message, expected=EXPECTED, evidence=_looked_at(boot, fstab, zram))


def by_subject(found: list[Outcome]) -> Iterator[Outcome]:
    """One failure of each area, with all that turns it on: a line of fstab, and ``swapon`` of the same file."""
    failures: dict[str | None, list[Outcome]] = {}
    for outcome in found:
        if outcome.status == "fail":
            failures.setdefault(outcome.subject, []).append(outcome)
    for outcome in found:
        others = failures.get(outcome.subject, [])
        if outcome.status != "fail" or len(others) == 1:
            yield outcome
        elif outcome is others[0]:
            yield _together(others)


def _together(found: list[Outcome]) -> Outcome:
    fixes = [outcome.fix for outcome in found if outcome.fix is not None]
    steps = tuple(dict.fromkeys([step for fix in fixes for step in fix.steps]))
    safety = next((fix.safety for fix in fixes if fix.safety != SAFE), SAFE)
    title = "; ".join(dict.fromkeys([fix.title for fix in fixes]))
    return found[0]._replace(
        message="; ".join([outcome.message for outcome in found]),
        actual="; ".join([outcome.actual or "" for outcome in found]),
        evidence=tuple([item for outcome in found for item in outcome.evidence]),
        fix=Fix(title, steps, safety, any(fix.reboot for fix in fixes)),
    )


def _kernel_without_swap(swaps: Lazy[Swaps], kernel: Lazy[KernelRelease]) -> bool:
    """Whether the running kernel has no swap and boots again (systemd then ignores every area)."""
    try:
        return not swaps().supported and kernel().boot == kernel().running
    except FactError:
        return False


def _looked_at(boot: SwapBoot, fstab: Lazy[Fstab], zram: Lazy[facts.ZramGenerator]) -> list[Evidence]:
    """The sources that say nothing of swap, and what took away that which they say."""
    lines = [seen("/etc/fstab", entry.text, line=entry.line) for entry in fstab().swaps]
    none = [seen("/etc/fstab", "no line of type swap" if fstab().present else None)]
    config = zram().sources or ("/etc/systemd/zram-generator.conf",)
    refused = zram().refused
    evidence = [seen(path, refused or "no swap device" if zram().sources else None) for path in config]
    return [*(lines or none), *boot.reasons(), *evidence]
