"""The records that the text of a capture is made of."""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.text import encode

MOST_NAME = 4096
"""Bytes of a path."""


class Wrong(Exception):
    """What is wrong with a record; ``at`` is the byte where it begins."""

    def __init__(self, expected: str, at: int = 0) -> None:
        super().__init__(expected)
        self.expected = expected
        self.at = at


class Record(NamedTuple):
    """A head and its content."""

    letter: str
    rest: str
    """Of the head, not yet decoded."""
    content: bytes | None
    """None where no content follows."""
    at: int


def name_of(raw: str, at: int) -> str:
    """A name as it was, out of a head."""
    if len(raw) > MOST_NAME or (len(raw) * 3 > MOST_NAME and len(encode(raw)) > MOST_NAME):
        raise Wrong(f"a name of at most {MOST_NAME} bytes", at)
    if "\0" in raw:
        raise Wrong("a name without NUL", at)
    return raw.replace("%00", "\0").replace("%0A", "\n").replace("%25", "%") if "%" in raw else raw
