"""Steps of fixes as text: commands as a shell takes them, edits as a diff."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.fix import Edit


def shell_line(argv: Iterable[str]) -> str:
    """The words of a command, each quoted where it must be.

    >>> shell_line(("swapoff", "--", "/dev/my disk"))
    "swapoff -- '/dev/my disk'"
    """
    from shlex import quote

    return " ".join([quote(word) for word in argv])


def removed(step: Edit) -> str:
    """The line that an edit takes away, as a diff has it."""
    return f"- {step.before}"


def added(step: Edit) -> str:
    """The lines that an edit writes, as a diff has them.

    >>> added(Edit("/f", "[a]", "[a]\\nb = 1"))
    '+ [a]\\n+ b = 1'
    """
    return "\n".join([f"+ {line}" for line in step.after.split("\n")])
