"""Complaints about bridge-nf-call, br_netfilter and sysctls that do not stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.model.steps import Command, Create
from nodecheck.testing import Entry
from tests.complaints.planted import Running, failed, on, plant, statuses, told
from tests.nodes import debian_node

MODULES, SYSCTLS = "/etc/modules-load.d/k8s.conf", "/etc/sysctl.d/k8s.conf"
CALLS = ("net.bridge.bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-iptables")
BRIDGE = ("kernel-module[br_netfilter]", *[f"sysctl[{key}]" for key in CALLS])
BARE: dict[str, Entry] = {
    MODULES: "overlay\n", SYSCTLS: "net.ipv4.ip_forward = 1\n", "/proc/modules": "overlay 1 0 - Live 0x0\n"
}  # fmt: skip
NO_KEYS = tuple(f"proc/sys/{key.replace('.', '/')}" for key in CALLS)
CNIS = {
    "cilium": '{"name": "cilium", "cniVersion": "0.3.1", "plugins": [{"type": "cilium-cni"}]}',
    "ovn": '{"name": "ovn-kubernetes", "type": "ovn-k8s-cni-overlay", "cniVersion": "1.0.0"}',
}


def bare(root: Path, files: dict[str, Entry] | None = None) -> Running:
    """A node that runs without br_netfilter, and whose next boot does not load it."""
    plant(root, {**BARE, **(files or {})}, without=NO_KEYS)
    (root / "proc/sys/net/bridge").rmdir()
    return Running(root)


@pytest.mark.parametrize("cni", CNIS)
def test_complaint_21(tmp_path: Path, cni: str) -> None:
    """kubeadm demanded bridge-nf-call-iptables of every node until 1.30 (kubeadm#3025, k/k#123354), also of those whose
    network has no bridge that iptables must see: there it does not apply, and the reason names the CNI."""
    node = bare(tmp_path, {"/etc/cni/net.d/05-x.conflist": CNIS[cni]})
    found = told(node, *BRIDGE)

    assert {str(one.status) for one in found.values()} == {"skip"}
    assert {one.cause.code for one in found.values() if one.cause is not None} == {"not-applicable"}
    assert f"the CNI {cni} " in found["kernel-module[br_netfilter]"].message
    assert statuses(node, "sysctl[net.ipv4.ip_forward]@boot") == {"sysctl[net.ipv4.ip_forward]@boot": "pass"}


def test_complaint_22(tmp_path: Path) -> None:
    """kubeadm 1.30 dropped the check, and on flannel's nodes Services did not answer, for two days in one report
    (flannel#2068, #2166, k/k#127593): with a CNI of a bridge it is an error, now and after the next boot."""
    expected = {f"{name}{view}" for name in BRIDGE for view in ("", "@boot")}
    assert failed(bare(tmp_path / "bare"), *BRIDGE, kubernetes="1.34") == expected
    assert failed(Running(plant(tmp_path / "whole", {}, debian_node)), *BRIDGE, kubernetes="1.34") == set()


def test_complaint_23(tmp_path: Path) -> None:
    """The error "No such file or directory" of bridge-nf-call-iptables led to the sysctl, and the module is what lacks
    (kubeadm#312, kubespray#1930): the key is told as missing for want of it, and each fix begins with the module."""
    found = told(bare(tmp_path), *BRIDGE)

    for name in BRIDGE[1:]:
        now, boot = found[name], found[f"{name}@boot"]
        assert "no such key" in f"{now.message} {now.actual}"
        assert "br_netfilter" in now.message
        assert now.fix is not None
        assert now.fix.steps[0] == Command(("modprobe", "--", "br_netfilter"))
        assert "br_netfilter" in boot.message
        assert boot.fix is not None
        created = [step.path for step in boot.fix.steps if isinstance(step, Create)]
        assert created == ["/etc/modules-load.d/nodecheck.conf", "/etc/sysctl.d/99-nodecheck.conf"]


FORWARD = "net.ipv4.ip_forward"


@pytest.mark.parametrize(
    ("own", "later"),
    [
        ("/etc/sysctl.d/10-k8s.conf", "/etc/sysctl.d/99-sysctl.conf"),
        ("/etc/sysctl.d/30-k8s.conf", "/usr/lib/sysctl.d/99-vendor.conf"),
        ("/etc/sysctl.d/k8s.conf", "/usr/local/lib/sysctl.d/zz-cloud.conf"),
    ],
)
def test_complaint_24(tmp_path: Path, own: str, later: str) -> None:
    """ip_forward was 1 until the reboot: a later file of the system set it back (amazon-eks-ami#746, skuba#607,
    openshift-ansible#6820), and every preflight reads the running value. The file and line that win are named, and so
    are those that lose."""
    files = {
        own: f"# for pods\n{FORWARD} = 1\n", later: f"# hardening\n{FORWARD} = 0\n",
        f"/proc/sys/{FORWARD.replace('.', '/')}": "1\n",
    }  # fmt: skip
    kept = () if own == SYSCTLS else (SYSCTLS.strip("/"),)
    found = told(plant(tmp_path, files, on("debian-12"), without=kept), f"sysctl[{FORWARD}]")

    assert {name: str(one.status) for name, one in found.items()} == {
        f"sysctl[{FORWARD}]": "pass", f"sysctl[{FORWARD}]@boot": "fail"
    }  # fmt: skip
    boot = found[f"sysctl[{FORWARD}]@boot"]
    places = [(item.source, item.locator) for item in boot.evidence]
    assert (later, "line 2") in places
    assert (own, "line 2") in places
    assert f"{later} line 2" in boot.message
