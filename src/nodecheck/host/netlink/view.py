"""pyroute2's message classes without the cost of ``import pyroute2``; see ``docs/adr/0001-pyroute2-view.md``.

``import pyroute2`` loads some 340 modules, whichever submodule is asked for. nodecheck needs four of them, the tables
of fields and attributes. So they are loaded into a :class:`View`: a private set of modules that ``sys.modules`` never
sees, and that no other code can reach. Where that does not work, for whatever reason, the plain import does.
"""

from __future__ import annotations

import builtins
import sys
from _thread import RLock
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

from nodecheck import typed
from nodecheck.errors import Unsupported
from nodecheck.typed import Any

PACKAGE = "pyroute2"


class View:
    """Modules of a package, loaded without its ``__init__`` and without ``sys.modules``.

    Each module runs with builtins of its own, whose ``__import__`` looks here first (exec() takes builtins from the
    ``__builtins__`` of its globals: Python's documentation of ``exec``). Nothing that anyone else sees changes, so
    it is safe beside a program that imports the same package before, meanwhile or afterwards.
    ``stand_ins`` are what the modules get in place of others, by full name.
    """

    def __init__(self, package: str, stand_ins: Mapping[str, Any]) -> None:
        spec = _find(package, None)
        root = _module_of(spec)  # made, and never executed: its __init__ is what costs
        self._package, self._stand_ins, self._lock = package, stand_ins, RLock()
        self._loaded: dict[str, Any] = {package: root}
        self._builtins = {**vars(builtins), "__import__": self._import, "__build_class__": _built}

    def load(self, name: str) -> Any:
        """The module of that full name. Raises whatever its code raises."""
        with self._lock:
            if name not in self._loaded:
                parent, _, tail = name.rpartition(".")
                module = self._made(name, self.load(parent))
                setattr(self._loaded[parent], tail, module)
            return self._loaded[name]

    def _made(self, name: str, parent: Any) -> Any:
        if name in self._stand_ins:
            return self._loaded.setdefault(name, self._stand_ins[name])
        spec = _find(name, parent.__path__)
        module = self._loaded[name] = _module_of(spec)
        module.__dict__["__builtins__"] = self._builtins
        try:
            # As exec_module does it, which the loader of zip files does not have in Python 3.9.
            exec(spec.loader.get_code(name), vars(module))  # type: ignore[union-attr]  # noqa: S102
        except BaseException:
            del self._loaded[name]
            raise
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """What an import statement in one of these modules calls (``__import__`` of Python's documentation)."""
        full = _absolute(name, level, globals or {})
        if full.partition(".")[0] != self._package:
            if full in self._stand_ins:
                return self._stand_ins[full]
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.load(full)
        for tail in fromlist or ():
            if not hasattr(module, tail) and hasattr(module, "__path__"):
                self.load(f"{full}.{tail}")
        return module if fromlist else self._loaded[self._package]


class _Later:
    """A class inside another one, made when something asks for it: of the hundred attributes that have one, nodecheck
    reads a few."""

    def __init__(self, make: Callable[[], type]) -> None:
        self._make = make
        self._made: type | None = None

    def made(self) -> type:
        """The class."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __get__(self, _: object, owner: type | None = None) -> type:
        return self.made()

    def __mro_entries__(self, _: tuple[object, ...]) -> tuple[type, ...]:
        return (self.made(),)


def _built(body: Any, name: str, *bases: Any, **words: Any) -> Any:
    """What a class statement in one of these modules calls."""
    if "." not in body.__qualname__ or "<locals>" in body.__qualname__:
        return builtins.__build_class__(body, name, *bases, **words)
    return _Later(lambda: builtins.__build_class__(body, name, *bases, **words))


def _absolute(name: str, level: int, namespace: Mapping[str, Any]) -> str:
    if not level:
        return name
    base = str(namespace["__package__"]).rsplit(".", level - 1)[0]
    return f"{base}.{name}" if name else base


def _find(name: str, path: Sequence[str] | None) -> ModuleSpec:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)  # finders of old have none
        spec = None if find is None else find(name, path)
        if spec is not None and hasattr(spec.loader, "get_code"):
            return spec  # type: ignore[no-any-return]
    raise ModuleNotFoundError(f"no module {name}", name=name)


def _module_of(spec: ModuleSpec) -> ModuleType:
    """As importlib.util.module_from_spec makes it, without the import of that module."""
    module = ModuleType(spec.name)
    module.__spec__, module.__loader__ = spec, spec.loader
    module.__package__ = spec.parent or ""
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    if spec.has_location and spec.origin is not None:
        module.__file__ = spec.origin
    return module


class _Instead:
    """Stands for a module that is imported only when something is asked of it that is not given here."""

    def __init__(self, module: str, **given: Any) -> None:
        self.__dict__.update(given, _module=module)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self._module), name)


class _Log:
    """A logger that costs nothing until it is written to."""

    def __init__(self, name: str = "root") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("logging").getLogger(self._name), name)


class _Plugins:
    """The decoders of IFLA_INFO_DATA, fifteen modules: nodecheck decodes no such data."""

    __path__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        plugin = SimpleNamespace(__name__=f"{PACKAGE}.netlink.rtnl.ifinfmsg.plugins.{name}")
        setattr(plugin, name, object)
        return plugin


def _stand_ins() -> dict[str, Any]:
    import _socket
    import _thread
    import _weakref

    rtnl = f"{PACKAGE}.netlink.rtnl"
    return {
        # multiprocessing, platform, signal; of all that the message classes read these names
        f"{PACKAGE}.config": SimpleNamespace(AF_BRIDGE=7, AF_NETLINK=16, data_plugins_pkgs=(), data_plugins_path=()),
        # asyncio and ssl; base classes of sockets that nodecheck does not open
        f"{PACKAGE}.netlink.nlsocket": SimpleNamespace(Marshal=object, NetlinkSocket=object, AsyncNetlinkSocket=object),
        f"{rtnl}.ifinfmsg.plugins": _Plugins(),
        f"{rtnl}.iw_event": SimpleNamespace(iw_event=object),
        # of the standard library, what costs more than the message classes themselves
        "logging": _Instead("logging", getLogger=_Log),
        "pkgutil": _Instead("pkgutil"),
        "socket": _Instead("socket", AddressFamily=int, **vars(_socket)),
        "threading": _Instead("threading", Lock=_thread.allocate_lock, RLock=RLock, local=_thread._local),
        "traceback": _Instead("traceback"),
        "typing": _Instead(
            "typing", Callable=Callable, Dict=dict, **{name: getattr(typed, name) for name in typed.__all__}
        ),
        "weakref": _Instead("weakref", proxy=_weakref.proxy, ref=_weakref.ref),
    }


@lru_cache(maxsize=1)
def _view() -> View:
    return View(PACKAGE, _stand_ins())


def message_class(module: str, name: str, private: bool = True) -> Any:
    """The class ``name`` of ``pyroute2.<module>``, from the private view, else by the plain import.

    Raises Unsupported where there is no pyroute2, or none that has such a class.
    """
    full = f"{PACKAGE}.{module}"
    if private:
        try:
            return getattr(_view().load(full), name)
        except Exception as error:
            _fell_back(full, error)
    try:
        return getattr(import_module(full), name)
    except Exception as error:
        raise Unsupported(PACKAGE, f"{full} cannot be imported: {type(error).__name__}: {error}"[:300]) from error


def _fell_back(module: str, error: Exception) -> None:
    """Remember why the private view did not serve, for whoever debugs a slow start."""
    fallbacks[module] = error


fallbacks: dict[str, Exception] = {}
"""Module to why the plain import was needed for it; empty where all is well."""

__all__ = ["PACKAGE", "View", "fallbacks", "message_class"]
