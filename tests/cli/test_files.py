"""Files that are written whole or not at all, and never where another user leads root to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck import writing as files
from nodecheck.writing import write_atomically


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o600)

    write_atomically(str(path), "new")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_document_in_pieces_is_whole_or_not_at_all(tmp_path: Path) -> None:
    def pieces(end: str) -> Iterator[str]:
        yield from ("a", "ü\udcff", end)
        if not end:
            raise OSError("no more")

    write_atomically(str(tmp_path / "report"), pieces("b"))
    with pytest.raises(OSError, match="no more"):
        write_atomically(str(tmp_path / "report"), pieces(""))

    assert (tmp_path / "report").read_text() == "aü\\udcffb"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    write_atomically(str(tmp_path / "link"), "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, and a file of somebody else")


def test_a_link_to_nothing_makes_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b/../c")
    (tmp_path / "b").mkdir()

    write_atomically(str(tmp_path / "a"), "new")

    assert (tmp_path / "c").read_text() == "new"


@as_root
@pytest.mark.parametrize("link", ["report", "folder"])
def test_root_follows_no_link_that_another_planted(tmp_path: Path, link: str) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("precious")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / link).symlink_to("../precious/file" if link == "report" else "../precious")
    for path in (theirs, theirs / link):
        os.lchown(path, NOBODY, NOBODY)

    with pytest.raises(PermissionError, match="writes through no link that user 65534 made"):
        write_atomically(str(theirs / ("report" if link == "report" else "folder/file")), "new")

    assert (tmp_path / "precious/file").read_text() == "precious"


@as_root
def test_what_root_writes_takes_no_rights_from_a_file_of_another(tmp_path: Path) -> None:
    """A setuid file of root's that everybody may write is a way to become root: mmap(2) clears no bit."""
    path = tmp_path / "report"
    for owner, mode, expected in (
        (NOBODY, 0o6777, 0o755),
        (NOBODY, 0o640, 0o640),
        (0, 0o4755, 0o755),
        (0, 0o666, 0o666),
    ):
        path.write_text("old")
        os.chown(path, owner, owner)
        path.chmod(mode)

        write_atomically(str(path), "new")

        assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (expected, 0)
        path.unlink()


@as_root
def test_root_writes_to_no_fifo_of_another(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    os.chown(tmp_path / "fifo", NOBODY, NOBODY)

    with pytest.raises(PermissionError, match="FIFO that user 65534 made"):
        write_atomically(str(tmp_path / "fifo"), "new")


@pytest.mark.parametrize("late_s", [None, 0.2])
def test_a_fifo_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_s: float | None
) -> None:
    monkeypatch.setattr(files, "READER_S", 0.1 if late_s is None else 10.0)
    path = tmp_path / "fifo"
    os.mkfifo(path)
    heard: list[str] = []
    reader = threading.Timer(late_s or 0, lambda: heard.append(path.read_text()))
    if late_s is None:
        with pytest.raises(OSError, match="No such device or address"):
            write_atomically(str(path), "new")
    else:
        reader.start()
        write_atomically(str(path), "x" * 200_000)
        reader.join(10)
        assert heard == ["x" * 200_000]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """In a container the number of the process is the same each time."""
    (tmp_path / f"report.{os.getpid()}.tmp").touch()

    write_atomically(str(tmp_path / "report"), "new")

    assert (tmp_path / "report").read_text() == "new"


@pytest.mark.parametrize("path", ["/", "", "folder", "folder/", "folder/.", "nothing/report", "loop"])
def test_what_can_hold_no_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(OSError, match=r"Is a directory|No such file|Too many levels"):
        write_atomically(path if path in ("/", "") else f"{tmp_path}/{path}", "new")

    assert sorted(os.listdir(tmp_path)) == ["folder", "loop"]


def test_a_relative_path_is_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")

    write_atomically("../report", "new")

    assert (tmp_path / "report").read_text() == "new"


def test_dev_stdout_is_not_replaced(tmp_path: Path) -> None:
    code = "from nodecheck.writing import write_atomically; write_atomically('/dev/stdout', 'text')"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
        assert os.path.samestat(os.fstat(out.fileno()), (tmp_path / "out").stat())

    assert Path("/dev/stdout").is_symlink()
    assert (tmp_path / "out").read_text() == "text"
