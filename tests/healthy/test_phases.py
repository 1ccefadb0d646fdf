"""Healthy nodes in each phase that is theirs: nothing of them fails, and nothing is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import assert_verdicts, run
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS
from tests.healthy.test_healthy import _wrong

KUBEADM = ("debian-12", "debian-13", "raspberry-pi-os-13")
"""Nodes that kubeadm joined; the others have an agent, which they have from its installation on."""

WRITTEN = (
    "etc/kubernetes/kubelet.conf", "etc/kubernetes/pki/ca.crt", "var/lib/kubelet/config.yaml",
    "var/lib/kubelet/kubeadm-flags.env", *[one.path for one in SETUPS["debian-12"].added if "kubelet/pki" in one.path],
)  # fmt: skip
"""What ``kubeadm join`` writes."""
NOT_YET = (
    "cgroup-driver[kubelet]", "kubelet-config", "kubelet-defaults", "kubelet-defaults@boot", "kubelet-swap",
    "kubelet-swap@boot", "removed-setting@boot", "shutdown-inhibit@boot",
)  # fmt: skip
"""What asks the kubelet's configuration."""


def before_joining(name: str, folder: Path) -> Path:
    """The node with kubeadm's packages and without what joining brings."""
    root = healthy_node(name, folder)
    for path in WRITTEN:
        (root / path).unlink(missing_ok=True)
    (root / "etc/machine-id").unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    return root


@pytest.mark.parametrize("name", sorted(SETUPS))
def test_an_image_of_it(tmp_path: Path, name: str) -> None:
    root, setup = healthy_node(name, tmp_path), SETUPS[name]
    (root / "etc/machine-id").unlink(missing_ok=True)
    if (root / "etc/cloud/cloud.cfg").exists():  # which would give each node another name than that of the tree
        (root / "etc/cloud/cloud.cfg.d/99-name.cfg").write_text("preserve_hostname: true\n")

    report = run(root, kubernetes=setup.kubernetes, role=setup.role, proxy_mode="iptables")

    assert report.profile.phase == "image"
    assert list(_wrong(name, report)) == []


@pytest.mark.parametrize("name", sorted(SETUPS))
def test_before_an_upgrade(tmp_path: Path, name: str) -> None:
    setup = SETUPS[name]
    root = healthy_node(name, tmp_path)
    report = run(root, kubernetes=setup.kubernetes, role=setup.role, proxy_mode="iptables", phase="upgrade")
    assert list(_wrong(name, report)) == []


@pytest.mark.parametrize("phase", [None, "join"])
@pytest.mark.parametrize("name", KUBEADM)
def test_before_it_joins(tmp_path: Path, name: str, phase: str | None) -> None:
    root, setup = before_joining(name, tmp_path), SETUPS[name]

    report = run(root, kubernetes=setup.kubernetes, role="worker", proxy_mode="iptables", phase=phase)

    assert report.profile.phase == (phase or "install")
    assert list(_wrong(name, report)) == []
    assert report.summary.exit_code == 0
    assert_verdicts(report, {**dict.fromkeys(NOT_YET, "skip"), "cgroup-driver[containerd]": "pass"})
    assert {result.status for result in report if result.check == "leftover"} == {"pass"}
    path = "/var/lib/kubelet/config.yaml"
    told = f"{path} is not there yet: it is written when the node joins a cluster"
    assert {report[name].message for name in NOT_YET} == {told}
    assert {item.source for name in NOT_YET for item in report[name].evidence} == {path}


def test_a_node_that_joined_and_lost_its_configuration_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    root = before_joining("debian-13", tmp_path)
    (root / "etc/kubernetes/kubelet.conf").write_text("kind: Config\n")

    report = run(root, role="worker", kubernetes="1.34")

    others = [name for name in NOT_YET if name != "kubelet-config"]
    assert_verdicts(report, {**dict.fromkeys(others, "unknown"), "kubelet-config": "fail"})


def test_a_kubelet_alone_without_its_file_does_not_start(tmp_path: Path) -> None:
    """No kubeconfig is given to it, so that nothing joins it to a cluster and writes the file."""
    root = before_joining("debian-13", tmp_path)
    unit = next(path for path in root.rglob("*") if path.name == "kubelet.service" and path.is_file())
    for dropin in root.rglob("10-kubeadm.conf"):
        dropin.unlink()
    unit.write_text("[Service]\nExecStart=/usr/bin/kubelet --config=/etc/own.yaml\n")

    assert_verdicts(run(root, select=["kubelet-swap"]), {"kubelet-swap": "unknown", "kubelet-swap@boot": "unknown"})
