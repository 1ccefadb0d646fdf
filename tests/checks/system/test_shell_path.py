"""Programs that a person's shell finds and no service does: the given case, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]

FLATCAR = "ID=flatcar\nID_LIKE=coreos\nVERSION_ID=3975.2.0\n"
UBUNTU = 'ID=ubuntu\nVERSION_ID="22.04"\n'
SYSTEM = ("sh", "mount", "nsenter", "ip", "iptables", "socat", "ethtool", "tc", "conntrack", "ebtables")


def judged(
    tree: Tree, release: str, programs: tuple[str, ...], kubernetes: str = "1.28", without: tuple[str, ...] = ()
) -> nodecheck.Report:
    root = tree({"/etc/os-release": release})
    for path in (*[f"/usr/bin/{name}" for name in SYSTEM if name not in without], *programs):
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    return nodecheck.run(root=root, select=["command"], kubernetes=kubernetes, role="worker")


@pytest.mark.parametrize(
    ("release", "programs", "status"),
    [
        # flatcar#337; Konvoy's, Cluster API's and Kubespray's layouts
        (FLATCAR, ("/opt/bin/crictl", "/opt/bin/kubeadm"), "pass"),
        (FLATCAR, ("/opt/bin/crictl",), "pass"),
        (UBUNTU, ("/opt/bin/crictl", "/opt/bin/kubeadm"), "pass"),
        (UBUNTU, ("/usr/local/bin/crictl",), "pass"),
        # Look-alikes: not in the PATH of anybody's shell, not executable, not there.
        (UBUNTU, ("/opt/bin/crictl",), "fail"),
        (UBUNTU, ("/opt/bin/crictl", "/usr/bin/kubeadm"), "fail"),
        (FLATCAR, ("/opt/bin/kubeadm",), "fail"),
        (FLATCAR, ("/opt/cni/bin/crictl",), "fail"),
    ],
)
def test_what_kubeadm_alone_asks_for(tree: Tree, release: str, programs: tuple[str, ...], status: str) -> None:
    assert judged(tree, release, programs)["command[crictl]"].status == status


def test_conntrack_too(tree: Tree) -> None:
    found = judged(tree, FLATCAR, ("/opt/bin/conntrack", "/opt/bin/crictl"), without=("conntrack",))

    assert found["command[conntrack]"].status == "pass"


def test_what_the_kubelet_needs_must_be_where_its_service_finds_it(tree: Tree) -> None:
    found = judged(tree, FLATCAR, ("/opt/bin/mount", "/opt/bin/kubeadm", "/opt/bin/crictl"), without=("mount",))

    assert found["command[mount]"].status == "fail"
