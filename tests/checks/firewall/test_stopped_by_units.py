"""A firewall that an own unit stops or starts, by the order of the two."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile
from tests.facts.acts.test_acts_commands import ETC, enabled, node, program, script, status, unit
from tests.facts.acts.test_unknown_programs import OWN, Entries, own

ELF = TreeFile("\x7fELF", mode=0o755)
FIREWALLD: Entries = {"/usr/sbin/firewalld": ELF, **program("firewalld.service", "/usr/sbin/firewalld")}
EARLY: Entries = {
    **FIREWALLD, "/usr/lib/systemd/system/firewalld.service":
    "[Unit]\nBefore=network-pre.target\nWants=network-pre.target\n[Service]\nExecStart=/usr/sbin/firewalld\n",
    "/usr/lib/systemd/system/network-pre.target": "[Unit]\n",
    "/usr/lib/systemd/system/network.target": "[Unit]\nAfter=network-pre.target\n",
    "/usr/lib/systemd/system/network-online.target": "[Unit]\nAfter=network.target\n",
}  # fmt: skip
NFT: Entries = {
    "/usr/sbin/nft": ELF,
    **program("nftables.service", "/usr/sbin/nft -f /etc/nftables.conf", on=False),
    "/etc/nftables.conf": "table inet f {\n chain i {\n type filter hook input priority 0; policy drop;\n }\n}\n",
}
STOP = "ExecStart=/usr/bin/systemctl stop firewalld"
AFTER = "After=firewalld.service"
ONLINE = "After=network-online.target\nWants=network-online.target"


def by_unit(*lines: str, first: str = "", on: bool = True) -> Entries:
    return {f"{ETC}/a.service": unit(*lines, first=first), **(enabled("a.service") if on else {})}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, "fail"),
        (by_unit(STOP, first=AFTER), "pass"),
        (by_unit("ExecStart=/usr/bin/systemctl disable --now firewalld", first=AFTER), "pass"),
        ({**own("systemctl stop firewalld"), f"{ETC}/a.service": unit(f"ExecStart={OWN}", first=AFTER)}, "pass"),
        (by_unit(STOP, first="After=multi-user.target"), "pass"),
        ({**EARLY, **by_unit(STOP, first=f"{ONLINE} network.target")}, "pass"),
        ({**EARLY, **by_unit(STOP, first=ONLINE)}, "unknown"),  # nothing starts network.target
        (by_unit(STOP), "unknown"),
        (by_unit(STOP, first="After=network-online.target"), "unknown"),
        (by_unit(STOP, first="Before=firewalld.service"), "unknown"),
        (by_unit(STOP, first=AFTER, on=False), "fail"),
        (by_unit("ExecStart=/usr/bin/systemctl stop ufw", first=AFTER), "fail"),
        (by_unit("ExecStop=/usr/bin/systemctl stop firewalld", "ExecStart=/bin/sh", first=AFTER), "fail"),
    ],
)
def test_a_unit_stops_firewalld(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**FIREWALLD, **tree}), "firewall[firewalld]") == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, "pass"),
        (by_unit("ExecStart=/usr/bin/systemctl start nftables"), "fail"),
        (own("systemctl restart nftables.service"), "fail"),
        (by_unit("ExecStart=/usr/bin/systemctl start nftables", on=False), "pass"),
        (by_unit("ExecStart=/usr/bin/systemctl try-restart nftables"), "pass"),
        ({"/etc/rc.local": script("systemctl start nftables")}, "fail"),
    ],
)
def test_a_unit_starts_nftables(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**NFT, **tree}), "firewall[nftables]") == expected
