"""Make a base out of a whole Debian root: ``python -m tests.healthy.collect ROOT NAME [BELOW]``.

Kept are the places in which packages and administrators say what acts at boot, whole; of programs their names, modes
and first bytes; of the package list, the kernel's configuration and its module lists the lines that matter. Where a
base is named that lies ``BELOW``, only what that one does not have. docs/healthy.md says how a root is made.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.healthy.trees import ELF, HERE, Kept, base, write_base

WHOLE = (
    "etc", "boot/grub/grub.cfg", "boot/grub/grubenv",
    *(f"usr/lib/{name}" for name in (
        "systemd", "sysctl.d", "modules-load.d", "modprobe.d", "tmpfiles.d", "udev/rules.d", "init", "console-setup",
        "cloud-init", "netplan", "NetworkManager", "ifupdown", "networkd-dispatcher", "kernel",
    )),
)  # fmt: skip
PROGRAMS = ("usr/bin", "usr/sbin", "usr/lib/cni", "usr/lib/snapd", "usr/libexec")
LEFT_OUT = re.compile(
    "etc/(ssl|ca-certificates|alternatives/.*(man|[.]gz)|terminfo|vim|emacs|bash_completion.d|X11|xdg|skel|perl|python3"
    "|pam.d|security|apt|apparmor.d|ssh/moduli|ssh/ssh_host_|machine-id|[.]pwd.lock|services|protocols|rpc|ethertypes|mime.types|ld.so.cache|shadow|gshadow"
    "|passwd-|group-|subuid-|subgid-|shadow-|gshadow-|resolv.conf|debconf.conf|grub.d|dpkg|kernel|initramfs-tools"
    "|locale|logrotate|gai.conf|console-setup/(cached|compose)|login.defs|sudo_logsrvd.conf|sudo.conf|sv/|nanorc"
    "|cloud/templates|selinux/semanage|iproute2|e2scrub|ucf|deluser|adduser|manpath|xattr|bash.bashrc|hostname)"
    "|usr/lib/systemd/(catalog|user|boot|portable|ntp-units|profile)|.*[.](so[.0-9]*|gz|mo)$|.*/__pycache__"
)
MODULES = (
    "br_netfilter", "bridge", "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack", "overlay", "ip_tables",
    "ip6_tables", "iptable_nat", "nf_tables", "vxlan", "zram", "nf_nat", "xt_conntrack", "veth", "loop", "ext4",
    "x_tables", "xt_REDIRECT", "xt_addrtype", "xt_comment", "xt_mark", "xt_multiport", "xt_recent", "xt_statistic",
    "nft_ct", "nft_masq", "nft_nat", "nft_fib_ipv4", "nft_fib_ipv6",
)  # fmt: skip
CONFIG = re.compile(
    "(# )?CONFIG_(CGROUP|BRIDGE_NETFILTER|IP_VS|NF_CONNTRACK|NETFILTER|OVERLAY|SWAP|ZRAM|IPV6|SECURITY|LSM"
    "|NAMESPACES|[A-Z]+_NS|CPUSETS|MEMCG|FAIR_GROUP_SCHED|CFS_BANDWIDTH|SECCOMP|BLK_CGROUP|NF_NAT|NF_TABLES|NFT_|VETH)"
    "[A-Z0-9_]*(=[ym]| is not set)"
    "|(# )?CONFIG_(BRIDGE|EXT4_FS|HUGETLBFS|INET|KEYS|NET|POSIX_MQUEUE|PROC_FS|PSI)(=[ym]| is not set)"
)
FIELDS = ("Package:", "Status:", "Architecture:", "Version:")
LARGEST = 1 << 16
STEPS = {
    "etc/containerd/config.toml": "step: containerd config default, and SystemdCgroup = true in it",
    "boot/grub/grub.cfg": "made by grub-mkconfig, for one disk with one ext4 file system",
    "boot/grub/grubenv": "made by grub-editenv",
}
"""What was made after the packages were installed."""


def collected(root: Path) -> Iterator[Kept]:
    """The entries of a root, in the order of their paths."""
    owners = _owners(root)
    for path in sorted(set(_paths(root))):
        kept = _kept(root, path)
        if kept is not None:
            yield kept._replace(origin=STEPS.get(path) or owners.get(path) or "made when the packages were installed")


def _paths(root: Path) -> Iterator[str]:
    for top in ("bin", "sbin", "lib", "lib64", "vmlinuz", "initrd.img"):
        if (root / top).is_symlink():
            yield top
    for place in (*WHOLE, *PROGRAMS):
        if (root / place).is_file():
            yield place
        for folder, folders, files in os.walk(root / place):
            for name in (*files, *(one for one in folders if (Path(folder) / one).is_symlink())):
                path = os.path.relpath(os.path.join(folder, name), root)
                if not LEFT_OUT.match(path):
                    yield path
    for pattern in ("boot/*", "usr/lib/modules/*/modules.*", "var/lib/dpkg/status", "usr/lib/os-release"):
        yield from (str(path.relative_to(root)) for path in root.glob(pattern) if not path.is_dir())


def _kept(root: Path, path: str) -> Kept | None:
    place = root / path
    if place.is_symlink():
        return Kept(path, "", target=os.readlink(place))
    if not place.is_file():
        return None
    mode = stat.S_IMODE(place.stat().st_mode)
    if path.startswith(("boot/vmlinuz", "boot/initrd", "boot/System.map")):
        return Kept(path, "", mode, None, b"", "program")
    if "/modules." in path and place.name not in ("modules.builtin", "modules.softdep", "modules.dep"):
        return None
    text = place.read_bytes()
    cut = _cut(path, text)
    if cut is not None:
        return Kept(path, "", mode, None, cut, "cut")
    if b"\0" in text or len(text) > LARGEST or path.startswith(PROGRAMS):
        return Kept(path, "", mode, None, _head(text), "program")
    return Kept(path, "", mode, None, text)


def _head(text: bytes) -> bytes:
    return text.partition(b"\n")[0] + b"\n" if text.startswith(b"#!") else ELF


def _cut(path: str, text: bytes) -> bytes | None:
    """The lines to keep of a file that is too long to be kept whole; None for any other."""
    if path.endswith("modules.dep"):
        return _closure(text.decode().split("\n"))
    if path == "etc/cloud/cloud.cfg":  # its mirrors
        return _lines(line for line in text.decode().split("\n")[:-1] if "://" not in line)
    if path.startswith("boot/config-"):
        return _lines(line for line in text.decode().split("\n") if CONFIG.match(line))
    if path == "var/lib/dpkg/status":
        return _lines(line for line in text.decode().split("\n") if not line or line.startswith(FIELDS))
    return None


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _closure(lines: Iterable[str]) -> bytes:
    """The lines of modules.dep for the modules that matter and for those that they need."""
    needs = {name: rest for name, _, rest in (line.partition(":") for line in lines if line)}
    wanted = [name for name in needs if re.sub("[.]ko.*", "", name.rpartition("/")[2]).replace("-", "_") in MODULES]
    for name in wanted:
        wanted += [one for one in needs[name].split() if one not in wanted]
    return _lines(f"{name}:{needs[name]}" for name in needs if name in wanted)


def _owners(root: Path) -> dict[str, str]:
    """Path to package and version, of dpkg's lists."""
    found: dict[str, str] = {}
    versions = _versions((root / "var/lib/dpkg/status").read_text())
    for file in sorted((root / "var/lib/dpkg/info").glob("*.list")):
        name = file.stem.partition(":")[0]
        for line in file.read_text().split("\n"):
            path = re.sub("^/(bin|sbin|lib|lib64)/", r"/usr/\1/", line).lstrip("/")
            found[path] = f"{name} {versions.get(name, '')}".rstrip()
    return found


def _versions(status: str) -> dict[str, str]:
    blocks = [dict(re.findall("^(Package|Version): (.*)$", block, re.M)) for block in status.split("\n\n")]
    return {block["Package"]: block["Version"] for block in blocks if "Version" in block}


def _main(root: str, name: str, below: str = "") -> None:
    there = {entry.path for entry in base(below)} if below else set[str]()
    manifest, texts = write_base(tuple([entry for entry in collected(Path(root)) if entry.path not in there]))
    (HERE / f"{name}.manifest").write_text(manifest)
    (HERE / f"{name}.texts").write_bytes(texts)


if __name__ == "__main__":
    _main(*sys.argv[1:])
