"""Where paths lead, and what is mounted there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.errors import Absent, FactError, Malformed, Offline
from nodecheck.facts import Mounts, PathMount, SnapshotterSign, XfsGeometry, ZfsRelease
from nodecheck.facts.files.mounts import NODES_OWN, READERS, parse_mounts
from nodecheck.facts.files.path_mount import SNAPSHOTTER, ZFS_VERSION, ftype_in, is_remote, led_to
from nodecheck.host import RootHost
from nodecheck.host.base import Completed
from nodecheck.testing import Entry, TreeLink, record, write_tree
from tests.mount_tables import mounted, table

XFS_INFO = """\
meta-data=/dev/loop0             isize=512    agcount=4, agsize=25600 blks
         =                       sectsz=512   attr=2, projid32bit=1
         =                       crc=1        finobt=1, sparse=1, rmapbt=0
         =                       reflink=1    bigtime=1 inobtcount=1 nrext64=0
data     =                       bsize=4096   blocks=102400, imaxpct=25
         =                       sunit=0      swidth=0 blks
naming   =version 2              bsize=4096   ascii-ci=0, ftype=1
log      =internal log           bsize=4096   blocks=16384, version=2
"""
"""Of xfsprogs 6.1 and Linux 6.18."""
OLD_XFS_INFO = """\
meta-data=/dev/mapper/centos-root isize=256    agcount=4, agsize=2357760 blks
         =                       sectsz=512   attr=2, projid32bit=1
         =                       crc=0        finobt=0 spinodes=0
naming   =version 2              bsize=4096   ascii-ci=0 ftype=0
"""
"""Of CentOS 7.2's installer."""


def found(root: Path, path: str, files: dict[str, Entry]) -> PathMount:
    host = record(write_tree(root, files))
    return PathMount.read(host, path, Mounts.read(host))


def test_the_nearest_mount_and_of_several_the_last(tmp_path: Path) -> None:
    text = table(mounted("/var/lib", "ext4"), mounted("/var/lib/docker", "xfs"), mounted("/var/lib/docker", "nfs4"))

    assert found(tmp_path, "/var/lib/docker/x", {NODES_OWN: text}).mount.kind == "nfs4"
    assert found(tmp_path, "/var/lib/dockerd", {}).mount.path == "/var/lib"
    assert found(tmp_path, "/var", {}).mount.path == "/"


@pytest.mark.parametrize(
    ("links", "path", "kind"),
    [
        ({"/var/lib/docker": TreeLink("/data/docker")}, "/data/docker", "btrfs"),
        ({"/var/lib": TreeLink("../data")}, "/data/docker", "btrfs"),
        ({"/var": TreeLink("/data"), "/data/lib": TreeLink("./x")}, "/data/x/docker", "btrfs"),
        ({"/var/lib/docker": TreeLink("../../../../data/")}, "/data", "btrfs"),
        ({"/var/lib/x": ""}, "/var/lib/docker", "ext4"),
    ],
)
def test_links_are_followed(tmp_path: Path, links: dict[str, Entry], path: str, kind: str) -> None:
    place = found(tmp_path, "/var/lib/docker", {NODES_OWN: table(mounted("/data", "btrfs")), **links})

    assert (place.path, place.mount.kind) == (path, kind)


def test_links_in_a_circle(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="too many links"):
        found(tmp_path, "/a", {NODES_OWN: table(), "/a": TreeLink("b"), "/b": TreeLink("a")})


class Dead(RootHost):
    """A node on which nobody may look at what a dead server has: it would not come back."""

    def link(self, path: str) -> str | None:
        assert not path.startswith("/srv"), path
        return super().link(path)


def test_nothing_is_looked_at_below_a_mount_that_may_be_dead(tmp_path: Path) -> None:
    host = Dead(str(write_tree(tmp_path, {"/var/lib/docker": TreeLink("/srv/nfs/docker")})))
    mounts = parse_mounts(table(mounted("/srv/nfs", "nfs4"), mounted("/srv", "virtiofs")))

    assert led_to(host, "/var/lib/docker", mounts) == "/srv/nfs/docker"
    with pytest.raises(AssertionError):
        led_to(host, "/var/lib/docker")


@pytest.mark.parametrize("kind", ["nfs", "cifs", "fuse.s3fs", "fuseblk", "autofs", "virtiofs"])
def test_what_may_not_answer(kind: str) -> None:
    assert is_remote(kind)
    assert not is_remote("xfs")


def test_whose_table_it_is(tmp_path: Path) -> None:
    assert found(tmp_path / "a", "/", {NODES_OWN: table()}).is_nodes
    assert not found(tmp_path / "b", "/", {READERS: table()}).is_nodes
    with pytest.raises(Offline):
        found(tmp_path / "c", "/", {"/etc/hostname": "x\n"})
    with pytest.raises(Malformed, match="no mount"):
        found(tmp_path / "d", "/var", {NODES_OWN: mounted("/data", "ext4")})


def test_tables_of_real_nodes(corpus: Path) -> None:
    for name, kind, text in (
        ("07-proc-sys/files/ne-1", "ext4", "/ ext4 /dev/dm-2 rw,relatime"),
        ("09-host-roots/files/hotsos-vault", "ext4", "/ ext4 /dev/vda2 rw,relatime"),
    ):
        host = record(corpus / name)
        place = PathMount.read(host, "/var/lib/kubelet", Mounts.read(host))
        assert (place.mount.kind, place.text, place.is_nodes) == (kind, text, True)


def test_what_xfs_says_of_itself() -> None:
    assert (ftype_in(XFS_INFO), ftype_in(OLD_XFS_INFO), ftype_in("")) == (1, 0, None)


class Answering(RootHost):
    """A node with xfsprogs, whose answer is that of the real program."""

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        assert argv == ("xfs_spaceman", "-c", "info", "/var")
        return Completed(argv, 0, OLD_XFS_INFO, "")


def test_the_mount_point_is_asked(tmp_path: Path) -> None:
    """Of any other path the program says that it is no mount point of an xfs."""
    place = found(tmp_path, "/var/lib/docker", {NODES_OWN: table(mounted("/var", "xfs"))})

    assert XfsGeometry.read(Answering(str(tmp_path)), place) == XfsGeometry(0, "/var")
    with pytest.raises(FactError):
        XfsGeometry.read(record(tmp_path), place)


def test_what_a_snapshotter_left(tmp_path: Path) -> None:
    path = f"/var/lib/rancher/k3s/agent/containerd/{SNAPSHOTTER}"
    host = record(write_tree(tmp_path, {path: ""}))

    assert SnapshotterSign.read(host, "/var/lib/rancher") == SnapshotterSign(path)
    assert SnapshotterSign.read(host, "/var/lib/containerd") == SnapshotterSign()


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.1.5-1ubuntu6~22.04.1\n", (2, 1, 5)), ("2.2.0-1\n", (2, 2, 0)), ("x\n", ())]
)
def test_releases_of_zfs(tmp_path: Path, text: str, numbers: tuple[int, ...]) -> None:
    assert ZfsRelease.read(record(write_tree(tmp_path, {ZFS_VERSION: text}))).numbers == numbers


def test_no_zfs_is_loaded(tmp_path: Path) -> None:
    with pytest.raises((Absent, Offline)):
        ZfsRelease.read(record(tmp_path))
