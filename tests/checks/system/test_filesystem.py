"""The types of file systems below images and volumes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodecheck.errors import Absent
from nodecheck.facts.files.mounts import NODES_OWN, READERS
from nodecheck.facts.files.path_mount import SNAPSHOTTER, ZFS_VERSION
from nodecheck.host import RootHost
from nodecheck.host.base import Completed
from nodecheck.testing import Entry, assert_declared, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.system.filesystem import NETWORKS, REFUSED, TAKEN, filesystem
from tests.facts.files.test_path_mount import OLD_XFS_INFO, XFS_INFO
from tests.mount_tables import mounted, table

IMAGES, PODS = "/var/lib/containerd", "/var/lib/kubelet"
CONFIG = "/boot/config-6.18.0"
RELEASE: dict[str, Entry] = {"/proc/sys/kernel/osrelease": "6.18.0\n"}
CAUSES = ("unsupported", "not-found", "denied", "offline", "malformed")
NO_V4 = "CONFIG_XFS_FS=m\n# CONFIG_XFS_SUPPORT_V4 is not set\n"


class WithXfsprogs(RootHost):
    """A node with xfsprogs, whose answer is that of the real program; "" where it is not there."""

    said = ""

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        if not self.said:
            raise Absent(argv[0], "no such program")
        return Completed(argv, 0, self.said, "")


def verdicts(root: Path, files: dict[str, Entry], said: str = "", **options: Any) -> dict[str | None, Any]:
    """What is said of a node by its path, judged from a recording of it."""
    host = WithXfsprogs(str(write_tree(root, {f"{IMAGES}/x": "", **files})))
    host.said = said
    recording = record(host)
    first = list(judge(filesystem, recording, **options))
    again = {one.subject: one for one in judge(filesystem, replay(recording.to_data()), **options)}

    assert [(one.status, one.fingerprint) for one in first] == [(one.status, one.fingerprint) for one in again.values()]
    assert all(one.cause is None or one.cause.code in CAUSES for one in again.values())
    return again


@pytest.mark.parametrize(
    ("kind", "images", "pods"),
    [
        ("ext4", "pass", "pass"),
        ("btrfs", "pass", "pass"),
        ("tmpfs", "pass", "pass"),
        ("xfs", "unknown", "pass"),
        ("zfs", "unknown", "pass"),
        ("overlay", "fail", "pass"),
        ("vfat", "fail", "pass"),
        ("nfs4", "fail", "fail"),
        ("cifs", "fail", "fail"),
        ("fuse.glusterfs", "unknown", "unknown"),
        ("virtiofs", "unknown", "unknown"),
    ],
)
def test_types(tmp_path: Path, kind: str, images: str, pods: str) -> None:
    results = verdicts(tmp_path, {NODES_OWN: table(mounted("/var", kind))})

    assert (results[IMAGES].status, results[PODS].status) == (images, pods)
    assert {one.severity for one in results.values()} == {"error"}


@pytest.mark.parametrize(
    ("files", "said", "status"),
    [
        ({f"{IMAGES}/{SNAPSHOTTER}": ""}, "", "pass"),
        ({}, XFS_INFO, "pass"),
        ({}, OLD_XFS_INFO, "fail"),
        ({}, "cannot open", "unknown"),
        ({**RELEASE, CONFIG: NO_V4}, "", "pass"),
        ({**RELEASE, CONFIG: "CONFIG_XFS_FS=m\nCONFIG_XFS_SUPPORT_V4=y\n"}, "", "unknown"),
        ({**RELEASE, CONFIG: "CONFIG_XFS_FS=m\n"}, "", "unknown"),
        ({**RELEASE, CONFIG: NO_V4}, OLD_XFS_INFO, "fail"),
    ],
)
def test_each_source_of_an_xfs_counts(tmp_path: Path, files: dict[str, Entry], said: str, status: str) -> None:
    (result,) = [
        one
        for subject, one in verdicts(tmp_path, {NODES_OWN: table(mounted(IMAGES, "xfs")), **files}, said).items()
        if subject == IMAGES
    ]

    assert result.status == status
    if status == "fail":
        assert result.fix is not None
        assert "mkfs.xfs -n ftype=1" in str(result.fix)


@pytest.mark.parametrize(("version", "status"), [("2.1.5-1ubuntu6\n", "fail"), ("2.2.2-0ubuntu9\n", "pass")])
def test_releases_of_zfs(tmp_path: Path, version: str, status: str) -> None:
    result = verdicts(tmp_path, {NODES_OWN: table(mounted(IMAGES, "zfs")), ZFS_VERSION: version})[IMAGES]

    assert (result.status, result.severity) == (status, "warning" if status == "fail" else "error")


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({NODES_OWN: table()}, "pass"),
        ({READERS: table()}, "unknown"),
        ({}, "skip"),
        ({NODES_OWN: "x\n"}, "unknown"),
        ({NODES_OWN: table(mounted(IMAGES, "nfs4"))}, "fail"),
        ({NODES_OWN: table(mounted("/", "overlay"))}, "fail"),
    ],
)
def test_the_table_of_mounts_counts(tmp_path: Path, files: dict[str, Entry], status: str) -> None:
    assert verdicts(tmp_path, files)[IMAGES].status == status


def test_a_kubelet_elsewhere(tmp_path: Path) -> None:
    """``--root-dir`` is where its volumes are; what it holds is the same."""
    files: dict[str, Entry] = {
        NODES_OWN: table(mounted("/srv/kubelet", "nfs4"), mounted("/var", "overlay")),
        "/etc/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet --root-dir=/srv/kubelet\n",
        "/usr/bin/kubelet": "",
    }
    results = verdicts(tmp_path, files)

    assert set(results) == {"/srv/kubelet", IMAGES}
    assert (results["/srv/kubelet"].status, results["/srv/kubelet"].expected) == (
        "fail",
        "a file system that holds volumes of pods",
    )


def test_a_path_of_the_profile(tmp_path: Path) -> None:
    results = verdicts(
        tmp_path, {NODES_OWN: table(mounted("/srv", "overlay"))}, parameters={"require": ["/srv/images/"]}
    )

    assert_verdicts(results.values(), {"filesystem[/srv/images]": "fail"})


def test_tables_of_real_nodes(corpus: Path) -> None:
    for name in ("07-proc-sys/files/ne-1", "09-host-roots/files/hotsos-vault"):
        assert_verdicts(judge(filesystem, corpus / name), {f"filesystem[{PODS}]": "pass"})


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    assert_declared(filesystem, write_tree(tmp_path, {NODES_OWN: table(mounted("/var", "xfs")), f"{IMAGES}/x": ""}))


def test_no_type_is_in_two_tables() -> None:
    names = [row.name for row in (*REFUSED, *NETWORKS)] + list(TAKEN)

    assert len(names) == len(set(names))


OVERLAYS = """
mount -t tmpfs none "$1" && cd "$1" && mkdir lower upper work one two
mount -t overlay one -o lowerdir=lower,upperdir=upper,workdir=work one && mkdir one/lower one/upper one/work
echo on-tmpfs
mount -t overlay two -o lowerdir=one/lower,upperdir=one/upper,workdir=one/work two 2>/dev/null && echo on-overlay
grep " $1/one " /proc/self/mountinfo
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts in a namespace of its own need root")
def test_a_real_kernel_refuses_it_too(tmp_path: Path) -> None:
    """What the tables say of tmpfs and of overlay, a kernel says."""
    script = ("unshare", "--mount", "sh", "-c", OVERLAYS, "sh", str(tmp_path))
    found = subprocess.run(script, capture_output=True, text=True, check=False).stdout.split("\n")
    if found[0] != "on-tmpfs":
        pytest.skip("this kernel mounts no overlay")

    assert "on-overlay" not in found
    line = next(line for line in found if " overlay " in line)
    results = verdicts(tmp_path / "node", {NODES_OWN: table(line.replace(f"{tmp_path}/one", IMAGES) + "\n")})
    assert results[IMAGES].status == "fail"
