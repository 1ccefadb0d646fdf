"""CRI-O: what runs it, and the cgroup driver that its files give."""

from __future__ import annotations

from nodecheck.errors import Absent, ParseError, TooLarge
from nodecheck.facts.runtimes.service import Flag, Service, Unstartable, first_there, flags, service
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, JudgedSetting, Judges, Named, Sources, Tree, UnitText
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table
from nodecheck.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.crio_values import CrioFault, CrioFile
    from nodecheck.facts.services.unit_reader import UnitReader

CONFIG = "/etc/crio/crio.conf"
CONFIG_DIR = "/etc/crio/crio.conf.d"
PROGRAMS = ("/usr/bin/crio", "/usr/local/bin/crio", "/usr/sbin/crio", "/opt/bin/crio", "/usr/libexec/crio/crio")
UNITS = ("crio.service", "cri-o.service")
DRIVERS = ("systemd", "cgroupfs")


class Value(NamedTuple):
    """A setting and where it stands."""

    value: str
    path: str
    line: int | None
    text: str


class CrioRefusal(NamedTuple):
    """Why CRI-O does not start."""

    why: str
    certain: bool = True
    """False: some releases start with it, and the node does not show which one is here."""


class CrioNetwork(NamedTuple):
    """The table ``crio.network``, what is set nowhere left out."""

    network_dir: Value | None = None
    """Where the configurations of CNI are."""
    cni_default_network: Value | None = None
    """The name of the network that pods get; None: that of the first configuration."""
    plugin_dirs: tuple[Value, ...] = ()
    """Where the plugins are; none: where CNI's own default is."""
    plugin_dir: Value | None = None
    """The older key: one more directory, after those."""

    def bin_dirs(self, default: str) -> tuple[str, ...]:
        """All directories, in the order in which a plugin is looked for."""
        own = tuple([item.value for item in self.plugin_dirs]) or (default,)
        return (*own, self.plugin_dir.value) if self.plugin_dir and self.plugin_dir.value else own


class Crio(NamedTuple):
    """CRI-O's configuration: ``crio.conf``, every file below ``crio.conf.d`` in order of names, flags."""

    present: str | None = None
    """The path that shows it; None where nothing does."""
    cgroup_manager: Value | None = None
    """None: set nowhere, so systemd (CRI-O 1.18 and later; cgroupfs before)."""
    conmon_cgroup: Value | None = None
    """``conmon_cgroup``, else a runtime's ``monitor_cgroup``, which newer releases have in its place."""
    files: tuple[str, ...] = ()
    """The files that were read, in order."""
    path: str = CONFIG
    service: Service | None = None
    read_files: tuple[CrioFile, ...] = ()
    """The same files with what stands in them."""
    gone: tuple[str, ...] = ()
    """Programs that they name (``runtime_path``) and that are not there."""
    network: CrioNetwork = CrioNetwork()

    @classmethod
    def reads(cls) -> Sources:
        return (
            *map(UnitText, UNITS),
            Named("EnvironmentFile= of crio.service"),
            File(CONFIG),
            Tree(CONFIG_DIR, depth=MOST_LEVELS + 1, most=MOST_FILES),
            Named("--config and --config-dir of crio.service"),
            Named("runtime_path of CRI-O's configuration"),
            *map(Exists, PROGRAMS),
        )

    @classmethod
    def judges(cls) -> Judges:
        managers = JudgedSetting("cgroup_manager", (*DRIVERS, "other"))
        return (managers, JudgedSetting("conmon_cgroup", ("pod", "system.slice")))

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex], reader: Lazy[UnitReader]) -> Crio:
        """Read CRI-O's files. Raises ParseError for one that keeps it from starting, and what the host raises."""
        unit = next((found for found in (service(host, units(), name, reader) for name in UNITS) if found), None)
        found = first_there(host, (*PROGRAMS, CONFIG, CONFIG_DIR)) or (unit.paths[0] if unit else None)
        if found is None:
            return cls()

        return configured(host, found, unit)

    def needs_release(self) -> bool:
        """Whether what it comes to depends on CRI-O's release."""
        empty = self.conmon_cgroup is not None and not self.conmon_cgroup.value
        return empty or self.cgroup_manager is None or self.cgroup_manager.value != "systemd"

    def refusal(self, release: tuple[int, ...] | None) -> CrioRefusal | None:
        """Why CRI-O would not start with this; None where it would, or may, with the driver it is set to."""
        why = self._refused(release)
        if why is None and self._hangs_on_release(release):
            return CrioRefusal(
                "conmon_cgroup is '', which CRI-O before 1.24 refuses, and its release is not shown", False
            )
        return None if why is None else CrioRefusal(why)

    def _hangs_on_release(self, release: tuple[int, ...] | None) -> bool:
        """An empty ``conmon_cgroup`` with systemd, where no release is shown."""
        empty = self.conmon_cgroup is not None and not self.conmon_cgroup.value
        return empty and release is None and (self.cgroup_manager is None or self.cgroup_manager.value == "systemd")

    def faults(self, release: tuple[int, ...] | None) -> list[CrioFault]:
        """The keys with which it does not start, or may not, or that do nothing."""
        from nodecheck.facts.runtimes.crio_values import faults

        return list(faults(self.read_files, release, frozenset(self.gone)))

    def _refused(self, release: tuple[int, ...] | None) -> str | None:
        manager, conmon = self.cgroup_manager, self.conmon_cgroup
        if manager is not None and manager.value not in DRIVERS:
            return f"cgroup_manager is {manager.value!r}, which CRI-O does not know"
        cgroup = conmon.value if conmon is not None else _DEFAULT_CGROUP
        on_systemd = manager is None or manager.value == "systemd"
        if cgroup and cgroup != "pod" and not cgroup.endswith(".slice"):
            return f"conmon_cgroup is {cgroup!r}, which is neither 'pod' nor a systemd slice"
        if release is None or cgroup == "pod":
            return None
        if not cgroup and RULES.at(EMPTY, release).wanted == REFUSED:
            return f"conmon_cgroup is '', which CRI-O {_told(release)} refuses"
        return None if on_systemd else _with_cgroupfs(cgroup or _DEFAULT_CGROUP, release)

    def default(self, release: tuple[int, ...] | None) -> str:
        """The manager where none is set (``DefaultCgroupManager``); of a release that is not shown the newest's."""
        return "systemd" if release is None else RULES.at(MANAGER, release).wanted

    def doubt(self, release: tuple[int, ...] | None) -> str | None:
        """What is to be told of a driver that holds whatever the release, though not every one starts with it."""
        manager, conmon = self.cgroup_manager, self.conmon_cgroup
        if release is not None or manager is None or manager.value == "systemd":
            return None
        return None if conmon is not None and conmon.value == "pod" else "CRI-O 1.19 to 1.32 does not start with it"


def _with_cgroupfs(cgroup: str, release: tuple[int, ...]) -> str | None:
    wanted = RULES.at(SLICE, release).wanted
    if wanted == TAKEN or (wanted == DEFAULT_TAKEN and cgroup == _DEFAULT_CGROUP):
        return None
    told = f"with cgroup_manager = 'cgroupfs' CRI-O {_told(release)} takes conmon_cgroup = 'pod'"
    return f"{told}, and not {cgroup!r}" + (", the default" if cgroup == _DEFAULT_CGROUP else "")


def _told(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))


_DEFAULT_CGROUP = "system.slice"
EMPTY, SLICE, MANAGER = "an empty conmon_cgroup", "a slice with cgroupfs", "the default manager"
LOOPBACK, PLUGIN, OWN = "loopback", "the plugin", "its own"
REFUSED, TAKEN, DEFAULT_TAKEN = "refused", "taken", "the default one taken"
_CONFIG = "cri-o pkg/config/config.go"

RULES = Table(
    Row(EMPTY, REFUSED, "Validate takes 'pod' or a slice", _CONFIG + " of v1.23.5", before=(1, 24)),
    Row(EMPTY, TAKEN, "it leaves the runtime's monitor_cgroup", _CONFIG + " of v1.24.0", since=(1, 24)),
    Row(SLICE, TAKEN, "Validate asks for no more", _CONFIG + " of v1.18.4", before=(1, 19)),
    Row(SLICE, REFUSED, "Validate wants 'pod'", _CONFIG + " of v1.19.0 to v1.32.5", since=(1, 19), before=(1, 33)),
    Row(SLICE, DEFAULT_TAKEN, "the default is emptied first", _CONFIG + " of v1.33.0 (a4c67cc6c2)", since=(1, 33)),
    Row(MANAGER, "cgroupfs", "DefaultCgroupManager", _CONFIG + " of v1.17.0", before=(1, 18)),
    Row(MANAGER, "systemd", "DefaultCgroupManager", _CONFIG + " of v1.18.0", since=(1, 18)),
    Row(LOOPBACK, PLUGIN, "ocicni starts the plugin loopback", "cri-o/ocicni#71", before=(1, 18)),
    Row(LOOPBACK, OWN, "ocicni sets the loopback up itself", "cri-o/ocicni#71, cri-o/cri-o#3617", since=(1, 18)),
)
"""What CRI-O starts with, by its own release."""

MOST_FILES = 1024
MOST_LEVELS = 16

_KEYS = ("cgroup_manager", "conmon_cgroup")
_NETWORK = ("network_dir", "cni_default_network", "plugin_dir")
_FLAGS = {
    "config": "CONTAINER_CONFIG", "config-dir": "CONTAINER_CONFIG_DIR",
    "cgroup-manager": "CONTAINER_CGROUP_MANAGER", "conmon-cgroup": "CONTAINER_CONMON_CGROUP",
    "cni-config-dir": "CONTAINER_CNI_CONFIG_DIR", "cni-plugin-dir": "CONTAINER_CNI_PLUGIN_DIR",
    "cni-default-network": "CONTAINER_CNI_DEFAULT_NETWORK",
}  # fmt: skip
"""Each flag that is looked at, and the variable that stands for it."""
_OF_FLAGS = {
    "cgroup-manager": "cgroup_manager", "conmon-cgroup": "conmon_cgroup", "cni-config-dir": "network_dir",
    "cni-default-network": "cni_default_network",
}  # fmt: skip
"""The key of a file that a flag stands for."""


def configured(host: Host, found: str, unit: Service | None) -> Crio:
    """The configuration of a CRI-O that ``found`` shows. Raises ParseError, and what the host raises."""
    given = {flag.name: flag for flag in _flags(unit)}
    main, folder = _given(given, "config", CONFIG), _given(given, "config-dir", CONFIG_DIR)
    settings, folders = dict[str, Value](), list[Value]()
    paths = [path for path in (main, *_walk(host, folder, 0)) if path]
    read = [_apply(host, path, settings, folders, path == main and "config" not in given) for path in paths]
    files = tuple([file for file in read if file is not None])
    for name, flag in given.items():
        value = Value(flag.value, flag.path, flag.line, f"--{name}={flag.value}")
        if name in _OF_FLAGS:
            settings[_OF_FLAGS[name]] = value
        elif name == "cni-plugin-dir":
            folders = [value._replace(value=part) for part in flag.value.split(",") if part]
    conmon = settings.get("conmon_cgroup") or settings.get("monitor_cgroup")
    gone = tuple([path for path in _programs(files) if stat_or_none(host, path) is None])
    told = tuple([file.path for file in files])
    own = CrioNetwork(
        settings.get("network_dir"), settings.get("cni_default_network"), tuple(folders), settings.get("plugin_dir")
    )
    return Crio(found, settings.get("cgroup_manager"), conmon, told, main, unit, files, gone, own)


def _programs(files: tuple[CrioFile, ...]) -> tuple[str, ...]:
    if not any("runtime_path" in file.source for file in files):
        return ()
    from nodecheck.facts.runtimes.crio_values import named_programs

    return named_programs(files)


def _flags(unit: Service | None) -> tuple[Flag, ...]:
    """The flags of the unit's command line; its environment's variables stand for flags that are not given."""
    if unit is None:
        return ()
    found = []
    for name, variable in _FLAGS.items():
        word = unit.environment.get(variable)
        if word is not None and word.text:
            found.append(Flag(name, word.text, word.path, word.line))
    return (*found, *flags(unit.arguments, {"c": "config", "d": "config-dir"}, tuple(_FLAGS)))


def _given(given: dict[str, Flag], name: str, default: str) -> str:
    return given[name].value if name in given else default


def _walk(host: Host, folder: str, level: int) -> tuple[str, ...]:
    """Every file below a directory, whatever its name ends in, in the order of Go's ``filepath.Walk``."""
    if not folder or level > MOST_LEVELS:
        return ()
    found: list[str] = []
    for name in names_in(host, folder):
        path = f"{folder}/{name}"
        # Walk goes down into any directory; one in the place of a .conf file is taken for what cannot be read.
        if host.link(path) is None and not name.endswith(".conf") and host.stat(path).kind == "dir":
            found += _walk(host, path, level + 1)
        else:
            found.append(path)
        if len(found) > MOST_FILES:
            raise TooLarge(folder, f"holds more than {MOST_FILES} files")
    return tuple(found)


def _apply(host: Host, path: str, settings: dict[str, Value], folders: list[Value], optional: bool) -> CrioFile | None:
    """Take the settings of one file; None where it is not there."""
    from nodecheck.facts.runtimes.crio_values import CrioFile
    from nodecheck.formats.toml import MOST_BYTES, decoded, parse_toml

    try:
        raw = host.read(path, MOST_BYTES)
    except Absent as error:
        if optional:
            return None
        raise Unstartable(path, "is to be read and is not there: CRI-O does not start") from error
    source = decoded(raw, path)
    whole = _table(parse_toml(raw, path), "crio", path)
    network = _table(whole, "network", path)
    for key in _NETWORK:
        _take(settings, key, network, ("crio", "network"), path, source)
    _take_folders(folders, network, path, source)
    runtime = _table(whole, "runtime", path)
    for key in _KEYS:
        _take(settings, key, runtime, ("crio", "runtime"), path, source)
    handlers = _table(runtime, "runtimes", path)
    for name in handlers:
        _take(
            settings,
            "monitor_cgroup",
            _table(handlers, name, path),
            ("crio", "runtime", "runtimes", name),
            path,
            source,
        )
    return CrioFile(path, whole, source)


def _take(
    settings: dict[str, Value], key: str, table: dict[str, Any], keys: tuple[str, ...], path: str, source: str
) -> None:
    """Take one setting; BurntSushi's TOML library finds a key in any case, the exact one first."""
    name = key if key in table else next((k for k in table if k.lower() == key), key)
    if name not in table:
        return
    from nodecheck.formats.toml import line_of

    line, told = line_of(source, (*keys, name)) or (None, f"{name} = {table[name]!r}")
    if not isinstance(table[name], str):
        raise ParseError(path, line, told.strip(), "a string")
    settings[key] = Value(table[name], path, line, told)


def _take_folders(folders: list[Value], table: dict[str, Any], path: str, source: str) -> None:
    """Take ``plugin_dirs``, a list, in place of one before."""
    name = next((key for key in table if key.lower() == "plugin_dirs"), None)
    if name is None:
        return
    from nodecheck.formats.toml import line_of

    line, told = line_of(source, ("crio", "network", name)) or (None, name)
    given = table[name]
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise ParseError(path, line, told.strip(), "a list of strings")
    folders[:] = [Value(item, path, line, told) for item in given]


def _table(parent: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    found = parent.get(key, next((parent[k] for k in parent if k.lower() == key), {}))
    if not isinstance(found, dict):
        raise ParseError(path, None, key, f"a table [{key}]")
    return found
