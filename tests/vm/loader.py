"""A node that its own boot loader starts: GRUB, installed as Debian does it, two kernels, and a menu of both."""

from __future__ import annotations

from pathlib import Path

from nodecheck.digest import sha256_name
from tests.vm.machine import KERNEL_WORDS, Machine, overlay
from tests.vm.payload import HOME, payload

DEFAULTS = f'''GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="{KERNEL_WORDS.partition(" rw ")[2]}"
GRUB_CMDLINE_LINUX=""
GRUB_DISABLE_RECOVERY=true
GRUB_DISABLE_OS_PROBER=true
GRUB_DISABLE_LINUX_UUID=true
GRUB_TERMINAL=console
'''
"""``/etc/default/grub``, much as Debian has it."""

KEPT = "/srv/as-it-was"
"""Copies of what configurations change, to begin each with."""

_IDLE = (
    "serial-getty@ttyS0.service systemd-update-utmp.service systemd-update-utmp-runlevel.service ipvsadm.service"
    " modprobe@drm.service modprobe@fuse.service modprobe@efi_pstore.service sys-fs-fuse-connections.mount"
    " modprobe@configfs.service modprobe@dm_mod.service modprobe@loop.service cron.service systemd-networkd.service"
    " systemd-networkd.socket dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount"
    " sys-kernel-config.mount systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-journal-flush.service"
    " systemd-fsck-root.service systemd-network-generator.service systemd-sysusers.service"
)
"""Units that no configuration is about; logind is what some are about."""

KUBELET = r"""#!/bin/sh
# Stands in for the kubelet, which this distribution does not have: tells its version, and asks logind for the time of
# /etc/kubelet-asks as pkg/kubelet/nodeshutdown does: by a drop-in of its own where logind grants less. The rule that
# the kubelet makes before its first pod brings nf_conntrack.
case "$*" in *--version*) echo "Kubernetes v1.33.4"; exit ;; esac
logind="org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
asked=$(cat /etc/kubelet-asks 2>/dev/null || echo 0)
granted=$(busctl get-property $logind InhibitDelayMaxUSec | cut -d' ' -f2)
[ "${#granted}" -lt 19 ] || granted=-1  # no end, which is a negative time to the kubelet
if [ "$asked" -gt 0 ] && [ "$granted" -lt "${asked}000000" ]; then
    mkdir -p /etc/systemd/logind.conf.d
    printf '# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=%s\n' "$asked" \
        >/etc/systemd/logind.conf.d/99-kubelet.conf
    systemctl kill --kill-who=all -s HUP systemd-logind
fi
iptables -w -N KUBE-FIREWALL 2>/dev/null && iptables -w -A KUBE-FIREWALL -m conntrack --ctstate INVALID -j DROP
exec sleep infinity
"""
_UNIT = """[Unit]
Description=kubelet: The Kubernetes Node Agent
After=systemd-logind.service
Wants=systemd-logind.service
[Service]
ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml
Restart=always
[Install]
WantedBy=multi-user.target
"""

MENUS = {
    "flat": "GRUB_DISABLE_SUBMENU=y",
    "flat and saved": "GRUB_DISABLE_SUBMENU=y\\nGRUB_DEFAULT=saved",
    "saved": "GRUB_DEFAULT=saved",
    "saved by itself": "GRUB_DEFAULT=saved\\nGRUB_SAVEDEFAULT=true",
    "plain": "",
}
"""Settings whose menus are made once, because that takes half a minute there."""
_MENUS = "\n".join(
    [
        f"printf '{text}\\n' >/etc/default/grub.d/kept.cfg; update-grub; cp /boot/grub/grub.cfg '{KEPT}/{name}'"
        for name, text in MENUS.items()
    ]
)
_MENUS = f"mkdir -p /etc/default/grub.d\n{_MENUS}\nrm -r /etc/default/grub.d"

_INSTALL = f"""
set -eu
mkdir -p /var/lib/kubelet /etc/kubernetes
printf 'apiVersion: v1\\nkind: Config\\n' >/etc/kubernetes/kubelet.conf
chmod 755 /usr/bin/kubelet
systemctl -q enable kubelet
mkdir -p {KEPT}
grub-install --force --skip-fs-probe --target=i386-pc /dev/vda
{_MENUS}
cp {KEPT}/plain /boot/grub/grub.cfg
cp -a /etc/sysctl.d {KEPT}
for file in /etc/sysctl.conf /etc/systemd/logind.conf; do [ ! -e $file ] || cp -a $file {KEPT}; done
systemctl -q disable clock-source
systemctl -q mask {_IDLE}
"""


_FILES = {"/etc/default/grub": DEFAULTS, "/usr/bin/kubelet": KUBELET, "/lib/systemd/system/kubelet.service": _UNIT}


def furnish(machine: Machine) -> None:
    """Bring the working tree's nodecheck and the stand-ins, which the disk does not hold: making it takes minutes."""
    machine.push(payload(), "/run/payload.tgz")
    machine.sh(f"rm -rf {HOME} && mkdir -p {HOME} && tar -xzf /run/payload.tgz -C {HOME} && rm /run/payload.tgz")
    for path, text in _FILES.items():
        machine.push(text.encode(), path)


def started_by_loader(image: Path, cache: Path) -> Path:
    """A disk of ``image`` with GRUB in its first sectors, and the state of its running system inside."""
    disk = cache / f"{image.stem}.grub-{sha256_name(repr((_IDLE, _INSTALL, sorted(_FILES))))[7:17]}.qcow2"
    if disk.exists():
        return disk
    before = sorted(cache.glob(f"{image.stem}.grub-*"), key=lambda path: path.stat().st_mtime)
    for old in before[:-1]:  # the newest may still be in use
        old.unlink()
    part = disk.with_suffix(".part")
    overlay(image, part)
    with Machine(part, image.with_suffix("")) as machine:
        for path, text in _FILES.items():
            machine.push(text.encode(), path)
        machine.sh(_INSTALL)
        machine.power_off()
    with Machine(part, None) as machine:
        machine.settle()
        machine.keep()
        machine.power_off()
    part.replace(disk)
    return disk
