"""Rules that units of other distributions load: iptables-restore of Flatcar and Gentoo, and Shorewall."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from tests.facts.acts.test_programs import ETC, start
from tests.nodes import debian_node
from tests.reference import write

DROP = "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
OPEN = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
V4, V6 = "var/lib/iptables/rules-save", "var/lib/ip6tables/rules-save"
SHOREWALL = "etc/shorewall/shorewall.conf"


@pytest.mark.parametrize(
    ("unit", "path", "content", "expected"),
    [
        ("iptables-restore", V4, DROP, "fail"),
        ("ip6tables-restore", V6, DROP, "fail"),
        ("shorewall", SHOREWALL, "STARTUP_ENABLED=Yes\n", "fail"),
        ("iptables-restore", V4, OPEN, "pass"),
        ("ip6tables-restore", V4, DROP, "pass"),
        ("shorewall", SHOREWALL, "STARTUP_ENABLED=No\n", "pass"),
    ],
)
def test_a_unit_loads_rules_at_boot(tmp_path: Path, unit: str, path: str, content: str, expected: str) -> None:
    root = debian_node(tmp_path)
    start(root, f"{unit}.service")
    write(root, path, content)
    result = "firewall[iptables]@boot"
    assert nodecheck.run(root=str(root), select=["firewall@boot"])[result].status == expected
    (root / f"{ETC}/{unit}.service").symlink_to("/dev/null")
    assert nodecheck.run(root=str(root), select=["firewall@boot"])[result].status == "pass"
