"""The tables that nodecheck asks for: what to send, and what to keep of each message."""

from __future__ import annotations

import _socket
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter

from nodecheck.errors import Malformed
from nodecheck.host.netlink.atoms import Column, address, numbers, remembered
from nodecheck.host.netlink.decode import LatePlan, RowPlan
from nodecheck.host.netlink.rows import (
    AddressRow,
    ChainRow,
    FamilyRow,
    HopRow,
    LinkRow,
    ListenerRow,
    RouteRow,
    RuleRow,
)
from nodecheck.host.netlink.view import message_class
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

AF_INET, AF_INET6 = 2, 10
RTM_F_CLONED = 0x200
_REQUEST_DUMP = 0x301
_TCP, _LISTEN = 6, 10
_SKIP_STATS = 8
"""RTEXT_FILTER_SKIP_STATS: without the counters, half of a message; kernels before 4.4 ignore it."""


class Ask(NamedTuple):
    """One dump: the request, and what makes rows of its answer."""

    request: bytes
    plan: RowPlan | LatePlan


class NetlinkTable(NamedTuple):
    """A table: its netlink protocol, the dumps that make it up, and which rows count."""

    protocol: int
    asks: Callable[[bool], tuple[Ask, ...]]
    keep: Callable[[list[Any]], list[Any]] | None = None


def _request(message: Any, kind: int) -> bytes:
    message["header"].update(type=kind, flags=_REQUEST_DUMP, sequence_number=1, pid=0)
    message.encode()
    return bytes(message.data)


def _filled(cls: Any, *attributes: str, **values: Any) -> Any:
    """A message with every field set: the defaults of pyroute2 differ from version to version.

    It takes these attributes and no others: for the first message of a class pyroute2 makes the classes of all that it
    may have, two dozen for a link.
    """
    known = numbers(cls) if cls.nla_map else {}
    some = tuple([(known[name][0], name, known[name][1]) for name in attributes])
    message = type(cls.__name__, (cls,), {"nla_map": some})() if known else cls()
    for name, _ in cls.fields:
        message[name] = values.get(name, 0)
    return message


def _columns(*names: Any) -> tuple[Column, ...]:
    return tuple(name if isinstance(name, Column) else Column((name,)) for name in names)


def _links(private: bool) -> tuple[Ask, ...]:
    cls = message_class("netlink.rtnl.ifinfmsg", "ifinfmsg", private)
    message = _filled(cls, "IFLA_EXT_MASK")
    message["attrs"].append(("IFLA_EXT_MASK", _SKIP_STATS))
    columns = _columns(
        "index", "flags", "IFLA_IFNAME", "IFLA_MTU", "IFLA_OPERSTATE", "IFLA_ADDRESS", "IFLA_LINKINFO/IFLA_INFO_KIND",
        "IFLA_MASTER", "IFLA_LINK",
    )  # fmt: skip
    return (Ask(_request(message, 18), RowPlan("netlink links", cls, columns, LinkRow)),)


def _addresses(private: bool) -> tuple[Ask, ...]:
    cls = message_class("netlink.rtnl.ifaddrmsg", "ifaddrmsg", private)
    own = Column(("IFA_LOCAL", "IFA_ADDRESS"))
    columns = _columns("family", "prefixlen", "flags", "scope", "index", own)
    return (Ask(_request(_filled(cls), 22), RowPlan("netlink addresses", cls, columns, AddressRow)),)


def _routes(private: bool) -> tuple[Ask, ...]:
    cls = message_class("netlink.rtnl.rtmsg", "rtmsg", private)
    hop = message_class("netlink.rtnl.rtmsg", "nh", private)
    via = Column(("RTA_GATEWAY", "RTA_VIA"), remembered(gateway))
    hops = RowPlan(
        "netlink routes",
        hop,
        _columns("flags", "oif", via),
        HopRow,
        2,
    )
    columns = _columns(
        "family", "dst_len", Column(("RTA_TABLE", "table")), "proto", "type", "flags", "RTA_DST", "RTA_OIF", via,
        "RTA_PRIORITY", Column(("RTA_MULTIPATH",), _hops(hops)), Column(("RTA_NH_ID",), None, 30),
    )  # fmt: skip
    return (Ask(_request(_filled(cls), 26), RowPlan("netlink routes", cls, columns, RouteRow)),)


def gateway(raw: bytes) -> str | None:
    """The address of a RTA_GATEWAY, or of a RTA_VIA (``struct rtvia``: a family before the address).

    >>> gateway(bytes((192, 0, 2, 1))), gateway(bytes((10, 0)) + bytes(15) + bytes((1,)))
    ('192.0.2.1', '::1')
    """
    return address(raw if len(raw) in (4, 16) else raw[2:])


def _hops(plan: RowPlan) -> Callable[[bytes], tuple[HopRow, ...]]:
    """Reads the ``struct rtnexthop`` of a RTA_MULTIPATH."""

    def value(raw: bytes) -> tuple[HopRow, ...]:
        rows: list[HopRow] = []
        take, buffer, at = plan.into(rows), bytearray(raw), 0
        while at + 8 <= len(raw):
            size = int.from_bytes(raw[at : at + 2], _ORDER)
            if size < 8 or at + size > len(raw):
                raise Malformed("netlink routes", f"a hop of {size} bytes where {len(raw) - at} are left")
            take(buffer, at, at + size, at + size)  # no netlink header, so one at a time
            at += (size + 3) & -4
        return tuple(rows)

    return value


_ORDER: Any = "little" if _socket.htons(1) != 1 else "big"


def _listeners(private: bool) -> tuple[Ask, ...]:
    request = message_class("netlink.diag", "inet_diag_req", private)
    answer = message_class("netlink.diag", "inet_diag_msg", private)
    asks = []
    for family in (AF_INET, AF_INET6):
        message = _filled(request, sdiag_family=family, sdiag_protocol=_TCP, idiag_states=1 << _LISTEN)
        source = Column(("idiag_src",), remembered(_bound_to(family)))
        columns = _columns(
            "idiag_family", "idiag_sport", source, "idiag_if", "idiag_uid", "idiag_inode", "INET_DIAG_SKV6ONLY"
        )
        asks.append(Ask(_request(message, 20), RowPlan("netlink listeners", answer, columns, ListenerRow)))
    return tuple(asks)


def _bound_to(family: int) -> Callable[[bytes], str]:
    """Reads ``idiag_src``, 16 bytes of which IPv4 uses 4."""
    used, show = 4 if family == AF_INET else 16, _socket.inet_ntop

    def value(raw: bytes) -> str:
        return show(family, raw[:used])

    return value


def _families(private: bool) -> tuple[Ask, ...]:
    cls = message_class("netlink", "ctrlmsg", private)
    columns = _columns("CTRL_ATTR_FAMILY_ID", "CTRL_ATTR_FAMILY_NAME", "CTRL_ATTR_VERSION")
    message = _filled(cls, cmd=3, version=1)
    return (Ask(_request(message, 16), RowPlan("netlink genl_families", cls, columns, FamilyRow)),)


def _internet(rows: list[Any]) -> list[Any]:
    """Of IPv4 and IPv6: with the family left open the kernel also tells multicast routes, MPLS and others."""
    if set(map(itemgetter(0), rows)) <= {AF_INET, AF_INET6}:  # as a rule, and it costs next to nothing to know
        return rows
    return [row for row in rows if row.family in (AF_INET, AF_INET6)]


def _no_clones(rows: list[RouteRow]) -> list[RouteRow]:
    """Without cached clones: ip-route(8) hides them too; kernels that know no strict checking tell them for IPv6."""
    rows = _internet(rows)
    if any(flags & RTM_F_CLONED for flags in set(map(itemgetter(5), rows))):
        return [row for row in rows if not row.flags & RTM_F_CLONED]
    return rows


NFNETLINK = "netlink.nfnetlink"
NFTSOCKET = f"{NFNETLINK}.nftsocket"
NETFILTER = 12
"""NETLINK_NETFILTER, the protocol."""
NFTABLES = 10
"""NFNL_SUBSYS_NFTABLES, the upper byte of a message's type."""
GET_CHAIN, GET_RULE = 4, 7

RULES = "nft_rules "
"""Begins the name of the rules of one chain: family, a blank, table, a NUL (names may hold all but that), chain."""


def _chains(private: bool) -> tuple[Ask, ...]:
    def plan() -> RowPlan:
        from nodecheck.host.netlink import nft

        cls = message_class(NFTSOCKET, "nft_chain_msg", private)
        return RowPlan("netlink nft_chains", cls, nft.chain_columns(cls), ChainRow)

    # The request is the fixed part alone. The classes of nf_tables, a twentieth of a run, are for what comes back.
    fixed = message_class(NFNETLINK, "nfgen_msg", private)
    return (Ask(_request(_filled(fixed), NFTABLES << 8 | GET_CHAIN), LatePlan(plan)),)


def _rules(name: str, private: bool) -> NetlinkTable:
    """The rules of one chain; kernels before 4.7 ignore which, so that others are left out here."""
    from nodecheck.host.netlink import nft

    cls = message_class(NFTSOCKET, "nft_rule_msg", private)
    family, _, place = name.removeprefix(RULES).partition(" ")
    table, _, chain = place.partition("\0")
    wanted = (nft.family_number(family), table, chain)

    def ask(private: bool) -> tuple[Ask, ...]:
        message = _filled(cls, "NFTA_RULE_TABLE", "NFTA_RULE_CHAIN", nfgen_family=wanted[0])
        message["attrs"] += [("NFTA_RULE_TABLE", table), ("NFTA_RULE_CHAIN", chain)]
        request = _request(message, NFTABLES << 8 | GET_RULE)
        return (Ask(request, RowPlan("netlink nft_rules", cls, nft.rule_columns(cls), RuleRow)),)

    return NetlinkTable(NETFILTER, ask, lambda rows: [row for row in rows if row[:3] == wanted])


_TABLES = {
    "links": NetlinkTable(0, _links),
    "addresses": NetlinkTable(0, _addresses, _internet),
    "routes": NetlinkTable(0, _routes, _no_clones),
    "listeners": NetlinkTable(4, _listeners),
    "genl_families": NetlinkTable(16, _families),
    "nft_chains": NetlinkTable(NETFILTER, _chains),
}


@lru_cache(maxsize=16)
def asks(table: str, private: bool = True) -> tuple[Ask, ...]:
    """The dumps that make up a table. Raises Unsupported where there is no usable pyroute2."""
    return table_of(table, private).asks(private)


def table_of(name: str, private: bool = True) -> NetlinkTable:
    """The table of that name; raises KeyError."""
    if name.startswith(RULES):
        return _rules(name, private)
    return _TABLES[name]
