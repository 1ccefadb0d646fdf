"""Role, release, proxy mode and CNI, as the node shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts, Given
from nodecheck.facts.cluster.signs import cni_of, image_release, proxy_mode_of
from nodecheck.facts.cluster.target import Target
from nodecheck.host import RootHost
from nodecheck.requirements.asked import Settings

Tree = Callable[[dict[str, "str | bytes"]], Path]

APISERVER = """apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.34.1
    imagePullPolicy: IfNotPresent
"""
FLANNEL = '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel"}, {"type": "portmap"}]}'


def found(root: Path, **given: str) -> Target:
    return Facts(RootHost(str(root)), [Given(Settings, Settings(**given))]).get(Target)  # type: ignore[arg-type]


def test_a_bare_node(tree: Tree) -> None:
    assert found(tree({"etc/hostname": "a\n"})) == Target()


def test_a_control_plane(tree: Tree) -> None:
    root = tree(
        {
            "etc/kubernetes/manifests/kube-apiserver.yaml": APISERVER,
            "etc/kubernetes/kubelet.conf": "kind: Config\n",
            "sys/class/net/kube-ipvs0/mtu": "1500\n",
            "etc/cni/net.d/10-flannel.conflist": FLANNEL,
        }
    )
    assert found(root) == Target("control-plane", "1.34.1", "ipvs", "flannel")
    given = found(root, role="worker", kubernetes="1.33", proxy_mode="iptables", cni="cilium")
    assert given == Target("worker", "1.33", "iptables", "cilium")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("etc/kubernetes/kubelet.conf", "worker"),
        ("etc/kubernetes/bootstrap-kubelet.conf", "worker"),
        ("var/lib/kubelet/kubeconfig", "worker"),
        ("var/lib/rancher/k3s/agent/x", "worker"),
        ("var/lib/rancher/k3s/server/x", "control-plane"),
        ("var/lib/rancher/rke2/server/x", "control-plane"),
        ("var/lib/k0s/pki/ca.key", "control-plane"),
        ("etc/systemd/system/kube-apiserver.service", "control-plane"),
        ("var/lib/kubelet/config.yaml", None),
    ],
)
def test_roles(tree: Tree, path: str, role: str | None) -> None:
    assert found(tree({path: ""})).role == role


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("registry.k8s.io/kube-apiserver:v1.34.1", "1.34.1"),
        ("k8s.gcr.io/kube-apiserver:v1.17.4", "1.17.4"),
        ('"registry.local:5000/kube-apiserver-amd64:v1.10.0@sha256:00"', "1.10.0"),
        ("index.docker.io/rancher/hardened-kubernetes:v1.28.3-rke2r1-build20231018", "1.28.3"),
        ("registry.local:5000/kube-apiserver", None),
        ("x:latest", None),
    ],
)
def test_the_release_of_an_image(image: str, release: str | None) -> None:
    assert image_release(f"spec:\n  containers:\n  - image: {image}\n    name: x\n") == release


def test_the_release_elsewhere(tree: Tree) -> None:
    assert found(tree({"etc/eks/kubelet-version.txt": "v1.30.4\n"})).kubernetes == "1.30.4"
    pod = "var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml"
    assert found(tree({pod: APISERVER.replace("1.34.1", "1.29.0")})).kubernetes == "1.29.0"


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        ("kind: KubeProxyConfiguration\nmode: nftables\n", "nftables"),
        ("kind: KubeProxyConfiguration\nmode: ''\n", "iptables"),
        ("kind: KubeProxyConfiguration\n", "iptables"),
        ("kind: KubeProxyConfiguration\nmode: userspace\n", None),
        ('{"kind": "KubeProxyConfiguration", "mode": "ipvs"}', "ipvs"),
        ("# KubeProxyConfiguration\nkind: ClusterConfiguration\nmode: ipvs\n", None),
        ("kind: KubeProxyConfiguration\n\tmode: ipvs\n", None),
        ("kind: A\n---\nkind: KubeProxyConfiguration\nmode: ipvs\n---\nkind: B\n", "ipvs"),
    ],
)
def test_the_mode_of_a_configuration(content: str, mode: str | None) -> None:
    assert proxy_mode_of(content) == mode


def test_the_mode_of_arguments(tree: Tree) -> None:
    root = tree({"etc/rancher/k3s/config.yaml": "kube-proxy-arg:\n  - proxy-mode=ipvs\n"})
    assert found(root).proxy_mode == "ipvs"
    root = tree({"etc/kubernetes/kubeadm-config.yaml": "kind: KubeProxyConfiguration\nmode: nftables\n"})
    assert found(root).proxy_mode == "nftables"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (FLANNEL, "flannel"),
        ('{"name": "k8s-pod-network", "plugins": [{"type": "calico"}]}', "calico"),
        ('{"name": "cilium", "type": "cilium-cni"}', "cilium"),
        ('{"name": "ovn-kubernetes", "type": "ovn-k8s-cni-overlay"}', "ovn"),
        ('{"name": "kube-ovn", "plugins": [{"type": "kube-ovn"}, {"type": "portmap"}]}', "ovn"),
        ('{"name": "aws-cni", "plugins": [{"type": "aws-cni"}, {"type": "egress-cni"}]}', "aws-cni"),
        ('{"name": "azure", "plugins": [{"type": "azure-vnet"}]}', "azure"),
        ('{"name": "weave", "plugins": [{"type": "weave-net"}]}', "weave"),
        ('{"name": "antrea", "plugins": [{"type": "antrea"}]}', "antrea"),
        ('{"name": "kindnet", "plugins": [{"type": "ptp"}]}', "kindnet"),
        ('{"type": "multus", "delegates": [{"type": "calico"}]}', "calico"),
        ('{"name": "x"}', None),
        ("{", None),
        ("[]", None),
    ],
)
def test_names_of_plugins(text: str, name: str | None) -> None:
    assert cni_of(text.encode()) == name


def test_the_first_configuration_by_name_counts(tree: Tree) -> None:
    files: dict[str, str | bytes] = {
        "etc/cni/net.d/README": "no",
        "etc/cni/net.d/00-multus.conf": '{"type": "multus-shim"}',
        "etc/cni/net.d/05-cilium.conflist": '{"plugins": [{"type": "cilium-cni"}]}',
        "etc/cni/net.d/10-flannel.conflist": FLANNEL,
    }
    target = found(tree(files))
    assert target.cni == "cilium"
    assert not target.uses_bridge_netfilter
    files["etc/cni/net.d/05-cilium.conflist"] = "noise"
    assert found(tree(files)).cni is None


def test_what_cannot_be_read_is_told(tree: Tree) -> None:
    root = tree({"etc/kubernetes/kubelet.conf": "", "etc/cni/net.d/10-flannel.conflist": FLANNEL})
    (root / "etc/cni/net.d/05.conflist").mkdir()
    (root / "etc/kubernetes/manifests").symlink_to("manifests")
    target = found(root)
    assert (target.role, target.cni) == (None, None)
    assert "05.conflist" in str(target.untold("cni"))
    assert target.untold("role") is not None
    assert target.untold("proxy-mode") is not None  # kube-proxy may be a static pod
    assert found(root, role="worker", cni="flannel").untold("role") is None
