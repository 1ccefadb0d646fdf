"""Packet filters: real ones in network namespaces of their own, saved ones, and scripts of nft."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import Image, Origin
from nodecheck.checking.store import Facts
from nodecheck.errors import Crashed, Denied, FactError, Unsupported
from nodecheck.facts.security.filter_tables import FilterChain, FilterTable, NftVerdict, parse_saved
from nodecheck.facts.security.netfilter import LegacyTables, NftTables
from nodecheck.facts.security.nft_script import parse_script
from nodecheck.host import LiveHost
from nodecheck.host.base import Question
from nodecheck.host.netlink import dump
from nodecheck.host.netlink.nft import _verdicts
from nodecheck.host.netlink.tables import NFTSOCKET, _filled, _request, asks
from nodecheck.host.netlink.view import _view, message_class
from nodecheck.testing import write_tree
from tests.host.netlink_namespaces import become_nobody, in_namespace
from tests.live_tree import LiveTree

NFT = """
table inet guard {
    map ports { type inet_service : verdict; elements = { 23 : drop } }
    chain in {
        type filter hook input priority 0; policy accept;
        ct state established,related accept
        tcp dport { 22, 6443 } accept
        jump later
    }
    chain later { counter; meta nfproto ipv4 reject with icmp port-unreachable; }
    chain nat { type nat hook postrouting priority 100; policy accept; masquerade; }
}
table ip kube-proxy {
    chain x { drop; }
    chain filter-input { type filter hook input priority 0; ct state new jump x; }
}
"""


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def commands(*lines: str) -> None:
    for line in lines:
        subprocess.run(line.split(" "), check=True, capture_output=True)


def nft(script: str) -> None:
    probe = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"nft does not work here: {probe.stderr.strip()}")
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True)


def read() -> tuple[FilterTable, ...]:
    return Facts(LiveHost()).get(NftTables).tables


def test_the_rules_of_nft() -> None:
    needs("nft")

    def work() -> tuple[FilterTable, ...]:
        nft(NFT)
        return read()

    (table,) = in_namespace(work)

    assert (table.family, table.name, table.owner) == ("inet", "guard", "nftables")
    chains = {chain.name: chain for chain in table.chains}
    accept = NftVerdict("accept", "", True)
    assert chains["in"] == FilterChain("in", "input", "accept", (accept, accept, NftVerdict("jump", "later")))
    assert chains["later"] == FilterChain("later", None, None, (NftVerdict("reject", "", True),))
    assert chains["nat"].hook is None
    assert table.blocks() == "a rule of chain later rejects"


@pytest.mark.parametrize("private", [True, False], ids=["view", "import"])
def test_the_same_by_the_plain_import(private: bool) -> None:
    needs("nft")

    def work() -> Any:
        nft(NFT)
        return [dump(name, private=private) for name in ("nft_chains", "nft_rules inet guard\0in", "nft_rules ip x\0y")]

    chains, rules, none = in_namespace(work)

    assert [(row.table, row.name, row.hook, row.policy) for row in chains][:3] == [
        ("guard", "in", 1, 1),
        ("guard", "later", None, None),
        ("guard", "nat", 4, 1),
    ]
    assert {(row.table, row.chain) for row in rules} == {("guard", "in")}
    assert none == ()


def test_without_a_chain_the_classes_of_nf_tables_are_not_loaded() -> None:
    def work() -> Any:
        _view.cache_clear()
        asks.cache_clear()
        return dump("nft_chains"), [name for name in _view()._loaded if name.endswith("nftsocket")]

    assert in_namespace(work) == ((), [])


def test_the_request_for_chains_is_that_of_its_own_class() -> None:
    whole = _request(_filled(message_class(NFTSOCKET, "nft_chain_msg")), 0xA04)

    assert [ask.request for ask in asks("nft_chains")] == [whole]


def test_a_map_of_verdicts() -> None:
    needs("nft")

    def work() -> tuple[FilterTable, ...]:
        nft("table ip6 a { chain c { type filter hook input priority 0; ct state vmap { invalid : drop }; }; }\n")
        return read()

    (table,) = in_namespace(work)

    assert table.blocks() == "a rule of chain c decides by a map of verdicts"


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def test_a_rule_that_hands_packets_to_a_program() -> None:
    """As the kernel writes `meta l4proto tcp queue num 0`, NFTA_LIST_ELEM, NFTA_EXPR_NAME and NFTA_EXPR_DATA."""
    names = (b"meta", b"cmp", b"queue")
    raw = b"".join([attribute(1, attribute(1, name + b"\0") + attribute(2, b"")) for name in names])

    assert _verdicts(message_class(NFTSOCKET, "nft_rule_msg").nft_expr)(raw) == (NftVerdict("queue", "", True),)


class Asked(LiveTree):
    """A node that runs, and is asked for its tables."""

    def netlink(self, table: str) -> tuple[Any, ...]:
        raise Asking


class Asking(Exception):
    """The kernel is asked, and loads nf_tables for it."""


MODULE, BUILT_IN, NO_LIST = "CONFIG_NF_TABLES=m\n", "CONFIG_NF_TABLES=y\n", "kernel/net/ipv4/ip_tunnel.ko\n"


@pytest.mark.parametrize(
    ("loaded", "builtin", "config", "asks"),
    [
        ("nf_tables 1 0 - Live 0x0\n", NO_LIST, MODULE, True),
        ("", NO_LIST, MODULE, False),
        ("", "kernel/net/netfilter/nf_tables.ko\n", BUILT_IN, True),
        ("", None, MODULE, False),
        ("", None, "CONFIG_NF_TABLES=n\n", False),
        ("", None, BUILT_IN, True),
        ("", None, None, True),
    ],
)
def test_asking_loads_no_module(
    tmp_path: Path, loaded: str, builtin: str | None, config: str | None, asks: bool
) -> None:
    """Where the list of what is built in is not there (a container's root), the kernel's configuration tells."""
    files = {"proc/sys/kernel/osrelease": "6.1.0\n", "proc/modules": f"ext4 1 0 - Live 0x0\n{loaded}"}
    if builtin is not None:
        files["lib/modules/6.1.0/modules.builtin"] = builtin
    if config is not None:
        files["boot/config-6.1.0"] = f"CONFIG_NET=y\n{config}"
    facts = Facts(Asked(write_tree(tmp_path, files)))

    if asks:
        with pytest.raises((Asking, Crashed)):
            facts.get(NftTables)
    else:
        assert facts.get(NftTables).evidence[0].source == "/proc/modules"


@pytest.mark.parametrize("number", [None, errno.EAFNOSUPPORT, errno.EINVAL])
def test_only_the_kernel_tells_that_it_has_no_nf_tables(number: int | None) -> None:
    """By an errno. Without one nobody asked it: there is no pyroute2, or a capture is of another byte order."""
    image = Image(Origin("x", "x", True, False, False, "/", (), ()))
    image.answers[Question("netlink", ("nft_chains",))] = Unsupported("x", "why", errno=number)
    facts = Facts(CaptureHost(image, "a capture"))

    if number == errno.EINVAL:
        assert facts.get(NftTables).tables == ()
    else:
        with pytest.raises(Unsupported):
            facts.get(NftTables)


@pytest.mark.parametrize(
    ("lines", "owner", "blocks"),
    [
        (("-A FORWARD -o eth9 -p tcp --dport 80 -j DROP",), "iptables", None),
        (("-N X", "-A X -j DROP", "-A FORWARD -o eth9 -j X"), "iptables", None),
        (("-N X", "-A X -j DROP", "-A FORWARD -o eth9 -j X", "-A FORWARD -j X"), "iptables", "a rule of chain X drops"),
        (("-A INPUT -i eth9 -j DROP",), "iptables", "a rule of chain INPUT drops"),
        (("-A FORWARD -m comment --comment x -j DROP",), "iptables", "a rule of chain FORWARD drops"),
        (("-N KUBE-FIREWALL", "-A KUBE-FIREWALL -j DROP", "-I INPUT -j KUBE-FIREWALL"), "iptables", None),
        (("-A INPUT -p tcp --dport 22 -j ACCEPT",), "iptables", None),
        (("-A INPUT -j REJECT",), "iptables", "a rule of chain INPUT rejects"),
        (("-P INPUT DROP",), "iptables", "chain INPUT drops what no rule accepts"),
        (("-N MINE", "-A MINE -j DROP", "-A INPUT -g MINE"), "iptables", "a rule of chain MINE drops"),
        (("-N MINE", "-A MINE -j DROP", "-A INPUT -j LOG"), "iptables", None),
        (("-N DOCKER-USER", "-P FORWARD DROP", "-A FORWARD -j DOCKER-USER"), "iptables", None),
        (("-N ufw-user-input", "-P INPUT DROP"), "ufw", "chain INPUT drops what no rule accepts"),
        (("-N INPUT_ZONES", "-A INPUT -j REJECT"), "firewalld", "a rule of chain INPUT rejects"),
    ],
)
@pytest.mark.parametrize("program", ["iptables-nft", "iptables-legacy", "ip6tables-nft"])
def test_iptables(program: str, lines: tuple[str, ...], owner: str, blocks: str | None) -> None:
    needs(program)
    fact: Any = LegacyTables if "legacy" in program else NftTables

    def work() -> tuple[FilterTable, ...]:
        try:
            commands(*(f"{program} {line}" for line in lines))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"{program} does not work here: {error.stderr!r}")
        found: tuple[FilterTable, ...] = Facts(LiveHost()).get(fact).tables
        return found

    (table,) = in_namespace(work)

    assert (table.name, table.owner, table.blocks()) == ("filter", owner, blocks)


def test_an_empty_namespace() -> None:
    def work() -> Any:
        facts = Facts(LiveHost())
        return facts.get(NftTables), facts.get(LegacyTables)

    found, legacy = in_namespace(work)

    assert (found.tables, legacy.tables) == ((), ())
    assert found.evidence
    assert len(legacy.evidence) == 2


def test_without_privileges_it_is_denied() -> None:
    needs("nft")

    def work() -> FactError:
        nft(NFT)
        become_nobody()
        with pytest.raises(FactError) as caught:
            read()
        return caught.value

    assert isinstance(in_namespace(work), Denied)


SAVED = """# Generated by iptables-save v1.4.21
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
[5:100] -A INPUT -p icmp -m comment --comment "say -j DROP" -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
"""
"""As iptables-services of EL7 installs it."""


def test_saved_rules() -> None:
    nat, table = parse_saved(SAVED, "ip", "/etc/sysconfig/iptables")

    assert nat.name == "nat"
    assert table.blocks() == "a rule of chain INPUT rejects"
    assert [rule.kind for rule in table.chains[0].rules] == ["accept", "accept", "reject"]


def test_a_table_that_is_not_committed_is_not_restored() -> None:
    assert parse_saved("*filter\n:INPUT DROP [0:0]\n", "ip", "x") == ()


@pytest.mark.parametrize(
    ("line", "blocks"),
    [
        ("-AINPUT -j DROP", True),
        ("-4 -A INPUT -j DROP", True),
        ("-6 -A INPUT -j DROP", False),
        ("[1:2] -4 -IINPUT -j DROP", True),
        ("-A FORWARD -s 0.0.0.0/0 -j DROP", True),
        ("-A FORWARD -s 192.0.2.1 -j DROP", False),
        ("-A OUTPUT -p all -o eth0 -j DROP", False),
        ("-A OUTPUT -p all -j REJECT", True),
        ("-A FORWARD -f -j DROP", False),
        ("--append INPUT --jump DROP", True),
        ("-P INPUT DROP", True),
    ],
)
def test_commands_of_a_saved_file_as_iptables_restore_takes_them(line: str, blocks: bool) -> None:
    needs("iptables-nft-restore")
    saved = f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{line}\nCOMMIT\n"

    def work() -> tuple[FilterTable, ...]:
        subprocess.run(["iptables-nft-restore"], input=saved, text=True, check=True, capture_output=True)
        return read()

    (loaded,) = in_namespace(work)
    (table,) = parse_saved(saved, "ip", "x")
    assert (loaded.blocks() is not None, table.blocks() is not None) == (blocks, blocks)


RULES = st.lists(
    st.sampled_from(("-A INPUT -j ACCEPT", "-A INPUT -j DROP", "-A X -j DROP", "-A INPUT -j X", "-A INPUT -j KUBE-X")),
    max_size=6,
)


@given(st.sampled_from(("ACCEPT", "DROP")), RULES)
def test_blocking_is_a_policy_or_a_rule_that_is_reached(policy: str, rules: list[str]) -> None:
    text = f"*filter\n:INPUT {policy} [0:0]\n:X - [0:0]\n:KUBE-X - [0:0]\n-A KUBE-X -j DROP\n" + "\n".join(rules)
    (table,) = parse_saved(text + "\nCOMMIT\n", "ip", "x")

    reached = "-A INPUT -j DROP" in rules or ("-A X -j DROP" in rules and "-A INPUT -j X" in rules)
    assert (table.blocks() is not None) == (policy == "DROP" or reached)


BASE = "type filter hook input priority 0"

SCRIPTS = {
    f"flush ruleset\ntable inet f {{\n chain i {{\n  {BASE};\n }}\n}}\n": None,
    f"table inet f {{ chain i {{ {BASE}; policy drop; }}; }}\n": "chain i drops what no rule accepts",
    f"table inet f {{\n chain x {{\n ip saddr {{ 192.0.2.1,\n 192.0.2.2 }} drop\n }}\n"
    f" chain i {{\n {BASE}; policy accept;\n jump x\n }}\n}}\n": "a rule of chain x drops",
    f"add table inet f\nadd chain inet f i {{ {BASE}; policy accept; }}\n"
    "add rule inet f i tcp dport 22 reject\n": "a rule of chain i rejects",
    f"table inet f {{ chain i {{ {BASE}; policy drop; }}; }}\nflush ruleset\n": None,
    f"table inet f {{ chain i {{ {BASE}; policy drop; }}; }}\ndelete table inet f\n": None,
    "table inet f { set s { type ipv4_addr; elements = { 192.0.2.1 }; }\n chain i { # policy drop\n"
    " type nat hook postrouting priority 100; masquerade\n }\n }\n": None,
    f'table inet f {{ chain i {{ {BASE}; log prefix "drop" accept\n }}\n }}\n': None,
    f"table inet f {{ chain i {{ {BASE}; ct state vmap {{ established : accept, invalid : drop }}\n"
    " }\n }\n": "a rule of chain i decides by a map of verdicts",
    "table inet f { set s { type ipv4_addr; flags interval; elements = { 192.0.2.1,\n 192.0.2.8/29 }; }\n"
    f" chain i {{ {BASE}; ip saddr @s accept; goto z; }}\n"
    " chain z { counter drop; }\n }\n": "a rule of chain z drops",
    f"add table inet f\nadd chain inet f i {{ {BASE}; policy accept; }}\n"
    "add rule inet f i ip saddr { 192.0.2.1, 192.0.2.2 } tcp dport { 22 } drop\n": "a rule of chain i drops",
    f"table inet f {{ chain i {{ {BASE}; policy accept; drop; }}; }}\nflush table inet f\n": None,
    f"table inet f {{ chain i {{ {BASE}; policy accept; drop; }}; }}\nflush chain inet f i\n": None,
    f"table inet f {{ chain i {{ {BASE}; policy drop; drop; }}; }}\nflush table inet f\n": (
        "chain i drops what no rule accepts"
    ),
    f'define POLICY = "drop"\ntable inet f {{ chain i {{ {BASE}; policy $POLICY; }}; }}\n': (
        "chain i drops what no rule accepts"
    ),
    f"define x = 22\ntable ip f {{ chain i {{ {BASE}; policy accept; tcp dport $x drop; }}\n"
    " chain o { type filter hook output priority 0; }; }\n": "a rule of chain i drops",
}


@pytest.mark.parametrize(("script", "blocks"), SCRIPTS.items())
def test_a_script(script: str, blocks: str | None) -> None:
    tables = parse_script(script, "/etc/nftables.conf").tables

    assert next((why for table in tables if (why := table.blocks())), None) == blocks


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_the_kernel_then_does(script: str, tmp_path: Path) -> None:
    needs("nft")

    def work() -> tuple[FilterTable, ...]:
        nft(script)
        return read()

    loaded = in_namespace(work)

    by_text = [table.blocks() for table in parse_script(script, "x").tables if any(c.hook for c in table.chains)]
    assert [table.blocks() for table in loaded] == by_text


def test_the_chains_below_a_set_are_of_its_table() -> None:
    script = "table inet f {\n set s {\n type ipv4_addr\n elements = { 192.0.2.1 }\n }\n chain i {\n }\n}\n"

    (table,) = parse_script(script, "x").tables

    assert (table.name, [chain.name for chain in table.chains]) == ("f", ["i"])


@given(st.text(alphabet='{}; \n"#\\abcdrop,:table chain', max_size=200))
def test_no_script_crashes(script: str) -> None:
    parse_script(script, "x")
