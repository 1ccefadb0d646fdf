"""Twelve nodes with one fault each that some releases of Kubernetes take and others do not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodecheck.record import NamedTuple
from nodecheck.testing import write_tree
from tests.nodes import debian_node

CONFIG = "/var/lib/kubelet/config.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: systemd\n"
SWAPS = "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/swapfile partition\t2097148\t0\t-2\n"
CONTROLLERS = "sys/fs/cgroup/cgroup.controllers"
V1 = {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("cpu", "cpuset", "memory", "pids", "systemd")}
WORDS = {"/proc/cmdline": "root=/dev/sda1 systemd.unified_cgroup_hierarchy=0\n"}
CONTAINERD = "2.1.4-1~debian.13~trixie"
STATUS = "var/lib/dpkg/status"
POD = """apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec:
  containers:
  - name: web
    image: web:1
    envFrom:
    - secretRef: {name: passwords}
"""


class Faulty(NamedTuple):
    """One node, and the results that its fault makes."""

    results: tuple[str, ...]
    """Selectors of them."""
    files: Mapping[str, str]
    without: tuple[str, ...] = ()
    """Files of the healthy node that it does not have."""
    options: Mapping[str, Any] = {}
    containerd: str = ""
    """The version of its package; empty: the healthy node's."""

    def lay(self, root: Path, release: str) -> Path:
        """Write its tree, with a kubelet of that release."""
        debian_node(root)
        packages = root / STATUS
        told = packages.read_text().replace("Version: 1.34.", f"Version: {release}.")
        packages.write_text(told.replace(CONTAINERD, self.containerd or CONTAINERD))
        for path in self.without:
            (root / path).unlink()
        return write_tree(root, dict(self.files))


def _swap(settings: str) -> Faulty:
    return Faulty(("swap@now", "kubelet-swap@now"), {"/proc/swaps": SWAPS, CONFIG: KUBELET + settings})


FAULTY = {
    "v1": Faulty(("cgroup-version@now",), {**V1, **WORDS}, (CONTROLLERS,)),
    "hybrid": Faulty(
        ("cgroup-version@now",), {**V1, **WORDS, "/sys/fs/cgroup/unified/cgroup.controllers": ""}, (CONTROLLERS,)
    ),
    "pi without the memory controller": Faulty(
        ("cgroup-controller[memory]@now",), {f"/{CONTROLLERS}": "cpuset cpu io pids\n"}
    ),
    "swap": _swap(""),
    "swap tolerated, LimitedSwap": _swap(
        "failSwapOn: false\nfeatureGates: {NodeSwap: true}\nmemorySwap: {swapBehavior: LimitedSwap}\n"
    ),
    "swap tolerated, UnlimitedSwap": _swap(
        "failSwapOn: false\nfeatureGates: {NodeSwap: true}\nmemorySwap: {swapBehavior: UnlimitedSwap}\n"
    ),
    "swap tolerated, NoSwap": _swap(
        "failSwapOn: false\nfeatureGates: {NodeSwap: true}\nmemorySwap: {swapBehavior: NoSwap}\n"
    ),
    "removed flag": Faulty(
        ("removed-setting",), {FLAGS: 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.10"\n'}
    ),
    "removed gate": Faulty(("removed-setting",), {CONFIG: f"{KUBELET}featureGates: {{SidecarContainers: true}}\n"}),
    "containerd 1.7": Faulty(("runtime-version",), {}, containerd="1.7.29-1~debian.13~trixie"),
    "ipvs": Faulty(("kube-proxy-mode",), {}, options={"proxy_mode": "ipvs"}),
    "static pod": Faulty(
        ("static-pod@now",),
        {"/etc/kubernetes/manifests/web.yaml": POD, CONFIG: f"{KUBELET}staticPodPath: /etc/kubernetes/manifests\n"},
    ),
}
