"""A step in one line."""

from __future__ import annotations

from nodecheck.fix.setting_files import MARK
from nodecheck.model.steps import Command, Create, Edit, Step
from nodecheck.text import printable


def told(step: Step, most: int = 500) -> str:
    """One step in one line, with at most so many characters of any text of a file.

    >>> told(Edit("/etc/fstab", "/swap none swap sw 0 0", "# /swap none swap sw 0 0"))
    'edit /etc/fstab: "/swap none swap sw 0 0" becomes "# /swap none swap sw 0 0"'
    """
    if isinstance(step, Command):
        from shlex import quote

        return "run " + " ".join([quote(printable(word)) for word in step.argv])
    if isinstance(step, Edit):
        return f"edit {printable(step.path)}: {_change(step, most)}"
    if isinstance(step, Create):
        about = "an empty file" if not step.content else f"mode {printable(step.mode)}"
        return f"write {printable(step.path)} ({about})"
    return printable(step.text)


def _change(step: Edit, most: int) -> str:
    before, after = step.before, step.after
    if after.startswith(before + "\n"):
        return f"add {_quoted(after[len(before) + 1 :], most)} below {_quoted(before, most)}"
    if after.endswith("\n" + before):
        return f"add {_quoted(after[: -len(before) - 1], most)} above {_quoted(before, most)}"
    return f"{_quoted(before, most)} becomes {_quoted(after, most)}"


def _quoted(text: str, most: int) -> str:
    text = "\n".join([line for line in text.split("\n") if not line.startswith(MARK)]) or text
    found = printable(text[:most].replace("\t", " ").replace("\n", " / ").strip(" "))
    return f'"{found}..."' if len(text) > most else f'"{found}"'
