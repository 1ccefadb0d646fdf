"""The paths below which kubelet and runtimes keep their data: what several checks of file systems are about."""

from __future__ import annotations

from nodecheck.checking import Outcome, unknown
from nodecheck.facts import DataFolders, KubeletConfig, PathMount, Target
from nodecheck.model.evidence import Evidence
from nodecheck.requirements.table import Row, Table

KUBELET = "/var/lib/kubelet"
ETCD = "/var/lib/etcd"


def kubelet_path(kubelet: KubeletConfig) -> str:
    """The kubelet's ``--root-dir``."""
    value = kubelet.setting("root-dir").value
    return value if isinstance(value, str) and value.startswith("/") else KUBELET


def data_paths(folders: DataFolders, kubelet: KubeletConfig) -> list[str]:
    """What is asked about where the profile lists nothing: the kubelet's folder, and those of images that are there."""
    return list(dict.fromkeys([kubelet_path(kubelet), *folders.paths]))


def row_of(table: Table, subject: str, kubelet: KubeletConfig, target: Target, named: bool) -> Row:
    """The row of a path: the kubelet's has that of its folder, wherever that lies."""
    name = KUBELET if subject == kubelet_path(kubelet) else subject
    return table.row(name, target, named=named)._replace(name=subject)


def not_the_nodes(place: PathMount, subject: str, evidence: list[Evidence]) -> Outcome:
    """Who may not read the first process's table sees mounts that may be of another namespace."""
    message = f"what the node's first process has mounted at {subject} is hidden: only root may read /proc/1/mountinfo"
    return unknown(message, subject=subject, code="denied", evidence=evidence)
