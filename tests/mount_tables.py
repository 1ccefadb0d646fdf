"""Tables of mounts for tests, in the words of real kernels."""

from __future__ import annotations

ROOT = "29 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro\n"
PROC = "24 29 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:13 - proc proc rw\n"
RUN = "28 29 0:25 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=1617716k,mode=755\n"

KINDS = {
    "ext4": "ext4 /dev/sdb1 rw",
    "xfs": "xfs /dev/sdb1 rw,attr2,inode64,logbufs=8,logbsize=32k,noquota",
    "btrfs": "btrfs /dev/sdb1 rw,space_cache=v2,subvolid=256,subvol=/@var",
    "zfs": "zfs rpool/var rw,xattr,posixacl,casesensitive",
    "tmpfs": "tmpfs tmpfs rw,size=8039104k",
    "overlay": "overlay overlay rw,lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w,uuid=on",
    "nfs4": "nfs4 10.0.0.5:/export rw,vers=4.2,rsize=1048576,hard,proto=tcp,addr=10.0.0.5",
    "cifs": "cifs //10.0.0.5/share rw,vers=3.1.1,username=node",
    "vfat": "vfat /dev/sdb1 rw,fmask=0022,dmask=0022,codepage=437",
    "fuse.glusterfs": "fuse.glusterfs gluster:/data rw,user_id=0,group_id=0,allow_other",
    "virtiofs": "virtiofs share rw",
    "autofs": "autofs systemd-1 rw,fd=46,pgrp=1,timeout=0,minproto=5,maxproto=5,direct",
}
"""What stands behind the dash, by type."""


def mounted(path: str, kind: str, options: str = "rw,relatime", tags: str = "shared:40", number: int = 60) -> str:
    """One line of a table: a mount below the root."""
    return f"{number} 29 8:17 / {path} {options} {tags}{' ' if tags else ''}- {KINDS[kind]}\n"


def table(*lines: str) -> str:
    """A table of a machine, with more lines at its end."""
    return "".join((ROOT, PROC, RUN, *lines))
