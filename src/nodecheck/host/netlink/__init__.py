"""The kernel's own tables by netlink: links, addresses, routes, listening sockets, generic netlink families.

Read through pyroute2's message classes, without its sockets and without ``import pyroute2``: see :mod:`.view` for the
loading, :mod:`.tables` for what is asked, :mod:`.rows` for what is kept, :mod:`.decode` and :mod:`.atoms` for
messages into rows, :mod:`.wire` for the sockets.
"""

from __future__ import annotations

from collections.abc import Sequence

from nodecheck.errors import FactError, Malformed
from nodecheck.host.netlink.rows import AddressRow, ChainRow, FamilyRow, HopRow, LinkRow, ListenerRow, RouteRow, RuleRow
from nodecheck.typed import Any

TABLES = ("links", "addresses", "routes", "listeners", "genl_families")
FIREWALL = "nft_chains"
"""Needs CAP_NET_ADMIN, and so do the rules of one chain: ``nft_rules inet filter``, a NUL and its name."""

TIMEOUT_S = 5.0
BUFFER = 1 << 16

__all__ = [
    "FIREWALL",
    "TABLES",
    "AddressRow",
    "ChainRow",
    "FamilyRow",
    "HopRow",
    "LinkRow",
    "ListenerRow",
    "RouteRow",
    "RuleRow",
    "dump",
    "rows_of",
]


def dump(table: str, *, timeout_s: float = TIMEOUT_S, private: bool = True, buffer: int = BUFFER) -> tuple[Any, ...]:
    """The rows of a table, as the kernel lists them in the network namespace of this thread.

    ``private=False`` takes pyroute2's classes by the plain import. Listing sockets may make the kernel load
    ``inet_diag`` and ``tcp_diag``, as ``ss`` does. Raises Denied, Unsupported (the kernel has no such table), TimedOut
    (not within ``timeout_s`` seconds for each dump), TooLarge, Malformed.
    """
    source = f"netlink {table}".replace("\0", " ")
    if table not in TABLES and table != FIREWALL and not table.startswith("nft_rules "):
        raise FactError(source, f"no such table; there are {', '.join(TABLES)}")
    from nodecheck.host.netlink.tables import asks, table_of

    spec = table_of(table)
    found: list[Any] = []
    for ask in asks(table, private):
        found += _rows(source, spec.protocol, ask, timeout_s, buffer)
    if spec.keep is not None:
        found = spec.keep(found)
    return tuple(found)


def rows_of(table: str, dumps: Sequence[Sequence[bytes] | int], keep: bool = True) -> tuple[Any, ...]:
    """The rows of a table out of the datagrams of each of its dumps, or an errno, as somebody else received them from a
    kernel of this machine's byte order; without ``keep`` also rows of other tables in them. Raises what :func:`dump`
    raises."""
    import struct

    from nodecheck.host.netlink import wire
    from nodecheck.host.netlink.tables import asks, table_of

    source = f"netlink {table}".replace("\0", " ")
    spec, found = table_of(table), list[Any]()
    for ask, datagrams in zip(asks(table), dumps):
        if isinstance(datagrams, int):
            raise wire.refused(source, datagrams)
        try:
            wire.replayed(source, datagrams, wire.HEADER.unpack_from(ask.request)[3], ask.plan.into(found))
        except struct.error as error:
            raise Malformed(source, f"a message that cannot be read: {error}") from error
    return tuple(spec.keep(found) if keep and spec.keep is not None else found)


def _rows(source: str, protocol: int, ask: Any, timeout_s: float, buffer: int) -> list[Any]:
    import struct

    from nodecheck.host.netlink import wire

    rows: list[Any] = []

    def begin() -> Any:
        rows.clear()
        return ask.plan.into(rows)

    try:
        wire.dump(source, protocol, ask.request, begin, timeout_s, buffer)
    except struct.error as error:
        raise Malformed(source, f"a message that cannot be read: {error}") from error
    return rows
