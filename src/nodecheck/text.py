"""Text as nodecheck reads and shows it: surrogate-escaped inside, printable outside."""

from __future__ import annotations


def decode(raw: bytes) -> str:
    r"""Decode bytes of a node; what is not UTF-8 survives as lone surrogates.

    >>> decode(b"caf\xc3\xa9 \xff")
    'café \udcff'
    """
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    r"""The bytes that :func:`decode` took, also of what no bytes give: half a surrogate pair in JSON or of a plugin.

    >>> encode("café \udcff"), encode("\ud800")
    (b'caf\xc3\xa9 \xff', b'\xed\xa0\x80')
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def wellformed(text: str) -> str:
    r"""Text that any JSON reader takes: bytes that were not UTF-8 become ``\xNN``.

    >>> wellformed("a\udcffb"), wellformed("a\ud800b")
    ('a\\xffb', 'a\\xed\\xa0\\x80b')
    """
    return text if text.isascii() else encode(text).decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""One line that is safe on a terminal: control characters and non-UTF-8 bytes as ``\xNN``.

    >>> printable("a\x1b[31m\udcff\n")
    'a\\x1b[31m\\xff\\x0a'
    """
    if text.isprintable():
        return text
    text = wellformed(text)
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "backslashreplace"))
