"""How kmod goes about loading a module at boot: what it pulls in, and what stops it."""

from __future__ import annotations

from nodecheck.errors import TooLarge
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.kernel.modprobe import Modprobe, Rule, command_loads
from nodecheck.facts.kernel.modules_load import Load
from nodecheck.facts.kernel.trees import BootTreeFiles, ModuleTree
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple

BUILT_IN, LOADED, BLOCKED, MISSING, UNCLEAR, NOT_LOADED = (
    "built-in", "loaded", "blocked", "missing", "unclear", "not loaded",
)  # fmt: skip

NEEDS = {
    "ip_vs_": ("ip_vs",),
    "nf_conntrack_ipv": ("nf_conntrack",),
    "br_netfilter": ("bridge",),
}
"""What a module surely needs, by the beginning of its name, where there is no modules.dep to ask: the symbols that
it links against (net/netfilter/ipvs, net/ipv4/netfilter, net/bridge of the kernel)."""

MOST_LOADED = 512
"""Modules that one wish to load may pull in."""


class Block(NamedTuple):
    """Why a module that something wants to load is not loaded."""

    kind: str
    """``blocked``, ``missing`` or ``unclear``."""
    message: str
    evidence: Evidence
    rule: Rule | None = None


class BootVerdict(NamedTuple):
    """What the next boot makes of one module."""

    state: str
    message: str
    evidence: tuple[Evidence, ...]
    early: bool = False
    """Whether it is there before sysctls are set."""
    load: Load | None = None
    """What loads it, or would."""
    block: Block | None = None


class Loading(NamedTuple):
    """What decides whether a wish to load a module comes true."""

    tree: ModuleTree
    modprobe: Modprobe
    cmdline: BootCmdline
    files: Lazy[BootTreeFiles]

    @property
    def can_tell(self) -> bool:
        """Whether there is a module tree to look into."""
        return self.tree.dep is not None or (
            self.tree.path is not None and (self.tree.unlisted or bool(self.files().files))
        )

    def outcome(self, name: str, loads: tuple[Load, ...]) -> BootVerdict | None:
        """The verdict of the first wish that loads the module; else of the first that would, were it not stopped."""
        stopped: BootVerdict | None = None
        direct = [load for load in loads if load.name == name]
        for load in (*direct, *[load for load in loads if load.name != name]):
            verdict = self._by(load, name)
            if verdict is not None and verdict.state == LOADED:
                return verdict
            stopped = stopped or verdict
        return stopped

    def _by(self, load: Load, name: str) -> BootVerdict | None:
        """What one wish does for the module; None where it has nothing to do with it."""
        told = seen(load.path, load.text.strip(" \t\r"), line=load.line)
        for target, alias in self.modprobe.targets(load.name):
            if target == name or name in self._closure(target):
                block = self._block(load, target, name)
                evidence = (told, rule_seen(alias)) if alias else (told,)
                if block is not None:
                    message = f"{_named(load)} names it, but {block.message}"
                    return BootVerdict(block.kind, message, (*evidence, block.evidence), load=load, block=block)
                return BootVerdict(LOADED, *self._told(load, target, name, evidence), early=load.early, load=load)
            if load.name == name and alias is not None:
                block = Block(BLOCKED, f"an alias makes {target!r} of it", rule_seen(alias), alias)
                return BootVerdict(BLOCKED, block.message, (told, block.evidence), load=load, block=block)
        return None

    def _told(
        self, load: Load, target: str, name: str, evidence: tuple[Evidence, ...]
    ) -> tuple[str, tuple[Evidence, ...]]:
        message = f"loaded at boot by {load.path}"
        if target != name:
            message += f", which loads {target}, which pulls it in"
            line = self.tree.loadable(target)
            if line is not None and self.tree.dep is not None and name in line.needs:
                evidence = (*evidence, seen(self.tree.dep.path, f"{target} needs {name}", line=line.line))
        if not self.can_tell:
            return f"{message} (there is no module tree here to look into)", (
                *evidence,
                seen(self.tree.path or "/lib/modules", locator="modules.dep" if self.tree.path else None),
            )
        found = self.tree.loadable(name)
        if found is not None and self.tree.dep is not None:
            evidence = (*evidence, seen(self.tree.dep.path, found.path, line=found.line))
        return message, evidence

    def _needs(self, name: str) -> tuple[str, ...]:
        """The modules that must be loaded before this one."""
        found = self.tree.loadable(name)
        if found is not None:
            return found.needs
        if self.tree.dep is not None:
            return ()
        return next((needs for start, needs in NEEDS.items() if name.startswith(start)), ())

    def _closure(self, target: str) -> frozenset[str]:
        """All modules that kmod tries to load with one: what it needs, and the soft dependencies of all of those."""
        found: dict[str, None] = {}
        queue = [target]
        for name in queue:
            if len(found) > MOST_LOADED:
                raise TooLarge(target, f"has more than {MOST_LOADED} modules loaded with it")
            if name not in found:
                found[name] = None
                queue += (*self._needs(name), *self.modprobe.softdeps_of(name))
        return frozenset(found)

    def _block(self, load: Load, target: str, name: str) -> Block | None:
        """What stops a wish before ``name`` is loaded."""
        if "nomodule" in self.cmdline.kernel_words:
            told = seen(self.cmdline.source or "command line", "nomodule", line=self.cmdline.line)
            return Block(BLOCKED, "the command line forbids to load modules", told)
        rule = self.modprobe.blacklisted(target) if load.obeys_blacklist else None
        if rule is not None:
            return Block(BLOCKED, f"{rule.path} blacklists {target}", rule_seen(rule), rule)
        needs = self._needs(target)
        soft = name != target and name not in needs
        chain = [*self._needs(name), name] if soft else [*needs, target]
        if name in needs:  # loaded before the target, whatever becomes of that one; modules.dep has the nearest first
            chain = list(needs[needs.index(name) :])
        missing = self._missing(target) or (self._missing(name) if soft else None)
        return missing or next((block for part in chain if (block := self._stop(part, load, target)) is not None), None)

    def _stop(self, part: str, load: Load, target: str) -> Block | None:
        """What stops one module from being inserted."""
        rule = self.modprobe.barring(part)
        if rule is not None:
            return Block(BLOCKED, f"the command line bars {part}", rule_seen(rule), rule)
        rule = self.modprobe.install(part)
        if rule is not None and not (load.ignores_install and part == target):
            loads = command_loads(rule, part)
            if loads is None:
                return Block(UNCLEAR, f"{rule.path} runs a command in place of loading {part}", rule_seen(rule), rule)
            if not loads:
                return Block(BLOCKED, f"{rule.path} runs {rule.rest} in place of loading {part}", rule_seen(rule), rule)
        return None

    def _missing(self, name: str) -> Block | None:
        """Whether the tree of the kernel that will boot does not have a module."""
        tree = self.tree
        if tree.path is None and tree.others:
            told = f"there is no module tree of the kernel {tree.release} that will boot"
            return Block(MISSING, told, seen(f"/lib/modules/{tree.release}"))
        if tree.dep is not None:
            if tree.loadable(name) is None and not tree.has_built_in(name):
                return Block(MISSING, self._not_listed(name), seen(tree.dep.path, locator=name))
            return None
        if tree.unlisted and not tree.has_built_in(name):
            told = f"{tree.path} has no modules.dep, without which modprobe finds no module"
            return Block(MISSING, told, seen(f"{tree.path}/modules.dep"))
        if tree.path is not None and (files := self.files().files) and name not in files:
            return Block(
                MISSING, f"the kernel {tree.release} that will boot has no {name}", seen(tree.path, locator=name)
            )
        return None

    def _not_listed(self, name: str) -> str:
        path = self.files().files.get(name)
        if path is not None:
            return f"modules.dep does not list {path}: depmod was not run"
        return f"the kernel {self.tree.release} that will boot has no {name}"


def rule_seen(rule: Rule) -> Evidence:
    """The evidence of a line of kmod's configuration."""
    return seen(rule.path, rule.text, line=rule.line)


def _named(load: Load) -> str:
    return load.path if load.line is None else f"{load.path}:{load.line}"
