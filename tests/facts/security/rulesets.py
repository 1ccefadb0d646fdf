"""Rulesets of packet filters as nft(8) loads them: those of known programs, some by hand, and random ones."""

from __future__ import annotations

import random

FIREWALLD = """
table inet firewalld {
  chain mangle_PREROUTING { type filter hook prerouting priority -140; policy accept; jump mangle_PREROUTING_ZONES; }
  chain mangle_PREROUTING_ZONES { iifname "eth0" goto mangle_PRE_public; goto mangle_PRE_public; }
  chain mangle_PRE_public { }
  chain filter_PREROUTING { type filter hook prerouting priority 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop; }
  chain filter_INPUT { type filter hook input priority 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx type admin-prohibited; }
  chain filter_FORWARD { type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24 } reject with icmpv6 type addr-unreachable
    reject with icmpx type admin-prohibited; }
  chain filter_OUTPUT { type filter hook output priority 10; policy accept; oifname "lo" accept;
    ip6 daddr { ::/96 } reject with icmpv6 type addr-unreachable; }
  chain filter_INPUT_ZONES { goto filter_IN_public; }
  chain filter_IN_public { jump filter_IN_public_allow; meta l4proto { icmp, ipv6-icmp } accept; }
  chain filter_IN_public_allow { tcp dport 22 accept; ip6 daddr fe80::/64 udp dport 546 accept; }
}
"""

KUBE_PROXY = """
table ip kube-proxy {
  set cluster-ips { type ipv4_addr; elements = { 10.96.0.1 }; }
  map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.9 . tcp . 80 : goto reject-chain }; }
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.1 . tcp . 443 : goto service-x }; }
  chain filter-prerouting { type filter hook prerouting priority -110; ct state new jump firewall-check; }
  chain filter-input { type filter hook input priority -110; policy drop; ct state new jump service-endpoints-check; }
  chain filter-forward { type filter hook forward priority -110; ct state new jump service-endpoints-check; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain firewall-check { drop; }
  chain reject-chain { reject; }
  chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
  chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }
  chain service-x { numgen random mod 2 vmap { 0 : goto endpoint-a, 1 : goto endpoint-b }; }
  chain endpoint-a { meta l4proto tcp dnat to 10.244.0.2:6443; }
  chain endpoint-b { meta l4proto tcp dnat to 10.244.0.3:6443; }
}
"""

_IN, _FORWARD, _OUT = [f"type filter hook {hook} priority 0; policy accept;" for hook in ("input", "forward", "output")]
_PRE = "type filter hook prerouting priority -150;"


def table(*chains: str, family: str = "inet", name: str = "guard", before: str = "") -> str:
    """A script that makes one table; a chain is its name, a blank and its lines."""
    parts = [f"chain {chain.partition(' ')[0]} {{ {chain.partition(' ')[2]}\n}}" for chain in chains]
    return "\n".join([f"table {family} {name} {{", before, *parts, "}"]) + "\n"


SETS = """
set four { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.9 }
}
set ports { type inet_service; elements = { 22, 443 }
}
set seen { type ipv4_addr; flags dynamic; timeout 1m; size 128; }
map sent { type inet_service : verdict; elements = { 23 : drop, 24 : accept }
}
counter every { }
quota some { over 25 mbytes }
limit few { rate 3/second }
ct helper talk { type "ftp" protocol tcp; }
"""

BY_HAND: dict[str, str] = {
    "nothing": "",
    "firewalld": FIREWALLD,
    "kube-proxy": KUBE_PROXY,
    "kube-proxy and a drop beside it": KUBE_PROXY + table(f"c {_IN} tcp dport 25 drop"),
    "policy drop at input": table("c type filter hook input priority 0; policy drop; ct state established accept"),
    "policy drop at forward": table("c type filter hook forward priority 0; policy drop;"),
    "policy drop at output": table("c type filter hook output priority 0; policy drop;"),
    "translation": table("c type nat hook prerouting priority -100; policy accept; tcp dport 1 redirect"),
    "a set": table(f"c {_IN} ip saddr @four drop", before=SETS),
    "a set of its own": table(f"c {_IN} tcp dport {{ 22, 80-90, 443 }} accept", before=SETS),
    "an interval at forward": table(f"c {_FORWARD} ip daddr 169.254.169.254 drop", before=SETS),
    "a concatenation": table(f"c {_FORWARD} ip saddr . tcp dport {{ 10.0.0.1 . 22 }} drop"),
    "all at forward": table(f"c {_FORWARD} counter drop"),
    "all at forward, named counter": table(f"c {_FORWARD} counter name every drop", before=SETS),
    "all at forward, with a log": table(f'c {_FORWARD} log prefix "}}, {{ [no] \'x\' a: b" drop'),
    "a log of a group": table(f"c {_FORWARD} log group 2 drop"),
    "limit at forward": table(f"c {_FORWARD} limit rate 3/second drop"),
    "named limit and quota": table(f"c {_FORWARD} limit name few drop\nquota name some drop", before=SETS),
    "quota": table(f"c {_FORWARD} quota over 5 mbytes drop"),
    "limit accepts": table(f"c {_IN} limit rate over 10/second accept"),
    "map of verdicts": table(f"c {_IN} tcp dport vmap @sent", before=SETS),
    "map of verdicts at forward": table(f"c {_FORWARD} tcp dport vmap @sent", before=SETS),
    "map of its own": table(f"c {_IN} ct state vmap {{ established : accept, invalid : jump x }}", "x accept"),
    "numgen": table(f"c {_FORWARD} numgen random mod 2 vmap {{ 0 : accept, 1 : drop }}"),
    "jump": table("x drop", f"c {_IN} jump x"),
    "goto on a condition": table("x drop", f"c {_FORWARD} iif lo goto x"),
    "goto in two steps": table("y reject", "x counter goto y", f"c {_FORWARD} goto x"),
    "never reached": table("y reject", "x counter goto y", f"c {_FORWARD} accept"),
    "drop behind accept": table(f"c {_FORWARD} accept\ndrop"),
    "return": table("x return\ndrop", f"c {_OUT} jump x"),
    "continue": table(f"c {_OUT} continue"),
    "mark": table(f"c {_OUT} meta mark set 1 drop"),
    "conntrack mark and helper": table(f'c {_OUT} ct mark set meta mark\nct helper set "talk" accept', before=SETS),
    "notrack": table(f"c {_PRE} notrack drop"),
    "added to a set": table(f"c {_FORWARD} add @seen {{ ip saddr }} drop", before=SETS),
    "added to a set with a limit": table(f"c {_IN} add @seen {{ ip saddr limit rate 1/second }} drop", before=SETS),
    "meter": table(f"c {_FORWARD} meter m {{ ip saddr limit rate 1/second }} drop"),
    "count of connections": table(f"c {_IN} ct count over 3 reject"),
    "reset of an option": table(f"c {_FORWARD} reset tcp option sack-perm drop"),
    "maxseg": table(f"c {_FORWARD} tcp option maxseg size set 1400"),
    "rpfilter": table(f"c {_PRE} fib saddr . iif oif missing drop"),
    "reject plain": table(f"c {_FORWARD} reject"),
    "reject of IPv4": table(f"c {_FORWARD} meta nfproto ipv4 reject with icmp type port-unreachable"),
    "reject of IPv6": table(f"c {_FORWARD} meta nfproto ipv6 reject with icmpv6 type no-route"),
    "reject of TCP": table(f"c {_FORWARD} meta l4proto tcp reject with tcp reset"),
    "reject of all": table(f"c {_FORWARD} reject with icmpx type admin-prohibited"),
    "reject in ip": table(f"c {_FORWARD} reject with icmp type host-prohibited", family="ip"),
    "reject in ip6": table(f"c {_FORWARD} reject", family="ip6"),
    "flags": table(f"c {_FORWARD} tcp flags & (fin | syn) == fin | syn drop"),
    "raw payload": table(f"c {_IN} udp dport 53 @th,64,8 1 drop"),
    "comment": table(f'c {_FORWARD} tcp dport 1 drop comment "a }} , {{ [ drop"'),
    "netdev": table("c type filter hook ingress device lo priority 0; tcp dport 1 drop", family="netdev"),
    "netdev, all": table("c type filter hook ingress device lo priority 0; policy drop;", family="netdev"),
    "netdev, forwarded": table("c type filter hook ingress device lo priority 0; fwd to lo", family="netdev"),
    "bridge": table("c type filter hook forward priority 0; policy drop;", family="bridge"),
    "arp": table("c type filter hook input priority 0; policy drop;", family="arp"),
    "others' names": table(f"c {_IN} drop", name="cali-x") + table(f"c {_IN} drop", name="f2b-table"),
    "two tables": table(f"c {_OUT} accept", name="one") + table(f"c {_FORWARD} counter reject", name="two"),
    "same names": table(f"c {_IN} accept", family="ip") + table(f"c {_IN} drop", family="ip6"),
    "iptables' names by hand": table(f"INPUT {_IN} drop", family="ip", name="filter"),
    "ufw's names": table("ufw-user-input drop", f"INPUT {_IN} jump ufw-user-input", family="ip", name="filter"),
    "routes": table("c type route hook output priority 0; policy drop;", family="ip"),
    "many lines": table(f"c {_IN} tcp dport {{ {', '.join(map(str, range(2, 3000, 2)))} }} accept"),
    "many chains": table(*[f"x{n} tcp dport {n} accept" for n in range(1, 300)], f"c {_IN} "
                         + "\n".join(f"jump x{n}" for n in range(1, 300))),
}  # fmt: skip

NAMELESS = table(f"c {_FORWARD} tcp dport 22 jump {{ drop; }}\ncounter accept")
"""A chain without a name, for which nft has no JSON: unknown there, and nothing else is."""

IPTABLES: dict[str, tuple[str, ...]] = {
    "ufw": (
        "-P INPUT DROP", "-P FORWARD DROP", "-N ufw-before-input", "-N ufw-user-input", "-N ufw-reject-input",
        "-A INPUT -j ufw-before-input", "-A INPUT -j ufw-reject-input", "-A ufw-before-input -i lo -j ACCEPT",
        "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP", "-A ufw-before-input -j ufw-user-input",
        "-A ufw-user-input -p tcp --dport 22 -j ACCEPT", "-A ufw-reject-input -j REJECT",
    ),
    "kube-proxy": (
        "-N KUBE-FIREWALL", "-N KUBE-FORWARD", "-N KUBE-SERVICES", "-A INPUT -j KUBE-FIREWALL",
        "-A FORWARD -m comment --comment kubernetes -j KUBE-FORWARD",
        "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment block -j DROP",
        "-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp --dport 80 -j REJECT",
    ),
    "docker": (
        "-P FORWARD DROP", "-N DOCKER", "-N DOCKER-USER", "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -o docker0 -j DOCKER",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT",
    ),
    "a comment and everything": ("-A FORWARD -m comment --comment all -j DROP",),
    "extensions": ("-A FORWARD -m recent --name x --set -j DROP", "-A INPUT -m limit --limit 3/s -j LOG"),
    "targets": ("-A FORWARD -j LOG --log-prefix x", "-N X", "-A FORWARD -j X",
                "-A X -p tcp -j REJECT --reject-with tcp-reset"),
    "a reject at output": ("-A OUTPUT -j REJECT",),
    "one address": ("-A OUTPUT -d 169.254.169.254 -j DROP",),
    "fragments": ("-A FORWARD -f -j DROP",),
    "mangle": ("-t mangle -A PREROUTING -j DROP",),
}  # fmt: skip

_CONDITIONS = {
    "any": (
        "meta l4proto tcp", "tcp dport 22", "tcp dport { 22, 80-90 }", "udp sport 53", 'iifname "eth*"', "iif lo",
        "meta mark 0x1", "limit rate 3/second", "meta pkttype broadcast", "tcp flags & (fin|syn) == fin", "counter",
        "counter name every", 'log prefix "x: }{ "', "quota over 5 mbytes", "meta mark set 1", "th dport @ports",
        "meta length > 100", "limit name few", "quota name some", "numgen random mod 4 1", "meta nftrace set 1",
        "tcp option maxseg exists", "tcp dport != 22", "meta priority set 1:2", "meta protocol ip",
    ),
    "ct": ("ct state new", "ct state established,related", "ct mark 5", "ct mark set meta mark",
           "ct direction original"),
    "four": ("ip saddr 10.0.0.0/8", "ip saddr @four", "ip protocol icmp", "add @seen { ip saddr }", "ip dscp set cs1",
             "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 80 }", "icmp type echo-request", "ip ttl < 5"),
    "six": ("ip6 saddr fe80::/10", "exthdr frag exists", "icmpv6 type echo-request", "ip6 hoplimit 1"),
    "inet": ("meta nfproto ipv4", "meta nfproto ipv6", "meta skuid 0", "socket transparent 1"),
}  # fmt: skip

_VERDICTS = (
    "accept", "accept", "drop", "reject", "reject with tcp reset", "return", "continue", "", "",
    "tcp dport vmap { 22 : accept, 23 : drop }", "tcp dport vmap @sent", "meta l4proto vmap { tcp : jump x1 }",
)  # fmt: skip

_OF = {
    "ip": ("any", "ct", "four"), "ip6": ("any", "ct", "six"), "inet": ("any", "ct", "four", "six", "inet"),
    "bridge": ("any", "four", "six"), "netdev": ("any", "four", "six"), "arp": (),
}  # fmt: skip
_NAMES = ("guard", "filter", "firewalld", "mangle", "kube-router", "own", "cni-x", "raw")


def _held_by(family: str) -> str:
    """Sets and the like; helpers are of families that track connections."""
    return SETS if "ct" in _OF[family] else SETS.partition("ct helper")[0]


class Drawn:
    """Random rulesets: what makes the tables, and one rule after the other, some of which no kernel takes."""

    def __init__(self, seed: object) -> None:
        self._draw = random.Random(f"nft {seed}")
        self.tables: list[str] = []
        self.rules: list[str] = []
        places = {(self._draw.choice(tuple(_OF)), self._draw.choice(_NAMES)) for _ in range(self._draw.randint(1, 3))}
        for family, name in sorted(places):
            self._table(family, name)

    def _table(self, family: str, name: str) -> None:
        draw = self._draw
        hooks = {"netdev": ["ingress device lo"], "arp": ["input"]}.get(family, ["input", "forward", "output"])
        chains = [f"x{number}" for number in range(3, 0, -1)]
        made = [f"chain {chain} {{ }}" for chain in chains]
        for number, hook in enumerate(draw.sample(hooks, draw.randint(1, len(hooks)))):
            policy = "drop" if draw.random() < 0.1 else "accept"
            chain = hook.upper() if draw.random() < 0.3 and family in ("ip", "ip6") else f"c{number}"
            made.append(f"chain {chain} {{ type filter hook {hook} priority {number}; policy {policy}; }}")
            chains.append(chain)
        draw.shuffle(made)
        self.tables.append(
            "\n".join([f"table {family} {name} {{", "" if family == "arp" else _held_by(family), *made, "}"])
        )
        for _ in range(draw.randint(2, 14)):
            at = draw.randrange(len(chains))
            self.rules.append(f"add rule {family} {name} {chains[at]} {self._rule(family, at)}")

    def _rule(self, family: str, at: int) -> str:
        draw = self._draw
        held = [one for kind in _OF[family] for one in _CONDITIONS[kind]]
        conditions = draw.sample(held, min(len(held), draw.choice((0, 1, 1, 1, 2, 3))))
        below = max(1, min(3, 3 - at) if at < 3 else 3)  # x3 leads to x2 and x1: no loops
        leads = [f"jump x{draw.randint(1, below)}", f"goto x{draw.randint(1, below)}"]
        return " ".join([*conditions, draw.choice((*_VERDICTS, *leads, *leads)) or "counter"])
