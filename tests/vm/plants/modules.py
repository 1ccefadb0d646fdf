"""Kernel modules: modules-load.d, modprobe.d, scripts, services, the command line."""

from __future__ import annotations

from tests.vm.plant import Plant

_L, _P = "/etc/modules-load.d", "/etc/modprobe.d"
_UNITS = "/etc/systemd/system"


def _loads(name: str, text: str, *modules: str, shell: str = "", path: str = "") -> Plant:
    return Plant(f"module {name}", {path or f"{_L}/{name}.conf": text}, shell, modules=modules)


def _ruled(name: str, module: str, rule: str, *more: str, load: str = "") -> Plant:
    """A line of modprobe.d about a module that a file of its own loads."""
    files = {f"{_L}/{name}.conf": f"{load or module}\n", f"{_P}/{name}.conf": rule + "\n"}
    return Plant(f"module {name}", files, modules=(module, *more))


def _service(name: str, command: str, *modules: str, enabled: bool = True) -> Plant:
    text = (
        "[Unit]\nDescription=planted\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    )
    shell = f"systemctl -q enable {name}" if enabled else ""
    return Plant(f"module by {name}", {f"{_UNITS}/{name}.service": text}, shell, modules=modules)


_LOADED = (
    _loads("k8s", "br_netfilter\n# c\n; c\n  ip_vs  \n", "br_netfilter", "ip_vs", "bridge", "nf_conntrack"),
    _loads("two-words", "ip_vs_lc ip_vs_nq\n", "ip_vs_lc", "ip_vs_nq"),
    _loads("dashes", "ip-vs-sed\n", "ip_vs_sed"),
    _loads("remark-behind", "ip_vs_dh # comment\n", "ip_vs_dh"),
    _loads("crlf", "dummy\r\n", "dummy"),
    _loads("ko", "ip_vs_nq.ko\n", "ip_vs_nq"),
    _loads("capitals", "IP_VS_FO\n", "ip_vs_fo"),
    _loads("tab-and-no-newline", "\tip_vs_ovf\nnothere_mod\nip_vs_wlc", "ip_vs_ovf", "ip_vs_wlc"),
    _loads("overlay", "overlay\n", "overlay"),
    _loads("nosuffix", "macvlan\n", "macvlan", path=f"{_L}/nosuffix"),
    _loads("masked-vendor", "vxlan\n", "vxlan", path="/usr/lib/modules-load.d/m.conf", shell=f"ln -sf /dev/null {_L}/m.conf"),
    _loads("vendor", "ipvlan\n", "ipvlan", path="/usr/lib/modules-load.d/v.conf"),
    _loads("in-run", "bonding\n", "bonding", path="/run/modules-load.d/r.conf", shell="modprobe bonding"),
    _loads("runtime-only", "", "geneve", shell="modprobe geneve"),
    Plant("module in /etc/modules", {"+/etc/modules": "# /etc/modules\nip_vs_rr\nloop\n"}, modules=("ip_vs_rr", "loop")),
    Plant("module with parameters in /etc/modules", {"+/etc/modules": "ip_vs_mh 1 2\n"}, modules=("ip_vs_mh",)),
)  # fmt: skip

_RULES = (
    _ruled("blacklisted", "ip_vs_sh", "blacklist ip_vs_sh"),
    _ruled("install-false", "ip_vs_wrr", "install ip_vs_wrr /bin/false"),
    _ruled("install-true", "ip_vs_lblc", "install ip_vs_lblc /bin/true"),
    _ruled("install-shell", "ip_vs_lblcr", "install ip_vs_lblcr /bin/sh -c 'exit 0'"),
    _ruled("install-modprobe", "dummy", "install dummy /sbin/modprobe --ignore-install dummy"),
    _ruled("install-and", "ip_vs_twos", "install ip_vs_twos /sbin/modprobe --ignore-install ip_vs_twos && /bin/true"),
    _ruled("aliased", "ip_vs_wlc", "alias myalias ip_vs_wlc", load="myalias"),
    _ruled("alias-blacklisted", "ip_vs_ftp", "blacklist ip_vs_ftp\nalias foo_al ip_vs_ftp", load="foo_al"),
    _ruled("dependency-blacklisted", "ip_vs", "blacklist nf_conntrack", "nf_conntrack"),
    _ruled("softdep", "vxlan", "softdep vxlan pre: ip_vs_fo post: ip_vs_ovf", "ip_vs_fo", "ip_vs_ovf"),
    _ruled("dependency-installed-away", "macvtap", "install macvlan /bin/false", "macvlan"),
    _ruled("options", "bonding", "options bonding max_bonds=0"),
)

_LATE = (
    _service("late", "/sbin/modprobe br_netfilter", "br_netfilter", "bridge"),
    _service("mods", "/sbin/modprobe -- ipvlan", "ipvlan"),
    _service("mods-off", "/sbin/modprobe -- veth", "veth", enabled=False),
    _service("mods-all", "/sbin/modprobe -a ip_vs_sed ip_vs_dh", "ip_vs_sed", "ip_vs_dh"),
    Plant(
        "module by modprobe@",
        shell="systemctl -q add-wants multi-user.target modprobe@ip6_tables.service",
        modules=("ip6_tables",),
    ),
    Plant(
        "module by rc.local",
        {"x/etc/rc.local": "#!/bin/sh -e\nmodprobe ip_vs_wrr\n/sbin/modprobe -a ip_vs_lblc macvlan\nexit 0\nmodprobe vxlan\n"},
        modules=("ip_vs_wrr", "ip_vs_lblc", "macvlan", "vxlan"),
        slot="rc.local",
    ),
    Plant(
        "module taken away by rc.local",
        {"x/etc/rc.local": "#!/bin/sh\nmodprobe dummy\nmodprobe -r dummy\n"},
        modules=("dummy",),
        slot="rc.local",
    ),
    Plant(
        "module taken away again by rc.local",
        {f"{_L}/taken.conf": "ip_vs_sed\n", "x/etc/rc.local": "#!/bin/sh\nrmmod ip_vs_sed\n"},
        modules=("ip_vs_sed",),
        slot="rc.local",
    ),
    Plant("systemd-modules-load masked", shell="systemctl -q mask systemd-modules-load", slot="systemd-modules-load", upsets=True),
    Plant(
        "systemd-modules-load with another command",
        {f"{_UNITS}/systemd-modules-load.service.d/x.conf": "[Service]\nExecStart=\nExecStart=/bin/true\n"},
        slot="systemd-modules-load",
        upsets=True,
    ),
)  # fmt: skip

PLANTS = (*_LOADED, *_RULES, *_LATE)
