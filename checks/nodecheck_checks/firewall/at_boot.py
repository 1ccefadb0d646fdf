"""Firewalls that the next boot starts."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck import facts
from nodecheck.checking import Evidence, Lazy, Outcome, fail, ok, seen
from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.acts.model import LATE, UNTOLD, Act
from nodecheck.facts.security.firewall_units import OTHER_FIREWALLS, UFW_CONF
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import LINK, NOT_PULLED, TARGET, TEXT, WORD, Pull
from nodecheck.fix import DISRUPTIVE, Fix, by_hand, command
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING
from nodecheck_checks.firewall.wanted import FIREWALLS, UNITS, Wanted

if TYPE_CHECKING:
    from nodecheck.facts.security.boot_rules import LoadedRules


class Start(NamedTuple):
    """What starts a unit at the next boot, or why nothing does."""

    unit: str
    starts: bool
    evidence: Evidence
    by_link: bool = False
    """Links in ``/etc`` alone do, which ``systemctl disable`` takes away."""
    doubt: FactError | None = None
    """Why nobody can tell whether it really starts."""
    rival: str = ""
    """The unit that starts in its place."""


class Loads(NamedTuple):
    """What is loaded at the next boot, by firewalls' own units and by other commands."""

    saved: Lazy[facts.SavedRules]
    script: Lazy[facts.NftFile]
    switches: Lazy[facts.FirewallSwitches]
    rules: Lazy[facts.BootRules]


class AtBoot:
    """The facts of the next boot."""

    def __init__(
        self,
        starts: BootStarts,
        runlevels: Lazy[facts.Runlevels],
        ufw: Lazy[facts.UfwConf],
        firewalld: Lazy[facts.FirewalldTrace],
        loads: Loads,
    ) -> None:
        self.starts, self.init, self.index = starts, starts.init, starts.index
        self.runlevels, self.firewalld, self.ufw = runlevels, firewalld, ufw
        self.saved, self.script, self.switches, self.rules = loads

    def start(self, unit: str) -> Start | None:
        """Whether the next boot starts a unit; None where there is no such unit.

        A root that holds only a part of the system may have the link that enables a unit, and not the unit.
        """
        if not self.index.exists(unit):
            return None if self.index.complete else self._linked(unit)
        found = self.starts.of(unit)
        if found.error is not None and not found.doubt:
            raise found.error
        stop = found.stop()
        if found.pull is None and (stop is None or stop.kind in (NOT_PULLED, TARGET)):
            act = next((act for name, act in self.rules().started if self.index.resolve(name) == unit), None)
            if act is not None:
                return Start(unit, True, act.evidence, doubt=act.doubt)
        if stop is not None:
            nothing = stop.kind in (NOT_PULLED, TARGET)
            evidence = _not_enabled(self.index, unit) if nothing else stop.evidence[0]
            return Start(unit, False, evidence, rival=stop.rival)
        pull = self._by_word(unit) or found.pull
        if pull is None:
            return Start(unit, False, _not_enabled(self.index, unit))
        if pull.how != LINK:
            return Start(unit, True, _pull_seen(unit, pull), doubt=found.error)
        by_link = self.starts.text_pull(unit) is None and not _has_links_of_its_own(self.index, unit)
        return Start(unit, True, _pull_seen(unit, pull), by_link, found.error)

    def stopped(self, unit: str) -> Act | None:
        """The command that stops a unit again, or may: after it, or nobody can tell when."""
        found = [self._after(unit, act) for name, act in self.rules().stopped if self.index.resolve(name) == unit]
        return next((act for act in found if act.runs), found[0] if found else None)

    def _after(self, unit: str, act: Act) -> Act:
        """A command that stops a unit, undecided where nothing says that it comes after the unit's start."""
        if act.place >= LATE or act.doubt is not None:
            return act
        from nodecheck.facts.services.unit_order import comes_after

        if comes_after(self.starts, act.unit or act.actor, unit):
            return act
        why = Unsupported(act.source, f"whether {act.text!r} comes after the start of {unit} is not known")
        return act._replace(state=UNTOLD, doubt=why)

    def _linked(self, unit: str) -> Start | None:
        found = self.starts.of(unit)
        stop = found.stop()
        if stop is not None:
            enabled = stop.by_cmdline and self.index.starts_at_boot(unit) is not None
            return Start(unit, False, stop.evidence[0]) if enabled else None
        pull = found.pull
        return None if pull is None or pull.how != LINK else Start(unit, True, _pull_seen(unit, pull), by_link=True)

    def _by_word(self, unit: str) -> Pull | None:
        """The word that wants a unit, which stays whatever becomes of its links."""
        words = self.starts.words
        word = words.wants(unit)
        return None if word is None else Pull(WORD, words.source or "command line", word, words.line)

    def freed(self, by: str, wanted: Wanted) -> Iterator[Start]:
        """Units of firewalls that are to be off, and that start once one that conflicts with them does not."""
        for name in filter(wanted.strict, FIREWALLS):
            for unit in UNITS[name]:
                start = self.start(unit)
                if start is not None and start.rival == by:
                    yield start._replace(by_link=not _has_links_of_its_own(self.index, unit))

    def trace(self, name: str) -> Evidence | None:
        """What shows a firewall that is meant to work, where no unit does."""
        if name == "firewalld":
            path = self.firewalld().path
            return None if path is None else seen(path, "there")
        if name == "ufw":
            return seen(UFW_CONF, f"ENABLED={self.ufw().value}") if self.ufw().enabled else None
        if name == "nftables":
            files = [(self.script().path, self.script().tables)]
        else:
            files = [(path, tables or ()) for _, path, tables in self.saved().files]
        found = ((path, table.blocks()) for path, tables in files for table in tables)
        return next((seen(path, why) for path, why in found if why is not None), None)


def _pull_seen(unit: str, pull: Pull) -> Evidence:
    if pull.how == TEXT:
        return seen(pull.source, f"pulls in {unit}")
    return seen(pull.source, pull.value or unit, line=pull.line)


def _not_enabled(index: UnitIndex, unit: str) -> Evidence:
    """A link to the unit that no boot follows, else the one that is looked for first and not there."""
    link = next((path for _, path in index.pulls(unit)), None)
    return seen(
        link or f"/etc/systemd/system/multi-user.target.wants/{unit}", "not on the way of a boot" if link else None
    )


def _has_links_of_its_own(index: UnitIndex, unit: str) -> bool:
    """Whether the distribution pulls a unit in, below the links that ``systemctl disable`` takes away."""
    names = index.names_of(unit)
    folders = [path for folder, paths in index.dirs.items() if not folder.endswith(".d") for path in paths]
    return any(name in index.links[path] for path in folders if not path.startswith("/etc/") for name in names)


def judged_at_boot(boot: AtBoot, name: str, units: tuple[str, ...], wanted: Wanted) -> Outcome:
    """One firewall at the next boot: what its own units do, then what other commands load."""
    found = _by_units(boot, name, units, wanted)
    if found.status != "pass" or boot.starts.halted(units[0]) is not None:
        return found
    rules = [loaded for loaded in boot.rules().rules if loaded.owner == name]
    loaded = next((loaded for loaded in rules if loaded.doubt is None), rules[0] if rules else None)
    return found if loaded is None else _loaded(loaded, name, wanted)


def _loaded(loaded: LoadedRules, name: str, wanted: Wanted) -> Outcome:
    """Rules that no unit of a firewall loads."""
    if loaded.doubt is not None:
        raise loaded.doubt
    from nodecheck_checks.firewall.fixes import open_ports

    act, file = loaded.act, f" {loaded.file}" if loaded.file else ""
    title = f"Turn {name} off at boot"
    removal = by_hand(
        title, f"Take {act.text!r} from {act.source}, or the rules that keep traffic out from what it loads"
    )
    fix = removal if wanted.strict(name) else open_ports(name, wanted.ports())
    evidence = [act.evidence, *([seen(loaded.file, loaded.why)] if loaded.file else [])]
    message = f"{act.source} loads rules{file} at boot: {loaded.why}{wanted.note(name, loaded.why)}"
    return fail(message, actual="loaded", evidence=evidence, fix=fix)


def _by_units(boot: AtBoot, name: str, units: tuple[str, ...], wanted: Wanted) -> Outcome:
    halt = boot.starts.halted(units[0])
    if halt is not None:
        return ok(f"nothing starts {name} at boot", actual="not enabled", evidence=halt.evidence)
    if not boot.init.is_systemd:
        return _by_runlevels(boot, name, units, wanted)
    starts = [start for start in map(boot.start, units) if start is not None]
    if not starts:
        return _not_installed(boot, name, units, by_units=bool(boot.index.files or boot.index.dirs))
    enabled = [start for start in starts if start.starts]
    if not enabled:
        what = "masked" if all(start.evidence.value == "masked" for start in starts) else "not enabled"
        return ok(f"nothing starts {name} at boot", actual=what, evidence=[start.evidence for start in starts])
    told: list[Evidence] = []
    effects = {start: _effect(boot, name, start.unit, wanted.strict(name), told) for start in enabled}
    working = [start for start in enabled if effects[start] is not None]
    stopped = [act for start in working if (act := boot.stopped(start.unit)) is not None]
    if working and len(stopped) == len(working):
        return _stopped(name, stopped)
    doubt = next((start.doubt for start in working if start.doubt is not None), None)
    if doubt is not None and all(start.doubt is not None for start in working):
        raise doubt
    if working:
        from nodecheck_checks.firewall.fixes import boot_fix

        ports = None if wanted.strict(name) else wanted.ports()
        freed = [start for one in working for start in boot.freed(one.unit, wanted)] if ports is None else []
        units_on = tuple([(start.unit, start.by_link) for start in (*working, *freed)])
        fix = boot_fix(name, units_on, boot.ufw() if name == "ufw" else None, ports)
        for start in working:
            path = boot.index.fragment(start.unit) or ""
            if command("systemctl", "mask", start.unit) in fix.steps and path.startswith("/etc/"):
                fix = by_hand(fix.title, f"Remove {path}, a unit that systemctl cannot mask where it lies")
        message = f"{working[0].unit} starts at boot{effects[working[0]]}{wanted.note(name, effects[working[0]] or '')}"
        return fail(message, actual="enabled", evidence=[*[start.evidence for start in working], *told], fix=fix)
    evidence = [*[start.evidence for start in enabled], *told]
    return ok(f"{name} is enabled, and keeps no traffic out", actual="enabled, without effect", evidence=evidence)


def _stopped(name: str, acts: list[Act]) -> Outcome:
    """A firewall that starts, and that a command stops at the end of the boot."""
    doubt = next((act.doubt for act in acts if act.doubt is not None), None)
    if doubt is not None:
        raise doubt
    message = f"{acts[0].source} stops {name} at the end of the boot"
    return ok(message, actual="stopped", evidence=[act.evidence for act in acts])


def _not_installed(boot: AtBoot, name: str, units: tuple[str, ...], by_units: bool) -> Outcome:
    """No unit and no script: off, unless the root does not tell and a configuration file shows the firewall."""
    trace = None if by_units else boot.trace(name)
    if trace is not None:
        raise Unsupported(trace.source, f"{name} belongs to this node ({trace.value}), and no unit tells if it starts")
    if boot.init.is_systemd and not by_units:
        raise Absent("/usr/lib/systemd/system", "no unit at all is here, so that none tells what the next boot starts")
    evidence = [seen(f"/usr/lib/systemd/system/{unit}") for unit in units]
    return ok(f"{name} is not installed as a service", actual="not installed", evidence=evidence)


def _by_runlevels(boot: AtBoot, name: str, units: tuple[str, ...], wanted: Wanted) -> Outcome:
    """Where OpenRC boots the node, a service in a runlevel is taken to do its work."""
    if boot.init.name != "openrc":
        return _not_installed(boot, name, units, by_units=False)
    services = [unit.removesuffix(".service") for unit in units]
    found = next((service for service in services if service in boot.runlevels().services), None)
    if found is None:
        evidence = [seen(f"/etc/runlevels/default/{service}") for service in services]
        return ok(f"{name} is in no runlevel", actual="not enabled", evidence=evidence)
    from nodecheck_checks.firewall.fixes import open_ports

    steps = (command("rc-update", "del", found, *boot.runlevels().levels_of(found)),) if wanted.strict(name) else ()
    fix = Fix(f"Turn {name} off at boot", steps, DISRUPTIVE) if steps else open_ports(name, wanted.ports())
    message = f"OpenRC starts {found} at boot{wanted.note(name)}"
    return fail(message, actual="enabled", evidence=[seen("/etc/runlevels", found)], fix=fix)


def _effect(boot: AtBoot, name: str, unit: str, strict: bool, told: list[Evidence]) -> str | None:
    """What a unit that starts does, as the rest of a sentence; None where it keeps nothing out."""
    if name == "firewalld":
        return ""
    if name == "ufw":
        conf = boot.ufw()
        told.append(seen(UFW_CONF, f"ENABLED={conf.value}" if conf.present else None, line=conf.line))
        return f", and {UFW_CONF} says ENABLED={conf.value}" if conf.enabled else None
    if name == "nftables":
        script = boot.script()
        found = next((why for table in script.tables if (why := table.blocks()) is not None), None)
        said = found or "keeps nothing out"
        if script.missing is not None:
            said = f"includes {script.missing}, which is not there, so that nft loads nothing"
        told.append(seen(script.path, said if script.present else None))
        if found is not None:
            return f" and loads {script.path}: {found}"
        return ", which is to be off" if strict and script.tables else None
    return _restored(boot, unit, strict, told)


def _restored(boot: AtBoot, unit: str, strict: bool, told: list[Evidence]) -> str | None:
    if unit in OTHER_FIREWALLS:
        switch = boot.switches().of(unit)
        if switch is None:
            return ", and lets in what its files name"
        told.append(seen(switch.path, switch.text, line=switch.line))
        return f", and {switch.path} lets it" if switch.on else None
    present = False
    for path, tables in boot.saved().of(unit.removesuffix(".service")):
        present = present or tables is not None
        why = next((why for table in tables or () if table.name == "filter" and (why := table.blocks())), None)
        told.append(seen(path, None if tables is None else why or "keeps nothing out"))
        opened = next((act for file, act in boot.rules().opened if file == path), None) if why is not None else None
        if opened is not None:
            told.append(opened.evidence)
        elif why is not None:
            return f" and loads {path}: {why}"
    return ", which is to be off" if strict and present else None
