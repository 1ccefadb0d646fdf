"""The configuration that a kernel was built with, from where distributions keep it."""

from __future__ import annotations

from functools import lru_cache

from nodecheck.errors import Absent, Malformed, Offline, ParseError, TooLarge
from nodecheck.facts.boot.next_boot import KernelRelease, RunningKernel
from nodecheck.facts.kernel.trees import BootTree
from nodecheck.host import MIB, Host
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Each, File, Sources
from nodecheck.record import NamedTuple

CONFIG_GZ = "/proc/config.gz"

FILES = (
    "/boot/config-{}",
    "/usr/lib/modules/{}/config",
    "/lib/modules/{}/config",
    "/usr/lib/ostree-boot/config-{}",
    "/usr/lib/kernel/config-{}",
    "/lib/modules/{}/build/.config",
    "/usr/src/linux-headers-{}/.config",
    "/usr/src/linux-{}/.config",
)
"""Where a release's configuration lies."""

SOURCES = "/usr/src/linux/.config"
"""Of the sources that were last unpacked: it counts where its head and its suffix are those of the release."""

_LIMIT = 8 * MIB
_BLOCK = 1 << 13


class KernelConfig(NamedTuple):
    """A kernel's configuration; ``source`` is None where none is to be had."""

    source: str | None = None
    text: str = ""
    before: tuple[int, ...] = (0,)
    """The number of lines before each :data:`_BLOCK` of the text: a run asks for the lines of a hundred options."""

    def _line(self, at: int) -> int:
        block = max(0, min(at // _BLOCK, len(self.before) - 1))
        return self.before[block] + self.text.count("\n", block * _BLOCK, at)

    def find(self, option: str) -> tuple[str, int | None]:
        """``y``, ``m``, ``n`` or another value of ``CONFIG_<option>``, and its 1-based line.

        An option that is not mentioned is ``n``: Kconfig leaves out what depends on something that is off. Raises
        ParseError where the text ends in the middle of a line, so that more may be missing.

        >>> KernelConfig("x", "\\nCONFIG_IP_VS=m\\n# CONFIG_VETH is not set\\n").find("IP_VS")
        ('m', 1)
        """
        name, unset = f"CONFIG_{option}", None  # one pass: such a text has a quarter of a megabyte
        at = self.text.find(name)
        while at >= 0:
            end = at + len(name)
            if self.text.startswith("=", end) and self.text.startswith("\n", at - 1):
                stop = self.text.find("\n", end)
                value = self.text[end + 1 :] if stop < 0 else self.text[end + 1 : stop]
                return value, self._line(at)
            if unset is None and self.text.startswith(" is not set", end) and self.text.startswith("\n# ", at - 3):
                unset = at
            at = self.text.find(name, end)
        if unset is not None:
            return "n", self._line(unset)
        if not self.text.endswith("\n"):
            raise ParseError(self.source or "", None, self.text.rpartition("\n")[2], "a whole last line")
        return "n", None


class RunningConfig(NamedTuple):
    """The running kernel's configuration."""

    config: KernelConfig

    @classmethod
    def reads(cls) -> Sources:
        return (File(CONFIG_GZ), File(SOURCES), Each(RunningKernel, "release", tuple(map(File, FILES))))

    @classmethod
    def read(cls, host: Host, kernel: Lazy[RunningKernel]) -> RunningConfig:
        """``/proc/config.gz``, else the file of the running release. Raises what the host raises."""
        try:
            return cls(parse_config(_unpacked(host.read(CONFIG_GZ, 2 * MIB)), CONFIG_GZ))
        except (Absent, Offline):
            pass
        try:
            release = kernel().release
        except (Absent, Offline):
            return cls(KernelConfig())
        return cls(_of_release(host, release) or KernelConfig())


class BootConfig(NamedTuple):
    """The configuration of the kernel that the next boot starts."""

    config: KernelConfig

    @classmethod
    def reads(cls) -> Sources:
        return (File(SOURCES), Each(BootTree, "tree.release", tuple(map(File, FILES))))

    @classmethod
    def read(cls, host: Host, tree: BootTree, kernel: KernelRelease, running: Lazy[RunningConfig]) -> BootConfig:
        """The file of that release, else ``/proc/config.gz`` where it is the running one, or where none is told."""
        release = tree.tree.release
        found = _of_release(host, release) if release else None
        if found is None and release == kernel.running:
            found = running().config
        return cls(found or KernelConfig())


def _of_release(host: Host, release: str) -> KernelConfig | None:
    if not release or "/" in release or release in (".", ".."):
        return None
    for form in FILES:
        path = form.format(release)
        try:
            return parse_config(text(host, path, _LIMIT), path)
        except Absent:
            continue
    return _of_sources(host, release)


def _of_sources(host: Host, release: str) -> KernelConfig | None:
    """The configuration of the sources that lie there, where they are those of the release."""
    try:
        told = text(host, SOURCES, _LIMIT)
    except (Absent, Offline):
        return None
    return parse_config(told, SOURCES) if is_config_of(told, release) else None


def is_config_of(told: str, release: str) -> bool:
    r"""Whether a configuration is that of a release, by the version in its head and its suffix.

    >>> head = "#\n# Linux/x86 6.6.52 Kernel Configuration\n#\nCONFIG_LOCALVERSION=\"-gentoo\"\n"
    >>> is_config_of(head, "6.6.52-gentoo"), is_config_of(head, "6.6.5-gentoo"), is_config_of(head, "6.6.52-gentoo-old")
    (True, False, False)
    """
    for line in told.split("\n", 6)[:6]:
        words = line.split(" ")
        if words[:1] == ["#"] and words[-2:] == ["Kernel", "Configuration"] and len(words) > 3:
            suffix = KernelConfig("", f"\n{told}\n").find("LOCALVERSION")[0].strip('"')
            return release == words[-3] + ("" if suffix == "n" else suffix)
    return False


def parse_config(source: str, path: str) -> KernelConfig:
    """Take the text of a configuration. Raises ParseError for one that sets no option at all."""
    text, before = "\n" + source, [0]
    if "\nCONFIG_" not in text:
        raise ParseError(path, 1, source.partition("\n")[0], "a kernel configuration")
    for start in range(0, len(text) - _BLOCK, _BLOCK):
        before.append(before[-1] + text.count("\n", start, start + _BLOCK))
    return KernelConfig(path, text, tuple(before))


def _unpacked(raw: bytes) -> str:
    """The text in a gzip file, bounded: a few bytes may unpack to gigabytes."""
    import zlib

    unpacker = zlib.decompressobj(wbits=31)
    try:
        told = unpacker.decompress(raw, _LIMIT + 1)
    except zlib.error as error:
        raise Malformed(CONFIG_GZ, f"is not a gzip file: {error}") from error
    if len(told) > _LIMIT:
        raise TooLarge(CONFIG_GZ, f"unpacks to more than {_LIMIT} bytes")
    if not unpacker.eof:
        raise Malformed(CONFIG_GZ, "ends in the middle of its gzip stream")
    return told.decode("utf-8", "surrogateescape")


_OPTIONS = {
    "br_netfilter": "BRIDGE_NETFILTER",
    "overlay": "OVERLAY_FS",
    "ip_tables": "IP_NF_IPTABLES",
    "iptable_filter": "IP_NF_FILTER",
    "iptable_nat": "IP_NF_NAT",
    "iptable_mangle": "IP_NF_MANGLE",
    "ip6_tables": "IP6_NF_IPTABLES",
    "ip6table_filter": "IP6_NF_FILTER",
    "nft_compat": "NFT_COMPAT",
    "x_tables": "NETFILTER_XTABLES",
    "xt_conntrack": "NETFILTER_XT_MATCH_CONNTRACK",
    "xt_comment": "NETFILTER_XT_MATCH_COMMENT",
    "xt_mark": "NETFILTER_XT_MARK",
    "xt_set": "NETFILTER_XT_SET",
    "8021q": "VLAN_8021Q",
    "ipip": "NET_IPIP",
    "fuse": "FUSE_FS",
    "rbd": "BLK_DEV_RBD",
    "nbd": "BLK_DEV_NBD",
    "iscsi_tcp": "ISCSI_TCP",
    "dm_multipath": "DM_MULTIPATH",
    "ext4": "EXT4_FS",
}
"""Module to kernel option where the option's name is not the module's in capitals (Kbuild files of the kernel)."""

_SAME = frozenset(
    {
        "bridge", "ip_set", "nf_conntrack", "nf_conntrack_ipv4", "nf_conntrack_ipv6", "nf_nat", "nf_tables", "tun",
        "veth", "vxlan", "geneve", "wireguard", "dummy", "bonding", "stp", "llc", "macvlan", "ipvlan", "ip_gre",
    }
)  # fmt: skip


def option_of(module: str) -> str | None:
    """The kernel option that builds a module; None where it is not known here.

    >>> option_of("br_netfilter"), option_of("ip_vs_wrr"), option_of("strange")
    ('BRIDGE_NETFILTER', 'IP_VS_WRR', None)
    """
    if module in _SAME or module == "ip_vs" or module.startswith("ip_vs_"):
        return {"ip_gre": "NET_IPGRE"}.get(module, module.upper())
    return _OPTIONS.get(module)


def module_of(option: str) -> str | None:
    """The module that an option builds; None where it builds none, or that is not known here.

    >>> module_of("NETFILTER_XT_TARGET_REDIRECT"), module_of("NETFILTER_XT_MATCH_COMMENT"), module_of("EXT4_FS")
    ('xt_REDIRECT', 'xt_comment', 'ext4')
    >>> module_of("IP_VS_RR"), module_of("BRIDGE_NETFILTER"), module_of("CGROUP_BPF")
    ('ip_vs_rr', 'br_netfilter', None)
    """
    for start, lower in (("NETFILTER_XT_MATCH_", True), ("NETFILTER_XT_TARGET_", False)):
        if option.startswith(start):
            name = option[len(start) :]
            return f"xt_{name.lower() if lower else name}"
    named = next((module for module, known in _OPTIONS.items() if known == option), None)
    same = option.lower()
    return named or (same if same in _SAME or same.startswith(("ip_vs", "nft_")) else None)


@lru_cache(maxsize=256)  # both views ask for the same hundred, mostly of one kernel
def shown(config: KernelConfig, option: str) -> tuple[str, Evidence]:
    """The value of an option (``y``, ``m``, ``n``), and the line that says it."""
    value, line = config.find(option)
    source = config.source or ""
    if line is None:
        return "n", seen(source, locator=f"CONFIG_{option}")
    text = f"# CONFIG_{option} is not set" if value == "n" else f"CONFIG_{option}={value}"
    return value if value in ("y", "m") else "n", seen(source, text, line=line)


class Built(NamedTuple):
    """How a kernel has a module."""

    value: str
    """``y`` built in, ``m`` as a module, ``n`` not at all."""
    evidence: Evidence


def built_as(config: KernelConfig, module: str) -> Built | None:
    """How a kernel has a module; None where there is no configuration, or the module's option is not known.

    Before 3.18 BRIDGE_NETFILTER was no module of its own but a part of ``bridge``, and ``=y`` where that is a module
    (net/bridge/Makefile): ``m`` then.
    """
    option = option_of(module)
    if config.source is None or option is None:
        return None
    value, told = shown(config, option)
    if option == "BRIDGE_NETFILTER" and value == "y" and config.find("BRIDGE")[0] == "m":
        value = "m"
    return Built(value, told)
