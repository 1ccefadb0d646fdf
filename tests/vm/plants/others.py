"""SELinux, firewalls, host names, time, cgroup drivers, and words of the kernel's command line."""

from __future__ import annotations

from tests.vm.plant import Plant

_ETC = "/etc/systemd/system"


def _selinux(name: str, text: str, words: str = "") -> Plant:
    return Plant(f"selinux {name}", {"/etc/selinux/config": text}, words=words, slot="selinux")


_TYPE = "SELINUXTYPE=default\n"

SELINUX = (
    _selinux("enforcing", f"# SELINUX=disabled\nSELINUX=enforcing\nSELINUX=permissive\n{_TYPE}", "security=selinux"),
    _selinux("enforcing by word", f"  selinux = Permissive # x\nSELINUX=permissive\n{_TYPE}", "security=selinux enforcing=1"),
    _selinux("disabled", f"SELINUX=disabled\n{_TYPE}", "security=selinux"),
    _selinux("misspelt", f"SELINUX=enforcng\n{_TYPE}", "security=selinux"),
    _selinux("off by word", f"SELINUX=enforcing\n{_TYPE}", "security=selinux selinux=0"),
    _selinux("by lsm=", f"SELINUX=permissive\n{_TYPE}", "lsm=landlock,selinux"),
    _selinux("no module", f"SELINUX=enforcing\n{_TYPE}"),
)  # fmt: skip

_NFT = "#!/usr/sbin/nft -f\nflush ruleset\ntable inet planted { chain input { type filter hook input priority 0; policy %s; iif lo accept; }\n}\n"

FIREWALLS = (
    Plant("firewalld on", shell="systemctl -q enable firewalld", slot="firewall"),
    Plant("firewalld started only", shell="systemctl start firewalld", slot="firewall"),
    Plant("firewalld masked", shell="systemctl -q enable firewalld; systemctl -q mask firewalld"),
    Plant("ufw on", {"+/etc/ufw/ufw.conf": "ENABLED=yes\n"}, "systemctl -q enable ufw", slot="firewall"),
    Plant("ufw enabled, and its unit not", {"+/etc/ufw/ufw.conf": "ENABLED=yes\n"}, "systemctl -q disable ufw", slot="firewall"),
    Plant("ufw's unit alone", shell="sed -i s/ENABLED=yes/ENABLED=no/ /etc/ufw/ufw.conf; systemctl -q enable ufw", slot="firewall"),
    Plant("nftables drops", {"/etc/nftables.conf": _NFT % "drop"}, "systemctl -q enable nftables", slot="firewall"),
    Plant("nftables accepts", {"/etc/nftables.conf": _NFT % "accept"}, "systemctl -q enable nftables", slot="firewall"),
    Plant("nftables by hand", shell="nft add table inet planted; nft 'add chain inet planted input { type filter hook input priority 0; policy drop; }'", slot="firewall"),
)  # fmt: skip

_NAMES = (
    Plant("hostname with capitals", {"/etc/hostname": "Node_1\n"}, slot="hostname"),
    Plant("hostname that changes", {"/etc/hostname": "node2\n"}, slot="hostname"),
    Plant("hosts without the name", {"/etc/hosts": "127.0.0.1 localhost\n"}, slot="hosts"),
    Plant("hosts to another address", {"/etc/hosts": "127.0.0.1 localhost\n192.0.2.7 node1\n"}, slot="hosts"),
)

_TIME = (
    Plant("chrony as a local clock", {"/etc/chrony/conf.d/local.conf": "local stratum 8\nrtcsync\n"}, "systemctl -q enable chrony"),
)  # fmt: skip

_RUNTIMES = (
    Plant("docker with cgroupfs", {"/etc/docker/daemon.json": '{"exec-opts": ["native.cgroupdriver=cgroupfs"]}\n'}, slot="daemon.json"),
    Plant("docker with systemd", {"/etc/docker/daemon.json": '{"exec-opts": ["native.cgroupdriver=systemd"]}\n'}, slot="daemon.json"),
    Plant("containerd with systemd", {"/etc/containerd/config.toml": 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n  runtime_type = "io.containerd.runc.v2"\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n  SystemdCgroup = true\n'}, slot="config.toml"),
    Plant("containerd with cgroupfs", {"/etc/containerd/config.toml": 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n  SystemdCgroup = false\n'}, slot="config.toml"),
)  # fmt: skip


def _words(name: str, words: str, sysctls: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> Plant:
    return Plant(f"word {name}", words=words, sysctls=sysctls, modules=modules)


_UNIT = "[Unit]\nDescription=planted\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

WORDS = (
    _words("sysctl", "sysctl.vm.panic_on_oom=1 sysctl.vm.overcommit_memory=1", sysctls=("vm.panic_on_oom", "vm.overcommit_memory")),
    _words("sysctl with slashes", "sysctl.net/ipv4/conf/lo/arp_ignore=1", sysctls=("net.ipv4.conf.lo.arp_ignore",)),
    _words("sysctl of a module", "sysctl.net.bridge.bridge-nf-call-iptables=0", sysctls=("net.bridge.bridge-nf-call-iptables",)),
    _words("modules_load", "modules_load=dummy,ip_vs_nq modules-load=ip_vs_fo", modules=("dummy", "ip_vs_nq", "ip_vs_fo")),
    _words("rd.modules_load", "rd.modules_load=ip_vs_ovf", modules=("ip_vs_ovf",)),
    _words("module_blacklist", "module_blacklist=ip_vs_sh modules_load=ip_vs_sh", modules=("ip_vs_sh",)),
    _words("modprobe.blacklist", "modprobe.blacklist=ip_vs_wrr modules_load=ip_vs_wrr", modules=("ip_vs_wrr",)),
    Plant("word systemd.mask", {f"{_ETC}/cut.service": _UNIT + "[Install]\nWantedBy=multi-user.target\n"}, "systemctl -q enable cut", services=("cut",), words="systemd.mask=cut.service"),
    Plant("word systemd.wants", {f"{_ETC}/asked.service": _UNIT}, services=("asked",), words="systemd.wants=asked.service"),
    Plant("word systemd.mask of swap", {"+/etc/fstab": "/swap/w none swap nofail\n"}, swapfiles=("w",), words="systemd.mask=swap-w.swap"),
    Plant("word systemd.wants of swap", {"+/etc/fstab": "/swap/v none swap noauto\n"}, swapfiles=("v",), words="systemd.wants=swap-v.swap"),
)  # fmt: skip

BIG_WORDS = (
    _words("noswap", "noswap"),
    _words("systemd.zram=0", "systemd.zram=0"),
    _words("systemd.swap=0", "systemd.swap=0"),
    _words("fstab=no", "fstab=no"),
    _words("rescue by 5", "5"),
)
"""Words that hold for all swap, or all units: one a node."""

PLANTS = (*SELINUX, *FIREWALLS, *_NAMES, *_TIME, *_RUNTIMES, *WORDS, *BIG_WORDS)
