"""Which firewalls are judged, and how bad it is that one is on."""

from __future__ import annotations

from nodecheck.checking import Lazy, Severity
from nodecheck.facts import Target
from nodecheck.facts.security.firewall_units import OTHER_FIREWALLS

FIREWALLS = ("firewalld", "iptables", "nftables", "ufw")

UNITS = {
    "firewalld": ("firewalld.service",),
    "iptables": (
        "iptables.service",
        "ip6tables.service",
        "netfilter-persistent.service",
        "iptables-restore.service",
        "ip6tables-restore.service",
        *OTHER_FIREWALLS,
    ),
    "nftables": ("nftables.service",),
    "ufw": ("ufw.service",),
}

EXPECTED = "off"


def firewall_text(text: str) -> str:
    """The one spelling of a firewall; ip6tables, Shorewall and CSF are parts of iptables. Raises ValueError."""
    name = text.removesuffix(".service")
    name = "iptables" if f"{name}.service" in UNITS["iptables"] else name
    if name not in FIREWALLS:
        raise ValueError(f"expected one of {', '.join(FIREWALLS)}, found {text!r}")
    return name


class Wanted:
    """How bad a firewall that is on is here, and what to say of it."""

    def __init__(self, off: tuple[str, ...], target: Lazy[Target]) -> None:
        self._off = {firewall_text(name) for name in off}
        self._target = target

    def severity(self, name: str) -> Severity:
        """An error where the profile asks for it to be off."""
        return Severity.ERROR if name in self._off else Severity.WARNING

    def strict(self, name: str) -> bool:
        """Whether the profile asks for it to be off."""
        return name in self._off

    def ports(self) -> str:
        """The ports that must be open."""
        from nodecheck_checks.firewall.ports import needed_ports  # the tables of all ports, only where one is on

        return ", ".join(needed_ports(self._target()))

    def note(self, name: str, why: str = "") -> str:
        """What follows the finding in the message: what must pass, by how traffic is kept out."""
        from nodecheck.facts.security.filter_tables import AT_FORWARD

        if self.strict(name):
            return ""
        if AT_FORWARD in why or "chain FORWARD " in why:
            return "; it must let the traffic of pods and Services through"
        return f"; these ports must be open: {self.ports()}"
