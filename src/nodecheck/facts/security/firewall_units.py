"""The units of firewalls: what they load, and what turns them on or off."""

from __future__ import annotations

from nodecheck.record import NamedTuple

UFW_CONF = "/etc/ufw/ufw.conf"

IPTABLES_FILES = {
    "iptables": ("/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"),
    "ip6tables": ("/etc/sysconfig/ip6tables", "/etc/iptables/ip6tables.rules"),
    "netfilter-persistent": ("/etc/iptables/rules.v4", "/etc/iptables/rules.v6"),
    "iptables-restore": ("/var/lib/iptables/rules-save",),
    "ip6tables-restore": ("/var/lib/ip6tables/rules-save",),
}
"""Service to the files that it restores: EL's iptables-services, Arch's iptables, Debian's iptables-persistent, and the
units of Gentoo, Flatcar and Container Linux."""


class Switch(NamedTuple):
    """What lets a firewall of rules that are not followed start, or keeps it from that."""

    path: str
    key: str = ""
    """The shell variable; "" where the file's being there keeps it off."""
    on: str = ""
    """What it must say; "" where anything but ``off`` will do."""
    off: str = ""


OTHER_FIREWALLS: dict[str, Switch | None] = {
    "shorewall.service": Switch("/etc/shorewall/shorewall.conf", "STARTUP_ENABLED", off="no"),
    "shorewall6.service": Switch("/etc/shorewall6/shorewall6.conf", "STARTUP_ENABLED", off="no"),
    "ferm.service": Switch("/etc/default/ferm", "ENABLED", on="yes"),
    "csf.service": Switch("/etc/csf/csf.disable"),
    "arno-iptables-firewall.service": None,
    "SuSEfirewall2.service": None,
}
"""Units that load rules of iptables by a language of their own, and let nothing in that their files do not name.

shorewall.conf(5); ferm's /etc/init.d/ferm; csf(1), ``csf -x``; SLE 12's SuSEfirewall2.
"""

FIREWALL_UNITS = frozenset(
    (
        "firewalld.service", "nftables.service", "ufw.service", *OTHER_FIREWALLS,
        *[f"{name}.service" for name in IPTABLES_FILES],
    )
)  # fmt: skip
"""Units of firewalls, of which it is known what they load."""
