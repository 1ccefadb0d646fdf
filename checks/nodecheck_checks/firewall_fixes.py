"""What turns a firewall off, or opens the ports that a node needs."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.filter_tables import FilterTable
from nodecheck.facts.firewall_files import UFW_CONF, UfwConf
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


def now_fix(name: str, unit: str | None, tables: list[FilterTable], ports: str | None) -> Fix:
    """Off now; where ``ports`` is given, the firewall may stay and they must be opened."""
    if ports is not None:
        return open_ports(name, ports)
    title = f"Turn {name} off now"
    if name == "ufw":
        return Fix(title, (command("ufw", "disable"),), DISRUPTIVE)
    if name == "nftables" and all(_is_plain(table.name) for table in tables):
        return Fix(title, tuple(_deletes(tables)), DISRUPTIVE)
    if unit in ("firewalld.service", "iptables.service", "ip6tables.service"):
        return Fix(title, tuple(_stops(unit, tables)), DISRUPTIVE)
    if unit == "netfilter-persistent.service":
        return Fix(title, (command("netfilter-persistent", "flush"),), DISRUPTIVE)
    where = ", ".join(f"table {table.family} {table.name}" for table in _blocking(tables))
    return by_hand(title, f"No service of {name} is installed: take the rules that keep traffic out from {where}.")


def _deletes(tables: list[FilterTable]) -> Iterator[Step]:
    """Each table made where it is gone, then deleted: so it can be done twice, and others' tables stay."""
    for table in _blocking(tables):
        yield command("nft", "add", "table", table.family, table.name)
        yield command("nft", "delete", "table", table.family, table.name)


def _stops(unit: str, tables: list[FilterTable]) -> list[Step]:
    """iptables.service and ip6tables.service are stopped each for its own family."""
    if unit == "firewalld.service":
        return [command("systemctl", "stop", unit)]
    units = {"ip": "iptables.service", "ip6": "ip6tables.service"}
    return [command("systemctl", "stop", units[table.family]) for table in _blocking(tables)]


def _blocking(tables: list[FilterTable]) -> list[FilterTable]:
    return [table for table in tables if table.blocks() is not None]


def _is_plain(name: str) -> bool:
    """Whether nft takes a name without quotes."""
    return name.isascii() and name[:1].isalpha() and name.replace("_", "a").replace("-", "a").isalnum()


def boot_fix(name: str, unit: str, by_link: bool, ufw: UfwConf | None, ports: str | None) -> Fix:
    """Off at the next boot."""
    if ports is not None:
        return open_ports(name, ports)
    title = f"Turn {name} off at boot"
    if ufw is not None and ufw.text is not None:
        return Fix(title, (edit(UFW_CONF, ufw.text, "ENABLED=no"),), DISRUPTIVE)
    return Fix(title, (command("systemctl", "disable" if by_link else "mask", unit),), DISRUPTIVE)
