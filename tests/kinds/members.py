"""Members of the kinds of faults: nodes of other distributions and forms, and harmless ones that look like them.

Each is a small Debian with some files more, what is asked of it, and the verdict on the next boot that is right.
"""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.testing import TreeFile, TreeLink
from tests.kinds.unfit import (
    BASE,
    ETC,
    FORWARD,
    FSTAB,
    GENERATORS,
    KUBELET,
    LOCAL,
    MASK,
    NOTHING,
    PROGRAM,
    SETS,
    SWAP,
    SYSCTLS,
    USR,
    WANTS,
    Tree,
    dropin,
    off,
    on,
    program,
    script,
    unit,
)

BRIDGE = "kernel-module[br_netfilter]"
NAME, CLOCK = "hostname", "service[chronyd]"


class Member(NamedTuple):
    """One node of a kind."""

    select: str
    files: Tree
    status: str


def release(name: str, version: str, like: str = "") -> Tree:
    return {"/etc/os-release": f'ID={name}\nVERSION_ID="{version}"\nID_LIKE="{like}"\n'}


def grub(words: str) -> Tree:
    return {"/boot/grub/grub.cfg": f"menuentry x {{\nlinux /vmlinuz-6.1.0 ro {words}\n}}\n"}


AZURE = 'ResourceDisk.Format = y\nResourceDisk.EnableSwap = "Y"\nResourceDisk.SwapSizeMB=2048\n'
OEM = "/usr/share/oem/waagent.conf"
WAAGENT = program("waagent.service", "/usr/sbin/waagent -daemon")
ZRAM: Tree = {
    f"{GENERATORS}/zram-generator": PROGRAM,
    "/usr/lib/systemd/zram-generator.conf": "[zram0]\nzram-size = ram\n",
}

SWAP_MAKERS: dict[str, Member] = {
    "1 zram-generator": Member(SWAP, {**ZRAM}, "fail"),
    "1 zram-generator, emptied": Member(SWAP, {**ZRAM, "/etc/systemd/zram-generator.conf": ""}, "pass"),
    "1 zram-generator, turned off": Member(SWAP, {**ZRAM, **grub("systemd.zram=0")}, "pass"),
    "2 blanks and quotes": Member(SWAP, {"/etc/waagent.conf": AZURE, **WAAGENT}, "fail"),
    "2 Flatcar": Member(
        SWAP,
        {OEM: AZURE, **program("waagent.service", f"/usr/sbin/waagent -daemon -configuration-path:{OEM}")}, "fail",
    ),
    "2 Flatcar, off": Member(
        SWAP,
        {OEM: AZURE.replace("Y", "n"), "/etc/waagent.conf": AZURE,
         **program("waagent.service", f"/usr/sbin/waagent -daemon -configuration-path:{OEM}")}, "pass",
    ),
    "2 not enabled": Member(SWAP, {"/etc/waagent.conf": AZURE, **WAAGENT, **off("waagent.service")}, "pass"),
    "16 zramswap": Member(SWAP, program("zramswap.service", "/usr/sbin/zramswap start"), "fail"),
    "16 zram-config": Member(
        SWAP,
        {**program("zram-config.service", "/usr/bin/init-zram"), "/usr/bin/init-zram": script("swapon /dev/zram0\n")},
        "fail",
    ),
    "16 zramswap that is not enabled": Member(
        SWAP, {**program("zramswap.service", "/usr/sbin/zramswap start"), **off("zramswap.service")}, "pass"
    ),
}  # fmt: skip


def conditioned(*lines: str, **files: str) -> Member:
    """A unit that turns forwarding on, where what it asks for holds."""
    tree: Tree = {**NOTHING, f"{ETC}/z.service": unit(f"{SETS}1", "[Unit]", *lines), **on("z.service"), **files}
    return Member(FORWARD, tree, "fail")


CONDITIONS: dict[str, Member] = {
    "3 the first boot": conditioned("ConditionFirstBoot=yes"),
    "3 a stamp": conditioned("ConditionPathExists=!/etc/fstab"),
    "3 an assertion": conditioned("AssertPathExists=/none"),
    "3 bound to a masked unit": conditioned("BindsTo=y.service")._replace(
        files={**conditioned("BindsTo=y.service").files, f"{ETC}/y.service": MASK}
    ),
    "3 a program that is not there": Member(
        FORWARD, {**NOTHING, f"{ETC}/z.service": unit("/opt/none"), **on("z.service")}, "fail"
    ),
    "3 ExecCondition": Member(
        FORWARD, {**NOTHING, f"{ETC}/z.service": unit(f"{SETS}1", "ExecCondition=/bin/false"), **on("z.service")},
        "fail",
    ),
    "3 one of several holds": conditioned("ConditionPathExists=|/none", "ConditionPathExists=|/etc/fstab")._replace(
        status="pass"
    ),
    "3 taken back": conditioned("ConditionPathExists=/none", "ConditionPathExists=")._replace(status="pass"),
    "3 does harm, and does not run": Member(
        FORWARD, {f"{ETC}/z.service": unit(f"{SETS}0", "[Unit]", "ConditionFirstBoot=yes"), **on("z.service")}, "pass"
    ),
}  # fmt: skip

RC_LOCALS = (
    ("fedora", "41", "", "/etc/rc.d/rc.local", "pass"),
    ("fedora", "41", "", "/etc/rc.local", "fail"),
    ("amzn", "2023", "fedora", "/etc/rc.d/rc.local", "pass"),
    ("centos", "7", "rhel fedora", "/etc/rc.d/rc.local", "pass"),
    ("photon", "5.0", "", "/etc/rc.d/rc.local", "pass"),
    ("openEuler", "22.03", "", "/etc/rc.d/rc.local", "pass"),
    ("opensuse-leap", "15.6", "suse opensuse", "/etc/init.d/boot.local", "pass"),
    ("opensuse-leap", "15.6", "suse opensuse", "/etc/rc.local", "fail"),
    ("sles", "12.5", "suse", "/etc/init.d/boot.local", "pass"),
    ("ubuntu", "24.04", "debian", "/etc/rc.local", "pass"),
    ("ubuntu", "24.04", "debian", "/etc/rc.d/rc.local", "fail"),
    ("raspbian", "12", "debian", "/etc/rc.local", "pass"),
)
LOCALS: dict[str, Member] = {
    f"4 {name} {version} {path}": Member(
        SWAP,
        {**FSTAB, **release(name, version, like), f"{USR}/rc-local.service": None, path: script("swapoff -a\n")},
        status,
    )
    for name, version, like, path, status in RC_LOCALS
}  # fmt: skip

UFW = {"/etc/ufw/ufw.conf": "ENABLED=yes\n", "/etc/default/ufw": "IPT_SYSCTL=\n",
       **program("ufw.service", "/lib/ufw/ufw-init start")}  # fmt: skip
OFF = "sysctl -w net.ipv4.ip_forward=0\n"
CLOUD = {"/usr/bin/cloud-init": PROGRAM, **program("cloud-init.service", "/usr/bin/cloud-init init")}
BOOTCMD = "#cloud-config\nbootcmd:\n - swapon /s\n"
INSTANCE: Tree = {"/var/lib/cloud/instance": TreeLink("instances/i-1")}
NETWORKD = program("systemd-networkd.service", "/usr/lib/systemd/systemd-networkd")
FORWARDING = {"/etc/systemd/networkd.conf": "[Network]\nIPv4Forwarding=no\n", **NETWORKD}
QUAGGA = {"/etc/quagga/zebra.conf": "hostname x\nno ip forwarding\n"}
SHOREWALL = {
    "/etc/shorewall/shorewall.conf": "IP_FORWARDING=Keep\n",
    **program("shorewall.service", "/sbin/shorewall start"),
}

PYTHON: Tree = {
    "/usr/bin/python3": PROGRAM, f"{ETC}/z.service": unit("/usr/bin/python3 -u /opt/x"), **on("z.service"),
}  # fmt: skip

LATER: dict[str, Member] = {
    "B4 a file that is a link into /run": Member(
        FORWARD, {SYSCTLS: TreeLink("/run/x.conf"), "/run/x.conf": "net.ipv4.ip_forward=1\n"}, "fail"
    ),
    "B4 a file that is a link elsewhere": Member(
        FORWARD, {SYSCTLS: TreeLink("../x.conf"), "/etc/x.conf": "net.ipv4.ip_forward=1\n"}, "pass"
    ),
    "B4 a program in Python": Member(
        FORWARD, {**PYTHON, "/opt/x": "open('/proc/sys/net/ipv4/ip_forward', 'w').write('0')\n"}, "unknown"
    ),
    "B4 a program in Python that reads": Member(
        FORWARD, {**PYTHON, "/opt/x": "print(open('/proc/sys/net/ipv4/ip_forward').read())\n"}, "pass"
    ),
    "B2 a program in Python": Member(SWAP, {**PYTHON, "/opt/x": "os.system('swapon /s')\n"}, "unknown"),
    "B2 a program in Perl": Member(
        SWAP, {"/usr/bin/perl": PROGRAM, LOCAL: script("perl /opt/x\n"), "/opt/x": 'system("swapon /s");\n'}, "unknown"
    ),
    "B2 a program in Python that says so": Member(SWAP, {**PYTHON, "/opt/x": "# swapon /s\nprint(1)\n"}, "pass"),
    "5 after.init": Member(FORWARD, {**UFW, "/etc/ufw/after.init": script(OFF)}, "fail"),
    "5 after.init that is not executable": Member(FORWARD, {**UFW, "/etc/ufw/after.init": script(OFF, 0o640)}, "pass"),
    "5 after.init at the stop alone": Member(
        FORWARD, {**UFW, "/etc/ufw/after.init": script(f'case "$1" in\nstop) {OFF}esac\n')}, "pass"
    ),
    "5 after.init, ufw is off": Member(
        FORWARD, {**UFW, "/etc/ufw/ufw.conf": "ENABLED=no\n", "/etc/ufw/after.init": script(OFF)}, "pass"
    ),
    "6 the data of an instance": Member(
        SWAP, {**CLOUD, **INSTANCE, "/var/lib/cloud/instances/i-1/cloud-config.txt": BOOTCMD}, "fail"
    ),
    "6 a seed": Member(SWAP, {**CLOUD, "/var/lib/cloud/seed/nocloud/user-data": BOOTCMD}, "fail"),
    "6 a boot hook": Member(
        SWAP, {**CLOUD, **INSTANCE, "/var/lib/cloud/instances/i-1/boothooks/part-001": script("swapon /s\n")}, "fail"
    ),
    "6 since 24.3": Member(
        SWAP,
        {"/etc/cloud/cloud.cfg.d/z.cfg": BOOTCMD,
         **program("cloud-init-main.service", "/usr/bin/cloud-init --all-stages")}, "fail",
    ),
    "6 runcmd": Member(
        SWAP, {**CLOUD, **INSTANCE, "/var/lib/cloud/instances/i-1/scripts/runcmd": script("swapon /s\n")}, "pass"
    ),
    "6 an echo": Member(
        SWAP, {**CLOUD, "/etc/cloud/cloud.cfg.d/z.cfg": "bootcmd:\n - echo swapon /s\n"}, "pass"
    ),
    "7 Fedora 41": Member(FORWARD, {**release("fedora", "41"), **FORWARDING}, "fail"),
    "7 Ubuntu 25.04": Member(FORWARD, {**release("ubuntu", "25.04", "debian"), **FORWARDING}, "fail"),
    "7 Ubuntu 24.04, too old": Member(FORWARD, {**release("ubuntu", "24.04", "debian"), **FORWARDING}, "pass"),
    "8 Quagga of EL": Member(FORWARD, {**QUAGGA, **program("zebra.service", "/usr/sbin/zebra -d")}, "fail"),
    "8 Quagga of Debian": Member(FORWARD, {**QUAGGA, **program("quagga.service", "/usr/sbin/zebra -d")}, "fail"),
    "8 Quagga that is not enabled": Member(
        FORWARD, {**QUAGGA, **program("zebra.service", "/usr/sbin/zebra -d"), **off("zebra.service")}, "pass"
    ),
    "9 a script of Shorewall's": Member(FORWARD, {**SHOREWALL, "/etc/shorewall/started": OFF}, "fail"),
    "9 a script of CSF's": Member(
        FORWARD, {**program("csf.service", "/usr/sbin/csf --initup"), "/etc/csf/csfpost.sh": OFF}, "fail"
    ),
    "9 Shorewall is not enabled": Member(
        FORWARD, {**SHOREWALL, **off("shorewall.service"), "/etc/shorewall/started": OFF}, "pass"
    ),
}  # fmt: skip


def agent(name: str, command: str) -> Tree:
    """A node that holds an agent in a unit, and neither a kubelet nor sysctls."""
    kubelet: Tree = {f"{USR}/kubelet.service": None, f"{WANTS}/kubelet.service": None, "/usr/bin/kubelet": None}
    program: Tree = {command.split(" ")[0]: PROGRAM, f"{ETC}/{name}": f"[Service]\nExecStart={command}\n"}
    return {**kubelet, **NOTHING, **program, **on(name)}


K3S, K0S = "/usr/local/bin/k3s", "/usr/local/bin/k0s"
ALPINE: Tree = {
    **release("alpine", "3.20.0"), **NOTHING, "/usr/lib/systemd/systemd": None, "/sbin/openrc": PROGRAM,
    "/sbin/openrc-run": PROGRAM, "/bin/busybox": PROGRAM, "/sbin/init": TreeLink("/bin/busybox"), K3S: PROGRAM,
    "/etc/inittab": "::sysinit:/sbin/openrc sysinit\n", "/etc/init.d/sysctl": PROGRAM,
    "/etc/init.d/k3s": TreeFile('#!/sbin/openrc-run\ncommand=/usr/local/bin/k3s\ncommand_args="server"\n', 0o755),
    "/etc/runlevels/boot/sysctl": TreeLink("/etc/init.d/sysctl"),
}  # fmt: skip

AGENTS: dict[str, Member] = {
    "10 k3s-ansible's unit": Member(FORWARD, agent("k3s-node.service", f"{K3S} agent"), "pass"),
    "10 its modules": Member(BRIDGE, agent("k3s-node.service", f"{K3S} agent"), "pass"),
    "10 INSTALL_K3S_NAME": Member(FORWARD, agent("k3s-prod.service", f"{K3S} server"), "pass"),
    "10 OpenRC": Member(FORWARD, {**ALPINE, "/etc/runlevels/default/k3s": TreeLink("/etc/init.d/k3s")}, "pass"),
    "10 OpenRC, in no runlevel": Member(FORWARD, ALPINE, "fail"),
    "10 over a file": Member(
        FORWARD, {**agent("k3s.service", f"{K3S} server"), "/etc/sysctl.d/90.conf": "net.ipv4.ip_forward=0\n"}, "pass"
    ),
    "10 no agent, by a drop-in": Member(
        FORWARD,
        {**agent("k3s.service", f"{K3S} server"), "/etc/rancher/k3s/config.yaml.d/a.yaml": "disable-agent: true\n"},
        "fail",
    ),
    "10 no agent, by another file": Member(
        FORWARD,
        {**agent("k3s.service", f"{K3S} server --config /etc/k3s.yaml"), "/etc/k3s.yaml": '"disable-agent": true\n'},
        "fail",
    ),
    "10 a script of k3s": Member(FORWARD, agent("k3s-killall.service", "/usr/local/bin/k3s-killall.sh"), "fail"),
    "11 a name of its own": Member(FORWARD, agent("k0s.service", f"{K0S} worker"), "pass"),
    "11 a controller that works": Member(
        FORWARD, agent("k0scontroller.service", f"{K0S} controller --enable-worker=true"), "pass"
    ),
    "11 a controller that does not": Member(
        FORWARD, agent("k0scontroller.service", f"{K0S} controller --enable-worker=false"), "fail"
    ),
}  # fmt: skip

HOST: Tree = {"/etc/hostname": "node1\n", **dict.fromkeys(("/usr/bin/hostname", "/usr/bin/nmcli"), PROGRAM)}
MANAGER = program("NetworkManager.service", "/usr/sbin/NetworkManager")
DISPATCHED = "/etc/NetworkManager/dispatcher.d/90-name"
CONFIGURED = "/etc/cloud/cloud.cfg.d/z.cfg"

NAMES: dict[str, Member] = {
    "14 cloud-init": Member(NAME, {**HOST, **CLOUD, CONFIGURED: "hostname: node9\n"}, "unknown"),
    "14 cloud-init leaves it alone": Member(
        NAME, {**HOST, **CLOUD, CONFIGURED: "hostname: node9\npreserve_hostname: true\n"}, "pass"
    ),
    "14 cloud-init, the same name": Member(NAME, {**HOST, **CLOUD, CONFIGURED: "fqdn: node1.example.org\n"}, "pass"),
    "14 cloud-init, a name that a person gave": Member(
        NAME,
        {**HOST, **CLOUD, **INSTANCE, CONFIGURED: "hostname: node9\n", "/var/lib/cloud/instances/i-1/x": "",
         "/var/lib/cloud/data/previous-hostname": "node9\n"}, "pass",
    ),
    "14 nmcli": Member(NAME, {**HOST, **MANAGER, LOCAL: script("nmcli general hostname node9\n")}, "unknown"),
    "14 a dispatcher's script": Member(NAME, {**HOST, **MANAGER, DISPATCHED: script("hostname node9\n")}, "unknown"),
    "14 no dispatcher": Member(NAME, {**HOST, DISPATCHED: script("hostname node9\n")}, "pass"),
    "14 only shown": Member(NAME, {**HOST, LOCAL: script("hostname -I > /etc/issue\nhostname\n")}, "pass"),
}  # fmt: skip

CALLS: Tree = {"/usr/bin/systemctl": PROGRAM, "/usr/bin/ping": PROGRAM}
NOT_ENABLED: Tree = {f"{WANTS}/kubelet.service": None}

SERVICES: dict[str, Member] = {
    "B5 rc.local stops it": Member(KUBELET, {**CALLS, LOCAL: script("systemctl stop kubelet\n")}, "fail"),
    "B5 rc.local disables it": Member(KUBELET, {**CALLS, LOCAL: script("systemctl disable --now kubelet\n")}, "fail"),
    "B5 stopped and started": Member(
        KUBELET, {**CALLS, LOCAL: script("systemctl stop kubelet\nsystemctl start kubelet\n")}, "pass"
    ),
    "B5 only restarted": Member(KUBELET, {**CALLS, LOCAL: script("systemctl restart kubelet\n")}, "pass"),
    "B5 another is stopped": Member(KUBELET, {**CALLS, LOCAL: script("systemctl stop docker\n")}, "pass"),
    "B5 may be stopped": Member(KUBELET, {**CALLS, LOCAL: script("ping -c1 x && systemctl stop kubelet\n")}, "unknown"),
    "B5 started by rc.local alone": Member(
        KUBELET, {**CALLS, **NOT_ENABLED, LOCAL: script("systemctl start kubelet.service\n")}, "pass"
    ),
    "B5 masked, and started": Member(
        KUBELET, {**CALLS, LOCAL: script("systemctl start kubelet\n"), f"{ETC}/kubelet.service": MASK}, "fail"
    ),
    "B5 a default target that is a file": Member(
        KUBELET, {f"{ETC}/default.target": "[Unit]\nRequires=basic.target\n"}, "fail"
    ),
    "B5 a default target that is a file, and leads on": Member(
        KUBELET, {f"{ETC}/default.target": "[Unit]\nRequires=multi-user.target\n"}, "pass"
    ),
    "B5 a unit that is a link into /run": Member(
        KUBELET,
        {f"{USR}/kubelet.service": TreeLink("/run/k.service"), "/run/k.service": BASE[f"{USR}/kubelet.service"]},
        "fail",
    ),
    "B5 poweroff": Member(
        KUBELET, {f"{ETC}/default.target": TreeLink(f"{USR}/poweroff.target"), f"{USR}/poweroff.target": "[Unit]\n"},
        "fail",
    ),
    "B5 an open quote": Member(KUBELET, dropin('[Service]\nExecStart=\nExecStart=/usr/bin/kubelet "-v\n'), "fail"),
    "B5 no command": Member(KUBELET, dropin("[Service]\nExecStart=\n"), "fail"),
    "B5 one command, set anew": Member(
        KUBELET, dropin("[Service]\nExecStart=\nExecStart=/usr/bin/kubelet -v 2\n"), "pass"
    ),
    "B5 an optional file": Member(KUBELET, dropin("[Service]\nEnvironmentFile=-/etc/default/none\n"), "pass"),
    "B5 a directory": Member(KUBELET, dropin("[Service]\nWorkingDirectory=/var/lib/none\n"), "fail"),
    "B5 an optional directory": Member(KUBELET, dropin("[Service]\nWorkingDirectory=-/var/lib/none\n"), "pass"),
    "B5 a user that is there": Member(
        KUBELET, {**dropin("[Service]\nUser=kube\n"), "/etc/passwd": "kube:x:99:99::/:/bin/sh\n"}, "pass"
    ),
    "B5 the unit as it is": Member(KUBELET, {f"{USR}/kubelet.service": BASE[f"{USR}/kubelet.service"]}, "pass"),
}  # fmt: skip

MEMBERS = {**SWAP_MAKERS, **CONDITIONS, **LOCALS, **LATER, **AGENTS, **NAMES, **SERVICES}
