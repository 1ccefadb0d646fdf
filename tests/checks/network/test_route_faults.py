"""Kinds of faults of routes and of a second link: the given cases in a real kernel, other forms and look-alikes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome, Severity
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.network.links import Addresses, LinkRow, Links
from nodecheck.facts.network.routes import HopRow, RouteRow, Routes
from nodecheck.host.netlink import AddressRow
from nodecheck_checks.network.links import default_route, interface
from tests.host.netlink_namespaces import in_namespace

UP = 0x10001
ETH0 = LinkRow(4, UP, "eth0", 1500, "UP", None, None, None, None)
ETH1 = LinkRow(5, UP, "eth1", 1500, "UP", None, None, None, None)
LO = LinkRow(1, UP | 8, "lo", 65536, "UNKNOWN", None, None, None, None)
LINKS = Links((LO, ETH0, ETH1))
FOUR = RouteRow(2, 0, 254, 3, 1, 0, None, 4, "192.0.2.1", 100, None, None)
SIX = RouteRow(10, 0, 254, 3, 1, 0, None, 4, "2001:db8::1", 1024, None, None)
REJECT = FOUR._replace(type=7, interface=None, gateway=None)
REJECT_SIX = SIX._replace(type=7, interface=1, gateway=None)

DEAD = FOUR._replace(interface=None, hops=(HopRow(1, 4, None),))
HOPS = (HopRow(0, 4, "2001:db8::1"), HopRow(0, 5, None))


def routed(*rows: RouteRow, node_ip: str | None = None) -> tuple[str, str]:
    setting = None if node_ip is None else KubeletSetting(node_ip, "/etc/default/kubelet", 1, f"--node-ip={node_ip}")
    (found,) = default_route(Routes(rows), LINKS, Lazy(lambda: KubeletConfig(node_ip=setting)))
    return str(found.status), str(found.severity or Severity.ERROR)


@pytest.mark.parametrize(
    ("rows", "node_ip", "wanted"),
    [
        # kubeadm#3102: IPv6 alone, and IPv4 made unreachable
        ((SIX, REJECT), None, ("fail", "error")),
        ((SIX, REJECT._replace(type=6)), None, ("fail", "error")),
        ((SIX, REJECT), "2001:db8:1::7", ("fail", "warning")),
        ((FOUR, REJECT._replace(priority=50)), None, ("fail", "error")),
        ((FOUR, REJECT._replace(priority=None)), "192.0.2.7", ("fail", "error")),
        ((DEAD, REJECT._replace(priority=200), SIX), None, ("fail", "error")),
        ((SIX, REJECT_SIX._replace(priority=512)), None, ("fail", "error")),
        # IPv6 without a gateway: point to point links, tunnels
        ((SIX._replace(gateway=None),), None, ("fail", "error")),
        ((SIX._replace(gateway=None),), "2001:db8:1::7", ("fail", "warning")),
        # Look-alikes
        ((FOUR, REJECT._replace(priority=4278198272)), None, ("pass", "error")),
        ((SIX, REJECT._replace(table=7)), None, ("pass", "error")),
        ((SIX, REJECT_SIX._replace(priority=4294967295)), None, ("pass", "error")),
        ((FOUR, SIX, REJECT_SIX._replace(priority=1)), None, ("pass", "error")),
        ((FOUR._replace(gateway=None),), None, ("pass", "error")),
        ((SIX, SIX._replace(gateway=None, priority=1)), None, ("pass", "error")),
        ((SIX._replace(interface=None, gateway=None, hops=HOPS),), None, ("pass", "error")),
    ],
)  # fmt: skip
def test_routes_that_kubernetes_or_the_kernel_stops_at(
    rows: tuple[RouteRow, ...], node_ip: str | None, wanted: tuple[str, str]
) -> None:
    assert routed(*rows, node_ip=node_ip) == wanted


def takes_an_address() -> bool:
    """Whether kubeadm finds the node's address, by what the kernel tells it (``ChooseHostInterface``)."""
    four = [line.split() for line in Path("/proc/thread-self/net/route").read_text().split("\n")[1:] if line]
    six = [line.split() for line in Path("/proc/thread-self/net/ipv6_route").read_text().split("\n") if line]
    names = [(4, row[0]) for row in four if int(row[1], 16) == 0]
    names += [(6, row[9]) for row in six if int(row[0], 16) == 0 and int(row[4], 16) != 0]
    for family, name in names:
        if name == "*":
            return False
        shown = subprocess.run(["ip", f"-{family}", "-o", "addr", "show", "dev", name, "scope", "global"],
                               check=True, capture_output=True)  # fmt: skip
        if shown.stdout:
            return True
    return False


NODE = ("link set lo up", "link add up0 type veth peer name up1", "link set up1 up", "link set up0 up")
ADDRESS_FOUR = "addr add 192.0.2.7/24 dev up0"
ADDRESS_SIX = "addr add 2001:db8:1::7/64 dev up0 nodad"


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ((ADDRESS_SIX, "route add default via 2001:db8:1::1 dev up0", "route add unreachable default"), "fail"),
        ((ADDRESS_FOUR, "route add default via 192.0.2.1 metric 100", "route add blackhole default metric 50"), "fail"),
        ((ADDRESS_SIX, "route add ::/0 dev up0"), "fail"),
        ((ADDRESS_FOUR, "route add default via 192.0.2.1", "route add unreachable default metric 4278198272"), "pass"),
        ((ADDRESS_FOUR, "route add default dev up0"), "pass"),
        ((ADDRESS_SIX, "route add default via 2001:db8:1::1 dev up0"), "pass"),
    ],
)
def test_a_real_kernel_tells_kubernetes_the_same(steps: tuple[str, ...], status: str) -> None:
    def work() -> tuple[str, bool]:
        found = nodecheck.run(select=["default-route"], role="worker")["default-route"]
        return str(found.status), takes_an_address()

    assert in_namespace(work, *NODE, *steps) == (status, status == "pass")


ADDRESS = AddressRow(2, 24, 0x80, 0, 4, "192.0.2.2")
LOCAL = AddressRow(10, 64, 0x80, 253, 5, "fe80::2")
BY_RA = SIX._replace(interface=5, gateway="fe80::1")


def judged(
    *routes: RouteRow, links: Links = LINKS, addresses: tuple[AddressRow, ...] = (ADDRESS, LOCAL), release: str = "1.34"
) -> dict[str | None, tuple[str, str]]:
    target = Lazy(lambda: Target(kubernetes=release))
    outcomes: list[Outcome] = list(interface(links, Addresses(addresses), Routes(routes), Lazy(KubeletConfig), target))
    return {item.subject: (str(item.status), str(item.severity or Severity.ERROR)) for item in outcomes}


def test_a_second_link_with_a_route_by_router_advertisement_and_no_address() -> None:
    """The node goes by its first link."""
    assert judged(FOUR, BY_RA) == {"eth0": ("pass", "error"), "eth1": ("fail", "warning")}


def test_a_second_default_route_of_a_higher_metric() -> None:
    down = Links((ETH0, ETH1._replace(flags=1, operstate="DOWN")))
    second = FOUR._replace(interface=5, priority=200)

    assert judged(FOUR, second, links=down)["eth1"] == ("fail", "warning")
    assert judged(FOUR, second._replace(priority=50), links=down)["eth1"] == ("fail", "error")
    assert judged(FOUR, second._replace(priority=100), links=down)["eth1"] == ("fail", "error")


def test_a_second_link_counts_where_the_first_is_not_well() -> None:
    found = judged(FOUR, BY_RA, addresses=(LOCAL,))

    assert found == {"eth0": ("fail", "error"), "eth1": ("fail", "error")}


def test_two_links_that_are_well() -> None:
    both = (ADDRESS, ADDRESS._replace(ifindex=5, address="198.51.100.2"))

    assert judged(FOUR, FOUR._replace(interface=5, priority=200), addresses=both)["eth1"] == ("pass", "error")


@pytest.mark.parametrize(
    ("release", "status"), [("1.17", "fail"), ("1.19", "fail"), ("1.20", "pass"), ("1.34", "pass")]
)
def test_an_unnumbered_link_by_the_release(release: str, status: str) -> None:
    """Kubernetes looks at lo since 1.20 (kubeadm#1156, kubernetes#95790)."""
    on_lo = ADDRESS._replace(ifindex=1, prefix_length=32)

    assert judged(FOUR, addresses=(on_lo,), release=release)["eth0"][0] == status
