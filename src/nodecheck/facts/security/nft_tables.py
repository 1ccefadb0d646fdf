"""The tables of nf_tables that filter, out of what the kernel lists by netlink, or out of what nft prints of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from nodecheck.errors import FactError, NotCaptured, TooLarge, Unsupported
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
from nodecheck.model.evidence import Evidence, seen
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.host.netlink import ChainRow, RuleRow

_FAMILIES = {1: "inet", 2: "ip", 5: "netdev", 10: "ip6"}
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
"""By number (linux/netfilter.h); netdev's first is its ingress."""

SOURCE = "netlink nft_chains"


def by_netlink(host: Host, rows: Iterable[ChainRow]) -> tuple[FilterTable, ...]:
    """The tables of these chains that filter and are not of others, with as many of their rules as it takes."""
    groups: dict[tuple[int, str], list[ChainRow]] = {}
    for row in rows:
        if row.family in _FAMILIES and not is_others_table(row.table):
            groups.setdefault((row.family, row.table), []).append(row)
    return tuple([_table(host, *place, chains) for place, chains in groups.items() if _filters(chains)])


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


def by_programs(
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
