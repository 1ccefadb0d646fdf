"""A host that fills an image with all that is asked of another host."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nodecheck.capturing.image import (
    ABSENT,
    GONE,
    LINK,
    MOST_CONTENT,
    PATH_VERBS,
    Failure,
    Image,
    Origin,
    Range,
    is_magic,
    joined,
    seconds_of,
)  # fmt: skip
from nodecheck.capturing.masking import is_secret_file, without_secrets
from nodecheck.errors import Absent, FactError, NotCaptured, Offline, TooLarge, Unsupported
from nodecheck.host.base import MIB, Completed, Host, Question, Stat, virtual_root
from nodecheck.host.questions import key_of
from nodecheck.host.root import MOST_LINKS
from nodecheck.model.secrets import masked, masked_bytes
from nodecheck.typed import Any

_NOT_ASKED = object()
_NO_NAMES = ("", ".", "..")
_OF_PATHS = frozenset(PATH_VERBS)


class ImageRecorder(Host):
    """Another host, whose answers go into ``image``. What was asked once is not asked again: an image does not
    contradict itself. Who asks gets what the image holds, without secrets: what follows from them is never asked."""

    def __init__(self, host: Host, origin: Origin) -> None:
        self._host = host
        self.kind = host.kind
        self.path = host.path
        self.running = host.running
        self.whole = host.whole
        self.this_machine = host.this_machine
        self.image = Image(origin)
        self._answers: dict[Question, Any] = {}
        self._links: dict[str, str | None] = {}
        self._names_of: dict[str, frozenset[str]] = {}
        """The names in a directory, by its path as it was asked; of file systems of the kernel's none."""
        self._real: dict[str, str | None] = {"/": "/"}
        """By the path of a directory that was asked: where it is, links resolved; None where that cannot be told."""

    def ask(self, question: Question) -> Any:
        """The answer that was given before, else the host's; an error is an answer too."""
        verb, arguments = question
        key = question
        if verb in _OF_PATHS:
            if self._is_known_gone(arguments[0]):
                if verb == "link":
                    return None
                raise GONE.at(arguments[0])
        elif verb == "run_all":
            return self._run_all(*arguments)
        elif verb == "wall_clock":
            return seconds_of(self.image.origin)  # as whoever reads the capture is told
        else:
            key = key_of(question)
        answer = self._answers.get(key, _NOT_ASKED)
        if answer is _NOT_ASKED:
            try:
                answer = self._host.ask(question)
            except FactError as error:
                kept = Failure.of(error).at(error.source)  # made anew: what is kept must not keep who asked
                if self._note(key, kept) is kept and type(error) is type(kept):
                    raise
                answer = self._answers[key]
            else:
                answer = self._note(key, answer)
        if isinstance(answer, FactError):
            raise Failure.of(answer).at(answer.source)
        return answer

    def folders(self) -> tuple[str, ...]:
        """The directories that questions led through, sorted: when one changed tells what was in it before."""
        found = {"/"}
        for question in list(self._answers):
            if question.verb in _OF_PATHS:
                folder = question.arguments[0].rpartition("/")[0]
                while folder and folder not in found:
                    found.add(folder)
                    folder = folder.rpartition("/")[0]
        return tuple(sorted(found))

    def _is_known_gone(self, path: str) -> bool:
        """Whether the listing of its directory lacks a name: what a capture says then, and the image need not hold."""
        folder, _, name = path.rpartition("/")
        listed = self._names_of.get(folder)
        return listed is not None and name not in listed and name not in _NO_NAMES

    def _run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float) -> tuple[Completed | FactError, ...]:
        """Run side by side what was not run before; each program is kept as if it had been run alone."""
        keys = [Question("run", (argv,)) for argv in argvs]
        new = tuple([key.arguments[0] for key in keys if key not in self._answers])
        for argv, answer in zip(new, self._host.run_all(new, timeout_s)):
            self._note(Question("run", (argv,)), answer)
        return tuple([self._answers[key] for key in keys])

    def _note(self, question: Question, answer: Any) -> Any:
        """Put an answer where it is found again, without secrets; so it is given too."""
        verb, arguments = question
        if verb not in _OF_PATHS:
            answer = self._answers[question] = self.image.answers[question] = _masked(answer)
            return answer
        place = self.place(arguments[0], follow=verb != "link")
        answer = self._answers[question] = _of_path(verb, arguments[0] if place is None else place, answer)
        if place is None or (verb == "link" and is_magic(place)):
            self.image.answers[question] = answer
        elif isinstance(answer, NotCaptured):
            self._look(place, arguments[0], verb)
        elif isinstance(answer, FactError):
            self._note_error(question, place, answer)
        else:
            _NOTES[verb](self, place, arguments, answer)
            if verb in ("names", "links") and virtual_root(place) is None and place != "/":
                self._names_of[arguments[0]] = frozenset(self.image.at(place).names or ())
            self._look(place, arguments[0], verb)
        return answer

    def _note_error(self, question: Question, place: str, error: FactError) -> None:
        verb, arguments = question
        if isinstance(error, (Absent, Offline, Unsupported)):
            self._note_absent(place, error)
        elif isinstance(error, TooLarge) and verb == "read":
            self._look(place, arguments[0], verb)
            limit = arguments[1] if len(arguments) > 1 else MIB
            entry = self.image.at(place)
            if entry.info is None or entry.info.size <= limit:
                entry.over = max(limit, entry.over or 0)
        else:
            self.image.at(place).failures[verb] = Failure.of(error)
            if verb != "stat":
                self._look(place, arguments[0], verb)

    def _note_absent(self, place: str, error: FactError) -> None:
        entry = self.image.at(place)
        entry.kind = ABSENT
        if type(error) is not Absent or error.detail != GONE.detail or error.errno != GONE.errno:
            entry.failures[ABSENT] = Failure.of(error)

    def _look(self, place: str, path: str, verb: str) -> None:
        """Know what is at a place, whatever was asked of it."""
        entry = self.image.at(place)
        if entry.info is not None or entry.kind in (ABSENT, LINK) or "stat" in entry.failures or place == "/dev/null":
            return
        if verb == "link" and self._links.get(place) is not None:
            return
        try:
            self.ask(Question("stat", (path,)))
        except FactError:
            return  # it is noted, as every answer is

    def finished(self) -> Image:
        """What is known now. A thread that hangs in a read, and was given up, does not change it any more."""
        image, self.image = self.image, Image(self.image.origin)
        return image

    def place(self, path: str, follow: bool = True) -> str | None:
        """Where a path leads, no directory on the way being a link; None where that cannot be told."""
        folder, _, name = path.rstrip("/").rpartition("/")
        above = self._folder(folder or "/")
        if name in ("", ".", ".."):
            return self._walked(path)
        if above is None:
            return None
        place = joined(above, name)
        if not follow:
            return place
        target = self._link(place)
        return place if target is None else self._walked(target if target[:1] == "/" else joined(above, target))

    def _folder(self, path: str) -> str | None:
        if path not in self._real:
            self._real[path] = self._walked(path)
        return self._real[path]

    def _walked(self, path: str) -> str | None:
        left = path.split("/")[::-1]
        here, links = "/", 0
        while left:
            name = left.pop()
            if name in ("", "."):
                continue
            if name == "..":
                here = here.rpartition("/")[0] or "/"
                continue
            place = joined(here, name)
            target = self._link(place)
            if target is None:
                here = place
                continue
            links += 1
            if links > MOST_LINKS:
                return None
            left.extend(target.split("/")[::-1])
            if target[:1] == "/":
                here = "/"
        return here

    def _link(self, place: str) -> str | None:
        """The text of the link at a place; None where it is none, or is not followed."""
        found = self._links.get(place, _NOT_ASKED)
        if found is _NOT_ASKED:
            found = None
            if not is_magic(place):
                try:
                    found = self._host.link(place)
                except FactError:
                    found = None  # the question itself says why
            self._note_link(place, found)
        return found  # type: ignore[return-value]  # no longer the mark

    def _note_link(self, place: str, target: str | None) -> None:
        self._links[place] = target
        if target is not None:
            entry = self.image.at(place)
            entry.kind, entry.target = LINK, target

    # -- what each answer says of a place

    def _read(self, place: str, _: Any, content: bytes) -> None:
        if place != "/dev/null":
            self.image.at(place).content = content

    def _read_at(self, place: str, arguments: Any, content: bytes) -> None:
        _, offset, size = arguments
        entry = self.image.at(place)
        entry.ranges = (*entry.ranges, Range(offset, size, content))

    def _names(self, place: str, _: Any, names: tuple[str, ...]) -> None:
        self.image.at(place).names = names

    def _listed(self, place: str, _: Any, links: tuple[tuple[str, str | None], ...]) -> None:
        entry = self.image.at(place)
        entry.names, entry.tells_links = tuple([name for name, _ in links]), True
        for name, target in links:
            below = joined(place, name)
            if not is_magic(below):
                self._note_link(below, target)

    def _stat(self, place: str, _: Any, info: Stat) -> None:
        if place != "/dev/null":
            entry = self.image.at(place)
            entry.info, entry.kind = info, info.kind

    def _found_link(self, place: str, _: Any, target: str | None) -> None:
        self._note_link(place, target)


def _of_path(verb: str, place: str, answer: Any) -> Any:
    """An answer about a path as a capture holds it."""
    if isinstance(answer, bytes):
        if is_secret_file(place):
            return NotCaptured(place, "is secret as a whole: a capture leaves its content out")
        if len(answer) > MOST_CONTENT:
            return NotCaptured(place, f"has more than the {MOST_CONTENT} bytes that a capture holds of a file")
        return without_secrets(place, answer)
    return _masked(answer)


def _masked(answer: Any) -> Any:
    """An answer without secrets: what programs print, attributes, the words of errors."""
    if isinstance(answer, Completed):
        return answer._replace(stdout=masked(answer.stdout), stderr=masked(answer.stderr))
    if isinstance(answer, bytes):
        return masked_bytes(answer)
    if isinstance(answer, FactError):
        if answer.detail == GONE.detail:  # three quarters of all answers
            return answer
        detail = masked(answer.detail)
        return answer if detail == answer.detail else Failure.of(answer)._replace(detail=detail).at(answer.source)
    return answer


_NOTES: dict[str, Callable[[ImageRecorder, str, Any, Any], None]] = {
    "read": ImageRecorder._read,
    "read_at": ImageRecorder._read_at,
    "names": ImageRecorder._names,
    "links": ImageRecorder._listed,
    "stat": ImageRecorder._stat,
    "link": ImageRecorder._found_link,
}
