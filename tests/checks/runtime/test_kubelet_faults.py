"""Kinds of faults of the kubelet that keep it from running, each with the given case, another form and a look-alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]

KUBELET = "/var/lib/kubelet/config.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
UNIT = "/lib/systemd/system/kubelet.service"
DROPIN = "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf"
CONFIG = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: systemd\n"
RUNC = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc'
CONTAINERD = f'version = 2\n[{RUNC}]\nruntime_type = "io.containerd.runc.v2"\n[{RUNC}.options]\nSystemdCgroup = true\n'
KUBEADM = """[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
ENDPOINT = "--container-runtime-endpoint=unix:///run/containerd/containerd.sock"


def judged(
    tree: Tree, release: str | None, flags: str = "", config: str = "", **files: str
) -> dict[str | None, nodecheck.Result]:
    root: dict[str, str | bytes] = {
        "/usr/bin/kubelet": "x",
        "/usr/bin/containerd": "x",
        "/etc/containerd/config.toml": CONTAINERD,
        UNIT: "[Service]\nExecStart=/usr/bin/kubelet\n",
        DROPIN: KUBEADM,
        KUBELET: CONFIG + config,
        FLAGS: f'KUBELET_KUBEADM_ARGS="{ENDPOINT} {flags}"\n',
        **{f"/{name}": text for name, text in files.items()},
    }
    if release is not None:
        package = f"Package: kubelet\nStatus: hold ok installed\nArchitecture: amd64\nVersion: {release}-1.1\n"
        root["/var/lib/dpkg/status"] = package
    report = nodecheck.run(root=tree(root), select=["cgroup-driver"])
    return {result.subject: result for result in report.results}


@pytest.mark.parametrize(
    ("release", "flags", "told"),
    [
        # kubespray#8924, kubernetes/website#34755, #36896
        ("1.24.5", "--container-runtime=remote --network-plugin=cni", "unknown flag: --network-plugin"),
        # kubespray#13125, kubeadm#3281
        ("1.35.0", "--pod-infra-container-image=registry.k8s.io/pause:3.10", "--pod-infra-container-image"),
        # kubespray#9570: klog's flags
        ("1.26.0", "--logtostderr=true", "--logtostderr"),
        ("1.27.1", "--container-runtime=remote", "--container-runtime "),
        ("1.24.0", "--cni-bin-dir=/opt/cni/bin", "--cni-bin-dir"),
        ("1.24.0", "--dynamic-config-dir=/var/lib/kubelet/dynamic", "--dynamic-config-dir"),
        ("1.31.2", "--keep-terminated-pod-volumes=false", "--keep-terminated-pod-volumes"),
        ("1.31.2", "--iptables-masquerade-bit=14", "--iptables-masquerade-bit"),
        ("1.18.0", "--allow-privileged=true", "--allow-privileged"),
        ("1.30.4", "--fail-cgroupv1=false", "--fail-cgroupv1"),
        ("1.37.0", "--containerd=/run/containerd/containerd.sock", "--containerd "),
        # Look-alikes: the release before, a flag that is only deprecated, a release that nothing shows.
        ("1.23.17", "--network-plugin=cni", None),
        ("1.34.2", "--pod-infra-container-image=registry.k8s.io/pause:3.10", None),
        ("1.26.9", "--container-runtime=remote", None),
        ("1.31.2", "--fail-cgroupv1=false", None),
        ("1.37.0", "--max-pods=110", None),
        (None, "--pod-infra-container-image=registry.k8s.io/pause:3.10", None),
    ],
)
def test_a_flag_that_the_kubelets_own_release_does_not_know(
    tree: Tree, release: str | None, flags: str, told: str | None
) -> None:
    found = judged(tree, release, flags)

    if told is None:
        assert (found["kubelet"].status, found["agreement"].status) == ("pass", "pass")
    else:
        assert (found["kubelet"].status, found["agreement"].status) == ("unknown", "unknown")
        assert "the kubelet would not run: unknown flag: " in found["kubelet"].message
        assert told in found["kubelet"].message
        assert found["kubelet"].evidence[0].source == FLAGS


@pytest.mark.parametrize(
    ("release", "variable", "status"),
    [
        # kubernetes/website#44985, #45665
        ("1.28.2", "", "unknown"),
        ("1.29.0", "", "unknown"),
        ("1.27.9", "Environment=KUBELET_CONFIG_DROPIN_DIR_ALPHA=on\n", "unknown"),  # no such flag yet
        ("1.28.2", "Environment=KUBELET_CONFIG_DROPIN_DIR_ALPHA=on\n", "pass"),
        ("1.30.0", "", "pass"),
        (None, "", "pass"),
    ],
)
def test_a_directory_of_drop_ins_that_a_release_has_no_word_for(
    tree: Tree, release: str | None, variable: str, status: str
) -> None:
    files = {"etc/kubernetes/kubelet.conf.d/10-x.conf": CONFIG, DROPIN[1:]: KUBEADM + variable}
    found = judged(tree, release, "--config-dir=/etc/kubernetes/kubelet.conf.d", **files)

    assert found["kubelet"].status == status


@pytest.mark.parametrize(
    ("release", "flags", "config", "status"),
    [
        ("1.33.1", "", "featureGates:\n  AppArmor: true\n", "unknown"),
        ("1.33.1", "--feature-gates=CPUManager=true,NodeSwap=true", "", "unknown"),
        ("1.31.0", "", "featureGates: {ReadWriteOncePod: false}\n", "unknown"),
        ("1.32.8", "", "featureGates:\n  AppArmor: true\n", "pass"),
        ("1.33.1", "", "featureGates:\n  NodeSwap: true\n", "pass"),
        (None, "", "featureGates:\n  AppArmor: true\n", "pass"),
    ],
)
def test_a_feature_gate_that_the_kubelets_own_release_does_not_know(
    tree: Tree, release: str | None, flags: str, config: str, status: str
) -> None:
    found = judged(tree, release, flags, config)["kubelet"]

    assert found.status == status
    assert status == "pass" or "unrecognized feature gate: " in found.message


V1 = {"sys/fs/cgroup/memory/tasks": "", "sys/fs/cgroup/cpu/tasks": "", "sys/fs/cgroup/systemd/tasks": ""}
V2 = {"sys/fs/cgroup/cgroup.controllers": "cpu memory\n"}
HYBRID = {**V1, "sys/fs/cgroup/unified/cgroup.procs": ""}
ROCKY = {"etc/os-release": 'ID="rocky"\nVERSION_ID="8.10"\n'}


@pytest.mark.parametrize(
    ("release", "flags", "config", "files", "status"),
    [
        # kubernetes#134298, k0s#7398, NVIDIA/OpenShell#360, minikube#22315
        ("1.35.0", "", "", V1, "unknown"),
        ("1.36.1", "", "", HYBRID, "unknown"),
        ("1.35.0", "", "", ROCKY, "unknown"),
        ("1.34.2", "", "failCgroupV1: true\n", V1, "unknown"),
        ("1.34.2", "--fail-cgroupv1", "", V1, "unknown"),
        ("1.35.0", "", "failCgroupV1: false\n", V1, "pass"),
        ("1.35.0", "--fail-cgroupv1=false", "", V1, "pass"),
        ("1.34.2", "", "", V1, "pass"),
        ("1.35.0", "", "", V2, "pass"),
        (None, "", "", V1, "pass"),
    ],
)
def test_a_kubelet_that_refuses_cgroup_v1(
    tree: Tree, release: str | None, flags: str, config: str, files: dict[str, str], status: str
) -> None:
    found = judged(tree, release, flags, config, **files)["kubelet"]

    assert found.status == status
    assert status == "pass" or "it refuses cgroup" in found.message
