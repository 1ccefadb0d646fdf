"""Where a path leads, and what is mounted there: by the node's own table, and without a look at what may hang."""

from __future__ import annotations

from nodecheck.errors import Denied, FactError, Malformed
from nodecheck.facts.files.disk_room import DATA_FOLDERS
from nodecheck.facts.files.mounts import NODES_OWN, Mount, Mounts, mount_of
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Per
from nodecheck.model.sources import Exists, File, Named, Program, Sources
from nodecheck.record import NamedTuple

NETWORK = (
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "pvfs2",
    "smb3", "smbfs",
)  # fmt: skip
"""Types whose files are another machine's."""
REMOTE = (*NETWORK, "ocfs2", "virtiofs", "autofs")
"""Types that may not answer: then each look at a path below does not come back."""

MOST_LINKS = 40
"""The kernel's own limit on links in one path (path_resolution(7))."""

PLACES = ("/var", "/var/lib", "/var/lib/etcd", "/var/lib/kubelet", *DATA_FOLDERS)
"""Where a link may stand on the way to what is asked about by default."""

ZFS_VERSION = "/sys/module/zfs/version"
XFS_PROGRAM = "xfs_spaceman"


def is_remote(kind: str) -> bool:
    """Whether a type's answers come from elsewhere: another machine, or a program (FUSE).

    >>> is_remote("nfs4"), is_remote("fuse.sshfs"), is_remote("ext4")
    (True, True, False)
    """
    return kind in REMOTE or kind.startswith("fuse")


class PathMount(NamedTuple):
    """The mount that a path lies on."""

    path: str
    """Where the path leads, links followed."""
    mount: Mount
    table: str = NODES_OWN

    @property
    def is_nodes(self) -> bool:
        """Whether the table is that of the node's first process: who reads may have mounts of its own."""
        return self.table == NODES_OWN

    @property
    def text(self) -> str:
        """The mount in words, without what changes with each boot.

        >>> PathMount("/var", Mount(1, 0, "8:3", "/", "/var", ("rw", "noexec"), "ext4", "/dev/sda3", ("rw",))).text
        '/var ext4 /dev/sda3 rw,noexec'
        """
        mount, ro = self.mount, " (its file system ro)" if "ro" in self.mount.super_options else ""
        return f"{mount.path} {mount.kind} {mount.source} {','.join(mount.options)}{ro}"

    @classmethod
    def reads(cls) -> Sources:
        """The links on the way to the path."""
        return (*map(Exists, PLACES), Named("the links on the way to it"))

    @classmethod
    def read(cls, host: Host, subject: str, mounts: Mounts) -> PathMount:
        """Look for it. Raises what :class:`Mounts` raises, and Malformed for a table without a root."""
        return place_of(host, subject, mounts)


def place_of(host: Host, path: str, mounts: Mounts) -> PathMount:
    """The mount that a path lies on, links followed; raises what :meth:`PathMount.read` raises."""
    real = led_to(host, path, mounts.mounts)
    mount = mounts.of(real)
    if mount is None:
        raise Malformed(mounts.path, f"holds no mount on which {real} lies")
    return PathMount(real, mount, mounts.path)


def led_to(host: Host, path: str, mounts: tuple[Mount, ...] = ()) -> str:
    """An absolute path without links; what is not there, or lies where a look may hang, stays as it is written.

    Raises Malformed for a path that leads over too many links.
    """
    left, here, links = path.split("/")[::-1], "", 0
    while left:
        name = left.pop()
        if name == "..":
            here = here.rpartition("/")[0]
        if name in ("", ".", ".."):
            continue
        target = _link(host, f"{here}/{name}", mounts)
        if target is None:
            here = f"{here}/{name}"
            continue
        links += 1
        if links > MOST_LINKS:
            raise Malformed(path, "leads over too many links")
        left += target.split("/")[::-1]
        here = "" if target.startswith("/") else here
    return here or "/"


def _link(host: Host, place: str, mounts: tuple[Mount, ...]) -> str | None:
    """The text of a link; None for no link. What nobody may look at is taken for none."""
    mount = mount_of(mounts, place)
    if mount is not None and is_remote(mount.kind):
        return None
    try:
        return host.link(place)
    except Denied:
        return None


SNAPSHOTTER = "io.containerd.snapshotter.v1.overlayfs/metadata.db"
"""containerd makes it once it has seen that directories name the types of their files (``SupportsDType``)."""
SNAPSHOTTERS = {
    "/var/lib/containerd": (SNAPSHOTTER,),
    "/var/lib/rancher": (f"k3s/agent/containerd/{SNAPSHOTTER}", f"rke2/agent/containerd/{SNAPSHOTTER}"),
    "/var/lib/k0s": (f"containerd/{SNAPSHOTTER}",),
}
"""The same below the folders of containerd, of k3s and RKE2, and of k0s; docker and CRI-O leave nothing of the kind."""


class SnapshotterSign(NamedTuple):
    """What containerd's overlay snapshotter left below a path; None where it left nothing that one may see."""

    path: str | None = None

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Exists(f"{folder}/{name}") for folder, names in SNAPSHOTTERS.items() for name in names])

    @classmethod
    def read(cls, host: Host, subject: str) -> SnapshotterSign:
        """Look for it."""
        for name in SNAPSHOTTERS.get(subject, ()):
            try:
                host.stat(f"{subject}/{name}")
            except FactError:
                continue
            return cls(f"{subject}/{name}")
        return cls()


class XfsGeometry(NamedTuple):
    """What ``xfs_spaceman`` says of a mounted xfs: it opens the mount point for reading, and asks its geometry."""

    ftype: int | None = None
    """1: directories name the type of each file; None where it is not said."""
    mount: str = "/"

    @classmethod
    def reads(cls) -> Sources:
        return (Program((XFS_PROGRAM, "-c", "info", "*")),)

    @classmethod
    def read(cls, host: Host, place: Per[PathMount]) -> XfsGeometry:
        """Ask it. Raises what the host raises: Absent where the program is not there, Offline for a root."""
        answer = host.run((XFS_PROGRAM, "-c", "info", place.mount.path))
        return cls(ftype_in(answer.stdout), place.mount.path)


def ftype_in(geometry: str) -> int | None:
    """The ``ftype`` of what ``xfs_info`` and its kin print.

    >>> ftype_in("naming   =version 2   bsize=4096   ascii-ci=0, ftype=1"), ftype_in("naming   =version 2 bsize=4096")
    (1, None)
    """
    words = geometry.replace(",", " ").split()
    return next((int(word[6:]) for word in words if word in ("ftype=0", "ftype=1")), None)


class ZfsRelease(NamedTuple):
    """The release of the zfs module that is loaded."""

    numbers: tuple[int, ...] = ()
    """Empty where it names none."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(ZFS_VERSION),)

    @classmethod
    def read(cls, host: Host) -> ZfsRelease:
        """Read it. Raises what the host raises."""
        from nodecheck.formats.versions import parse_version

        version = parse_version(text(host, ZFS_VERSION).strip())
        return cls(() if version is None else version.numbers)
