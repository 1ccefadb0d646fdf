"""Configurations of what the next boot is made of: the menu of GRUB and its default, the kernel and its command line,
sysctls, the modules' trees, logind beside a kubelet. Each is drawn, and planted by the files and programs of a node.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from nodecheck.record import NamedTuple
from tests.vm.loader import DEFAULTS, KEPT, MENUS

SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "fs.inotify.max_user_instances": "8192",
    "net.bridge.bridge-nf-call-iptables": "1",
    "vm.max_map_count": "262144",
}
"""What the profile asks for, beside the six of the kubelet's."""
_KUBELETS = {
    "vm.overcommit_memory": ("1", "0", "2"),
    "vm.panic_on_oom": ("0", "1"),
    "kernel.panic": ("10", "0", "60", "-1"),
    "kernel.panic_on_oops": ("1", "0"),
    "kernel.keys.root_maxkeys": ("1000000", "200"),
    "kernel.keys.root_maxbytes": ("25000000", "20000"),
}
_VALUES = {
    **_KUBELETS,
    **{key: (wanted, "0" if wanted == "1" else "1000") for key, wanted in SYSCTLS.items()},
}
MODULES = ("br_netfilter", "ip_vs", "nf_conntrack", "overlay", "dummy", "vxlan")

_CONTROLLERS = ("memory", "pids", "cpu", "cpuset", "io", "blkio", "hugetlb", "devices", "freezer", "cpuacct", "rdma")


class Configuration(NamedTuple):
    """One configuration of a node, as it is before a reboot."""

    name: str
    drawn: tuple[str, ...]
    """What is planted, in a few words each."""
    script: str
    asked_s: int = 0
    """The seconds by which the kubelet asks logind to let it delay a shutdown."""


class _Part(NamedTuple):
    """What one topic adds: what it is, and its commands, which run before the menu is generated, or after."""

    told: tuple[str, ...]
    lines: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


_RESET = f"""
rm -rf /etc/default/grub.d /boot/grub/custom.cfg /etc/grub.d/45_planted /etc/sysctl.d /usr/local/lib/sysctl.d
rm -rf /etc/systemd/*.conf.d /usr/lib/systemd/logind.conf.d /usr/local/lib/systemd/logind.conf.d
rm -f /usr/lib/sysctl.d/*planted* /etc/modules-load.d/planted.conf
rm -f /etc/sysctl.conf /etc/systemd/logind.conf  # Debian 13 has no sysctl.conf
cp -a {KEPT}/sysctl.d /etc/
for file in sysctl.conf systemd/logind.conf; do
    [ ! -e {KEPT}/${{file##*/}} ] || cp -a {KEPT}/${{file##*/}} /etc/$file
done
for tree in /lib/gone/*; do [ -e "$tree" ] && mv "$tree" /lib/modules/; done
for list in /lib/modules/*/modules.dep.kept; do [ -e "$list" ] && mv "$list" "${{list%.kept}}"; done
for list in /lib/modules/*/modules.dep.bin.kept; do [ -e "$list" ] && mv "$list" "${{list%.kept}}"; done
OLD=$(cd /lib/modules && ls -v | head -n 1)
NEW=$(cd /lib/modules && ls -v | tail -n 1)
ROOT=$(grub-probe --target=fs_uuid /)
grub-editenv /boot/grub/grubenv create
cat >/etc/default/grub <<'END'
{DEFAULTS}END
made() {{  # by grub-mkconfig earlier, as making it takes half a minute
    cp "{KEPT}/$1" /boot/grub/grub.cfg
}}
"""

_SUB = "Advanced options for Debian GNU/Linux"
_WITH = "Debian GNU/Linux, with Linux"
_NAMES = {
    "the first by number": "0",
    "the second by number": "1>1",
    "the first of the submenu": "1>0",
    "a number beyond the submenu": "1>9",
    "a number beyond the menu": "7",
    "the older by title": f"{_SUB}>{_WITH} $OLD",
    "the newer by title": f"{_SUB}>{_WITH} $NEW",
    "the older by id": "gnulinux-advanced-$ROOT>gnulinux-$OLD-advanced-$ROOT",
    "the newer by id": "gnulinux-advanced-$ROOT>gnulinux-$NEW-advanced-$ROOT",
    "the older by an id of the submenu alone": "gnulinux-$OLD-advanced-$ROOT",
    "the submenu": "1",
    "a name that is not there": "Windows",
    "the simple entry by id": "gnulinux-simple-$ROOT",
}
_FLAT = {
    "the second of a flat menu": "1",
    "the older of a flat menu by title": f"{_WITH} $OLD",
    "the newer of a flat menu by id": "gnulinux-$NEW-advanced-$ROOT",
    "the older of a flat menu by id": "gnulinux-$OLD-advanced-$ROOT",
}


def _default(draw: random.Random, made_anew: bool) -> _Part:
    """Which entry of the menu is the default."""
    flat = draw.random() < 0.25
    names = sorted((_FLAT if flat else _NAMES).items())
    told, name = draw.choice(names)
    way = draw.choice(("GRUB_DEFAULT", "GRUB_DEFAULT", "saved", "saved", "next", "custom.cfg", "own entry"))
    menu = "flat" if flat else "plain"
    after = []
    if way in ("saved", "next"):
        menu = "flat and saved" if flat else draw.choice(("saved", "saved", "saved by itself"))
        after.append(f'grub-set-default "{name}"')
    if way == "next":
        told, other = draw.choice(names)
        after.append(f'grub-reboot "{other}"')
    lines = [f"mkdir -p /etc/default/grub.d; printf '{MENUS[menu]}\\n' >/etc/default/grub.d/10-menu.cfg"]
    if way in ("GRUB_DEFAULT", "own entry", "custom.cfg"):
        if way != "GRUB_DEFAULT":
            told, name = "an entry of its own", "planted"
            lines, after = _own(draw, way, lines, made_anew)
        if way != "custom.cfg" or not any("set default" in line for line in after):
            lines.append(f'echo "GRUB_DEFAULT=\\"{name}\\"" >>/etc/default/grub.d/10-menu.cfg')
            after.insert(
                0,
                "" if made_anew else f"""sed -i "s|^   set default=.*|   set default='{name}'|" /boot/grub/grub.cfg""",
            )
    return _Part(
        (f"default by {way}: {told}, menu {menu}",), tuple(lines), (*([] if made_anew else [f"made '{menu}'"]), *after)
    )


def _own(draw: random.Random, way: str, lines: list[str], made_anew: bool) -> tuple[list[str], list[str]]:
    """An entry that an administrator wrote."""
    entry = _entry(draw.choice(("$OLD", "$NEW")), " ".join(_words(draw)))
    if way == "custom.cfg" or not made_anew:
        chosen = draw.choice(("", "set default=planted\n"))
        return lines, [f"cat >/boot/grub/custom.cfg <<END\n{entry}{chosen}END"]
    script = f"cat >/etc/grub.d/45_planted <<END\n#!/bin/sh\ncat <<'X'\n{entry}X\nEND\nchmod 755 /etc/grub.d/45_planted"
    return [*lines, script], []


def _entry(kernel: str, words: str) -> str:
    line = f"linux /boot/vmlinuz-{kernel} root=/dev/vda ro console=ttyS0 quiet net.ifnames=0 mitigations=off {words}"
    return f"menuentry 'Planted' --id planted {{\n\t{line}\n\tinitrd /boot/initrd.img-{kernel}\n}}\n"


def _words(draw: random.Random) -> list[str]:
    """Words of the kernel's command line."""
    words = []
    if draw.random() < 0.6:
        key = draw.choice(("systemd.unified_cgroup_hierarchy",) * 4 + ("systemd.unified-cgroup-hierarchy",))
        value = draw.choice(("=0", "=0", "=0", "=no", "=off", "=1", "=yes", "", "=maybe", "="))
        words.append(key + value)
        if draw.random() < 0.4:
            words.append(
                draw.choice(("SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=yes"))
            )
        if draw.random() < 0.4:
            words.append(f"systemd.legacy_systemd_cgroup_controller{draw.choice(('=1', '=0', '=yes', ''))}")
    if draw.random() < 0.5:
        words.append(f"cgroup_disable={','.join(draw.sample(_CONTROLLERS, draw.randint(1, 3)))}")
    if draw.random() < 0.4:
        words.append(f"cgroup_no_v1={draw.choice(('all', 'memory', 'pids,cpu', 'hugetlb,blkio', 'io', 'freezer'))}")
    if draw.random() < 0.2:
        words.append(draw.choice(("cgroup_enable=memory", "swapaccount=1", "cgroup_memory=1", "cgroup.memory=nokmem")))
    if draw.random() < 0.3:
        key, values = draw.choice(sorted(_VALUES.items()))
        words.append(f"sysctl.{key}={draw.choice(values)}")
    if draw.random() < 0.3:
        words.append(draw.choice(("panic=10", "panic=0", "oops=panic", "panic_on_oops=1", "panic_on_warn=0")))
    if draw.random() < 0.15:
        words.append(draw.choice(("modules_load=dummy", "modules-load=vxlan,dummy", "module_blacklist=br_netfilter")))
    draw.shuffle(words)
    if draw.random() < 0.08:
        words.insert(draw.randint(0, len(words)), "--")
    return words


def _cmdline(draw: random.Random, made_anew: bool) -> _Part:
    """Where the words stand."""
    words = " ".join(_words(draw))
    generated = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT", "grub.d")
    way = draw.choice(generated if made_anew else ("all entries", "all entries", "those of one kernel"))
    told, lines, after = [f"words by {way}: {words}"], list[str](), list[str]()
    if way.startswith("GRUB"):
        lines.append(f"sed -i 's|^{way}=\"|&{words} |' /etc/default/grub")
    elif way == "grub.d":
        text = f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {words}"'
        lines.append(f"echo '{text}' >/etc/default/grub.d/50-planted.cfg")
    else:
        kernel = "" if way == "all entries" else draw.choice(("$OLD", "$NEW"))
        after.append(f'sed -i "s|^\\t*linux\\t*/boot/vmlinuz-{kernel}.*|& {words}|" /boot/grub/grub.cfg')
    if draw.random() < 0.2:
        told.append("words in /etc/default/grub, of which no menu is made yet")
        after.append(f"""sed -i 's|^GRUB_CMDLINE_LINUX="|&{" ".join(_words(draw))} |' /etc/default/grub""")
    return _Part(tuple(told), tuple(lines), tuple(after))


def _sysctls(draw: random.Random) -> _Part:
    """Files of sysctl.d, which win and lose."""
    told, lines = [], []
    folders = ("/etc/sysctl.d", "/etc/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d")
    for _ in range(draw.randint(0, 4)):
        path = f"{draw.choice(folders)}/{draw.choice(('10', '50', '90', '99', 'zz'))}-planted.conf"
        keys = draw.sample(sorted(_VALUES), draw.randint(1, 5))
        text = "".join([f"{draw.choice(('', '', '-'))}{key} = {draw.choice(_VALUES[key])}\\n" for key in keys])
        told.append(f"{path}: {len(keys)} keys")
        lines.append(f"mkdir -p {path.rpartition('/')[0]}; printf -- '{text}' >{path}")
    if draw.random() < 0.2:
        told.append("a mask of 50-planted.conf")
        lines.append("ln -sf /dev/null /etc/sysctl.d/50-planted.conf")
    if draw.random() < 0.3:
        key = draw.choice(sorted(_KUBELETS))
        told.append(f"sysctl.conf: {key}")
        lines.append(f"echo '{key}={draw.choice(_KUBELETS[key])}' >>/etc/sysctl.conf")
    if draw.random() < 0.6:
        modules = draw.sample(MODULES, draw.randint(1, 4))
        told.append(f"modules-load.d: {' '.join(modules)}")
        lines.append(f"printf '%s\\n' {' '.join(modules)} >/etc/modules-load.d/planted.conf")
    return _Part(tuple(told), tuple(lines))


def _trees(draw: random.Random) -> _Part:
    """A kernel whose modules are gone, or not listed."""
    if draw.random() > 0.3:
        return _Part(())
    kernel = draw.choice(("OLD", "NEW"))
    if draw.random() < 0.6:
        line = f"mkdir -p /lib/gone; mv /lib/modules/${kernel} /lib/gone/"
        return _Part((f"no tree of the {kernel.lower()} kernel",), after=(line,))
    lists = (
        f"cd /lib/modules/${kernel} && mv modules.dep modules.dep.kept && mv modules.dep.bin modules.dep.bin.kept; cd /"
    )
    return _Part((f"no modules.dep of the {kernel.lower()} kernel",), after=(lists,))


_SPANS = ("5", "10", "20", "30", "60", "1min", "1min 30s", "infinity", "x", "", "0.5h", "45 s", "90000ms", "2d")


def _logind(draw: random.Random) -> _Part:
    """Drop-ins of logind."""
    told, lines = [], []
    folders = ("/etc/systemd/logind.conf.d", "/usr/lib/systemd/logind.conf.d", "/usr/local/lib/systemd/logind.conf.d")
    names = ("10-a", "50-b", "99-kubelet", "99-z", "unattended-upgrades-logind-maxdelay", "zz", "99-kubelet-more")
    for _ in range(draw.randint(0, 3)):
        path = f"{draw.choice(folders)}/{draw.choice(names)}.conf"
        section = draw.choice(("Login", "Login", "Login", "Logind"))
        span = draw.choice(_SPANS)
        told.append(f"{path}: [{section}] {span}")
        text = f"[{section}]\\nInhibitDelayMaxSec={span}\\n"
        lines.append(f"mkdir -p {path.rpartition('/')[0]}; rm -f {path}; printf '{text}' >{path}")
    if draw.random() < 0.25:
        name = draw.choice(names)
        told.append(f"a mask of {name}.conf")
        lines.append(f"mkdir -p {folders[0]}; ln -sf /dev/null {folders[0]}/{name}.conf")
    if draw.random() < 0.25:
        span = draw.choice(_SPANS)
        told.append(f"logind.conf: {span}")
        lines.append(f"echo 'InhibitDelayMaxSec={span}' >>/etc/systemd/logind.conf")
    return _Part(tuple(told), tuple(lines))


def _kubelet(draw: random.Random) -> tuple[_Part, int]:
    """What the kubelet is told, and for how long it then asks."""
    protects = draw.random() < 0.8
    text = "apiVersion: kubelet.config.k8s.io/v1beta1\\nkind: KubeletConfiguration\\ncgroupDriver: systemd\\n"
    text += f"protectKernelDefaults: {'true' if protects else 'false'}\\n"
    asked, told = 0, "no grace period"
    way = draw.choice(("none", "period", "period", "period", "priorities"))
    if way == "period":
        asked = draw.choice((10, 20, 30, 45, 60, 90, 120))
        critical = draw.choice((0, 5, 10))
        text += f"shutdownGracePeriod: {draw.choice((f'{asked}s', f'{asked // 60}m{asked % 60}s'))}\\n"
        text += f"shutdownGracePeriodCriticalPods: {critical}s\\n"
        told = f"shutdownGracePeriod {asked} s"
    elif way == "priorities":
        seconds = draw.sample((5, 10, 20, 40), 2)
        asked, told = sum(seconds), f"priorities {seconds}"
        pairs = zip((0, 100000), seconds)
        text += "shutdownGracePeriodByPodPriority:\\n"
        text += "".join([f"- priority: {one}\\n  shutdownGracePeriodSeconds: {time}\\n" for one, time in pairs])
    lines = (f"printf '{text}' >/var/lib/kubelet/config.yaml", f"echo {asked} >/etc/kubelet-asks")
    return _Part((f"kubelet: {told}{'' if protects else ', protects nothing'}",), lines), asked


def _systemd(draw: random.Random) -> _Part:
    """Settings of systemd that change no controller of the root."""
    if draw.random() > 0.4:
        return _Part(())
    line = draw.choice(
        ("DefaultControllers=", "DefaultMemoryAccounting=no", "DefaultCPUAccounting=yes", "JoinControllers=cpu,memory")
    )
    delegate = "mkdir -p /etc/systemd/system/kubelet.service.d; printf '[Service]\\nDelegate=cpu pids\\n' >/etc/systemd/system/kubelet.service.d/20-delegate.conf"
    text = f"[Manager]\\n{line}\\n"
    write = f"mkdir -p /etc/systemd/system.conf.d; printf '{text}' >/etc/systemd/system.conf.d/planted.conf"
    return _Part((f"system.conf.d: {line}",), (write, delegate))


def configuration(number: int, seed: int) -> Configuration:
    """One of the configurations of a seed."""
    draw = random.Random(f"{seed}.{number} boots")
    made_anew = draw.random() < 0.3
    kubelet, asked = _kubelet(draw)
    topics = (_sysctls(draw), _trees(draw), _logind(draw), kubelet, _systemd(draw))
    parts = (_default(draw, made_anew), _cmdline(draw, made_anew), *topics)
    lines = [_RESET, *[line for part in parts for line in part.lines], "update-grub 2>&1" if made_anew else ""]
    lines += [line for part in parts for line in part.after]
    told = tuple([text for part in parts for text in part.told])
    return Configuration(f"boot {seed}.{number}", told, "\n".join([*lines, "sync", "exit 0", ""]), asked)


def configurations(number: int, seed: int) -> Iterator[Configuration]:
    """The first ones of a seed."""
    for place in range(number):
        yield configuration(place, seed)
