"""Text as nodecheck reads and shows it: surrogate-escaped inside, printable outside."""

from __future__ import annotations

MASK = "~secret~"
"""What stands in the place of a secret (:mod:`nodecheck.model.secrets`)."""


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


def lowered(text: str) -> str:
    r"""The text in lower case, as far as letters of ASCII come of it: that of long texts costs a quarter.

    >>> lowered("TOKEN=x"), lowered("TO\u212aEN=\xc9")
    ('token=x', 'token=\xc9')
    """
    if text.isascii():
        return text.lower()
    raw = text.replace("\u212a", "k").replace("\u0130", "i\u0307").encode("utf-8", "surrogatepass")
    return raw.lower().decode("utf-8", "surrogatepass")


def is_digits(text: str) -> bool:
    """Whether it is one digit or more of ASCII and nothing else: ``int()`` takes blanks, signs, ``_`` and other digits.

    >>> is_digits("042"), is_digits("-1"), is_digits("1_0"), is_digits("٣"), is_digits("")
    (True, False, False, False, False)
    """
    return text.isascii() and text.isdigit()


def whole_number(text: str, most_digits: int = 18) -> int | None:
    """The number that digits of ASCII write; None for anything else, and for more digits than that.

    >>> whole_number("042"), whole_number("-1"), whole_number("1" * 19), whole_number("100", most_digits=2)
    (42, None, None, None)
    """
    return int(text) if len(text) <= most_digits and is_digits(text) else None


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


def minute(at: str) -> str:
    """A time to the minute.

    >>> minute("2026-11-23T01:02:03.456Z")
    '2026-11-23 01:02Z'
    """
    return printable(f"{at[:10]} {at[11:16]}Z")
