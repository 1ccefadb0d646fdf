"""Which lines of a long text are worth to be looked at: found by a few searches of the whole, not line by line.

Each search is one of :func:`nodecheck.model.secrets.may_hold`, or finds more. So no line for which that is true is left
out, and what is found too much costs a closer look and nothing else.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.record import NamedTuple
from nodecheck.text import lowered

_IN_KEYS = ("pass", "token", "secret", "psk", "pw", "key", "auth")
"""In lower case; the key of a secret holds one of them."""

_OTHER = "microk8s join"


class Searched(NamedTuple):
    """What is searched for, as :mod:`nodecheck.model.secrets` has it."""

    alone: tuple[str, ...]
    commands: tuple[str, ...]
    """Beside an option."""
    stdin: tuple[str, ...]
    """Beside a pipe."""
    proxies: tuple[str, ...]
    """Beside an ``@``."""
    marks: tuple[str, ...]
    """As they stand, in upper case too."""


@lru_cache(maxsize=1)
def _hash() -> re.Pattern[str]:
    return re.compile(r"\$(?:[12567]|y\$|gy\$|md5|sha1|apr1|scrypt|argon2|pbkdf2)")


@lru_cache(maxsize=1)
def _dotted() -> re.Pattern[str]:
    return re.compile(r"\.(?<=[^\W_]\.)[^\W_]{16}")


@lru_cache(maxsize=1)
def _cut_off() -> re.Pattern[str]:
    return re.compile(r"://[^\n]*:(?![0-9])")


class Likely:
    """The lines of one text, by where they begin."""

    def __init__(self, text: str, words: Searched) -> None:
        self._text = text
        self._words = words
        self._lower = lowered(text.replace("\u0130", "i"))  # which is two letters in lower case: places must not move
        self._begins: set[int] = set()
        for word in _IN_KEYS:
            self._add(word, self._lower)
        self.keys = tuple(self._begins)
        """Those with a word of which the key of a secret holds one."""

    def numbers(self) -> list[int]:
        """All that are worth it, in their order, as numbers from 0 on."""
        text = self._text
        for word in [_OTHER, *[word for word in self._words.alone if not any(part in word for part in _IN_KEYS)]]:
            self._add(word, self._lower)
        if " -" in text:
            self._add_where(" -", self._words.commands)
        if "|" in text:
            self._add_where("|", self._words.stdin)
        if "@" in text:
            self._add_where("@", self._words.proxies)
        self._add_urls()
        for pattern in [_hash()] * ("$" in text) + [_dotted()] * ("." in text):
            self._begins.update([self._begin(match.start()) for match in pattern.finditer(text)])
        for mark in self._words.marks:
            self._add(mark, text)
        return self._numbered()

    def _begin(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end

    def _add(self, word: str, text: str) -> None:
        """Each line with a word, as it stands in this text or in the same in lower case."""
        at = text.find(word)
        while at >= 0:
            self._begins.add(self._begin(at))
            at = text.find(word, self._end(at))

    def _add_where(self, mark: str, words: tuple[str, ...]) -> None:
        """Each line with a mark and one of these words."""
        lower = self._lower
        at = lower.find(mark)
        while at >= 0:
            begin, end = self._begin(at), self._end(at)
            line = lower[begin:end]
            for word in words:
                if word in line:
                    self._begins.add(begin)
                    break
            at = lower.find(mark, end)

    def _add_urls(self) -> None:
        lower = self._lower
        at = lower.find("://")
        while at >= 0:
            begin, end = self._begin(at), self._end(at)
            line = lower[begin:end]
            if "@" in line or "…" in line or "sig" in line or _cut_off().search(line, at - begin):
                self._begins.add(begin)
            at = lower.find("://", end)

    def _numbered(self) -> list[int]:
        numbers: list[int] = []
        at = number = 0
        for begin in sorted(self._begins):
            number += self._text.count("\n", at, begin)
            numbers.append(number)
            at = begin
        return numbers
