"""The reference installation as a tree: CentOS 7.9 after its steps, with what its own files say.

Contents are those of the distribution's packages where they matter (initscripts, systemd 219) and of the installation's
steps, written down here; the files under ``proc`` and ``sys`` are what a capture of the running node leaves.
"""

from __future__ import annotations

from pathlib import Path

UNITS = "usr/lib/systemd/system"
KERNEL = "3.10.0-1160.el7.x86_64"
MODULES = f"usr/lib/modules/{KERNEL}"
NET = "kernel/net"

IPVS_SCRIPT = """#!/bin/bash
modprobe -- ip_vs
modprobe -- ip_vs_rr
modprobe -- ip_vs_wrr
modprobe -- ip_vs_sh
modprobe -- nf_conntrack_ipv4
"""

SYSCTLS = """net.bridge.bridge-nf-call-ip6tables = 1
net.bridge.bridge-nf-call-iptables = 1
net.ipv4.ip_forward = 1
"""

# ruff: noqa: E501 - lines as depmod and grub2-mkconfig write them
_MODULES_DEP = f"""{NET}/bridge/br_netfilter.ko.xz: {NET}/bridge/bridge.ko.xz
{NET}/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
{NET}/netfilter/ipvs/ip_vs.ko.xz: {NET}/netfilter/nf_conntrack.ko.xz kernel/lib/libcrc32c.ko.xz
{NET}/netfilter/ipvs/ip_vs_rr.ko.xz: {NET}/netfilter/ipvs/ip_vs.ko.xz {NET}/netfilter/nf_conntrack.ko.xz
{NET}/netfilter/ipvs/ip_vs_wrr.ko.xz: {NET}/netfilter/ipvs/ip_vs.ko.xz {NET}/netfilter/nf_conntrack.ko.xz
{NET}/netfilter/ipvs/ip_vs_sh.ko.xz: {NET}/netfilter/ipvs/ip_vs.ko.xz {NET}/netfilter/nf_conntrack.ko.xz
{NET}/netfilter/nf_conntrack.ko.xz: kernel/lib/libcrc32c.ko.xz
kernel/net/ipv4/netfilter/nf_conntrack_ipv4.ko.xz: kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko.xz {NET}/netfilter/nf_conntrack.ko.xz
kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko.xz:
kernel/lib/libcrc32c.ko.xz:
kernel/drivers/net/veth.ko.xz:
{NET}/netfilter/nf_nat.ko.xz: {NET}/netfilter/nf_conntrack.ko.xz kernel/lib/libcrc32c.ko.xz
{NET}/netfilter/xt_mark.ko.xz:
kernel/fs/overlayfs/overlay.ko.xz:
{NET}/netfilter/xt_REDIRECT.ko.xz:
{NET}/netfilter/xt_addrtype.ko.xz:
{NET}/netfilter/xt_comment.ko.xz:
{NET}/netfilter/xt_conntrack.ko.xz: {NET}/netfilter/nf_conntrack.ko.xz kernel/lib/libcrc32c.ko.xz
{NET}/netfilter/xt_multiport.ko.xz:
{NET}/netfilter/xt_recent.ko.xz:
{NET}/netfilter/xt_statistic.ko.xz:
"""

_BUILT_IN = (
    "BLK_CGROUP", "CFS_BANDWIDTH", "CGROUPS", "CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER", "CGROUP_HUGETLB",
    "CGROUP_PIDS", "CGROUP_SCHED", "CPUSETS", "FAIR_GROUP_SCHED", "HUGETLBFS", "INET", "IPC_NS", "IP_VS_NFCT", "KEYS",
    "MEMCG", "NAMESPACES", "NET", "NETFILTER", "NETFILTER_ADVANCED", "NETFILTER_XTABLES", "NET_NS", "PID_NS",
    "POSIX_MQUEUE", "PROC_FS", "SECCOMP", "SECCOMP_FILTER", "USER_NS", "UTS_NS",
)  # fmt: skip
_AS_MODULES = (
    "BRIDGE", "BRIDGE_NETFILTER", "IP_VS", "IP_VS_RR", "IP_VS_SH", "IP_VS_WRR", "NETFILTER_XT_MARK",
    "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MATCH_CONNTRACK",
    "NETFILTER_XT_MATCH_MULTIPORT", "NETFILTER_XT_MATCH_RECENT", "NETFILTER_XT_MATCH_STATISTIC",
    "NETFILTER_XT_TARGET_REDIRECT", "NF_CONNTRACK", "NF_NAT", "OVERLAY_FS", "VETH",
)  # fmt: skip
_CONFIG = "".join(f"CONFIG_{name}=y\n" for name in _BUILT_IN) + "".join(f"CONFIG_{name}=m\n" for name in _AS_MODULES)

_LIVE = (
    "nf_conntrack_ipv4 15053 2 - Live 0xffffffffc0a1b000\nip_vs_sh 12688 0 - Live 0xffffffffc0a16000\n"
    "ip_vs_wrr 12697 0 - Live 0xffffffffc0a11000\nip_vs_rr 12600 0 - Live 0xffffffffc0a0c000\n"
    "ip_vs 145458 6 ip_vs_sh,ip_vs_wrr,ip_vs_rr, Live 0xffffffffc09e7000\n"
    "nf_conntrack 139264 2 nf_conntrack_ipv4,ip_vs, Live 0xffffffffc09b0000\n"
    "br_netfilter 22256 0 - Live 0xffffffffc0998000\nbridge 155432 1 br_netfilter, Live 0xffffffffc0964000\n"
)  # fmt: skip

_CGROUPS = """\
#subsys_name	hierarchy	num_cgroups	enabled
cpuset	3	1	1
cpu	8	60	1
cpuacct	8	60	1
memory	6	60	1
devices	5	60	1
freezer	10	1	1
net_cls	7	1	1
blkio	4	60	1
perf_event	2	1	1
hugetlb	11	1	1
pids	9	60	1
net_prio	7	1	1
"""

_GRUB = f"""set default="${{saved_entry}}"
menuentry 'CentOS Linux ({KERNEL}) 7 (Core)' --class centos --unrestricted $menuentry_id_option 'gnulinux-{KERNEL}-advanced-x' {{
	set root='hd0,msdos1'
	linux16 /vmlinuz-{KERNEL} root=/dev/mapper/centos-root ro crashkernel=auto rhgb quiet LANG=en_US.UTF-8
	initrd16 /initramfs-{KERNEL}.img
}}
"""

FILES: dict[str, str] = {
    "etc/os-release": 'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n'
    'PRETTY_NAME="CentOS Linux 7 (Core)"\n',
    "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
    "etc/hostname": "node1\n",
    "etc/hosts": "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
    "::1         localhost localhost.localdomain localhost6 localhost6.localdomain6\n"
    "192.168.109.101 master\n192.168.109.102 node1\n192.168.109.103 node2\n",
    "etc/nsswitch.conf": "passwd:     files sss\nhosts:      files dns myhostname\nnetworks:   files\n",
    "etc/fstab": "/dev/mapper/centos-root /     xfs   defaults 0 0\n"
    "#/dev/mapper/centos-swap swap swap defaults 0 0\n",
    "etc/selinux/config": "SELINUX=disabled\nSELINUXTYPE=targeted\n",
    "etc/sysctl.conf": "# sysctl settings are defined through files in\n",
    "etc/sysctl.d/kubernetes.conf": SYSCTLS,
    "usr/lib/sysctl.d/00-system.conf": "net.bridge.bridge-nf-call-ip6tables = 0\n"
    "net.bridge.bridge-nf-call-iptables = 0\nnet.bridge.bridge-nf-call-arptables = 0\n",
    "usr/lib/sysctl.d/50-default.conf": "kernel.sysrq = 16\nnet.ipv4.conf.default.rp_filter = 1\n",
    "etc/sysconfig/modules/ipvs.modules": IPVS_SCRIPT,
    "etc/docker/daemon.json": '{\n  "exec-opts": ["native.cgroupdriver=systemd"],\n'
    '  "registry-mirrors": ["https://mirror.example"]\n}\n',
    "etc/sysconfig/kubelet": 'KUBELET_CGROUP_ARGS="--cgroup-driver=systemd"\nKUBE_PROXY_MODE="ipvs"\n',
    "etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\n",
    "var/lib/kubelet/config.yaml": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    "cgroupDriver: systemd\n",
    "etc/cni/net.d/10-flannel.conflist": '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel",'
    ' "delegate": {"hairpinMode": true, "isDefaultGateway": true}}, {"type": "portmap", "capabilities":'
    ' {"portMappings": true}}]}\n',
    "var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--cgroup-driver=systemd --network-plugin=cni"\n',
    "usr/bin/dockerd": "", "usr/bin/kubelet": "", "usr/bin/kubeadm": "", "usr/bin/kubectl": "",
    "usr/lib/systemd/systemd": "",
    "usr/lib/systemd/system-generators/systemd-fstab-generator": "",
    "usr/lib/systemd/system-generators/systemd-gpt-auto-generator": "",
    f"{UNITS}/docker.service": "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n[Install]\nWantedBy=multi-user.target\n",
    f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n",
    f"{UNITS}/kubelet.service.d/10-kubeadm.conf": "[Service]\n"
    'Environment="KUBELET_KUBECONFIG_ARGS=--kubeconfig=/etc/kubernetes/kubelet.conf"\n'
    'Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\n'
    "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/sysconfig/kubelet\nExecStart=\n"
    "ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS"
    " $KUBELET_EXTRA_ARGS\n",
    f"{UNITS}/firewalld.service": "[Service]\nExecStart=/usr/sbin/firewalld --nofork\n[Install]\n"
    "WantedBy=multi-user.target\nAlias=dbus-org.fedoraproject.FirewallD1.service\n",
    f"{UNITS}/chronyd.service": "[Service]\nExecStart=/usr/sbin/chronyd\n[Install]\nWantedBy=multi-user.target\n",
    f"{UNITS}/rhel-loadmodules.service": "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target shutdown.target\n"
    "ConditionPathExists=|/etc/rc.modules\nConditionDirectoryNotEmpty=|/etc/sysconfig/modules/\n"
    "[Service]\nExecStart=/lib/systemd/rhel-loadmodules\nType=oneshot\n[Install]\nWantedBy=sysinit.target\n",
    f"{UNITS}/systemd-sysctl.service": "[Unit]\nAfter=systemd-modules-load.service\nBefore=sysinit.target\n"
    "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n",
    f"{UNITS}/systemd-modules-load.service": "[Unit]\nBefore=sysinit.target\n"
    "[Service]\nExecStart=/usr/lib/systemd/systemd-modules-load\n",
    f"boot/config-{KERNEL}": _CONFIG,
    f"{MODULES}/modules.dep": _MODULES_DEP,
    f"{MODULES}/modules.builtin": "kernel/net/ipv4/ip_tunnel.ko\n",
    "boot/grub2/grub.cfg": _GRUB,
    "proc/cmdline": f"BOOT_IMAGE=/vmlinuz-{KERNEL} root=/dev/mapper/centos-root ro crashkernel=auto rhgb quiet\n",
    "proc/cgroups": _CGROUPS,
    "proc/modules": _LIVE,
    "proc/swaps": "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n",
    "proc/sys/kernel/hostname": "node1\n",
    "proc/sys/kernel/osrelease": f"{KERNEL}\n",
    "proc/sys/net/bridge/bridge-nf-call-iptables": "1\n",
    "proc/sys/net/bridge/bridge-nf-call-ip6tables": "1\n",
    "proc/sys/net/ipv4/ip_forward": "1\n",
    "proc/1/net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "ffff8800b8f3a000: 00000002 00000000 00010000 0001 01 21845 /var/run/docker.sock\n",
    "sys/fs/cgroup/systemd/tasks": "1\n",
}  # fmt: skip

PROGRAMS = (
    "usr/bin/sh", "usr/bin/mount", "usr/bin/nsenter", "usr/bin/socat", "usr/sbin/conntrack", "usr/sbin/ebtables",
    "usr/sbin/chronyd", "usr/sbin/ethtool", "usr/sbin/ip", "usr/sbin/ipset", "usr/sbin/iptables", "usr/sbin/ipvsadm", "usr/sbin/tc",
    "opt/cni/bin/bridge", "opt/cni/bin/flannel", "opt/cni/bin/host-local", "opt/cni/bin/loopback",
    "opt/cni/bin/portmap",
)  # fmt: skip
"""Of the distribution, of what the kubelet's package requires, and of the installation's own list."""

LINKS = {
    "lib": "usr/lib",
    "etc/sysctl.d/99-sysctl.conf": "../sysctl.conf",
    "etc/systemd/system/default.target": "/lib/systemd/system/multi-user.target",
    "etc/systemd/system/multi-user.target.wants/docker.service": "/usr/lib/systemd/system/docker.service",
    "etc/systemd/system/multi-user.target.wants/kubelet.service": "/usr/lib/systemd/system/kubelet.service",
    "etc/systemd/system/basic.target.wants/rhel-loadmodules.service": f"/{UNITS}/rhel-loadmodules.service",
    f"{UNITS}/sysinit.target.wants/systemd-sysctl.service": "../systemd-sysctl.service",
    f"{UNITS}/sysinit.target.wants/systemd-modules-load.service": "../systemd-modules-load.service",
}
TARGETS = ("sysinit", "basic", "multi-user", "swap", "local-fs", "sockets", "timers", "paths", "slices")


def reference_node(root: Path) -> Path:
    """Write the tree of a node after the installation's steps, and give its path."""
    for name, content in FILES.items():
        write(root, name, content)
    for target in TARGETS:
        write(root, f"{UNITS}/{target}.target", "[Unit]\nDescription=x\n")
    for path, target in LINKS.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    (root / "etc/sysconfig/modules/ipvs.modules").chmod(0o755)
    for program in ("usr/bin/dockerd", "usr/bin/kubelet", "usr/bin/kubeadm", "usr/bin/kubectl"):
        (root / program).chmod(0o755)
    for program in PROGRAMS:
        write(root, program, "")
        (root / program).chmod(0o755)
    return root


def write(root: Path, name: str, content: str) -> None:
    """Write one file of the tree."""
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
