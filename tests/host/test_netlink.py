"""Netlink dumps against real kernels' tables, in network namespaces of their own, and against pyroute2's decoding."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from struct import pack
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.errors import Denied, FactError, Malformed, TimedOut, Unsupported
from nodecheck.host import LiveHost
from nodecheck.host.netlink import TABLES, dump, wire
from nodecheck.host.netlink.atoms import Column, atoms
from nodecheck.host.netlink.decode import RowPlan
from nodecheck.host.netlink.rows import FamilyRow, RouteRow
from nodecheck.host.netlink.tables import asks
from nodecheck.host.netlink.view import View, _stand_ins, fallbacks, message_class
from tests.host.netlink_namespaces import in_namespace

WAYS = pytest.mark.parametrize("private", [True, False], ids=["view", "import"])

NODE = (
    "link set lo up",
    "link add up0 mtu 1400 type veth peer name up1",
    "link add br0 type bridge",
    "link set up1 master br0",
    "link set up0 up",
    "link set up1 up",
    "link set br0 up",
    "addr add 192.0.2.2/24 dev up0",
    "addr add 2001:db8::2/64 dev up0 nodad",
    "addr add 198.51.100.1/32 peer 198.51.100.2/32 dev br0",
    "route add default via 192.0.2.1 dev up0",
    "route add 203.0.113.0/24 nexthop via 192.0.2.1 dev up0 weight 1 nexthop via 198.51.100.2 dev br0 weight 3",
    "route add 10.0.0.0/8 via inet6 2001:db8::1 dev up0",
    "route add blackhole 10.9.0.0/16 table 77 metric 5",
    "route add default via 2001:db8::1 dev up0 metric 30",
)


def tables() -> dict[str, tuple[Any, ...]]:
    return {table: dump(table) for table in TABLES}


@pytest.fixture(scope="module")
def node() -> dict[str, tuple[Any, ...]]:
    """The tables of a namespace that is made up like a node's."""
    return in_namespace(tables, *NODE)


def test_links(node: dict[str, tuple[Any, ...]]) -> None:
    links = {row.name: row for row in node["links"]}
    assert set(links) >= {"lo", "up0", "up1", "br0"}
    assert (links["up0"].mtu, links["up0"].operstate, links["up0"].kind) == (1400, "UP", "veth")
    assert links["br0"].kind == "bridge"
    assert links["up1"].master == links["br0"].ifindex
    assert links["up0"].lower == links["up1"].ifindex
    assert links["lo"].operstate == "UNKNOWN"
    assert len(links["up0"].address) == 17


def test_addresses(node: dict[str, tuple[Any, ...]]) -> None:
    found = {(row.family, row.address, row.prefix_length) for row in node["addresses"]}
    assert {(2, "192.0.2.2", 24), (10, "2001:db8::2", 64), (2, "198.51.100.1", 32), (2, "127.0.0.1", 8)} <= found


def test_routes(node: dict[str, tuple[Any, ...]]) -> None:
    names = {row.ifindex: row.name for row in node["links"]}
    by = {(row.destination, row.prefix_length, row.family): row for row in node["routes"] if row.table != 255}
    default = by[None, 0, 2]
    assert (default.gateway, names[default.interface], default.type, default.table) == ("192.0.2.1", "up0", 1, 254)
    several = by["203.0.113.0", 24, 2]
    assert [(hop.gateway, names[hop.interface]) for hop in several.hops] == [
        ("192.0.2.1", "up0"),
        ("198.51.100.2", "br0"),
    ]
    assert by["10.0.0.0", 8, 2].gateway == "2001:db8::1"
    assert (by["10.9.0.0", 16, 2].type, by["10.9.0.0", 16, 2].table, by["10.9.0.0", 16, 2].priority) == (6, 77, 5)
    assert (by[None, 0, 10].gateway, by[None, 0, 10].priority) == ("2001:db8::1", 30)


def test_families_are_listed(node: dict[str, tuple[Any, ...]]) -> None:
    assert any(row == FamilyRow(16, "nlctrl", 2) for row in node["genl_families"])


def test_both_ways_give_the_same() -> None:
    def both() -> tuple[dict[str, tuple[Any, ...]], dict[str, tuple[Any, ...]]]:
        for _ in range(100):  # addresses and links of a new namespace settle for a while
            first, plainly, last = tables(), {name: dump(name, private=False) for name in TABLES}, tables()
            if first == last:
                return first, plainly
            time.sleep(0.1)
        raise AssertionError("the tables of the namespace did not come to rest")

    ours, plainly = in_namespace(both, *NODE)
    assert ours["routes"]
    assert ours["links"]
    assert ours["genl_families"]
    assert plainly == ours
    assert fallbacks == {}


@WAYS
def test_listeners(private: bool) -> None:
    def work() -> None:
        with socket.socket() as four, socket.socket(socket.AF_INET6) as six, socket.socket() as client:
            four.bind(("127.0.0.1", 6443))
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            six.bind(("::1", 10250))
            assert dump("listeners", private=private) == ()  # bound, and not listening
            four.listen()
            six.listen()
            client.connect(("127.0.0.1", 6443))  # a connection is no listener
            rows = dump("listeners", private=private)
            inodes = {row.port: row.inode for row in rows}
            assert [tuple(row[:5]) for row in rows] == [(2, 6443, "127.0.0.1", 0, 0), (10, 10250, "::1", 0, 0)]
            assert [row.v6only for row in rows] == [None, 1]
            assert inodes == {6443: os.fstat(four.fileno()).st_ino, 10250: os.fstat(six.fileno()).st_ino}

    in_namespace(work, "link set lo up")


def test_ten_thousand_listeners() -> None:
    def work() -> set[int]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 11_000), max(hard, 11_000)))
        opened = []
        try:
            for port in range(20_000, 30_000):
                one = socket.socket()
                opened.append(one)
                one.bind(("127.0.0.1", port))
                one.listen(1)
            return {row.port for row in dump("listeners")}
        finally:
            for one in opened:
                one.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert in_namespace(work, "link set lo up") == set(range(20_000, 30_000))


S = TypeVar("S")


def at_rest(first: Callable[[], tuple[Any, ...]], second: Callable[[], S]) -> tuple[tuple[Any, ...], S]:
    """What two ways of asking give for one state of a table: a new interface gets its IPv6 routes little by little."""
    rows = first()
    for _ in range(1000):
        found, again = second(), first()
        if again == rows:
            return rows, found
        rows = again
    raise AssertionError("the table never held still")


def test_rows_are_those_of_pyroute2() -> None:
    """The same answers of the kernel, decoded by pyroute2 itself."""

    def work() -> int:
        compared = 0
        for table, protocol, names in (
            (
                "links",
                0,
                {"name": "IFLA_IFNAME", "mtu": "IFLA_MTU", "operstate": "IFLA_OPERSTATE", "address": "IFLA_ADDRESS"},
            ),
            (
                "routes",
                0,
                {"destination": "RTA_DST", "interface": "RTA_OIF", "table": "RTA_TABLE", "priority": "RTA_PRIORITY"},
            ),
        ):
            rows, stock = at_rest(partial(dump, table), partial(decoded, table, protocol))
            assert len(rows) == len(stock) >= 4
            for row, message in zip(rows, stock):
                assert {name: getattr(row, name) for name in names} == {
                    name: message.get_attr(attribute) for name, attribute in names.items()
                }
                assert row.flags == message["flags"]
                compared += 1
        return compared

    many = [f"route add 10.{n}.0.0/16 via 192.0.2.1 dev up0 metric {n}" for n in range(1, 200)]
    assert in_namespace(work, *[line for line in NODE if not line.startswith("route add 10.0")], *many) > 200


def decoded(table: str, protocol: int) -> list[Any]:
    """The messages of a dump as pyroute2's classes decode them."""
    module, name = {"links": ("ifinfmsg", "ifinfmsg"), "routes": ("rtmsg", "rtmsg")}[table]
    cls = message_class(f"netlink.rtnl.{module}", name, private=False)
    raw: list[bytes] = []

    def take(buffer: bytearray, at: int, end: int, limit: int) -> int:
        raw.append(bytes(buffer[at:end]))
        return (end + 3) & -4

    for ask in asks(table):
        wire.dump(table, protocol, ask.request, lambda: take, 5.0, 1 << 16)
    messages = [cls(data) for data in raw]
    for message in messages:
        message.decode()
    return messages


def test_a_small_buffer_grows() -> None:
    def work() -> None:
        for table in ("links", "routes"):
            rows, others = at_rest(partial(dump, table), partial(dump, table, buffer=64))
            assert rows == others

    in_namespace(work, *NODE)


def test_a_table_that_keeps_changing() -> None:
    """Dumps beside a writer: each is whole, or the table is told as one that never held still."""

    def work() -> int:
        whole = 0
        commands = [f"link {verb} v0 {rest}" for _ in range(40) for verb, rest in (("add", "type bridge"), ("del", ""))]
        writer = threading.Thread(
            target=lambda: subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)
        )
        base = {row.name for row in dump("links")}
        writer.start()  # in this thread's namespace
        while writer.is_alive():
            try:
                assert {row.name for row in dump("links")} - {"v0"} == base
                whole += 1
            except TimedOut:
                pass
        writer.join()
        return whole

    links = [f"link add w{n} type bridge" for n in range(200)]
    assert in_namespace(work, *links) > 0


def test_a_thread_reads_its_own_namespace() -> None:
    here = {row.name for row in dump("links")}
    there = in_namespace(lambda: {row.name for row in dump("links")}, "link add only0 type bridge")
    assert "only0" in there
    assert "only0" not in here | {row.name for row in dump("links")}


def test_no_file_is_left_open() -> None:
    for table in TABLES:
        dump(table)
    before = len(os.listdir("/proc/self/fd"))
    for table in TABLES:
        dump(table)
        with pytest.raises(FactError):
            dump(table, timeout_s=0)
    assert len(os.listdir("/proc/self/fd")) == before


def test_out_of_time() -> None:
    with pytest.raises(TimedOut):
        dump("links", timeout_s=0)


def test_no_such_table() -> None:
    with pytest.raises(FactError, match="no such table"):
        dump("neighbours")


# --- what the kernel answers seldom: through a pair of real sockets -----------------------------------------------


def messages(*parts: bytes, sequence: int = 1) -> tuple[bytearray, int]:
    raw = b"".join(parts)
    return bytearray(raw), len(raw)


def message(kind: int, payload: bytes, flags: int = 2, sequence: int = 1) -> bytes:
    return pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload


def taken(buffer: bytearray, size: int) -> tuple[tuple[bool, int], list[bytes]]:
    found: list[bytes] = []

    def take(buffer: bytearray, at: int, end: int, limit: int) -> int:
        found.append(bytes(buffer[at + 16 : end]))
        return (end + 3) & -4

    return wire._messages("netlink x", buffer, size, 1, take), found


def test_messages_of_a_datagram() -> None:
    done = message(3, pack("=i", 0))
    (ended, _), found = taken(*messages(message(16, b"abcd"), message(1, b""), message(16, b"late", sequence=9), done))
    assert ended
    assert found == [b"abcd"]


def test_an_interrupted_dump_is_told_by_its_flag() -> None:
    (ended, flags), _ = taken(*messages(message(16, b"abcd", flags=2 | wire.NLM_F_DUMP_INTR)))
    assert not ended
    assert flags & wire.NLM_F_DUMP_INTR


@pytest.mark.parametrize(
    ("code", "error"),
    [(errno.EPERM, PermissionError), (errno.ENOENT, FileNotFoundError), (errno.EOPNOTSUPP, OSError)],
)
@pytest.mark.parametrize("kind", [wire.NLMSG_ERROR, wire.NLMSG_DONE])
def test_an_error_ends_the_dump(kind: int, code: int, error: type[OSError]) -> None:
    with pytest.raises(error) as found:
        taken(*messages(message(kind, pack("=i", -code))))
    assert found.value.errno == code


@pytest.mark.parametrize("part", [pack("=IHHII", 8, 16, 0, 1, 0), pack("=IHHII", 900, 16, 0, 1, 0)])
def test_a_message_that_does_not_fit_is_malformed(part: bytes) -> None:
    with pytest.raises(Malformed):
        taken(*messages(part))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.EPERM, Denied),
        (errno.EACCES, Denied),
        (errno.ENOENT, Unsupported),
        (errno.EPROTONOSUPPORT, Unsupported),
        (errno.EAFNOSUPPORT, Unsupported),
        (errno.ETIMEDOUT, TimedOut),
        (errno.EMFILE, FactError),
    ],
)
def test_what_an_error_number_means(code: int, kind: type[FactError]) -> None:
    found = wire._told("netlink links", OSError(code, os.strerror(code)))
    assert type(found) is kind
    assert found.errno == code


def test_a_protocol_that_the_kernel_lacks() -> None:
    with pytest.raises(Unsupported):
        wire.dump("netlink x", 31, asks("links")[0].request, lambda: lambda *_: 0, 1.0, 1 << 16)


def test_hostile_attributes_are_malformed() -> None:
    ask = asks("routes")[0]
    rows: list[Any] = []
    take = ask.plan.into(rows)
    for size in (0, 3, 200):
        raw = message(24, bytes(12) + pack("=HH", size, 1) + bytes(4))
        with pytest.raises(Malformed):
            take(bytearray(raw), 0, len(raw), len(raw))
    with pytest.raises(Malformed):
        take(bytearray(message(24, b"1234")), 0, 20, 20)
    assert rows == []


def test_alternating_layouts_are_each_read_by_their_own() -> None:
    def route(number: int) -> bytes:
        head = pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 3, 0, 1, 0)
        oif, metric = pack("=HHI", 8, 4, number), pack("=HHI", 8, 6, number)
        return message(24, head + (oif if number % 7 < 5 else metric))

    raw = b"".join(route(number) for number in range(1000))
    rows: list[RouteRow] = []
    take, at, buffer = asks("routes")[0].plan.into(rows), 0, bytearray(raw)
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4], sys.byteorder)
        at = take(buffer, at, at + size, len(raw))
    assert len(rows) == 1000
    for number, row in enumerate(rows):
        assert (row.interface, row.priority) == ((number, None) if number % 7 < 5 else (None, number))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), max_size=12))
def test_many_at_once_are_the_same_as_one_by_one(runs: list[tuple[int, int]]) -> None:
    """Runs of like messages in one datagram, against each message as a datagram of its own."""
    kinds = [pack("=HHI", 8, 4, 7), pack("=HHI", 8, 6, 7), pack("=HH4s", 8, 1, b"\x0a\0\0\1"), b""]
    parts = [
        message(24, pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 3, 0, 1, number) + kinds[kind], flags=2 + (number == 13))
        for kind, length in runs
        for number in range(length)
    ]
    plan, whole, single = asks("routes")[0].plan, list[RouteRow](), list[RouteRow]()
    (_, flags) = wire._messages("x", bytearray(b"".join(parts)), len(b"".join(parts)), 1, plan.into(whole))
    for part in parts:
        wire._messages("x", bytearray(part), len(part), 1, plan.into(single))
    assert whole == single
    assert len(whole) == len(parts)
    assert bool(flags & 1) == any(length > 13 for _, length in runs)  # a flag that differs is not passed over


def test_an_attribute_that_pyroute2_lacks_is_told() -> None:
    cls = message_class("netlink.rtnl.rtmsg", "rtmsg")
    with pytest.raises(Unsupported, match="knows no RTA_NOT_THERE"):
        dict(atoms(cls, [Column(("RTA_NOT_THERE",))]))
    with pytest.raises(Unsupported):
        message_class("netlink.rtnl.rtmsg", "no_such_class")
    fallbacks.clear()


def test_fields_out_of_their_plan_are_none() -> None:
    cls = message_class("netlink.rtnl.rtmsg", "rtmsg")
    rows: list[Any] = []
    routes = asks("routes")[0].plan
    assert isinstance(routes, RowPlan)
    plan = RowPlan("x", cls, routes._columns, RouteRow)
    raw = message(24, bytes(12))
    assert plan.into(rows)(bytearray(raw), 0, len(raw), len(raw)) == len(raw)
    assert rows == [RouteRow(0, 0, 0, 0, 0, 0, None, None, None, None, None, None)]


# --- the private view --------------------------------------------------------------------------------------------


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_view_leaves_no_trace() -> None:
    code = """
import sys
from nodecheck.host.netlink import TABLES, dump
from nodecheck.host.netlink.view import fallbacks
for table in TABLES: dump(table)
print(fallbacks, sorted(name for name in sys.modules if name.startswith("pyroute2")))
print([name for name in ("asyncio", "multiprocessing", "logging", "socket") if name in sys.modules])
import pyroute2
print(pyroute2.netlink.rtnl.rtmsg.rtmsg.__module__, len([n for n in sys.modules if n.startswith("pyroute2")]) > 50)
"""
    assert python(code).split("\n") == ["{} []", "[]", "pyroute2.netlink.rtnl.rtmsg True"]


def test_the_view_beside_a_program_that_imports_pyroute2_at_once() -> None:
    code = """
import threading
found = []
def plain():
    import pyroute2
    found.append(hasattr(pyroute2, "IPRoute"))
def ours():
    from nodecheck.host.netlink import TABLES, dump
    found.append(all(dump(table) or table == "listeners" for table in TABLES))
threads = [threading.Thread(target=(plain, ours)[n % 2]) for n in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
from nodecheck.host.netlink.view import fallbacks
print(len(found), all(found), fallbacks)
"""
    assert python(code) == "12 True {}"


def test_finders_of_others_do_not_keep_the_view_from_loading() -> None:
    code = """
import sys
from importlib.machinery import ModuleSpec
class Old:
    def find_module(self, name, path=None): return None
class Lazy:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, object()) if name.startswith("pyroute2") else None
sys.meta_path[:0] = [Old(), Lazy()]
from nodecheck.host.netlink import dump
from nodecheck.host.netlink.view import fallbacks
print(bool(dump("links")), fallbacks)
"""
    assert python(code) == "True {}"


def test_a_view_that_cannot_load_falls_back(tmp_path: Path) -> None:
    code = """
import nodecheck.host.netlink.view as view
view._view = lambda: view.View("pyroute2", {"pyroute2.common": None})
from nodecheck.host.netlink import dump
print(bool(dump("links")), list(view.fallbacks))
"""
    assert python(code) == "True ['pyroute2.netlink.rtnl.ifinfmsg']"


def test_no_pyroute2_at_all() -> None:
    code = """
import sys
sys.modules["pyroute2"] = None
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = classmethod(lambda cls, name, *rest: None if name == "pyroute2" else find(name, *rest))
from nodecheck.errors import Unsupported
from nodecheck.host import LiveHost
try:
    LiveHost().netlink("links")
except Unsupported as error:
    print(error.code)
"""
    assert python(code) == "unsupported"


def test_a_class_inside_another_is_made_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested/__init__.py").touch()
    (tmp_path / "nested/classes.py").write_text(
        "made = []\n"
        "class Outer:\n"
        "    class Base:\n"
        "        made.append('base')\n"
        "        def name(self): return __class__.__name__\n"
        "    class Inner(Base):\n"
        "        made.append('inner')\n"
        "        def name(self): return 'of ' + super().name()\n"
        "    class Other:\n"
        "        made.append('other')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    module = View("nested", {}).load("nested.classes")

    assert module.made == []
    assert module.Outer.Inner().name() == "of Base"
    assert module.Outer().Inner is module.Outer.Inner
    assert issubclass(module.Outer.Inner, module.Outer.Base)
    assert sorted(module.made) == ["base", "inner"]


def test_a_view_of_any_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "viewed"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('never executed')\n")
    (folder / "inner" / "__init__.py").write_text(
        "from . import leaf\nfrom .leaf import value\nimport viewed.base as base\n"
    )
    (folder / "inner" / "leaf.py").write_text("from ..base import one\nfrom .. import base as b\nvalue = one + b.one\n")
    (folder / "base.py").write_text("import json\none = 1\n")
    (folder / "broken.py").write_text("import viewed.none\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    view = View("viewed", {})
    assert view.load("viewed.inner").value == 2
    assert view.load("viewed.inner").base is view.load("viewed.base")
    with pytest.raises(ModuleNotFoundError):
        view.load("viewed.broken")
    assert not any(name.startswith("viewed") for name in sys.modules)


def test_stand_ins_give_way_to_what_they_stand_for() -> None:
    stands = _stand_ins()
    assert stands["socket"].create_connection is socket.create_connection
    assert stands["logging"].getLogger("nodecheck.test").isEnabledFor(10) is False


def test_the_live_host_dumps() -> None:
    assert any(row.name == "lo" for row in LiveHost().netlink("links"))
