"""Files that are written whole or not at all, and links that nobody but the kernel follows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.cli.outputs import write_atomically


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o600)

    write_atomically(str(path), "new")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    write_atomically(str(tmp_path / "link"), "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_the_kernel_refuses_a_link_that_another_planted(tmp_path: Path) -> None:
    protected = Path("/proc/sys/fs/protected_symlinks")
    if os.geteuid() != 0 or not protected.exists() or protected.read_text().strip() != "1":
        pytest.skip("needs root and fs.protected_symlinks=1")
    tmp_path.chmod(0o1777)
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "report").symlink_to("precious")
    os.lchown(tmp_path / "report", 65534, 65534)

    with pytest.raises(PermissionError):
        write_atomically(str(tmp_path / "report"), "new")

    assert (tmp_path / "precious").read_text() == "precious"


def test_dev_stdout_is_not_replaced(tmp_path: Path) -> None:
    code = "from nodecheck.cli.outputs import write_atomically; write_atomically('/dev/stdout', 'text')"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
        assert os.path.samestat(os.fstat(out.fileno()), (tmp_path / "out").stat())

    assert Path("/dev/stdout").is_symlink()
    assert (tmp_path / "out").read_text() == "text"
