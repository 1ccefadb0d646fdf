"""Finding and loading plugins. One that is broken is named, and never stops the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module

from nodecheck.checking.declare import Check, LazyCheck
from nodecheck.errors import PluginError
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

GROUP = "nodecheck"
BUILT_IN = "builtin"
"""The name of nodecheck's own entry point; no other plugin can take it."""

OWN = "nodecheck_checks"
"""Its module, whose hooks are called as they are: pluggy, with ``inspect``, is a tenth of a run."""

OWN_HOOKS = ("nodecheck_checks", "nodecheck_profiles")


INFO = ".dist-info"
LIST = "entry_points.txt"
MOST_LIST = 1 << 16
"""Bytes of a list of entry points that are read; a longer one in a zip file is left out."""


class EntryPoint(NamedTuple):
    """One line of an ``entry_points.txt`` under ``[nodecheck]``."""

    name: str
    target: str
    version: str | None
    where: str


class PluginInfo(NamedTuple):
    """One plugin as the report lists it. ``status`` is ``loaded`` or ``failed``."""

    name: str
    version: str | None
    status: str
    error: str | None
    where: str = ""
    hooks: tuple[str, ...] = ()


class Registry:
    """All that the loaded plugins declare."""

    def __init__(self) -> None:
        self.plugins: list[PluginInfo] = []
        self.checks: dict[str, Check | LazyCheck] = {}
        self.owners: dict[str, str] = {}
        self.readers: dict[type, Callable[..., Any]] = {}
        self.profiles: dict[str, Mapping[str, Any]] = {}
        self.profile_owners: dict[str, str] = {}
        self.renderers: dict[str, Callable[..., str]] = {}

    def check(self, name: str) -> Check:
        """The check of that name, imported if need be. Raises KeyError, or PluginError where the import fails."""
        found = self.checks[name]
        if isinstance(found, LazyCheck):
            found = self.checks[name] = _imported(found)
            found.plugin = self.owners[name]
        return found

    def all_checks(self) -> Iterator[Check]:
        """Every check, by name; one that cannot be imported is left out (its plugin is marked as failed)."""
        for name in sorted(self.checks):
            try:
                yield self.check(name)
            except PluginError as error:
                self.fail(self.owners[name], str(error))

    def topic(self, name: str) -> str:
        """The topic that the check of that name declares; "" where there is no such check, or it declares none."""
        found = self.checks.get(name)
        return "" if found is None else found.topic

    def built_in(self, profile: str) -> bool:
        """Whether a profile is one of nodecheck's own."""
        return self.profile_owners.get(profile) == BUILT_IN

    def fail(self, plugin: str, error: str) -> None:
        """Mark a plugin as failed."""
        for place, info in enumerate(self.plugins):
            if info.name == plugin:
                self.plugins[place] = info._replace(status="failed", error=error)


def _imported(lazy: LazyCheck) -> Check:
    module, _, attribute = lazy.target.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:
        raise PluginError(f"check {lazy.name}: {_told(error)}") from error
    if not isinstance(found, Check) or found.name != lazy.name:
        raise PluginError(f"check {lazy.name}: {lazy.target} is not a check of that name")
    return found


def load() -> Registry:
    """The registry of the installed plugins (found once for each ``sys.path``)."""
    return _load(tuple(sys.path))


@lru_cache(maxsize=4)
def _load(path: tuple[str, ...]) -> Registry:
    registry = Registry()
    for entry in entry_points(path):
        _add(registry, entry)
    return registry


def _add(registry: Registry, entry: EntryPoint) -> None:
    if any(info.name == entry.name for info in registry.plugins):
        error = "another plugin has this name"
        registry.plugins.append(PluginInfo(f"{entry.name}@{entry.where}", entry.version, "failed", error, entry.where))
        return
    try:
        module = import_module(entry.target)
        functions = [(name, getattr(module, name)) for name in OWN_HOOKS] if entry.target == OWN else _hooks(module)
        hooks = _declare(registry, {name: function() for name, function in functions}, entry.name)
    except (Exception, SystemExit) as error:
        info = PluginInfo(entry.name, entry.version, "failed", _told(error), entry.where)
    else:
        info = PluginInfo(entry.name, entry.version, "loaded", None, entry.where, hooks)
    registry.plugins.append(info)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _declare(registry: Registry, declared: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Take what the hooks of one plugin gave; nothing of it where any part is wrong."""
    checks = tuple(declared.get("nodecheck_checks", ()))
    for item in checks:
        if not isinstance(item, (Check, LazyCheck)):
            raise PluginError(f"nodecheck_checks gave {item!r}, not a check")
        if item.name in registry.checks:
            raise PluginError(f"check {item.name} is already declared by {registry.owners[item.name]}")
    profiles = {str(table["name"]): table for table in declared.get("nodecheck_profiles", ())}
    readers = dict(declared.get("nodecheck_facts", {}))
    renderers = dict(declared.get("nodecheck_renderers", {}))
    for known, new in ((registry.profiles, profiles), (registry.renderers, renderers)):
        if taken := known.keys() & new.keys():
            raise PluginError(f"{', '.join(sorted(taken))}: already declared by another plugin")
    for item in checks:
        registry.checks[item.name] = item
        registry.owners[item.name] = name
        if isinstance(item, Check):
            item.plugin = name
    registry.profiles.update(profiles)
    registry.profile_owners.update(dict.fromkeys(profiles, name))
    registry.readers.update(readers)
    registry.renderers.update(renderers)
    return tuple(declared)


def _hooks(module: object) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The hooks of a plugin, as pluggy finds them. Raises what pluggy raises for one that is no hook."""
    import pluggy

    from nodecheck import hookspecs

    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    for caller in manager.get_hookcallers(module) or ():
        for impl in caller.get_hookimpls():
            if impl.plugin is module:
                yield caller.name, impl.function


def entry_points(path: tuple[str, ...]) -> list[EntryPoint]:
    """The entry points of the group in the distributions on ``path``, the first of a name winning.

    Reads ``*.dist-info/entry_points.txt`` by itself: ``importlib.metadata`` costs five bare interpreters. An empty
    entry of ``path`` is the working directory, and nothing is ever loaded from there. A zip file is searched as a
    directory is.
    """
    found: dict[tuple[str, str], EntryPoint] = {}
    for folder in path:
        if folder not in ("", "."):
            for name, text in _declared_in(folder):
                for entry in _parsed(text, name[: -len(INFO)].rpartition("-")[2] or None, folder):
                    found.setdefault((entry.name, entry.target), entry)
    return sorted(found.values(), key=lambda entry: (entry.target != "nodecheck_checks", entry.name))


def _declared_in(folder: str) -> Iterator[tuple[str, str]]:
    """Each distribution's ``NAME-VERSION.dist-info`` in one entry of ``sys.path``, and its list of entry points."""
    known = getattr(sys.path_importer_cache.get(folder), "entry_points", None)
    if known is not None:  # the static file, which has them in its index
        yield from known
        return
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(INFO)]
    except NotADirectoryError:
        yield from _declared_in_zip(folder)
        return
    except OSError:
        return
    for name in sorted(names):
        try:
            text = _beginning(f"{folder}/{name}/{LIST}").decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        yield name, text


def _beginning(path: str) -> bytes:
    """What a regular file begins with; a FIFO's reader would wait for whoever writes it."""
    if not os.path.isfile(path):
        raise FileNotFoundError(path)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(fd, MOST_LIST)
    finally:
        os.close(fd)


def _declared_in_zip(path: str) -> Iterator[tuple[str, str]]:
    """By the directory that the importer of zip files has read already, as pkgutil finds the modules of a zip file.

    ``path`` may go on inside the zip file (``plugins.zip/lib``).
    """
    import zipimport

    try:
        importer = zipimport.zipimporter(path)
    except zipimport.ZipImportError:
        return  # it is no zip file
    start: str = importer.prefix
    listed: dict[str, Any] = zipimport._zip_directory_cache[importer.archive]  # type: ignore[attr-defined]
    for name in sorted([name for name in listed if name.startswith(start) and name.endswith(f"{INFO}/{LIST}")]):
        info = name[len(start) : -len(LIST) - 1]
        if "/" in info or listed[name][3] > MOST_LIST:  # the size
            continue
        try:
            text = importer.get_data(name).decode("utf-8")
        except Exception:  # noqa: S112 - zlib's error too, which is not imported where nothing is compressed
            continue
        yield info, text


def _parsed(text: str, version: str | None, where: str) -> Iterator[EntryPoint]:
    section = ""
    for line in text.split("\n") if f"[{GROUP}]" in text else ():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == f"[{GROUP}]" and "=" in line and not line.startswith(("#", ";")):
            name, _, target = line.partition("=")
            yield EntryPoint(name.strip(), target.strip(), version, where)
