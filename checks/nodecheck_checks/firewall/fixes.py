"""What turns a firewall off, or opens the ports that a node needs."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts import UfwConf
from nodecheck.facts.security.filter_tables import FilterTable
from nodecheck.facts.security.firewall_units import UFW_CONF
from nodecheck.fix import DISRUPTIVE, Fix, Step, by_hand, command, edit

_OPEN = {
    "firewalld": "firewall-cmd --permanent --add-port=PORT/PROTOCOL for each, then firewall-cmd --reload",
    "ufw": "ufw allow PORT/PROTOCOL for each (a range as 30000:32767/tcp)",
    "iptables": "an ACCEPT rule for each before the rule that drops, saved where the service keeps its rules",
    "nftables": "a rule for each in the script that nftables.service loads, before the one that drops",
}


def open_ports(name: str, ports: str) -> Fix:
    """Only a person knows whether this firewall is wanted, and from where the ports may be reached."""
    text = f"Open {ports}: {_OPEN[name]}. Or turn {name} off where something else guards the node, or waive this."
    return by_hand(f"Let the node's traffic through {name}", text)


def now_fix(name: str, units: tuple[str, ...], tables: list[FilterTable], ports: str | None) -> Fix:
    """Off now, by those of its ``units`` that are there; where ``ports`` are given, it may stay and they must open."""
    if ports is not None:
        return open_ports(name, ports)
    title = f"Turn {name} off now"
    if name == "ufw":
        return Fix(title, (command("ufw", "disable"),), DISRUPTIVE)
    if name == "firewalld" and units:
        return Fix(title, (command("systemctl", "stop", units[0]),), DISRUPTIVE)
    if name == "nftables" and all(_is_plain(table.name) for table in tables):
        return Fix(title, tuple(_deletes(tables)), DISRUPTIVE)
    if "netfilter-persistent.service" in units:
        return Fix(title, (command("netfilter-persistent", "flush"),), DISRUPTIVE)
    stops = {_BY_FAMILY.get(table.family) for table in _blocking(tables)} if name == "iptables" else set()
    if stops and stops.issubset(units):
        return Fix(title, tuple([command("systemctl", "stop", unit) for unit in units if unit in stops]), DISRUPTIVE)
    where = ", ".join(f"table {table.family} {table.name}" for table in _blocking(tables))
    return by_hand(title, f"No service of {name} unloads these rules: take those that keep traffic out from {where}.")


_BY_FAMILY = {"ip": "iptables.service", "ip6": "ip6tables.service"}
"""Each is stopped for its own family, and empties its tables then (iptables-services)."""


def _deletes(tables: list[FilterTable]) -> Iterator[Step]:
    """Each table made where it is gone, then deleted: so it can be done twice, and others' tables stay."""
    for table in _blocking(tables):
        yield command("nft", "add", "table", table.family, table.name)
        yield command("nft", "delete", "table", table.family, table.name)


def _blocking(tables: list[FilterTable]) -> list[FilterTable]:
    return [table for table in tables if table.blocks() is not None]


def _is_plain(name: str) -> bool:
    """Whether nft takes a name without quotes."""
    return name.isascii() and name[:1].isalpha() and name.replace("_", "a").replace("-", "a").isalnum()


def boot_fix(name: str, units: tuple[tuple[str, bool], ...], ufw: UfwConf | None, ports: str | None) -> Fix:
    """Off at the next boot: each unit with whether a link enables it, which ``systemctl disable`` takes away."""
    if ports is not None:
        return open_ports(name, ports)
    title = f"Turn {name} off at boot"
    if ufw is not None and ufw.text is not None:
        return Fix(title, (edit(UFW_CONF, ufw.text, "ENABLED=no"),), DISRUPTIVE)
    steps = [command("systemctl", "disable" if by_link else "mask", unit) for unit, by_link in units]
    return Fix(title, tuple(steps), DISRUPTIVE)
