"""The room on file systems (statvfs(3)), and which of the folders of images and data are there."""

from __future__ import annotations

from nodecheck.errors import Absent, Offline
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Call, Exists, Sources
from nodecheck.record import NamedTuple

DATA_FOLDERS = (
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/k0s",
    "/var/lib/rancher",
)
"""Where runtimes keep images, and distributions of Kubernetes all that they have."""


class DiskRoom(NamedTuple):
    """The file system that holds a path, or will hold it once the path is made."""

    path: str
    """What was asked: the path, or the nearest directory above it that is there."""
    size_bytes: int
    """0 for a file system that stores nothing, as procfs."""
    available_bytes: int
    """What users without privilege may still fill; the kubelet's ``nodefs.available`` is the same figure."""
    inodes: int = 0
    """How many files it can hold; 0 for a file system without a fixed number of them (btrfs, vfat)."""
    inodes_available: int = 0

    @classmethod
    def reads(cls) -> Sources:
        return (Call("statvfs"),)

    @classmethod
    def read(cls, host: Host, subject: str) -> DiskRoom:
        """Ask for it. Raises Denied, and Offline on a root: a folder of files does not lie on the node's own disks."""
        if not host.running:
            raise Offline(f"statvfs {subject}", "how full a disk is can only be told of a system that runs")
        for path in upwards(subject):
            try:
                space = host.statvfs(path)
            except Absent:
                continue
            return cls(path, space.size_bytes, space.available_bytes, space.inodes, space.inodes_available)
        raise Absent(subject)


class DataFolders(NamedTuple):
    """Those of ``DATA_FOLDERS`` that are there."""

    paths: tuple[str, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return tuple(Exists(path) for path in DATA_FOLDERS)

    @classmethod
    def read(cls, host: Host) -> DataFolders:
        """Look for each."""
        return cls(tuple(path for path in DATA_FOLDERS if stat_or_none(host, path) is not None))


def upwards(path: str) -> list[str]:
    """An absolute path and the directories above it, nearest first.

    >>> upwards("/var/lib/kubelet")
    ['/var/lib/kubelet', '/var/lib', '/var', '/']
    >>> upwards("/")
    ['/']
    """
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1) if parts[0]] + ["/"]
