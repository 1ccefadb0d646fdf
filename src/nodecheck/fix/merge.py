"""Several fixes as one set of steps: equal steps are one, steps that can be joined are, contradictions are named."""

from __future__ import annotations

from nodecheck.fix import Command, Create, Edit, Fix, Manual, Step
from nodecheck.fix.goals import Goal, goals
from nodecheck.record import NamedTuple
from nodecheck.text import printable


class Fixing(NamedTuple):
    """A fix, and the id of the result that it mends."""

    id: str
    fix: Fix


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
        self._goals: dict[str, tuple[Goal, str]] = {}

    def add(self, new: Fixing) -> str | None:
        """Take a fix; or say why it cannot be taken, and leave everything as it was."""
        steps: dict[Key, Step] = {}
        wanted: dict[str, Goal] = {}
        for step in new.fix.steps:
            if (wrong := impossible(step)) is not None:
                return f"{new.fix.title}: {wrong}"
            key = key_of(step)
            old = steps.get(key, self.steps.get(key))
            joined = step if old is None else join(old, step)
            if joined is None:
                return self._conflict(step, self._owners.get(key, new.id))
            if (other := self._in_the_way(joined, key)) is not None:
                return self._conflict(step, other)
            steps[key] = joined
            for goal in goals(step):
                wanted[goal.what] = goal
                known = self._goals.get(goal.what)
                if known is not None and known[0].value != goal.value:
                    return self._conflict(step, known[1])
        self.taken.append(new)
        for key, step in steps.items():
            self.steps[key] = step
            self._owners.setdefault(key, new.id)
        for what, goal in wanted.items():
            self._goals.setdefault(what, (goal, new.id))
        return None

    def _in_the_way(self, step: Step, key: Key) -> str | None:
        """Whose step on the same file cannot go with this one, in whatever order."""
        if not isinstance(step, (Edit, Create)):
            return None
        for other_key, other in self.steps.items():
            if other_key == key or not isinstance(other, (Edit, Create)) or other.path != step.path:
                continue
            if isinstance(step, Create) or isinstance(other, Create) or _chained(step, other) or _chained(other, step):
                return self._owners[other_key]
        return None

    def _conflict(self, step: Step, other: str) -> str:
        if isinstance(step, Edit):
            line = printable(step.before)
            return (
                f"it changes the line {line!r} of {printable(step.path)}, which the fix for {other} changes otherwise"
            )
        if isinstance(step, Create):
            return f"it writes {printable(step.path)}, which the fix for {other} writes or edits otherwise"
        words = " ".join([printable(word) for word in step.argv]) if isinstance(step, Command) else step.text
        return f"{words}: the fix for {other} does the contrary"


def _chained(first: Edit, second: Edit) -> bool:
    """Whether the first edit writes a line that the second one would then change."""
    return second.before in first.after.split("\n") and second.before != first.before


def join(old: Step, new: Step) -> Step | None:
    """One step that does what both do; None where there is none.

    >>> join(Edit("/f", "[a]", "[a]\\nb = 1"), Edit("/f", "[a]", "[a]\\nc = 2"))
    Edit(path='/f', before='[a]', after='[a]\\nb = 1\\nc = 2')
    """
    if old == new:
        return old
    if isinstance(old, Edit) and isinstance(new, Edit):
        return _joined_edits(old, new)
    return None


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
    if isinstance(step, Create):
        octal = len(step.mode) == 4 and all(digit in "01234567" for digit in step.mode)
        return None if octal else f"{printable(step.mode)!r} is not a mode"
    return "what is to be replaced is not one line" if "\n" in step.before else None
