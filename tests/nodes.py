"""Healthy nodes of today as trees: Debian 13 with containerd, and Rocky 9 with CRI-O, both set up by kubeadm.

Contents are in the form in which the distributions' packages and kubeadm write them.
"""

# ruff: noqa: E501 - lines as the programs write them
from __future__ import annotations

from pathlib import Path

from nodecheck.testing import TreeFile, TreeLink, write_tree

UNITS = "usr/lib/systemd/system"
TARGETS = ("sysinit", "basic", "multi-user", "swap", "local-fs", "sockets", "timers", "paths", "slices")
SYSCTLS = "net.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\nnet.ipv4.ip_forward = 1\n"
NAMES = ("br_netfilter", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack", "overlay")
PLACES = {
    "br_netfilter": "net/bridge", "ip_vs": "net/netfilter/ipvs", "ip_vs_rr": "net/netfilter/ipvs",
    "ip_vs_wrr": "net/netfilter/ipvs", "ip_vs_sh": "net/netfilter/ipvs", "nf_conntrack": "net/netfilter",
    "overlay": "fs/overlayfs",
}  # fmt: skip

BUILT_IN = (
    "BLK_CGROUP", "CFS_BANDWIDTH", "CGROUPS", "CGROUP_BPF", "CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER",
    "CGROUP_HUGETLB", "CGROUP_PIDS", "CGROUP_SCHED", "CPUSETS", "EXT4_FS", "FAIR_GROUP_SCHED", "INET", "IPC_NS",
    "HUGETLBFS", "IP_VS_NFCT", "KEYS", "MEMCG", "NAMESPACES", "NET", "NETFILTER", "NETFILTER_ADVANCED", "NET_NS", "PID_NS",
    "POSIX_MQUEUE", "PROC_FS", "PSI", "SECCOMP", "SECCOMP_FILTER", "USER_NS", "UTS_NS",
)  # fmt: skip
AS_MODULES = ("BRIDGE_NETFILTER", "IP_VS", "IP_VS_RR", "IP_VS_SH", "IP_VS_WRR", "NF_CONNTRACK", "OVERLAY_FS", "ZRAM")
OTHERS = (
    "BRIDGE", "NETFILTER_XTABLES", "NETFILTER_XT_MARK", "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_COMMENT",
    "NETFILTER_XT_MATCH_CONNTRACK", "NETFILTER_XT_MATCH_MULTIPORT", "NETFILTER_XT_MATCH_RECENT",
    "NETFILTER_XT_MATCH_STATISTIC", "NETFILTER_XT_TARGET_REDIRECT", "NFT_CT", "NFT_FIB_IPV4", "NFT_FIB_IPV6",
    "NFT_MASQ", "NFT_NAT", "NF_NAT", "NF_TABLES", "VETH",
)  # fmt: skip
"""Modules in the distributions' kernels, here built in: the module lists are short."""
KCONFIG = (
    "".join(f"CONFIG_{name}=y\n" for name in (*BUILT_IN, *OTHERS))
    + "".join(f"CONFIG_{name}=m\n" for name in AS_MODULES)
)  # fmt: skip

_KUBEADM_DROPIN = """[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-{arguments}
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""

_UNIT = "[Service]\nExecStart={program}\n[Install]\nWantedBy=multi-user.target\n"


def _common(kernel: str, suffix: str, socket: str, arguments: str) -> dict[str, str]:
    modules = f"usr/lib/modules/{kernel}"
    return {
        "etc/hostname": "node1\n",
        "etc/hosts": "127.0.0.1\tlocalhost\n192.0.2.11\tnode1.example node1\n",
        "etc/nsswitch.conf": "passwd: files\nhosts: files dns\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/fstab": "UUID=0a3407de-014b-458b-b5c1-848e92a327a3 / ext4 defaults 0 1\n",
        "etc/modules-load.d/k8s.conf": "".join(f"{name}\n" for name in NAMES),
        "etc/modprobe.d/blacklist.conf": "blacklist pcspkr\n",
        "etc/sysctl.d/k8s.conf": SYSCTLS,
        "usr/lib/sysctl.d/50-default.conf": "kernel.sysrq = 16\n-net.ipv4.conf.*.rp_filter = 2\n",
        "etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\n",
        "etc/cni/net.d/10-flannel.conflist": '{"name": "cbr0", "plugins": [{"type": "flannel"}]}\n',
        "var/lib/kubelet/config.yaml": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
        f"cgroupDriver: systemd\ncontainerRuntimeEndpoint: unix://{socket}\n",
        "var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--node-labels=a=b"\n',
        arguments: "KUBELET_EXTRA_ARGS=--v=2\n",
        "usr/lib/systemd/systemd": "",
        "usr/lib/systemd/system-generators/systemd-fstab-generator": "",
        "usr/lib/systemd/system-generators/systemd-gpt-auto-generator": "",
        f"{UNITS}/kubelet.service": _UNIT.format(program="/usr/bin/kubelet"),
        f"{UNITS}/kubelet.service.d/10-kubeadm.conf": _KUBEADM_DROPIN.format(arguments=f"/{arguments}"),
        f"{UNITS}/nftables.service": "[Service]\nType=oneshot\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n",
        "etc/nftables.conf": "flush ruleset\ntable inet filter {\n\tchain input {\n\t\ttype filter hook input priority"
        " filter;\n\t}\n}\n",
        f"{UNITS}/ufw.service": _UNIT.format(program="/usr/lib/ufw/ufw-init start quiet"),
        "etc/ufw/ufw.conf": "ENABLED=no\nLOGLEVEL=low\n",
        f"{UNITS}/chronyd.service": _UNIT.format(program="/usr/sbin/chronyd"),
        f"{UNITS}/systemd-sysctl.service": "[Unit]\nAfter=systemd-modules-load.service\nBefore=sysinit.target\n"
        "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n",
        f"{UNITS}/systemd-modules-load.service": "[Unit]\nBefore=sysinit.target\n"
        "[Service]\nExecStart=/usr/lib/systemd/systemd-modules-load\n",
        f"{modules}/modules.dep": "".join(f"kernel/{PLACES[name]}/{name}.ko{suffix}:\n" for name in NAMES),
        f"{modules}/modules.builtin": "kernel/net/ipv4/ip_tunnel.ko\n",
        f"{modules}/modules.softdep": "# Soft dependencies\n",
        f"{modules}/modules.alias": "alias nf_conntrack-2 nf_conntrack\n",
        **{f"{modules}/kernel/{PLACES[name]}/{name}.ko{suffix}": "" for name in NAMES},
        f"boot/config-{kernel}": KCONFIG,
        "proc/modules": "".join(f"{name} 32768 0 - Live 0x0000000000000000\n" for name in NAMES),
        "proc/swaps": "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
        "proc/1/net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n"
        f"0000000000000000: 00000002 00000000 00010000 0001 01 24183 {socket}\n",
        "proc/filesystems": "nodev\tsysfs\nnodev\tproc\n\text4\n",
        "proc/sys/kernel/osrelease": f"{kernel}\n",
        "proc/sys/kernel/hostname": "node1\n",
        "proc/sys/net/bridge/bridge-nf-call-iptables": "1\n",
        "proc/sys/net/bridge/bridge-nf-call-ip6tables": "1\n",
        "proc/sys/net/ipv4/ip_forward": "1\n",
        "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
        "sys/fs/cgroup/init.scope/cgroup.freeze": "0\n",
    }  # fmt: skip


def _build(root: Path, files: dict[str, str], enabled: tuple[str, ...], programs: tuple[str, ...]) -> Path:
    programs = (
        *programs,
        "usr/bin/sh",
        "usr/sbin/chronyd",
        "usr/bin/mount",
        "usr/sbin/losetup",
        "usr/bin/cp",
        "usr/sbin/iptables",
        *[f"opt/cni/bin/{name}" for name in ("flannel", "bridge", "host-local", "loopback")],
    )
    enabled = (*enabled, "nftables.service", "ufw.service")  # neither keeps anything out
    links = {f"etc/systemd/system/multi-user.target.wants/{unit}": f"/{UNITS}/{unit}" for unit in enabled}
    links |= {
        f"{UNITS}/sysinit.target.wants/{unit}": f"../{unit}"
        for unit in ("systemd-sysctl.service", "systemd-modules-load.service")
    }
    links |= {"lib": "usr/lib", "bin": "usr/bin", "sbin": "usr/sbin", "usr/sbin/init": "../lib/systemd/systemd"}
    links["etc/systemd/system/default.target"] = f"/{UNITS}/multi-user.target"
    return write_tree(
        root,
        {
            **{f"{UNITS}/{target}.target": "[Unit]\nDescription=x\n" for target in TARGETS},
            **files,
            **{program: TreeFile("", 0o755) for program in programs},
            **{name: TreeLink(target) for name, target in links.items()},
        },
    )


def debian_node(root: Path) -> Path:
    """Debian 13 with containerd 2 and kubeadm 1.34, on GRUB."""
    kernel = "6.12.43+deb13-amd64"
    files = _common(kernel, ".xz", "/run/containerd/containerd.sock", "etc/default/kubelet")
    packages = {"containerd.io": "2.1.4-1~debian.13~trixie", "linux-image-amd64": "6.12.43-1", "runc": "1.3.0-1",
                **dict.fromkeys(("kubelet", "kubeadm", "kubectl"), "1.34.1-1.1")}  # fmt: skip
    files |= {
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n',
        "etc/debian_version": "13.1\n",
        "etc/containerd/config.toml": "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n"
        "runtime_type = 'io.containerd.runc.v2'\n"
        "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nSystemdCgroup = true\n",
        "etc/netplan/50-cloud-init.yaml": "network:\n  version: 2\n",
        "etc/default/grub": 'GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n',
        "boot/grub/grub.cfg": "set default=\"0\"\nmenuentry 'Debian GNU/Linux' --class debian {\n"
        f"\tlinux\t/boot/vmlinuz-{kernel} root=UUID=x ro quiet\n\tinitrd\t/boot/initrd.img-{kernel}\n}}\n",
        "proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{kernel} root=UUID=x ro quiet\n",
        "sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor,tomoyo,bpf,ipe,ima,evm\n",
        "proc/self/attr/current": "unconfined\n",
        "var/lib/dpkg/status": "".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
            for name, version in packages.items()
        ),
        f"{UNITS}/containerd.service": _UNIT.format(program="/usr/bin/containerd"),
    }  # fmt: skip
    programs = ("usr/bin/containerd", "usr/bin/kubelet", "usr/bin/kubeadm", "usr/bin/kubectl", "usr/bin/runc")
    return _build(root, files, ("containerd.service", "kubelet.service", "chronyd.service"), programs)


def rocky_node(root: Path) -> Path:
    """Rocky 9 with SELinux permissive and container-selinux, CRI-O and kubeadm 1.34, on boot loader entries."""
    kernel = "5.14.0-570.12.1.el9_6.x86_64"
    files = _common(kernel, ".xz", "/var/run/crio/crio.sock", "etc/sysconfig/kubelet")
    options = "root=/dev/mapper/rl-root ro crashkernel=1G-4G:192M"
    files |= {
        "etc/os-release": 'NAME="Rocky Linux"\nVERSION="9.6 (Blue Onyx)"\nID="rocky"\n'
        'ID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
        "etc/redhat-release": "Rocky Linux release 9.6 (Blue Onyx)\n",
        "etc/selinux/config": "SELINUX=permissive\nSELINUXTYPE=targeted\n",
        "etc/selinux/targeted/policy/policy.33": "x",
        "var/lib/selinux/targeted/active/modules/200/container/cil": "x",
        "usr/share/selinux/packages/container.pp.bz2": "x",
        "etc/crio/crio.conf": "[crio]\n",
        "etc/crio/crio.conf.d/10-crio.conf": '[crio.runtime]\ncgroup_manager = "systemd"\n',
        "etc/default/grub": 'GRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX=""\nGRUB_ENABLE_BLSCFG=true\n',
        "boot/grub2/grub.cfg": "insmod blscfg\nblscfg\n",
        "boot/grub2/grubenv": f"# GRUB Environment Block\nsaved_entry=abc-{kernel}\n".ljust(1024, "#"),
        f"boot/loader/entries/abc-{kernel}.conf": f"title Rocky Linux ({kernel})\nversion {kernel}\n"
        f"linux /vmlinuz-{kernel}\ninitrd /initramfs-{kernel}.img\noptions {options}\n",
        "proc/cmdline": f"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-{kernel} {options}\n",
        "sys/fs/selinux/enforce": "0",
        "proc/self/attr/current": "system_u:system_r:kernel_t:s0",
        "sys/kernel/security/lsm": "lockdown,capability,yama,selinux,bpf,landlock",
        f"{UNITS}/crio.service": _UNIT.format(program="/usr/bin/crio"),
        f"{UNITS}/tuned.service": _UNIT.format(program="/usr/sbin/tuned -l -P"),
        "etc/tuned/active_profile": "virtual-guest\n",
        "etc/tuned/tuned-main.conf": "daemon = 1\nreapply_sysctl = 1\n",
        "usr/lib/tuned/virtual-guest/tuned.conf": "[main]\ninclude=throughput-performance\n[sysctl]\nvm.swappiness = 30\n",
        "usr/lib/tuned/throughput-performance/tuned.conf": "[main]\nsummary=x\n[sysctl]\nvm.dirty_ratio = 40\n",
    }  # fmt: skip
    programs = ("usr/bin/crio", "usr/bin/kubelet", "usr/bin/kubeadm", "usr/bin/kubectl", "usr/bin/runc")
    return _build(root, files, ("crio.service", "kubelet.service", "chronyd.service", "tuned.service"), programs)
