"""What a cluster leaves behind on a node, in the places where kubeadm wants none of it."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import FactError
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Exists, Sources
from nodecheck.record import NamedTuple

KUBERNETES = "/etc/kubernetes"
MANIFESTS = f"{KUBERNETES}/manifests"
ETCD_DATA = "/var/lib/etcd"
FOLDERS = (MANIFESTS, ETCD_DATA)
"""What may be there, and empty."""

FILES = (
    *[f"{MANIFESTS}/{name}.yaml" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")],
    f"{KUBERNETES}/kubelet.conf",
    f"{KUBERNETES}/bootstrap-kubelet.conf",
    f"{KUBERNETES}/pki/ca.crt",
)
OF_THE_FILE_SYSTEM = "lost+found"
"""ext4's own directory, where a disk is mounted (kubernetes/kubeadm#2127)."""


class Leftover(NamedTuple):
    """What is at a path."""

    there: bool = False
    """A file is there; of a directory that may be empty: something is in it."""
    names: tuple[str, ...] | None = None
    """What is in a directory that may be empty; None for anything else."""
    error: FactError | None = None
    """Why it cannot be told."""


class Leftovers(NamedTuple):
    """What is at each of the paths that a cluster uses."""

    found: Mapping[str, Leftover]

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Exists, FILES), *map(Dir, FOLDERS))

    @classmethod
    def read(cls, host: Host) -> Leftovers:
        """Look at each: one that cannot be looked at hides no other."""
        return cls({path: _looked_at(host, path) for path in (*FILES, *FOLDERS)})


def _looked_at(host: Host, path: str) -> Leftover:
    try:
        found = stat_or_none(host, path)
        if found is None:
            return Leftover()
        if path in FOLDERS and found.kind == "dir":
            names = tuple([name for name in host.names(path) if name != OF_THE_FILE_SYSTEM])
            return Leftover(bool(names), names)
        return Leftover(True)
    except FactError as error:
        return Leftover(error=error)
