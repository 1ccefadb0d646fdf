"""A quicker search for the modules of nodecheck itself, of which a run imports nearly three hundred.

For each of them Python asks the finders of built-in and frozen modules, then the folder for files of five endings, and
whether the folder has changed since. Here a module is a source file or a package, and a folder is listed once: nothing
is added to it while the command runs. Bytecode counts where it is of this Python and of this source (PEP 552); where
that is not plain, Python loads the module as it always does.
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

MOST = 112 << 10
"""Bytes of bytecode that are read; longer files are left to Python. A buffer of 128 KiB would be mapped each time."""


class Module(ModuleType):
    """A module that is cheap to ask for what it has not: each ``from … import`` asks for its ``__path__``.

    Before Python 3.12 a plain module makes two error messages for each such question, which nobody sees.
    """

    __getattribute__ = object.__getattribute__


class Loader(SourceFileLoader):
    """Python's loader of source files, with the code of the module in hand."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code: CodeType | None = code

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A new module: a plain one where it has a ``__getattr__`` of its own (PEP 562)."""
        plain = self._code is None or "__getattr__" in self._code.co_names
        return ModuleType(spec.name) if plain else _KIND(spec.name)

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code; when it is asked for again, as Python finds it then."""
        code, self._code = self._code, None
        return super().get_code(fullname) if code is None else code


class Finder:
    """A finder for ``sys.meta_path`` (:class:`importlib.abc.MetaPathFinder`); the rest is left to Python."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        """What each folder holds; nothing for one that cannot be listed, as inside of a zip file."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, _: object = None) -> ModuleSpec | None:
        """The module of that full name, in the first folder of its package; None where it is no source file there.

        As for Python a package comes before a file of the same name, which an earlier version may have left.
        """
        parent, _, last = name.rpartition(".")
        if not path or parent.partition(".")[0] not in OURS:
            return None
        folder = path[0]
        names = self._listed(folder)
        inner = f"{folder}/{last}"
        try:
            if last in names and "__init__.py" in self._listed(inner):
                return _spec(name, inner, "__init__", inner)
            return _spec(name, folder, last, None) if f"{last}.py" in names else None
        except OSError:
            return None

    def _listed(self, folder: str) -> frozenset[str]:
        names = self._names.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder))
            except OSError:
                names = frozenset()
            self._names[folder] = names
        return names

    def invalidate_caches(self) -> None:
        """Forget what the folders hold (:func:`importlib.invalidate_caches`)."""
        self._names.clear()


def _spec(name: str, folder: str, file: str, package: str | None) -> ModuleSpec | None:
    path = f"{folder}/{file}.py"
    source = os.stat(path)
    if source.st_mode & 0o170000 != 0o100000:
        return None
    cached = None if _ENDING is None else f"{folder}/__pycache__/{file}{_ENDING}"
    code = None if cached is None else _code(path, source, cached)
    loader = SourceFileLoader(name, path) if code is None else Loader(name, path, code)
    spec = ModuleSpec(name, loader, origin=path, is_package=package is not None)
    spec.has_location = True
    if cached is not None:
        spec.cached = cached
    if package is not None:
        spec.submodule_search_locations = [package]
    return spec


def _code(path: str, source: os.stat_result, cached: str) -> CodeType | None:
    """The code in a file of bytecode; None where it is not plainly of this source."""
    try:
        data = _bytes(cached)
    except OSError:
        return None
    told = (int(source.st_mtime) & 0xFFFFFFFF) | (source.st_size & 0xFFFFFFFF) << 32
    if data[:16] != _HEAD + told.to_bytes(8, "little"):
        return None
    try:
        code = marshal.loads(memoryview(data)[16:])  # noqa: S302 - the file that Python would read
    except (EOFError, ValueError, TypeError):
        return None  # Python says what is wrong with it
    return code if isinstance(code, CodeType) and code.co_filename == path else None


def _bytes(path: str) -> bytes:
    """The bytes of a file; none where it is too long, or was not read to its end. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(fd, MOST)
        return b"" if os.read(fd, 1) else data
    finally:
        os.close(fd)


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
    untranslated = ModuleType("gettext")
    untranslated.__dict__.update(gettext=str, ngettext=lambda one, more, number: one if number == 1 else more)
    if "argparse" in sys.modules or "gettext" in sys.modules:
        import argparse

        argparse.__dict__.update(_=str, ngettext=untranslated.ngettext)
        return
    sys.modules["gettext"] = untranslated
    try:
        import argparse
    finally:
        del sys.modules["gettext"]
