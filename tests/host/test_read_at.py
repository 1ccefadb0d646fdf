"""Parts of files that are too large to be read whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodecheck.errors import Absent, Malformed, Offline
from nodecheck.host import Host, LiveHost, RootHost
from nodecheck.host.record import Recorder


def both(root: Path) -> list[tuple[Host, str]]:
    """The live host and a root, each with the prefix under which it has the files of ``root``."""
    return [(LiveHost(), str(root)), (RootHost(str(root)), "")]


def test_parts(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with open(tmp_path / "large", "wb") as sparse:
        sparse.truncate(1 << 34)
    for host, prefix in both(tmp_path):
        assert host.read_at(f"{prefix}/file", 3, 4) == b"3456"
        assert host.read_at(f"{prefix}/file", 8, 9) == b"89"
        assert host.read_at(f"{prefix}/file", 99, 9) == b""
        assert host.read_at(f"{prefix}/large", 1 << 33, 2) == b"\0\0"


def test_other_things(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    for host, prefix in both(tmp_path):
        for name in ("loop", "fifo", "directory"):
            with pytest.raises(Malformed):
                host.read_at(f"{prefix}/{name}", 0, 1)
        with pytest.raises(Absent):
            host.read_at(f"{prefix}/none", 0, 1)


def test_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("inside")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert RootHost(str(tmp_path)).read_at("/link", 0, 6) == b"inside"
    with pytest.raises(Offline):
        RootHost(str(tmp_path)).read_at("/proc/swaps", 0, 1)


def test_a_file_is_evidence_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    recorder = Recorder(RootHost(str(tmp_path)))
    for offset in range(9):
        recorder.read_at("/file", offset, 1)
    with pytest.raises(Absent):
        recorder.read_at("/none", 0, 1)
    assert [(item.source, item.value) for item in recorder.seen] == [("/file", ""), ("/none", None)]
