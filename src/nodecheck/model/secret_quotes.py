"""Secrets in quotes that close on a later line: TOML's three quotes, YAML's deeper lines, the shell's backslash."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from nodecheck.model.secret_keys import is_secret_key
from nodecheck.text import MASK

MOST_LINES = 64
"""Lines of a value in one quote that are followed; three quotes are followed to the end of the text."""

_KEY = r"^([ \t#]*)(?:- |export )?[\"']?([\w./-]{1,200})[\"']?[ \t]*[:=][ \t]*"


@lru_cache(maxsize=1)
def _three() -> re.Pattern[str]:
    return re.compile(_KEY + r"(\"\"\"|''')(.*?)(?=\3|\Z)", re.MULTILINE | re.DOTALL)


@lru_cache(maxsize=1)
def _one() -> re.Pattern[str]:
    inside = r"(?:(?!\3)[^\n])*"
    deeper = rf"(?:\n\1[ \t]+(?!\s){inside}){{1,{MOST_LINES}}}"
    continued = rf"\\(?:\n{inside}(?:(?<=\\)(?=\n)|(?=\3))){{1,{MOST_LINES}}}"
    return re.compile(rf"{_KEY}([\"'])(?!\3\3)({inside}(?:{deeper}(?=\3)|{continued}))", re.MULTILINE)


@lru_cache(maxsize=1)
def _head() -> re.Pattern[str]:
    return re.compile(rf"{_KEY}[\"']", re.MULTILINE)


def may_go_on(text: str, begins: Iterable[int]) -> bool:
    """Whether a quote opens after a key in one of the lines that begin there: without any, no secret is over lines."""
    head = _head()
    return any(head.match(text, begin) for begin in begins)


def over_lines(text: str) -> str:
    r"""The text without such secrets; its lines, their indentation and quotes stay.

    >>> over_lines("password: 'a\n  b'")
    "password: '~secret~\n  ~secret~'"
    """
    if '"""' in text or "'''" in text:
        text = _three().sub(_masked, text)
    return _one().sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    if not is_secret_key(match[2]):
        return match[0]
    head = match[0][: len(match[0]) - len(match[4])]
    return head + "\n".join(map(_hidden, match[4].split("\n")))


def _hidden(line: str) -> str:
    """A line of a value: a blank one stays, and so does the backslash that ends it."""
    end = "\\" if line.endswith("\\") else ""
    return f"{line[: len(line) - len(line.lstrip())]}{MASK}{end}" if line.strip("\\ \t\r") else line
