"""What the static file is made of, as far as it can be held without building it (tests/test_static.py does that)."""

from __future__ import annotations

import importlib
import lzma
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.zipapps import ROOT

STATIC = ROOT / "packaging/static"
NOT_THERE = {"psutil", "tomli"}
"""Compiled, or only for an older Python."""


def needed() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.findall(
        r'"([^">=;]+)>=([^";]+)', text[text.index("dependencies = [") : text.index("[project.optional")]
    )
    return dict(listed)


def test_every_dependency_is_inside_at_a_version_that_serves() -> None:
    pins = dict(re.findall("(?m)^([A-Za-z0-9]+)==([0-9.]+) --hash=sha256:[0-9a-f]{64}$", _text("requirements.txt")))

    assert set(pins) == set(needed()) - NOT_THERE
    for name, least in needed().items():
        if name in pins:
            assert [int(part) for part in pins[name].split(".")] >= [int(part) for part in least.split(".")]


def test_the_sources_are_locked() -> None:
    lines = [line.split(" ") for line in _text("sources.lock").split("\n") if line and not line.startswith("#")]

    assert [name for name, _, _ in lines] == ["python3.13", "sqlite3", "zlib"]
    for _, version, digest in lines:
        assert re.fullmatch("[0-9a-f]{64}", digest)
        assert re.search("[0-9]", version)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    return importlib.import_module("static_compile")


def test_the_profile_is_one_and_small(compiling: ModuleType) -> None:
    counts = compiling.profile(STATIC / "python.profile.xz")

    assert len(counts) > 100_000
    assert (STATIC / "python.profile.xz").stat().st_size < 300_000


@pytest.mark.parametrize("kind", ["not there", "cut", "not packed", "no profile"])
def test_a_build_without_its_profile_says_so_at_once(kind: str, tmp_path: Path, compiling: ModuleType) -> None:
    whole = (STATIC / "python.profile.xz").read_bytes()
    given = {"cut": whole[:-40], "not packed": lzma.decompress(whole), "no profile": lzma.compress(b"{}")}
    packed = tmp_path / "python.profile.xz"
    if kind in given:
        packed.write_bytes(given[kind])

    with pytest.raises(SystemExit, match=r"python\.profile\.xz.*packaging/static_profile\.py"):
        compiling.profile(packed)


def _text(name: str) -> str:
    return (STATIC / name).read_text()


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies behind the interpreter: here this Python's bytecode, no standard library, and some bytes before it."""
    folder = tmp_path_factory.mktemp("packed")
    (folder / "library").mkdir()
    used = [f"nodecheck/{name}.py" for name in ("__init__", "version", "cli/__init__", "cli/start", "plugins")]
    (folder / "used").write_text("\n".join(used))
    info = folder / "inside/other-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[nodecheck]\nbuiltin = nodecheck_checks\n")
    (folder / "inside/compiled.so").write_bytes(b"\x7fELF")
    places = [folder / "library", ROOT / "src", ROOT / "checks", folder / "inside"]
    for name in ("one", "two"):
        told: list[str | Path] = [STATIC / "zipped.py", folder / name, folder / "used", *places]
        subprocess.run([sys.executable, "-s", "-S", *told], check=True, env={"PYTHONHASHSEED": "0"})
    assert (folder / "one").read_bytes() == (folder / "two").read_bytes()
    made = folder / "nodecheck"
    made.write_bytes(b"\x7fELF and what follows" + (folder / "one").read_bytes())
    return made


def started(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys; sys.executable = {str(file)!r}; sys.argv[:] = {['nodecheck', *words]!r}\n"
        f"sys.path.insert(0, {str(file)!r})\n"
        f"exec(compile(open({str(STATIC / 'start.py')!r}).read(), 'start', 'exec'))\nmain()\n"
    )
    return subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)


def test_it_is_a_plain_zip_file_without_compiled_modules(packed: Path) -> None:
    with zipfile.ZipFile(packed) as inside:
        assert inside.testzip() is None
        stored = [info.filename for info in inside.infolist() if info.compress_type == zipfile.ZIP_STORED]
        names = inside.namelist()

    assert stored[0] == "index"
    assert sorted(stored[1:]) == [
        f"nodecheck/{name}.pyc" for name in ("__init__", "cli/__init__", "cli/start", "plugins", "version")
    ]
    assert not [name for name in names if name.endswith((".py", ".so")) or "__pycache__" in name]


@pytest.mark.parametrize("words", [("--version",), ("list", "--json"), ("explain", "swap"), ("schema", "report")])
def test_what_is_stored_and_what_is_not_are_imported(packed: Path, words: tuple[str, ...]) -> None:
    plain = subprocess.run([sys.executable, "-m", "nodecheck", *words], capture_output=True, text=True, check=True)

    done = started(packed, *words)

    assert (done.returncode, done.stdout, done.stderr) == (0, plain.stdout, "")


def test_its_entry_points_are_those_of_the_index(packed: Path) -> None:
    done = started(packed, "plugins")

    assert done.stdout.startswith(f"builtin 1.0 ({packed}) loaded\n")


def test_a_file_that_was_cut_does_not_start(packed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "nodecheck"
    broken.write_bytes(packed.read_bytes()[:-500])

    done = started(broken, "--version")

    assert (done.returncode != 0, done.stdout) == (True, "")
