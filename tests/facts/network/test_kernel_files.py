"""Links, routes and addresses by procfs and sysfs give the verdicts that netlink gives, in namespaces of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from nodecheck.errors import ParseError
from nodecheck.facts.network.kernel_files import local_addresses, parse_if_inet6, parse_ipv6_route, parse_route

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def test_a_route_without_an_interface_throws_packets_away() -> None:
    (blackhole,) = parse_route(HEADER + "*\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n", {}, "little")
    (refused,) = parse_route(HEADER + "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n", {}, "little")
    assert (blackhole.type, blackhole.interface, refused.type) == (6, None, 7)


def test_the_byte_order_is_the_nodes() -> None:
    line = "eth0\t0000FEA9\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    (little,) = parse_route(HEADER + line, {"eth0": 2}, "little")
    (big,) = parse_route(HEADER + line.replace("0000FEA9", "A9FE0000"), {"eth0": 2}, "big")
    assert (little.destination, little.prefix_length) == (big.destination, big.prefix_length) == ("169.254.0.0", 16)


def test_the_kernels_own_routes_of_ipv6_are_left_out() -> None:
    none = "0" * 32
    own = f"{none} 00 {none} 00 {none} ffffffff 00000001 00000000 00200200       lo\n"
    local = f"{'0' * 31}1 80 {none} 00 {none} 00000000 00000003 00000000 80200001       lo\n"
    real = f"{none} 00 {none} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
    (row,) = parse_ipv6_route(own + local + real, {"eth0": 2, "lo": 1})
    assert (row.gateway, row.interface, row.priority) == ("fd00::1", 2, 1024)


@pytest.mark.parametrize("text", ["eth0\tzz\n", "eth0\n", "eth0 1 2 3 4 5 6 x\n"])
def test_what_is_no_route_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(ParseError, match="line 2: expected a route"):
        parse_route(HEADER + text, {}, "little")
    with pytest.raises(ParseError, match="line 1: expected a route"):
        parse_ipv6_route(text, {})
    with pytest.raises(ParseError, match="line 1: expected an address"):
        parse_if_inet6(text)


def test_a_broadcast_address_is_not_the_nodes_own() -> None:
    trie = "  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- 10.0.0.255\n     /32 link BROADCAST\n"
    assert local_addresses(trie) == ("127.0.0.1",)


ADDRESS = "ip addr add 10.9.0.2/24 dev d0; ip addr add fd00:9::2/64 dev d0 nodad"
LINK = "ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up"
BOTH = f"{LINK}; {ADDRESS}"
VETH = "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 10.8.0.2/24 dev v0"
GOOD = "ip route add default via 10.9.0.1"
SCENARIOS = {
    "nothing": "true",
    "two families": f"{BOTH}; {GOOD}",
    "by a veth": f"{VETH}; ip route add default via 10.8.0.1",
    "no carrier": f"{VETH}; ip route add default via 10.8.0.1; ip link set v1 down",
    "link down": f"{VETH}; ip route add default via 10.8.0.1; ip link set v0 down",
    "blackhole": f"{BOTH}; ip route add blackhole default",
    "unreachable, and a good one": f"{BOTH}; ip route add unreachable default metric 4000; {GOOD}",
    "another table": f"{BOTH}; ip route add default via 10.9.0.1 table 100",
    "IPv6 alone": f"{BOTH}; ip -6 route add default via fd00:9::1",
    "two hops": f"{VETH}; {BOTH}; ip route add default nexthop via 10.8.0.1 nexthop via 10.9.0.1",
    "nexthop object": f"{VETH}; ip nexthop add id 5 via 10.8.0.1 dev v0; ip route add default nhid 5",
    "VLAN on a bridge": f"{VETH}; ip link add br0 type bridge; ip link set v0 master br0; ip link set br0 up; "
    "ip link add link br0 name br0.7 type vlan id 7; ip link set br0.7 up; ip addr add 10.7.0.2/24 dev br0.7; "
    "ip route add default via 10.7.0.1",
    "small MTU": f"{VETH}; ip link set v0 mtu 1000; ip route add default via 10.8.0.1",
    "link-local": f"{LINK}; ip addr add 169.254.1.2/16 dev d0; ip route add default dev d0",
}  # fmt: skip

LESS = ("two hops", "link-local")
"""What the files do not tell: the second hop of a route, and that an address of 169.254.0.0/16 has a wide scope."""

COMPARE = """
import json
from nodecheck.errors import Unsupported
from nodecheck.host.live import LiveHost
from nodecheck.testing import run

class Refused(LiveHost):
    def netlink(self, table):
        raise Unsupported(f"netlink {table}")

select = ["default-route", "interface", "port", "hosts"]
told = [{item.id: (str(item.status), str(item.severity)) for item in run(host, select=select).results}
        for host in (LiveHost(), Refused())]
print(json.dumps(told))
"""


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="makes namespaces")
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_verdicts_are_those_by_netlink(name: str) -> None:
    inside = (
        f'mount -t sysfs none /sys && ip link set lo up && {{ {SCENARIOS[name]}; }} && exec {sys.executable} -c "$0"'
    )
    argv = ["unshare", "-n", "-m", "sh", "-c", inside, COMPARE]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no such network here: {done.stderr[-200:]}")
    by_netlink, by_files = json.loads(done.stdout)
    assert by_netlink
    if name in LESS:
        assert [key for key, told in by_files.items() if told != by_netlink[key] and told[0] == "pass"] == []
    else:
        assert by_files == by_netlink
