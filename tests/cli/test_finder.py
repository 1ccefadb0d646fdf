"""The command's own search for its modules: it must find what Python finds, and leave all else to Python."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import marshal
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nodecheck
import nodecheck_checks
from nodecheck.cli.finder import MOST, Finder

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


def test_a_package_comes_before_a_file_that_an_earlier_version_left(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    (tmp_path / "nodecheck" / "facts.py").write_text("")
    package_in(tmp_path / "nodecheck" / "facts")
    spec = Finder().find_spec("nodecheck.facts", path)
    assert spec is not None
    assert spec.origin == str(tmp_path / "nodecheck" / "facts" / "__init__.py")


def test_what_is_called_like_a_module_and_is_no_file_is_none(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    (tmp_path / "nodecheck" / "odd.py").mkdir()
    assert Finder().find_spec("nodecheck.odd", path) is None


def compiled(source: Path, text: str) -> Path:
    """Write a source file and its bytecode, with the source's time and size in it; where that is."""
    source.write_text(text)
    mode = py_compile.PycInvalidationMode.TIMESTAMP
    return Path(str(py_compile.compile(str(source), doraise=True, invalidation_mode=mode)))


def loaded(path: list[str]) -> Any:
    """The module ``nodecheck.one`` of that folder, as the command loads it."""
    spec = Finder().find_spec("nodecheck.one", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_changed_source_counts_and_not_its_old_bytecode(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    source = tmp_path / "nodecheck" / "one.py"
    compiled(source, "x = 1\n")
    assert loaded(path).x == 1
    source.write_text("x = 12\n")
    assert loaded(path).x == 12


def test_bytecode_of_this_source_is_taken(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    source = tmp_path / "nodecheck" / "one.py"
    cached = compiled(source, "x = 1\n")
    info = source.stat()
    source.write_text("x = 2\n")  # of the same size, and made as old: what is read is the bytecode
    os.utime(source, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert loaded(path).x == 1
    cached.unlink()
    assert loaded(path).x == 2


def test_broken_bytecode_is_python_s_to_refuse(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    (tmp_path / "nodecheck" / "one.py").write_text("x = 1\n")
    spec = Finder().find_spec("nodecheck.one", path)
    assert spec is not None
    assert spec.cached is not None
    Path(spec.cached).parent.mkdir()
    Path(spec.cached).write_bytes(b"nothing of the kind")
    assert loaded(path).x == 1


@pytest.mark.parametrize("body", [b"", b"\xff", marshal.dumps(1), marshal.dumps("x")])
def test_bytecode_whose_head_alone_is_good_is_python_s_to_refuse(tmp_path: Path, body: bytes) -> None:
    path = package_in(tmp_path / "nodecheck")
    cached = compiled(tmp_path / "nodecheck" / "one.py", "x = 1\n")
    cached.write_bytes(cached.read_bytes()[:16] + body)
    with pytest.raises((ImportError, EOFError, ValueError)) as ours:
        loaded(path)
    with pytest.raises((ImportError, EOFError, ValueError)) as pythons:
        importlib.machinery.SourceFileLoader("nodecheck.one", str(tmp_path / "nodecheck" / "one.py")).get_code(
            "nodecheck.one"
        )
    assert repr(ours.value) == repr(pythons.value)


def test_bytecode_that_is_read_in_parts_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    compiled(tmp_path / "nodecheck" / "one.py", "x = 1\n")
    code = (
        "import os\nfrom nodecheck.cli import finder\n"
        "read = os.read\nos.read = lambda fd, size: read(fd, min(size, 60))\n"
        f"spec = finder.Finder().find_spec('nodecheck.one', {path!r})\n"
        "assert type(spec.loader) is finder.SourceFileLoader"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_module_that_cannot_be_loaded_is_told_as_python_tells_it(tmp_path: Path) -> None:
    package_in(tmp_path / "nodecheck_checks")
    for name, text in (("one", "from nodecheck_checks import two\n"), ("two", "1 / 0\n")):
        compiled(tmp_path / "nodecheck_checks" / f"{name}.py", text)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); #\nimport nodecheck_checks.one"
    use = "from nodecheck.cli import finder; finder.use()"
    told = [
        subprocess.run(
            [sys.executable, "-I", "-c", code.replace("#", first)], stderr=subprocess.PIPE, timeout=60
        ).stderr
        for first in ("", use)
    ]
    assert b"ZeroDivisionError" in told[0]
    assert told[0].count(b"File ") == told[1].count(b"File ")


def test_bytecode_that_is_not_held_against_its_source_is_python_s_to_judge(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    source = tmp_path / "nodecheck" / "one.py"
    source.write_text("x = 1\n")
    py_compile.compile(str(source), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    source.write_text("x = 12\n")
    assert loaded(path).x == 1  # as PEP 552 has it: whoever made that file answers for it


def test_code_names_the_file_that_it_lies_in_after_a_move(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    compiled(tmp_path / "nodecheck" / "one.py", "def f(): pass\n")
    assert loaded(path).f.__code__.co_filename == str(tmp_path / "nodecheck" / "one.py")
    moved = shutil.copytree(tmp_path / "nodecheck", tmp_path / "elsewhere")
    assert loaded([str(moved)]).f.__code__.co_filename == str(moved / "one.py")


def test_bytecode_of_any_size_is_read_whole(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    text = "".join([f"x{number} = {number + 1000000}\n" for number in range(20000)])
    assert compiled(tmp_path / "nodecheck" / "one.py", text).stat().st_size > MOST
    assert loaded(path).x19999 == 1019999


def test_a_module_has_what_it_makes_itself_and_nothing_else(tmp_path: Path) -> None:
    path = package_in(tmp_path / "nodecheck")
    source = tmp_path / "nodecheck" / "one.py"
    source.write_text("x = 1\n")
    module = loaded(path)
    assert isinstance(module, ModuleType)
    assert not hasattr(module, "y")
    source.write_text("def __getattr__(name):\n    return name * 2\n")
    assert loaded(path).y == "yy"  # PEP 562


@pytest.mark.parametrize("options", [["-O"], ["-B"], ["-X", "pycache_prefix={}"], ["-X", "utf8"]])
def test_the_command_runs_with_other_bytecode_or_none(tmp_path: Path, options: list[str]) -> None:
    code = "import sys; from nodecheck.cli import main; sys.argv[1:] = ['list', '--json']; main()"
    argv = [sys.executable, "-I", *[option.format(tmp_path) for option in options], "-c", code]
    for _ in range(2):
        done = subprocess.run(argv, capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"kubelet-config" in done.stdout


def test_who_asks_for_translations_gets_the_real_ones() -> None:
    code = (
        "import sys; from nodecheck.cli import finder; finder.use()\n"
        "import argparse, gettext, threading\n"
        "assert gettext.translation and argparse._('usage: ') == 'usage: '\n"
        "assert argparse.ngettext('%d word', '%d words', 2) == '%d words'"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


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


@pytest.mark.parametrize(("raised", "code"), [("start.Terminated()", 143), ("ValueError()", 70)])
def test_the_command_ends_at_once_whatever_is_raised_at_its_end(raised: str, code: int) -> None:
    """A worker that hangs may be what threading takes for the main thread, for which the interpreter waits."""
    line = (
        "import _thread, sys, time, nodecheck.cli as cli\nfrom nodecheck.cli import start\n"
        "def hangs():\n    import threading; time.sleep(50)\n"
        f"def ends(words):\n    _thread.start_new_thread(hangs, ()); time.sleep(1); raise {raised}\n"
        "start.start = ends; sys.argv[1:] = ['run']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-I", "-c", line], stderr=subprocess.DEVNULL, timeout=20)
    assert done.returncode == code
