"""A quicker search for the modules of nodecheck itself, of which a run imports three hundred.

For each of them Python asks the finders of built-in and frozen modules, then the folder for files of five endings, and
whether the folder has changed since. Here a module is a source file or a package, and nothing else is tried. Bytecode
counts where it is of this Python and of this source (PEP 552); where that is not plain, Python loads the module as it
always does.
"""

from __future__ import annotations
import __future__

import collections.abc
import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

OURS = ("nodecheck", "nodecheck_checks", "pyroute2")
"""The packages whose modules are found here."""

MOST = 1 << 16
"""Bytes read at once: more than the bytecode of any module of ours."""


class Module(ModuleType):
    """A module that is cheap to ask for what it has not: each ``from … import`` asks for its ``__path__``.

    Before Python 3.12 a plain module makes two error messages for each such question, which nobody sees.
    """

    __getattribute__ = object.__getattribute__


class Loader(SourceFileLoader):
    """Python's loader of source files, with a short way to bytecode that is up to date."""

    def __init__(self, name: str, path: str, source: os.stat_result, cached: str | None) -> None:
        self.name, self.path, self.cached = name, path, cached
        self._source = source

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A new module."""
        return _KIND(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code. One with a ``__getattr__`` of its own is a plain module (PEP 562)."""
        code = self.get_code(module.__name__)
        if code is None:
            raise ImportError(f"no code for {module.__name__}", name=module.__name__, path=self.path)
        if "__getattr__" in code.co_names:
            module.__class__ = ModuleType
        exec(code, vars(module))  # noqa: S102 - what a loader does

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code; Python's own way where there is no bytecode, or it is not plainly of this source."""
        if self.cached is None:
            return super().get_code(fullname)
        try:
            data = self.get_data(self.cached)
        except OSError:
            return super().get_code(fullname)
        told = (int(self._source.st_mtime) & 0xFFFFFFFF) | (self._source.st_size & 0xFFFFFFFF) << 32
        if data[:16] != _HEAD + told.to_bytes(8, "little"):
            return super().get_code(fullname)
        code: CodeType = marshal.loads(memoryview(data)[16:])  # noqa: S302 - the file that Python would read
        return code if code.co_filename == self.path else super().get_code(fullname)

    def get_data(self, path: str) -> bytes:
        """The bytes of a file (:meth:`importlib.abc.ResourceLoader.get_data`). Raises OSError."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(fd, MOST)
        finally:
            os.close(fd)
        return data if len(data) < MOST else super().get_data(path)


class Finder:
    """A finder for ``sys.meta_path`` (:class:`importlib.abc.MetaPathFinder`); the rest is left to Python."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _: object = None) -> ModuleSpec | None:
        """The module of that full name, in the first folder of its package; None where it is no source file there.

        Python would take a package before a file of the same name; these packages have no such two.
        """
        parent, _, last = name.rpartition(".")
        if not path or parent.partition(".")[0] not in OURS:
            return None
        folder = path[0]
        try:
            return _spec(name, folder, last, None)
        except OSError:
            inner = f"{folder}/{last}"
        try:
            return _spec(name, inner, "__init__", inner)
        except OSError:
            return None


def _spec(name: str, folder: str, file: str, package: str | None) -> ModuleSpec | None:
    path = f"{folder}/{file}.py"
    source = os.stat(path)
    if source.st_mode & 0o170000 != 0o100000:
        return None
    cached = None if _ENDING is None else f"{folder}/__pycache__/{file}{_ENDING}"
    loader = Loader(name, path, source, cached)
    spec = ModuleSpec(name, loader, origin=path, is_package=package is not None)
    spec.has_location = True
    if cached is not None:
        spec.cached = cached
    if package is not None:
        spec.submodule_search_locations = [package]
    return spec


def _ending() -> str | None:
    """What the bytecode's file is called behind the module's name; None where it lies elsewhere, or is none."""
    if _MAGIC is None or sys.implementation.cache_tag is None or sys.pycache_prefix or sys.flags.optimize:
        return None
    return f".{sys.implementation.cache_tag}.pyc"


# importlib.util has it too, and costs a tenth of a bare interpreter.
_MAGIC: bytes | None = getattr(sys.modules.get("_frozen_importlib_external"), "MAGIC_NUMBER", None)
_HEAD = (_MAGIC or b"") + bytes(4)
"""How bytecode of this Python begins that is held against its source by time and size."""
_ENDING = _ending()
_KIND = ModuleType if sys.version_info >= (3, 12) else Module


def use() -> None:
    """Let the modules of nodecheck be found here, in a process of its own that ends by :func:`os._exit`."""
    sys.meta_path.insert(0, Finder())
    if _KIND is Module:
        for module in (__future__, collections.abc):  # of which nearly every module imports something
            module.__class__ = Module
    _without_translations()


def in_use() -> bool:
    """Whether this is the command's own process."""
    return any(isinstance(one, Finder) for one in sys.meta_path)


def _without_translations() -> None:
    """Import argparse, and not gettext, of which it asks translations of its words: there are none.

    gettext costs a tenth of a bare interpreter, and as much again where it imports locale to look for them.
    """
    if "gettext" in sys.modules:
        return
    untranslated = ModuleType("gettext")
    untranslated.__dict__.update(gettext=str, ngettext=lambda one, more, number: one if number == 1 else more)
    sys.modules["gettext"] = untranslated
    try:
        import argparse  # noqa: F401
    finally:
        del sys.modules["gettext"]
