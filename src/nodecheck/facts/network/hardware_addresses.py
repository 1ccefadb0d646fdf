"""The hardware addresses of a node's own network interfaces, of which only derived values are kept."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.network.links import IFF_LOOPBACK, LinkRow, Links
from nodecheck.host import Host
from nodecheck.host.link_address import LEFT_OUT, PLACEHOLDERS, address_bytes
from nodecheck.model.sources import Exists, Sources
from nodecheck.record import NamedTuple

ZEROS, GROUP, VALID = "all zeros", "a group address", "valid"
_INTERFACES = "/sys/class/net"
_ETHERNET = 6
"""Bytes of an address."""
_RADIO = ("wlan", "wwan")
"""Kinds of hardware in the ``uevent`` files of sysfs, where others have none."""


class HardwareAddress(NamedTuple):
    """One interface that is hardware, and has an address of Ethernet."""

    name: str
    state: str
    """``valid``, ``all zeros``, ``a group address``, ``left out`` of a capture, or an address that many machines
    have."""
    derived: str | None = None
    """Derived from one that is valid: twelve hexadecimal digits."""
    alone: bool = True
    """It belongs to no bond, bridge or other interface, and lies on none: those share an address rightly."""


class HardwareAddresses(NamedTuple):
    """Those of a node that runs."""

    rows: tuple[HardwareAddress, ...] = ()
    source: str = "netlink links"

    @classmethod
    def reads(cls) -> Sources:
        return (Exists(f"{_INTERFACES}/*"),)

    @classmethod
    def read(cls, host: Host, links: Links) -> HardwareAddresses:
        """Of the links that the kernel lists. Raises what hides them."""
        rows = [found for row in links.rows if (found := _of(host, row)) is not None]
        return cls(tuple(rows), links.source)


def _of(host: Host, row: LinkRow) -> HardwareAddress | None:
    if row.address is None or row.flags & IFF_LOOPBACK or row.kind not in (None, *_RADIO):
        return None
    raw = address_bytes(row.address)
    if (raw is None or len(raw) != _ETHERNET) and row.address != LEFT_OUT:
        return None
    if _is_virtual(host, row.name):
        return None
    alone = row.master is None and row.lower is None
    if raw is None:
        return HardwareAddress(row.name, LEFT_OUT, alone=alone)
    state = ZEROS if not any(raw) else GROUP if raw[0] & 1 else VALID
    if row.address in PLACEHOLDERS:
        state = row.address
    return HardwareAddress(row.name, state, raw.hex() if state == VALID else None, alone)


def _is_virtual(host: Host, name: str) -> bool:
    """Whether sysfs has it among the devices that are no hardware; not where there is no sysfs."""
    try:
        target = host.link(f"{_INTERFACES}/{name}")
    except FactError:
        return False
    return target is not None and "/virtual/" in target
