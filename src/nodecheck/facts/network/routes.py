"""Routes, as the kernel lists them now (rtnetlink(7))."""

from __future__ import annotations

from nodecheck.errors import Denied, Unsupported
from nodecheck.host import Host
from nodecheck.host.netlink import HopRow, RouteRow
from nodecheck.model.sources import Exists, File, Netlink, Sources
from nodecheck.record import NamedTuple

__all__ = [
    "Choice", "HopRow", "RouteRow", "Routes", "chosen", "hops_of", "in_order", "is_dead", "is_reject", "leads_out",
    "told_route",
]  # fmt: skip

AF_INET, AF_INET6 = 2, 10
MAIN = 254
RTN_UNICAST = 1
RTNH_F_DEAD = 0x1
RTNH_F_LINKDOWN = 0x10

_REJECTS = {6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}


class Routes(NamedTuple):
    """The routes of all tables, IPv4 and IPv6."""

    rows: tuple[RouteRow, ...] = ()
    source: str = "netlink routes"

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.network.kernel_files import ROUTE, ROUTE6, link_sources

        return (Netlink("routes"), File(ROUTE), File(ROUTE6), *link_sources(), Exists("/proc/net"))

    @classmethod
    def read(cls, host: Host) -> Routes:
        """By netlink; where the kernel refuses that, by the files that say the same of table ``main``."""
        try:
            return cls(host.netlink("routes"))
        except (Unsupported, Denied):
            from nodecheck.facts.network.kernel_files import ROUTE, routes_by_files

            found = routes_by_files(host)
            if found is None:
                raise
            return cls(found, ROUTE)

    @property
    def defaults(self) -> tuple[RouteRow, ...]:
        """The routes to everywhere, of whatever table and type."""
        return tuple(row for row in self.rows if row.prefix_length == 0 and row.type in (RTN_UNICAST, *_REJECTS))


def hops_of(route: RouteRow) -> tuple[HopRow, ...]:
    """The hops of a route, one or several (a route by a nexthop object may tell none)."""
    if route.hops:
        return route.hops
    return () if route.interface is None else (HopRow(route.flags & 0xFF, route.interface, route.gateway),)


def is_dead(hop: HopRow) -> bool:
    """Whether nothing goes by this hop, its link being down. One without a carrier is still used, unless
    ``ignore_routes_with_linkdown`` is set, and then the kernel marks it dead too (Linux ip-sysctl)."""
    return bool(hop.flags & RTNH_F_DEAD)


def leads_out(route: RouteRow) -> bool:
    """Whether packets go by a route: of the main table, no blackhole and the like, and not all of its hops dead."""
    hops = hops_of(route)
    return route.table == MAIN and route.type == RTN_UNICAST and (not hops or not all(is_dead(hop) for hop in hops))


def is_reject(route: RouteRow) -> bool:
    """Whether the kernel throws away what goes by a route: ``blackhole``, ``unreachable``, ``prohibit``, ``throw``."""
    return route.type in _REJECTS


def in_order(routes: Routes, family: int) -> tuple[RouteRow, ...]:
    """The default routes of table ``main`` and of a family by their metric, as the kernel tries and tells them."""
    rows = [row for row in routes.defaults if row.table == MAIN and row.family == family]
    return tuple(sorted(rows, key=lambda row: row.priority or 0))


class Choice(NamedTuple):
    """What ``ChooseHostInterface`` of Kubernetes comes to among the default routes."""

    route: RouteRow | None = None
    reject: RouteRow | None = None
    """A route that throws away stands before every one that leads out."""
    bare: RouteRow | None = None
    """An IPv6 route that leads out without a gateway, which Kubernetes passes over."""


def chosen(routes: Routes) -> Choice:
    """The default route that Kubernetes takes the node's address by: IPv4's first, then IPv6's with a gateway.

    Of IPv4 ``/proc/net/route`` tells reject routes too, with ``*`` for an interface: there Kubernetes gives up. Of IPv6
    it passes over what has no gateway, reject routes too; but the kernel stops at these.
    """
    for row in in_order(routes, AF_INET):
        if is_reject(row) or leads_out(row):
            return Choice(reject=row) if is_reject(row) else Choice(row)
    bare = None
    for row in in_order(routes, AF_INET6):
        if is_reject(row) and bare is None:
            return Choice(reject=row)
        if leads_out(row) and _has_gateway(row):
            return Choice(row)
        bare = bare or (row if leads_out(row) else None)
    return Choice(bare=bare)


def _has_gateway(route: RouteRow) -> bool:
    """Whether a hop has one; of a nexthop object that the kernel does not spell out it is not known."""
    hops = hops_of(route)
    return not hops or any(hop.gateway for hop in hops)


def told_route(route: RouteRow, names: dict[int, str]) -> str:
    """A default route as ``ip route`` would say it; ``names`` are those of interfaces by number.

    >>> told_route(RouteRow(2, 0, 254, 3, 1, 0, None, 4, "192.0.2.1", None, None, None), {4: "eth0"})
    'default via 192.0.2.1 dev eth0'
    """
    words = [_REJECTS[route.type]] if route.type in _REJECTS else []
    words.append("default")
    words += [_told_hop(hop, names) for hop in hops_of(route)]
    if route.nexthop_id is not None and not hops_of(route):
        words.append(f"nhid {route.nexthop_id}")
    if route.table != MAIN:
        words.append(f"table {route.table}")
    return " ".join(words)


def _told_hop(hop: HopRow, names: dict[int, str]) -> str:
    via = "" if hop.gateway is None else f"via {hop.gateway} "
    dead = " dead" * is_dead(hop) + " linkdown" * bool(hop.flags & RTNH_F_LINKDOWN)
    return f"{via}dev {names.get(hop.interface, f'number {hop.interface}')}{dead}"
