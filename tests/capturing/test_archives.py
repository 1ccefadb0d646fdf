"""Archives of sos and insights as captures: never a verdict that the node does not have."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

import nodecheck
from nodecheck import CaptureError
from tests.nodes import debian_node

COPIED = (
    "etc/os-release",
    "etc/debian_version",
    "etc/fstab",
    "etc/hosts",
    "etc/hostname",
    "etc/sysctl.d",
    "usr/lib/systemd/system",
    "etc/systemd",
)
TOLD = {
    "kernel/sysctl_-a": "net.ipv4.ip_forward = 1\nvm.swappiness = 60\n",
    "systemd/timedatectl": "System clock synchronized: yes\n",
}


def sosreport(node: Path, target: Path, commands: str = "sos_commands") -> Path:
    """What sos would copy of a node, as a directory."""
    (node / "etc/debian_version").write_text("13.1\n")
    top = target / "sosreport-node1-2026-11-30"
    for name in COPIED:
        source = node / name
        if source.is_dir():
            shutil.copytree(source, top / name, symlinks=True)
        elif source.exists():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, top / name)
    for name, text in TOLD.items():
        (top / commands / name).parent.mkdir(parents=True, exist_ok=True)
        (top / commands / name).write_text(text)
    (top / "proc").mkdir()
    (top / "proc/swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 64 0 -2\n")
    return top


def packed(top: Path, mode: str) -> Path:
    path = top.parent / f"sos.tar.{mode}"
    with tarfile.open(path, f"w:{mode}") as archive:  # type: ignore[call-overload]
        archive.add(top, top.name)
    return path


def statuses(path: Path) -> dict[str, str]:
    return {result.id: result.status.value for result in nodecheck.run(capture=path)}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return debian_node(tmp_path / "node")


def test_what_is_in_it_is_judged_and_nothing_else(node: Path, tmp_path: Path) -> None:
    found = statuses(sosreport(node, tmp_path / "sos"))
    truth = {result.id: result.status.value for result in nodecheck.run(root=node)}

    assert (found["os-release"], found["swap[/dev/sda2]"]) == ("pass", "fail")
    assert (found["sysctl[net.ipv4.ip_forward]"], found["time-sync"]) == ("pass", "pass")
    wrong = [name for name, status in found.items() if {status, truth.get(name)} == {"pass", "fail"}]
    assert wrong == []
    assert "unknown" in (found["swap@boot"], found["kernel-module[br_netfilter]@boot"])


@pytest.mark.parametrize("mode", ["gz", "xz", "bz2", ""])
def test_however_it_is_packed(node: Path, tmp_path: Path, mode: str) -> None:
    top = sosreport(node, tmp_path / "sos")
    found = statuses(top.parent)
    assert found == statuses(top) == statuses(packed(top, mode))


def test_an_archive_of_insights(node: Path, tmp_path: Path) -> None:
    top = sosreport(node, tmp_path / "insights", "insights_commands")
    (top / "insights_archive.txt").write_text("")
    data = top / "data"
    data.mkdir()
    for name in ("etc", "proc", "usr", "insights_commands"):
        (top / name).rename(data / name)
    found = statuses(top)
    assert (found["os-release"], found["swap[/dev/sda2]"], found["time-sync"]) == ("pass", "fail", "pass")
    assert found["service@boot"] == "unknown"  # insights copies no directory whole


def test_where_a_tool_copied_a_directory_whole_what_is_missing_is_absent(node: Path, tmp_path: Path) -> None:
    from nodecheck.capturing.archives import read_archive
    from nodecheck.capturing.host import CaptureHost
    from nodecheck.errors import Absent, NotCaptured

    host = CaptureHost(read_archive(str(sosreport(node, tmp_path / "sos"))), "x")
    assert host.names("/etc/sysctl.d") == tuple(sorted(os.listdir(node / "etc/sysctl.d")))
    with pytest.raises(Absent):
        host.stat("/etc/systemd/no.conf")
    with pytest.raises(NotCaptured):
        host.stat("/etc/no.conf")


def test_secrets_stay_out(tmp_path: Path) -> None:
    top = tmp_path / "sos"
    for name, text in {
        "etc/systemd/a.conf": "token: abcdef.0123456789abcdef\n",
        "etc/kubernetes/admin.conf": "s3cret",
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    (top / "sos_commands").mkdir()
    (top / "sos_commands/x").write_text("")
    from nodecheck.capturing.archives import read_archive
    from nodecheck.capturing.text import dumped

    raw = dumped(read_archive(str(top)))
    assert b"0123456789abcdef" not in raw
    assert b"s3cret" not in raw
    assert b"~secret~" in raw


def test_hostile_members(tmp_path: Path) -> None:
    path = tmp_path / "sos.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind, target in [
            ("s/sos_commands/x", tarfile.REGTYPE, ""), ("s/../../etc/passwd", tarfile.REGTYPE, ""),
            ("/etc/shadow", tarfile.REGTYPE, ""), ("s/etc/fstab", tarfile.SYMTYPE, "/etc/shadow"),
            ("s/etc/hosts", tarfile.LNKTYPE, "/etc/shadow"), ("s/etc/null", tarfile.CHRTYPE, ""),
            ("s/etc/fifo", tarfile.FIFOTYPE, ""), ("s/proc/self", tarfile.SYMTYPE, "1"),
        ]:  # fmt: skip
            item = tarfile.TarInfo(name)
            item.type, item.linkname = kind, target
            archive.addfile(item, io.BytesIO(b""))
    before = sorted(tmp_path.rglob("*"))
    assert "pass" not in {status for name, status in statuses(path).items() if name.startswith("swap")}
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "content", [b"\xfd7zXZ\0" + b"x" * 100, b"BZh9" + b"\0" * 600, b"\0" * 257 + b"ustar" + b"\0" * 400]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CaptureError, match="x: "):
        nodecheck.run(capture=tmp_path / "x")


def test_a_directory_without_a_mark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    with pytest.raises(CaptureError, match="expected a capture, or an archive of sos or insights"):
        nodecheck.run(capture=tmp_path)


@pytest.mark.skipif("NODECHECK_SOS" not in os.environ, reason="set NODECHECK_SOS=1 to make a sosreport of this machine")
def test_a_real_sosreport(tmp_path: Path) -> None:
    argv = ["sos", "report", "--batch", "--tmp-dir", str(tmp_path), "--plugin-timeout", "60", "-q"]
    subprocess.run(argv, check=True, capture_output=True, timeout=900)
    archive = next(path for path in tmp_path.iterdir() if ".tar" in path.suffixes and path.suffix != ".md5")
    found, truth = statuses(archive), {result.id: result.status.value for result in nodecheck.run()}
    assert [name for name, status in found.items() if {status, truth.get(name)} == {"pass", "fail"}] == []
