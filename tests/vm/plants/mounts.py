"""What is mounted below images and volumes, how it propagates, and who may pass: fstab, mount units, tmpfiles.d.

A tmpfs stands for a disk. What a plant does is compared with what the kernel has after the reboot.
"""

from __future__ import annotations

from tests.vm.plant import Plant

_ETC = "/etc/systemd/system"
_FOLDERS = (
    "mkdir -p /var/lib/containerd /var/lib/containers /var/lib/docker /var/lib/rancher /var/lib/k0s /var/lib/kubelet"
)


def _line(name: str, line: str, slot: str) -> Plant:
    return Plant(f"mount of fstab {name}", {"+/etc/fstab": f"{line}\n"}, _FOLDERS, slot=slot)


def _unit(where: str, options: str, what: str = "tmpfs") -> str:
    unit = f"[Mount]\nWhat={what}\nWhere={where}\n{'' if what[0] == '/' else 'Type=tmpfs'}\nOptions={options}\n"
    return f"{unit}[Install]\nRequiredBy=local-fs.target\n"


def _unit_plant(name: str, path: str, files: dict[str, str], enable: bool = True) -> Plant:
    unit = path.strip("/").replace("/", "-") + ".mount"
    shell = f"{_FOLDERS}; systemctl -q enable {unit}" if enable else _FOLDERS
    return Plant(f"mount unit {name}", {f"{_ETC}/{unit}{end}": text for end, text in files.items()}, shell, slot=path)


PLANTS = (
    _line("noexec", "tmpfs /var/lib/containerd tmpfs noexec,nodev,size=8m 0 0", "/var/lib/containerd"),
    _line("twice", "tmpfs /var/lib/containerd tmpfs defaults,size=8m 0 0\ntmpfs /var/lib/containerd tmpfs noexec,size=8m 0 0", "/var/lib/containerd"),
    _line("noexec and exec", "tmpfs /var/lib/containerd tmpfs noexec,exec,size=8m 0 0", "/var/lib/containerd"),
    _line("noauto", "tmpfs /var/lib/docker tmpfs noexec,noauto,size=8m 0 0", "/var/lib/docker"),
    _line("automount", "tmpfs /var/lib/docker tmpfs noexec,noauto,x-systemd.automount,size=8m 0 0", "/var/lib/docker"),
    _line("ro", "tmpfs /var/lib/docker tmpfs ro,size=8m 0 0", "/var/lib/docker"),
    _line("user", "tmpfs /var/lib/k0s tmpfs user,size=8m 0 0", "/var/lib/k0s"),
    _line("user with exec", "tmpfs /var/lib/k0s tmpfs user,exec,size=8m 0 0", "/var/lib/k0s"),
    _line("bind", "tmpfs /home tmpfs noexec,size=8m 0 0\n/home /var/lib/containers none bind 0 0", "/var/lib/containers"),
    _line("bind with an option", "tmpfs /home tmpfs noexec,size=8m 0 0\n/home /var/lib/containers none bind,nosuid 0 0", "/var/lib/containers"),
    _line("private", "tmpfs /var/lib/kubelet tmpfs size=8m,private 0 0", "/var/lib/kubelet"),
    _line("private and shared", "tmpfs /var/lib/kubelet tmpfs size=8m,private,shared 0 0", "/var/lib/kubelet"),
    _unit_plant("ro", "/var/lib/rancher", {"": _unit("/var/lib/rancher", "ro,size=8m")}),
    _unit_plant("not enabled", "/var/lib/rancher", {"": _unit("/var/lib/rancher", "ro,size=8m")}, enable=False),
    _unit_plant("with a drop-in", "/var/lib/rancher", {"": _unit("/var/lib/rancher", "ro,size=8m"), ".d/x.conf": "[Mount]\nOptions=nosuid,size=8m\n"}),
    Plant("drop-in over a line of fstab", {"+/etc/fstab": "tmpfs /var/lib/rancher tmpfs defaults,size=8m 0 0\n", f"{_ETC}/var-lib-rancher.mount.d/x.conf": "[Mount]\nOptions=noexec,size=8m\n"}, _FOLDERS, slot="/var/lib/rancher"),
    Plant("mask over a line of fstab", {"+/etc/fstab": "tmpfs /var/lib/rancher tmpfs noexec,size=8m 0 0\n"}, f"{_FOLDERS}; systemctl -q mask var-lib-rancher.mount", slot="/var/lib/rancher"),
    Plant("directory that is shut", shell="chmod 0700 /var/lib", slot="/var/lib"),
    Plant("tmpfiles.d shuts", {"/etc/tmpfiles.d/shut.conf": "z /var/lib 0700\n"}, slot="/var/lib"),
    Plant("tmpfiles.d opens less", {"/etc/tmpfiles.d/a.conf": "d /var/lib 0711\n"}, "chmod 0700 /var/lib", slot="/var/lib"),
)  # fmt: skip
"""Two of one slot are planted in two states."""
