"""The language of ``grub.cfg``: commands, quotes and variables (GRUB manual, "Shell-like scripting")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from nodecheck.errors import ParseError

MOST_CHARACTERS = 1 << 16
"""Characters of a word, its variables replaced."""
_FEATURES = "feature_"
"""Variables that begin so are ``y`` in every GRUB 2 of today."""


@lru_cache(maxsize=1)
def _lexer() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<blank>[ \t\r]+|\\\n)|(?P<comment>\#[^\n]*)|(?P<end>[\n;]+)
        |(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\$\{[^{}$\n]*\}|\\.|[^\s;'"\\])+)|(?P<other>.)""",
        re.VERBOSE | re.DOTALL,
    )


def statements(text: str) -> Iterator[tuple[list[str], int]]:
    """Simple commands: lists of raw words, with the line of the first; ``{`` ends one and ``}`` is one by itself."""
    words: list[str] = []
    line = start = 1
    for match in _lexer().finditer(text):
        kind, value = match.lastgroup, match.group()
        if kind == "word":
            if not words:
                start = line
            if value == "}":
                if words:
                    yield words, start
                words = []
                yield ["}"], line
            else:
                words.append(value)
                if value in ("{", "then", "else", "do"):
                    yield words, start
                    words = []
        elif kind == "end" and words:
            yield words, start
            words = []
        line += value.count("\n")
    if words:
        yield words, start


@lru_cache(maxsize=1)
def _parts() -> re.Pattern[str]:
    return re.compile(
        r"""'(?P<raw>[^']*)'|"(?P<soft>(?:\\.|[^"\\])*)"|\$\{(?P<braced>[^{}$]*)\}|\$(?P<name>[A-Za-z_]\w*|[0-9?@#*])
        |\\(?P<escaped>.)|(?P<plain>[^'"\\$]+|.)""",
        re.VERBOSE | re.DOTALL,
    )


def expanded(word: str, variables: dict[str, str]) -> str:
    """A word with quotes removed and variables replaced (an unset one by nothing).

    >>> expanded('a"${b} \\\\$c"', {"b": "1"})
    'a1 $c'
    """
    return _joined(_pieces(word, variables), word)


def _joined(pieces: Iterator[str], word: str) -> str:
    found, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_CHARACTERS:
            raise ParseError("grub.cfg", None, word, f"words of at most {MOST_CHARACTERS} characters")
        found.append(piece)
    return "".join(found)


def _pieces(word: str, variables: dict[str, str]) -> Iterator[str]:
    for match in _parts().finditer(word):
        kind, value = match.lastgroup or "plain", match.group(match.lastgroup or 0)
        if kind in ("braced", "name"):
            yield _value(value, variables)
        elif kind == "soft":
            yield from _soft(value, variables)
        else:
            yield value


def _soft(text: str, variables: dict[str, str]) -> Iterator[str]:
    """The text within double quotes: variables count, a backslash quotes ``$``, a quote and itself."""
    for match in _soft_parts().finditer(text):
        escaped, braced, name, plain = match.groups()
        key = braced if braced is not None else name
        if key is not None:
            yield _value(key, variables)
        else:
            yield escaped if escaped is not None else plain


@lru_cache(maxsize=1)
def _soft_parts() -> re.Pattern[str]:
    return re.compile(r"""\\([$"\\])|\$\{([^{}$]*)\}|\$([A-Za-z_]\w*|[0-9?@#*])|([^\\$]+|.)""", re.DOTALL)


def _value(name: str, variables: dict[str, str]) -> str:
    return "y" if name.startswith(_FEATURES) else variables.get(name, "")


def script_words(options: str, variables: dict[str, str]) -> Iterator[str]:
    """The words of a BLS entry's options: ``$name`` is replaced first, and the line is then read as a command.

    >>> list(script_words('$kernelopts a="b c"', {"kernelopts": "ro quiet"}))
    ['ro', 'quiet', 'a=b c']
    """
    parts = re.finditer(r"\$([A-Za-z0-9_]+)|[^$]+|\$", options)
    line = _joined((variables.get(part[1], "") if part[1] else part[0] for part in parts), options)
    for words, _ in statements(line):
        yield from (expanded(word, {}) for word in words)
