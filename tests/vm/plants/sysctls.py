"""Sysctls: files that win and files that lose, values that the kernel refuses, globs, masks, late writers."""

from __future__ import annotations

from tests.vm.plant import Plant

WANTED = {
    "fs.aio-max-nr": "1048576",
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "524288",
    "fs.pipe-max-size": "2097152",
    "kernel.core_uses_pid": "1",
    "kernel.domainname": "example.test",
    "kernel.hung_task_timeout_secs": "120",
    "kernel.keys.root_maxkeys": "1000000",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "kernel.perf_event_paranoid": "-1",
    "kernel.sysrq": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.core.default_qdisc": "fq",
    "net.core.somaxconn": "32768",
    "net.ipv4.conf.all.forwarding": "1",
    "net.ipv4.conf.all.log_martians": "1",
    "net.ipv4.conf.all.rp_filter": "2",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.arp_filter": "1",
    "net.ipv4.conf.default.forwarding": "1",
    "net.ipv4.conf.default.log_martians": "0",
    "net.ipv4.conf.default.rp_filter": "2",
    "net.ipv4.conf.lo.arp_filter": "0",
    "net.ipv4.conf.lo.arp_ignore": "1",
    "net.ipv4.conf.lo.forwarding": "1",
    "net.ipv4.conf.lo.log_martians": "1",
    "net.ipv4.conf.lo.rp_filter": "2",
    "net.ipv4.ip_forward": "1",
    "net.ipv4.ip_local_port_range": "1024 65000",
    "net.ipv4.tcp_congestion_control": "bbr",
    "net.ipv4.tcp_keepalive_time": "600",
    "net.ipv4.tcp_rmem": "4096 87380 16777216",
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.accept_ra": "0",
    "net.ipv6.conf.lo.disable_ipv6": "1",
    "net.netfilter.nf_conntrack_max": "131072",
    "vm.dirty_background_ratio": "11",
    "vm.dirty_ratio": "20",
    "vm.max_map_count": ">=262144",
    "vm.min_free_kbytes": ">=67584",
    "vm.oom_dump_tasks": "0",
    "vm.overcommit_memory": "1",
    "vm.overcommit_ratio": "44",
    "vm.page-cluster": "5",
    "vm.panic_on_oom": "0",
    "vm.swappiness": "10",
    "vm.vfs_cache_pressure": "144",
}
"""What the profile asks for, of the keys that a plant is about."""

_D = "/etc/sysctl.d"
_UNITS = "/etc/systemd/system"


def _file(name: str, path: str, text: str, *keys: str, shell: str = "") -> Plant:
    return Plant(f"sysctl {name}", {path: text}, shell, sysctls=keys)


def _after(command: str) -> str:
    return (
        "[Unit]\nDescription=planted\nAfter=network.target\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    )


_FILES = (
    _file("sysctl.conf", "/etc/sysctl.conf", "net.ipv4.ip_forward=1\nkernel.panic_on_oops=1\r\n", "net.ipv4.ip_forward", "kernel.panic_on_oops"),
    _file("sysctl.conf without its link", "/etc/sysctl.conf", "vm.max_map_count=262144\n", "vm.max_map_count", shell=f"rm -f {_D}/99-sysctl.conf")._replace(slot="sysctl.conf"),
    _file("early", f"{_D}/10-a.conf", "vm.max_map_count=262144\n; c\n# c\nnonsense line\nvm.swappiness = 10\nvm.overcommit_memory=1\n", "vm.max_map_count", "vm.swappiness", "vm.overcommit_memory"),
    _file("later wins", f"{_D}/90-b.conf", "vm.max_map_count = 70000\nvm.overcommit_ratio=33\nvm.overcommit_ratio=44\n", "vm.max_map_count", "vm.overcommit_ratio"),
    _file("later vendor file wins", "/usr/lib/sysctl.d/99-zzz.conf", "kernel.sysrq=1\nvm.swappiness=30\n", "kernel.sysrq", "vm.swappiness"),
    _file("early administrator's file", f"{_D}/20-c.conf", "kernel.sysrq=176\nkernel.panic=10\n", "kernel.sysrq", "kernel.panic"),
    _file("local vendor file", "/usr/local/lib/sysctl.d/70-l.conf", "fs.inotify.max_user_instances = 8192\n", "fs.inotify.max_user_instances"),
    _file("without suffix", f"{_D}/nosuffix", "kernel.core_uses_pid = 1\n", "kernel.core_uses_pid"),
    _file("in /run", "/run/sysctl.d/50-run.conf", "kernel.panic = 10\n", "kernel.panic", shell="sysctl -qw kernel.panic=10"),
    _file("masked vendor file", "/usr/lib/sysctl.d/50-x.conf", "vm.oom_dump_tasks = 0\n", "vm.oom_dump_tasks", shell=f"ln -sf /dev/null {_D}/50-x.conf"),
    Plant("sysctl same name", {"/usr/lib/sysctl.d/80-h.conf": "fs.aio-max-nr = 1048576\n", f"{_D}/80-h.conf": "fs.pipe-max-size = 2097152\n"}, sysctls=("fs.aio-max-nr", "fs.pipe-max-size")),
    _file("linked file", "/srv/linked.conf", "vm.panic_on_oom=0\nvm.page-cluster = 5\n", "vm.panic_on_oom", "vm.page-cluster", shell=f"ln -sf /srv/linked.conf {_D}/77-link.conf"),
    _file("dangling link", "/srv/none", "", "vm.page-cluster", shell=f"ln -sf /nonexistent {_D}/78-none.conf"),
)  # fmt: skip

_VALUES = (
    _file("garbage behind", f"{_D}/31-a.conf", "vm.dirty_ratio = 1x\nvm.swappiness = 10 # low\n", "vm.dirty_ratio", "vm.swappiness"),
    _file("slashes", f"{_D}/32-a.conf", "net/ipv4/conf/lo/arp_ignore = 1\n", "net.ipv4.conf.lo.arp_ignore"),
    _file("hexadecimal", f"{_D}/33-a.conf", "vm.dirty_background_ratio = 0x0b\n", "vm.dirty_background_ratio"),
    _file("octal", f"{_D}/34-a.conf", "vm.vfs_cache_pressure = 0144\n", "vm.vfs_cache_pressure"),
    _file("empty", f"{_D}/35-a.conf", "kernel.panic=\n-foo.bar = 1\n", "kernel.panic"),
    _file("out of range", f"{_D}/36-a.conf", "vm.overcommit_memory = 7\nnet.core.somaxconn = 99999999999\n", "vm.overcommit_memory", "net.core.somaxconn"),
    _file("negative", f"{_D}/37-a.conf", "kernel.hung_task_timeout_secs = -5\nkernel.perf_event_paranoid = -1\n", "kernel.hung_task_timeout_secs", "kernel.perf_event_paranoid"),
    _file("vectors", f"{_D}/38-a.conf", "net.ipv4.ip_local_port_range = 1024 65000\nnet.ipv4.tcp_rmem = 4096   87380\t16777216\n", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_rmem"),
    _file("blanks", f"{_D}/39-a.conf", " net.ipv4.tcp_keepalive_time   =   600  \n", "net.ipv4.tcp_keepalive_time"),
    _file("text", f"{_D}/40-a.conf", "kernel.domainname = example.test\n", "kernel.domainname"),
    _file("keys", f"{_D}/41-a.conf", "kernel.keys.root_maxkeys = 1000000\nvm.min_free_kbytes=67584\n", "kernel.keys.root_maxkeys", "vm.min_free_kbytes"),
    _file("no final newline", f"{_D}/42-a.conf", "vm.page-cluster=5", "vm.page-cluster"),
)  # fmt: skip

_MODULES = (
    _file("tcp_bbr", f"{_D}/85-w.conf", "net.ipv4.tcp_congestion_control = bbr\n", "net.ipv4.tcp_congestion_control")._replace(modules=("tcp_bbr",)),
    _file("qdisc", f"{_D}/86-w.conf", "net.core.default_qdisc=fq\n", "net.core.default_qdisc")._replace(modules=("sch_fq",)),
    _file("conntrack", f"{_D}/87-w.conf", "net.netfilter.nf_conntrack_max = 131072\n", "net.netfilter.nf_conntrack_max"),
    _file("bridge", f"{_D}/kubernetes.conf", "net.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 0\nfs.inotify.max_user_watches=524288\n", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables", "fs.inotify.max_user_watches"),
)  # fmt: skip

_NET = (
    _file("glob", f"{_D}/60-glob.conf", "net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\n", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.lo.rp_filter", "net.ipv4.conf.default.rp_filter"),
    _file("glob and name", f"{_D}/61-glob.conf", "net.ipv4.conf.*.log_martians = 1\nnet.ipv4.conf.default.log_martians = 0\n", "net.ipv4.conf.default.log_martians", "net.ipv4.conf.lo.log_martians", "net.ipv4.conf.all.log_martians"),
    _file("all.forwarding", f"{_D}/50-f.conf", "net.ipv4.conf.all.forwarding=1\n", "net.ipv4.ip_forward", "net.ipv4.conf.lo.forwarding", "net.ipv4.conf.default.forwarding", "net.ipv4.conf.all.forwarding"),
    _file("default alone", f"{_D}/51-f.conf", "net.ipv4.conf.default.arp_filter=1\nnet.ipv6.conf.default.accept_ra=0\n", "net.ipv4.conf.default.arp_filter", "net.ipv4.conf.lo.arp_filter", "net.ipv6.conf.default.accept_ra"),
    _file("ipv6 off", f"{_D}/52-f.conf", "net.ipv6.conf.all.disable_ipv6 = 1\n", "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.lo.disable_ipv6"),
    _file("redirects", f"{_D}/99-zz.conf", "vm.swappiness=0\n-kernel.nothere=1\nnet.ipv4.conf.all.send_redirects=0\n", "vm.swappiness", "net.ipv4.conf.all.send_redirects"),
    _file("forwarding off at last", f"{_D}/99-zzz.conf", "net.ipv4.ip_forward=0\n", "net.ipv4.ip_forward"),
)  # fmt: skip

_WRITERS = (
    Plant("sysctl by a service", {f"{_UNITS}/sysc.service": _after("/sbin/sysctl -w vm.overcommit_memory=1")}, "systemctl -q enable sysc", sysctls=("vm.overcommit_memory",)),
    Plant("sysctl --system by a service", {f"{_UNITS}/syss.service": _after("/sbin/sysctl -q --system")}, "systemctl -q enable syss"),
    Plant("sysctl by rc.local", {"x/etc/rc.local": "#!/bin/sh -e\nsysctl -w kernel.panic=10\nexit 0\n"}, sysctls=("kernel.panic",), slot="rc.local"),
    Plant("systemd-sysctl masked", shell="systemctl -q mask systemd-sysctl", slot="systemd-sysctl", upsets=True),
    Plant("systemd-sysctl disabled by a drop-in", {f"{_UNITS}/systemd-sysctl.service.d/x.conf": "[Service]\nExecStart=\nExecStart=/bin/true\n"}, slot="systemd-sysctl", upsets=True),
    Plant("systemd-sysctl with a prefix", {f"{_UNITS}/systemd-sysctl.service.d/x.conf": "[Service]\nExecStart=\nExecStart=/lib/systemd/systemd-sysctl --prefix=/net\n"}, slot="systemd-sysctl", upsets=True),
    Plant("sysctl runtime only", shell="sysctl -qw vm.swappiness=10 net.ipv4.ip_forward=1 kernel.panic_on_oops=1", sysctls=("vm.swappiness", "net.ipv4.ip_forward", "kernel.panic_on_oops")),
    Plant("sysctl by udev", {"/etc/udev/rules.d/99-x.rules": 'ACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter", RUN+="/sbin/sysctl -q -w net.bridge.bridge-nf-call-iptables=0"\n'}, sysctls=("net.bridge.bridge-nf-call-iptables",)),
)  # fmt: skip

PLANTS = (*_FILES, *_VALUES, *_MODULES, *_NET, *_WRITERS)
