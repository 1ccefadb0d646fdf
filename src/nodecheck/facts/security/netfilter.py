"""Packet filters in the kernel: nf_tables by netlink, or by nft; iptables' older interface by iptables' own program."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, FactError, NotCaptured, Offline, Unsupported
from nodecheck.facts.kernel.modules import PROC_MODULES, Modules
from nodecheck.facts.kernel.trees import RunningTree
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, Netlink, Program, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kernel.config import RunningConfig
    from nodecheck.facts.security.filter_tables import FilterTable
    from nodecheck.host.netlink import ChainRow

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
        from nodecheck.facts.security.nft_tables import NFT_ASKED

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
            from nodecheck.facts.security.nft_tables import by_programs

            return cls(*by_programs(host, error))
        except Unsupported as error:
            # RestrictAddressFamilies= and the like hide what is there, and so does what is not the kernel's answer
            if error.errno in (None, errno.EAFNOSUPPORT):
                raise
            return cls(evidence=(seen(SOURCE, error.detail),))
        tables: tuple[FilterTable, ...] = ()
        if rows:
            from nodecheck.facts.security.nft_tables import by_netlink

            tables = by_netlink(host, rows)
        return cls(tables, () if tables else (seen(SOURCE, "no table filters packets"),))


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
    from nodecheck.facts.security.filter_tables import FilterTable, parse_saved

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
