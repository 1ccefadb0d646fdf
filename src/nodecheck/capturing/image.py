"""What a capture knows of a node: of each path that was looked at, and of each other question."""

from __future__ import annotations

import re

from nodecheck.errors import FactError
from nodecheck.host.base import Question, Stat
from nodecheck.host.questions import ERRORS
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

MOST_CONTENT = 8 << 20
"""Bytes of one file, or of one answer, that a capture holds. A larger one is not captured."""

ABSENT = "absent"
LINK = "link"

_MAGIC = re.compile(r"/proc/(?:self|thread-self|[0-9]+)(?:/(?:exe|cwd|root|fd/[^/]+|ns/[^/]+))?")


def is_magic(path: str) -> bool:
    """Whether a path is one of procfs' links that lead where no path does, or to whoever reads (proc(5)).

    They are not followed: ``/proc/self`` and ``/proc/1`` stand for directories.

    >>> is_magic("/proc/self"), is_magic("/proc/1/exe"), is_magic("/proc/1/status"), is_magic("/proc/mounts")
    (True, True, False, False)
    """
    return path.startswith("/proc/") and _MAGIC.fullmatch(path) is not None


def joined(folder: str, name: str) -> str:
    """A name in a directory."""
    return folder + name if folder == "/" else f"{folder}/{name}"


class Failure(NamedTuple):
    """An error without the path that was asked."""

    kind: str
    """The name of its class, one of :data:`~nodecheck.host.questions.ERRORS`."""
    detail: str
    errno: int | None

    @classmethod
    def of(cls, error: FactError) -> Failure:
        """What stays of an error."""
        name = type(error).__name__
        if ERRORS.get(name) is not type(error):
            name = next(base.__name__ for base in type(error).__mro__ if base.__name__ in ERRORS)
        return cls(name, error.detail, error.errno)

    def at(self, source: str) -> FactError:
        """The error for a path or another source."""
        return ERRORS[self.kind](source, self.detail, errno=self.errno)


GONE = Failure("Absent", "no such file or directory", 2)


class Range(NamedTuple):
    """A part of a file that was not read whole."""

    offset: int
    size: int
    """Bytes that were asked for; fewer at the end of the file."""
    content: bytes


class PathEntry:
    """What is known of one path, of which no directory on the way is a link."""

    __slots__ = ("content", "failures", "info", "kind", "links", "names", "over", "ranges", "target", "tells_links")

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind
        """As :attr:`~nodecheck.host.base.Stat.kind` has it, or ``absent``; None: not known."""
        self.info: Stat | None = None
        self.content: bytes | None = None
        """The whole file."""
        self.target: str | None = None
        """The text of the link."""
        self.names: tuple[str, ...] | None = None
        """The whole listing of the directory."""
        self.tells_links = False
        """Of each of ``names`` it is known whether it is a link."""
        self.links: int | None = None
        """How many of ``names`` are links; None where the capture does not say it."""
        self.failures: dict[str, Failure] = {}
        """By the verb of the question."""
        self.over: int | None = None
        """The file holds more bytes than this, though its size does not say so."""
        self.ranges: tuple[Range, ...] = ()


class Origin(NamedTuple):
    """Where and when a capture was made."""

    time: str
    """RFC 3339, UTC."""
    tool: str
    """``nodecheck 0.3.0``, ``collector 1``."""
    running: bool
    whole: bool
    this_machine: bool
    path: str
    """The directory that was captured; ``/`` for a node that ran."""
    real: tuple[str, ...]
    """Those of ``/proc`` and ``/sys`` that were file systems of a kernel."""
    plugins: tuple[str, ...] = ()
    """Name and version of each plugin whose facts were read."""
    redacted: bool = False
    """Names and addresses are others than the node's."""


def seconds_of(origin: Origin) -> int | None:
    """When a capture was made, in seconds since 1970; None where that is no time (the 30th of February)."""
    from nodecheck.render.told import unix_seconds

    found = unix_seconds(origin.time)
    return None if found is None else int(found)


class Image:
    """All that a capture knows."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.entries: dict[str, PathEntry] = {}
        self.answers: dict[Question, Any] = {}
        """Of questions about no path, and of those about paths that no entry can tell; an error is an answer too."""

    def at(self, path: str) -> PathEntry:
        """The entry of a path, made where there is none."""
        found = self.entries.get(path)
        if found is None:
            found = self.entries[path] = PathEntry()
        return found

    def drop_contradicted(self) -> None:
        """Take listings for not captured that entries speak against: one of the two is wrong, or lines were lost."""
        found: dict[str, list[str]] = {}
        links: dict[str, int] = {}
        for path, entry in self.entries.items():
            folder, _, name = path.rpartition("/")
            if entry.kind not in (None, ABSENT) and name:
                found.setdefault(folder or "/", []).append(name)
            if entry.target is not None:
                links[folder or "/"] = links.get(folder or "/", 0) + 1
        for path, entry in self.entries.items():
            if entry.names is None:
                continue
            if entry.links is not None and entry.links != links.get(path, 0):
                entry.tells_links = False
            if not path.startswith("/proc") and not set(entry.names).issuperset(found.get(path, ())):
                entry.names, entry.tells_links = None, False  # below /proc, processes come and go meanwhile


PATH_VERBS = ("read", "read_at", "names", "links", "stat", "link")
"""The verbs of a host that an entry answers; all others are answered by what was asked."""
