"""Words for a POSIX shell: every byte as it is, whatever the shell and its locale."""

from __future__ import annotations

from shlex import quote

from nodecheck.text import encode, printable

_PLAIN = frozenset("\n").union(map(chr, range(32, 127)))
_RESERVED = ("case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while", "!")
"""Words that are quoted so that nobody takes them for the shell's own."""


class Words:
    """Quotes words; those that are not plain ASCII become variables, which ``assignments`` sets."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def word(self, text: str) -> str:
        """One word of a command line.

        >>> Words().word("it's"), Words().word("\\x1b[31m")
        ('\\'it\\'"\\'"\\'s\\'', '"$w1"')
        """
        if _PLAIN.issuperset(text):
            return f"'{text}'" if text in _RESERVED else quote(text)
        name = self._names.setdefault(text, f"w{len(self._names) + 1}")
        return f'"${name}"'

    def assignments(self) -> list[str]:
        """The lines that set the variables; a dot keeps the shell from taking newlines off the end."""
        lines = []
        for text, name in self._names.items():
            lines.append(f"{name}=$(printf '{octal(text)}.')")
            lines.append(f"{name}=${{{name}%.}}")
        return lines


def octal(text: str) -> str:
    r"""A format for printf(1) that prints the bytes of a text; only letters, digits and a few marks stand as they are.

    >>> octal("50% caf\xe9\n")
    '50%% caf\\303\\251\\012'
    >>> octal("-rf\r")
    '\\055rf\\015'
    """
    raw = encode(text)
    option = "\\055" if raw[:1] == b"-" else ""
    return option + "".join([_printf(byte) for byte in raw[bool(option) :]])


def _printf(byte: int) -> str:
    char = chr(byte)
    if char == "%":
        return "%%"
    if char.isascii() and (char.isalnum() or char in " _-+=:,./@#()[]{}<>|&;*?!^"):
        return char
    return f"\\{byte:03o}"


def shown(text: str) -> str:
    r"""A text for a message or a comment of the script: one line of printable ASCII.

    >>> shown("caf\xe9\n")
    'caf\\xe9\\x0a'
    """
    return printable(text).encode("ascii", "backslashreplace").decode("ascii")
