"""One fault of memory, file systems or mounts in a healthy node makes its check fail, and no other that is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck import Report
from nodecheck.facts.files.mounts import NODES_OWN
from nodecheck.facts.hardware.memory import MEMINFO
from nodecheck.testing import Entry, TreeDirectory, run, write_tree
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS
from tests.mount_tables import ROOT, mounted, table

CONTAINERD, KUBELET = "/var/lib/containerd", "/var/lib/kubelet"
HEALTHY: dict[str, Entry] = {
    NODES_OWN: table(mounted(CONTAINERD, "xfs")),
    MEMINFO: "MemTotal:        4036680 kB\nMemFree:          225472 kB\n",
    f"{CONTAINERD}/io.containerd.snapshotter.v1.overlayfs/metadata.db": "",
}
"""What a node that runs shows besides its files: enough memory, and images on an xfs of their own."""

FAULTS: dict[str, tuple[dict[str, Entry], frozenset[str]]] = {
    "memory": ({MEMINFO: "MemTotal:        1012044 kB\n"}, frozenset({"memory"})),
    "images on overlay": (
        {NODES_OWN: table(mounted(CONTAINERD, "overlay"))},
        frozenset({f"filesystem[{CONTAINERD}]"}),
    ),
    "the kubelet on NFS": ({NODES_OWN: table(mounted(KUBELET, "nfs4"))}, frozenset({f"filesystem[{KUBELET}]"})),
    "noexec": (
        {NODES_OWN: table(mounted(CONTAINERD, "ext4", "rw,noexec"))},
        frozenset({f"mount-options[{CONTAINERD}]"}),
    ),
    "noexec at boot": (
        {"/etc/fstab": f"/dev/sdb1 {CONTAINERD} xfs noexec 0 0\n"},
        frozenset({f"mount-options[{CONTAINERD}]@boot"}),
    ),
    "private": (
        {NODES_OWN: ROOT.replace("shared:1 ", "") + mounted(CONTAINERD, "xfs")},
        frozenset({"mount-propagation"}),
    ),
    "private at boot": ({"/etc/fstab": "/dev/sda1 / ext4 private 0 1\n"}, frozenset({"mount-propagation@boot"})),
    "shut at boot": (
        {"/etc/tmpfiles.d/a.conf": "z /var/lib 0700\n"},
        frozenset({f"path-access[{path}]@boot" for path in (CONTAINERD, KUBELET, "/var/lib/etcd")}),
    ),
}
"""Files that are written, and the errors that come of it: by their ids, and no other."""


def errors(report: Report) -> frozenset[str]:
    return frozenset([one.id for one in report if str(one.status) == "fail" and str(one.severity) == "error"])


def judged(root: Path) -> Report:
    setup = SETUPS["debian-12"]
    return run(root, kubernetes=setup.kubernetes, role="control-plane", proxy_mode="iptables")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The errors of the node without a fault."""
    root = write_tree(healthy_node("debian-12", tmp_path_factory.mktemp("healthy")), HEALTHY)
    report = judged(root)

    assert {str(report[one].status) for one in ("memory", f"filesystem[{CONTAINERD}]", "mount-propagation")} == {"pass"}
    return errors(report)


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_fails_its_check_and_no_other(tmp_path: Path, before: frozenset[str], name: str) -> None:
    files, expected = FAULTS[name]
    root = write_tree(healthy_node("debian-12", tmp_path), {**HEALTHY, **files})

    assert errors(judged(root)) - before == expected


def test_the_node_without_a_fault_has_no_error_of_these(before: frozenset[str]) -> None:
    names = ("memory", "disk-free", "inodes-free", "filesystem", "mount-options", "mount-propagation", "path-access")

    assert [one for one in before if one.startswith(names)] == []


def test_directories_that_are_shut(tmp_path: Path) -> None:
    """tmpfiles.d of systemd opens ``/var`` and ``/var/lib`` again; without it they stay shut."""
    root = healthy_node("debian-12", tmp_path)
    (root / "usr/lib/tmpfiles.d/var.conf").unlink(missing_ok=True)
    shut = f"path-access[{KUBELET}]@boot"
    assert shut not in errors(judged(root))
    write_tree(root, {"/var": TreeDirectory(0o700)})

    assert shut in errors(judged(root))
