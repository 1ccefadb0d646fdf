"""How many columns of a terminal a text takes: wide characters take two, combining marks none."""

from __future__ import annotations


def columns(text: str) -> int:
    """Columns of a text without control characters (Unicode Standard Annex 11).

    >>> columns("node"), columns("节点"), columns("e\\u0301")
    (4, 4, 1)
    """
    return len(text) if text.isascii() else sum([_columns(char) for char in text])


def _columns(char: str) -> int:
    if char < "\x7f":
        return 1
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


def cut(text: str, room: int, ellipsis: str = "…") -> str:
    """A text of at most ``room`` columns; the ellipsis says that there was more.

    >>> cut("节点七", 5)
    '节点…'
    """
    if columns(text) <= room:
        return text
    left = max(room - len(ellipsis), 0)
    if text.isascii():
        return (text[:left] + ellipsis)[:room]
    kept: list[str] = []
    for char in text:
        left -= _columns(char)
        if left < 0:
            break
        kept.append(char)
    return ("".join(kept) + ellipsis)[: len(kept) + room]


def padded(text: str, room: int) -> str:
    """A text, filled up with blanks to ``room`` columns."""
    return text + " " * (room - columns(text))
