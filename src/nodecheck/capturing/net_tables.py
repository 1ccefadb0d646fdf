"""Addresses in the kernel's tables of ``/proc/net``, which are hexadecimal (proc(5))."""

from __future__ import annotations

import re
from collections.abc import Callable

from nodecheck.capturing.addresses import OtherAddresses

_PLACE = re.compile(r"/proc/(?:(?:[0-9]+|self|thread-self)/)?net/([a-z0-9_]+)")
_SOCKET = re.compile(r"(?<![0-9A-F])([0-9A-F]{32}|[0-9A-F]{8})(?=:[0-9A-F]{4}(?![0-9A-F]))")
_ROUTE = re.compile(r"^(\S+\t)([0-9A-F]{8})\t([0-9A-F]{8})((?:\t[^\t\n]*){4})\t([0-9A-F]{8})", re.MULTILINE)
_IPV6 = re.compile(r"(?<![0-9a-f])([0-9a-f]{32})(?![0-9a-f])(?: ([0-9a-f]{2}) )?")
_IF_INET6 = re.compile(r"^([0-9a-f]{32})(?= )", re.MULTILINE)

Table = Callable[[str, OtherAddresses], str]


def table_at(path: str) -> Table | None:
    """How the addresses of a table are replaced; None for what holds none, or none in this form.

    >>> table_at("/proc/1/net/tcp6") is not None, table_at("/proc/net/fib_trie"), table_at("/etc/hosts")
    (True, None, None)
    """
    found = _PLACE.fullmatch(path)
    return None if found is None else _TABLES.get(found[1])


def _sockets(text: str, addresses: OtherAddresses) -> str:
    def other(found: re.Match[str]) -> str:
        # words of 32 bits in the order of the machine: those of nodes are little-endian but for s390x
        raw = bytes.fromhex(found[1])
        words = b"".join([raw[at : at + 4][::-1] for at in range(0, len(raw), 4)])
        new = _number(words, addresses)
        return b"".join([new[at : at + 4][::-1] for at in range(0, len(new), 4)]).hex().upper()

    return _SOCKET.sub(other, text)


def _number(raw: bytes, addresses: OtherAddresses, length: int | None = None) -> bytes:
    change = addresses.number4 if len(raw) == 4 else addresses.number6
    width = 8 * len(raw)
    return change(int.from_bytes(raw, "big"), width if length is None else min(length, width)).to_bytes(len(raw), "big")


def _route(text: str, addresses: OtherAddresses) -> str:
    def other(found: re.Match[str]) -> str:
        length = bin(int(found[5], 16)).count("1")
        target = _number(bytes.fromhex(found[2])[::-1], addresses, length)[::-1].hex().upper()
        gateway = _number(bytes.fromhex(found[3])[::-1], addresses)[::-1].hex().upper()
        return f"{found[1]}{target}\t{gateway}{found[4]}\t{found[5]}"

    return _ROUTE.sub(other, text)


def _ipv6_route(text: str, addresses: OtherAddresses) -> str:
    def other(found: re.Match[str]) -> str:
        length = None if found[2] is None else int(found[2], 16)
        return _number(bytes.fromhex(found[1]), addresses, length).hex() + found[0][32:]

    return _IPV6.sub(other, text)


def _if_inet6(text: str, addresses: OtherAddresses) -> str:
    return _IF_INET6.sub(lambda found: _number(bytes.fromhex(found[1]), addresses).hex(), text)


_TABLES: dict[str, Table] = {
    **dict.fromkeys(("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6"), _sockets),
    "route": _route,
    "ipv6_route": _ipv6_route,
    "if_inet6": _if_inet6,
}
