"""Scripts of nft(8), as nftables.service loads them: which chains they make, and what those do with packets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.facts.security.filter_tables import FilterChain, FilterTable, NftVerdict
from nodecheck.record import NamedTuple

_FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_TOKENS = r'"[^"\n]*"|\\\n|\#[^\n]*|[{};\n]|[^\s{};"\#]+'
_FINAL = ("accept", "drop", "reject", "queue")

MOST_TOKENS = 1 << 20


class _Chain:
    def __init__(self) -> None:
        self.hook: str | None = None
        self.policy: str | None = None
        self.rules: list[NftVerdict] = []

    def take(self, words: list[str]) -> None:
        """One statement inside a chain: its hook, its policy, or a rule."""
        if words[:1] == ["type"] and "hook" in words:
            place = words.index("hook") + 1
            self.hook = words[place] if words[1:2] == ["filter"] and place < len(words) else None
            self.policy = self.policy or "accept"
        elif words[:1] == ["policy"]:
            self.policy = words[1].strip('"') if len(words) > 1 else None
        else:
            self.rules.extend(_verdicts(words))


class NftScript(NamedTuple):
    """What a script leaves in the kernel."""

    tables: tuple[FilterTable, ...]


class Reader:
    """Follows a script statement by statement; ``include`` gives the texts that a pattern stands for."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._tables: dict[tuple[str, str], dict[str, _Chain]] = {}
        self._defined: dict[str, str] = {}

    def read(self, source: str) -> Iterator[str]:
        """Take a text; yields the patterns of its ``include`` lines, each where it stands."""
        tokens = self._tokens(source)
        for words, opens in _statements(tokens):
            if opens and "rule" in words[:2]:
                self._statement([*words, *_rest(tokens)])
            elif words[:1] == ["include"] and len(words) > 1:
                yield words[1].strip('"')
            elif opens:
                self._block(words, tokens)
            else:
                self._statement(words)

    def script(self) -> NftScript:
        """What came of it."""
        tables = []
        for (family, name), chains in self._tables.items():
            made = [FilterChain(chain, c.hook, c.policy, tuple(c.rules)) for chain, c in chains.items()]
            tables.append(FilterTable(family, name, tuple(made), self._path))
        return NftScript(tuple(tables))

    def _block(self, words: list[str], tokens: Iterator[str]) -> None:
        if words[:1] == ["add"] or words[:1] == ["create"]:
            words = words[1:]
        if words[:1] == ["table"]:
            family, name = _named(words[1:])[:2]
            self._inside(self._tables.setdefault((family, name), {}), tokens)
        elif words[:1] == ["chain"]:
            family, table, *rest = _named(words[1:])
            chain = self._tables.setdefault((family, table), {}).setdefault(rest[0] if rest else "", _Chain())
            _fill(chain, tokens)
        else:
            _braces(tokens)

    def _inside(self, chains: dict[str, _Chain], tokens: Iterator[str]) -> None:
        for words, opens in _statements(tokens, nested=True):
            if opens and words[:1] == ["chain"] and len(words) > 1:
                _fill(chains.setdefault(words[1].strip('"'), _Chain()), tokens)
            elif opens:
                _braces(tokens)
            else:
                self._define(words)

    def _define(self, words: list[str]) -> None:
        if words[:1] in (["define"], ["redefine"]) and words[2:3] == ["="] and len(words) == 4:
            self._defined[words[1]] = words[3]

    def _tokens(self, source: str) -> Iterator[str]:
        """The tokens, with the word that was defined before in the place of its name (a policy, an interface)."""
        for token in _tokens(source):
            yield self._defined.get(token[1:], token) if token.startswith("$") else token

    def _statement(self, words: list[str]) -> None:
        self._define(words)
        if words[:2] == ["flush", "ruleset"]:
            self._tables.clear()
        elif words[:2] in (["flush", "table"], ["flush", "chain"]):
            family, table, *rest = _named(words[2:])
            for name, chain in self._tables.get((family, table), {}).items():
                if words[1] == "table" or rest[:1] == [name]:
                    chain.rules.clear()
        elif words[:2] in (["delete", "table"], ["destroy", "table"]):
            family, name = _named(words[2:])[:2]
            self._tables.pop((family, name), None)
        elif (words[:1] in (["add"], ["insert"]) and words[1:2] == ["rule"]) or words[:1] == ["rule"]:
            family, table, *rest = _named(words[words.index("rule") + 1 :])
            if rest:
                chains = self._tables.setdefault((family, table), {})
                chains.setdefault(rest[0], _Chain()).take(rest[1:])


def parse_script(source: str, path: str) -> NftScript:
    r"""The tables that a script without ``include`` makes.

    >>> text = "flush ruleset\ntable inet f { chain i { type filter hook input priority 0; policy drop; }\n}\n"
    >>> parse_script(text, "x").tables[0].blocks()
    'chain i drops what no rule accepts'
    """
    reader = Reader(path)
    for _ in reader.read(source):
        pass
    return reader.script()


def _fill(chain: _Chain, tokens: Iterator[str]) -> None:
    for words, opens in _statements(tokens, nested=True, whole=True):
        if words and not opens:
            chain.take(words)


def _tokens(source: str) -> Iterator[str]:
    for count, found in enumerate(re.finditer(_TOKENS, source)):
        token = found.group()
        if count > MOST_TOKENS:
            return
        if not token.startswith(("\\\n", "#")):
            yield token


def _statements(tokens: Iterator[str], nested: bool = False, whole: bool = False) -> Iterator[tuple[list[str], bool]]:
    """Each statement, and whether it opens a block; ends with the block where ``nested``.

    ``whole``: braces in a statement are part of it (the sets and maps of rules).
    """
    words: list[str] = []
    for token in tokens:
        if token == "{" and whole:
            words += _braces(tokens)
        elif token == "{":
            yield words, True
            words = []
        elif token == "}" and nested:
            break
        elif token in (";", "\n", "}"):
            if words:
                yield words, False
            words = []
        else:
            words.append(token)
    if words:
        yield words, False


def _braces(tokens: Iterator[str]) -> list[str]:
    """The words up to the brace that closes."""
    words, depth = ["{"], 1
    for token in tokens:
        depth += {"{": 1, "}": -1}.get(token, 0)
        if token != "\n":
            words.extend(part for part in re.split(r"([,:])", token) if part)
        if depth == 0:
            break
    return words


def _rest(tokens: Iterator[str]) -> Iterator[str]:
    """What a rule's statement goes on with after the brace that it has open."""
    yield from _braces(tokens)
    for token in tokens:
        if token in (";", "\n"):
            return
        yield from _braces(tokens) if token == "{" else [token]


def _named(words: list[str]) -> list[str]:
    """Family (``ip`` where it is left out), table, and what follows."""
    family = "ip"
    if words[:1] and words[0] in _FAMILIES:
        family, words = words[0], words[1:]
    plain = [word.strip('"') for word in words]
    return [family, *(plain or [""])]


def _verdicts(words: list[str]) -> Iterator[NftVerdict]:
    depth, some = 0, False
    for place, word in enumerate(words):
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth:
            if word in ("drop", "reject"):
                yield NftVerdict("vmap", "", some)
        elif word in _FINAL:
            yield NftVerdict(word, "", some)
        elif word in ("jump", "goto") and place + 1 < len(words):
            yield NftVerdict("jump", words[place + 1].strip('"'), some)
        elif word == "vmap" and words[place + 1 : place + 2] != ["{"]:
            yield NftVerdict("vmap", "", some)
        elif word not in ("counter", "log", "comment", "prefix") and not word.startswith('"'):
            some = True
