"""Tables of packet filters, wherever they were read: whose they are, and whether they keep traffic out."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import TooLarge
from nodecheck.host.netlink.rows import NftVerdict
from nodecheck.record import NamedTuple

__all__ = ["FilterChain", "FilterTable", "NftVerdict", "is_others_table", "parse_saved"]

OTHERS_TABLES = (
    "kube", "kindnet", "flannel", "cali", "cilium", "antrea", "ovn", "docker-", "netavark", "cni", "crio", "hostport",
    "libvirt", "lxd", "incus", "nm-shared-", "io.systemd.", "f2b-", "crowdsec", "sshguard", "podman", "tailscale",
    "netbird",
)  # fmt: skip
"""How the names of nf_tables' tables begin that carry or guard containers' and guests' traffic, or that bar single
senders: kube-proxy, network plugins, runtimes, libvirt, LXD, NetworkManager's and systemd's sharing, fail2ban."""

OTHERS_CHAINS = (
    "KUBE-", "cali-", "CILIUM_", "OLD_CILIUM_", "DOCKER", "FLANNEL", "CNI-", "WEAVE-", "ANTREA-", "OVN-", "NETAVARK",
    "LIBVIRT_", "CATTLE", "f2b-", "fail2ban-", "sshguard", "crowdsec", "CROWDSEC", "ts-", "lxc-", "PODMAN",
    "NETBIRD", "AWS-",
)  # fmt: skip
"""The same of chains of iptables."""

BLOCKS = {
    "drop": "drops", "reject": "rejects", "tarpit": "holds", "queue": "asks a program", "nfqueue": "asks a program",
    "vmap": "decides by a map of verdicts",
}  # fmt: skip
"""The kinds of verdicts that keep packets out, or may."""

MOST_CHAINS = 4096
"""Chains looked at in one walk."""

UNKNOWN = "unknown "
"""Begins the kind of what may be a verdict: what stands there was not understood."""


def is_others_table(name: str) -> bool:
    """Whether a table of nf_tables belongs to what carries containers' traffic.

    >>> is_others_table("kube-proxy"), is_others_table("filter")
    (True, False)
    """
    return name.startswith(OTHERS_TABLES)


class FilterChain(NamedTuple):
    """A chain."""

    name: str
    hook: str | None
    """``input``, ``forward``, ``output`` …; None for a chain that only jumps lead to."""
    policy: str | None
    """``drop`` or ``accept``, of a chain at a hook."""
    rules: tuple[NftVerdict, ...] = ()


class FilterTable(NamedTuple):
    """A table with its chains."""

    family: str
    """``ip``, ``ip6``, ``inet``, ``netdev``."""
    name: str
    chains: tuple[FilterChain, ...]
    source: str

    @property
    def owner(self) -> str:
        """Who made it: ``firewalld``, ``ufw``, ``iptables`` or ``nftables``, by its name and its chains."""
        names = {chain.name for chain in self.chains}
        if (self.family == "inet" and self.name == "firewalld") or (
            self.name.startswith("firewalld") and self.family in ("ip", "ip6")
        ):
            return "firewalld"
        if self.name == "filter" and self.family in ("ip", "ip6"):
            if names & {"INPUT_ZONES", "IN_public", "FORWARD_IN_ZONES"}:
                return "firewalld"
            if names & {"ufw-user-input", "ufw6-user-input"}:
                return "ufw"
        return "iptables" if self._by_iptables else "nftables"

    @property
    def _by_iptables(self) -> bool:
        """Whether iptables made it, whose chains at hooks are called so: what nft(8) makes by hand need not be."""
        if self.family not in ("ip", "ip6") or self.name not in ("filter", "mangle", "raw", "security", "nat"):
            return False
        return all(chain.name in _BUILT_IN for chain in self.chains if chain.hook is not None)

    def blocks(self) -> str | None:
        """How the table keeps traffic out, in a few words; None where everything passes, or only what others put
        there keeps some out."""
        chains = {chain.name: chain for chain in self.chains}
        docker = any(name.startswith("DOCKER") for name in chains)
        for chain in self.chains:
            if chain.hook is None:
                continue
            at = AT_FORWARD if chain.hook == "forward" and not self._by_iptables else ""
            if chain.policy == "drop" and not (docker and chain.hook == "forward"):  # Docker's own doing
                return f"chain {chain.name}{at} drops what no rule accepts"
            found = _blocking(chain, chains, at)
            if found is not None:
                return found
        return None

    def doubt(self) -> str | None:
        """What stands in a chain that packets come to, and was not understood: it may keep some out."""
        chains = {chain.name: chain for chain in self.chains}
        for start in self.chains:
            for chain, rule, _ in _reached(start, chains) if start.hook is not None else ():
                if rule.kind.startswith(UNKNOWN):
                    return f"a rule of chain {chain.name} does what is not understood: {rule.kind[len(UNKNOWN) :]}"
        return None


_BUILT_IN = ("INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING")


AT_FORWARD = " at forward"
"""What the words of :meth:`FilterTable.blocks` hold for a chain of nft(8) at that hook, whose name need not say so."""


def _blocking(start: FilterChain, chains: dict[str, FilterChain], at: str) -> str | None:
    """The first rule that keeps packets out. Elsewhere than at input one that matches some packets only does not
    count: a node may shield one address from its pods, a cloud's metadata service, without being closed."""
    for chain, rule, some in _reached(start, chains):
        if rule.kind in BLOCKS and not some:
            return f"a rule of chain {chain.name}{at} {BLOCKS[rule.kind]}"
    return None


def _reached(start: FilterChain, chains: dict[str, FilterChain]) -> Iterator[tuple[FilterChain, NftVerdict, bool]]:
    """The rules that packets come to, each with its chain and whether it counts as one for some packets only."""
    queue = [(start, False)]
    done = {(start.name, False)}
    while queue:
        if len(done) > MOST_CHAINS:
            raise TooLarge(f"chain {start.name}", f"leads to more than {MOST_CHAINS} chains")
        chain, conditional = queue.pop(0)
        for rule in chain.rules:
            some = start.hook != "input" and (conditional or rule.conditional)
            yield chain, rule, some
            following = chains.get(rule.chain)
            if following is None or (following.name, some) in done or rule.chain.startswith(OTHERS_CHAINS):
                continue
            done.add((following.name, some))
            queue.append((following, some))


def parse_saved(source: str, family: str, path: str) -> tuple[FilterTable, ...]:
    r"""The tables in what ``iptables-save`` prints and ``iptables-restore`` reads (iptables-restore(8)).

    >>> table, = parse_saved("*filter\n:INPUT DROP [0:0]\n:X - [0:0]\n-A INPUT -j X\nCOMMIT\n", "ip", "x")
    >>> table.blocks(), table.owner
    ('chain INPUT drops what no rule accepts', 'iptables')
    """
    found = []
    for name, lines in _sections(source):
        policies: dict[str, str | None] = {}
        rules: dict[str, list[NftVerdict]] = {}
        for line in lines:
            words = _words(line)
            if line.startswith(":") and len(words) >= 2:
                policies[words[0][1:]] = None if words[1] == "-" else words[1].lower()
            elif words:
                _apply(_command(words, family), policies, rules)
        chains = [
            FilterChain(chain, chain.lower() if chain in _BUILT_IN else None, policy, tuple(rules.get(chain, ())))
            for chain, policy in policies.items()
        ]
        found.append(FilterTable(family, name, tuple(chains), path))
    return tuple(found)


def _sections(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each table that is committed, with its lines."""
    name, lines = "", list[str]()
    for raw in source.split("\n"):
        line = raw.strip(" \t\r")
        if line.startswith("*"):
            name, lines = line[1:], []
        elif line == "COMMIT" and name:
            yield name, lines
            name = ""
        elif name and line and not line.startswith("#"):
            lines.append(line)


def _command(words: list[str], family: str) -> list[str]:
    """The words without counters and family before them, the chain apart (``-AINPUT``); none for the other family."""
    if words[0].startswith("["):
        words = words[1:]
    if words[:1] in (["-4"], ["-6"]):
        words = words[1:] if (words[0] == "-6") == (family == "ip6") else []
    if words and words[0][:2] in _SHORT and len(words[0]) > 2:
        words = [words[0][:2], words[0][2:], *words[1:]]
    return words


_SHORT = ("-A", "-I", "-P", "-N")


def _apply(words: list[str], policies: dict[str, str | None], rules: dict[str, list[NftVerdict]]) -> None:
    """One command of a file: ``-A``, ``-I``, ``-P``, ``-N``.

    ``-F`` takes nothing away here: ``iptables-nft-restore`` keeps rules that stand before it.
    """
    verb, chain = words[0] if words else "", words[1] if len(words) > 1 else ""
    if verb in ("-P", "--policy") and len(words) > 2:
        policies[chain] = words[2].lower()
    elif verb in ("-N", "--new-chain"):
        policies.setdefault(chain, None)
    elif verb in ("-A", "-I", "--append", "--insert"):
        policies.setdefault(chain, "accept" if chain in _BUILT_IN else None)
        rules.setdefault(chain, []).extend(_target(words))


_MATCHES = (
    "-p",
    "-s",
    "-d",
    "-i",
    "-o",
    "--protocol",
    "--source",
    "--destination",
    "--in-interface",
    "--out-interface",
)


_ANY = ("0.0.0.0/0", "::/0", "all", "0", "+")


def _target(words: list[str]) -> Iterator[NftVerdict]:
    modules = [following for word, following in zip(words, words[1:]) if word in ("-m", "--match")]
    some = any(word in _MATCHES and following not in _ANY for word, following in zip(words, words[1:]))
    some = some or any(module != "comment" for module in modules) or "-f" in words or "--fragment" in words
    for word, following in zip(words, words[1:]):
        if word in ("-j", "--jump", "-g", "--goto"):
            lower = following.lower()
            plain = following.isupper() and lower in (
                "accept",
                "drop",
                "reject",
                "return",
                "queue",
                "nfqueue",
                "tarpit",
            )
            yield NftVerdict(lower, "", some) if plain else NftVerdict("jump", following, some)
            return


def _words(line: str) -> list[str]:
    """The words of a line; what stands in double quotes is one word (a comment may hold ``-j DROP``)."""
    found: list[str] = []
    for place, part in enumerate(line.split('"')):
        if place % 2:
            found.append(part)
        else:
            found.extend(word for word in part.replace("\t", " ").split(" ") if word)
    return found
