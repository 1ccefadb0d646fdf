"""Builds the node's image: Debian with systemd, docker, containerd, chrony, firewalls, an SELinux policy, and what acts
at boot by a configuration of its own (cron, ifupdown, cloud-init, FRR, TuneD).

No loop device is needed: ``mmdebstrap`` makes the tree, ``mke2fs -d`` the file system, and QEMU starts the kernel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nodecheck.digest import sha256_name

TOOLS = ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mke2fs", "unshare")
"""Programs that the suite needs here (Debian: qemu-system-x86 qemu-utils seabios ipxe-qemu mmdebstrap e2fsprogs)."""

RELEASES = ("bookworm", "trixie")
"""Debian 12 with systemd 252 and Linux 6.1; Debian 13 with systemd 257 and Linux 6.12."""

HOSTNAME = "node1"
_SIZE = "6G"

_PACKAGES = (
    "systemd systemd-sysv dbus udev kmod procps iproute2 initramfs-tools zstd linux-image-cloud-amd64 qemu-guest-agent"
    " python3 python3-psutil chrony firewalld ufw iptables nftables ipset ipvsadm conntrack bridge-utils containerd"
    " ethtool socat ebtables docker.io runc fdisk systemd-zram-generator dphys-swapfile selinux-basics"
    " selinux-policy-default auditd cron ifupdown frr tuned"
)
_MORE = {"bookworm": "cloud-init"}
"""Trixie's cloud-init conflicts with firewalld: there its plants show that a program that is not there does nothing."""

_LOADER = {
    "bookworm": "grub2-common grub-pc-bin linux-image-6.12-cloud-amd64",
    "trixie": "grub2-common grub-pc-bin linux-image-amd64",
}
"""What an image has besides that is started by its own boot loader: GRUB, and a second kernel to choose."""

_OFF = (
    "docker.service docker.socket containerd firewalld ufw nftables chrony auditd dphys-swapfile networking frr tuned"
)
"""Installed and disabled: a plant enables what it is about. cron, which costs nothing, stays on as Debian has it."""

_MASKED = (
    "apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer e2scrub_reap.service"
    " systemd-networkd-wait-online.service getty@tty1.service systemd-pstore.service selinux-autorelabel-mark.service"
)
"""What would only cost time, or change the node behind the suite's back."""

_INITRAMFS = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d"'
    ' && printf "MODULES=list\\nCOMPRESS=zstd\\n" >"$1/etc/initramfs-tools/conf.d/vm"'
    ' && printf "virtio_pci\\nvirtio_blk\\next4\\ncrc32c_generic\\n" >"$1/etc/initramfs-tools/modules"'
)

_INITRAMFS_ALONE = _INITRAMFS + ' && printf "virtio_console\\n" >>"$1/etc/initramfs-tools/modules"'
"""The guest agent's channel works without the tree of the kernel's modules too."""

_CONFIGURE = f"""
set -eu
cd "$1"
echo {HOSTNAME} >etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 {HOSTNAME}\\n' >etc/hosts
printf '/dev/vda / ext4 errors=remount-ro 0 1\\n' >etc/fstab
printf '[Match]\\nName=eth0\\n[Network]\\nAddress=10.0.2.15/24\\nLinkLocalAddressing=no\\n' \
>etc/systemd/network/eth0.network
: >etc/machine-id
rm -f var/swap etc/modules-load.d/20-zram-generator.conf etc/systemd/zram-generator.conf
mkdir -p etc/cloud
touch etc/cloud/cloud-init.disabled
sc() {{ chroot "$1" systemctl --quiet "$2" $3 2>/dev/null || true; }}
sc . enable systemd-networkd
sc . disable "{_OFF}"
sc . mask "{_MASKED}"
# A clock to follow: the node has no network. The copy is out of reach of the AppArmor profile and the name of chronyd.
cp usr/sbin/chronyd usr/local/sbin/clock-source
printf 'local stratum 8\\nport 11123\\nbindaddress 127.0.0.1\\nallow 127.0.0.1\\ncmdport 0\\nbindcmdaddress /\\n\
pidfile /run/clock-source.pid\\n' >etc/clock-source.conf
printf '[Service]\\nExecStart=/usr/local/sbin/clock-source -x -d -U -u root -f /etc/clock-source.conf\\n\
[Install]\\nWantedBy=multi-user.target\\n' >etc/systemd/system/clock-source.service
sc . enable clock-source
printf 'server 127.0.0.1 port 11123 iburst minpoll 0 maxpoll 2\\n' >etc/chrony/sources.d/clock-source.sources
# Commands run like an administrator's, not confined ("-": no matter where there is no SELinux).
mkdir -p etc/systemd/system/qemu-guest-agent.service.d
printf '[Service]\\nSELinuxContext=-unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\\n' \\
    >etc/systemd/system/qemu-guest-agent.service.d/vm.conf
# Label now: a relabel in an emulated machine takes minutes. setfiles wants /proc.
printf 'SELINUX=permissive\\nSELINUXTYPE=default\\n' >etc/selinux/config
unshare -m sh -c 'mount -t proc proc proc && chroot . /sbin/setfiles -q -F -e /proc -e /sys -e /dev \\
    /etc/selinux/default/contexts/files/file_contexts / 2>/dev/null' || true
cp "$(ls -v boot/vmlinuz-* | tail -n 1)" "$2.vmlinuz"
cp "$(ls -v boot/initrd.img-* | tail -n 1)" "$2.initrd"
mke2fs -q -t ext4 -F -L root -E lazy_itable_init=1,lazy_journal_init=1 -d . "$3" {_SIZE}
"""


def missing() -> str | None:
    """Why the suite cannot run here; None where it can."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"these programs are not installed: {', '.join(absent)}"
    if os.geteuid() != 0:
        return "building a node's image needs root"
    return None


def image(cache: Path, release: str = RELEASES[0], build_anew: bool = False, loader: bool = False) -> Path:
    """The image of a release in ``cache``, built where it is not there. Beside it lie ``.vmlinuz`` and ``.initrd``.

    With ``loader`` it has GRUB and a second kernel. Its name tells what it is made of. Raises CalledProcessError for a
    build that fails.
    """
    packages, initramfs = _packages(release, loader), _INITRAMFS_ALONE if loader else _INITRAMFS
    recipe = "\0".join((release, _SIZE, initramfs, _CONFIGURE, *packages))
    place = cache / f"{release}-{sha256_name(recipe)[7:17]}"
    made = place.with_suffix(".qcow2")
    if build_anew or not made.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _build(release, packages, initramfs, place, made)
    return made


def _packages(release: str, loader: bool) -> list[str]:
    return f"{_PACKAGES} {_MORE.get(release, '')} {_LOADER[release] if loader else ''}".split()


def _build(release: str, packages: list[str], initramfs: str, place: Path, made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="nodecheck-image.", dir="/var/tmp") as folder:
        root, disk, part = f"{folder}/root", f"{folder}/disk", place.with_suffix(".part")
        quiet = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--aptopt=Apt::Install-Recommends false", *quiet]
        command += [
            "--dpkgopt=force-unsafe-io",
            f"--include={','.join(packages)}",
            f"--essential-hook={initramfs}",
        ]
        subprocess.run([*command, release, root, *archives(release)], check=True, stdin=subprocess.DEVNULL)
        subprocess.run(["sh", "-c", _CONFIGURE, "sh", root, str(place), disk], check=True)
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", disk, str(part)], check=True)
        part.replace(made)


def archives(release: str) -> Iterator[str]:
    mirror = _mirror()
    yield f"deb {mirror} {release} main"
    yield f"deb {mirror} {release}-updates main"
    yield f"deb {mirror.rstrip('/').removesuffix('/debian')}/debian-security {release}-security main"


def _mirror() -> str:
    """The mirror that this machine's own apt uses, else Debian's."""
    folder = Path("/etc/apt")
    files = [*folder.glob("sources.list.d/*.sources"), folder / "sources.list", *folder.glob("sources.list.d/*.list")]
    for path in files:
        told = path.read_text(errors="replace") if path.exists() else ""
        found = re.search(r"^(?:URIs: *|deb (?:\[[^]]*\] )?)(\S+/debian/?)(?= |$)", told, re.MULTILINE)
        if found:
            return found[1]
    return "http://deb.debian.org/debian"
