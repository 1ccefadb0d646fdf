"""Network interfaces and their addresses, as the kernel lists them now (rtnetlink(7))."""

from __future__ import annotations

from nodecheck.errors import Denied, Unsupported
from nodecheck.host import Host
from nodecheck.host.netlink import AddressRow, LinkRow
from nodecheck.model.sources import Dir, Exists, File, Netlink, Sources
from nodecheck.record import NamedTuple

__all__ = ["AddressRow", "Addresses", "LinkRow", "Links", "is_usable", "spelt", "told_link"]

IFF_UP = 0x1
IFF_LOOPBACK = 0x8
IFF_LOWER_UP = 0x10000

IFA_F_DADFAILED = 0x08
IFA_F_TENTATIVE = 0x40
RT_SCOPE_SITE = 200
"""Scopes above this one hold for one link or for the host alone."""

_FLAGS = ((IFF_UP, "UP"), (IFF_LOWER_UP, "LOWER_UP"), (IFF_LOOPBACK, "LOOPBACK"))


class Links(NamedTuple):
    """The network interfaces."""

    rows: tuple[LinkRow, ...] = ()
    source: str = "netlink links"

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.network.kernel_files import NET_CLASS, link_sources

        return (Netlink("links"), Dir(NET_CLASS), Exists(f"{NET_CLASS}/*/master"), *link_sources())

    @classmethod
    def read(cls, host: Host) -> Links:
        """By netlink; where the kernel refuses that, by sysfs."""
        try:
            return cls(host.netlink("links"))
        except (Unsupported, Denied):
            from nodecheck.facts.network.kernel_files import NET_CLASS, links_by_files

            found = links_by_files(host)
            if found is None:
                raise
            return cls(found, NET_CLASS)

    def named(self, name: str) -> LinkRow | None:
        """The interface of that name."""
        return next((row for row in self.rows if row.name == name), None)

    def at(self, ifindex: int | None) -> LinkRow | None:
        """The interface with that number."""
        return next((row for row in self.rows if row.ifindex == ifindex), None)


class Addresses(NamedTuple):
    """The addresses of all interfaces, IPv4 and IPv6."""

    rows: tuple[AddressRow, ...] = ()
    source: str = "netlink addresses"

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.network.kernel_files import ADDRESSES6, ROUTE, ROUTE6, TRIE, link_sources

        files = tuple(map(File, (TRIE, ADDRESSES6, ROUTE, ROUTE6)))
        return (Netlink("addresses"), *files, *link_sources(), Exists("/proc/net"))

    @classmethod
    def read(cls, host: Host) -> Addresses:
        """By netlink; where the kernel refuses that, by the files that say the same."""
        try:
            return cls(host.netlink("addresses"))
        except (Unsupported, Denied):
            from nodecheck.facts.network.kernel_files import TRIE, addresses_by_files

            found = addresses_by_files(host)
            if found is None:
                raise
            return cls(found, TRIE)

    def of(self, ifindex: int) -> tuple[AddressRow, ...]:
        """The addresses of one interface."""
        return tuple(row for row in self.rows if row.ifindex == ifindex)

    def holder(self, address: str) -> AddressRow | None:
        """The row of an address in its one spelling, if this node has it."""
        return next((row for row in self.rows if row.address == address), None)


def is_usable(row: AddressRow) -> bool:
    """Whether others can reach the node by it: no link-local or host address, duplicate detection passed (RFC 4862).

    >>> is_usable(AddressRow(2, 24, 0x80, 0, 4, "192.0.2.2")), is_usable(AddressRow(10, 64, 0x80, 253, 4, "fe80::1"))
    (True, False)
    """
    return row.scope <= RT_SCOPE_SITE and not row.flags & (IFA_F_DADFAILED | IFA_F_TENTATIVE)


def told_link(link: LinkRow) -> str:
    """One line that says how a link is, as ``ip link`` would.

    >>> told_link(LinkRow(4, 0x10001, "eth0", 1400, "UP", None, None, None, None))
    'eth0: <UP,LOWER_UP> mtu 1400 state UP'
    """
    flags = ",".join(name for flag, name in _FLAGS if link.flags & flag)
    return f"{link.name}: <{flags}> mtu {link.mtu} state {link.operstate}"


def spelt(address: str) -> str | None:
    """The one spelling of an IP address, as rows have it; None for what is none.

    >>> spelt("FD00:0::2"), spelt("192.0.2.2"), spelt("eth0")
    ('fd00::2', '192.0.2.2', None)
    """
    import _socket

    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            return _socket.inet_ntop(family, _socket.inet_pton(family, address))
        except (OSError, ValueError):
            continue
    return None
