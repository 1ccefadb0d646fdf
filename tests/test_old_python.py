"""An older Python is told in one sentence what nodecheck needs, however it comes to nodecheck."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.zipapps import ROOT, zipped

FIRST = ("__init__.py", "__main__.py", "cli/__init__.py")
"""What is read of nodecheck before the sentence is said."""

OLD = ("2.7", "3.6", "3.7", "3.8")


def interpreter(version: str) -> tuple[str, dict[str, str]]:
    """A Python of that version, and the environment in which it starts; pyenv's need a variable. Skips."""
    name = f"python{version}"
    path = shutil.which(name)
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONDONTWRITEBYTECODE": "1"}
    for more in ({}, *({"PYENV_VERSION": found} for found in pyenv_versions(version))):
        if path is not None and starts(path, version, {**env, **more}):
            return path, {**env, **more}
    pytest.skip(f"there is no {name} here")


def pyenv_versions(version: str) -> list[str]:
    if shutil.which("pyenv") is None:
        return []
    listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False).stdout
    return [found for found in listed.split() if found.startswith(f"{version}.")]


def starts(path: str, version: str, env: dict[str, str]) -> bool:
    done = subprocess.run([path, "--version"], env=env, capture_output=True, text=True, check=False)
    return f"Python {version}." in done.stdout + done.stderr  # Python 2.7 tells it on standard error


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zipped(tmp_path_factory.mktemp("zip"))


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("way", ["-m", "script", "zip"])
def test_an_old_python_says_what_is_needed(version: str, way: str, archive: Path, tmp_path: Path) -> None:
    path, env = interpreter(version)
    words = {
        "-m": ["-m", "nodecheck", "run"],
        "script": ["-c", "import sys\nfrom nodecheck.cli import main\nsys.exit(main())", "run"],
        "zip": [str(archive), "run"],
    }[way]
    if way != "zip":
        env["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT / 'checks'}"

    done = subprocess.run([path, *words], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    needed, _, instead = done.stderr.partition(". ")
    start, _, patch = needed.rpartition(".")
    assert start == f"nodecheck needs Python 3.9 or later; this is {version}"
    assert patch.isdigit()
    for other in ("static file", "nodecheck run --ssh", "nodecheck collector"):
        assert other in instead


@pytest.mark.parametrize("name", FIRST)
def test_what_an_old_python_reads_is_in_its_syntax(name: str) -> None:
    """Also where there is no old Python to try it: no annotations, no f-strings and the like, and plain ASCII."""
    source = (ROOT / "src/nodecheck" / name).read_bytes()
    tree = ast.parse(source.decode("ascii"))

    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Starred, ast.Nonlocal, ast.AsyncFunctionDef, ast.Await)
    for node in ast.walk(tree):
        assert not isinstance(node, new), node.lineno
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert [*node.args.kwonlyargs, *node.args.posonlyargs] == []
            assert all(argument.annotation is None for argument in node.args.args)
        if isinstance(node, ast.ImportFrom):
            assert node.module != "__future__"
        if isinstance(node, ast.Raise):
            assert node.cause is None
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            assert "_" not in (ast.get_source_segment(source.decode(), node) or "")


TYPES = {"bool", "bytes", "dict", "float", "frozenset", "int", "list", "object", "set", "str", "tuple", "type"}


def is_type(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return is_type(node.left) or is_type(node.right)
    if isinstance(node, ast.Subscript):
        return is_type(node.value)
    return (isinstance(node, ast.Constant) and node.value is None) or (isinstance(node, ast.Name) and node.id in TYPES)


def newer_than_3_9(tree: ast.Module) -> list[str]:
    r"""What ruff and mypy, which no longer knows Python 3.9, do not see: types joined when the code runs, a strict zip.

    >>> newer_than_3_9(ast.parse("A = int | None\ndef f(x: int | None):\n isinstance(x, A | B)\n zip(x, strict=1)"))
    ['line 1: int | None', 'line 3: A | B', 'line 4: zip(x, strict=1)']
    """
    kept = {id(inner) for node in ast.walk(tree) for note in notes(node) for inner in ast.walk(note)}
    found: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and id(node) not in kept and is_type(node):
            found.add(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "zip" and any(keyword.arg == "strict" for keyword in node.keywords):
                found.add(node)
            if node.func.id in ("isinstance", "issubclass") and isinstance(node.args[1], ast.BinOp):
                found.add(node.args[1])
    return sorted(f"line {node.lineno}: {ast.unparse(node)}" for node in found)


def notes(node: ast.AST) -> list[ast.AST]:
    """The annotations of a node: with ``from __future__ import annotations``, which ruff asks for, nobody runs them."""
    return [note for name in ("annotation", "returns") if (note := getattr(node, name, None)) is not None]


@pytest.mark.parametrize("folder", ["src", "checks", "tests", "examples", "benchmarks"])
def test_nothing_is_newer_than_python_3_9(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): newer
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (newer := newer_than_3_9(ast.parse(path.read_text())))
    }

    assert found == {}


def test_the_package_says_what_it_needs() -> None:
    project = (ROOT / "pyproject.toml").read_text()

    assert 'requires-python = ">=3.9"' in project
    for text in ("README.md", "CONTRIBUTING.md"):
        assert "Python 3.9" in (ROOT / text).read_text()
