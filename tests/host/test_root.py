"""The seam: bounded reads, errors told apart, and no way out of the root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodecheck.errors import Absent, Denied, FactError, Malformed, Offline, TooLarge, UsageError
from nodecheck.host import LiveHost, RootHost, open_host, root
from nodecheck.host.base import Question, exists, text
from nodecheck.host.root import MOST_KEPT
from tests.rights import modes_hold


def test_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_bytes(b"caf\xe9\n")

    host = RootHost(str(tmp_path))

    assert host.read("/etc/hostname") == b"caf\xe9\n"
    assert text(host, "/etc/hostname") == "caf\udce9\n"
    assert host.names("/etc") == ("hostname",)


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../../../etc/hostname",
        "../../../../../../../../etc/hostname",
        "/etc/hostname",
        "etc/../../../etc/hostname",
    ],
)
def test_no_link_leaves_the_root(tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("outside")
    (root / "link").symlink_to(target)
    (root / "deep").symlink_to("/..")

    host = RootHost(str(root))

    for path in ("/link", "/deep/etc/hostname", "/../etc/hostname"):
        with pytest.raises(Absent):
            host.read(path)
    (root / "etc/hostname").write_text("inside")
    assert host.read("/link") == b"inside"
    assert host.read("/deep/etc/hostname") == b"inside"


def test_absolute_directory_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/sysctl.d").mkdir(parents=True)
    (tmp_path / "usr/lib/sysctl.d/50-x.conf").write_text("a = 1")
    (tmp_path / "lib").symlink_to("/usr/lib")

    host = RootHost(str(tmp_path))

    assert host.names("/lib/sysctl.d") == ("50-x.conf",)
    assert host.read("/lib/sysctl.d/50-x.conf") == b"a = 1"
    assert host.link("/lib") == "/usr/lib"
    assert host.link("/usr") is None
    assert host.link("/none/at/all") is None


def test_dev_null_needs_no_device_in_the_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/masked").symlink_to("/dev/null")
    (tmp_path / "etc/relative").symlink_to("../dev/null")

    host = RootHost(str(tmp_path))

    assert host.read("/etc/masked") == host.read("/etc/relative") == b""
    assert host.stat("/etc/masked").kind == "null"


@pytest.mark.parametrize("live", [False, True])
def test_errors_are_told_apart(tmp_path: Path, live: bool) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 30)
    host = LiveHost() if live else RootHost(str(tmp_path))
    base = str(tmp_path) if live else ""

    for name, error in {
        "none": Absent, "dir": Malformed, "fifo": Malformed, "loop": Malformed, "huge": TooLarge, "file/x": Malformed,
        "n" * 300: Malformed, "nul\0": Malformed,
    }.items():  # fmt: skip
        with pytest.raises(error) as caught:
            host.read(f"{base}/{name}")
        assert type(caught.value) is error
    with pytest.raises(Malformed):
        host.names(f"{base}/file")
    assert exists(host, f"{base}/fifo")
    assert not exists(host, f"{base}/none")


def test_denied(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)

    with modes_hold(), pytest.raises(Denied):
        RootHost(str(tmp_path)).read("/secret")


def test_a_file_that_grows_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)

    host = RootHost(str(tmp_path))

    assert host.read("/file", 100) == b"x" * 100
    with pytest.raises(TooLarge):
        host.read("/file", 99)


def test_proc_that_is_not_there_is_offline(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("quiet\n")

    host = RootHost(str(tmp_path))

    assert host.read("/proc/cmdline") == b"quiet\n"
    for path in ("/proc/swaps", "/sys/fs/selinux/enforce"):
        with pytest.raises(Offline):
            host.read(path)
    with pytest.raises(Offline):
        host.run(("true",))
    with pytest.raises(Offline):
        host.netlink("links")


@pytest.mark.skipif(not os.path.exists("/proc/self/mountinfo"), reason="needs a mounted /proc")
def test_a_real_procfs_proves_absence() -> None:
    with pytest.raises(FactError) as caught:
        LiveHost().read("/proc/no-such-file")

    assert type(caught.value) is Absent


def test_root_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for path in (tmp_path / "file", tmp_path / "none"):
        with pytest.raises(UsageError):
            open_host(str(path))
    assert open_host("/").kind == "live"


def test_directories_that_are_kept_open_are_those_of_their_path(tmp_path: Path) -> None:
    """A link in the last component leads elsewhere: what lies beside it is still in its own directory."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own").write_text(name)
    (tmp_path / "b/same").write_text("b")
    (tmp_path / "a/same").symlink_to("../b/same")
    (tmp_path / "c").symlink_to("b")
    host = RootHost(str(tmp_path))

    for _ in range(2):
        assert [host.read(f"/{path}") for path in ("a/same", "a/own", "c/own", "c/../a/own", "b/./own")] == [
            b"b", b"a", b"b", b"a", b"b"
        ]  # fmt: skip
        assert (host.link("/a/same"), host.link("/a/own"), host.link("/a/none")) == ("../b/same", None, None)
        with pytest.raises(Absent):
            host.read("/a/none")
        with pytest.raises(Malformed):
            host.read("/a/own/x")


def test_kept_directories_are_few_and_closed_with_the_host(tmp_path: Path) -> None:
    def kept() -> int:
        """Descriptors of this test's own directories: others may be closed meanwhile, with what they belong to."""
        with os.scandir("/proc/self/fd") as open_files:
            return sum(os.readlink(one.path).startswith(f"{tmp_path}/") for one in open_files)

    for number in range(MOST_KEPT + 20):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "file").write_text(str(number))
    host = RootHost(str(tmp_path))
    texts = [host.read(f"/{number}/file") for number in range(MOST_KEPT + 20)]

    assert texts == [str(number).encode() for number in range(MOST_KEPT + 20)]
    assert kept() == MOST_KEPT - 1  # and the root itself
    del host
    assert kept() == 0


def test_answers_are_kept_as_long_as_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root, "MOST_ANSWERS", 1000)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 600)
    host = RootHost(str(tmp_path))
    asked = [Question("read", (f"/{name}",)) for name in ("a", "b", "none")]

    def found() -> list[bytes]:
        return [host.ask(question)[:1] for question in asked[:2]]

    assert found() == [b"a", b"b"]
    with pytest.raises(Absent):
        host.ask(asked[2])
    for name in ("a", "b", "none"):
        (tmp_path / name).write_bytes(b"new" * 200)
    assert found() == [b"a", b"n"]
    with pytest.raises(Absent):
        host.ask(asked[2])
