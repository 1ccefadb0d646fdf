"""What turns swap on at boot besides fstab."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, fail, seen, skip, unknown
from nodecheck.errors import FactError
from nodecheck.facts.acts.model import ON, SWAP, Act
from nodecheck.facts.acts.swap_programs import RPI_SWAP, WAAGENT
from nodecheck.facts.files.fstab import FSTAB, Fstab, with_option
from nodecheck.facts.services.unit_names import device_node, unit_of_path
from nodecheck.facts.swap.swaps import SWAP_TARGET
from nodecheck.facts.swap.units import SwapCommands, SwapService, SwapServices, SwapUnit, SwapUnits
from nodecheck.facts.swap.zram import ZramDevice, ZramGenerator
from nodecheck.fix import Edit, Fix, by_hand, command, create, edit
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.swap.at_boot import EXPECTED, SwapBoot, is_device, mask_fix

if TYPE_CHECKING:
    from nodecheck.facts.swap.gpt import GptSwap

NO_AGENT_SWAP = "ResourceDisk.EnableSwap=n"


def _fail(message: str, subject: str, source: str, evidence: list[Evidence], fix: Fix) -> Outcome:
    actual = f"{subject} by {source}"
    return fail(message, subject=subject, expected=EXPECTED, actual=actual, evidence=evidence, fix=fix)


def _doubted(message: str, subject: str, doubt: FactError, evidence: list[Evidence]) -> Outcome:
    """What turns swap on if it starts, which nobody can tell."""
    message = f"{message}, if that is run: {doubt}"
    return unknown(message, code=doubt.code, subject=subject, expected=EXPECTED, evidence=evidence)


def of_cmdline(boot: SwapBoot) -> Iterator[Outcome]:
    """Areas that ``systemd.swap-extra=`` and ``systemd.mount-extra=`` add; ``systemd.swap=0`` does not stop them."""
    if boot.init.is_systemd and boot.options.extras and boot.runs("systemd-fstab-generator"):
        for extra in boot.options.extras:
            unit = unit_of_path(device_node(extra.spec), ".swap")
            noauto = "noauto" in extra.options.split(",")
            if unit is not None and not noauto and not boot.stopped(unit, is_device(extra.spec)):
                text = f"Remove {extra.word} from the boot loader's configuration (EL: grubby --remove-args)."
                fix = by_hand("Take the swap area out of the kernel command line", text)._replace(reboot=True)
                message = f"the kernel command line turns swap on at boot: {extra.word}"
                yield _fail(message, extra.spec, "the command line", [boot.word(extra.word)], fix)


def of_units(boot: SwapBoot, units: SwapUnits) -> Iterator[Outcome]:
    """Units on disk that something pulls in at boot."""
    for unit in units.units:
        why = _pulled(boot, unit)
        if why is None:
            continue
        if unit.error is not None:
            yield unknown(str(unit.error), code=unit.error.code, subject=unit.what, expected=EXPECTED)
            continue
        evidence = [seen(unit.fragment, f"What={unit.what}", line=unit.line), why]
        yield _fail(f"{unit.name} turns swap on at boot", unit.what, unit.name, evidence, _unit_fix(unit))


def _pulled(boot: SwapBoot, unit: SwapUnit) -> Evidence | None:
    """What pulls a unit in; a mask on swap.target stops only what comes by it alone."""
    if boot.masked(unit.name):
        return None
    word = boot.at_boot.words.wants(unit.name)
    if word is not None:
        return boot.word(word)
    for owner, link in unit.pulled:
        if owner == SWAP_TARGET:
            if not boot.stopped(unit.name, is_device(unit.what)):
                return seen(link, unit.name)
        elif boot.starts(owner):
            return seen(link, unit.name)
    return None


def _unit_fix(unit: SwapUnit) -> Fix:
    if unit.fragment.startswith("/etc/"):  # where a mask finds its place taken
        text = next((path for _, path in unit.pulled if not path.endswith(f"/{unit.name}")), None)
        if text is not None:
            return by_hand(f"Let nothing start {unit.name}", f"take {unit.name} out of {text}, and disable the unit")
        return Fix(f"Disable {unit.name}", (command("systemctl", "disable", "--", unit.name),))
    return mask_fix(unit.name)


def of_zram(boot: SwapBoot, zram: ZramGenerator, commands: Lazy[SwapCommands]) -> Iterator[Outcome]:
    """Devices of zram-generator."""
    devices = zram.devices
    if boot.options.zram_on is not None and zram.refused is None and not any(d.name == "zram0" for d in devices):
        devices = (*devices, ZramDevice("zram0", "", 0, {}))
    if not boot.init.is_systemd or not devices:
        return
    if boot.blocked(boot.options.zram_off) or not boot.runs("zram-generator"):
        return
    hidden = len(zram.sources) == 1 and all(zram.enabled(device) is not False for device in devices)
    for device in devices:
        enabled = zram.enabled(device)
        unit = f"dev-{device.name}.swap"
        setup = f"systemd-zram-setup@{device.name}.service"
        starts = enabled is not False and not boot.stopped(unit, on_device=False) and not boot.masked(setup)
        node = f"/dev/{device.name}"
        if starts and not boot.turned_off(commands, node):
            fix = _zram_fix(device, unit, hidden)
            yield boot.unless_off(_of_zram(boot, device, fix, enabled is None), commands, node)


def _of_zram(boot: SwapBoot, device: ZramDevice, fix: Fix, unsure: bool) -> Outcome:
    where = seen(device.path, f"[{device.name}]", line=device.line)
    evidence = [where] if device.path else [boot.word(boot.options.zram_on or "")]
    subject = f"/dev/{device.name}"
    if unsure:
        message = f"{subject} is swap where the memory is within host-memory-limit, which only the running node tells"
        return skip(message, code="offline", subject=subject, evidence=evidence)
    return _fail(f"zram-generator turns swap on at boot: {subject}", subject, "zram-generator", evidence, fix)


def _zram_fix(device: ZramDevice, unit: str, hidden: bool) -> Fix:
    """An empty file in /etc hides the vendor's, where that is all there is (``hidden``) and makes nothing but swap.

    What is configured in /etc itself, or in several files, stays, and the unit is masked.
    """
    if hidden and device.path.startswith("/usr/"):
        path = "/etc/systemd" + device.path.partition("/systemd")[2]
        return Fix(f"Hide {device.path} by an empty file", (create(path, ""),))
    return mask_fix(unit)


def of_services(boot: SwapBoot, services: SwapServices, runlevels: Lazy[facts.Runlevels]) -> Iterator[Outcome]:
    """Services that make swap: zram's, and dphys-swapfile."""
    boot.kept([services.kept])
    for service in services.services:
        message = f"{service.name} turns swap on at boot: {service.what}"
        evidence = [seen(service.source, service.name)]
        if service.doubt is not None:
            yield _doubted(message, service.what, service.doubt, evidence)
        else:
            yield _fail(message, service.what, service.name, evidence, _service_fix(boot, service, runlevels))


def _service_fix(boot: SwapBoot, service: SwapService, runlevels: Lazy[facts.Runlevels]) -> Fix:
    unit = f"{service.name}.service"
    if boot.init.name == "openrc":
        levels = runlevels().levels_of(service.name)
        return Fix(f"Disable {service.name}", (command("rc-update", "del", service.name, *levels),))
    if not boot.init.is_systemd:
        return Fix(f"Disable {service.name}", (command("update-rc.d", service.name, "disable"),))
    if service.source.startswith(("/usr/", "/lib/")):
        return mask_fix(unit)
    return Fix(f"Disable {unit}", (command("systemctl", "disable", "--", unit),))


def of_commands(boot: SwapBoot, swapon: SwapCommands) -> Iterator[Outcome]:
    """``swapon`` in units of the administrator's own and in ``rc.local``."""
    boot.kept([swapon.kept])
    for area in swapon.areas:
        fix = by_hand("Take the command out", f"Take {area.text!r} out of {area.source}.")
        message = f"{area.source} turns swap on at boot: {area.text}"
        evidence = [seen(area.source, area.text, line=area.line)]
        if area.doubt is not None:
            yield _doubted(message, area.what, area.doubt, evidence)
        else:
            yield _fail(message, area.what, area.source, evidence, fix)


def of_programs(boot: SwapBoot, programs: facts.SwapProgramActs) -> Iterator[Outcome]:
    """Programs that a configuration of their own tells to make swap: the Azure agent, rpi-swap, cloud-init."""
    for act in programs.acts:
        for effect in act.effects:
            if (effect.kind, effect.what) == (SWAP, ON):
                yield from _of_act(boot, act, effect.name)


def _of_act(boot: SwapBoot, act: Act, area: str) -> Iterator[Outcome]:
    unit = unit_of_path(area, ".swap") if act.actor == RPI_SWAP else None
    if not act.may_run:
        boot.kept([act.stops])
    elif unit is None or not boot.stopped(unit, on_device=False):
        message = f"{act.actor} turns swap on at boot: {area}"
        if act.doubt is not None:
            yield _doubted(message, area, act.doubt, [act.evidence])
        else:
            yield _fail(message, area, act.actor, [act.evidence], _program_fix(act))


def _program_fix(act: Act) -> Fix:
    """What tells a program to make no swap, in the words of its own configuration."""
    if act.actor == RPI_SWAP:
        step = create("/etc/rpi/swap.conf.d/90-nodecheck.conf", "[Main]\nMechanism=none\n")
        return Fix("Let rpi-swap make no swap", (step,), reboot=True)
    if act.actor == WAAGENT:
        return Fix(f"Let the Azure agent make no swap: {act.source}", (edit(act.source, act.text, NO_AGENT_SWAP),))
    return by_hand(f"Let {act.actor} make no swap", f"take {act.text} out of {act.source}")


def of_gpt(boot: SwapBoot, gpt: facts.GptSwaps, fstab: Lazy[Fstab]) -> Iterator[Outcome]:
    """Swap partitions on the root's disk, where systemd-gpt-auto-generator looks for them."""
    # A swap line in fstab, noauto or not, keeps the generator away since systemd 234 (systemd/systemd#6192).
    told = boot.init.at_least(234) and boot.options.fstab_off is None
    for partition in by_gpt(boot, gpt):
        if told and fstab().swaps:
            return
        text = (
            f"Boot with systemd.gpt_auto=0, or mask swap.target, or set the flag no-auto (bit 63) of "
            f"{partition.node} with sfdisk --part-attrs."
        )
        evidence = [seen(partition.source, "ID_PART_ENTRY_TYPE=0657fd6d-a4ab-43c4-84e5-0933c84b4f4f")]
        message = f"systemd-gpt-auto-generator turns swap on at boot: {partition.node}"
        fix = by_hand("Keep systemd from the swap partition", text)
        yield _fail(message, partition.node, "systemd-gpt-auto-generator", evidence, fix)


def by_gpt(boot: SwapBoot, gpt: facts.GptSwaps) -> Iterator[GptSwap]:
    """The swap partitions that systemd-gpt-auto-generator turns on where fstab names no swap."""
    if not boot.init.is_systemd or not gpt.partitions:
        return
    if boot.blocked(boot.options.gpt_off) or not boot.runs("systemd-gpt-auto-generator"):
        return
    for partition in gpt.partitions:
        unit = unit_of_path(partition.node, ".swap") or ""
        if not boot.stopped(unit if not boot.init.at_least(254) else SWAP_TARGET, on_device=True):
            yield partition


def kept_from_gpt(boot: SwapBoot, gpt: Lazy[facts.GptSwaps], found: Outcome) -> Outcome:
    """A failure of fstab, with ``noauto`` where without any line of swap a partition would be turned on instead."""
    steps = () if found.fix is None else found.fix.steps
    lines = [step.before for step in steps if isinstance(step, Edit)]
    try:
        partition = next(by_gpt(boot, gpt()), None) if boot.init.at_least(234) else None
    except FactError:
        return found  # the partitions are then a result of their own
    if partition is None or found.fix is None:
        return found
    title = f"Add noauto to the swap line of {FSTAB}: without one systemd turns {partition.node} on by itself"
    return found._replace(fix=Fix(title, tuple([edit(FSTAB, line, with_option(line, "noauto")) for line in lines])))
