"""Plants whose names, places and lines are drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.vm.plant import Plant
from tests.vm.plants.sysctls import WANTED

_SYSCTL_DIRS = ("/etc/sysctl.d", "/etc/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d")
_LOAD_DIRS = ("/etc/modules-load.d", "/etc/modules-load.d", "/usr/lib/modules-load.d", "/usr/local/lib/modules-load.d")
_RULE_DIRS = ("/etc/modprobe.d", "/lib/modprobe.d")

_KEYS = (
    "fs.inotify.max_user_instances", "kernel.panic", "kernel.panic_on_oops", "net.bridge.bridge-nf-call-iptables",
    "net.ipv4.conf.all.forwarding", "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.lo.forwarding",
    "net.ipv4.ip_forward", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.lo.rp_filter", "vm.max_map_count",
    "vm.overcommit_memory", "vm.panic_on_oom", "vm.swappiness", "vm.overcommit_ratio", "vm.dirty_ratio",
)  # fmt: skip
_GLOBS = ("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.l*.forwarding", "vm.overcommit_r*")
_HARMLESS = {
    "fs.inotify.max_user_instances": ("128", "256", "1x", ""),
    "vm.max_map_count": ("65530", "70000", "070000", "x"),
    "vm.overcommit_memory": ("0", "7", "x", "0x1"),
}
"""What else may be drawn where a wrong number leaves a node that does not come up."""
_ODD = ("", "x", "-1", "1 2", "0x2", "1x", "99999999999999999999")
_MODULES = (
    "br_netfilter", "ip_vs", "ip_vs_rr", "ip_vs_sh", "ip_vs_wrr", "ip_vs_lc", "nf_conntrack", "dummy", "overlay",
    "macvlan", "vxlan", "ipvlan", "ip_vs_dh",
)  # fmt: skip
_INSTALLS = ("/bin/false", "/bin/true", "/sbin/modprobe --ignore-install {} $CMDLINE_OPTS")
_TARGETS = ("multi-user.target", "swap.target", "rescue.target", "graphical.target", "local-fs.target", "timers.target")


def drawn(draw: random.Random) -> Iterator[Plant]:
    """Some files of each kind."""
    for _ in range(draw.randint(1, 4)):
        yield _sysctls(draw)
    for _ in range(draw.randint(0, 3)):
        yield _loads(draw)
    for _ in range(draw.randint(0, 2)):
        yield _rules(draw)
    for number in range(draw.randint(0, 3)):
        yield _swap(draw, number)
    for number in range(draw.randint(0, 3)):
        yield _service(draw, number)


def _name(draw: random.Random) -> str:
    return f"{draw.randint(0, 99):02}-{draw.choice('abcz')}.conf"


def _sysctls(draw: random.Random) -> Plant:
    keys = draw.sample(_KEYS, draw.randint(1, 5))
    lines = [_setting(draw, key) for key in keys]
    if draw.random() < 0.3:
        lines.insert(draw.randint(0, len(lines)), f"{draw.choice(_GLOBS)} = {draw.choice('012')}")
    if draw.random() < 0.2:
        lines.append(f"-{draw.choice(_KEYS)}")
    path = f"{draw.choice(_SYSCTL_DIRS)}/{_name(draw)}"
    return Plant(f"drawn {path}", {path: "\n".join([*lines, ""])}, sysctls=tuple(keys))


def _setting(draw: random.Random, key: str) -> str:
    others = _HARMLESS.get(key) or (draw.choice(_ODD) if draw.random() < 0.15 else "0", "1", "2")
    value = draw.choice((WANTED[key].lstrip(">="), *others))
    name = key.replace(".", "/") if draw.random() < 0.2 else key
    return draw.choice(("{}={}", "{} = {}", "-{} = {}", "  {}\t=\t{}  ")).format(name, value)


def _loads(draw: random.Random) -> Plant:
    modules = draw.sample(_MODULES, draw.randint(1, 4))
    path = f"{draw.choice(_LOAD_DIRS)}/{_name(draw)}"
    lines = [draw.choice(("{}", "{}", " {} ", "#{}")).format(name) for name in modules]
    return Plant(f"drawn {path}", {path: "\n".join([*lines, ""])}, modules=tuple(modules))


def _rules(draw: random.Random) -> Plant:
    module = draw.choice(_MODULES)
    rule = draw.choice(("blacklist {}", "install {} " + draw.choice(_INSTALLS).format(module), "softdep {} pre: dummy"))
    path = f"{draw.choice(_RULE_DIRS)}/{_name(draw)}"
    return Plant(f"drawn {path}", {path: rule.format(module) + "\n"}, modules=(module,))


def _swap(draw: random.Random, number: int) -> Plant:
    name = f"drawn{number}"
    if draw.random() < 0.5:
        options = ",".join(["nofail", *draw.sample(("noauto", "pri=3", "auto", "discard"), draw.randint(0, 2))])
        return Plant(
            f"drawn fstab {options}", {"+/etc/fstab": f"/swap/{name} none swap {options}\n"}, swapfiles=(name,)
        )
    target, unit = draw.choice(_TARGETS), f"swap-{name}.swap"
    text = f"[Swap]\nWhat=/swap/{name}\n[Install]\nWantedBy={target}\n"
    verb = draw.choice(("enable", "enable", "disable", "mask"))
    path = f"{'/usr/lib' if verb == 'mask' else '/etc'}/systemd/system/{unit}"
    return Plant(f"drawn unit {verb} {target}", {path: text}, f"systemctl -q {verb} {unit}", swapfiles=(name,))


def _service(draw: random.Random, number: int) -> Plant:
    name, target = f"drawn{number}", draw.choice(_TARGETS)
    # systemd refuses an order in a circle, and a service ends one that its target begins
    before = "DefaultDependencies=no\n" if target in ("swap.target", "local-fs.target") else ""
    text = f"[Unit]\nDescription=planted\n{before}[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
    verb = draw.choice(("enable", "enable", "disable", "mask", "enable --runtime"))
    path = f"{'/usr/lib' if verb == 'mask' else '/etc'}/systemd/system/{name}.service"
    shell = f"systemctl -q {verb} {name}"
    return Plant(f"drawn service {verb}", {path: f"{text}[Install]\nWantedBy={target}\n"}, shell, services=(name,))
