"""nf_tables: the chains of a network namespace, and what the rules of one table do (linux/netfilter/nf_tables.h)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct

from nodecheck.host.netlink.atoms import Column, attributes, numbers, remembered, text_of
from nodecheck.host.netlink.rows import NftVerdict
from nodecheck.typed import Any

FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}

_BE32 = Struct(">I").unpack_from
_SIGNED = Struct(">i").unpack_from
_CONTINUE = -1
_MATCHING_NOTHING = ("counter", "immediate", "log", "last", "notrack")
"""Expressions that every packet passes; what any other says may end the rule before its verdict."""

_VERDICTS = {0: "drop", 1: "accept", 3: "queue", -3: "jump", -4: "goto", -5: "return"}


def family_number(name: str) -> int:
    """The number of an address family; raises KeyError."""
    return {text: number for number, text in FAMILIES.items()}[name]


def chain_columns(cls: Any) -> tuple[Column, ...]:
    """Family, table, name, type, number of the hook, policy, and how many rules and jumps use it."""
    hook = numbers(cls.hook)["NFTA_HOOK_HOOKNUM"][0]
    return (
        Column(("nfgen_family",)),
        Column(("NFTA_CHAIN_TABLE",)),
        Column(("NFTA_CHAIN_NAME",)),
        Column(("NFTA_CHAIN_TYPE",)),
        Column(("NFTA_CHAIN_HOOK",), remembered(lambda raw: _number(raw, hook))),
        Column(("NFTA_CHAIN_POLICY",)),
        Column(("NFTA_CHAIN_USE",)),
    )


def rule_columns(cls: Any) -> tuple[Column, ...]:
    """Family, table, chain, and the verdicts of the rule."""
    return (
        Column(("nfgen_family",)),
        Column(("NFTA_RULE_TABLE",)),
        Column(("NFTA_RULE_CHAIN",)),
        Column(("NFTA_RULE_EXPRESSIONS",), remembered(_verdicts(cls.nft_expr))),
    )


def _number(raw: bytes, wanted: int) -> int | None:
    for at, size, kind in attributes("netlink nft_chains", raw, 0, len(raw)):
        if kind == wanted and size == 4:
            found: int = _BE32(raw, at + 4)[0]
            return found
    return None


def _verdicts(cls: Any) -> Callable[[bytes], tuple[NftVerdict, ...]]:
    """Reads NFTA_RULE_EXPRESSIONS, by the numbers that pyroute2's class of an expression has."""
    kinds = numbers(cls)
    name, data = kinds["NFTA_EXPR_NAME"][0], kinds["NFTA_EXPR_DATA"][0]
    readers: dict[str, Callable[[bytes], NftVerdict | None]] = {
        "immediate": _immediate(cls.nft_immediate),
        "target": _target(numbers(cls.nft_target)["NFTA_TARGET_NAME"][0]),
        "reject": lambda raw: NftVerdict("reject"),
        "queue": lambda raw: NftVerdict("queue"),
        "lookup": _lookup(numbers(cls.nft_lookup)["NFTA_LOOKUP_DREG"][0]),
    }

    comment = numbers(cls.nft_match)["NFTA_MATCH_NAME"][0]

    def value(raw: bytes) -> tuple[NftVerdict, ...]:
        found = []
        conditional = False
        for _, inside in _parts(raw):
            parts = dict(_parts(inside))
            kind, content = text_of(parts.get(name, b"")), parts.get(data, b"")
            read = readers.get(kind)
            verdict = None if read is None else read(content)
            if verdict is not None:
                found.append(verdict._replace(conditional=conditional))
            elif kind == "match":
                conditional = conditional or text_of(dict(_parts(content)).get(comment, b"")) != "comment"
            elif kind not in _MATCHING_NOTHING:
                conditional = True
        return tuple(found)

    return value


def _parts(raw: bytes) -> Iterator[tuple[int, bytes]]:
    for at, size, kind in attributes("netlink nft_rules", raw, 0, len(raw)):
        yield kind, raw[at + 4 : at + 4 + size]


def _immediate(cls: Any) -> Callable[[bytes], NftVerdict | None]:
    data = numbers(cls)["NFTA_IMMEDIATE_DATA"][0]
    verdict = numbers(cls.nfta_data)["NFTA_DATA_VERDICT"][0]
    inner = numbers(cls.nfta_data.verdict)
    code, chain = inner["NFTA_VERDICT_CODE"][0], inner["NFTA_VERDICT_CHAIN"][0]

    def value(raw: bytes) -> NftVerdict | None:
        held = dict(_parts(dict(_parts(raw)).get(data, b""))).get(verdict)
        if held is None:
            return None  # a value for a register
        parts = dict(_parts(held))
        number = _code(parts.get(code, b""))
        return NftVerdict(_VERDICTS.get(number, str(number)), text_of(parts.get(chain, b"")))

    return value


def _code(raw: bytes) -> int:
    """A verdict's number; those above zero may carry more in the upper bits (NF_VERDICT_MASK, linux/netfilter.h)."""
    number: int = _SIGNED(raw)[0] if len(raw) == 4 else _CONTINUE
    return number if number < 0 else number & 0xFF


def _target(name: int) -> Callable[[bytes], NftVerdict]:
    """An iptables target by its name in small letters: ``reject``, ``log``, ``masquerade`` …"""
    return lambda raw: NftVerdict(text_of(dict(_parts(raw)).get(name, b"")).lower())


def _lookup(register: int) -> Callable[[bytes], NftVerdict | None]:
    """A verdict map (``vmap``) writes to register 0, NFT_REG_VERDICT; any other lookup gives no verdict."""

    def value(raw: bytes) -> NftVerdict | None:
        held = dict(_parts(raw)).get(register)
        return NftVerdict("vmap") if held is not None and len(held) == 4 and _BE32(held)[0] == 0 else None

    return value
