"""Inodes on the file systems of the kubelet, of images and of etcd."""

from __future__ import annotations

from nodecheck.checking import Lazy, Outcome, Per, Results, Severity, check, skip
from nodecheck.facts import DataFolders, DiskRoom, KubeletConfig, KubeletRelease, Target
from nodecheck.fix import by_hand
from nodecheck.requirements.table import Row, Table, verdict
from nodecheck_checks.system.disk_free import (
    PATHS,
    UNWATCHED,
    Threshold,
    asked_of,
    asked_paths,
    path_severity,
    quantity_bytes,
    spelled,
    threshold_of,
    verify_path,
    verify_percent,
)

_NODEFS, _IMAGEFS = "nodefs.inodesFree", "imagefs.inodesFree"

INODES = Table(*[row._replace(wanted=row.wanted.replace(".available", ".inodesFree")) for row in PATHS])
"""The same paths, with the signals of inodes."""


def judged(room: DiskRoom, row: Row, share: Threshold) -> Outcome:
    """By the kubelet's threshold, a share or a number of inodes."""
    left = f"{room.inodes_available} inodes ({100 * room.inodes_available // room.inodes} %) available"
    short = room.inodes_available < quantity_bytes(share.text, room.inodes)
    if not share.watched:
        row = row._replace(severity=Severity.WARNING, reason=UNWATCHED)
    fix = by_hand(
        f"Remove files below {row.name}", f"du -x --inodes --max-depth=2 {room.path} shows which directories have most"
    )
    evidence = [asked_of(room, f"{'fewer' if short else 'enough'} inodes are available"), *share.evidence]
    asked = row._replace(wanted=f"at least {share.text} of inodes available")
    return verdict(not short, f"{row.name} has {left}", asked, left, evidence, fix)


@check(
    severity=path_severity,
    tags=["storage", "kubelet"],
    topic="system",
    each="require",
    otherwise=asked_paths,
    spell=spelled,
    verify={"require": verify_path, "minimum-percent": verify_percent},
    rows=INODES,
)
def inodes_free(
    subject: str,
    room: Per[DiskRoom],
    kubelet: Lazy[KubeletConfig],
    release: Lazy[KubeletRelease],
    folders: Lazy[DataFolders],
    target: Lazy[Target],
    named: bool = False,
    *,
    require: tuple[str, ...] = (),
    minimum_percent: int = -1,
) -> Results:
    """The file systems of the kubelet, of images and of etcd can hold more files.

    ## Why it matters
    A file system without a free inode takes no new file, however much room it has: images of many small files are
    enough. Below its threshold the kubelet sets DiskPressure, removes images and evicts pods.

    ## What it looks at
    statvfs(3) of each path, or of the nearest directory above it that is there, as in `disk-free`: the inodes available
    to users without privilege. Fewer than the kubelet's threshold are an error: `nodefs.inodesFree` (5 % by default),
    and for the folders of images that are there `imagefs.inodesFree` (5 % by default from Kubernetes 1.30 on). A
    kubelet whose configuration sets `evictionHard` has its own. Some kubelets watch no inodes: that of k3s and RKE2,
    and of older releases those of images. There fewer than 5 % are a warning, and for `/var/log` too.

    `require` lists other paths, and `minimum-percent` takes the place of the kubelet's threshold for all paths and as
    an error; -1 leaves it. A file system without a fixed number of inodes (btrfs, vfat) is skipped.

    ## How to fix it
    Look with `du -x --inodes --max-depth=2 PATH` for what has most files: `crictl rmi --prune` removes images that
    nothing uses. Else the file system must be made anew, with more inodes (`mkfs.ext4 -i`), or become larger.

    ## Sources
    statvfs(3); https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
    kubernetes pkg/kubelet/eviction/defaults_linux.go; kubernetes/kubernetes#121834; k3s pkg/daemons/agent.
    """
    if not room.inodes:
        told = "has no fixed number of inodes"
        yield skip(f"the file system of {subject} {told}", evidence=[asked_of(room, told)])
        return
    row = INODES.row(subject, target(), named=named)
    if minimum_percent >= 0:
        row, share = row.by_profile(), Threshold(f"{minimum_percent}%")
    else:
        share = threshold_of(_IMAGEFS if row.wanted == _IMAGEFS else _NODEFS, kubelet(), release(), folders())
    yield judged(room, row, share)
