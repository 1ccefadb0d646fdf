"""What names modules to load at boot: ``modules-load.d``, the kernel's command line, and other inits' own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nodecheck.errors import Absent, FactError
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import ConfFile, OwnFile, conf_files, conf_sources, own_files
from nodecheck.facts.kernel.modules import module_name
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import MASK, MASK_WORD, NO_UNIT, NOT_PULLED
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, Sources, UnitText
from nodecheck.record import NamedTuple

SERVICE = "systemd-modules-load.service"

LOAD_DIRS = (
    "/etc/modules-load.d", "/run/modules-load.d", "/usr/local/lib/modules-load.d", "/usr/lib/modules-load.d",
    "/lib/modules-load.d",
)  # fmt: skip
INITRAMFS_TOOLS = "/usr/sbin/mkinitramfs"
ETC_MODULES = "/etc/modules"
OPENRC_MODULES = "/etc/conf.d/modules"

_BLANKS = " \t\r"


class Load(NamedTuple):
    """One wish to load a module at boot."""

    name: str
    path: str
    line: int | None
    text: str
    """The line, or the word of the command line, that names it."""
    obeys_blacklist: bool = True
    """systemd-modules-load does; a plain ``modprobe NAME`` does not (modprobe(8), ``--use-blacklist``)."""
    early: bool = True
    """Whether it happens before systemd-sysctl, or whatever sets sysctls at boot."""
    ignores_install: bool = False


class Hindrance(NamedTuple):
    """Why systemd-modules-load, or OpenRC's modules, will load nothing."""

    message: str
    path: str
    value: str | None
    unmask: bool = False

    @property
    def is_want_of_files(self) -> bool:
        """Whether it is only that all directories of modules-load.d are empty: a file there takes it away.

        The service's own conditions for them are triggers (``ConditionDirectoryNotEmpty=|``, systemd.unit(5)), of which
        one is enough.
        """
        return "ConditionDirectoryNotEmpty=|" in self.message and "modules-load.d" in self.message


class ModulesLoad(NamedTuple):
    """The modules that the init system is told to load."""

    loads: tuple[Load, ...] = ()
    files: tuple[ConfFile, ...] = ()
    """The files of modules-load.d that count."""
    hindrance: Hindrance | None = None
    reads_files: bool = True
    """Whether the init reads modules-load.d."""
    unsupported: str | None = None
    """The init system, where it is not known here how it loads modules."""
    own: tuple[OwnFile, ...] = ()
    """Files of modules-load.d that plans of nodecheck wrote, to which a fix adds."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.services.early_services import early_sources

        return (
            *conf_sources(LOAD_DIRS, "*.conf"),
            Exists(INITRAMFS_TOOLS),
            File(ETC_MODULES),
            File(OPENRC_MODULES),
            UnitText(SERVICE),
            *early_sources(),
        )

    @classmethod
    def read(cls, host: Host, init: InitSystem, cmdline: BootCmdline, starts: BootStarts) -> ModulesLoad:
        """Read what the node's init reads. Raises what the host raises for a file that cannot be read."""
        files = conf_files(host, LOAD_DIRS)
        if init.is_systemd:
            words = _obeyed(host, cmdline.words)
            loads = [*cmdline_loads(cmdline._replace(words=words), init), *_of_files(host, files)]
            return cls(tuple(loads), files, _kept(host, starts, loads), own=own_files(host, files))
        if init.name in ("openrc", "sysvinit", "runit"):
            loads = [load._replace(obeys_blacklist=False) for load in _of_files(host, files, words=True)]
            found = (*_of_etc_modules(host, files), *loads, *_of_openrc(host, init))
            kept = _halted(starts) or (_openrc_hindrance(starts) if init.name == "openrc" else None)
            return cls(found, files, kept, own=own_files(host, files))
        return cls((), files, _halted(starts), False, None if init.name == "upstart" else init.name)


def _kept(host: Host, starts: BootStarts, loads: Sequence[Load]) -> Hindrance | None:
    """What keeps the service from its work. Whether it starts matters only where it has something to load: with empty
    directories nobody needs to tell whether its conditions hold."""
    try:
        return hindrance(host, starts) or _other_command(host, starts)
    except FactError:
        if loads:
            raise
        return None


def hindrance(host: Host, starts: BootStarts) -> Hindrance | None:
    """What keeps systemd-modules-load.service from running: a mask, or that nothing starts it.

    Raises what :meth:`BootStarts.of` raises, and where nobody can tell why.
    """
    found = starts.of(SERVICE)
    if found.error is not None and (found.pull is not None or starts.words.untold is not None):
        raise found.error
    stop = found.stop(MASK_WORD) or found.stop()
    if stop is None:
        from nodecheck.facts.services.early_services import early_failure

        stop = early_failure(host, found)
    if stop is None:
        return None
    if stop.kind == MASK_WORD:
        return Hindrance(f"{SERVICE} is masked on the command line", stop.source, stop.value)
    if stop.kind == MASK:
        return Hindrance(stop.message, stop.source, "/dev/null", stop.unmask)
    if stop.kind == NO_UNIT:
        return Hindrance(f"{SERVICE} is not installed", stop.source, None)
    if stop.kind != NOT_PULLED:
        return Hindrance(stop.message, stop.source, stop.value)
    # A root that shows no links of sysinit.target at all does not tell which units are started.
    if starts.index.complete and "sysinit.target.wants" in starts.index.dirs:
        return Hindrance(stop.message, f"/usr/lib/systemd/system/sysinit.target.wants/{SERVICE}", None)
    return None


def _halted(starts: BootStarts) -> Hindrance | None:
    """What keeps the scripts of another init from running."""
    stop = starts.halted("the init system")
    return None if stop is None else Hindrance(stop.message, stop.source, stop.value)


def _openrc_hindrance(starts: BootStarts) -> Hindrance | None:
    """OpenRC's own service loads them all, or Debian's init script of kmod, where it is in a runlevel."""
    if any(not starts.of(service).stays for service in ("modules", "kmod")):
        return None
    return Hindrance("OpenRC's service modules is in no runlevel", "/etc/runlevels/boot/modules", None)


def _other_command(host: Host, starts: BootStarts) -> Hindrance | None:
    from nodecheck.facts.services.early_services import other_command

    other = other_command(host, starts.index, SERVICE)
    return Hindrance(other.message, other.path, other.text) if other is not None else None


def _obeyed(host: Host, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without those for the initrd (``rd.``) where it is one of initramfs-tools, which has no systemd."""
    if any(word.startswith("rd.modules") for word in words) and exists(host, INITRAMFS_TOOLS):
        return tuple([word for word in words if not word.startswith("rd.")])
    return words


def cmdline_loads(cmdline: BootCmdline, init: InitSystem) -> Iterator[Load]:
    """``modules_load=`` and ``rd.modules_load=`` (systemd-modules-load.service(8)).

    Before systemd 233 only the spelling with ``-`` is known (src/modules-load/modules-load.c).
    """
    for word in cmdline.words:
        key, equals, value = word.partition("=")
        if not init.at_least(233) and "_" in key:
            continue
        if equals and key.replace("-", "_") in ("modules_load", "rd.modules_load"):
            for name in value.split(","):
                if name:
                    yield Load(module_name(name), cmdline.source or "command line", cmdline.line, word)


def _of_files(host: Host, files: tuple[ConfFile, ...], words: bool = False) -> Iterator[Load]:
    for file in files:
        if not file.masked:
            try:
                yield from parse_modules_load(text(host, file.path), file.path, words)
            except Absent:
                continue


def parse_modules_load(source: str, path: str, words: bool = False) -> Iterator[Load]:
    r"""The modules that a file of ``modules-load.d`` names.

    To systemd the whole line is the name, so that ``ip_vs # comment`` names no module that there is; with ``words``
    the first word is (``while read module args`` of other inits' scripts).

    >>> [load.name for load in parse_modules_load("# c\n; c\n  br-netfilter \nip_vs # no\n", "x")]
    ['br_netfilter', 'ip_vs # no']
    """
    for number, line in enumerate(source.split("\n"), 1):
        name = line.strip(_BLANKS)
        if name and name[0] not in "#;":
            if words:
                name = name.replace("\t", " ").partition(" ")[0]
            yield Load(module_name(name), path, number, line)


def _of_etc_modules(host: Host, files: tuple[ConfFile, ...]) -> Iterator[Load]:
    """``/etc/modules``, which Debian's kmod and Alpine's modules scripts read unless modules-load.d links to it."""
    if any((host.link(file.path) or "").endswith("/modules") for file in files):
        return
    try:
        for load in parse_modules_load(text(host, ETC_MODULES), ETC_MODULES, words=True):
            yield load._replace(obeys_blacklist=False)
    except Absent:
        return


def _of_openrc(host: Host, init: InitSystem) -> Iterator[Load]:
    """``modules="…"`` of OpenRC's ``/etc/conf.d/modules``, which its init script loads by ``modprobe``."""
    if init.name != "openrc":
        return
    try:
        lines = text(host, OPENRC_MODULES).split("\n")
    except Absent:
        return
    for number, line in enumerate(lines, 1):
        key, equals, value = line.strip(_BLANKS).partition("=")
        if equals and key == "modules":
            for name in value.partition("#")[0].strip("\"' \t").replace("\t", " ").split(" "):
                if name:
                    yield Load(module_name(name), OPENRC_MODULES, number, line, obeys_blacklist=False)
