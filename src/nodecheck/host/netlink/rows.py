"""The rows of the tables. Plain values: no netlink message travels further.

Numbers are the kernel's (``linux/if.h``, ``linux/if_addr.h``, ``linux/if_link.h``, ``linux/rtnetlink.h``,
``linux/inet_diag.h``, ``linux/genetlink.h``, ``linux/netfilter/nf_tables.h``); ``family`` is 2 for IPv4 and 10 for
IPv6.
"""

from __future__ import annotations

from nodecheck.record import NamedTuple


class LinkRow(NamedTuple):
    """A network interface (RTM_GETLINK)."""

    ifindex: int
    flags: int
    """``IFF_UP`` 1, ``IFF_LOOPBACK`` 8, ``IFF_RUNNING`` 0x40, ``IFF_LOWER_UP`` 0x10000 …"""
    name: str
    mtu: int | None
    operstate: str | None
    """``UP``, ``DOWN``, ``UNKNOWN``, ``LOWERLAYERDOWN``, ``DORMANT``, ``TESTING``, ``NOTPRESENT`` (RFC 2863)."""
    address: str | None
    """Its hardware address; what a host gives is derived from it (:mod:`nodecheck.host.link_address`)."""
    kind: str | None
    """``bridge``, ``veth``, ``dummy`` …; None for hardware."""
    master: int | None
    """The index of the bridge or bond that it belongs to."""
    lower: int | None
    """The index of the link below a VLAN or a tunnel, or a veth's peer."""


class AddressRow(NamedTuple):
    """An address of an interface (RTM_GETADDR)."""

    family: int
    prefix_length: int
    flags: int
    """``IFA_F_TENTATIVE`` 0x40, ``IFA_F_DADFAILED`` 8, ``IFA_F_DEPRECATED`` 0x20 …"""
    scope: int
    ifindex: int
    """Of the interface."""
    address: str | None
    """The interface's own address (on a point-to-point link not the peer's)."""


class HopRow(NamedTuple):
    """One hop of a route with several (RTA_MULTIPATH)."""

    flags: int
    """``RTNH_F_DEAD`` 1, ``RTNH_F_LINKDOWN`` 0x10 …"""
    interface: int
    gateway: str | None


class RouteRow(NamedTuple):
    """A route (RTM_GETROUTE)."""

    family: int
    prefix_length: int
    table: int
    """254 is ``main``, 255 ``local``."""
    protocol: int
    type: int
    """``RTN_UNICAST`` 1, ``RTN_BLACKHOLE`` 6, ``RTN_UNREACHABLE`` 7, ``RTN_PROHIBIT`` 8 …"""
    flags: int
    destination: str | None
    """None: every address of the family."""
    interface: int | None
    gateway: str | None
    priority: int | None
    hops: tuple[HopRow, ...] | None
    """None where there is one hop, and it is told by ``interface`` and ``gateway``."""
    nexthop_id: int | None
    """A nexthop object; the kernel tells its interface too, unless ``net.ipv4.nexthop_compat_mode`` is 0."""


class ListenerRow(NamedTuple):
    """A TCP socket that listens (inet_diag)."""

    family: int
    port: int
    address: str
    interface: int
    """The index of the interface that it is bound to, 0 for any."""
    uid: int
    inode: int
    v6only: int | None
    """1: takes no IPv4 connections; None for an IPv4 socket."""


class FamilyRow(NamedTuple):
    """A generic netlink family that the kernel has registered now (CTRL_CMD_GETFAMILY, listed: a question by name
    may load a module)."""

    id: int
    name: str
    version: int | None


class ChainRow(NamedTuple):
    """A chain of nf_tables (NFT_MSG_GETCHAIN), also one that ``iptables-nft`` made."""

    family: int
    """1 ``inet``, 2 ``ip``, 3 ``arp``, 5 ``netdev``, 7 ``bridge``, 10 ``ip6``."""
    table: str
    name: str
    type: str | None
    """``filter``, ``nat``, ``route``; None for a chain that only jumps lead to."""
    hook: int | None
    """The number of the hook that a base chain hangs at; None for any other chain."""
    policy: int | None
    """Of a base chain: 0 drops, 1 accepts."""
    use: int | None
    """Rules in it, and jumps to it."""


class NftVerdict(NamedTuple):
    """What an expression of a rule does with a packet."""

    kind: str
    """``drop``, ``accept``, ``reject``, ``jump``, ``goto``, ``return``, ``queue``, ``vmap`` (a map decides), or the
    name of an iptables target in small letters."""
    chain: str = ""
    """Where ``jump`` and ``goto`` lead."""
    conditional: bool = False
    """The rule matches some packets only."""


class RuleRow(NamedTuple):
    """A rule of nf_tables (NFT_MSG_GETRULE): where it is, and its verdicts."""

    family: int
    table: str
    chain: str
    verdicts: tuple[NftVerdict, ...] | None
