"""How the static file imports: what every run needs lies uncompressed in it, and is found without looking through it.

It is frozen into the interpreter, so it is as short as it can be. The zip file behind the interpreter is a plain one.
Its first member, ``index``, says where the members lie that are stored and not compressed; all others, and whatever is
asked for a second time by another way, are left to :mod:`zipimport`, which first has to read the whole directory.
"""

import sys
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from zipimport import zipimporter

SELF = sys.executable
END = 22
"""Bytes of the record at the end of a zip file that has no comment."""

_view = memoryview(b"")
_stored: "dict[str, tuple[int, int]]" = {}
_declared: "list[tuple[str, str]]" = []


class Folder:
    """Finds and loads what lies in one folder of the zip file: a path entry finder, and a loader (PEP 451, PEP 302)."""

    archive = SELF

    def __init__(self, path: str) -> None:
        if path != SELF and not path.startswith(SELF + "/"):
            raise ImportError(path)
        self.path = path
        self.prefix = path[len(SELF) + 1 :] + "/" if path != SELF else ""
        self.entry_points = _declared if path == SELF else None

    def find_spec(self, name: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        return _spec(self, name, self.prefix + name.rpartition(".")[2]) or _zipped(self.path).find_spec(name, target)

    def create_module(self, spec: "ModuleSpec") -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> "CodeType":
        place = self.prefix + name.rpartition(".")[2]
        start, size = _stored.get(place + ".pyc") or _stored[place + "/__init__.pyc"]
        code: CodeType = loads(_view[start + 16 : start + size])
        return code

    def get_data(self, path: str) -> bytes:
        found = _stored.get(path[len(SELF) + 1 :])
        return bytes(_view[found[0] : found[0] + found[1]]) if found else _zipped(SELF).get_data(path)

    def get_source(self, name: str) -> None:
        return None


_ModuleSpec: "type[ModuleSpec]" = type(sys.__spec__)  # importlib.machinery costs more


def _spec(loader: Folder, name: str, place: str) -> "ModuleSpec | None":
    for inside, package in ((place + ".pyc", False), (place + "/__init__.pyc", True)):
        if inside in _stored:
            spec = _ModuleSpec(name, loader, origin=f"{SELF}/{inside}", is_package=package)  # type: ignore[arg-type]
            spec.has_location = True
            if package:
                spec.submodule_search_locations = [f"{SELF}/{place}"]
            return spec
    return None


class Stored:
    """A meta path finder for what is stored. By sys.path the same would be found, after three others were asked."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        parent = name.rpartition(".")[0].replace(".", "/")
        return _spec(_folder(f"{SELF}/{parent}" if parent else SELF), name, name.replace(".", "/"))


_folders: "dict[str, Folder]" = {}


def _folder(path: str) -> Folder:
    found = _folders.get(path)
    if found is None:
        found = _folders[path] = Folder(path)
    return found


def _zipped(path: str) -> "zipimporter":
    from zipimport import zipimporter

    return zipimporter(path)


def _read() -> None:
    """Map the file, and read the index."""
    import posix
    from mmap import PROT_READ, mmap

    global _view
    descriptor = posix.open(SELF, posix.O_RDONLY | posix.O_CLOEXEC)
    _view = memoryview(mmap(descriptor, 0, prot=PROT_READ))
    posix.close(descriptor)
    end = len(_view) - END
    size, offset = (int.from_bytes(_view[end + at : end + at + 4], "little") for at in (12, 16))
    first = end - size - offset
    head = first + 30 + len("index")
    stored, declared = loads(_view[head:])
    _declared.extend(declared)
    _stored.update({name: (first + start, size) for name, (start, size) in stored.items()})


def main() -> None:
    """Start nodecheck."""
    _read()
    sys.path_hooks.insert(0, _folder)
    sys.meta_path.insert(0, Stored)
    sys.path_importer_cache.clear()
    sys.modules["encodings"].__path__ = [f"{SELF}/encodings"]
    from nodecheck.cli import main

    raise SystemExit(main())
