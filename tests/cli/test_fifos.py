"""Files that are named are read at once or refused: nobody may ever write the FIFO that stands in their place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.program import PROGRAM

PLACES = {
    "convert": ("convert", "FIFO", "--to", "html"),
    "diff": ("diff", "FIFO", "FIFO"),
    "diff to the second": ("diff", "report.json", "FIFO"),
    "profile": ("run", "--root", ".", "--profile", "./FIFO"),
    "profile validate": ("profile", "validate", "FIFO"),
    "profile show": ("profile", "show", "./FIFO"),
    "waivers": ("run", "--root", ".", "--waivers", "FIFO"),
    "waive": ("waive", "--list", "--file", "FIFO"),
    "waive with a new one": ("waive", "swap", "--reason", "x", "--until", "1d", "--owner", "me", "--file", "FIFO"),
    "configuration": ("audit", "--config", "FIFO", "--state", "state"),
    "history": ("history", "--state", "fifos"),
    "audit": ("audit", "--state", "fifos", "--root", "."),
}


@pytest.fixture
def folder(tmp_path: Path, nodecheck: Command) -> Path:
    """A directory with FIFOs, and a report beside them."""
    (tmp_path / "fifos").mkdir(mode=0o755)
    os.mkfifo(tmp_path / "FIFO", 0o644)
    os.mkfifo(tmp_path / "fifos/history.sqlite3", 0o640)
    (tmp_path / "node").mkdir()
    report = nodecheck("run", "--root", "node", "--json", "--select", "swap")
    (tmp_path / "report.json").write_text(report.out)
    return tmp_path


@pytest.mark.parametrize("place", list(PLACES))
def test_no_reader_waits_for_a_fifo(folder: Path, nodecheck: Command, place: str) -> None:
    ended = nodecheck(*PLACES[place])

    assert ended.err.startswith("nodecheck: ")
    assert ended.code == 2 or "the history was damaged (not a regular file); it was set aside" in ended.err


def test_a_writer_that_writes_nothing_is_not_waited_for(folder: Path, nodecheck: Command) -> None:
    fd = os.open(folder / "FIFO", os.O_RDWR)
    try:
        ended = nodecheck("convert", "FIFO", "--to", "html")
    finally:
        os.close(fd)

    assert (ended.code, "FIFO: cannot be read: not a regular file" in ended.err) == (2, True)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "."])
def test_what_is_no_file_at_all_is_refused(nodecheck: Command, path: str) -> None:
    assert nodecheck("convert", path, "--to", "html").code == 2


def test_a_pipe_of_the_shell_is_read_to_its_end(folder: Path) -> None:
    """``convert <(ssh NODE nodecheck run --json)``: who writes it is a process of the same line."""
    line = f"{sys.executable} -m nodecheck convert /dev/fd/3 --to text"
    done = subprocess.run(
        ["sh", "-c", f"(sleep 0.2; cat report.json) | {line} 3<&0 </dev/null"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "swap" in done.stdout


def test_standard_input_is_documented_for_reports(folder: Path) -> None:
    with open(folder / "report.json", "rb") as report:
        done = subprocess.run(
            [*PROGRAM, "convert", "/dev/stdin", "--to", "text"],
            stdin=report, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode == 0
