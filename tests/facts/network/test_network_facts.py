"""Links, routes, listeners and their owners as facts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import Facts
from nodecheck.errors import Denied, FactError, Offline, ParseError, Unsupported
from nodecheck.facts.network.links import Addresses, Links, is_usable
from nodecheck.facts.network.listeners import ListenerRow, Listeners, parse_tcp
from nodecheck.facts.network.processes import SocketOwners, unit_of
from nodecheck.facts.network.routes import HopRow, RouteRow, Routes, leads_out, told_route
from nodecheck.host import LiveHost, RootHost
from nodecheck.host.netlink import AddressRow
from tests.host.netlink_namespaces import become_nobody, in_namespace

Tree = Callable[[dict[str, "str | bytes"]], Path]

DEFAULT = RouteRow(2, 0, 254, 3, 1, 0, None, 4, "192.0.2.1", None, None, None)
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


class Without(LiveHost):
    """The live node, were its kernel to refuse netlink."""

    def __init__(self, error: FactError) -> None:
        super().__init__()
        self._refusal = error

    def netlink(self, table: str) -> tuple[object, ...]:
        raise self._refusal


def line(address: str, port: int, state: str = "0A", uid: int = 0, inode: int = 7) -> str:
    return (
        f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1\n"
    )


def test_links_by_name_and_number() -> None:
    links = Facts(LiveHost()).get(Links)
    lo = links.named("lo")
    assert lo is not None
    assert links.at(lo.ifindex) is lo
    assert links.named("no-such-link") is None
    assert (
        any(row.address == "127.0.0.1" for row in Facts(LiveHost()).get(Addresses).of(lo.ifindex)) or lo.flags & 1 == 0
    )


def test_usable_addresses() -> None:
    good = AddressRow(10, 64, 0x80, 0, 4, "2001:db8::2")
    assert is_usable(good)
    assert not is_usable(good._replace(flags=0x48))  # duplicate detection failed
    assert not is_usable(good._replace(scope=254))


def test_routes_that_lead_out() -> None:
    assert leads_out(DEFAULT)
    assert not leads_out(DEFAULT._replace(type=7))
    assert not leads_out(DEFAULT._replace(table=100))
    dead, alive = HopRow(1, 4, "192.0.2.1"), HopRow(0, 5, "192.0.2.9")
    assert leads_out(DEFAULT._replace(interface=None, gateway=None, hops=(dead, alive)))
    assert not leads_out(DEFAULT._replace(interface=None, gateway=None, hops=(dead, dead)))
    assert leads_out(DEFAULT._replace(flags=0x10))  # no carrier: the route is there all the same
    assert leads_out(DEFAULT._replace(interface=None, nexthop_id=12))  # nexthop_compat_mode=0 tells the object alone


def test_routes_as_told() -> None:
    several = DEFAULT._replace(interface=None, gateway=None, hops=(HopRow(1, 4, "192.0.2.1"), HopRow(0, 5, None)))
    assert told_route(several, {4: "eth0"}) == "default via 192.0.2.1 dev eth0 dead dev number 5"
    assert (
        told_route(DEFAULT._replace(type=6, interface=None, gateway=None, table=9), {}) == "blackhole default table 9"
    )
    assert Routes((DEFAULT, DEFAULT._replace(prefix_length=8))).defaults == (DEFAULT,)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.integers(1, 65535), st.integers(0, 1 << 31)
        ),
        max_size=9,
    )
)
def test_what_the_kernel_writes_is_read_back(sockets: list[tuple[object, int, int]]) -> None:
    text, expected = HEAD, []
    for address, port, inode in sockets:
        raw = address.packed  # type: ignore[attr-defined]
        little = sys.byteorder == "little"
        words = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)) if little else raw
        family = 2 if len(raw) == 4 else 10
        expected.append(ListenerRow(family, port, socket.inet_ntop(family, raw), 0, 5, inode, None))
        text += line(words.hex().upper(), port, uid=5, inode=inode) + line("0100007F", port, "01")
    assert parse_tcp("/proc/net/tcp", text) == tuple(expected)


@pytest.mark.parametrize(
    "bad", ["0: xyz\n", line("0100007F", 1).replace("7 1", "x 1"), line("0100", 1), line("zz00007F", 1)]
)
def test_a_line_that_is_none(bad: str) -> None:
    with pytest.raises(ParseError):
        parse_tcp("/proc/net/tcp", HEAD + bad)


def test_without_inet_diag_the_files_tell() -> None:
    def work() -> None:
        with socket.create_server(("127.0.0.1", 6443)):
            by_netlink = Listeners.read(LiveHost())
            for refusal in (Unsupported("netlink listeners"), Denied("netlink listeners")):
                by_file = Listeners.read(Without(refusal))
                assert by_file.source == "/proc/thread-self/net/tcp"
                assert by_file.rows == by_netlink.rows

    in_namespace(work, "link set lo up")


def test_a_capture_holds_the_files(tree: Tree) -> None:
    host = RootHost(str(tree({"proc/net/tcp": HEAD + line("0100007F", 6443)})))
    assert Listeners.read(host) == Listeners((ListenerRow(2, 6443, "127.0.0.1", 0, 0, 7, None),), "/proc/net/tcp")
    assert Listeners.read(host).on(6443)
    with pytest.raises(Offline):
        Listeners.read(RootHost(str(tree({"proc/net/tcp": ""}) / "proc")))


def test_a_file_that_cannot_be_read_is_no_empty_table(tree: Tree) -> None:
    root = tree({"proc/net/tcp/x": ""})
    with pytest.raises(FactError):
        Listeners.read(RootHost(str(root)))


def test_owners_of_sockets() -> None:
    if os.geteuid() != 0:
        pytest.skip("another user's process can be looked into by root alone")
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        facts = Facts(LiveHost())
        (row,) = facts.get(Listeners).on(port)
        process = facts.get(SocketOwners).of(row.inode)
        assert process is not None
        assert "python" in process.name
        assert process.user == "root"
        assert facts.get(SocketOwners).of(1) is None
    finally:
        child.kill()
        child.communicate()


def test_owners_that_cannot_be_looked_into() -> None:
    def work() -> SocketOwners:
        Facts(LiveHost()).get(SocketOwners)  # so that all is imported
        become_nobody()
        rows = (ListenerRow(2, 6443, "::", 0, 0, 4_000_000_000, None),)
        return SocketOwners.read(LiveHost(), Listeners(rows))

    child = subprocess.Popen(["sleep", "60"])  # root's, and so not to be looked into
    try:
        assert in_namespace(work) == SocketOwners((), True)
    finally:
        child.kill()
        child.wait()


def test_looking_stops_when_all_are_found(tree: Tree) -> None:
    root = tree(
        {
            "proc/30/comm": "kube-controller\n",
            "proc/30/cmdline": "kube-controller-manager\0--bind-address=127.0.0.1\0",
            "proc/30/cgroup": "0::/kubepods.slice/cri-containerd-0f.scope\n",
            "proc/30/status": "Name:\tkube\nUid:\t65534\t65534\t65534\t65534\n",
        }
    )
    (root / "proc/30/fd").mkdir()
    (root / "proc/30/fd/3").symlink_to("socket:[7]")
    (root / "proc/30/fd/4").symlink_to("/dev/null")
    (root / "proc/30/exe").symlink_to("/usr/local/bin/kube-controller-manager (deleted)")
    (root / "proc/31").mkdir()
    (root / "proc/31/fd").write_text("not looked into any more")
    rows = (ListenerRow(2, 10257, "127.0.0.1", 0, 0, 7, None),)
    found = SocketOwners.read(RootHost(str(root)), Listeners(rows))
    process = found.of(7)
    assert process is not None
    assert process.names == ("kube-controller-manager", "kube-controller")
    assert (process.unit, process.user, found.hidden) == ("cri-containerd-0f.scope", "uid 65534", False)
    with pytest.raises(FactError):  # a file where a directory must be: the reader does not pass over it
        SocketOwners.read(RootHost(str(root)), Listeners((rows[0]._replace(inode=8),)))


def test_hyperkube_is_what_it_runs(tree: Tree) -> None:
    root = tree({"proc/9/comm": "hyperkube\n", "proc/9/cmdline": "/hyperkube\0kube-apiserver\0", "proc/9/cgroup": ""})
    (root / "proc/9/fd").mkdir()
    (root / "proc/9/fd/3").symlink_to("socket:[7]")
    (root / "proc/9/exe").symlink_to("/hyperkube")
    found = SocketOwners.read(RootHost(str(root)), Listeners((ListenerRow(2, 6443, "::", 0, 0, 7, None),))).of(7)
    assert found is not None
    assert found.name == "kube-apiserver"
    assert found.unit is None


def test_units_of_cgroups() -> None:
    both = "2:cpu:/\n1:name=systemd:/system.slice/nginx.service\n0::/\n"
    assert unit_of(both) == "nginx.service"
    assert unit_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n") == "user@1000.service"
    assert unit_of("0::/docker/0123abcd\n") is None


def test_ten_thousand_sockets_find_their_owner_soon() -> None:
    started = time.process_time()
    rows = tuple(ListenerRow(2, 1, "::", 0, 0, inode, None) for inode in range(10_000_000, 10_010_000))
    SocketOwners.read(LiveHost(), Listeners(rows))
    assert time.process_time() - started < 5
