"""Rules that commands of the boot load, whoever runs them: members of the kind, and twins that load nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import nodecheck
from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import CRON, ETC, USR, enabled, node, program, script, unit

DROP = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
REJECT = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n"
OPEN = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
NFT = "flush ruleset\ntable inet f {\n chain i {\n  type filter hook input priority 0; policy drop;\n }\n}\n"
NAT = "*nat\n:PREROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE\nCOMMIT\n"

Tree = Mapping[str, "str | TreeFile | TreeLink"]
PROGRAMS: Tree = {
    path: TreeFile("\x7fELF", mode=0o755)
    for path in (
        "/sbin/iptables",
        "/sbin/iptables-restore",
        "/sbin/ip6tables-restore",
        "/usr/sbin/nft",
        "/usr/sbin/ufw",
    )
}
FLUSH = ("iptables -P INPUT ACCEPT", "iptables -P FORWARD ACCEPT", "iptables -F")


def local(*lines: str, **files: str) -> Tree:
    return {"/etc/rc.local": script(*lines), **{f"/etc/{name.replace('_', '.')}": text for name, text in files.items()}}


def own(*lines: str) -> Tree:
    return {f"{ETC}/z.service": unit(*lines), **enabled("z.service")}


LOADED: dict[str, tuple[str, Tree]] = {
    "rc.local, a file": ("iptables", local("iptables-restore < /etc/iptables.rules", iptables_rules=DROP)),
    "rc.local, a word": ("iptables", local("/sbin/iptables-restore -w /etc/iptables.rules", iptables_rules=REJECT)),
    "rc.local, of IPv6": ("iptables", local("ip6tables-restore < /etc/ip6.rules", ip6_rules=DROP)),
    "rc.local, a policy": ("iptables", local("iptables -P INPUT DROP")),
    "rc.local, a rule": (
        "iptables", local("iptables -A INPUT -p tcp --dport 22 -j ACCEPT", "iptables -A INPUT -j DROP"),
    ),
    "rc.local, long options": ("iptables", local("iptables -w 5 --table=filter --append INPUT --jump REJECT")),
    "rc.local, a chain": (
        "iptables", local("iptables -N guard", "iptables -A guard -j DROP", "iptables -I INPUT 1 -j guard"),
    ),
    "rc.local, flushed before": ("iptables", local(*FLUSH, "iptables -P INPUT DROP")),
    "rc.local, a policy outlives a flush": ("iptables", local("iptables -P INPUT DROP", "iptables -F")),
    "rc.local, a here document": ("iptables", local("iptables-restore <<E", *DROP.rstrip("\n").split("\n"), "E")),
    "rc.local, nft": ("nftables", local("nft -f /etc/own.nft", own_nft=NFT)),
    "rc.local, statements of nft": (
        "nftables",
        local("nft add table inet f", "nft 'add chain inet f i { type filter hook input priority 0; policy drop; }'"),
    ),
    "rc.local, a script of nft": (
        "nftables", {**local("/etc/own.nft"), "/etc/own.nft": TreeFile(f"#!/usr/sbin/nft -f\n{NFT}", mode=0o755)},
    ),
    "rc.local, ufw": ("ufw", local("ufw --force enable")),
    "own unit": ("iptables", {**own("ExecStart=/sbin/iptables-restore /etc/fw"), "/etc/fw": DROP}),
    "own unit, nft": ("nftables", {**own("ExecStart=/usr/sbin/nft -f /etc/fw.nft"), "/etc/fw.nft": NFT}),
    "own unit, a shell": ("iptables", {**own('ExecStart=/bin/sh -c "iptables-restore < /etc/fw"'), "/etc/fw": DROP}),
    "own unit that is called as a distribution's": (
        "iptables",
        {f"{ETC}/iptables.service": unit("ExecStart=/sbin/iptables-restore /etc/fw"), **enabled("iptables.service"),
         "/etc/fw": DROP},
    ),
    "cron": (
        "iptables",
        {"/etc/cron.d/fw": "@reboot root /sbin/iptables-restore < /etc/fw\n", "/etc/fw": DROP,
         **program("cron.service", CRON)},
    ),
    "if-pre-up.d": (
        "iptables",
        {"/etc/network/if-pre-up.d/iptables": script("/sbin/iptables-restore < /etc/fw"), "/etc/fw": DROP,
         **program("networking.service", "/usr/sbin/ifup -a")},
    ),
    "interfaces": (
        "iptables",
        {"/etc/network/interfaces": "auto e0\niface e0 inet dhcp\n  pre-up iptables-restore < /etc/fw\n",
         "/etc/fw": DROP, **program("networking.service", "/usr/sbin/ifup -a")},
    ),
    "rc.local starts a distribution's unit": (
        "firewalld", {**local("systemctl start firewalld"), f"{USR}/firewalld.service": unit("ExecStart=/bin/sh")},
    ),
    "restored, and flushed before a policy": (
        "iptables",
        {**local("iptables -F"), "/etc/iptables/rules.v4": DROP,
         **program("netfilter-persistent.service", "/bin/sh start")},
    ),
    "SuSEfirewall2": ("iptables", program("SuSEfirewall2.service", "/bin/sh boot_setup")),
    "CSF": ("iptables", program("csf.service", "/bin/sh --initup")),
    "ferm": ("iptables", {**program("ferm.service", "/bin/sh start"), "/etc/default/ferm": 'ENABLED="yes"\n'}),
    "Shorewall of IPv6": ("iptables", program("shorewall6.service", "/bin/sh start")),
}  # fmt: skip

OPENED: dict[str, tuple[str, Tree]] = {
    "rc.local is not executable": (
        "iptables", {"/etc/rc.local": "#!/bin/sh\niptables-restore < /etc/fw\n", "/etc/fw": DROP},
    ),
    "rules that let everything in": ("iptables", local("iptables-restore < /etc/fw", fw=OPEN)),
    "rules of nat": ("iptables", local("iptables-restore < /etc/fw", fw=NAT)),
    "a file that is not there": ("iptables", local("iptables-restore < /etc/fw")),
    "only a test": ("iptables", local("iptables-restore --test < /etc/fw", fw=DROP)),
    "saved, not restored": ("iptables", local("iptables-save > /etc/fw", fw=DROP)),
    "listed": ("iptables", local("iptables -L INPUT -n", "iptables -S")),
    "the rules of guides": (
        "iptables", local("iptables -P FORWARD ACCEPT", "iptables -A INPUT -p tcp --dport 6443 -j ACCEPT"),
    ),
    "masquerading": ("iptables", local("iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE")),
    "dropped in another table": ("iptables", local("iptables -t mangle -P INPUT DROP")),
    "opened again": ("iptables", local("iptables -P INPUT DROP", "iptables -A INPUT -j DROP", *FLUSH)),
    "deleted again": ("iptables", local("iptables -A INPUT -j DROP", "iptables -D INPUT -j DROP")),
    "a single address kept from pods": ("iptables", local("iptables -A FORWARD -d 169.254.169.254/32 -j DROP")),
    "restored open over it": ("iptables", local("iptables -P INPUT DROP", "iptables-restore /etc/fw", fw=OPEN)),
    "an echo": ("iptables", local("echo run iptables -P INPUT DROP")),
    "nft, checked": ("nftables", local("nft -c -f /etc/own.nft", own_nft=NFT)),
    "nft, flushed": ("nftables", local("nft -f /etc/own.nft", "nft flush ruleset", own_nft=NFT)),
    "nft, a plugin's table": ("nftables", local("nft -f /etc/own.nft", own_nft=NFT.replace("inet f", "inet cilium"))),
    "ufw disabled": ("ufw", local("ufw disable")),
    "own unit that is not enabled": (
        "iptables", {f"{ETC}/z.service": unit("ExecStart=/sbin/iptables-restore /etc/fw"), "/etc/fw": DROP},
    ),
    "no cron": (
        "iptables",
        {"/etc/cron.d/fw": "@reboot root iptables-restore < /etc/fw\n", "/etc/fw": DROP,
         **program("cron.service", CRON, on=False)},
    ),
    "no ifupdown": (
        "iptables", {"/etc/network/if-pre-up.d/iptables": script("iptables-restore < /etc/fw"), "/etc/fw": DROP},
    ),
    "started by hand": ("firewalld", {f"{USR}/firewalld.service": unit("ExecStart=/bin/sh")}),
    "masked, and started": (
        "firewalld",
        {**local("systemctl start firewalld"), f"{USR}/firewalld.service": unit("ExecStart=/bin/sh"),
         f"{ETC}/firewalld.service": TreeLink("/dev/null")},
    ),
    "stopped again": (
        "firewalld",
        {**local("systemctl stop firewalld"), f"{USR}/firewalld.service": unit("ExecStart=/bin/sh"),
         **enabled("firewalld.service", USR)},
    ),
    "flushed after they were restored": (
        "iptables",
        {**local(*FLUSH), "/etc/iptables/rules.v4": REJECT,
         **program("netfilter-persistent.service", "/bin/sh start")},
    ),
    "only restarted where it runs": (
        "firewalld",
        {**local("systemctl try-restart firewalld"), f"{USR}/firewalld.service": unit("ExecStart=/bin/sh")},
    ),
    "CSF is disabled": ("iptables", {**program("csf.service", "/bin/sh --initup"), "/etc/csf/csf.disable": ""}),
    "ferm is off": ("iptables", {**program("ferm.service", "/bin/sh start"), "/etc/default/ferm": "ENABLED=no\n"}),
    "ferm was never on": ("iptables", program("ferm.service", "/bin/sh start")),
    "SuSEfirewall2 is not enabled": ("iptables", program("SuSEfirewall2.service", "/bin/sh boot_setup", on=False)),
}  # fmt: skip

UNTOLD: dict[str, tuple[str, Tree]] = {
    "a file that cannot be told": ("iptables", local("iptables-restore < $(ls /etc/fw*)", fw=DROP)),
    "a file that the boot makes": ("iptables", local("iptables-restore < /run/fw")),
    "what may run": ("iptables", local("ping -c1 x && iptables -P INPUT DROP")),
    "a stop that may run": (
        "firewalld",
        {**local("ping -c1 x && systemctl stop firewalld"), f"{USR}/firewalld.service": unit("ExecStart=/bin/sh"),
         **enabled("firewalld.service", USR)},
    ),
}  # fmt: skip


def judged(base: Path, name: str, tree: Tree) -> str:
    root = node(base, {**PROGRAMS, **tree})
    report = nodecheck.run(root=root, role="worker", kubernetes="1.34", select=["firewall"], view="boot")
    found = {result.id: str(result.status.value) for result in report.results}
    others = {status for result, status in found.items() if result != f"firewall[{name}]@boot"}
    assert others == {"pass"}, found
    return found[f"firewall[{name}]@boot"]


@pytest.mark.parametrize("how", LOADED)
def test_rules_that_a_command_of_the_boot_loads(tmp_path: Path, how: str) -> None:
    assert judged(tmp_path, *LOADED[how]) == "fail"


@pytest.mark.parametrize("how", OPENED)
def test_a_boot_that_keeps_nothing_out(tmp_path: Path, how: str) -> None:
    assert judged(tmp_path, *OPENED[how]) == "pass"


@pytest.mark.parametrize("how", UNTOLD)
def test_rules_of_which_nobody_can_tell(tmp_path: Path, how: str) -> None:
    assert judged(tmp_path, *UNTOLD[how]) == "unknown"


PODS = "table ip6 pods {{\n chain control {{\n  type filter hook {hook} priority filter; policy {policy};\n }}\n}}\n"


@pytest.mark.parametrize(
    ("hook", "policy", "told"),
    [
        ("forward", "drop", "let the traffic of pods and Services through"),
        ("input", "drop", "these ports must be open: 10250/tcp"),
        ("forward", "accept", "keeps no traffic out"),
    ],
)
def test_what_forwarded_traffic_is_told(tmp_path: Path, hook: str, policy: str, told: str) -> None:
    rules: Tree = {"/etc/nftables.conf": PODS.format(hook=hook, policy=policy)}
    root = node(tmp_path, {**PROGRAMS, **rules, **program("nftables.service", "/usr/sbin/nft -f /etc/nftables.conf")})
    report = nodecheck.run(root=root, role="worker", kubernetes="1.34", select=["firewall[nftables]"], view="boot")

    assert told in report["firewall[nftables]@boot"].message
