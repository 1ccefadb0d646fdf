"""The types of the file systems that hold images and pods' volumes."""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.checking import Evidence, Lazy, Outcome, Per, Results, Severity, check, seen, unknown
from nodecheck.errors import FactError
from nodecheck.facts import (
    DataFolders,
    KubeletConfig,
    PathMount,
    RunningConfig,
    SnapshotterSign,
    Target,
    XfsGeometry,
    ZfsRelease,
)
from nodecheck.facts.files.path_mount import NETWORK, XFS_PROGRAM, ZFS_VERSION, is_remote
from nodecheck.fix import Fix, by_hand
from nodecheck.requirements.table import Row, Table, verdict
from nodecheck_checks.system.data_paths import IMAGES, PODS, USES, data_paths, not_the_nodes, row_of
from nodecheck_checks.system.disk_free import spelled, verify_path

_OVL = "kernel fs/overlayfs/super.c, fs/overlayfs/params.c"

REFUSED = Table(
    Row("overlay", "another", "overlayfs takes no upper directory on overlayfs", _OVL),
    Row("aufs", "another", "overlayfs takes no upper directory on aufs", _OVL),
    Row("ecryptfs", "another", "overlayfs takes no upper directory on ecryptfs", _OVL),
    Row("vfat", "another", "it has no links, owners and modes", _OVL),
    Row("msdos", "another", "it has no links, owners and modes", _OVL),
    Row("exfat", "another", "it has no links, owners and modes", _OVL),
    Row("hfsplus", "another", "overlayfs takes no file system that folds the case of names", _OVL),
)
"""Types that hold no layers."""

NETWORKS = Table(
    *[
        Row(kind, "another", "locks, owners and extended attributes do not work over a network", _OVL)
        for kind in NETWORK
    ]
)
"""Types that hold neither layers nor the kubelet's volumes."""

TAKEN = ("ext2", "ext3", "ext4", "btrfs", "f2fs", "bcachefs", "tmpfs", "reiserfs", "jfs")
"""Types on which overlayfs is known to work: they say of each name in a directory what it is."""

ZFS = Table(
    Row(
        "zfs",
        "2.2",
        "before OpenZFS 2.2 overlayfs works on zfs with no kernel; runtimes have a snapshotter of their own for it",
        "openzfs/zfs#9414, #12209",
        severity=Severity.WARNING,
    )
)
"""The least release of OpenZFS."""

Asking = Callable[[], "tuple[bool, Evidence] | None"]


@check(
    tags=["storage", "runtime"],
    topic="system",
    each="require",
    otherwise=data_paths,
    spell=spelled,
    verify={"require": verify_path},
    by_host=True,
    rows=USES,
)
def filesystem(
    subject: str,
    place: Per[PathMount],
    sign: Lazy[Per[SnapshotterSign]],
    geometry: Lazy[Per[XfsGeometry]],
    config: Lazy[RunningConfig],
    zfs: Lazy[ZfsRelease],
    folders: Lazy[DataFolders],
    kubelet: Lazy[KubeletConfig],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
) -> Results:
    """Images lie on a file system that overlayfs takes, and the kubelet's volumes on one of this machine.

    ## Why it matters
    A container's root is an overlay of an image's layers. On another overlay, on NFS and its kin, and on an xfs that
    was made with `ftype=0` the kernel or the runtime refuses it: no container starts. The kubelet keeps sockets, locks
    and volumes whose owners it changes, which do not work over a network.

    ## What it looks at
    The type of what is mounted where each path leads, by `/proc/1/mountinfo`: of several mounts at one place the last.
    Who may not read the first process's table gets `unknown`, because it may have other mounts.

    Whether an xfs has `ftype=1` is asked of three. containerd's overlay snapshotter refuses `ftype=0`, so what it left
    shows it. `xfs_spaceman -c info` asks the mounted file system. And a kernel without `CONFIG_XFS_SUPPORT_V4` does not
    mount the old format. An xfs with checksums (the default since xfsprogs 3.2.3) always has it. zfs takes
    an overlay from OpenZFS 2.2 on. Of FUSE and of other types it is `unknown`.

    `require` lists other paths, of which the same is asked as of images.

    ## How to fix it
    Mount a disk with ext4 or xfs at the path, or choose a snapshotter that fits (`native`, `zfs`, `fuse-overlayfs`) and
    waive this check. An xfs with `ftype=0` must be made anew: `mkfs.xfs -n ftype=1`.

    ## Sources
    kernel fs/overlayfs/super.c (`ovl_dentry_weird`, `ovl_dentry_remote`, `ovl_make_workdir`); containerd
    plugins/snapshots/overlay (`SupportsDType`); moby daemon/graphdriver/overlay2 (`Init`); xfs(5), mkfs.xfs(8).
    """
    evidence = [seen(place.table, place.text)]
    if not place.is_nodes:
        yield not_the_nodes(subject, evidence)
        return
    row, kind = row_of(USES, subject, kubelet, target(), named), place.mount.kind
    refused = NETWORKS.find(kind, target()) or (None if row.wanted == PODS else REFUSED.find(kind, target()))
    if refused is not None:
        asked = row._replace(wanted=needed(row), reason=refused.reason)
        yield verdict(False, "", asked, kind, evidence, _other(row.name), f"{subject} is on {kind}: {refused.reason}")
    elif kind in TAKEN or (row.wanted == PODS and not is_remote(kind)):
        yield _taken(row, kind, evidence)
    elif kind == "xfs":
        yield by_ftype(row, evidence, (lambda: signed(sign()), lambda: answered(geometry()), lambda: built(config())))
    elif kind == "zfs":
        yield by_release(row, evidence, zfs)
    else:
        where = "another program or machine answers for it" if is_remote(kind) else "nobody tried it"
        message = f"it is not known whether {kind}, on which {subject} is, {row.wanted or IMAGES}: {where}"
        yield unknown(message, subject=subject, code="unsupported", evidence=evidence)


def needed(row: Row) -> str:
    """What is wanted of a path, in words; one that only the profile names is to hold images.

    >>> needed(USES.rows[0])
    'a file system that holds volumes of pods'
    """
    return f"a file system that {row.wanted or IMAGES}"


def _taken(row: Row, kind: str, evidence: list[Evidence], more: str = "") -> Outcome:
    asked = row._replace(wanted=needed(row))
    return verdict(True, f"{row.name} is on {kind}{more}", asked, f"{kind}{more}", evidence)


def _other(path: str) -> Fix:
    return by_hand(f"Put {path} on another file system", f"mount one with ext4 or xfs at {path}; move what is there")


def signed(sign: SnapshotterSign) -> tuple[bool, Evidence] | None:
    """What the runtime left where it found directories that name types; None where it left nothing."""
    return None if sign.path is None else (True, seen(sign.path, "there"))


def answered(geometry: XfsGeometry) -> tuple[bool, Evidence] | None:
    """What the file system says itself."""
    if geometry.ftype is None:
        return None
    return geometry.ftype == 1, seen(f"{XFS_PROGRAM} -c info {geometry.mount}", f"ftype={geometry.ftype}")


def built(config: RunningConfig) -> tuple[bool, Evidence] | None:
    """A kernel without the old format mounts no xfs of it."""
    option = "XFS_SUPPORT_V4"
    value, line = config.config.find(option) if config.config.source else ("", None)
    if value != "n" or line is None or config.config.source is None:
        return None
    return True, seen(config.config.source, f"# CONFIG_{option} is not set", line=line)


def by_ftype(row: Row, evidence: list[Evidence], asking: tuple[Asking, ...]) -> Outcome:
    """By the first that says whether directories name the types of files, the cheapest first."""
    for ask in asking:
        try:
            found = ask()
        except FactError:
            continue
        if found is not None:
            met, told = found
            if met:
                return _taken(row, "xfs", [*evidence, told], ", ftype=1")
            message = f"{row.name} is on an xfs with ftype=0, which runtimes refuse"
            asked_for = row._replace(wanted=needed(row))
            return verdict(False, "", asked_for, "xfs, ftype=0", [*evidence, told], _anew(row.name), message)
    message = f"whether the xfs of {row.name} has ftype=1 is not known: xfs_info shows it"
    return unknown(message, subject=row.name, code="not-found", evidence=evidence)


def _anew(path: str) -> Fix:
    return by_hand(f"Make the xfs of {path} anew", "save what is on it; then mkfs.xfs -n ftype=1, and restore it")


def by_release(row: Row, evidence: list[Evidence], zfs: Lazy[ZfsRelease]) -> Outcome:
    """By the release of the module that is loaded."""
    try:
        numbers = zfs().numbers
    except FactError:
        numbers = ()
    needed = ZFS.rows[0]
    if len(numbers) < 2:
        message = f"which release of OpenZFS holds {row.name} is not known; overlayfs needs {needed.wanted}"
        return unknown(message, subject=row.name, code="not-found", evidence=evidence)
    release = ".".join(map(str, numbers[:2]))
    told = [*evidence, seen(ZFS_VERSION, release)]
    if numbers[:2] >= tuple(map(int, needed.wanted.split("."))):
        return _taken(row, "zfs", told, f" {release}")
    asked_for = row._replace(wanted=f"OpenZFS {needed.wanted}", severity=needed.severity)
    message = f"{row.name} is on zfs {release}: {needed.reason}"
    return verdict(False, "", asked_for, f"zfs {release}", told, _other(row.name), message)
