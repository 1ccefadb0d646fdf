"""What loads a module, now and at the next boot."""

from __future__ import annotations

from nodecheck.checking import Lazy
from nodecheck.errors import FactError
from nodecheck.facts import BootModules, BootTree, Modprobe, ModuleLoading, RunningTree
from nodecheck.facts.kernel.loading import BLOCKED, LOADED, MISSING, UNCLEAR, Block, BootVerdict
from nodecheck.facts.kernel.modprobe import Rule, command_loads
from nodecheck.facts.kernel.modules_load import SERVICE, Load, ModulesLoad
from nodecheck.facts.kernel.trees import ModuleTree
from nodecheck.fix import MANUAL, Fix, Step, by_hand, command, create, edit, manual
from nodecheck.fix.setting_files import setting, with_settings

OTHER_KERNEL = by_hand(
    "Use a kernel that has the module",
    "Install and boot a kernel that is built with this module (or its package of further modules, such as"
    " kernel-modules-extra); none can be loaded into this one.",
)


def load_now(
    name: str,
    tree: Lazy[RunningTree],
    next_tree: Lazy[BootTree],
    loading: Lazy[ModuleLoading],
    modprobe: Lazy[Modprobe],
) -> Fix:
    """What loads a module into the running kernel, or by whom it could be."""
    try:
        if loading().disabled:
            text = "kernel.modules_disabled=1: this kernel loads no module before the next boot; make it load then."
            return Fix("Reboot with the module set to load", (manual(text),), MANUAL, reboot=True)
    except FactError:
        pass
    running = whole_tree(tree, next_tree)
    if running is not None and running.path is None and running.others:
        text = f"There is no /lib/modules/{running.release}: its package was removed or replaced. Reboot."
        return Fix("Reboot into a kernel whose modules are installed", (manual(text),), MANUAL, reboot=True)
    if running is not None and running.dep is not None and running.loadable(name) is None:
        return OTHER_KERNEL
    stop = stopping(name, running, modprobe)
    if stop is not None:
        return by_hand(f"Let {name} be loaded", f"take {stop.text!r} out of {stop.path}, and load it (modprobe {name})")
    return Fix(f"Load {name}", (command("modprobe", *_ignoring(name, modprobe), "--", name),))


def whole_tree(tree: Lazy[RunningTree], next_tree: Lazy[BootTree]) -> ModuleTree | None:
    """The tree of the running kernel with its list of modules, which is read for the next boot alone as a rule."""
    try:
        running = tree().tree
        other = next_tree().tree if running.dep is None else running
    except FactError:
        return None
    return other if other.release == running.release else running


def stopping(name: str, running: ModuleTree | None, modprobe: Lazy[Modprobe]) -> Rule | None:
    """What makes ``modprobe`` fail: a word of the command line, or an ``install`` line for what the module needs."""
    found = running.loadable(name) if running is not None else None
    needs = found.needs if found is not None else ()
    try:
        rules = [modprobe().barring(part) for part in (name, *needs)]
        rules += [rule for part in needs if (rule := modprobe().install(part)) and not command_loads(rule, part)]
    except FactError:
        return None
    return next((rule for rule in rules if rule is not None), None)


def _ignoring(name: str, modprobe: Lazy[Modprobe]) -> tuple[str, ...]:
    """The option that passes by an ``install`` line, where there is one for the module."""
    try:
        return ("--ignore-install",) if modprobe().install(name) is not None else ()
    except FactError:
        return ()


def fix_boot(name: str, boot: BootModules, verdict: BootVerdict, why: str) -> Fix | None:
    """What makes the next boot load a module; None where nothing is known. ``why``: the result's id and the reason."""
    if verdict.state == MISSING:
        if boot.tree.release is None or name not in boot.loading.files().files:
            return OTHER_KERNEL
        return Fix("List the modules that are there", (command("depmod", "-a", "--", boot.tree.release),))
    if verdict.state == BLOCKED and not boot.loading.can_tell and boot.lacks(name):
        return OTHER_KERNEL
    if verdict.state != BLOCKED or verdict.block is None:
        return _named_and_let(name, boot, why)
    rule, hindrance = verdict.block.rule, boot.wishes.hindrance
    if rule is not None and rule.whole:
        return _without_lines(name, boot, verdict, why)
    if hindrance is not None and hindrance.unmask and verdict.block.message == hindrance.message:
        fix = Fix("Let systemd load modules at boot", (command("systemctl", "unmask", SERVICE),))
        return _and_then(fix, name, boot, boot.loading.outcome(name, boot.wishes.loads), why)
    return _by_hand(name, verdict, verdict.block)


def _without_lines(name: str, boot: BootModules, verdict: BootVerdict, why: str) -> Fix | None:
    """Comment every line that stops what loads a module: hardening guides write ``install`` beside ``blacklist``."""
    edits: dict[Step, None] = {}
    loading, loads, left = boot.loading, (verdict.load,) if verdict.load else (), verdict
    while left.state == BLOCKED and left.block is not None and (rule := left.block.rule) is not None and rule.whole:
        edits[edit(rule.path, rule.text, "# " + rule.text)] = None
        loading = loading._replace(modprobe=loading.modprobe.without(rule))
        left = loading.outcome(name, loads) or verdict._replace(state=LOADED)
    return _and_then(Fix(f"Let {name} be loaded", tuple(edits)), name, boot, left, why)


def _and_then(fix: Fix, name: str, boot: BootModules, left: BootVerdict | None, why: str) -> Fix | None:
    """A fix, and what mends what would still stop the module after it."""
    if left is None or left.state == LOADED or left.block is None:
        return fix
    rest = _by_hand(name, left, left.block) if left.state == UNCLEAR else fix_boot(name, boot, left, why)
    return None if rest is None else rest._replace(steps=(*fix.steps, *rest.steps))


def _by_hand(name: str, verdict: BootVerdict, block: Block) -> Fix:
    told = block.evidence
    text = "let it run at boot" if told.value is None else f"take {told.value!r} out of {told.source}"
    return by_hand(f"Let {name} be loaded", f"{verdict.message}; {text}.")


def _named_and_let(name: str, boot: BootModules, why: str) -> Fix | None:
    """A file that names the module, and what would then still keep it from being loaded."""
    fix = load_at_boot(name, boot, why)
    wish = Load(name, f"/etc/modules-load.d/{FILE}", 1, name)
    then = boot.loading.outcome(name, (wish,))
    if fix is None or fix.safety == MANUAL or then is None or then.state not in (BLOCKED, MISSING):
        return fix
    first = fix_boot(name, boot, then, why)
    if first is None or first.safety == MANUAL:
        return first
    return fix._replace(steps=(*first.steps, *fix.steps))


FILE = "nodecheck.conf"
"""The file of all modules."""


def load_step(name: str, wishes: ModulesLoad, why: str) -> Step:
    """The module's line in the one file for them all: written, or added to it where it is there."""
    there = {file.name: file for file in wishes.own if file.end is not None}
    taken, file = {found.name for found in wishes.files}, FILE
    while file in taken and file not in there:
        file = f"{file.removesuffix('.conf')}_.conf"
    return with_settings(f"/etc/modules-load.d/{file}", there.get(file), setting(name, why))


def load_at_boot(name: str, boot: BootModules, why: str) -> Fix | None:
    """A file that names the module, where the node reads such files."""
    if boot.wishes.unsupported is not None:
        return None
    removal = boot.removal(name)
    if removal is not None:
        text = f"{removal.source} takes it away again: take {removal.value!r} out of it, and load it at boot"
        return by_hand(f"Load {name} at boot", text)
    if not boot.wishes.reads_files:
        script = create(f"/etc/sysconfig/modules/nodecheck-{name}.modules", f"#!/bin/sh\nmodprobe -- {name}\n", "0755")
        return Fix(f"Load {name} at boot", (script,))
    step = load_step(name, boot.wishes, why)
    hindrance = boot.wishes.hindrance
    if hindrance is None or hindrance.is_want_of_files:
        return Fix(f"Load {name} at boot", (step,))
    if hindrance.unmask:
        return Fix(f"Load {name} at boot", (command("systemctl", "unmask", SERVICE), step))
    return Fix(f"Load {name} at boot", (manual(f"{hindrance.message.rstrip('.')}: let it run at boot"), step), MANUAL)
