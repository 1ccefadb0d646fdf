"""What ``nft`` prints of the kernel's tables: ``nft list flowtables``, and of one of them JSON (libnftables-json(5)).

It gives what the kernel's own messages give: of a rule its verdicts, and whether every packet comes to them. What is
not known here, a statement of a later nft or one without JSON, stands as a verdict of a kind that is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from nodecheck.errors import Denied, FactError, Malformed, TooLarge
from nodecheck.facts.security.filter_tables import BLOCKS, UNKNOWN, FilterChain, FilterTable, NftVerdict
from nodecheck.host.base import Completed
from nodecheck.typed import Any

SCHEMA = 1
"""``json_schema_version`` of all that nft has printed so far."""

_TABLE = re.compile("table ([a-z0-9]+) ([^ ]+) {")

_NO_JSON = re.compile("warning: (?:stmt|expr) ops .* have no json callback")
"""What nft complains of where it prints a text in the place of an object: that is seen there."""

_FOR_ALL = ("log", "last", "notrack")
"""Statements that every packet passes, as the kernel's expressions of the same names."""

_FOR_SOME = (
    "match", "quota", "limit", "mangle", "meter", "ct helper", "ct timeout", "ct expectation", "ct count",
    "secmark", "synproxy", "tproxy", "reset", "fwd", "dup", "flow", "snat", "dnat", "masquerade", "redirect",
)  # fmt: skip
"""Statements after which a rule counts as one for some packets only."""

_UPDATES = ("set", "map")
"""The same where they have an ``op``; without one they are expressions: nft 1.0.2 prints a map of verdicts so."""

_VERDICTS = ("accept", "drop", "continue", "return")

_TELLS_ALL = (1, 0, 3)
"""The release since which nft prints, or complains of, every statement: before, ``reset tcp option`` is left out, and
what stands behind it looks as if it were for every packet."""


def said(done: Completed) -> str:
    """What a program of packet filters printed. Raises Denied and FactError where it failed, or complained."""
    problems = [line for line in done.stderr.split("\n") if line.strip(" ") and not _NO_JSON.fullmatch(line)]
    problem = problems[0] if problems else ""
    if done.code == 0 and not problem:
        return done.stdout
    source = " ".join(done.argv)
    if "ermission denied" in problem or "not permitted" in problem:
        raise Denied(source, problem)
    raise FactError(source, problem or f"exit code {done.code}")


def parse_tables(text: str, source: str) -> tuple[tuple[str, str], ...]:
    r"""Family and name of each table, out of what ``nft list flowtables`` prints.

    >>> parse_tables("table inet filter {\n\tflowtable f {\n\t}\n}\ntable ip6 nat {\n}\n", "x")
    (('inet', 'filter'), ('ip6', 'nat'))
    """
    found = []
    for line in text.split("\n"):
        table = _TABLE.fullmatch(line)
        if table is not None:
            found.append((table[1], table[2]))
        elif line and line != "}" and not line.startswith("\t"):
            raise Malformed(source, f"no line of a table: {line[:80]!r}")
    return tuple(found)


def parse_table(text: str, family: str, name: str, source: str) -> FilterTable:
    """The chains of a table with all rules, out of the JSON that nft prints of it. Raises Malformed.

    >>> about = '{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}'
    >>> chain = '{"chain": {"family": "ip", "table": "t", "name": "c", "type": "filter", "hook": "input", %s}}'
    >>> rule = '{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"drop": null}]}}'
    >>> text = '{"nftables": [%s, %s, %s]}' % (about, chain % '"policy": "accept"', rule)
    >>> parse_table(text, "ip", "t", "x").blocks()
    'a rule of chain c drops'
    """
    chains: dict[str, FilterChain] = {}
    rules: dict[str, list[NftVerdict]] = {}
    try:
        tells_all, objects = _objects(text, source)
        for kind, held in objects:
            if kind in ("chain", "rule") and (held["family"], held["table"]) != (family, name):
                raise Malformed(source, "is about another table")
            if kind == "chain":
                chains[held["name"]] = _chain(held, source)
            elif kind == "rule":
                rules.setdefault(held["chain"], []).extend(_verdicts(held["expr"], family, tells_all))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Malformed(source, f"not as nft prints it: {type(error).__name__} {error}") from error
    if not rules.keys() <= chains.keys():
        raise Malformed(source, "has rules of chains that are not listed")
    filled = [chain._replace(rules=_known(rules.get(chain.name, ()), chains)) for chain in chains.values()]
    return FilterTable(family, name, tuple(filled), source)


def _objects(text: str, source: str) -> tuple[bool, list[tuple[str, Any]]]:
    """Whether nft is of a release that tells all, and each object of the list with its kind."""
    import json

    try:
        listed = json.loads(text)["nftables"]
    except RecursionError as error:
        raise TooLarge(source, "is nested too deep") from error
    objects = [item for one in listed for item in one.items()]
    about = objects[0][1] if objects and objects[0][0] == "metainfo" else {}
    if about.get("json_schema_version") != SCHEMA:
        raise Malformed(source, f"is not of the schema {SCHEMA}, which alone is known")
    version = re.match(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", _text(about["version"]))
    return version is not None and tuple(int(part or 0) for part in version.groups()) >= _TELLS_ALL, objects[1:]


def _chain(held: Any, source: str) -> FilterChain:
    """A chain; one for translation or for routes has no hook here, as it filters nothing."""
    name = held["name"]
    if "type" not in held and "hook" not in held:
        return FilterChain(_text(name), None, None)
    if held["policy"] not in ("accept", "drop"):
        raise Malformed(source, f"chain {name} has the policy {held['policy']!r}")
    hook = _text(held["hook"]) if _text(held["type"]) == "filter" else None
    return FilterChain(_text(name), "ingress" if held["family"] == "netdev" and hook else hook, held["policy"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} for a text")
    return value


def _known(rules: Iterable[NftVerdict], chains: Mapping[str, FilterChain]) -> tuple[NftVerdict, ...]:
    """The same with what leads to a chain that is not told as unknown: nft leaves chains without a name out."""
    return tuple(
        [
            rule if not rule.chain or rule.chain in chains else _unknown(f"{rule.kind} {rule.chain}", rule.conditional)
            for rule in rules
        ]
    )


def _unknown(what: str, conditional: bool) -> NftVerdict:
    return NftVerdict(f"{UNKNOWN}{' '.join(what.split())[:60]}", "", conditional)


def _verdicts(statements: Any, family: str, tells_all: bool) -> Iterator[NftVerdict]:
    """The verdicts of a rule. After what is not known its verdicts count as those for some packets only, and so they do
    after a counter with a name, which is an object."""
    conditional = False
    for statement in statements:
        if not isinstance(statement, dict) or len(statement) != 1:  # a text: nft has no JSON for it
            yield _unknown(str(statement), conditional)
            conditional = True
            continue
        ((kind, held),) = statement.items()
        if kind in _FOR_SOME or (kind in _UPDATES and "op" in held) or (kind == "counter" and isinstance(held, str)):
            conditional = True
        elif kind not in _FOR_ALL and kind != "counter":
            for verdict in _verdict(kind, held, family):
                if not (tells_all or conditional or verdict.conditional) and verdict.kind in BLOCKS:
                    yield _unknown("nft of this release may leave a statement out", False)
                    conditional = True
                yield verdict._replace(conditional=conditional or verdict.conditional)
                conditional = conditional or verdict.kind.startswith(UNKNOWN)
            conditional = conditional or _is_match(kind, held)


def _is_match(kind: str, held: Any) -> bool:
    """Whether it is a match of iptables; a comment matches everything."""
    return kind == "xt" and isinstance(held, dict) and held["type"] == "match" and held["name"] != "comment"


def _verdict(kind: str, held: Any, family: str) -> Iterator[NftVerdict]:
    """What a statement does with packets; nothing for a match of iptables."""
    if kind in _VERDICTS:
        yield NftVerdict(kind)
    elif kind in ("jump", "goto"):
        yield NftVerdict(kind, _text(held["target"]))
    elif kind == "vmap":  # what it looks up is loaded first
        yield NftVerdict(kind, "", True)
    elif kind == "queue":
        yield NftVerdict(kind)
    elif kind == "reject":
        yield from _reject(held, family)
    elif kind == "xt" and isinstance(held, dict) and held["type"] in ("match", "target"):
        if held["type"] == "target":
            yield NftVerdict(_text(held["name"]).lower())
    else:
        yield _unknown(kind, False)


def _reject(held: Any, family: str) -> Iterator[NftVerdict]:
    """A reject. Where its type says which protocol it matches, nft leaves that out; older ones some types too."""
    kind = None if held is None else _text(held["type"])
    own = {"icmp": "ip", "icmpv6": "ip6"}
    untold = kind is None and family not in own.values()
    if untold:
        yield _unknown("reject without a type", True)
    yield NftVerdict("reject", "", untold or kind == "tcp reset" or own.get(kind or "", family) != family)
