"""Hooks of wicked, EL's network scripts, dhclient, dhcpcd, wg-quick and SUSE's after.local, and what keeps them off."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import KEY, ONE, USR, WANTS, node, program, script, status
from tests.facts.acts.test_unknown_programs import Entries

ZERO = f"sysctl -w {KEY}=0"
ELF = TreeFile("\x7fELF", mode=0o755)
SUSE = "/etc/sysconfig/network"
WICKED: Entries = {"/usr/sbin/wicked": ELF, **program("wicked.service", "/usr/sbin/wicked ifup all")}
SCRIPT: Entries = {f"{SUSE}/scripts/z": script(ZERO)}
LEGACY: Entries = {"/etc/rc.d/init.d/network": script(), **program("network.service", "/bin/sh -c true")}
IFUP: Entries = {**program("networking.service", "/usr/sbin/ifup -a"), "/sbin/dhclient": ELF}
CARD = f"auto e0\niface e0 inet static\n  post-up {ZERO}\n"
DHCP = "auto e0\niface e0 inet dhcp\n"
HOOK = "/etc/dhcp/dhclient-exit-hooks.d/z"
DHCPCD: Entries = {"/usr/sbin/dhcpcd": ELF, **program("dhcpcd.service", "/usr/sbin/dhcpcd -b")}
WG: Entries = {
    "/usr/bin/wg-quick": ELF,
    f"{USR}/wg-quick@.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/wg-quick up %i\n",
}  # fmt: skip
WG_ON: Entries = {**WG, f"{WANTS}/wg-quick@wg0.service": TreeLink(f"{USR}/wg-quick@.service")}
AFTER: Entries = {**program("after-local.service", "/etc/init.d/after.local")}


def ifcfg(*lines: str) -> Entries:
    return {f"{SUSE}/ifcfg-eth0": "\n".join(("STARTMODE='auto'", *lines, ""))}


ACTS: dict[str, Entries] = {
    "wicked, by name": {**WICKED, **SCRIPT, **ifcfg("POST_UP_SCRIPT='wicked:z'")},
    "wicked, compat": {**WICKED, **SCRIPT, **ifcfg(f'PRE_UP_SCRIPT="compat:suse:{SUSE}/scripts/z"')},
    "wicked, plain": {**WICKED, "/opt/z": script(ZERO), **ifcfg("POST_UP_SCRIPT=/opt/z")},
    "wicked, a unit": {
        **WICKED, **ifcfg("POST_UP_SCRIPT=systemd:z.service"),
        "/etc/systemd/system/z.service": f"[Service]\nType=oneshot\nExecStart=/sbin/{ZERO}\n",
    },
    "wicked, for all": {**WICKED, f"{SUSE}/if-up.d/z": script(ZERO)},
    "ifup-local": {**LEGACY, "/sbin/ifup-local": script(ZERO)},
    "ifup-pre-local": {**LEGACY, "/sbin/ifup-pre-local": script(ZERO)},
    "dhclient": {**IFUP, "/etc/network/interfaces": DHCP, HOOK: f"{ZERO}\n"},
    "dhclient, one event": {
        **IFUP, "/etc/network/interfaces": DHCP, HOOK: f'case "$reason" in BOUND|RENEW) {ZERO};; esac\n',
    },
    "dhclient, one file": {**IFUP, "/etc/network/interfaces": DHCP, HOOK[:-4]: f"{ZERO}\n"},
    "dhcpcd": {**DHCPCD, "/etc/dhcpcd.exit-hook": f"{ZERO}\n"},
    "dhcpcd, a directory": {**DHCPCD, "/lib/dhcpcd/dhcpcd-hooks/90-z": f"{ZERO}\n"},
    "wg-quick": {**WG_ON, "/etc/wireguard/wg0.conf": f"[Interface]\nPostUp = {ZERO}\n[Peer]\n"},
    "wg-quick, before": {**WG_ON, "/etc/wireguard/wg0.conf": f"[interface]\npreup={ZERO}; true # x\n"},
    "wg-quick, the interface": {
        **WG_ON, "/etc/wireguard/wg0.conf": "[Interface]\nPostUp = /etc/wireguard/%i.sh\n",
        "/etc/wireguard/wg0.sh": script(ZERO),
    },
    "after.local": {**AFTER, "/etc/init.d/after.local": script(ZERO)},
    "hotplug, though nothing is configured": {
        **IFUP, "/etc/network/interfaces": CARD.replace("auto", "allow-hotplug"),
        "/etc/default/networking": "CONFIGURE_INTERFACES=no\n",
    },
    "another one is left out": {
        **IFUP, "/etc/network/interfaces": CARD, "/etc/default/networking": 'EXCLUDE_INTERFACES="wl*"\n',
    },
    "the defaults as they come": {
        **IFUP, "/etc/network/interfaces": CARD, "/etc/default/networking": "#CONFIGURE_INTERFACES=no\n",
    },
}  # fmt: skip

IDLE: dict[str, Entries] = {
    "wicked, off": {**WICKED, **SCRIPT, f"{SUSE}/ifcfg-e": "STARTMODE=off\nPOST_UP_SCRIPT=wicked:z\n"},
    "wicked, no mode": {**WICKED, **SCRIPT, f"{SUSE}/ifcfg-e": "POST_UP_SCRIPT=wicked:z\n"},
    "wicked, a backup": {**WICKED, **SCRIPT, f"{SUSE}/ifcfg-e.bak": "STARTMODE=auto\nPOST_UP_SCRIPT=wicked:z\n"},
    "wicked, down": {**WICKED, **SCRIPT, **ifcfg("POST_DOWN_SCRIPT=wicked:z")},
    "wicked does not start": {**SCRIPT, **ifcfg("POST_UP_SCRIPT=wicked:z")},
    "ifup-local, no network scripts": {"/sbin/ifup-local": script(ZERO)},
    "ifup-local, not executable": {**LEGACY, "/sbin/ifup-local": f"#!/bin/sh\n{ZERO}\n"},
    "dhclient, a fixed address": {**IFUP, "/etc/network/interfaces": DHCP.replace("dhcp", "static"), HOOK: ZERO},
    "dhclient, another event": {
        **IFUP, "/etc/network/interfaces": DHCP, HOOK: f'if [ "$reason" = RELEASE ]; then {ZERO}; fi\n',
    },
    "dhclient, a name with a dot": {**IFUP, "/etc/network/interfaces": DHCP, f"{HOOK}.sh": f"{ZERO}\n"},
    "dhcpcd does not start": {"/etc/dhcpcd.exit-hook": f"{ZERO}\n"},
    "wg-quick, not enabled": {**WG, "/etc/wireguard/wg0.conf": f"[Interface]\nPostUp = {ZERO}\n"},
    "wg-quick, another one": {**WG_ON, "/etc/wireguard/wg1.conf": f"[Interface]\nPostUp = {ZERO}\n"},
    "wg-quick, down": {**WG_ON, "/etc/wireguard/wg0.conf": f"[Interface]\nPostDown = {ZERO}\n"},
    "after.local, not executable": {**AFTER, "/etc/init.d/after.local": f"#!/bin/sh\n{ZERO}\n"},
    "nothing is configured": {
        **IFUP, "/etc/network/interfaces": CARD, "/etc/default/networking": "CONFIGURE_INTERFACES=no\n",
    },
    "nothing is configured, hooks": {
        **IFUP, "/etc/network/interfaces": "auto lo\niface lo inet loopback\n",
        "/etc/network/if-up.d/z": script(ZERO), "/etc/default/networking": "CONFIGURE_INTERFACES=no\n",
    },
    "it is left out": {
        **IFUP, "/etc/network/interfaces": CARD, "/etc/default/networking": 'EXCLUDE_INTERFACES="wl* e?"\n',
    },
}  # fmt: skip


@pytest.mark.parametrize("how", ACTS)
def test_a_hook_acts(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**ONE, **ACTS[how]}), f"sysctl[{KEY}]") == "fail"


@pytest.mark.parametrize("how", IDLE)
def test_a_hook_that_is_not_run(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**ONE, **IDLE[how]}), f"sysctl[{KEY}]") == "pass"


def test_a_hook_for_an_interface_of_a_pattern(tmp_path: Path) -> None:
    tree: Entries = {**IFUP, "/etc/network/interfaces": DHCP.replace("auto e0", "auto /e*"), HOOK: f"{ZERO}\n"}

    assert status(node(tmp_path, {**ONE, **tree}), f"sysctl[{KEY}]") == "unknown"
