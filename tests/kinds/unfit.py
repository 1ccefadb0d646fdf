"""Nodes that a check passed once and that were unfit after the next boot, each with a twin whose actor does not start.

A fault is a small Debian with some files more. Its twin has a few files more again, or in their place: the unit is not
enabled or masked, the generator is gone, the release is older, or the command that was only a text really runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Union

from nodecheck.record import NamedTuple
from nodecheck.testing import TreeFile, TreeLink, write_tree

ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
GENERATORS = "/usr/lib/systemd/system-generators"
WANTS = f"{ETC}/multi-user.target.wants"
DROPINS = f"{ETC}/kubelet.service.d"
SYSCTLS = "/etc/sysctl.d/90.conf"

Entry = Union[str, TreeFile, TreeLink, None]
Tree = dict[str, Entry]
"""Path to what is there; None: nothing is."""

PROGRAM = TreeFile("\x7fELF", mode=0o755)
MASK = TreeLink("/dev/null")
PROGRAMS = (
    "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-sysctl", "/usr/lib/systemd/systemd-modules-load",
    "/usr/lib/systemd/systemd-udevd", "/usr/bin/systemd-tmpfiles", "/usr/bin/udevadm", "/usr/bin/kubelet", "/bin/sh",
    f"{GENERATORS}/systemd-fstab-generator", f"{GENERATORS}/systemd-sysv-generator",
    f"{GENERATORS}/systemd-rc-local-generator", "/sbin/sysctl", "/sbin/modprobe", "/sbin/swapon", "/sbin/swapoff",
)  # fmt: skip
TARGETS = ("sysinit", "basic", "multi-user", "graphical", "rescue", "timers", "paths", "swap")
ONE_SHOT = "[Service]\nType=oneshot\nExecStart="
EARLY = {
    "systemd-sysctl": f"{ONE_SHOT}/lib/systemd/systemd-sysctl\n",
    "systemd-modules-load": f"{ONE_SHOT}/lib/systemd/systemd-modules-load\n",
    "systemd-tmpfiles-setup": f"{ONE_SHOT}/usr/bin/systemd-tmpfiles --create --remove --boot --exclude-prefix=/dev\n",
    "systemd-udevd": "[Service]\nExecStart=/lib/systemd/systemd-udevd\n",
    "systemd-udev-trigger": f"{ONE_SHOT}/usr/bin/udevadm trigger --type=subsystems\n"
    "ExecStart=/usr/bin/udevadm trigger --type=devices\n",
}
RC_LOCAL_UNIT = (
    "[Unit]\nConditionFileIsExecutable=/etc/rc.local\nAfter=network.target\n"
    "[Service]\nType=forking\nExecStart=/etc/rc.local start\n"
)

BASE: Tree = {
    **dict.fromkeys(PROGRAMS, PROGRAM),
    **{f"{USR}/{name}.target": "[Unit]\n" for name in TARGETS},
    **{f"{USR}/{name}.service": text for name, text in EARLY.items()},
    **{f"{USR}/sysinit.target.wants/{name}.service": TreeLink(f"../{name}.service") for name in EARLY},
    **{
        f"/lib/systemd/systemd-{name}": TreeLink(f"/usr/lib/systemd/systemd-{name}")
        for name in ("sysctl", "modules-load", "udevd")
    },
    f"{USR}/rc-local.service": RC_LOCAL_UNIT,
    f"{USR}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n",
    f"{WANTS}/kubelet.service": TreeLink(f"{USR}/kubelet.service"),
    f"{ETC}/default.target": TreeLink(f"{USR}/graphical.target"),
    "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/fstab": "",
    SYSCTLS: "net.ipv4.ip_forward=1\n",
}


class Fault(NamedTuple):
    """An unfit node, and its twin."""

    select: str
    files: Tree
    twin: Tree
    """Laid over the files."""
    status: str = "fail"
    view: str = "boot"


def built(base: Path, *layers: Tree) -> Path:
    """Write a node."""
    tree = dict(BASE)
    for layer in layers:
        tree.update(layer)
    return write_tree(base, {path: entry for path, entry in tree.items() if entry is not None})


def unit(command: str, *lines: str) -> str:
    return "\n".join((f"{ONE_SHOT}{command}", *lines, ""))


def on(name: str, folder: str = ETC) -> Tree:
    return {f"{WANTS}/{name}": TreeLink(f"{folder}/{name}")}


def off(name: str) -> Tree:
    return {f"{WANTS}/{name}": None}


def script(text: str, mode: int = 0o755) -> TreeFile:
    return TreeFile(f"#!/bin/sh\n{text}", mode=mode)


def program(name: str, command: str) -> Tree:
    """A package's service with its program, enabled."""
    text = f"[Service]\nExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    return {command.split(" ")[0]: PROGRAM, f"{USR}/{name}": text, **on(name, USR)}


SWAP, FORWARD, KUBELET = "swap", "sysctl[net.ipv4.ip_forward]", "service[kubelet]"
MODULE = "kernel-module[br_netfilter]"
LOCAL = "/etc/rc.local"
NOT_RUN: Tree = {LOCAL: None}
SWAPON: Tree = {f"{ETC}/z.service": unit("/sbin/swapon /s")}
TIMER: Tree = {f"{ETC}/z.timer": "[Timer]\nOnBootSec=5\n", f"{ETC}/timers.target.wants/z.timer": TreeLink("../z.timer")}
FSTAB: Tree = {"/etc/fstab": "/s none swap sw 0 0\n"}
UNMET = "[Unit]\nConditionPathExists=/none"
MET = "[Unit]\nConditionPathExists=/etc/fstab"
SETS = "/sbin/sysctl -w net.ipv4.ip_forward="
NOTHING: Tree = {SYSCTLS: ""}
NO_LONGER: Tree = {f"{DROPINS}/z.conf": None, f"{DROPINS}/z": "[Service]\nUser=nosuch\n"}
PER_BOOT = "/var/lib/cloud/scripts/per-boot/z"


def dropin(text: str) -> Tree:
    """A drop-in of the kubelet's in /usr/lib, which a mask in /etc can take away."""
    return {f"{USR}/kubelet.service.d/z.conf": text}


MASKED_DROPIN: Tree = {f"{DROPINS}/z.conf": MASK}

SWAPS: dict[str, Fault] = {
    "a timer": Fault(SWAP, {**SWAPON, **TIMER}, {f"{ETC}/timers.target.wants/z.timer": None}),
    "a unit linked from /opt": Fault(
        SWAP,
        {"/opt/z.service": unit("/sbin/swapon /s"), f"{ETC}/z.service": TreeLink("/opt/z.service"),
         **on("z.service", "/opt")},
        off("z.service"),
    ),
    "swapon -L": Fault(
        SWAP, {f"{ETC}/z.service": unit("/sbin/swapon -L mylabel"), **on("z.service")}, off("z.service")
    ),
    "swapon by a variable": Fault(
        SWAP, {f"{ETC}/z.service": unit("/sbin/swapon $F", "Environment=F=/s"), **on("z.service")}, off("z.service")
    ),
    "a script in /usr/sbin": Fault(
        SWAP,
        {f"{ETC}/z.service": unit("/usr/sbin/my-swap"), **on("z.service"), "/usr/sbin/my-swap": script("swapon /s\n")},
        off("z.service"),
    ),
    "a script that rc.local calls": Fault(
        SWAP, {LOCAL: script("/usr/local/bin/x\n"), "/usr/local/bin/x": script("swapon /s\n")},
        {LOCAL: script("/usr/local/bin/x\n", mode=0o644)},
    ),
    "a variable of rc.local": Fault(
        SWAP, {LOCAL: script("F=/s\nswapon $F\n")}, {LOCAL: script("F=/s\nswapon $F\n", 0o644)}
    ),
    "a continued line": Fault(
        SWAP, {LOCAL: script("swapon \\\n  /s\n")}, {f"{ETC}/rc-local.service": MASK}
    ),
    "a System V script": Fault(
        SWAP, {"/etc/init.d/z": script("swapon /s\n"), "/etc/rc3.d/S01z": TreeLink("../init.d/z")},
        {f"{GENERATORS}/systemd-sysv-generator": None},
    ),
    "cron": Fault(
        SWAP, {"/etc/cron.d/z": "@reboot root /sbin/swapon /s\n", **program("cron.service", "/usr/sbin/cron -f")},
        off("cron.service"),
    ),
    "cloud-init, per-boot": Fault(
        SWAP,
        {PER_BOOT: script("swapon /mnt/s\n"), "/etc/cloud/cloud.cfg": "cloud_final_modules:\n - scripts-per-boot\n",
         **program("cloud-final.service", "/usr/bin/cloud-init modules --mode=final")},
        {"/etc/cloud/cloud-init.disabled": ""},
    ),
    "waagent": Fault(
        SWAP,
        {"/etc/waagent.conf": "ResourceDisk.Format=y\nResourceDisk.EnableSwap=y\nResourceDisk.SwapSizeMB=2048\n",
         **program("walinuxagent.service", "/usr/sbin/waagent -daemon")},
        off("walinuxagent.service"),
    ),
    "rpi-swap": Fault(
        SWAP, {"/etc/rpi/swap.conf": "[Main]\nMechanism=zram\n", f"{GENERATORS}/rpi-swap-generator": script("")},
        {f"{GENERATORS}/rpi-swap-generator": None},
    ),
    "a package's unit": Fault(
        SWAP,
        {f"{USR}/z.service": unit("/sbin/swapon /s"),
         f"{USR}/multi-user.target.wants/z.service": TreeLink("../z.service")},
        {f"{ETC}/z.service": MASK},
    ),
}  # fmt: skip

TEXTS: dict[str, Fault] = {
    "fstab": Fault(SWAP, FSTAB, {f"{GENERATORS}/systemd-fstab-generator": None}),
    "swapoff behind a condition": Fault(
        SWAP, {**FSTAB, f"{ETC}/z.service": unit("/sbin/swapoff -a", UNMET), **on("z.service")},
        {f"{ETC}/z.service": unit("/sbin/swapoff -a", MET)},
    ),
    "swapoff in a here document": Fault(
        SWAP, {**FSTAB, LOCAL: script("cat > /x <<E\nswapoff -a\nE\n")}, {"/etc/systemd/system/s.swap": MASK}
    ),
    "swapoff after a failure": Fault(
        SWAP, {**FSTAB, LOCAL: TreeFile("#!/bin/sh -e\nfalse\nswapoff -a\n", 0o755)},
        {LOCAL: TreeFile("#!/bin/sh\nfalse\nswapoff -a\n", 0o755)},
    ),
    "an echo of a sysctl": Fault(
        FORWARD, {**NOTHING, LOCAL: script("echo run sysctl net.ipv4.ip_forward=1 yourself\n")},
        {LOCAL: script("sysctl net.ipv4.ip_forward=1\n")},
    ),
    "a sysctl in if false": Fault(
        FORWARD, {**NOTHING, LOCAL: script("if false; then\nsysctl -w net.ipv4.ip_forward=1\nfi\n")},
        {LOCAL: script("if true; then\nsysctl -w net.ipv4.ip_forward=1\nfi\n")},
    ),
    "a sysctl behind a condition": Fault(
        FORWARD, {**NOTHING, f"{ETC}/z.service": unit(f"{SETS}1", UNMET), **on("z.service")},
        {f"{ETC}/z.service": unit(f"{SETS}1", MET)},
    ),
    "modprobe behind a condition": Fault(
        MODULE, {f"{ETC}/z.service": unit("/sbin/modprobe br_netfilter", UNMET), **on("z.service")},
        {f"{ETC}/z.service": unit("/sbin/modprobe br_netfilter", MET)},
    ),
    "modprobe after modules are closed": Fault(
        MODULE, {"/etc/sysctl.d/91.conf": "kernel.modules_disabled=1\n", LOCAL: script("modprobe br_netfilter\n")},
        {"/etc/sysctl.d/91.conf": MASK},
    ),
    "another distribution's rc.local": Fault(
        FORWARD, {**NOTHING, "/etc/rc.d/rc.local": script("sysctl -w net.ipv4.ip_forward=1\n")},
        {LOCAL: TreeLink("rc.d/rc.local")},
    ),
}  # fmt: skip

SERVICES: dict[str, Fault] = {
    "a default target that leads nowhere": Fault(
        KUBELET, {f"{ETC}/default.target": TreeLink(f"{USR}/none.target")}, {f"{ETC}/default.target": None}
    ),
    "a default target of one's own": Fault(
        KUBELET,
        {f"{ETC}/kiosk.target": "[Unit]\nRequires=basic.target\n",
         f"{ETC}/default.target": TreeLink(f"{ETC}/kiosk.target")},
        {f"{ETC}/kiosk.target": "[Unit]\nRequires=multi-user.target\n"},
    ),
    "systemd.unit on the command line": Fault(
        KUBELET, {"/boot/grub/grub.cfg": "menuentry x {\nlinux /vmlinuz-6.1.0 ro systemd.unit=basic.target\n}\n"},
        {"/boot/grub/grub.cfg": "menuentry x {\nlinux /vmlinuz-6.1.0 ro systemd.unit=multi-user.target\n}\n"},
    ),
    "another unit's Conflicts": Fault(
        KUBELET,
        {f"{ETC}/y.service": "[Unit]\nConflicts=kubelet.service\n[Service]\nExecStart=/bin/sh\n", **on("y.service")},
        off("y.service"),
    ),
    "a second ExecStart": Fault(KUBELET, dropin("[Service]\nExecStart=/usr/bin/kubelet -v 2\n"), MASKED_DROPIN),
    "a missing EnvironmentFile": Fault(
        KUBELET, dropin("[Service]\nEnvironmentFile=/etc/default/none\n"), MASKED_DROPIN
    ),
    "a missing User": Fault(KUBELET, dropin("[Service]\nUser=nosuch\n"), MASKED_DROPIN),
    "ConditionHost": Fault(KUBELET, dropin("[Unit]\nConditionHost=other\n"), MASKED_DROPIN, "unknown"),
    "a kubelet without a unit": Fault(
        KUBELET,
        {f"{USR}/kubelet.service": None, **off("kubelet.service"),
         "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\n"},
        {f"{USR}/kubelet.service": BASE[f"{USR}/kubelet.service"], **on("kubelet.service", USR)},
    ),
    "systemd-sysctl behind a condition": Fault(
        FORWARD, {f"{USR}/systemd-sysctl.service.d/z.conf": f"{UNMET}\n"},
        {f"{ETC}/systemd-sysctl.service.d/z.conf": MASK},
    ),
    "systemd-modules-load behind a condition": Fault(
        MODULE,
        {"/etc/modules-load.d/z.conf": "br_netfilter\n", f"{USR}/systemd-modules-load.service.d/z.conf": f"{UNMET}\n"},
        {f"{ETC}/systemd-modules-load.service.d/z.conf": MASK},
    ),
}  # fmt: skip

LATER: dict[str, Fault] = {
    "ufw": Fault(
        FORWARD,
        {"/etc/ufw/ufw.conf": "ENABLED=yes\n", "/etc/default/ufw": "IPT_SYSCTL=/etc/ufw/sysctl.conf\n",
         "/etc/ufw/sysctl.conf": "net/ipv4/ip_forward=0\n", **program("ufw.service", "/lib/ufw/ufw-init start")},
        off("ufw.service"),
    ),
    "tmpfiles": Fault(
        FORWARD, {"/usr/lib/tmpfiles.d/z.conf": "w /proc/sys/net/ipv4/ip_forward - - - - 0\n"},
        {"/etc/tmpfiles.d/z.conf": MASK},
    ),
    "a timer": Fault(
        FORWARD, {f"{ETC}/z.service": unit(f"{SETS}0"), **TIMER}, {f"{ETC}/timers.target.wants/z.timer": None}
    ),
    "udev": Fault(
        FORWARD, {"/usr/lib/udev/rules.d/z.rules": f'ACTION=="add", SUBSYSTEM=="net", RUN+="{SETS}0"\n'},
        {"/etc/udev/rules.d/z.rules": MASK},
    ),
    "rc.local, a quoted pair": Fault(
        FORWARD, {LOCAL: script('sysctl -w "net.ipv4.ip_forward = 0"\n')}, {f"{ETC}/rc-local.service": MASK}
    ),
    "rc.local, a file by a variable": Fault(
        FORWARD, {LOCAL: script("F=/etc/x.conf\nsysctl -p $F\n"), "/etc/x.conf": "net.ipv4.ip_forward=0\n"}, NOT_RUN
    ),
    "networkd": Fault(
        FORWARD,
        {"/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
         "/etc/systemd/networkd.conf": "[Network]\nIPv4Forwarding=no\n",
         **program("systemd-networkd.service", "/usr/lib/systemd/systemd-networkd")},
        {"/etc/os-release": 'ID=debian\nVERSION_ID="12"\n'},
    ),
    "a link in the place of /proc": Fault(
        SWAP, {**FSTAB, "/dev/fd/x": "", "/proc": TreeLink("/dev/fd/../..")},
        {"/etc/fstab": "/s none swap noauto 0 0\n"}, view="",
    ),
}  # fmt: skip

FAULTS = {
    f"{kind}: {name}": fault
    for kind, faults in (("swap", SWAPS), ("text", TEXTS), ("service", SERVICES), ("later", LATER))
    for name, fault in faults.items()
}
