"""What the next boot writes to ``/proc/sys``: command line, ``sysctl.d``, credential; by systemd-sysctl or procps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.model import EVERY
from nodecheck.facts.boot.container import CMDLINE as FIRST_ARGUMENTS
from nodecheck.facts.boot.next_boot import BootCmdline, KernelRelease
from nodecheck.facts.files.conf_dirs import ConfFile, OwnFile, conf_files, conf_sources, own_files
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import MASK, NO_UNIT, NOT_PULLED, TARGET, Stop
from nodecheck.facts.sysctl.variables import IP_FORWARD, STABLE_SECRET, default_of, master_of, same_variable, taken
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, JudgedSetting, Judges, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.sysctl.conf import Write
    from nodecheck.facts.sysctl.runs import SysctlRun
    from nodecheck.formats.sysctl_lines import Setting

SYSCTL_DIRS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
"""Highest precedence first (sysctl.d(5))."""

SYSCTL_CONF = "/etc/sysctl.conf"
SYSTEMD = "systemd-sysctl"
PROCPS = "sysctl --system"
UNIT = "systemd-sysctl.service"

_RUN_PROCPS = ("sysvinit", "openrc", "upstart", "runit", "s6", "dinit", "busybox")
"""Inits whose boot scripts run procps' ``sysctl --system``, or read the same files in the same order."""


class Writer(NamedTuple):
    """What applies the files at boot."""

    name: str | None
    """``systemd-sysctl``, ``sysctl --system``, or None: nothing does."""
    why: str = ""
    source: str | None = None
    """The file that shows it."""
    absent: bool = False
    """That file is not there, which shows it."""
    by_cmdline: bool = False
    """The kernel's command line has the say, which no file mends."""


class Held(NamedTuple):
    """What a key holds after boot."""

    value: str | None
    """None: what the kernel starts with, which is not known."""
    by: Setting | None
    """The line that won; None: the kernel's default."""
    beaten: tuple[Setting, ...]
    """The lines about it that do not count, in the order in which they are read."""
    notes: tuple[str, ...] = ()


class BootSysctls(NamedTuple):
    """The lines that say something about sysctls at the next boot, in the order in which they are read."""

    writer: Writer
    files: tuple[ConfFile, ...] = ()
    settings: tuple[Setting, ...] = ()
    """Of the files and, with systemd, of the credential, as ``writer`` reads them."""
    cmdline: tuple[Setting, ...] = ()
    procps: tuple[Setting, ...] = ()
    """What ``sysctl --system`` would read, for what it would do otherwise."""
    globs: bool = True
    """This systemd knows globs (since 245)."""
    credential: tuple[Setting, ...] = ()
    """Those of the settings that come from the credential."""
    runs: tuple[SysctlRun, ...] = ()
    """Commands of boot units, and TuneD, that set sysctls after systemd-sysctl did."""
    own: tuple[OwnFile, ...] = ()
    """Files that plans of nodecheck wrote, to which a fix adds."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.services.early_services import early_sources
        from nodecheck.facts.sysctl.conf import credential_sources
        from nodecheck.facts.sysctl.tuned import tuned_sources

        return (
            *conf_sources(SYSCTL_DIRS, "*.conf"),
            File(SYSCTL_CONF),
            *credential_sources(),
            *tuned_sources(),
            UnitText(UNIT),
            *early_sources(),
        )

    @classmethod
    def judges(cls) -> Judges:
        return (
            JudgedSetting("net.ipv4.ip_forward", ("0", "1")),
            STABLE_SECRET,
            JudgedSetting("systemd.set_credential", ("sysctl.extra:net.ipv4.ip_forward=0",)),
            JudgedSetting("systemd.set_credential_binary", ("sysctl.extra:bmV0LmlwdjQuaXBfZm9yd2FyZD0w",)),
        )

    @classmethod
    def read(
        cls,
        host: Host,
        init: InitSystem,
        starts: BootStarts,
        cmdline: BootCmdline,
        kernel: Lazy[KernelRelease],
        acts: Lazy[BootActs],
    ) -> BootSysctls:
        """Read them. Raises what the host raises for a file or directory that is there and cannot be read."""
        writer = writer_of(host, init, starts)
        from nodecheck.facts.sysctl.conf import credential_settings
        from nodecheck.facts.sysctl.runs import TUNED, runs
        from nodecheck.formats.sysctl_lines import parse_systemd

        told = _cmdline_settings(cmdline, kernel)
        files = conf_files(host, SYSCTL_DIRS)
        own = own_files(host, files)
        if writer.name == PROCPS:
            settings = tuple(_procps_settings(host))
            return cls(writer, files, settings, told, settings, runs=runs(acts(), starts, lambda: settings), own=own)
        version = init.version or 9999
        found = [one for file in files for one in parse_systemd(_content(host, file), file.path, version)]
        extra = credential_settings(host, cmdline) if init.at_least(252) else ()
        again = runs(acts(), starts, lambda: tuple(_procps_settings(host)))
        before = tuple([run for run in again if run.sysinit])
        later = tuple([run for run in again if not run.sysinit])
        if starts.of(f"{TUNED}.service").acts:
            from nodecheck.facts.sysctl.tuned import with_tuned

            later = with_tuned(host, starts, later)
        again = (*before, *later)
        return cls(writer, files, (*found, *extra), told, _told_procps(host), init.at_least(245), extra, again, own)

    def held(self, path: str, cmdline: bool = True, files: bool = True) -> Held:
        """What ``path`` holds after boot. ``cmdline`` and ``files`` say which of the two find the key there."""
        from nodecheck.facts.sysctl.conf import Write, names

        writes = [Write(setting.path, setting) for setting in self.cmdline] if cmdline else []
        if files:
            writes.extend(self._applied(_watched(path)))
        held = simulate(path, writes)
        about = _about(path, held)
        lines = (*self.cmdline, *self.settings, *[line for run in self.runs for line in run.settings])
        places = {(held.by.source, held.by.line)} if held.by is not None else set()
        beaten = []
        for line in lines:
            if line.value is not None and (line.source, line.line) not in places and names(line, about):
                places.add((line.source, line.line))
                beaten.append(line)
        return held._replace(beaten=tuple(beaten))

    def _applied(self, paths: tuple[str, ...]) -> Iterator[Write]:
        """What is written to ``paths`` from the files, by all that applies them, and by what acts before and after."""
        from nodecheck.facts.sysctl.conf import procps_writes, systemd_writes

        for run in self.runs:
            if run.early:
                yield from procps_writes(run.settings, paths)
        if self.writer.name == PROCPS:
            yield from procps_writes(self.settings, paths)
        elif self.writer.name == SYSTEMD:
            yield from systemd_writes(self.settings, paths, self.globs)
        for run in self.runs:
            if not run.early:
                yield from procps_writes(run.settings, paths)

    def sure(self, *doubted: SysctlRun) -> BootSysctls:
        """The same with what is shown to act alone, and with some of what may."""
        return self._replace(runs=tuple([run for run in self.runs if run.doubt is None or run in doubted]))

    def doubted(self) -> tuple[SysctlRun, ...]:
        """What may act, and nobody can tell."""
        return tuple([run for run in self.runs if run.doubt is not None and run.settings])

    def unclear(self, path: str) -> SysctlRun | None:
        """What is shown to act last on a key, and sets it to what cannot be told."""
        from nodecheck.facts.sysctl.conf import names

        watched = _watched(path)
        for run in reversed(self.runs):
            if any(names(setting, watched) for setting in run.settings) and run.doubt is None:
                return None
            told = run.doubt is None or "?" not in run.unclear
            if told and any(name in ("?", EVERY) or name in watched for name in run.unclear):
                return run
        return None

    def run_of(self, line: Setting | None) -> SysctlRun | None:
        """What applies a line that systemd-sysctl does not read, or not last: a boot unit's command, or TuneD."""
        from nodecheck.facts.sysctl.runs import REAPPLY

        found = next((run for run in reversed(self.runs) if line in run.settings), None)
        again = found is not None and found.command.text == REAPPLY and line in self.settings
        return None if again else found

    def by_procps(self, path: str) -> Held:
        """What ``sysctl --system`` of procps would make of the same files."""
        from nodecheck.facts.sysctl.conf import Write, procps_writes

        early = (Write(setting.path, setting) for setting in self.cmdline)
        return simulate(path, (*early, *procps_writes(self.procps, _watched(path))))


def _watched(path: str) -> tuple[str, ...]:
    """The files whose writing changes ``path``, in byte order (that of a glob's expansion)."""
    master = master_of(path)
    return tuple(sorted({*same_variable(path), *(same_variable(master) if master else ())}))


def _about(path: str, held: Held) -> tuple[str, ...]:
    """The names of which a line is evidence: those of the variable itself, and those of its master if that won."""
    from nodecheck.facts.sysctl.conf import names

    own = same_variable(path)
    return _watched(path) if held.by is not None and not names(held.by, own) else own


def simulate(path: str, writes: Iterable[Write], start: str | None = None) -> Held:
    """Write to a kernel that starts with its defaults, and say what ``path`` holds at the end.

    >>> from nodecheck.facts.sysctl.conf import Write
    >>> from nodecheck.formats.sysctl_lines import Setting
    >>> line = Setting("net/ipv4/conf/all/forwarding", "1", "/etc/sysctl.d/a.conf", 1, "")
    >>> simulate("net/ipv4/ip_forward", [Write(line.path, line)]).value
    '1'
    """
    own, master = same_variable(path), master_of(path)
    value, by = default_of(path) if start is None else start, None
    master_value = default_of(master) if master else None
    notes: list[str] = []
    for written, setting in writes:
        result = taken(written, setting.value or "")
        if setting.only and written in own:
            if value is None:
                notes.append(
                    f"{setting.source}:{setting.line}: written only where what is there is not {_beyond(setting)}"
                )
            elif not _moves(setting.only, result.value, value):
                continue
        if written in own:
            if result.note:
                notes.append(f"{setting.source}:{setting.line}: {result.note}")
            if result.value is not None or result.unsure:
                value, by = result.value, setting
        elif master is not None and written in same_variable(master) and result.value is not None:
            if (result.value if master == IP_FORWARD else setting.value) != master_value:
                value, by = result.value, setting
            master_value = result.value
    return Held(value, by, (), tuple(notes[:8]))


def _beyond(setting: Setting) -> str:
    return "greater" if setting.only == ">" else "less"


def _moves(only: str, new: str | None, old: str) -> bool:
    """Whether a line that may only raise or only lower a value changes it; one that is no number counts as it is."""
    if new is None or not (new.isdecimal() and old.isdecimal()):
        return True
    return int(new) > int(old) if only == ">" else int(new) < int(old)


def writer_of(host: Host, init: InitSystem, starts: BootStarts) -> Writer:
    """What applies ``sysctl.d`` at boot. Raises Unsupported for an init that sets sysctls in a way of its own."""
    halt = starts.halted(UNIT)
    if halt is not None:
        return _kept(halt)
    if not init.is_systemd:
        if init.name not in _RUN_PROCPS:
            raise Unsupported("init", f"{init.name} sets sysctls in a way that nodecheck does not know")
        return _script(starts, init)
    found = starts.of(UNIT)
    word = next((stop for stop in found.stops if stop.by_cmdline and stop.kind != TARGET), None)
    if word is not None:
        return _kept(word)
    mask = found.stop(MASK)
    if mask is not None:
        return Writer(None, mask.message, mask.source)
    from nodecheck.facts.services.early_services import other_command

    other = other_command(host, starts.index, UNIT)
    if other is not None:
        return Writer(None, other.message, other.path)
    return _by_unit(host, init, starts)


def _by_unit(host: Host, init: InitSystem, starts: BootStarts) -> Writer:
    """What becomes of a service that nothing masks. A root that holds a part of the system tells little of it."""
    from nodecheck.facts.services.early_services import early_failure

    found = starts.of(UNIT)
    if found.error is not None and found.pull is not None:
        raise found.error
    whole = init.present and starts.index.complete
    stop = found.stop() or early_failure(host, found)
    if stop is not None and stop.kind == TARGET:
        return Writer(None, f"nothing starts {UNIT}", starts.index.fragment(UNIT)) if whole else _kept(stop)
    if stop is not None and stop.kind in (NO_UNIT, NOT_PULLED):
        if not whole:
            return Writer(SYSTEMD, "systemd boots this node")
        if stop.kind == NO_UNIT:
            return Writer(None, stop.message, stop.source, absent=True)
        return Writer(None, stop.message, starts.index.fragment(UNIT))
    if stop is not None:
        return Writer(None, f"{UNIT} will not start: {stop.message}", stop.source)
    if found.pull is None or not whole:
        return Writer(SYSTEMD, "systemd boots this node")
    return Writer(SYSTEMD, f"{UNIT} is started", found.pull.source)


def _kept(stop: Stop) -> Writer:
    why = f"{stop.value} on the command line keeps {UNIT} from starting"
    if stop.source == FIRST_ARGUMENTS:
        why = stop.message
    return Writer(None, why, stop.source, by_cmdline=True)


def _script(starts: BootStarts, init: InitSystem) -> Writer:
    if init.name == "openrc":
        services = ("sysctl", "procps")  # procps: Debian's init script
        if all(starts.of(service).stays for service in services):
            return Writer(None, "no runlevel starts OpenRC's sysctl service", "/etc/runlevels")
    return Writer(PROCPS, f"{init.name}'s boot scripts run procps' sysctl")


def _cmdline_settings(cmdline: BootCmdline, kernel: Lazy[KernelRelease]) -> tuple[Setting, ...]:
    """What the kernel sets of itself, in its order: parameters first, then ``sysctl.KEY=`` words."""
    from nodecheck.facts.sysctl.conf import parse_cmdline, parse_parameters

    place = cmdline.source or "", cmdline.line
    first, then = parse_parameters(cmdline.kernel_words, *place), parse_cmdline(cmdline.kernel_words, *place)
    return (*first, *then) if then and _knows_sysctl_words(kernel().boot) else first


def _knows_sysctl_words(release: str | None) -> bool:
    """Whether a kernel takes ``sysctl.KEY=`` words (5.8); one whose release is not known is taken to."""
    numbers = (release or "").split("-")[0].split(".")[:2]
    if len(numbers) < 2 or not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        return True
    return (int(numbers[0]), int(numbers[1])) >= (5, 8)


def _content(host: Host, file: ConfFile) -> str:
    return "" if file.masked else text(host, file.path)


def _procps_settings(host: Host) -> Iterator[Setting]:
    from nodecheck.formats.sysctl_lines import parse_procps

    for file in conf_files(host, SYSCTL_DIRS, dot_files=True):
        yield from parse_procps(_content(host, file), file.path)
    try:
        last = text(host, SYSCTL_CONF)
    except Absent:
        return
    yield from parse_procps(last, SYSCTL_CONF)


def _told_procps(host: Host) -> tuple[Setting, ...]:
    """The same where it is only a note: then what cannot be read is left out."""
    try:
        return tuple(_procps_settings(host))
    except FactError:
        return ()
