"""Cgroup drivers inside k3s, RKE2, k0s and snaps: the given cases, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]
Files = dict[str, str]

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
RANCHER = "/var/lib/rancher/{}/agent/etc/containerd/config.toml"
K3S, RKE2 = RANCHER.format("k3s"), RANCHER.format("rke2")
K3S_UNIT, K3S_CONFIG = "/etc/systemd/system/k3s.service", "/etc/rancher/k3s/config.yaml"
RKE2_CONFIG = "/etc/rancher/rke2/config.yaml"
DROPINS = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d"
K0S, K0S_UNIT = "/etc/k0s/containerd.toml", "/etc/systemd/system/k0sworker.service"
K0S_KUBELET = "/run/k0s/kubelet/config.yaml"
MICROK8S = "/var/snap/microk8s/current/args"
CHARMED = "/var/snap/kubelet/current/args"
CONTAINERD = "/etc/containerd/config.toml"


def runc(value: str, version: int = 2) -> str:
    section = "io.containerd.grpc.v1.cri" if version == 2 else "io.containerd.cri.v1.runtime"
    table = f'plugins."{section}".containerd.runtimes.runc'
    head = f'version = {version}\n[{table}]\nruntime_type = "io.containerd.runc.v2"\n'
    return f"{head}[{table}.options]\nSystemdCgroup = {value}\n"


def k3s(*flags: str) -> str:
    return f"[Service]\nExecStart=/usr/local/bin/k3s server {' '.join(flags)}\n"


TEMPLATE = """version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "${SNAPSHOTTER}"
default_runtime_name = "${RUNTIME}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "${RUNTIME_TYPE}"
"""
MICRO_FLAGS = "--fail-swap-on=false\n--container-runtime-endpoint=${SNAP_COMMON}/run/containerd.sock\n"
SYSTEMD = "--cgroup-driver=systemd\n"
IMPORTS = 'version = 3\nimports = ["/etc/k0s/containerd.d/*.toml"]\n'
NVIDIA = """[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "nvidia"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"
"""


def judged(tree: Tree, files: Files, **options: object) -> dict[str | None, nodecheck.Result]:
    root = tree({"/usr/lib/systemd/systemd": "", **files})
    report = nodecheck.run(root=root, select=["cgroup-driver"], **options)  # type: ignore[arg-type]
    return {result.subject: result for result in report.results}


@pytest.mark.parametrize(
    ("files", "status"),
    [
        # k3s#5454, rke2#4085: the kubelet is told systemd, and containerd is left at cgroupfs
        ({K3S_UNIT: k3s("--kubelet-arg", "cgroup-driver=systemd"), K3S: runc("false")}, "fail"),
        ({K3S_CONFIG: "kubelet-arg:\n- cgroup-driver=systemd\n", K3S: runc("false")}, "fail"),
        ({RKE2_CONFIG: "kubelet-arg:\n- cgroup-driver=systemd\n", RKE2: runc("false")}, "fail"),
        ({K3S_UNIT: k3s("--kubelet-arg=cgroup-driver=cgroupfs"), K3S: runc("true")}, "fail"),
        ({f"{DROPINS}/50-own.conf": HEAD + "cgroupDriver: systemd\n", K3S: runc("false")}, "fail"),
        ({K3S_UNIT: k3s("--kubelet-arg", "cgroup-driver=systemd")}, "unknown"),  # not started yet
        ({K3S_UNIT: k3s("--docker", "--kubelet-arg=cgroup-driver=systemd"), K3S: runc("false")}, "unknown"),
        ({K3S_CONFIG: "container-runtime-endpoint: /run/crio/crio.sock\n", K3S: runc("false")}, "unknown"),
        ({K3S_UNIT: k3s(), K3S: "version = 2\n[plugins\n"}, "unknown"),
        ({f"{DROPINS}/50-own.conf": "cgroupDriver: systemd\n", K3S: runc("false")}, "unknown"),  # refused
        # Look-alikes: what k3s sets by itself, one way or the other; a containerd that its kubelet asks.
        ({K3S_UNIT: k3s(), K3S: runc("false")}, "pass"),
        ({K3S_UNIT: k3s("--docker=false"), K3S: runc("true")}, "pass"),
        ({K3S_UNIT: k3s("--kubelet-arg=cgroup-driver=systemd"), K3S: runc("true")}, "pass"),
        ({K3S_UNIT: k3s("--kubelet-arg=cgroup-driver=systemd"), K3S: runc("false", 3)}, "pass"),
        ({f"{DROPINS}/00-k3s-defaults.conf": HEAD + "cgroupDriver: systemd\n", K3S: runc("true", 3)}, "pass"),
        ({K3S_UNIT: k3s()}, "skip"),
    ],
)
def test_k3s_and_rke2(tree: Tree, files: Files, status: str) -> None:
    assert {name: str(result.status) for name, result in judged(tree, files).items()} == {"agreement": status}


@pytest.mark.parametrize(
    ("files", "status"),
    [
        # k0s#3272, #6547: nvidia as the default, and the kubelet told systemd
        ({K0S: runc("false"), K0S_KUBELET: HEAD + "cgroupDriver: systemd\n"}, "fail"),
        ({K0S: runc("true"), K0S_KUBELET: HEAD}, "fail"),
        ({K0S: runc("true")}, "unknown"),  # /run is empty in an image
        ({K0S_KUBELET: HEAD}, "unknown"),
        ({K0S: runc("false"), K0S_UNIT: "[Service]\nExecStart=/k0s worker --cri-socket=remote:unix:///x\n"}, "unknown"),
        ({K0S: IMPORTS, "/etc/k0s/containerd.d/nvidia.toml": NVIDIA, K0S_KUBELET: HEAD}, "pass"),
        ({K0S: runc("false"), K0S_KUBELET: HEAD}, "pass"),
    ],
)  # fmt: skip
def test_k0s(tree: Tree, files: Files, status: str) -> None:
    found = judged(tree, {"/var/lib/k0s/kubelet.conf": "x", **files})

    assert {name: str(result.status) for name, result in found.items()} == {"agreement": status}


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({f"{MICROK8S}/kubelet": MICRO_FLAGS + SYSTEMD, f"{MICROK8S}/containerd-template.toml": TEMPLATE}, "fail"),
        ({f"{MICROK8S}/kubelet": MICRO_FLAGS, f"{MICROK8S}/containerd.toml": runc("true")}, "fail"),
        ({f"{MICROK8S}/kubelet": MICRO_FLAGS + SYSTEMD}, "unknown"),
        ({f"{MICROK8S}/kubelet": MICRO_FLAGS, f"{MICROK8S}/containerd-template.toml": TEMPLATE}, "pass"),
        ({f"{MICROK8S}/kubelet": '--cgroup-driver="systemd"\n', f"{MICROK8S}/containerd.toml": runc("true")}, "pass"),
        ({"/var/snap/k8s/common/args/kubelet": "--cgroup-driver=systemd\n",
          "/var/snap/k8s/common/etc/containerd/config.toml": runc("false")}, "fail"),
    ],
)  # fmt: skip
def test_snaps_that_start_their_containerd(tree: Tree, files: Files, status: str) -> None:
    assert {name: str(result.status) for name, result in judged(tree, files).items()} == {"agreement": status}


@pytest.mark.parametrize(
    ("flags", "value", "wanted"),
    [
        ('--cgroup-driver="cgroupfs"\n', "true", {"agreement": "fail", "containerd": "pass"}),
        ("--v=2\n", "true", {"agreement": "unknown", "containerd": "pass"}),
        ("--cgroup-driver=systemd\n", "true", {"agreement": "pass", "containerd": "pass"}),
    ],
)
def test_the_charmed_kubelet_uses_the_nodes_containerd(
    tree: Tree, flags: str, value: str, wanted: dict[str, str]
) -> None:
    found = judged(tree, {CHARMED: flags, CONTAINERD: runc(value), "/usr/bin/containerd": "x"})

    assert {name: str(result.status) for name, result in found.items()} == wanted


def test_a_runtime_of_the_nodes_own_beside_an_agent_is_for_information(tree: Tree) -> None:
    found = judged(tree, {K3S_UNIT: k3s(), K3S: runc("true"), CONTAINERD: runc("false"), "/usr/bin/containerd": "x"})

    assert (str(found["agreement"].status), str(found["containerd"].severity)) == ("pass", "info")


def test_a_driver_that_the_profile_names_is_asked_of_both(tree: Tree, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\n[check.cgroup-driver]\ndriver = "systemd"\n')
    found = judged(tree, {K3S_UNIT: k3s(), K3S: runc("false")}, profile=profile)

    wanted = {"agreement": "pass", "containerd": "fail", "kubelet": "fail"}
    assert {name: str(result.status) for name, result in found.items()} == wanted
