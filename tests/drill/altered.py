"""A node of which some sources are taken away, or say something else: nothing of it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Union

from nodecheck.errors import Absent, FactError, Malformed, Offline, TooLarge
from nodecheck.formats.kubeconfig import kubeconfig_of
from nodecheck.formats.public_parts import public_parts_of
from nodecheck.host import Host, Question, Stat
from nodecheck.host.base import Completed, virtual_root
from nodecheck.host.root import NOT_HELD
from nodecheck.record import NamedTuple

MOST_LINKS = 40


class Text(NamedTuple):
    """A file in place of what is there, or where nothing is."""

    content: bytes = b""
    mode: int = 0o644


class Folder(NamedTuple):
    """A directory in place of what is there, or where nothing is; it is empty."""

    mode: int = 0o755


class Owned(NamedTuple):
    """What is there, with another owner."""

    uid: int


class Link(NamedTuple):
    """A symbolic link where nothing is."""

    target: str


class Unlisted(NamedTuple):
    """A directory whose names cannot be had, though all below it is there; or only one of its names."""

    name: str | None = None


class Answer(NamedTuple):
    """What a program, netlink or the kernel answers in place of its own answer."""

    value: Any


GONE = None
Change = Union[Text, Folder, Owned, Link, Unlisted, Answer, None]
Changes = Mapping[object, Change]
"""By the real path, by the words of a program, or by ``(verb, subject)`` of another question."""


class Altered(Host):
    """``base`` with changes. Paths in ``changes`` go through no link of the node."""

    def __init__(self, base: Host, changes: Changes) -> None:
        self.kind, self.path, self.running = base.kind, base.path, base.running
        self.whole, self.this_machine, self.captured = base.whole, base.this_machine, base.captured
        self._base = base
        self._changes = dict(changes)
        for path in [path for path in changes if isinstance(path, str)]:
            if isinstance(changes[path], (Text, Folder, Link)):
                for folder in _folders(path):
                    if not _is_there(base, folder):
                        self._changes.setdefault(folder, Folder())

    def ask(self, question: Question) -> Any:
        verb, arguments = question
        if verb == "run_all":
            return tuple([self._run(argv) for argv in arguments[0]])
        subject: Any = arguments[0] if arguments else ""
        if verb == "run":
            answer = self._run(subject)
            if isinstance(answer, FactError):
                raise answer
            return answer
        if (verb, subject) in self._changes:
            return self._answered(verb, self._changes[verb, subject])
        if not isinstance(subject, str) or not subject.startswith("/"):
            return self._base.ask(question)
        return self._of_path(question, subject)

    def _run(self, argv: tuple[str, ...]) -> Completed | FactError:
        if argv in self._changes:
            change = self._changes[argv]
            return Completed(argv, 0, change.value, "") if isinstance(change, Answer) else Absent(argv[0])
        try:
            return self._base.run(argv)
        except FactError as error:
            return error

    def _answered(self, verb: str, change: Change) -> Any:
        if isinstance(change, Answer):
            return change.value
        raise Absent(verb, "taken away")

    def _of_path(self, question: Question, subject: str) -> Any:
        verb = question.verb
        try:
            real = self.real(subject, last=verb != "link")
        except Absent:
            if verb == "link":
                return None
            raise
        if verb in ("names", "links"):
            return self._listed(verb, real, subject)
        if self._is_gone(real):
            if verb == "link":
                return None
            raise self._absent(subject)
        change = self._changes.get(real)
        if verb == "link" and isinstance(change, Link):
            return change.target
        if isinstance(change, Text):
            return self._of_text(question, subject, change)
        if isinstance(change, Folder):
            return self._of_folder(verb, subject, change)
        if isinstance(change, Owned) and verb == "stat":
            return self._base.stat(real)._replace(uid=change.uid)
        return self._base.ask(Question(verb, (real, *question.arguments[1:])))

    def _of_text(self, question: Question, subject: str, text: Text) -> Any:
        verb, content = question.verb, text.content
        if verb == "read":
            limit = question.arguments[1] if len(question.arguments) > 1 else 1 << 20
            if len(content) > limit:
                raise TooLarge(subject, f"more than {limit} bytes")
            return content
        if verb == "read_at":
            _, offset, size = question.arguments
            return content[offset : offset + size]
        if verb == "stat":
            return Stat("file", text.mode, len(content), 0, 0, self._changed(subject))
        if verb == "link":
            return None
        if verb == "public_parts":
            return public_parts_of(content)
        if verb == "kubeconfig":
            return kubeconfig_of(content, subject)
        return self._base.ask(question)

    def _of_folder(self, verb: str, subject: str, folder: Folder) -> Any:
        if verb == "stat":
            return Stat("dir", folder.mode, 0, 0, 0, self._changed(subject))
        if verb == "link":
            return None
        raise Malformed(subject, "is a directory")

    def _changed(self, subject: str) -> int | None:
        """The time of a neighbour: what is put there was always there."""
        for path in ("/etc", "/usr", "/"):
            if _is_there(self._base, path):
                return self._base.stat(path).changed_ns
        return None

    def _listed(self, verb: str, real: str, subject: str) -> Any:
        change = self._changes.get(real, Unlisted(""))
        if self._is_gone(real) or change == Unlisted():
            raise self._absent(subject)
        if isinstance(change, Text):
            raise Malformed(subject, "is no directory")
        found: dict[str, str | None] = {}
        if not isinstance(change, Folder):
            found = dict(self._base.links(real))
        for path, what in self._changes.items():
            if isinstance(path, str) and path.rpartition("/")[0] == real.rstrip("/") and path != "/":
                name = path.rpartition("/")[2]
                if what is GONE:
                    found.pop(name, None)
                elif not isinstance(what, (Unlisted, Answer, Owned)):
                    found[name] = what.target if isinstance(what, Link) else None
        if isinstance(change, Unlisted) and change.name:
            found.pop(change.name, None)
        ordered = sorted(found.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape"))
        return tuple(ordered) if verb == "links" else tuple([name for name, _ in ordered])

    def _absent(self, path: str) -> FactError:
        top = virtual_root(path)
        return Offline(path, NOT_HELD) if top and not self._base.is_real(top) else Absent(path, "taken away")

    def _is_gone(self, real: str) -> bool:
        return any(path in self._changes and self._changes[path] is GONE for path in (real, *_folders(real)))

    def real(self, path: str, last: bool = True) -> str:
        """The path without links; of its last part only where ``last``. Raises Absent for a loop."""
        done, parts, followed = "", [part for part in reversed(path.split("/")) if part not in ("", ".")], 0
        while parts:
            name = parts.pop()
            if name == "..":
                done = done.rpartition("/")[0]
                continue
            here = f"{done}/{name}"
            target = self._target(here) if parts or last else None
            if target is None:
                done = here
                continue
            followed += 1
            if followed > MOST_LINKS:
                raise Absent(path, "a loop of links")
            parts += [part for part in reversed(target.split("/")) if part not in ("", ".")]
            if target.startswith("/"):
                done = ""
        return done or "/"

    def _target(self, here: str) -> str | None:
        if here in self._changes:
            change = self._changes[here]
            if not isinstance(change, (Unlisted, Answer, Owned)):
                return change.target if isinstance(change, Link) else None
        try:
            return self._base.link(here)
        except FactError:
            return None


def _folders(path: str) -> Iterator[str]:
    """The directories on the way to a path, the nearest first, without the root."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _is_there(host: Host, path: str) -> bool:
    try:
        host.stat(path)
    except FactError:
        return False
    return True
