"""The paths below which kubelet and runtimes keep their data: what several checks of file systems are about."""

from __future__ import annotations

from nodecheck.checking import Lazy, Outcome, unknown
from nodecheck.facts import DataFolders, KubeletConfig, Target
from nodecheck.facts.kubelet.propagation import kubelet_folder
from nodecheck.model.evidence import Evidence
from nodecheck.requirements.table import Row, Table

KUBELET = "/var/lib/kubelet"

IMAGES, PODS, ETCD = "holds layers of images", "holds volumes of pods", "holds the data of etcd"

USES = Table(
    Row("/var/lib/kubelet", PODS, "the kubelet keeps sockets, locks and volumes of pods there", "kubelet --root-dir"),
    Row("/var/lib/containerd", IMAGES, "containerd stacks layers of images there", "containerd root"),
    Row("/var/lib/containers", IMAGES, "CRI-O stacks layers of images there", "containers-storage.conf(5) graphroot"),
    Row("/var/lib/docker", IMAGES, "docker stacks layers of images there", "dockerd --data-root"),
    Row("/var/lib/rancher", IMAGES, "k3s and RKE2 stack layers of images there", "k3s --data-dir"),
    Row("/var/lib/k0s", IMAGES, "k0s stacks layers of images there", "k0s --data-dir"),
)
"""What each path holds."""

AND_ETCD = Table(
    *USES, Row("/var/lib/etcd", ETCD, "etcd stops where it cannot write", "kubeadm etcd.dataDir", role="control-plane")
)
"""The same, and etcd's folder."""


def data_paths(folders: DataFolders, kubelet: KubeletConfig) -> list[str]:
    """What is asked about where the profile lists nothing: the kubelet's folder, and those of images that are there."""
    return list(dict.fromkeys([kubelet_folder(kubelet), *folders.paths]))


def with_etcd(target: Target, folders: DataFolders, kubelet: KubeletConfig) -> list[str]:
    """The same, and etcd's folder on a control plane."""
    rows = [row.name for row in AND_ETCD.of(target) if row.wanted == ETCD]
    return [*data_paths(folders, kubelet), *rows]


def row_of(table: Table, subject: str, kubelet: Lazy[KubeletConfig], target: Target, named: bool) -> Row:
    """The row of a path: the kubelet's has that of its folder, wherever that lies."""
    known = table.find(subject, target) is not None
    name = KUBELET if not known and subject == kubelet_folder(kubelet()) else subject
    return table.row(name, target, named=named)._replace(name=subject)


def not_the_nodes(subject: str | None, evidence: list[Evidence]) -> Outcome:
    """Who may not read the first process's table sees mounts that may be of another namespace."""
    message = "what the node's first process has mounted is hidden: only root may read /proc/1/mountinfo"
    return unknown(message, subject=subject, code="denied", evidence=evidence)
