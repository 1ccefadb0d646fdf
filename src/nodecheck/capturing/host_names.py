"""The hosts that are asked over ssh, as words of a command line and lines of a file say them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import UsageError
from nodecheck.text import decode, encode, printable

MOST_HOSTS = 10_000
MOST_CHARS = 230
"""Bytes of one host: more is no name, and ``HOST.capture`` would be no name of a file, nor of the one beside it that is
written first."""

MOST_BYTES = MOST_HOSTS * (MOST_CHARS + 26)
"""Of a file of hosts."""

EXPECTED = "expected [USER@]HOST"

_NEVER = frozenset("'\"`$\\;&<>|(){}/")
"""ssh takes none of these since 9.6, as a shell reads ``%h`` of a ProxyCommand; ``/`` would lead a file elsewhere."""


def checked(text: str, where: str) -> str:
    """A host as ssh may be given it. Raises UsageError, which begins with ``where``."""
    shown = printable(text if len(text) <= 60 else text[:60] + "…")
    if not text or text.startswith("@") or text.endswith("@"):
        raise UsageError(f"{where}: {EXPECTED}, found '{shown}'")
    if text.startswith("-") or "@-" in text:
        raise UsageError(f"{where}: {EXPECTED}, found '{shown}': ssh would read an option in it")
    if not text.isprintable() or any(char.isspace() for char in text):
        hint = _hint(text)
        raise UsageError(f"{where}: {EXPECTED} without blanks and control characters, found '{shown}'{hint}")
    wrong = sorted(_NEVER.intersection(text))
    if wrong:
        hint = ": a port stands in the configuration of ssh, or in --ssh-option Port=N" if "/" in wrong else ""
        raise UsageError(f"{where}: {EXPECTED} without {wrong[0]}, found '{shown}'{hint}")
    if len(encode(text)) > MOST_CHARS:
        raise UsageError(f"{where}: {EXPECTED} of at most {MOST_CHARS} characters, found '{shown}'")
    return text


def _hint(text: str) -> str:
    """What may have put a character there that nobody sees."""
    if text.endswith("\r"):
        return ": the line ends as on Windows; dos2unix(1) changes that"
    return ": the file begins with a byte order mark; dos2unix(1) takes it away" if text[0] == "\ufeff" else ""


def hosts_of(words: Iterable[str], files: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """The hosts of the words and of the files (name and content), each once. Raises UsageError."""
    found = dict.fromkeys([checked(word, "--ssh") for word in words])
    for name, raw in files:
        named = list(listed(raw, name))
        if not named:
            raise UsageError(f"--hosts: expected a host a line, found none in {printable(name)}")
        found.update(dict.fromkeys(named))
    if len(found) > MOST_HOSTS:
        raise UsageError(f"expected at most {MOST_HOSTS} hosts, found {len(found)}")
    return tuple(found)


def listed(raw: bytes, name: str) -> Iterator[str]:
    r"""The hosts of a file: one a line; what follows ``#`` is a comment. Raises UsageError with the line.

    >>> list(listed(b"node1\n\n# all of them\n  root@node2  # the old one\n", "hosts"))
    ['node1', 'root@node2']
    """
    if len(raw) > MOST_BYTES:
        raise UsageError(f"--hosts: expected at most {MOST_HOSTS} hosts, found a larger file: {printable(name)}")
    for number, line in enumerate(decode(raw).split("\n"), 1):
        text = line.partition("#")[0].strip(" \t")
        if text:
            yield checked(text, f"{printable(name)}, line {number}")
