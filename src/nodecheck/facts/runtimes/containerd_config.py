"""What containerd's CRI plugin makes of its section: runtime handlers, and the cgroup driver.

The rules are those of containerd's ``cri/config`` (``ValidatePluginConfig``, ``GenerateRuntimeOptions``) and
``runtime_config_linux.go``. In containerd 1.x ``runtimes`` of a file replaces the built-in handler, in 2 it joins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nodecheck.facts.kernel.cgroups import CGROUPFS, SYSTEMD
from nodecheck.facts.runtimes.containerd_merge import (
    CRI_V1,
    ConfigFile,
    Refused,
    Table,
    cri_section,
    merged,
    table,
)
from nodecheck.facts.runtimes.containerd_releases import (
    ALONE,
    BUILT_IN,
    MERGING,
    ONE,
    REPLACED,
    Version,
    rule,
    spellings,
)
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

RUNC_V2 = "io.containerd.runc.v2"
RUNC_V1 = "io.containerd.runc.v1"
LINUX_V1 = "io.containerd.runtime.v1.linux"
OPTION = "SystemdCgroup"


class Handler(NamedTuple):
    """A runtime handler of the CRI plugin."""

    kind: str
    """``runtime_type``; "" where the file gives none (containerd 1.x then cannot start containers with it)."""
    options: Table | None
    engine: bool = False
    """It has ``runtime_engine`` or ``runtime_root``, which containerd 1.x takes for the old runtime alone."""
    key: str = OPTION
    """``SystemdCgroup`` in the spelling of the file, where one is there that is read."""
    misspelt: str = ""
    """A spelling that is there and is not read, where none is."""
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
    misspelt: str = ""
    """A spelling of ``SystemdCgroup`` that is there and that this containerd does not read."""
    reader: Version = ONE
    """The release that reads the files so."""


def effective(files: Iterable[ConfigFile], release: Version) -> Effective:
    """The effective driver with these files, read in this order, by a release of containerd. Raises Refused.

    >>> runc = {"options": {"SystemdCgroup": True}}
    >>> plugins = {"cri": {"containerd": {"runtimes": {"runc": runc}}}}
    >>> effective([ConfigFile("/etc/containerd/config.toml", 1, plugins)], (1, 7)).driver
    'systemd'
    """
    name, raw, cri = cri_section(tuple(files), release)
    if not cri:
        return Effective(None, cri=False, keys=("disabled_plugins",), reader=release)
    section = _spelt(raw, release)
    handlers, default = _handlers(section, name, release)
    _validate(section, handlers, default, _is_one(release))
    return _decide(section, handlers, default, name)._replace(reader=release)


def _is_one(release: Version) -> bool:
    """Whether a release is one of containerd 1: a file's ``runtimes`` take the place of the built-in one."""
    return rule(MERGING, release) in (ALONE, REPLACED)


def _spelt(section: Table, release: Version) -> dict[str, Any]:
    """A CRI section with its keys as fields are called, from those spellings that the TOML library takes for them."""
    found = _fields(section, ("containerd", "systemd_cgroup"), release)
    names = ("runtimes", "default_runtime_name", "default_runtime")
    found["containerd"] = containerd = _fields(table(found, "containerd"), names, release)
    for name in ("runtimes", "default_runtime"):
        if isinstance(containerd.get(name), dict):
            inner = containerd[name]
            containerd[name] = _runtime(inner, release) if name == "default_runtime" else _runtimes(inner, release)
    return found


def _runtimes(runtimes: Table, release: Version) -> dict[str, Any]:
    return {key: _runtime(value, release) if isinstance(value, dict) else value for key, value in runtimes.items()}


def _runtime(runtime: Table, release: Version) -> dict[str, Any]:
    return _fields(runtime, ("runtime_type", "options", "runtime_engine", "runtime_root"), release)


def _fields(given: Table, names: tuple[str, ...], release: Version) -> dict[str, Any]:
    found = dict(given)
    for name in names:
        taken = spellings(name, release, tuple(given))
        if len({repr(given[key]) for key in taken}) > 1:
            raise Refused(f"{' and '.join(taken)} are one key, set to several values: which one counts cannot be told")
        if taken:
            found[name] = given[taken[0]]
    return found


def _handlers(section: Table, name: str, release: Version) -> tuple[dict[str, Handler], str]:
    """The runtime handlers, and the name of the default one."""
    containerd, old = table(section, "containerd"), _is_one(release)
    runtimes = given = table(containerd, "runtimes")
    kind = rule(BUILT_IN, release) if name == CRI_V1 else RUNC_V2
    built_in: Table = {"runtime_type": kind} if kind == LINUX_V1 else {"runtime_type": kind, "options": {}}
    if not old:
        runtimes = merged({"runc": built_in}, runtimes)
    elif "runtimes" not in containerd:
        runtimes = {"runc": built_in}
    handlers = {key: _handler(table(runtimes, key), release)._replace(built_in=key not in given) for key in runtimes}
    default = containerd.get("default_runtime_name", "runc")
    if not isinstance(default, str) or not default:
        raise Refused("default_runtime_name is empty, and the CRI plugin does not load")
    legacy = _handler(table(containerd, "default_runtime"), release) if old else Handler("", None)
    if legacy.kind:
        handlers["default"], default = legacy, "default"
    return handlers, default


def _handler(table: Table, release: Version) -> Handler:
    kind = table.get("runtime_type", "")
    options = table.get("options")
    if not isinstance(kind, str):
        raise Refused("runtime_type is not a string, and the CRI plugin does not load")
    if options is not None and not isinstance(options, dict):
        raise Refused("options of a runtime is not a table, and the CRI plugin does not load")
    engine = any(table.get(key) not in (None, "") for key in ("runtime_engine", "runtime_root"))
    given = tuple(options or ())
    taken = spellings(OPTION, release, given)
    missed = [] if taken else [key for key in given if key.lower() == OPTION.lower()]
    key = taken[0] if taken else OPTION
    read = None if options is None else _fields(options, (OPTION,), release)
    return Handler(kind, read, engine, key, "".join(missed[:1]))


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
    if table(section, "containerd").get("no_pivot") is True and handlers[default].kind != LINUX_V1:
        raise Refused(f"no_pivot = true works only with runtime_type {LINUX_V1!r}: the CRI plugin does not load")
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
    return Effective(drivers[first], keys=keys, handler=first, others=others, misspelt=handlers[first].misspelt)


def _says(handler: Handler) -> bool:
    """Whether a handler's options name the driver; a shim that is not runc's gets them as they stand."""
    return OPTION in (handler.options or {})


def _driver(section: Table, handler: Handler, name: str) -> str:
    options = handler.options
    if options is None:
        legacy = handler.kind == LINUX_V1 and section.get("systemd_cgroup") is True
        return SYSTEMD if legacy else CGROUPFS
    value = options.get(OPTION, False)
    if not isinstance(value, bool):
        raise Refused(f"{OPTION} of runtime {name!r} must be true or false: no container can be started with it")
    return SYSTEMD if value else CGROUPFS


def _option_keys(name: str, handler: str, found: Handler) -> tuple[str, ...]:
    return ("plugins", name, "containerd", "runtimes", handler, "options", found.key)
