"""What loads modules later in the boot: scripts that the distribution runs, and commands of enabled services."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.model import ANY, LOADS, MODULE, STAYS, Act, Effect
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kernel.modules import module_name
from nodecheck.facts.kernel.modules_load import Load
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.rc_local import RcLocal
from nodecheck.facts.services.starts import RC_LOCAL, BootStarts
from nodecheck.facts.services.unit_start import MASK, NOT_PULLED, OBSTACLE, Stop
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Each, Exists, File, Named, Sources, Tree
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kernel.load_scripts import Script

SCRIPT_DIR = "/etc/sysconfig/modules"
RC_MODULES = "/etc/rc.modules"
"""Run by the same units as the scripts in that directory."""

RUNNERS = ("rhel-loadmodules.service", "loadmodules.service", "fedora-loadmodules.service")
"""Units of the package initscripts: of EL7, of EL8, of Fedora up to 29. EL9 has none."""


class ModuleScript(NamedTuple):
    """A script that may load modules at boot."""

    path: str
    executable: bool
    """Whoever runs it leaves out what is not (``[ -x $file ] && $file``)."""
    script: Script
    run: bool
    """Whether something would run it."""
    why: Evidence | None = None
    """What shows that something would, or would not."""

    @property
    def works(self) -> bool:
        """Whether it is run at boot."""
        return self.run and self.executable

    def loads(self) -> Iterator[Load]:
        """What it loads where it is run."""
        for name, line, told, obeys, ignores in self.script.probes:
            yield Load(name, self.path, line, told, obeys, early=False, ignores_install=ignores)


class ModuleScripts(NamedTuple):
    """``/etc/sysconfig/modules/*.modules``, ``/etc/rc.modules`` and ``rc.local``."""

    scripts: tuple[ModuleScript, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.acts.follow import SHELL_PATHS, module_sources

        return (
            Tree(SCRIPT_DIR, "*.modules"),
            File(RC_MODULES),
            *[Each(RcLocal, field, (File("{}"),)) for field in ("path", "others")],
            *map(Exists, SHELL_PATHS),
            *module_sources(),
            Named("a file that such a script asks for"),
        )

    @classmethod
    def read(
        cls, host: Host, init: InitSystem, starts: BootStarts, release: Lazy[OsRelease], local: RcLocal
    ) -> ModuleScripts:
        """Raises what the host raises for a directory or a script that cannot be read."""
        found: list[ModuleScript] = []
        paths = list(_paths(host))
        if paths:
            run, why = _runner(init, starts, release)
            found += [script for path in paths for script in _script(host, path, run, why)]
        found += [_of_rc_local(script, starts) for script in _script(host, local.path, True, None)]
        for path in local.others:  # another distribution's
            found += _script(host, path, False, seen(local.path, "present" if local.executable else None))
        return cls(tuple(found))


def _of_rc_local(script: ModuleScript, starts: BootStarts) -> ModuleScript:
    """``rc.local`` with what keeps its service from running it; a condition of that is that it is executable."""
    stop = starts.of(RC_LOCAL).stop() if script.executable else None
    return script if stop is None else script._replace(run=False, why=_why(stop))


def _why(stop: Stop) -> Evidence:
    return seen(stop.source, "/dev/null") if stop.kind == MASK else stop.evidence[0]


def _paths(host: Host) -> Iterator[str]:
    for name in names_in(host, SCRIPT_DIR):
        if name.endswith(".modules") and not name.startswith("."):
            yield f"{SCRIPT_DIR}/{name}"
    if exists(host, RC_MODULES):
        yield RC_MODULES


def _script(host: Host, path: str, run: bool, why: Evidence | None) -> tuple[ModuleScript, ...]:
    try:
        executable, source = host.stat(path).executable, text(host, path)
    except Absent:
        return ()
    from nodecheck.facts.acts.follow import NodeFiles
    from nodecheck.facts.kernel.load_scripts import parse_script

    return (ModuleScript(path, executable, parse_script(source, NodeFiles(host)), run, why),)


def _runner(init: InitSystem, starts: BootStarts, release: Lazy[OsRelease]) -> tuple[bool, Evidence]:
    """Whether something runs the scripts: an enabled unit, EL6's rc.sysinit, or (in a root that holds no units of
    systemd) the distribution's release, whose initscripts enable it."""
    halt = starts.halted("the init system")
    if halt is not None:
        return False, _why(halt)
    if init.name in ("upstart", "sysvinit"):
        return True, seen("/etc/rc.d/rc.sysinit")
    for name in RUNNERS:
        if starts.index.exists(name):
            return _by_unit(name, starts)
    if starts.index.complete or not init.is_systemd:
        return False, seen(f"/usr/lib/systemd/system/{RUNNERS[1]}")
    told = release()
    major = (told.version or "").partition(".")[0]
    run = told.id is None or (told.family == "rhel" and major in ("7", "8"))
    return run, told.evidence[0] if told.evidence else seen("/etc/os-release")


def _by_unit(name: str, starts: BootStarts) -> tuple[bool, Evidence]:
    found = starts.of(name)
    if found.acts and found.pull is not None:
        return True, seen(found.pull.source, name)
    stop = found.stop()
    if stop is None or stop.kind in (MASK, NOT_PULLED):
        return False, seen(f"/etc/systemd/system/sysinit.target.wants/{name}")
    return False, _why(stop)


class UnitLoads(NamedTuple):
    """Modules that enabled services load by ``modprobe`` (``ExecStartPre=-/sbin/modprobe overlay``), and
    ``modprobe@NAME.service``."""

    loads: tuple[Load, ...] = ()
    stopped: tuple[tuple[Load, Stop], ...] = ()
    """What services would load that are enabled and kept from starting, and what keeps them from that."""
    unsure: tuple[tuple[Load, FactError], ...] = ()
    """What services load of which nobody can tell whether they start, and why."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, init: InitSystem, starts: BootStarts, acts: BootActs) -> UnitLoads:
        """Raises what the host raises for a file that cannot be read. ``rc.local`` is left to ModuleScripts."""
        if not init.is_systemd and init.name != "openrc":
            return cls()
        found = [(_load(effect, act), act) for effect, act in acts.of(MODULE) if _counts(effect, act)]
        loads = [load for load, act in found if act.runs and act.unsure is None]
        kept = [(load, Stop(OBSTACLE, act.why, act.stops)) for load, act in found if act.state == STAYS and act.stops]
        unsure = [(load, act.unsure) for load, act in found if act.may_run and act.unsure is not None]
        return cls((*_instances(starts), *loads), tuple(kept), tuple(unsure))


def _counts(effect: Effect, act: Act) -> bool:
    return effect.what == LOADS and effect.name != ANY and act.actor != "rc.local"


def _load(effect: Effect, act: Act) -> Load:
    heeds, past = "b" in effect.only, "i" in effect.only
    return Load(effect.name, act.source, act.line, act.text, heeds, early=False, ignores_install=past)


def _instances(starts: BootStarts) -> Iterator[Load]:
    for folder, names in sorted(starts.index.links.items()):
        for name in names:
            if name.startswith("modprobe@") and name.endswith(".service") and starts.of(name).acts:
                module = name.removeprefix("modprobe@").removesuffix(".service")
                yield Load(module_name(module), f"{folder}/{name}", None, name, early=False)
