"""What containerd makes of its configuration files: versions 1 to 4, imports, runtime handlers, the cgroup driver.

The rules are those of containerd's ``server/config/config.go`` (``LoadConfig``, ``mergeConfig``, ``ValidateV2`` and
``ValidateVersion``, the migrations), ``cri/config`` (``ValidatePluginConfig``, ``GenerateRuntimeOptions``) and
``runtime_config_linux.go`` at 1.2, 1.6, 1.7, 2.0, 2.3 and 2.4. They differ by containerd's own version:

- *1.x* reads versions 1 and 2; a plugin's section in an import replaces the whole section of the files before it, and
  ``runtimes`` replaces the built-in handler;
- *2.0 to 2.2* read version 3 and migrate 2; a version-1 file is read, but its CRI section is lost; sections merge;
- *2.3 and later* read version 4 and migrate each file by itself; sections merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

SYSTEMD = "systemd"
CGROUPFS = "cgroupfs"

CRI_V1 = "cri"
CRI_V2 = "io.containerd.grpc.v1.cri"
CRI_V3 = "io.containerd.cri.v1.runtime"
CRI_SECTIONS = (CRI_V1, CRI_V2, CRI_V3)

RUNC_V2 = "io.containerd.runc.v2"
RUNC_V1 = "io.containerd.runc.v1"
LINUX_V1 = "io.containerd.runtime.v1.linux"

ONE, TWO, THREE = 1, 2, 3
"""The generations above."""

_DEEPEST = 16
"""Tables within each other that are merged; the CRI section has six levels."""

Table = Mapping[str, Any]
Version = tuple[int, ...]


class ConfigFile(NamedTuple):
    """One configuration file, as far as it matters here."""

    path: str
    version: int
    """0 where the file has no ``version`` line, which means 1."""
    plugins: Table
    disabled: tuple[str, ...] = ()
    source: str = ""
    """The text."""


class Refused(Exception):
    """containerd, or its CRI plugin, would not start; ``about_driver`` where the contradiction is on the driver."""

    def __init__(self, detail: str, about_driver: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.about_driver = about_driver


class Handler(NamedTuple):
    """A runtime handler of the CRI plugin."""

    kind: str
    """``runtime_type``; "" where the file gives none (containerd 1.x then cannot start containers with it)."""
    options: Table | None
    engine: bool = False
    """It has ``runtime_engine`` or ``runtime_root``, which containerd 1.x takes for the old runtime alone."""
    built_in: bool = False
    """No file names it."""


class Effective(NamedTuple):
    """What the CRI plugin would do."""

    driver: str | None
    """None: the CRI plugin is off, or no handler says and containerd asks whether systemd runs (see ``detected``)."""
    cri: bool = True
    """Whether the CRI plugin is on."""
    keys: tuple[str, ...] = ()
    """The key that decides, as a path from the top of the file; set or not."""
    handler: str = "runc"
    """The handler whose driver it is."""
    others: tuple[str, ...] = ()
    """Other runc handlers with another driver than this one."""
    detected: bool = False
    """No handler says: containerd 2 tells the kubelet systemd where systemd runs, else cgroupfs."""


def effective(files: Iterable[ConfigFile], generation: int, release: Version | None = None) -> Effective:
    """The effective driver with these files, read in this order, by containerd of a generation. Raises Refused.

    >>> plugins = {CRI_V3: {"containerd": {"runtimes": {"runc": {"options": {"SystemdCgroup": True}}}}}}
    >>> effective([ConfigFile("/etc/containerd/config.toml", 3, plugins)], TWO).driver
    'systemd'
    """
    name, section, cri = _section(tuple(files), generation, release)
    if not cri:
        return Effective(None, cri=False, keys=("disabled_plugins",))
    old = generation == ONE
    containerd = _table(section, "containerd")
    handlers, default = _handlers(section, containerd, old, name, release)
    _validate(section, handlers, default, old)
    return _decide(section, handlers, default, name)


def _section(files: tuple[ConfigFile, ...], generation: int, release: Version | None) -> tuple[str, Table, bool]:
    """The name and the table of the CRI section that is read, and whether the CRI plugin is on."""
    if generation == ONE:
        return _section_one(files)
    version, plugins, disabled = _merged_two(files) if generation == TWO else _merged_three(files, release)
    newest = 3 if generation == TWO else 4
    if version > newest:
        raise Refused(f"this containerd reads versions up to {newest}, and the file says version = {version}")
    for item in disabled:
        if "." not in item:
            raise Refused(f"disabled_plugins has {item!r}, which is no plugin URI, and containerd refuses to start")
    return CRI_V3, _table(plugins, CRI_V3), not {CRI_V2, CRI_V3}.intersection(disabled)


def _section_one(files: tuple[ConfigFile, ...]) -> tuple[str, Table, bool]:
    version, plugins, disabled = 1, dict[str, Any](), list[str]()
    for file in files:
        version = file.version or version
        plugins.update(file.plugins)
        disabled += file.disabled
    if version > 2:
        raise Refused(f"containerd 1.x reads versions 1 and 2, and the file says version = {version}")
    if version < 2:
        return CRI_V1, _table(plugins, CRI_V1), CRI_V1 not in disabled
    for item in (*disabled, *plugins):
        if not item.startswith("io.containerd.") or item.count(".") < 3:
            place = "disabled_plugins" if item in disabled else "plugins"
            raise Refused(f"{place} has {item!r}, which is no plugin URI of version 2, and containerd refuses to start")
    return CRI_V2, _table(plugins, CRI_V2), CRI_V2 not in disabled


def _merged_two(files: tuple[ConfigFile, ...]) -> tuple[int, Table, list[str]]:
    """2.0 to 2.2: raw merge, then one migration where the last version named is 2."""
    version, plugins, disabled = 3, dict[str, Any](), list[str]()
    for file in files:
        mine, off = (
            (_renamed(file.plugins), _uris(file.disabled)) if file.version < 2 else (file.plugins, file.disabled)
        )
        plugins = merged(plugins, mine)
        disabled += off
        version = version if file.version < 2 else file.version
    return version, _migrated(plugins) if version == 2 else plugins, disabled


def _merged_three(files: tuple[ConfigFile, ...], release: Version | None) -> tuple[int, Table, list[str]]:
    """2.3 and later: each file is migrated by itself. 2.3 refuses an import of a later version than the main file's."""
    plugins, disabled, root = dict[str, Any](), list[str](), 0
    for file in files:
        root = root or file.version
        if file.version > root and release is not None and release < (2, 4):
            raise Refused(
                f"{file.path} has version {file.version}, later than the main file's, which containerd refuses"
            )
        old = file.version < 2
        mine = _renamed(file.plugins) if old else file.plugins
        plugins = merged(plugins, _migrated(mine) if file.version < 4 else mine)
        disabled += _uris(file.disabled) if old else file.disabled
    return max((file.version for file in files), default=4), plugins, disabled


def _renamed(plugins: Table) -> Table:
    """Version 1's short plugin names as URIs (``v1MigratePluginName``; only CRI's matters here)."""
    return {CRI_V2 if key == CRI_V1 else key: value for key, value in plugins.items()}


def _uris(disabled: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(CRI_V2 if item == CRI_V1 else item if "." in item else f"io.containerd.{item}" for item in disabled)


def _migrated(plugins: Table) -> dict[str, Any]:
    """Version 2's CRI section moved into version 3's, where what is there already stays."""
    found = dict(plugins)
    source = found.pop(CRI_V2, None)
    if isinstance(source, dict):
        target = found.get(CRI_V3)
        target = target if isinstance(target, dict) else {}
        inner, kept = source.get("containerd"), target.get("containerd")
        found[CRI_V3] = {**source, **target}
        if isinstance(inner, dict):
            found[CRI_V3]["containerd"] = {**inner, **(kept if isinstance(kept, dict) else {})}
    return found


def merged(below: Table, above: Table, depth: int = 0) -> dict[str, Any]:
    """Two tables, the second beating the first, tables within merged too.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    found = dict(below)
    for key, value in above.items():
        before = found.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and depth < _DEEPEST:
            value = merged(before, value, depth + 1)
        found[key] = value
    return found


def _table(parent: Table, key: str) -> Table:
    found = parent.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"{key} is not a table, and the CRI plugin does not load")
    return found


def _handlers(
    section: Table, containerd: Table, old: bool, name: str, release: Version | None
) -> tuple[dict[str, Handler], str]:
    """The runtime handlers, and the name of the default one."""
    runtimes = given = _table(containerd, "runtimes")
    kind = _built_in_type(section, old, name, release)
    built_in: Table = {"runtime_type": kind} if kind == LINUX_V1 else {"runtime_type": kind, "options": {}}
    if not old:
        runtimes = merged({"runc": built_in}, runtimes)
    elif "runtimes" not in containerd:
        runtimes = {"runc": built_in}
    handlers = {key: _handler(_table(runtimes, key))._replace(built_in=key not in given) for key in runtimes}
    default = containerd.get("default_runtime_name", "runc")
    if not isinstance(default, str) or not default:
        raise Refused("default_runtime_name is empty, and the CRI plugin does not load")
    legacy = _handler(_table(containerd, "default_runtime")) if old else Handler("", None)
    if legacy.kind:
        handlers["default"], default = legacy, "default"
    return handlers, default


def _built_in_type(section: Table, old: bool, name: str, release: Version | None) -> str:
    """The type of the built-in handler: the old runtime until containerd 1.2.

    A version-1 file with ``systemd_cgroup = true``, which only that runtime takes, was written for those releases.
    """
    if not old or name != CRI_V1:
        return RUNC_V2
    before = release < (1, 3) if release is not None else section.get("systemd_cgroup") is True
    return LINUX_V1 if before else RUNC_V2


def _handler(table: Table) -> Handler:
    kind = table.get("runtime_type", "")
    options = table.get("options")
    if not isinstance(kind, str):
        raise Refused("runtime_type is not a string, and the CRI plugin does not load")
    if options is not None and not isinstance(options, dict):
        raise Refused("options of a runtime is not a table, and the CRI plugin does not load")
    engine = any(table.get(key) not in (None, "") for key in ("runtime_engine", "runtime_root"))
    return Handler(kind, options, engine)


def _validate(section: Table, handlers: Mapping[str, Handler], default: str, old: bool) -> None:
    """``ValidatePluginConfig``, as far as it is about handlers and cgroups."""
    if default not in handlers:
        raise Refused(f"default_runtime_name is {default!r} and there is no such runtime: the CRI plugin does not load")
    if not old:
        return
    if section.get("systemd_cgroup") is True and handlers[default].kind != LINUX_V1:
        kind = handlers[default].kind or RUNC_V2
        raise Refused(
            f"systemd_cgroup = true works only with runtime_type {LINUX_V1!r}: with {kind!r} the CRI plugin of "
            "containerd 1.x does not load (containerd 2 ignores the key)",
            about_driver=True,
        )
    for name, handler in handlers.items():
        if handler.engine and handler.kind != LINUX_V1:
            raise Refused(f"runtime {name!r} has runtime_engine or runtime_root, which only {LINUX_V1!r} takes")


def is_runc(kind: str) -> bool:
    """Whether containerd passes runc's options to a handler of this type."""
    return kind in ("", RUNC_V2, RUNC_V1, LINUX_V1)


def _decide(section: Table, handlers: Mapping[str, Handler], default: str, name: str) -> Effective:
    """The default handler first, then the others by name; the first that takes runc's options decides."""
    order = [default, *sorted(key for key in handlers if key != default)]
    runc = [key for key in order if is_runc(handlers[key].kind) or (key == default and _says(handlers[key]))]
    if not runc:
        return Effective(None, keys=_option_keys(name, default, handlers[default]), handler=default, detected=True)
    drivers = {key: _driver(section, handlers[key], key) for key in runc}
    first = runc[0]
    others = tuple(key for key in runc if drivers[key] != drivers[first] and not handlers[key].built_in)
    legacy = handlers[first].kind == LINUX_V1 and handlers[first].options is None and "systemd_cgroup" in section
    keys = ("plugins", name, "systemd_cgroup") if legacy else _option_keys(name, first, handlers[first])
    return Effective(drivers[first], keys=keys, handler=first, others=others)


def _says(handler: Handler) -> bool:
    """Whether a handler's options name the driver; a shim that is not runc's gets them as they stand."""
    options = handler.options or {}
    return _option_name(options) in options


def _driver(section: Table, handler: Handler, name: str) -> str:
    options = handler.options
    if options is None:
        legacy = handler.kind == LINUX_V1 and section.get("systemd_cgroup") is True
        return SYSTEMD if legacy else CGROUPFS
    value = options.get(_option_name(options), False)
    if not isinstance(value, bool):
        raise Refused(f"SystemdCgroup of runtime {name!r} must be true or false: no container can be started with it")
    return SYSTEMD if value else CGROUPFS


def _option_name(options: Table) -> str:
    """The key as it is spelt; both TOML libraries take any case, the exact one first."""
    if "SystemdCgroup" in options:
        return "SystemdCgroup"
    return next((key for key in options if key.lower() == "systemdcgroup"), "SystemdCgroup")


def _option_keys(name: str, handler: str, found: Handler) -> tuple[str, ...]:
    return ("plugins", name, "containerd", "runtimes", handler, "options", _option_name(found.options or {}))
