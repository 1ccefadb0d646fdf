"""systemd's generators: which of them run at boot (systemd.generator(7))."""

from __future__ import annotations

from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

DIRS = (
    "/etc/systemd/system-generators",
    "/usr/local/lib/systemd/system-generators",
    "/usr/lib/systemd/system-generators",
    "/lib/systemd/system-generators",
)
"""Where generators lie, the first directory winning; ``/run`` is left out, as it is empty at the next boot."""


KNOWN = {
    "systemd-fstab-generator": "mounts and swap of fstab",
    "systemd-gpt-auto-generator": "mounts and swap of the disk's partition table",
    "systemd-cryptsetup-generator": "encrypted devices",
    "systemd-veritysetup-generator": "verified devices",
    "systemd-integritysetup-generator": "devices with integrity data",
    "systemd-getty-generator": "consoles",
    "systemd-debug-generator": "masks and targets of the command line",
    "systemd-run-generator": "a command of the command line",
    "systemd-rc-local-generator": "rc.local",
    "systemd-sysv-generator": "System V scripts",
    "systemd-hibernate-resume-generator": "waking up",
    "systemd-system-update-generator": "offline updates",
    "systemd-bless-boot-generator": "boot counting",
    "systemd-tpm2-generator": "the TPM",
    "systemd-ssh-generator": "sockets of sshd",
    "systemd-import-generator": "images to download",
    "systemd-factory-reset-generator": "a factory reset",
    "zram-generator": "swap in memory",
    "rpi-swap-generator": "swap",
    "rpi-fstab-generator": "mounts",
    "cloud-init-generator": "whether cloud-init runs",
    "ds-identify": "whether cloud-init runs",
    "netplan": "configuration of networkd and NetworkManager",
    "nfs-server-generator": "the order of NFS exports",
    "rpc-pipefs-generator": "a mount of NFS",
    "lvm2-activation-generator": "volumes of LVM",
    "lvm2-activation": "volumes of LVM",
    "zfs-mount-generator": "mounts of ZFS",
    "snapd-generator": "mounts of snaps",
    "udev-trigger-generator": "what udev skips at boot on SUSE's ppc64le",
    "friendly-recovery": "the recovery menu",
    "openvpn-generator": "OpenVPN's connections",
    "postgresql-generator": "PostgreSQL's clusters",
    "selinux-autorelabel-generator.sh": "a relabelling of SELinux",
    "kdump-dep-generator.sh": "the order of kdump",
    "ostree-system-generator": "mounts of ostree",
    "bootc-systemd-generator": "mounts of bootc",
    "podman-system-generator": "containers of Quadlet",
    "coreos-boot-mount-generator": "mounts of CoreOS",
    "coreos-liveiso-autologin-generator": "a console of CoreOS",
    "coreos-live-generator": "a live system of CoreOS",
    "coreos-sulogin-force-generator": "the console in emergency mode",
    "ignition-generator": "the first boot of Ignition",
    "torcx-generator": "Docker on old Flatcar",
    "anaconda-generator": "the installer",
    "wsl-generator": "units that WSL has no use for",
    "dracut-rootfs-generator": "the initrd's root",
}
"""The generators of the common distributions, and what each touches (the manual page of its name)."""


class Generators(NamedTuple):
    """The generators of a node. Where the root holds no systemd program, every one counts as installed."""

    assumed: bool = True
    paths: tuple[str, ...] = ()
    """The generators that are there, by path; a masked one under the path that masks it."""
    masks: frozenset[str] = frozenset()

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(Dir, DIRS))

    @classmethod
    def read(cls, host: Host, init: InitSystem) -> Generators:
        """List the directories of generators."""
        found: dict[str, str] = {}
        for folder in DIRS:
            for name in names_in(host, folder):
                found.setdefault(name, f"{folder}/{name}")
        masks = frozenset(path for path in found.values() if path.startswith("/etc/") and _masks(host, path))
        return cls(not init.present, tuple(found.values()), masks)

    def path(self, name: str) -> str | None:
        """The path of a generator, or of what masks it."""
        return next((path for path in self.paths if path.endswith("/" + name)), None)

    def unknown(self) -> tuple[str, ...]:
        """The paths of generators that run at boot, and of which nodecheck does not know what they do."""
        return tuple(path for path in self.paths if path not in self.masks and path.rpartition("/")[2] not in KNOWN)

    def runs(self, name: str) -> bool:
        """Whether systemd runs that generator at boot."""
        path = self.path(name)
        return self.assumed if path is None else path not in self.masks


def _masks(host: Host, path: str) -> bool:
    found = stat_or_none(host, path)
    return found is not None and (found.kind == "null" or (found.kind == "file" and found.size == 0))
