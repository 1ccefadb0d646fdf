"""A quicker search for the modules of nodecheck itself, of which a run imports three hundred.

For each of them Python asks the finders of built-in and frozen modules, then the folder for files of five endings, and
whether the folder has changed since. Here a module is a source file or a package, and a folder is listed once: nothing
is added to it while the command runs. How a module is loaded, and when its bytecode counts, stays Python's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader

OURS = ("nodecheck", "nodecheck_checks")
"""The packages whose modules are found here."""


class Loader(SourceFileLoader):
    """Python's loader of source files, which reads a file at once: its buffer costs as much as what is in it."""

    def get_data(self, path: str) -> bytes:
        """The bytes of a file (:meth:`importlib.abc.ResourceLoader.get_data`). Raises OSError."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(fd).st_size
            data = os.read(fd, size + 1)
        finally:
            os.close(fd)
        return data if len(data) == size else super().get_data(path)


class Finder:
    """A finder for ``sys.meta_path`` (:class:`importlib.abc.MetaPathFinder`); the rest is left to Python."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        """What each folder holds; nothing for one that cannot be listed, as inside of a zip file."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, _: object = None) -> ModuleSpec | None:
        """The module of that full name, in the first folder of its package; None where it is no source file there."""
        parent, _, last = name.rpartition(".")
        if not path or parent.partition(".")[0] not in OURS:
            return None
        folder = path[0]
        names = self._listed(folder)
        if last in names and "__init__.py" in self._listed(f"{folder}/{last}"):
            return _spec(name, f"{folder}/{last}/__init__.py", f"{folder}/{last}")
        return _spec(name, f"{folder}/{last}.py", None) if f"{last}.py" in names else None

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


def _spec(name: str, file: str, folder: str | None) -> ModuleSpec:
    spec = ModuleSpec(name, Loader(name, file), origin=file, is_package=folder is not None)
    spec.has_location = True
    if folder is not None:
        spec.submodule_search_locations = [folder]
    return spec


def use() -> None:
    """Let the modules of nodecheck be found here, in a process of its own."""
    sys.meta_path.insert(0, Finder())
