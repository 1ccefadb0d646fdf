"""Which kernel modules are there after the next boot, and what loads them."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.kernel.config import BootConfig, built_as
from nodecheck.facts.kernel.loading import (
    BLOCKED,
    BUILT_IN,
    LOADED,
    MISSING,
    NOT_LOADED,
    UNCLEAR,
    Block,
    BootVerdict,
    Loading,
)
from nodecheck.facts.kernel.modprobe import Modprobe
from nodecheck.facts.kernel.modules import Modules, ModuleSigns, SysModules, loads_nothing, module_name, presence
from nodecheck.facts.kernel.modules_load import Load, ModulesLoad
from nodecheck.facts.kernel.scripts import ModuleScript, ModuleScripts, UnitLoads
from nodecheck.facts.kernel.trees import BootTree, BootTreeFiles, ModuleTree
from nodecheck.facts.sysctl.at_boot import BootSysctls
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

NAMED_BY_SYSCTL = (("tcp_", "net/ipv4/tcp_congestion_control"), ("sch_", "net/core/default_qdisc"))
"""Beginning of a module's name, and the sysctl whose value is the rest of it (the kernel's net/ipv4/tcp_cong.c,
``tcp_ca_find_autoload``; net/sched/sch_api.c, ``qdisc_set_default``)."""


class BootModules(NamedTuple):
    """What the next boot has built in and loads. Verdicts read more (a configuration, unit files) only where needed."""

    loading: Loading
    told_wishes: Lazy[ModulesLoad]
    told_scripts: Lazy[ModuleScripts]
    same_kernel: bool
    """Whether the kernel that will boot is the running one."""
    config: Lazy[BootConfig]
    units: Lazy[UnitLoads]
    modules: Lazy[Modules]
    sysfs: Lazy[SysModules]
    signs: Lazy[ModuleSigns]
    sysctls: Lazy[BootSysctls]

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(
        cls,
        tree: BootTree,
        wishes: Lazy[ModulesLoad],
        scripts: Lazy[ModuleScripts],
        modprobe: Modprobe,
        cmdline: BootCmdline,
        kernel: KernelRelease,
        config: Lazy[BootConfig],
        units: Lazy[UnitLoads],
        files: Lazy[BootTreeFiles],
        modules: Lazy[Modules],
        sysfs: Lazy[SysModules],
        signs: Lazy[ModuleSigns],
        sysctls: Lazy[BootSysctls],
    ) -> BootModules:
        """Raises what the host raises for a source that is there and cannot be read."""
        same = kernel.running is not None and tree.tree.release == kernel.running
        loading = Loading(tree.tree, modprobe, cmdline, files)
        return cls(loading, wishes, scripts, same, config, units, modules, sysfs, signs, sysctls)

    @property
    def wishes(self) -> ModulesLoad:
        """What the init is told to load. Raises FactError where nobody can tell which init runs."""
        return self.told_wishes()

    @property
    def scripts(self) -> ModuleScripts:
        """What scripts load. Raises FactError where nobody can tell which init runs."""
        return self.told_scripts()

    @property
    def tree(self) -> ModuleTree:
        """The module tree of the kernel that will boot."""
        return self.loading.tree

    def loads(self, name: str) -> str | None:
        """In a few words what makes a module be there after the next boot; None where nothing is shown to."""
        verdict = self.verdict(name)
        return verdict.message if verdict.state in (BUILT_IN, LOADED) else None

    def early(self, name: str) -> bool:
        """Whether it is there before systemd-sysctl runs: built in, or loaded by systemd-modules-load."""
        return self.verdict(name).early

    def late(self, name: str) -> bool:
        """Whether only something that may run later than systemd-sysctl loads it."""
        verdict = self.verdict(name)
        return verdict.state in (BUILT_IN, LOADED) and not verdict.early

    def verdict(self, name: str) -> BootVerdict:
        """Judge one module. Raises FactError where a source that is needed for it cannot be read."""
        name = module_name(name)
        if self.tree.builtin is not None and self.tree.has_built_in(name):
            return _built_in(seen(self.tree.builtin.path, f"{name}.ko"), self.tree.release)
        return self._taken_away(name, self._still_taken(self._loaded(name)))

    def on_demand(self, name: str) -> BootVerdict | None:
        """What becomes of a ``modprobe`` by name after the boot, as kube-proxy runs it; None: no module tree tells."""
        if not self.loading.can_tell:
            return None
        wish = Load(name, "kube-proxy", None, f"modprobe -- {name}", obeys_blacklist=False, early=False)
        found = self.loading.outcome(name, (wish,))
        if found is None:
            return None
        found = self._still_taken(found)
        return found._replace(evidence=tuple([item for item in found.evidence if item.source != wish.path]))

    def _loaded(self, name: str) -> BootVerdict:
        found = self.loading.outcome(name, self._early_loads())
        if found is None or found.state != LOADED:
            found = _better(found, self.loading.outcome(name, (*self._script_loads(), *self._sysctl_loads(name))))
        if found is not None and found.state == LOADED and self.loading.can_tell:
            return found
        shown = self._built_in_otherwise(name)
        if isinstance(shown, BootVerdict):
            return shown
        if shown is None and (found is None or found.state != LOADED):
            found = _better(found, self.loading.outcome(name, self.units().loads))
        if found is not None and found.state == LOADED and shown is not None:
            return _not_in_kernel(found, shown)
        if found is None or found.state == BLOCKED:
            found = self._unclear(name) or (self._unsure(name) if shown is None else None) or found
        return found or self._nothing(name, shown)

    def _still_taken(self, found: BootVerdict) -> BootVerdict:
        """The verdict on a load after sysctl.d: with ``kernel.modules_disabled`` the kernel takes no more."""
        if found.state != LOADED or found.early or found.load is None:
            return found
        held = self.sysctls().sure().held("kernel/modules_disabled")
        if held.by is None or held.value != "1" or self.sysctls().run_of(held.by) is not None:
            return found
        told = seen(held.by.source, held.by.text.strip(" \t\r"), line=held.by.line)
        block = Block(BLOCKED, f"{held.by.source} has the kernel take no more modules before that", told)
        message = f"{found.load.path} names it, but {block.message}"
        return BootVerdict(BLOCKED, message, (*found.evidence, told), load=found.load, block=block)

    def no_helper(self) -> Evidence | None:
        """The line that leaves the kernel no program with which it loads modules itself (``kernel.modprobe``)."""
        held = self.sysctls().sure().held("kernel/modprobe")
        if held.by is None or held.value is None or not loads_nothing(held.value):
            return None
        return seen(held.by.source, held.by.text.strip(" \t\r"), line=held.by.line)

    def _taken_away(self, name: str, found: BootVerdict) -> BootVerdict:
        """The verdict on a module that a script takes away again, if it can: one that is in use stays."""
        told = self.removal(name) if found.state == LOADED else None
        if told is None or (found.load is not None and found.load.path == told.source):
            return found
        message = f"{found.message}, and {told.source} may take it away again"
        return BootVerdict(UNCLEAR, message, (*found.evidence, told))

    def removal(self, name: str) -> Evidence | None:
        """A command of a script that is run at boot, and that takes a module away."""
        for script in self.scripts.scripts:
            for part in script.script.removals if script.works else ():
                if part.may_load(name):
                    return seen(script.path, part.text.strip(" \t"), line=part.line)
        return None

    def lacks(self, name: str) -> bool:
        """Whether the kernel's configuration leaves the module out, and its modules.dep does not list it either."""
        built = built_as(self.config().config, name)
        return built is not None and built.value == "n" and self.tree.loadable(name) is None

    def _early_loads(self) -> tuple[Load, ...]:
        return () if self.wishes.hindrance is not None else self.wishes.loads

    def _script_loads(self) -> tuple[Load, ...]:
        return tuple([load for script in self.scripts.scripts if script.works for load in self._until_failure(script)])

    def _until_failure(self, script: ModuleScript) -> Iterator[Load]:
        """What a script loads before a load fails with which its shell ends it (``#!/bin/sh -e``)."""
        last: int | None = None
        for load in script.loads():
            if last is not None and load.line != last:
                return
            yield load
            if load.line in script.script.fatal and self._fails(load):
                last = load.line

    def _fails(self, load: Load) -> bool:
        """Whether ``modprobe`` surely fails: with an ``install`` line that runs ``true`` it does not."""
        if self.tree.builtin is None or self.tree.has_built_in(load.name):
            return False
        found = self.loading.outcome(load.name, (load,))
        block = found.block if found is not None else None
        if block is None or block.kind == MISSING:
            return block is not None
        command = block.rule.rest.partition(" ")[0] if block.rule is not None else ""
        return command.rpartition("/")[2] == "false"

    def _sysctl_loads(self, name: str) -> tuple[Load, ...]:
        """The module that the kernel loads itself as soon as a sysctl names what it brings."""
        for start, key in NAMED_BY_SYSCTL:
            line = self.sysctls().held(key).by if name.startswith(start) else None
            if line is not None and line.value == name.removeprefix(start):
                return (Load(name, line.source, line.line, line.text, obeys_blacklist=False, early=False),)
        return ()

    def _built_in_otherwise(self, name: str) -> BootVerdict | Evidence | None:
        """Built in by the kernel's configuration, or by what the running kernel shows where it boots again.

        Evidence alone: the configuration says that this kernel does not have the module at all.
        """
        built = built_as(self.config().config, name)
        if built is not None:
            if built.value == "y":
                return _built_in(built.evidence, self.tree.release)
            return None if built.value == "m" or self.tree.loadable(name) is not None else built.evidence
        if self.same_kernel and self.tree.builtin is None:
            found = presence(name, self.modules, self.sysfs, self.signs)
            if found.state == "built-in" or (found.state == "at work" and not self.modules().supported):
                return _built_in(found.evidence[-1], self.tree.release)
        return None

    def _unclear(self, name: str) -> BootVerdict | None:
        """A script or an init that may load the module, and cannot be followed."""
        if self.wishes.unsupported is not None:
            message = f"how {self.wishes.unsupported} loads modules at boot is not known here"
            return BootVerdict(UNCLEAR, message, (seen("/sbin/init", self.wishes.unsupported),))
        for script in self.scripts.scripts:
            for part in script.script.unclear if script.works else ():
                if part.may_load(name):
                    told = seen(script.path, part.text.strip(" \t"), line=part.line)
                    message = f"{script.path} may load it; what that script does cannot be told from its text"
                    return BootVerdict(UNCLEAR, message, (told,))
        return None

    def _unsure(self, name: str) -> BootVerdict | None:
        """A service that loads the module, or one that pulls it in, and of which nobody can tell whether it starts."""
        for load, error in self.units().unsure:
            pulled = None if load.name == name else self.loading.outcome(name, (load,))
            if load.name == name or (pulled is not None and pulled.state == LOADED):
                told = seen(load.path, load.text, line=load.line)
                return BootVerdict(UNCLEAR, f"{load.path} may load it: {error}", (told,))
        return None

    def _nothing(self, name: str, config: Evidence | None) -> BootVerdict:
        """Nothing loads it; say what was looked into, and what nearly does."""
        evidence = [*self._looked_into(name), *([config] if config else ())]
        hindrance = self.wishes.hindrance
        if hindrance is not None and self.loading.outcome(name, self.wishes.loads) is not None:
            load = next((load for load in self.wishes.loads if load.name == name), None)
            told = seen(hindrance.path, hindrance.value)
            block = Block(BLOCKED, hindrance.message, told)
            message = f"modules-load.d names it, but {hindrance.message}"
            return BootVerdict(BLOCKED, message, (told, *evidence), load=load, block=block)
        for script in self.scripts.scripts:
            for load in script.loads():
                if load.name == name:
                    return _script_not_run(script, load, evidence)
        if config is not None:
            return BootVerdict(MISSING, "the kernel that will boot was built without it", tuple(evidence))
        for load, stop in self.units().stopped:
            if load.name == name:
                shown = (seen(load.path, load.text, line=load.line), *stop.evidence, *evidence)
                message = f"{load.path} would load it, but {stop.message}"
                return BootVerdict(NOT_LOADED, message, shown, load=load)
        return BootVerdict(NOT_LOADED, "nothing loads it at boot, and it is not shown to be built in", tuple(evidence))

    def _looked_into(self, name: str) -> Iterator[Evidence]:
        if not self.wishes.files:
            yield seen("/etc/modules-load.d/*.conf")
        by_path: dict[str, list[str]] = {}
        for load in self.wishes.loads:
            by_path.setdefault(load.path, []).append(load.name)
        for path, names in list(by_path.items())[:16]:
            yield seen(path, ", ".join(names[:64]))
        if self.tree.builtin is not None:
            yield seen(self.tree.builtin.path, locator=name)


def _better(first: BootVerdict | None, second: BootVerdict | None) -> BootVerdict | None:
    """The second verdict where there is no first, or it alone says that the module is loaded."""
    return second if first is None or (second is not None and second.state == LOADED) else first


def _built_in(evidence: Evidence, release: str | None) -> BootVerdict:
    of = f"the kernel {release} that will boot" if release else "the kernel that will boot"
    return BootVerdict(BUILT_IN, f"built into {of}", (evidence,), early=True)


def _not_in_kernel(found: BootVerdict, config: Evidence) -> BootVerdict:
    block = Block(MISSING, "the kernel that will boot was built without it", config)
    message = f"{found.load.path if found.load else 'a file'} names it, but {block.message}"
    return found._replace(
        state=MISSING, message=message, evidence=(*found.evidence[:1], config), early=False, block=block
    )


def _script_not_run(script: ModuleScript, load: Load, evidence: list[Evidence]) -> BootVerdict:
    told = seen(script.path, load.text.strip(" \t"), line=load.line)
    if script.works:
        message = f"{script.path} would load it, but a load before it fails, which ends the script"
        return BootVerdict(NOT_LOADED, message, (told, *evidence), load=load)
    if script.run:
        message = f"{script.path} would load it, but has no execute permission"
        return BootVerdict(NOT_LOADED, message, (told, *evidence), load=load)
    why = (script.why,) if script.why is not None else ()
    message = f"{script.path} would load it, but nothing runs it at boot"
    return BootVerdict(NOT_LOADED, message, (told, *why, *evidence), load=load)
