"""Steps of fixes as text: commands as a shell takes them, edits as a diff."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.model.steps import Edit


def shell_line(argv: Iterable[str]) -> str:
    """The words of a command, each quoted where it must be; control characters as printf(1) makes them.

    >>> shell_line(("swapoff", "--", "/dev/my disk"))
    "swapoff -- '/dev/my disk'"
    >>> shell_line(["\\x1b[31m"])
    '"$(printf \\'\\\\033[31m\\')"'
    """
    return " ".join([_word(word) for word in argv])


def _word(word: str) -> str:
    from shlex import quote

    if word.isprintable():
        return quote(word)
    from nodecheck.fix.shell import octal

    return f"\"$(printf '{octal(word)}')\""


def removed(step: Edit) -> str:
    """The line that an edit takes away, as a diff has it."""
    return f"- {step.before}"


def added(step: Edit) -> str:
    """The lines that an edit writes, as a diff has them.

    >>> added(Edit("/f", "[a]", "[a]\\nb = 1"))
    '+ [a]\\n+ b = 1'
    """
    return "\n".join([f"+ {line}" for line in step.after.split("\n")])
