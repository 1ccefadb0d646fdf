"""What containerd's CRI plugin makes of its section: runtime handlers, and the cgroup driver.

The rules are those of containerd's ``cri/config`` (``ValidatePluginConfig``, ``GenerateRuntimeOptions``) and
``runtime_config_linux.go``. In containerd 1.x ``runtimes`` of a file replaces the built-in handler, in 2 it joins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nodecheck.facts.kernel.cgroups import CGROUPFS, SYSTEMD
from nodecheck.facts.runtimes.containerd_merge import (
    CRI_V1,
    ONE,
    ConfigFile,
    Refused,
    Table,
    Version,
    cri_section,
    merged,
    table,
)
from nodecheck.record import NamedTuple

RUNC_V2 = "io.containerd.runc.v2"
RUNC_V1 = "io.containerd.runc.v1"
LINUX_V1 = "io.containerd.runtime.v1.linux"


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

    >>> runc = {"options": {"SystemdCgroup": True}}
    >>> plugins = {"cri": {"containerd": {"runtimes": {"runc": runc}}}}
    >>> effective([ConfigFile("/etc/containerd/config.toml", 1, plugins)], ONE).driver
    'systemd'
    """
    name, section, cri = cri_section(tuple(files), generation, release)
    if not cri:
        return Effective(None, cri=False, keys=("disabled_plugins",))
    old = generation == ONE
    containerd = table(section, "containerd")
    handlers, default = _handlers(section, containerd, old, name, release)
    _validate(section, handlers, default, old)
    return _decide(section, handlers, default, name)


def _handlers(
    section: Table, containerd: Table, old: bool, name: str, release: Version | None
) -> tuple[dict[str, Handler], str]:
    """The runtime handlers, and the name of the default one."""
    runtimes = given = table(containerd, "runtimes")
    kind = _built_in_type(section, old, name, release)
    built_in: Table = {"runtime_type": kind} if kind == LINUX_V1 else {"runtime_type": kind, "options": {}}
    if not old:
        runtimes = merged({"runc": built_in}, runtimes)
    elif "runtimes" not in containerd:
        runtimes = {"runc": built_in}
    handlers = {key: _handler(table(runtimes, key))._replace(built_in=key not in given) for key in runtimes}
    default = containerd.get("default_runtime_name", "runc")
    if not isinstance(default, str) or not default:
        raise Refused("default_runtime_name is empty, and the CRI plugin does not load")
    legacy = _handler(table(containerd, "default_runtime")) if old else Handler("", None)
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
