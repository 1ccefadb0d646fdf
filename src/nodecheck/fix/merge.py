"""Several fixes as one set of steps: equal steps are one, steps that can be joined are, contradictions are named."""

from __future__ import annotations

from nodecheck.fix.actions import action_of
from nodecheck.fix.setting_files import holds_settings, joined_settings
from nodecheck.model.steps import Command, Create, Edit, Fix, Manual, Step
from nodecheck.record import NamedTuple
from nodecheck.text import printable

LONGEST_NAME = 255
"""Bytes of a file's name (``NAME_MAX``)."""


class Fixing(NamedTuple):
    """A fix, and the id of the result that it mends."""

    id: str
    fix: Fix
    grade: int = 0
    """How grave the result is: 0 for an error, 1 for a warning, 2 for information."""


Key = tuple[object, ...]
"""What makes two steps one: the line that they edit, the file that they create, the command that they run."""


def key_of(step: Step) -> Key:
    """The key of a step.

    >>> key_of(Edit("/etc/fstab", "/swap none swap sw 0 0", "# /swap none swap sw 0 0"))
    ('edit', '/etc/fstab', '/swap none swap sw 0 0')
    """
    if isinstance(step, Edit):
        return "edit", step.path, step.before
    if isinstance(step, Create):
        return "create", step.path
    if isinstance(step, Command):
        return "command", *step.argv
    return "manual", step.text


class Merger:
    """The fixes that were taken so far, and their steps by key."""

    def __init__(self) -> None:
        self.taken: list[Fixing] = []
        self.steps: dict[Key, Step] = {}
        self._owners: dict[Key, str] = {}
        self._goals: dict[Key, tuple[str, str]] = {}

    def add(self, new: Fixing) -> str | None:
        """Take a fix; or say why it cannot be taken, and leave everything as it was."""
        steps: dict[Key, Step] = {}
        wanted: dict[Key, str] = {}
        for step in new.fix.steps:
            if (wrong := impossible(step)) is not None:
                return f"{new.fix.title}: {wrong}"
            key = key_of(step)
            old = steps.get(key, self.steps.get(key))
            joined = step if old is None else join(old, step)
            sets: dict[Key, str] = {goal.what: goal.value for goal in action_of(step).goals}
            lines = {} if isinstance(step, Command) else wanted
            other = self._owners.get(key, new.id) if joined is None else self._against(sets, lines, new.id)
            if joined is None or other is not None:
                return _conflict(step, other or new.id)
            steps[key] = joined
            wanted.update(sets)
        self._take(new, steps, wanted)
        return None

    def _against(self, sets: dict[Key, str], wanted: dict[Key, str], name: str) -> str | None:
        """Whose fix brings about the contrary of what a step sets; ``wanted``: what its own fix set before, where that
        counts: of one fix, only its edits may contradict it."""
        for what, value in sets.items():
            known = self._goals.get(what)
            if known is not None and known[0] != value:
                return known[1]
            if wanted.get(what, value) != value:
                return name
        return None

    def _take(self, new: Fixing, steps: dict[Key, Step], wanted: dict[Key, str]) -> None:
        self.taken.append(new)
        self.steps.update(steps)
        for key in steps:
            self._owners.setdefault(key, new.id)
        for what, value in wanted.items():
            self._goals.setdefault(what, (value, new.id))


def _conflict(step: Step, other: str) -> str:
    if isinstance(step, Edit):
        line, path = printable(step.before), printable(step.path)
        return f"it changes the line {line!r} of {path}, and the fix for {other} does otherwise"
    if isinstance(step, Create):
        return f"it writes {printable(step.path)}, and the fix for {other} does otherwise"
    words = " ".join([printable(word) for word in step.argv]) if isinstance(step, Command) else step.text
    return f"{words}: the fix for {other} does the contrary"


def join(old: Step, new: Step) -> Step | None:
    """One step that does what both do; None where there is none.

    >>> join(Edit("/f", "[a]", "[a]\\nb = 1"), Edit("/f", "[a]", "[a]\\nc = 2"))
    Edit(path='/f', before='[a]', after='[a]\\nb = 1\\nc = 2')
    """
    if old == new:
        return old
    settings = isinstance(old, (Edit, Create)) and holds_settings(old.path)
    if isinstance(old, Edit) and isinstance(new, Edit):
        return (_joined_lines(old, new) if settings else None) or _joined_edits(old, new)
    if isinstance(old, Create) and isinstance(new, Create) and settings and old.mode == new.mode:
        return old._replace(content=joined_settings(old.content, new.content))
    return None


def _joined_lines(old: Edit, new: Edit) -> Edit | None:
    """One edit of a line of settings below which both add some; one of them may give the line itself another value."""
    below = old.before + "\n"
    more, less = (new, old) if new.after.startswith(below) else (old, new)
    if not more.after.startswith(below):
        return None
    head, _, rest = less.after.partition("\n")
    added = more.after[len(below) :]
    return old._replace(after=f"{head}\n{joined_settings(rest, added) if rest else added}")


def _joined_edits(old: Edit, new: Edit) -> Edit | None:
    below, above = old.before + "\n", "\n" + old.before
    if old.after.startswith(below) and new.after.startswith(below):
        more = new.after[len(below) :]
        return old if _has_lines(old.after[len(below) :], more) else old._replace(after=f"{old.after}\n{more}")
    if old.after.endswith(above) and new.after.endswith(above):
        more = new.after[: -len(above)]
        return old if _has_lines(old.after[: -len(above)], more) else old._replace(after=f"{more}\n{old.after}")
    if old.after.startswith(below) and new.after.endswith(above):
        return old._replace(after=new.after[: -len(old.before)] + old.after)
    if old.after.endswith(above) and new.after.startswith(below):
        return old._replace(after=old.after[: -len(old.before)] + new.after)
    return None


def _has_lines(text: str, more: str) -> bool:
    return f"\n{more}\n" in f"\n{text}\n"


def _writable(text: str) -> bool:
    try:
        return b"\0" not in text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False


def impossible(step: Step) -> str | None:
    """Why a step cannot be done exactly as it says, by anyone; None where it can."""
    if isinstance(step, Manual):
        return None
    texts = step.argv if isinstance(step, Command) else step
    if not all(map(_writable, texts)):
        return "a text in it cannot be written as bytes"
    if isinstance(step, Command):
        return None if step.argv and step.argv[0] else "it names no program"
    if not step.path.startswith("/") or "\n" in step.path or ".." in step.path.split("/"):
        return f"{printable(step.path)} is not an absolute path of one line"
    if any(len(part.encode("utf-8", "surrogateescape")) > LONGEST_NAME for part in step.path.split("/")):
        return f"{printable(step.path)} is longer than a file's name can be"
    if isinstance(step, Create):
        octal = len(step.mode) == 4 and all(digit in "01234567" for digit in step.mode)
        return None if octal else f"{printable(step.mode)!r} is not a mode"
    return "what is to be replaced is not one line" if "\n" in step.before else None
