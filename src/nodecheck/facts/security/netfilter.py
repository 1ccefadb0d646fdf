"""Packet filters in the kernel: nf_tables by netlink, or by nft; iptables' older interface by iptables' own program."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping

from nodecheck.errors import Absent, Denied, FactError, NotCaptured, Offline, TooLarge, Unsupported
from nodecheck.facts.kernel.modules import PROC_MODULES, Modules
from nodecheck.facts.kernel.trees import RunningTree
from nodecheck.facts.security.filter_tables import (
    MOST_CHAINS,
    OTHERS_CHAINS,
    FilterChain,
    FilterTable,
    NftVerdict,
    is_others_table,
    parse_saved,
)
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, Netlink, Program, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kernel.config import RunningConfig
    from nodecheck.host.netlink import ChainRow, RuleRow

_FAMILIES = {1: "inet", 2: "ip", 5: "netdev", 10: "ip6"}
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
"""By number (linux/netfilter.h); netdev's first is its ingress."""

SOURCE = "netlink nft_chains"


class NftTables(NamedTuple):
    """The tables of nf_tables that filter packets, also those that ``iptables-nft``, firewalld and ufw made.

    Tables that carry the traffic of containers (kube-proxy's, those of network plugins and runtimes) are left out.
    """

    tables: tuple[FilterTable, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """What told that there are no tables at all."""
    hidden: FactError | None = None
    """Why there may be more tables than these."""

    @classmethod
    def reads(cls) -> Sources:
        return (Netlink("nft_chains"), Netlink("nft_rules *"), *[Program(argv, in_capture=True) for argv in NFT_ASKED])

    @classmethod
    def read(
        cls, host: Host, modules: Lazy[Modules], tree: Lazy[RunningTree], config: Lazy[RunningConfig]
    ) -> NftTables:
        """By netlink; of a node on which nobody could ask that, by what its own programs printed.

        Asked only where nf_tables may be there: asking loads it. Raises Denied without CAP_NET_ADMIN, and Offline.
        """
        absent = _without_nf_tables(host, modules, tree, config)
        if absent is not None:
            return cls(evidence=(absent,))
        try:
            rows: tuple[ChainRow, ...] = host.netlink("nft_chains")
        except NotCaptured as error:
            return cls(*_by_programs(host, error))
        except Unsupported as error:
            # RestrictAddressFamilies= and the like hide what is there, and so does what is not the kernel's answer
            if error.errno in (None, errno.EAFNOSUPPORT):
                raise
            return cls(evidence=(seen(SOURCE, error.detail),))
        groups: dict[tuple[int, str], list[ChainRow]] = {}
        for row in rows:
            if row.family in _FAMILIES and not is_others_table(row.table):
                groups.setdefault((row.family, row.table), []).append(row)
        tables = [_table(host, family, name, chains) for (family, name), chains in groups.items() if _filters(chains)]
        return cls(tuple(tables), () if tables else (seen(SOURCE, "no table filters packets"),))


def _without_nf_tables(
    host: Host, modules: Lazy[Modules], tree: Lazy[RunningTree], config: Lazy[RunningConfig]
) -> Evidence | None:
    """What shows that the kernel has no nf_tables at work; None where it may have."""
    if not host.running:
        return None
    try:
        if not modules().supported or modules().find("nf_tables") is not None:
            return None
        running = tree().tree
        built_in = running.has_built_in("nf_tables")
        if running.builtin is None:  # as in a container, whose host would load it all the same
            from nodecheck.facts.kernel.config import built_as

            told = built_as(config().config, "nf_tables")
            built_in = told is None or told.value == "y"
    except FactError:
        return None
    return None if built_in else seen(PROC_MODULES, locator="nf_tables")


def _filters(chains: Iterable[ChainRow]) -> bool:
    """Whether some chain of a table is asked about packets, and not only about their translation."""
    return any(chain.type == "filter" and chain.hook is not None for chain in chains)


def _table(host: Host, family: int, name: str, rows: list[ChainRow]) -> FilterTable:
    """The table with as many rules as it takes to see that it keeps traffic out."""
    spelt = _FAMILIES[family]
    source = f"nft_rules {spelt} {name}"
    used = {row.name for row in rows if row.use}

    def rules_of(chain: str) -> tuple[NftVerdict, ...]:
        found: tuple[RuleRow, ...] = host.netlink(f"{source}\0{chain}") if chain in used else ()
        return tuple([NftVerdict(*verdict) for row in found for verdict in row.verdicts or ()])

    table = FilterTable(spelt, name, tuple([_chain(row) for row in rows]), SOURCE)
    return _followed(table, rules_of, f"netlink {source}")


def _followed(table: FilterTable, rules_of: Callable[[str], tuple[NftVerdict, ...]], source: str) -> FilterTable:
    """The table with the rules of one chain after the other, until it is seen that it keeps traffic out; those of
    others' chains never: kube-proxy's may hold 100,000 rules."""
    chains = {chain.name: chain for chain in table.chains}
    queue = [chain.name for chain in table.chains if chain.hook is not None]
    for count, place in enumerate(queue):
        if table.blocks() is not None:
            break
        if count >= MOST_CHAINS:
            raise TooLarge(source, f"has more than {MOST_CHAINS} chains in use")
        rules = rules_of(place)
        chains[place] = chains[place]._replace(rules=rules)
        queue.extend(dict.fromkeys(rule.chain for rule in rules if _leads_on(rule, chains) and rule.chain not in queue))
        table = table._replace(chains=tuple(chains.values()), source=source)
    return table


def _leads_on(rule: NftVerdict, chains: Mapping[str, FilterChain]) -> bool:
    return rule.chain in chains and not rule.chain.startswith(OTHERS_CHAINS)


def _chain(row: ChainRow) -> FilterChain:
    hook = None
    if row.hook is not None and row.type == "filter":
        hook = "ingress" if row.family == 5 else _HOOKS[row.hook] if row.hook < len(_HOOKS) else str(row.hook)
    policy = None if row.policy is None else {0: "drop", 1: "accept"}.get(row.policy)
    return FilterChain(row.name, hook, policy)


_NFT_TABLES = ("nft", "list", "flowtables")
"""It names every table. To list the tables themselves most releases read all rules first, kube-proxy's 100,000 too."""
_NFT_TABLE = ("nft", "-j", "-t", "list", "table")
"""As JSON, without the elements of sets; the family and the name follow."""
_NFT_SAVED = (("ip", ("iptables-nft-save", "-t", "filter")), ("ip6", ("ip6tables-nft-save", "-t", "filter")))

NFT_ASKED = (_NFT_TABLES, (*_NFT_TABLE, "*", "*"), *[argv for _, argv in _NFT_SAVED])
"""What a collector asks where no program of the node can ask by netlink."""

_PASSED_OVER = ("arp", "bridge")
"""Families whose rules are not judged."""


def _by_programs(
    host: Host, untold: NotCaptured
) -> tuple[tuple[FilterTable, ...], tuple[Evidence, ...], FactError | None]:
    """What nft printed of each table. Where that does not tell all, also those tables that iptables shows to keep
    traffic out: it shows none but its own, so that it never tells that nothing does."""
    from nodecheck.facts.security.nft_json import parse_tables, said

    tables: list[FilterTable] = []
    hidden: FactError | None = None
    try:
        names = parse_tables(said(host.run(_NFT_TABLES)), " ".join(_NFT_TABLES))
    except NotCaptured:
        raise untold from None
    except FactError as error:
        names, hidden = (), error
    for family, name in names:
        try:
            tables.extend(_printed(host, family, name))
        except FactError as error:
            hidden = hidden or error
    if hidden is not None or any(table.doubt() is not None for table in tables):
        tables.extend(_saved_by_nft(host))
    evidence = () if tables or hidden else (seen(" ".join(_NFT_TABLES), "no table filters packets"),)
    return tuple(tables), evidence, hidden


def _printed(host: Host, family: str, name: str) -> Iterator[FilterTable]:
    """One table as nft prints it, where it filters and is not of others."""
    from nodecheck.facts.security.nft_json import parse_table, said

    if family in _PASSED_OVER or is_others_table(name):
        return
    argv = (*_NFT_TABLE, family, name)
    source = " ".join(argv)
    if family not in _FAMILIES.values():
        raise Unsupported(source, "this family is not known")
    table = parse_table(said(host.run(argv)), family, name, source)
    rules = {chain.name: chain.rules for chain in table.chains}
    bare = tuple([chain._replace(rules=()) for chain in table.chains])
    if any(chain.hook is not None for chain in bare):
        yield _followed(table._replace(chains=bare), rules.__getitem__, source)


def _saved_by_nft(host: Host) -> Iterator[FilterTable]:
    for family, argv in _NFT_SAVED:
        try:
            tables = parse_saved(host.run(argv).stdout, family, " ".join(argv))
        except FactError:
            continue
        yield from [table for table in tables if table.blocks() is not None]


class LegacyTables(NamedTuple):
    """The ``filter`` tables of iptables' older interface (ip_tables), which nf_tables does not show."""

    tables: tuple[FilterTable, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """What told that there are none."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *[File(f"/proc/{folder}/{file}") for folder in ("thread-self/net", "net") for _, file, _ in _LEGACY],
            *[
                Program((program, *words))
                for _, _, programs in _LEGACY
                for program in programs
                for words in (("-t", "filter"), ("--version",))
            ],
        )

    @classmethod
    def read(cls, host: Host) -> LegacyTables:
        """By ``ip_tables_names``, which root alone may read, and the program that lists the rules.

        Raises Denied, Offline, and Unsupported where there are such tables and no program that lists them.
        """
        found: list[FilterTable] = []
        evidence: list[Evidence] = []
        for family, file, programs in _LEGACY:
            path, names = _names(host, file)
            if names is None or "filter" not in names.split("\n"):
                evidence.append(seen(path, None if names is None else "no table filter"))
                continue
            found.append(_saved(host, family, programs, path))
        return cls(tuple(found), tuple(evidence))


_LEGACY = (
    ("ip", "ip_tables_names", ("iptables-legacy-save", "iptables-save")),
    ("ip6", "ip6_tables_names", ("ip6tables-legacy-save", "ip6tables-save")),
)


def _names(host: Host, file: str) -> tuple[str, str | None]:
    """The file of this thread's network namespace and what it holds; None: no such file, so no such tables."""
    if not host.running:
        raise Offline(f"/proc/net/{file}", "only the running kernel can tell")
    for folder in ("/proc/thread-self/net", "/proc/net"):  # the first since Linux 3.17
        try:
            return f"{folder}/{file}", text(host, f"{folder}/{file}", 4096)
        except Absent:
            continue
    return f"/proc/net/{file}", None


def _saved(host: Host, family: str, programs: tuple[str, ...], path: str) -> FilterTable:
    for program in programs:
        try:
            if program == programs[-1] and "nf_tables" in host.run((program, "--version")).stdout:
                continue
            done = host.run((program, "-t", "filter"))
        except Absent:
            continue
        if done.code != 0:
            problem = done.stderr.strip(" \n").partition("\n")[0]
            raise (Denied if "ermission" in problem else FactError)(program, problem or f"exit code {done.code}")
        tables = parse_saved(done.stdout, family, f"{program} -t filter")
        return next((table for table in tables if table.name == "filter"), FilterTable(family, "filter", (), program))
    raise Unsupported(
        path, "the kernel holds rules of iptables-legacy, and no iptables-legacy-save is there to list them"
    )


def all_tables(nft: Lazy[NftTables], legacy: Lazy[LegacyTables]) -> Iterator[FilterTable]:
    """Every table that filters. Raises what hid the others only after those that can be read."""
    problem: FactError | None = None
    for read in (nft, legacy):
        try:
            fact = read()
        except FactError as error:
            problem = problem or error
            continue
        yield from fact.tables
        problem = problem or (fact.hidden if isinstance(fact, NftTables) else None)
    if problem is not None:
        raise problem
