"""The command's own search for its modules: it must find what Python finds, and leave all else to Python."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import nodecheck
import nodecheck_checks
from nodecheck.cli.finder import Finder

PACKAGES = [Path(package.__path__[0]) for package in (nodecheck, nodecheck_checks)]


def modules() -> list[str]:
    """Every module of nodecheck, by its full name."""
    found = []
    for package in PACKAGES:
        for file in package.rglob("*.py"):
            parts = file.relative_to(package.parent).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return sorted(found)


def folders(name: str) -> list[str]:
    """The ``__path__`` of the package that a module lies in."""
    base = next(package.parent for package in PACKAGES if package.name == name.partition(".")[0])
    return [str(base.joinpath(*name.split(".")[:-1]))]


def test_every_module_is_found_as_python_finds_it() -> None:
    finder = Finder()
    names = [name for name in modules() if "." in name]
    assert len(names) > 500
    for name in names:
        ours, pythons = (
            finder.find_spec(name, folders(name)),
            importlib.machinery.PathFinder.find_spec(name, folders(name)),
        )
        assert ours is not None, name
        assert pythons is not None, name
        for fact in ("name", "origin", "cached", "parent", "submodule_search_locations", "has_location"):
            assert getattr(ours, fact) == getattr(pythons, fact), (name, fact)
        assert isinstance(ours.loader, type(pythons.loader)), name


def package_in(folder: Path) -> list[str]:
    """A package of that name with one module, one folder of data, and one that is no source file."""
    folder.mkdir()
    for name in ("__init__.py", "one.py", "three.txt"):
        (folder / name).write_text("")
    (folder / "data").mkdir()
    (folder / "data" / "schema.json").write_text("{}")
    return [str(folder)]


@pytest.mark.parametrize(
    "name", ["nodecheck.none", "nodecheck.data", "nodecheck.three", "nodecheck_plugin.one", "nodecheck", "os.path"]
)
def test_what_is_no_module_of_ours_is_left_to_python(tmp_path: Path, name: str) -> None:
    path = package_in(tmp_path / "nodecheck")
    assert Finder().find_spec("nodecheck.one", path) is not None
    assert Finder().find_spec(name, path if "." in name else None) is None


def test_a_folder_that_cannot_be_listed_is_left_to_python() -> None:
    assert Finder().find_spec("nodecheck.one", ["/usr/lib/nodecheck.zip/nodecheck"]) is None


def test_a_module_that_is_added_is_found_after_invalidate_caches(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    finder = Finder()
    assert finder.find_spec("nodecheck.late", path) is None
    (tmp_path / "nodecheck" / "late.py").write_text("")
    finder.invalidate_caches()
    assert finder.find_spec("nodecheck.late", path) is not None


def test_changed_source_counts_and_not_its_old_bytecode(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    source = tmp_path / "nodecheck" / "one.py"
    for text, expected in (("x = 1\n", 1), ("x = 1\n", 1), ("x = 12\n", 12)):
        source.write_text(text)
        spec = Finder().find_spec("nodecheck.one", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.x == expected


def test_broken_bytecode_is_python_s_to_refuse(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    (tmp_path / "nodecheck" / "one.py").write_text("x = 1\n")
    spec = Finder().find_spec("nodecheck.one", path)
    assert spec is not None
    assert spec.cached is not None
    Path(spec.cached).parent.mkdir()
    Path(spec.cached).write_bytes(b"nothing of the kind")
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    assert module.x == 1


def test_only_the_command_s_own_process_searches_so() -> None:
    code = (
        "import sys; from nodecheck.cli import main; main(['list', '--json']);"
        "sys.exit(any('nodecheck' in type(one).__module__ for one in sys.meta_path))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], stdout=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0


def test_the_command_searches_so() -> None:
    code = (
        "import sys, nodecheck.cli as cli\n"
        "def leave(code): sys.exit(0 if 'Finder' in repr(sys.meta_path[0]) and code == 0 else 9)\n"
        "cli._leave = leave; sys.argv[1:] = ['list']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], stdout=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0
