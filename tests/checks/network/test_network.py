"""The checks default-route and interface."""

from __future__ import annotations

import subprocess
import time

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome, Status
from nodecheck.errors import Denied
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.network.links import Addresses, LinkRow, Links
from nodecheck.facts.network.routes import HopRow, RouteRow, Routes
from nodecheck.host.netlink import AddressRow
from nodecheck.model.steps import Command
from nodecheck_checks.network.links import default_route, interface
from tests.host.netlink_namespaces import in_namespace

UP = 0x10001
ETH0 = LinkRow(4, UP, "eth0", 1500, "UP", None, None, None, None)
DUMMY = LinkRow(5, UP, "dummy0", 1500, "UNKNOWN", None, "dummy", None, None)
DOCKER = LinkRow(6, UP, "docker0", 1500, "UP", None, "bridge", None, None)
ADDRESS = AddressRow(2, 24, 0x80, 0, 4, "192.0.2.2")
DEFAULT = RouteRow(2, 0, 254, 3, 1, 0, None, 4, "192.0.2.1", None, None, None)
LINKS = Links((ETH0, DUMMY, DOCKER))


def routed(*rows: RouteRow) -> Outcome:
    (found,) = default_route(Routes(rows), LINKS, Lazy(KubeletConfig))
    return found


def judged(
    link: LinkRow = ETH0,
    addresses: tuple[AddressRow, ...] = (ADDRESS,),
    routes: tuple[RouteRow, ...] = (DEFAULT,),
    node_ip: str | None = None,
    require: tuple[str, ...] = (),
    kubernetes: str | None = None,
) -> list[Outcome]:
    setting = None if node_ip is None else KubeletSetting(node_ip, "/etc/default/kubelet", 1, f"--node-ip={node_ip}")
    config = Lazy(lambda: KubeletConfig(node_ip=setting))
    links = Links((link, DUMMY, DOCKER))
    return list(
        interface(
            links,
            Addresses(addresses),
            Routes(routes),
            config,
            Lazy(lambda: Target(kubernetes=kubernetes)),
            require=require,
        )
    )


def test_a_default_route() -> None:
    found = routed(DEFAULT, DEFAULT)
    assert (found.status, found.message) == (Status.PASS, "default via 192.0.2.1 dev eth0")
    assert [item.locator for item in found.evidence] == ["table main"]
    assert routed(DEFAULT._replace(family=10, gateway="2001:db8::1")).status == Status.PASS
    several = DEFAULT._replace(interface=None, gateway=None, hops=(HopRow(1, 4, None), HopRow(0, 6, "192.0.2.9")))
    assert routed(several).status == Status.PASS


def test_no_default_route() -> None:
    found = routed(DEFAULT._replace(prefix_length=8, destination="10.0.0.0"))
    assert (found.status, found.actual) == (Status.FAIL, "none")
    assert found.evidence
    assert found.fix is not None


@pytest.mark.parametrize("kind", [6, 7, 8, 9])
def test_a_default_route_that_leads_nowhere(kind: int) -> None:
    assert routed(DEFAULT._replace(type=kind, interface=None, gateway=None)).status == Status.FAIL


def test_a_default_route_of_another_table() -> None:
    found = routed(DEFAULT._replace(table=100))
    assert found.status == Status.FAIL
    assert "table 100" in found.message


def test_a_link_that_is_well() -> None:
    (found,) = judged()
    assert (found.status, found.subject) == (Status.PASS, "eth0")
    assert found.message == "eth0 is up with 192.0.2.2/24, MTU 1500"


def test_a_link_that_is_down_and_its_fix() -> None:
    (found,) = judged(ETH0._replace(flags=0, operstate="DOWN"))
    assert found.status == Status.FAIL
    assert found.fix is not None
    assert found.fix.steps == (Command(("ip", "link", "set", "dev", "eth0", "up")),)


@pytest.mark.parametrize(
    ("link", "word"),
    [
        (ETH0._replace(flags=1, operstate="LOWERLAYERDOWN"), "no carrier"),
        (ETH0._replace(operstate="DORMANT"), "DORMANT"),
        (ETH0._replace(mtu=1000), "MTU of 1000"),
    ],
)
def test_links_that_are_not_well(link: LinkRow, word: str) -> None:
    (found,) = judged(link)
    assert found.status == Status.FAIL
    assert word in found.message


def test_a_tunnel_that_tells_no_state_is_well() -> None:
    (found,) = judged(ETH0._replace(operstate="UNKNOWN", kind="wireguard"))
    assert found.status == Status.PASS


def test_a_link_without_an_address() -> None:
    elsewhere = ADDRESS._replace(ifindex=6, address="172.17.0.1")
    (found,) = judged(addresses=(elsewhere, ADDRESS._replace(scope=253, address="169.254.1.1")))
    assert (found.status, found.actual) == (Status.FAIL, "has no address that others can reach")
    (found,) = judged(addresses=(ADDRESS._replace(ifindex=5),))
    assert found.status == Status.PASS
    assert "unnumbered" in found.message


def test_the_kubelets_node_ip() -> None:
    two = (ADDRESS, ADDRESS._replace(ifindex=6, address="198.51.100.7"))
    found = judged(addresses=two, node_ip="198.51.100.7")
    assert [item.subject for item in found] == ["eth0", "docker0"]
    assert found[1].evidence[0].source == "/etc/default/kubelet"
    assert [item.subject for item in judged(addresses=two, node_ip="192.0.2.2,::")] == ["eth0"]
    missing = judged(node_ip="203.0.113.9")[1]
    assert (missing.status, missing.subject) == (Status.FAIL, "203.0.113.9")


def test_links_that_the_profile_names() -> None:
    found = judged(require=("docker0", "bond0"), addresses=(ADDRESS, ADDRESS._replace(ifindex=6)))
    assert [(item.subject, item.status) for item in found] == [
        ("docker0", Status.PASS),
        ("bond0", Status.FAIL),
        ("eth0", Status.PASS),
    ]


def test_nothing_to_judge() -> None:
    (found,) = judged(routes=())
    assert found.status == Status.SKIP


def test_a_link_that_went_meanwhile() -> None:
    (found,) = judged(routes=(DEFAULT._replace(interface=99),))
    assert (found.status, found.subject) == (Status.UNKNOWN, "number 99")


def test_a_kubelet_that_cannot_be_read_leaves_the_links_judged() -> None:
    def denied() -> KubeletConfig:
        raise Denied("/etc/default/kubelet")

    outcomes = iter(interface(LINKS, Addresses((ADDRESS,)), Routes((DEFAULT,)), Lazy(denied), Lazy(Target)))
    assert next(outcomes).subject == "eth0"
    with pytest.raises(Denied):  # which the engine makes one `unknown` of
        next(outcomes)


NODE = (
    "link set lo up",
    "link add up0 mtu 1400 type veth peer name up1",
    "addr add 192.0.2.2/24 dev up0",
)


def wait_for_carrier(name: str) -> None:
    """The kernel tells of a carrier by work that it queues (net/core/link_watch.c), which a busy machine delays."""
    command = ["ip", "-o", "link", "show", name]
    end = time.monotonic() + 10
    while b"state UP" not in subprocess.run(command, check=True, capture_output=True).stdout:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_real_namespace_and_its_fixes() -> None:
    def work() -> None:
        def run() -> dict[str, str]:
            report = nodecheck.run(select=["default-route", "interface"], role="worker")
            return {result.id: str(result.status) for result in report.results}

        assert run() == {"default-route": "fail", "interface": "skip"}
        subprocess.run(["ip", "link", "set", "up0", "up"], check=True)
        subprocess.run(["ip", "route", "add", "default", "via", "192.0.2.1"], check=True)
        assert run() == {"default-route": "pass", "interface[up0]": "fail"}  # no carrier
        subprocess.run(["ip", "link", "set", "up1", "up"], check=True)
        wait_for_carrier("up0")
        assert run() == {"default-route": "pass", "interface[up0]": "pass"}
        subprocess.run(["ip", "link", "set", "up0", "mtu", "1200"], check=True)
        fix = nodecheck.run(select=["interface"], role="worker")["interface[up0]"].fix
        assert fix is not None
        for step in fix.steps:
            assert isinstance(step, Command)
            subprocess.run(step.argv, check=True)
        assert run() == {"default-route": "pass", "interface[up0]": "pass"}

    in_namespace(work, *NODE)


def test_reject_routes_of_a_real_kernel() -> None:
    def work() -> tuple[str, str]:
        result = nodecheck.run(select=["default-route"], role="worker")["default-route"]
        return str(result.status), result.message

    status, message = in_namespace(
        work, *NODE, "route add unreachable default metric 4278198272", "route add blackhole default table 7"
    )
    assert status == "fail"
    assert "unreachable default" in message
