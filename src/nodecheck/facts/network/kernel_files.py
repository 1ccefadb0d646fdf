"""Links, routes and addresses out of procfs and sysfs, for where netlink cannot be asked.

They say less than rtnetlink(7): routes of table ``main`` alone for IPv4, no protocol of a route, one hop of several,
no scope of an IPv4 address. An address of 169.254.0.0/16 counts as one of its link.
"""

from __future__ import annotations

import _socket
import re
from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, Denied, FactError, NotCaptured, Offline, ParseError, Unsupported
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.host.link_address import LEFT_OUT, derived_address
from nodecheck.host.netlink import AddressRow, LinkRow, RouteRow
from nodecheck.model.sources import File, Sources

NET_CLASS = "/sys/class/net"
ROUTE, ROUTE6 = "/proc/net/route", "/proc/net/ipv6_route"
TRIE, ADDRESSES6 = "/proc/net/fib_trie", "/proc/net/if_inet6"

LINK_FILES = ("ifindex", "flags", "mtu", "operstate", "carrier", "iflink", "uevent")
ADDRESS = "address"

_LIMIT = 8 << 20
_IFF_LOWER_UP = 0x10000
_GATEWAY, _REJECT = 0x2, 0x200
"""``RTF_GATEWAY`` and ``RTF_REJECT`` (linux/route.h)."""
_OWN6 = 0x80000000 | 0x00100000 | 0x01000000
"""``RTF_LOCAL``, ``RTF_ANYCAST`` and ``RTF_CACHE`` (linux/ipv6_route.h): the kernel's own, and copies."""
_LEAST = 0xFFFFFFFF
"""The metric of the kernel's own last route, which rejects and which rtnetlink does not list."""
_UNICAST, _BLACKHOLE, _UNREACHABLE = 1, 6, 7
_MAIN = 254
_SCOPES = {0x00: 0, 0x10: 254, 0x20: 253, 0x40: 200}
"""``rt_scope`` by the scope of an IPv6 address (IPV6_ADDR_LOOPBACK and the like in net/ipv6.h)."""

_NOT_TOLD = (Absent, Offline, Unsupported)


def link_sources() -> Sources:
    """The files of :func:`links_by_files`."""
    return tuple([File(f"{NET_CLASS}/*/{name}") for name in (*LINK_FILES, ADDRESS)])


def links_by_files(host: Host) -> tuple[LinkRow, ...] | None:
    """The rows of sysfs's ``class/net``; None where there is none. Raises what the host raises."""
    try:
        names = host.names(NET_CLASS)
    except _NOT_TOLD:
        return None
    values = {name: {file: _value(host, f"{NET_CLASS}/{name}/{file}") for file in LINK_FILES} for name in names}
    numbers = {name: int(found["ifindex"]) for name, found in values.items() if found["ifindex"].isdigit()}
    rows = [
        _link_row(numbers, name, values[name], host.link(f"{NET_CLASS}/{name}/master"))._replace(
            address=link_address(host, name)
        )
        for name in numbers
    ]
    return tuple(sorted(rows))


def _link_row(numbers: Mapping[str, int], name: str, found: Mapping[str, str], master: str | None) -> LinkRow:
    own, lower = numbers[name], found["iflink"]
    kind = re.search(r"^DEVTYPE=(\S+)", found["uevent"], re.MULTILINE)
    return LinkRow(
        own,
        int(found["flags"] or "0", 16) | (_IFF_LOWER_UP if found["carrier"] == "1" else 0),
        name,
        int(found["mtu"]) if found["mtu"].isdigit() else None,
        found["operstate"].upper() or None,
        None,
        kind[1] if kind else None,
        None if master is None else numbers.get(master.rpartition("/")[2]),
        int(lower) if lower.isdigit() and int(lower) != own else None,
    )


def link_address(host: Host, name: str) -> str | None:
    """What sysfs says of a link's hardware address, derived; ``left out`` where a capture does not hold it.

    Read as a part of a file: of such nothing is kept as evidence. Raises Denied.
    """
    try:
        told = host.read_at(f"{NET_CLASS}/{name}/{ADDRESS}", 0, 4096).decode("utf-8", "surrogateescape").strip("\n")
    except NotCaptured:
        return LEFT_OUT
    except Denied:
        raise
    except FactError:
        return None
    return derived_address(told) or None


def _value(host: Host, path: str) -> str:
    """What a file of sysfs says; empty where it says nothing, as ``carrier`` of a link that is down (``EINVAL``).

    Raises Denied and NotCaptured: what nobody read says nothing of the link.
    """
    try:
        return text(host, path, 4096).strip("\n")
    except (Denied, NotCaptured):
        raise
    except FactError:
        return ""


def routes_by_files(host: Host) -> tuple[RouteRow, ...] | None:
    """The rows of ``/proc/net/route`` and ``ipv6_route``; None where the first is not there.

    Raises ParseError, and what the host raises.
    """
    try:
        ipv4 = text(host, ROUTE, _LIMIT)
        numbers = {row.name: row.ifindex for row in links_by_files(host) or ()}
        order = host.byte_order()
    except _NOT_TOLD:
        return None
    return (*parse_route(ipv4, numbers, order), *parse_ipv6_route(_text_or_nothing(host, ROUTE6), numbers))


def parse_route(source: str, numbers: Mapping[str, int], order: str) -> tuple[RouteRow, ...]:
    r"""Parse ``/proc/net/route``. An interface ``*`` is a route that throws packets away. Raises ParseError.

    >>> line = "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    >>> (row,) = parse_route("Iface\tDestination\n" + line, {"eth0": 4}, "little")
    >>> row.interface, row.gateway, row.priority
    (4, '192.0.2.1', 100)
    """
    rows = []
    for number, words in _words(source, skip=1):
        try:
            name, target, gateway, flags, metric, mask = words[0], words[1], words[2], words[3], words[6], words[7]
            bits = int(flags, 16)
            length = int(mask, 16).bit_count() if hasattr(int, "bit_count") else bin(int(mask, 16)).count("1")
            kind = _UNREACHABLE if bits & _REJECT else _BLACKHOLE if name == "*" else _UNICAST
            via = _ipv4(gateway, order) if bits & _GATEWAY else None
            destination = None if length == 0 else _ipv4(target, order)
            priority = int(metric) or None
        except (IndexError, ValueError) as error:
            raise ParseError(ROUTE, number, " ".join(words), "a route of eight columns") from error
        own = None if name == "*" else numbers.get(name)
        rows.append(RouteRow(2, length, _MAIN, 0, kind, 0, destination, own, via, priority, None, None))
    return tuple(rows)


def parse_ipv6_route(source: str, numbers: Mapping[str, int]) -> tuple[RouteRow, ...]:
    """Parse ``/proc/net/ipv6_route``, but for the kernel's own routes. Raises ParseError."""
    rows = []
    for number, words in _words(source):
        try:
            target, length, gateway, name = words[0], int(words[1], 16), words[4], words[9]
            metric, bits = int(words[5], 16), int(words[8], 16)
            if bits & _OWN6 or (bits & _REJECT and metric == _LEAST):
                continue
            kind = _UNREACHABLE if bits & _REJECT else _UNICAST
            via = _ipv6(gateway) if bits & _GATEWAY else None
            destination = None if length == 0 else _ipv6(target)
        except (IndexError, ValueError) as error:
            raise ParseError(ROUTE6, number, " ".join(words), "a route of ten columns") from error
        own = numbers.get(name)
        rows.append(RouteRow(10, length, _MAIN, 0, kind, 0, destination, own, via, metric or None, None, None))
    return tuple(rows)


def addresses_by_files(host: Host) -> tuple[AddressRow, ...] | None:
    """The rows of ``fib_trie``, by the routes whose network holds an address, and of ``if_inet6``; None where the first
    is not there. Raises ParseError, and what the host raises."""
    try:
        trie = text(host, TRIE, _LIMIT)
    except _NOT_TOLD:
        return None
    routes = [row for row in routes_by_files(host) or () if row.family == 2 and row.gateway is None and row.interface]
    own = [_address_row(address, routes) for address in local_addresses(trie)]
    return (*own, *parse_if_inet6(_text_or_nothing(host, ADDRESSES6)))


def local_addresses(trie: str) -> tuple[str, ...]:
    r"""This node's own IPv4 addresses in ``/proc/net/fib_trie``.

    >>> local_addresses("  |-- 192.0.2.2\n     /32 host LOCAL\n  |-- 192.0.2.255\n     /32 link BROADCAST\n")
    ('192.0.2.2',)
    """
    found: dict[str, None] = {}
    last = ""
    for line in trie.split("\n"):
        leaf = re.search(r"\|-- (\S+)", line)
        last = leaf[1] if leaf else last
        if "/32 host LOCAL" in line and last:
            found[last] = None
    return tuple(found)


def _address_row(address: str, routes: list[RouteRow]) -> AddressRow:
    if address.startswith("127."):
        return AddressRow(2, 8, 0x80, 254, 1, address)
    number = int.from_bytes(_socket.inet_pton(_socket.AF_INET, address), "big")
    inside = [row for row in routes if row.destination is not None and _holds(row, number)]
    if not inside:
        return AddressRow(2, 32, 0x80, 0, 0, address)
    best = max(inside, key=lambda row: row.prefix_length)
    scope = 253 if address.startswith("169.254.") else 0
    return AddressRow(2, best.prefix_length, 0x80, scope, best.interface or 0, address)


def _holds(row: RouteRow, number: int) -> bool:
    network = int.from_bytes(_socket.inet_pton(_socket.AF_INET, row.destination or ""), "big")
    return number >> (32 - row.prefix_length) == network >> (32 - row.prefix_length)


def parse_if_inet6(source: str) -> tuple[AddressRow, ...]:
    r"""Parse ``/proc/net/if_inet6``. Raises ParseError.

    >>> parse_if_inet6("fe800000000000000000000000000001 02 40 20 80 eth0\n")
    (AddressRow(family=10, prefix_length=64, flags=128, scope=253, ifindex=2, address='fe80::1'),)
    """
    rows = []
    for number, words in _words(source):
        try:
            index, length, scope, flags = [int(word, 16) for word in words[1:5]]
            rows.append(AddressRow(10, length, flags, _SCOPES.get(scope, 0), index, _ipv6(words[0])))
        except (IndexError, ValueError) as error:
            raise ParseError(ADDRESSES6, number, " ".join(words), "an address of six columns") from error
    return tuple(rows)


def _words(source: str, skip: int = 0) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(source.split("\n"), 1):
        if number > skip and line.strip(" \t"):
            yield number, re.split("[ \t]+", line.strip(" \t"))


def _text_or_nothing(host: Host, path: str) -> str:
    """A kernel without IPv6 has no such file."""
    try:
        return text(host, path, _LIMIT)
    except _NOT_TOLD:
        return ""


def _ipv4(word: str, order: str) -> str:
    """An address as the kernel prints the number that it is in memory."""
    number = int(word, 16)
    return _socket.inet_ntop(_socket.AF_INET, number.to_bytes(4, "little" if order == "little" else "big"))


def _ipv6(word: str) -> str:
    if len(word) != 32:
        raise ValueError(word)
    return _socket.inet_ntop(_socket.AF_INET6, bytes.fromhex(word))
