"""``--plugins DIR``: plugins without pip, from a folder that nobody but root can change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.program import PROGRAM

CODE = """
import nodecheck
from nodecheck.checking import Results, check, ok, seen


@check()
def of_the_folder() -> Results:
    "It is of the folder."
    yield ok("here", evidence=[seen("x")])


@nodecheck.hookimpl
def nodecheck_checks():
    return [of_the_folder]


@nodecheck.hookimpl
def nodecheck_profiles():
    return [{"schema": "nodecheck.profile/1", "name": "of-the-folder", "extends": "kubernetes"}]


@nodecheck.hookimpl
def nodecheck_renderers():
    return {"loud": lambda report: report.run.id.upper()}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder of root's")
    made = tmp_path / "root's"
    info = made / "mine-1.5.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[nodecheck]\nmine = mine\n")
    (made / "mine.py").write_text(CODE)
    yield made
    made.chmod(0o755)


@pytest.mark.parametrize("spelling", ["two words", "one word"])
def test_its_checks_profiles_and_formats_are_there(folder: Path, nodecheck: Command, spelling: str) -> None:
    words = ("--plugins", str(folder)) if spelling == "two words" else (f"--plugins={folder}",)

    listed = nodecheck("plugins", *words)
    run = nodecheck("run", *words, "of-the-folder", "--format", "loud")
    profile = nodecheck("profile", *words, "show", "of-the-folder")

    assert (listed.code, listed.err) == (0, "")
    assert f"mine 1.5 ({folder}) loaded\n    checks: of-the-folder" in listed.out
    assert (run.code, run.out.strip().isupper()) == (0, True)
    assert (profile.code, profile.err) == (0, "")
    assert "of-the-folder" not in nodecheck("list").out


def test_it_stands_before_or_after_what_a_verb_is_to_do(folder: Path, nodecheck: Command) -> None:
    for words in (("--plugins", str(folder), "list"), ("list", "--plugins", str(folder))):
        done = nodecheck("profile", *words)
        assert (done.code, done.err, "of-the-folder" in done.out) == (0, "", True)


def test_nothing_is_written_into_it(folder: Path, nodecheck: Command) -> None:
    assert nodecheck("run", "--plugins", str(folder), "of-the-folder").code == 0

    assert sorted(path.name for path in folder.iterdir()) == ["mine-1.5.dist-info", "mine.py"]


def test_its_modules_hide_none_of_nodecheck_nor_of_python(folder: Path, nodecheck: Command) -> None:
    for name in ("json", "yaml", "nodecheck", "nodecheck_checks", "packaging", "sqlite3"):
        (folder / f"{name}.py").write_text("raise SystemExit('of the folder')\n")

    done = nodecheck("run", "--plugins", str(folder), "of-the-folder", "--json")

    assert (done.code, done.err) == (0, "")


def others(path: Path) -> None:
    os.chown(path, 54321, -1)


def writable(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o020)


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def sticky(path: Path) -> None:
    path.chmod(0o1777)


def above(path: Path) -> None:
    path.parent.chmod(0o777)


@pytest.mark.parametrize(
    ("spoil", "where", "why"),
    [
        (others, "", "is owned by uid 54321"),
        (writable, "", "others can write"),
        (sticky, "", "others can write"),
        (above, "", "others can write"),
        (linked, "", "is a symbolic link"),
        (others, "mine.py", "is owned by uid 54321"),
        (writable, "mine.py", "others can write"),
        (linked, "mine.py", "is a symbolic link"),
        (others, "mine-1.5.dist-info", "is owned by uid 54321"),
        (writable, "mine-1.5.dist-info/entry_points.txt", "others can write"),
    ],
)
def test_what_others_can_change_is_refused(
    folder: Path, nodecheck: Command, spoil: Callable[[Path], None], where: str, why: str
) -> None:
    spoil(folder / where)

    done = nodecheck("run", "--plugins", str(folder))

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"nodecheck: --plugins {folder}: ")
    assert why in done.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--plugins", "root's"), "is not an absolute path"),
        (("--plugins", "."), "is not an absolute path"),
        (("--plugins=",), "is not an absolute path"),
        (("--plugins", "/nowhere/at/all"), "No such file or directory"),
        (("--plugins", "/etc/passwd"), "is not a directory"),
        (("--plugins",), "expected one argument"),
    ],
)
def test_what_is_no_such_folder_is_refused(folder: Path, nodecheck: Command, words: tuple[str, ...], why: str) -> None:
    done = nodecheck("run", *words)

    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_the_working_directory_is_refused_by_whatever_name(folder: Path, nodecheck: Command) -> None:
    for name in (str(folder), f"{folder}/../{folder.name}/"):
        done = nodecheck("run", "--plugins", name, cwd=folder)

        assert (done.code, done.out) == (2, "")
        assert "is the working directory" in done.err


def started_by_another(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, user=54321, cwd="/", capture_output=True, text=True, check=False)


def test_it_is_refused_for_other_users_too(folder: Path, tmp_path: Path) -> None:
    """Whoever runs it: what is not root's is not loaded."""
    others(folder)
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(0o755)
    try:
        done = started_by_another([*PROGRAM, "plugins", "--plugins", str(folder)])
    except PermissionError:
        pytest.skip("the interpreter cannot be started by others")
    if "Permission denied" in done.stderr or "No module" in done.stderr:
        pytest.skip("this nodecheck cannot be started by others")

    assert (done.returncode, "is owned by uid 54321" in done.stderr) == (2, True)
