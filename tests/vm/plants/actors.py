"""Programs with a configuration of their own that act at boot: ufw, cron, cloud-init, FRR, ifupdown, networkd, TuneD.

Each has a twin in which it does not start.
"""

from __future__ import annotations

from tests.vm.plant import Plant
from tests.vm.plants.wishes import writes

_CRON_KEYS = ("fs.mqueue.msg_max", "fs.mqueue.queues_max", "fs.mqueue.msgsize_max", "kernel.msgmax", "kernel.msgmnb")
_CRON_OTHERS = ("fs.mount-max", "fs.leases-enable", "fs.lease-break-time", "kernel.shmmni", "kernel.printk_ratelimit")
_CRON_FILES = {
    "+/etc/crontab": f"@reboot root {writes('fs.mqueue.msg_max')}\n@reboot nobody {writes('fs.mount-max')}\n",
    "/etc/cron.d/planted": "# @reboot root swapon /swap/cron0\nSHELL=/bin/sh\nF=/swap/cron1\n@reboot root swapon $F && "
    f"{writes('fs.mqueue.queues_max')}\n*/5 4 1 1 * root {writes('fs.leases-enable')}\n@daily root swapon /swap/cron2\n",
    "/etc/cron.d/with-path": "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n@reboot root swapon /swap/cron3 && "
    f"{writes('kernel.shmmni')}\n@reboot root /usr/local/sbin/cron-other\n",
    "x/usr/local/sbin/cron-other": f"#!/bin/sh\n{writes('kernel.printk_ratelimit')}\n",
    "/etc/cron.d/planted.sh": f"@reboot root {writes('fs.lease-break-time')}\n",
    "/var/spool/cron/crontabs/root": f"@reboot /sbin/{writes('kernel.msgmax')}; true % swapon /swap/cron2\n",
    "x/usr/local/sbin/cron-script": f"#!/bin/sh\n{writes('kernel.msgmnb')}\n",
    "/etc/cron.d/script": "@reboot   root\t[ -x /usr/local/sbin/cron-script ] && /usr/local/sbin/cron-script >/dev/null 2>&1\n",
}
_CRON_SHELL = "chmod 600 /var/spool/cron/crontabs/root"


def _cron(name: str, shell: str) -> Plant:
    keys = (*_CRON_KEYS, *_CRON_OTHERS)
    areas = ("cron0", "cron1", "cron2", "cron3")
    return Plant(f"cron {name}", _CRON_FILES, f"{_CRON_SHELL}\n{shell}", sysctls=keys, swapfiles=areas, slot="cron")


CRON = (
    _cron("on", "systemctl -q enable cron"),
    _cron("off", "systemctl -q disable cron"),
    _cron("with an open table", "chmod 644 /var/spool/cron/crontabs/root; chmod 666 /etc/cron.d/planted"),
)

_UFW = {
    "+/etc/ufw/sysctl.conf": "net/ipv4/tcp_fin_timeout=30\nnet.ipv4.tcp_rfc1337 = 1\nnet/ipv4/conf/all/log_martians=1\n"
}
_UFW_KEYS = ("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_rfc1337", "net.ipv4.conf.all.log_martians")


def _ufw(name: str, enabled: str, shell: str, **files: str) -> Plant:
    put = {**_UFW, "+/etc/ufw/ufw.conf": f"ENABLED={enabled}\n"}
    put |= {"+/etc/default/ufw": files["default"]} if files else {}
    return Plant(f"ufw's sysctls {name}", put, shell, sysctls=_UFW_KEYS, slot="firewall")


UFW = (
    _ufw("on", "yes", "systemctl -q enable ufw"),
    _ufw("off", "no", "systemctl -q enable ufw"),
    _ufw("without its unit", "yes", "systemctl -q disable ufw"),
    _ufw("in no file", "yes", "systemctl -q enable ufw", default="IPT_SYSCTL=\n"),
)

_SEED = {
    "/var/lib/cloud/seed/nocloud/meta-data": "instance-id: planted-1\n",
    "/var/lib/cloud/seed/nocloud/user-data": "#cloud-config\nruncmd:\n- sysctl -q -w net.core.busy_read=50\n",
    "/etc/cloud/cloud.cfg.d/90_planted.cfg": "datasource_list: [NoCloud, None]\nmanage_etc_hosts: false\n"
    "preserve_hostname: true\nnetwork: {config: disabled}\n"
    "cloud_init_modules: [bootcmd, write-files, mounts]\ncloud_config_modules: [runcmd]\n",
    "/etc/cloud/cloud.cfg.d/91_planted.cfg": "bootcmd:\n"
    f"- {writes('net.core.rmem_max')}\n- [sysctl, -q, -w, net.core.wmem_max=400000]\n- swapon /swap/cloud1\n",
    "x/var/lib/cloud/scripts/per-boot/planted.sh": f"#!/bin/sh\n{writes('net.core.optmem_max')}\n",
    "/var/lib/cloud/scripts/per-boot/flat": f"#!/bin/sh\n{writes('net.core.dev_weight')}\n",
    "x/var/lib/cloud/scripts/per-instance/once": f"#!/bin/sh\n{writes('net.core.busy_poll')}\n",
    "/etc/cloud/cloud.cfg.d/92_planted.cfg": "runcmd:\n- sysctl -q -w net.core.netdev_budget=400\n",
}
_SEED_KEYS = (
    "net.core.rmem_max", "net.core.wmem_max", "net.core.optmem_max", "net.core.dev_weight", "net.core.busy_poll",
    "net.core.netdev_budget",
)  # fmt: skip
_CLOUD_SWAP = {
    "/etc/cloud/cloud.cfg.d/93_planted.cfg": "swap:\n  filename: /swap/cloud2\n  size: 4194304\n  maxsize: 8388608\n"
}
_STAGES = "cloud-init-local cloud-init cloud-init-network cloud-config cloud-final"


def _cloud(name: str, files: dict[str, str], shell: str) -> Plant:
    areas = ("/swap/cloud2",)
    return Plant(
        f"cloud-init {name}",
        {**_SEED, **files},
        shell,
        sysctls=_SEED_KEYS,
        swapfiles=("cloud1",),
        areas=areas,
        slot="cloud-init",
        upsets=True,
    )


CLOUD = (
    _cloud("for a first time", _CLOUD_SWAP, "rm -f /etc/cloud/cloud-init.disabled"),
    _cloud(
        "once more",
        {},
        "rm -f /etc/cloud/cloud-init.disabled\nsystemctl daemon-reload\n"
        f"for unit in {_STAGES}; do systemctl start $unit 2>/dev/null; done\n"
        "swapoff -a\nsysctl -q -w net.core.netdev_budget=300 net.core.busy_poll=0",
    ),
    _cloud("off", _CLOUD_SWAP, ":"),
)

_FORWARD = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")


def _frr(name: str, lines: str, verb: str, before: str = "") -> Plant:
    files = {"/etc/frr/frr.conf": f"frr defaults traditional\nhostname node1\n{lines}!\n"}
    files |= {"/etc/sysctl.d/50-frr.conf": f"net.ipv4.ip_forward = {before}\n"} if before else {}
    shell = f"chown frr:frr /etc/frr/frr.conf; chmod 640 /etc/frr/frr.conf; systemctl -q {verb} frr"
    return Plant(f"frr {name}", files, shell, sysctls=_FORWARD, services=("frr",), slot="forwarding", upsets=True)


FRR = (
    _frr("forwards", "ip forwarding\n", "enable"),
    _frr("does not forward", "no ip forwarding\n", "enable", "1"),
    _frr("says nothing", "", "enable", "1"),
    _frr("off", "no ip forwarding\n", "disable", "1"),
)

_INTERFACES = (
    "source /etc/network/interfaces.d/*\nauto lo eth0\niface lo inet loopback\n"
    f"iface eth0 inet static\n    address 10.0.2.15/24\n    pre-up {writes('net.ipv4.tcp_retries1')}\n"
    f"    up {writes('net.ipv4.tcp_retries2')}\n    post-up swapon /swap/net1 || true\n"
    f"    down {writes('net.ipv4.tcp_orphan_retries')}\niface eth1 inet manual\n    up swapon /swap/net2\n"
)
_HOOKS = {
    "/etc/network/interfaces.d/planted": f"auto lo:1\niface lo:1 inet static\n    address 127.0.0.9/8\n    up {writes('net.ipv4.tcp_ecn')}\n",
    "x/etc/network/if-up.d/planted": f'#!/bin/sh\n[ "$IFACE" = lo ] || exit 0\n{writes("net.ipv4.tcp_dsack")}\n',
    "x/etc/network/if-up.d/always": f"#!/bin/sh\n{writes('net.ipv4.tcp_fwmark_accept')}\n",
    "x/etc/network/if-up.d/planted.sh": f"#!/bin/sh\n{writes('net.ipv4.tcp_frto')}\n",
    "/etc/network/if-up.d/flat": f"#!/bin/sh\n{writes('net.ipv4.tcp_stdurg')}\n",
    "x/etc/network/if-pre-up.d/planted": f"#!/bin/sh\n{writes('net.ipv4.tcp_early_retrans')}\n",
    "x/etc/network/if-down.d/planted": f"#!/bin/sh\n{writes('net.ipv4.tcp_recovery')}\n",
}
_NET_KEYS = (
    "net.ipv4.tcp_retries1", "net.ipv4.tcp_retries2", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_dsack", "net.ipv4.tcp_fwmark_accept", "net.ipv4.tcp_frto", "net.ipv4.tcp_stdurg",
    "net.ipv4.tcp_early_retrans", "net.ipv4.tcp_recovery",
)  # fmt: skip


def _ifupdown(name: str, interfaces: str, shell: str) -> Plant:
    files = {"/etc/network/interfaces": interfaces, **_HOOKS}
    areas = ("net1", "net2")
    return Plant(f"ifupdown {name}", files, shell, sysctls=_NET_KEYS, swapfiles=areas, slot="ifupdown")


IFUPDOWN = (
    _ifupdown("on", _INTERFACES, "systemctl -q enable networking"),
    _ifupdown("off", _INTERFACES, "systemctl -q disable networking"),
    _ifupdown(
        "of other files",
        _INTERFACES.replace("source /", "# source /").replace("auto lo eth0", "allow-hotplug eth0\nauto lo"),
        "systemctl -q enable networking",
    ),
    _ifupdown(
        "that fails",
        _INTERFACES.replace("    pre-up", "    pre-up false\n    pre-up"),
        "systemctl -q enable networking",
    ),
)

_UNMASK = "systemctl -q unmask systemd-networkd.service systemd-networkd.socket; systemctl -q enable systemd-networkd"


def _networkd(name: str, files: dict[str, str], shell: str = _UNMASK, before: str = "") -> Plant:
    files = {f"/etc/systemd/{path}": text for path, text in files.items()}
    files |= {"/etc/sysctl.d/50-networkd.conf": f"net.ipv4.ip_forward = {before}\n"} if before else {}
    return Plant(f"networkd {name}", files, shell, sysctls=_FORWARD, slot="forwarding", upsets=True)


_DUMMY = {
    "network/dm0.netdev": "[NetDev]\nName=dm0\nKind=dummy\n",
    "network/dm0.network": "[Match]\nName=dm0\n[Network]\nAddress=192.0.2.1/24\nIPMasquerade=ipv4\n",
}

NETWORKD = (
    _networkd("forwards on the card", {"network/eth0.network.d/x.conf": "[Network]\nIPForward=yes\n"}),
    _networkd("forwards on no card", {"network/eth9.network": "[Match]\nName=eth9\n[Network]\nIPForward=yes\n"}),
    _networkd("masquerades", _DUMMY),
    _networkd("forwards as a whole", {"networkd.conf.d/x.conf": "[Network]\nIPv4Forwarding=yes\n"}),
    _networkd("does not forward as a whole", {"networkd.conf.d/x.conf": "[Network]\nIPv4Forwarding=no\n"}, before="1"),
    _networkd("off", {"network/eth0.network.d/x.conf": "[Network]\nIPForward=yes\n", "networkd.conf.d/x.conf": "[Network]\nIPv4Forwarding=yes\n"}, ":"),
)  # fmt: skip


def _tuned(name: str, shell: str, active: str = "planted") -> Plant:
    profile = "[main]\nsummary=planted\n[sysctl]\nvm.laptop_mode = 1\nvm.stat_interval=2\nnet.ipv4.ip_dynaddr=1\n"
    files = {
        "/etc/tuned/planted/tuned.conf": profile,
        "/etc/tuned/profiles/planted/tuned.conf": profile,
        "/etc/tuned/active_profile": f"{active}\n",
        "/etc/tuned/profile_mode": "manual\n",
        "/etc/sysctl.d/60-tuned.conf": "net.ipv4.ip_dynaddr = 0\n",
    }
    keys = ("vm.laptop_mode", "vm.stat_interval", "net.ipv4.ip_dynaddr")
    return Plant(f"tuned {name}", files, shell, sysctls=keys, services=("tuned",), slot="tuned", upsets=True)


TUNED = (
    _tuned("on", "systemctl -q enable tuned"),
    _tuned("off", "systemctl -q disable tuned"),
    _tuned("without the profile", "systemctl -q enable tuned", ""),
)

PLANTS = (*CRON, *UFW, *CLOUD, *FRR, *IFUPDOWN, *NETWORKD, *TUNED)
