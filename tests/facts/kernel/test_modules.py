"""``/proc/modules``, module trees and kernel configurations."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import Malformed, ParseError, TooLarge
from nodecheck.facts.kernel import config as kernel_config
from nodecheck.facts.kernel.config import KernelConfig, built_as, parse_config
from nodecheck.facts.kernel.modules import Listed, parse_modules
from nodecheck.facts.kernel.trees import ModuleTree, has_ipv4_conntrack, is_before, read_tree
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

NAMES = st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True)


@given(st.dictionaries(NAMES, st.sampled_from(["Live", "Loading", "Unloading"]), max_size=8))
def test_reads_back_what_the_kernel_writes(states: dict[str, str]) -> None:
    lines = [f"{name} 4096 1 {users} {state} 0x0" for (name, state), users in zip(states.items(), USERS * 8)]
    found = parse_modules("".join(line + "\n" for line in lines))
    assert {name: listed.state for name, listed in found.listed.items()} == states
    assert found.damaged is None


USERS = ["-", "[permanent],", "a,b,", "a,[permanent],"]


def test_a_damaged_line_hides_what_is_not_found() -> None:
    found = parse_modules("ip_vs 1 0 - Live 0x0\nbr_netfil")
    assert found.find("ip_vs") == Listed("Live", 1)
    with pytest.raises(ParseError, match="br_netfil"):
        found.find("br_netfilter")


DEP = """\
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/bridge/br-netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz kernel/net/802/stp.ko.xz
extra/my_ip_vs.ko: kernel/net/ip_vs.ko
kernel/net/netfilter/ipvs/ip_vs_rr.ko.zst: kernel/net/netfilter/ipvs/ip_vs.ko.zst
kernel/net/netfilter/ipvs/ip_vs.ko.zst:
weak-updates/foo.ko.gz:
top.ko:"""


def test_modules_dep_is_asked_for_whole_names(tree: Tree) -> None:
    host = RootHost(
        str(tree({"lib/modules/5.4.0/modules.dep": DEP, "lib/modules/5.4.0/modules.builtin": "kernel/a-b.ko"}))
    )
    found = read_tree(host, "5.4.0")
    netfilter = found.loadable("br_netfilter")
    assert netfilter is not None
    assert (netfilter.path, netfilter.needs, netfilter.line) == (
        "kernel/net/bridge/br-netfilter.ko.xz", ("bridge", "stp"), 2,
    )  # fmt: skip
    ip_vs = found.loadable("ip_vs")
    assert ip_vs is not None
    assert ip_vs.line == 5
    assert [name for name in ("foo", "top", "vs", "netfilter", "ip_vs_r", "stp") if found.loadable(name)] == [
        "foo",
        "top",
    ]
    assert found.has_built_in("a_b")
    assert not found.has_built_in("b")


def test_a_hostile_list_is_searched_in_linear_time(tree: Tree) -> None:
    host = RootHost(str(tree({"lib/modules/5.4.0/modules.dep": "x" * 5000 + "/ip_vs.ko" * 400_000})))
    assert read_tree(host, "5.4.0").loadable("ip_vs") is None


def test_noise_is_no_list(tree: Tree) -> None:
    host = RootHost(str(tree({"lib/modules/5.4.0/modules.dep": b"\xff\x00\x80" * 99})))
    with pytest.raises(ParseError, match="list of module files"):
        read_tree(host, "5.4.0")


@pytest.mark.parametrize("release", ["../../etc", "", ".", "..", "5.4.0/../x"])
def test_a_release_names_no_other_place(tree: Tree, release: str) -> None:
    host = RootHost(str(tree({"etc/modules.dep": "kernel/ip_vs.ko:\n", "lib/modules/x": "", "modules.dep": "a.ko:\n"})))
    assert read_tree(host, release).path is None


@pytest.mark.parametrize(
    ("release", "apart"),
    [
        ("3.10.0-1160.el7.x86_64", True),
        ("4.15.0-20-generic", True),
        ("4.18.0-553.el8_10.x86_64", False),
        ("4.19.0-26-amd64", False),
        ("6.1.0", False),
        ("0.0.0", False),
        ("noise", False),
        (None, False),
    ],
)
def test_conntrack_by_release(release: str | None, apart: bool) -> None:
    assert has_ipv4_conntrack(ModuleTree(release)) is apart


def test_conntrack_by_the_tree_first(tree: Tree) -> None:
    host = RootHost(str(tree({"lib/modules/4.18.0/modules.dep": "kernel/nf_conntrack.ko:\n"})))
    assert is_before("4.18.0", 4, 19)
    assert not has_ipv4_conntrack(read_tree(host, "4.18.0"))


CONFIG = "CONFIG_BRIDGE=m\nCONFIG_BRIDGE_NETFILTER=y\nCONFIG_IP_VS=y\n# CONFIG_IP_VS_RR is not set\n"


def test_how_a_module_is_built() -> None:
    config = parse_config(CONFIG, "/boot/config-5")
    found = [built_as(config, name) for name in ("ip_vs", "ip_vs_rr", "nf_conntrack")]
    assert [built.value for built in found if built] == ["y", "n", "n"]
    assert built_as(config, "strange") is None
    assert built_as(KernelConfig(), "ip_vs") is None


def test_bridge_netfilter_was_a_part_of_bridge() -> None:
    config = parse_config(CONFIG, "/boot/config-3.10")
    bridge = built_as(config, "br_netfilter")
    assert bridge is not None
    assert bridge.value == "m"
    inside = built_as(parse_config(CONFIG.replace("=m", "=y"), "x"), "br_netfilter")
    assert inside is not None
    assert inside.value == "y"


def test_a_cut_configuration_does_not_tell_what_is_missing() -> None:
    with pytest.raises(ParseError, match="whole last line"):
        parse_config(CONFIG + "CONFIG_NF_CO", "x").find("NF_CONNTRACK")


def test_config_gz_is_bounded() -> None:
    with pytest.raises(TooLarge):
        kernel_config._unpacked(gzip.compress(b"\0" * (64 << 20)))
    with pytest.raises(Malformed):
        kernel_config._unpacked(gzip.compress(CONFIG.encode())[:-9])
    with pytest.raises(Malformed):
        kernel_config._unpacked(b"noise")
