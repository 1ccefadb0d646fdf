"""Fixes as data: the steps that would bring a failure in order. Nothing here runs anything."""

from __future__ import annotations

from nodecheck.record import NamedTuple
from nodecheck.typed import Union

SAFE = "safe"
DISRUPTIVE = "disruptive"
MANUAL = "manual"


class Command(NamedTuple):
    """Run ``argv`` (never through a shell)."""

    argv: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its name in the report."""
        return "command"


class Edit(NamedTuple):
    """Replace the whole line ``before`` of ``path`` by ``after``, wherever the file has it.

    ``after`` may be several lines; then the file must have ``before`` once, and a plan refuses one that does not.
    """

    path: str
    before: str
    after: str

    @property
    def kind(self) -> str:
        """Its name in the report."""
        return "edit"


class Create(NamedTuple):
    """Write ``content`` to ``path``, where there is no file or a blank one; ``mode`` is octal, such as ``"0644"``."""

    path: str
    mode: str
    content: str

    @property
    def kind(self) -> str:
        """Its name in the report."""
        return "create"


class Manual(NamedTuple):
    """What a person must do."""

    text: str

    @property
    def kind(self) -> str:
        """Its name in the report."""
        return "manual"


Step = Union[Command, Edit, Create, Manual]


class Fix(NamedTuple):
    """A proposed change. ``safety`` is ``safe``, ``disruptive`` (restarts or cuts something) or ``manual``."""

    title: str
    steps: tuple[Step, ...]
    safety: str = SAFE
    reboot: bool = False


def command(*argv: str) -> Command:
    """A command step.

    >>> command("swapoff", "--", "/dev/dm-1")
    Command(argv=('swapoff', '--', '/dev/dm-1'))
    """
    return Command(argv)


def edit(path: str, before: str, after: str) -> Edit:
    """A step that replaces one whole line."""
    return Edit(path, before, after)


def create(path: str, content: str, mode: str = "0644") -> Create:
    """A step that writes a file."""
    return Create(path, mode, content)


def manual(text: str) -> Manual:
    """A step that only a person can do."""
    return Manual(text)


def by_hand(title: str, text: str) -> Fix:
    """A fix that is one manual step."""
    return Fix(title, (Manual(text),), MANUAL)
