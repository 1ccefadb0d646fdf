"""The hardware addresses of a node's network interfaces."""

from __future__ import annotations

from nodecheck.checking import Outcome, Results, check, fail, ok, seen, skip
from nodecheck.facts import HardwareAddresses
from nodecheck.facts.network.hardware_addresses import VALID, HardwareAddress
from nodecheck.fix import by_hand
from nodecheck.host.link_address import LEFT_OUT, PLACEHOLDERS

WANTED = "an address that no other interface has"


@check(tags=["identity", "kubeadm", "network"], topic="network", by_host=True)
def mac_address(found: HardwareAddresses) -> Results:
    """The hardware addresses of the node's interfaces are valid, and no other interface has them.

    ## Why it matters
    kubeadm's documentation asks for a unique MAC address on every node. Two that are equal in one network take each
    other's packets, and DHCP may give both the same IP address.

    ## What it looks at
    Interfaces that are hardware, or that the hypervisor gives, as the kernel lists them. What is virtual on the node
    itself (bridges, bonds, VLANs, macvlan, veth, tunnels) is not judged.

    - An address of zeros, or of a group, is none.
    - An address that many machines have is one that QEMU gives where nobody else does (`52:54:00:12:34:56`), one of
      USB adapters without a memory, or an example.
    - Two interfaces of the node do not share one. The parts of a bond, of a bridge, and of a network card that fails
      over do so rightly.

    Of a valid one only a derived value is shown, and captures hold that. Equal addresses give equal values: the reports
    of two nodes show whether one is a clone. An address has few digits: who tries them all finds it, so that
    `capture --redact` changes the derived ones too. An IPv6 address that is made of it still has it.

    Skipped where no interface is hardware. A capture that a script made without Python leaves addresses out, and is
    skipped too.

    ## How to fix it
    Give a cloned virtual machine a new address in its hypervisor. Elsewhere `MACAddress=` in a `.link` file of systemd
    sets one.

    ## Sources
    kubeadm's "Installing kubeadm" (unique MAC address and product_uuid); include/linux/etherdevice.h
    (`is_valid_ether_addr`); QEMU net/net.c (`qemu_macaddr_default_if_unset`); kubernetes/kubeadm#31; systemd.link(5).
    """
    if not found.rows:
        evidence = [seen(found.source, "no interface that is hardware")]
        yield skip("no network interface of this node is hardware", code="not-found", evidence=evidence)
    first: dict[str, str] = {}
    for row in found.rows:
        other = first.get(row.derived) if row.derived is not None and row.alone else None
        if row.derived is not None and row.alone:
            first.setdefault(row.derived, row.name)
        yield judged(row, other, found.source)


def judged(row: HardwareAddress, other: str | None, source: str) -> Outcome:
    """One interface; ``other`` has the same address."""
    told = row.state if row.derived is None else f"{row.state}, derived: {row.derived}"
    evidence = [seen(source, f"{row.name}: {told}")]
    if row.state == LEFT_OUT:
        message = f"the address of {row.name} is left out of the capture"
        return skip(message, code="not-captured", subject=row.name, evidence=evidence)
    if row.state == VALID and other is None:
        message = f"{row.name} has a hardware address"
        return ok(message, subject=row.name, expected=WANTED, actual=row.derived, evidence=evidence)
    message = f"the hardware address of {row.name} is {row.state}"
    if other is not None:
        message = f"{row.name} has the hardware address of {other}"
    elif row.state in PLACEHOLDERS:
        message = f"{message}, which many machines have"
    fix = by_hand(
        f"Give {row.name} a hardware address of its own",
        f"Let the hypervisor give {row.name} a new one, or set MACAddress= of a .link file of systemd",
    )
    actual = row.derived or row.state
    return fail(message, subject=row.name, expected=WANTED, actual=actual, evidence=evidence, fix=fix)
