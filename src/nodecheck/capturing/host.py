"""A host that answers out of a capture: the same questions as the node itself, on any machine and at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nodecheck.capturing.image import ABSENT, GONE, LINK, Failure, Image, PathEntry, is_magic, joined, seconds_of
from nodecheck.errors import Absent, FactError, Malformed, NotCaptured, Offline, TooLarge
from nodecheck.host.base import MIB, NULL, Captured, Completed, Host, Question, Stat, readable, virtual_root
from nodecheck.host.questions import key_of, source_of
from nodecheck.host.root import MOST_LINKS, NOT_HELD, NotRunning
from nodecheck.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodecheck.formats.kubeconfig import Kubeconfig
    from nodecheck.formats.public_parts import PublicPart

_NOT_ASKED = object()
_NOTHING = PathEntry()
_FOLDER = PathEntry("dir")
_NULL = PathEntry("null")
_PLAIN = ("file", "fifo", "socket", "block", "char", "null", "other")


class CaptureHost(Host):
    """The node of an image. ``path`` is the name of the capture.

    A name is absent where its directory is, or where the whole listing of that lacks it. Everything else that is not
    in the image raises :class:`nodecheck.errors.NotCaptured`.
    """

    kind = "capture"

    def __init__(self, image: Image, path: str, file: str | None = None) -> None:
        """``file`` is where the capture lies, if it does: what is missing is advised to be fetched by it."""
        self.image = image
        self.path = path
        self._file = file
        origin = image.origin
        self.running, self.whole, self.this_machine = origin.running, origin.whole, origin.this_machine
        self.captured = Captured(origin.time, "live" if origin.running else "root")
        self._found: dict[tuple[str, bool], tuple[str, PathEntry] | Failure | None] = {}
        self._folders: frozenset[str] | None = None

    def ask(self, question: Question) -> Any:
        """The answer as the node gave it; a recorded error is raised."""
        verb, arguments = question
        if verb == "run_all":
            return self._run_all(*arguments)
        answer = self.image.answers.get(key_of(question), _NOT_ASKED)
        if isinstance(answer, FactError):
            raise Failure.of(answer).at(answer.source)  # made anew: one that is raised twice keeps where it was raised
        if answer is not _NOT_ASKED:
            return answer
        if verb in _TOLD:
            return _TOLD[verb](self, *arguments)
        if not self.running and verb in vars(NotRunning):
            return getattr(NotRunning, verb)(self, *arguments)
        raise self._missing(source_of(question))

    def _run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float) -> tuple[Completed | FactError, ...]:
        answers: list[Completed | FactError] = []
        for argv in argvs:
            try:
                answers.append(self.run(argv, timeout_s))
            except FactError as error:
                answers.append(error)
        return tuple(answers)

    # -- what entries tell

    def _is_real(self, top: str) -> bool:
        return top in self.image.origin.real

    def _read(self, path: str, limit: int = MIB) -> bytes:
        entry = self._at(path, "read")
        if entry.kind == "null":
            return b""
        if entry.info is not None:
            readable(path, entry.info, limit)
        elif entry.kind not in (None, "file"):
            readable(path, Stat(entry.kind, 0, 0, 0, 0, None), limit)
        over = entry.over is not None and limit <= entry.over
        if over or (entry.content is not None and len(entry.content) > limit):
            raise TooLarge(path, f"has more than the {limit} bytes that nodecheck reads")
        if entry.content is None:
            raise self._missing(path)
        return entry.content

    def _read_at(self, path: str, offset: int, size: int) -> bytes:
        entry = self._at(path, "read_at")
        if entry.kind == "null":
            return b""
        if entry.content is not None:
            return entry.content[offset : offset + size]
        for part in entry.ranges:
            begin = offset - part.offset
            whole = len(part.content) < part.size  # the file ends in it
            if begin >= 0 and (begin + size <= part.size or whole):
                return part.content[begin : begin + size]
        if entry.info is not None:
            readable(path, entry.info, entry.info.size)
            if offset >= entry.info.size > 0:
                return b""
        raise self._missing(path)

    def _public_parts(self, path: str) -> tuple[PublicPart, ...]:
        """Where none was asked for, those of a file that is not secret as a whole: private keys are left out of it."""
        from nodecheck.formats.public_parts import public_parts_of

        return public_parts_of(self._read(path))

    def _kubeconfig(self, path: str) -> Kubeconfig:
        from nodecheck.formats.kubeconfig import kubeconfig_of

        return kubeconfig_of(self._read(path), path)

    def _wall_clock(self) -> int:
        found = seconds_of(self.image.origin)
        if found is None:
            raise self._missing("the time")
        return found

    def _names(self, path: str) -> tuple[str, ...]:
        return self._listing(path, "names")[1]

    def _links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        place, names = self._listing(path, "links")
        own = self.image.entries.get(place)
        pairs: list[tuple[str, str | None]] = []
        for name in names:
            entry = self.image.entries.get(joined(place, name), _NOTHING)
            if entry.kind is None and not (own is not None and own.tells_links):
                raise self._missing(path)
            pairs.append((name, entry.target))
        return tuple(pairs)

    def _listing(self, path: str, verb: str) -> tuple[str, tuple[str, ...]]:
        place, entry = self.place(path)
        self._raise_failure(entry, verb, path)
        if entry.names is None:
            if entry.kind in _PLAIN:
                raise Malformed(path, "not a directory", errno=20)
            raise self._missing(path)
        return place, entry.names

    def _stat(self, path: str) -> Stat:
        entry = self._at(path, "stat")
        if entry.kind == "null" and entry.info is None:
            return NULL
        if entry.info is None:
            raise self._missing(path)
        return entry.info

    def _link(self, path: str) -> str | None:
        try:
            _, entry = self.place(path, follow=False)
        except (Absent, Offline):
            return None
        if entry.kind is None:
            self._raise_failure(entry, "link", path)
            raise self._missing(path)
        if entry.kind == ABSENT and entry.failures.get(ABSENT, GONE).kind == "Unsupported":
            raise entry.failures[ABSENT].at(path)
        return entry.target

    # -- where a path leads

    def _at(self, path: str, verb: str) -> PathEntry:
        entry = self.place(path)[1]
        self._raise_failure(entry, verb, path)
        return entry

    def _raise_failure(self, entry: PathEntry, verb: str, path: str) -> None:
        if entry.failures:
            failure = entry.failures.get(verb) or (entry.failures.get("stat") if entry.info is None else None)
            if failure is not None:
                raise failure.at(path)

    def place(self, path: str, follow: bool = True) -> tuple[str, PathEntry]:
        """The place, and what is known of it. Raises what the node raised on the way there."""
        key = (path, follow)
        if key not in self._found:
            self._found[key] = self._walked(path, follow)
        found = self._found[key]
        if found is None:
            raise self._missing(path)
        if isinstance(found, Failure):
            raise (self._gone(path) if found is GONE else found).at(path)
        return found

    def _walked(self, path: str, follow: bool) -> tuple[str, PathEntry] | Failure | None:
        entries = self.image.entries
        left = [part for part in path.split("/")[::-1] if part not in ("", ".")]
        here, entry, links = "/", entries.get("/", _FOLDER), 0
        while left:
            name = left.pop()
            if name == "..":
                here = here.rpartition("/")[0] or "/"
                entry = entries.get(here, _FOLDER)
                continue
            place = joined(here, name)
            if entry.kind in _PLAIN:
                told = entries.get(place, _NOTHING)  # of a root without /dev/null, which is always there to be read
                return GONE if told.kind == ABSENT else Failure("Malformed", "not a directory", 20)
            below = entries.get(place) or self._untold(place, name, entry)
            if below is None or isinstance(below, Failure):
                return below
            last = not left
            if last and not follow:
                return place, below
            if below.kind == LINK and below.target is not None and not is_magic(place):
                links += 1
                if links > MOST_LINKS:
                    return Failure("Malformed", "too many levels of symbolic links", 40)
                left.extend([part for part in below.target.split("/")[::-1] if part not in ("", ".")])
                if below.target[:1] == "/":
                    here, entry = "/", entries.get("/", _FOLDER)
                continue
            if below.kind == ABSENT:
                return below.failures.get(ABSENT) or GONE
            here, entry = place, below
        return here, _NULL if here == "/dev/null" else entry

    def _untold(self, place: str, name: str, above: PathEntry) -> PathEntry | Failure | None:
        """What follows of a place that no entry tells; None where nothing does."""
        if place in ("/dev", "/dev/null"):
            return _FOLDER if place == "/dev" else _NULL
        if above.names is not None:
            return _NOTHING if name in above.names else GONE
        if self._is_folder(place):
            return _FOLDER
        for verb in ("stat", "names", "links"):
            if verb in above.failures:
                return above.failures[verb] if above.failures[verb].kind == "Denied" else None
        return None

    def _is_folder(self, place: str) -> bool:
        """Whether something is known below a place."""
        if self._folders is None:
            found = set[str]()
            for path in self.image.entries:
                above = path.rpartition("/")[0]
                while above and above not in found:
                    found.add(above)
                    above = above.rpartition("/")[0]
            self._folders = frozenset(found)
        return place in self._folders

    def _gone(self, path: str) -> Failure:
        """Why nothing is at a path, as the node said it: by the path that was asked for, wherever links lead."""
        top = virtual_root(path)
        if top is None or top in self.image.origin.real:
            return GONE
        if self.running:
            return Failure("Unsupported", f"{top} is not mounted here", None)
        return Failure("Offline", NOT_HELD, None)

    def _missing(self, source: str) -> NotCaptured:
        told = f"is not in the capture {self.path}"
        if self._file is not None and not self.image.origin.redacted:
            from shlex import quote

            told += f": nodecheck collector --more {quote(self._file)} prints what brings it"
        return NotCaptured(source, told)


_TOLD: dict[str, Callable[..., Any]] = {
    "read": CaptureHost._read,
    "read_at": CaptureHost._read_at,
    "names": CaptureHost._names,
    "links": CaptureHost._links,
    "stat": CaptureHost._stat,
    "link": CaptureHost._link,
    "is_real": CaptureHost._is_real,
    "public_parts": CaptureHost._public_parts,
    "kubeconfig": CaptureHost._kubeconfig,
    "wall_clock": CaptureHost._wall_clock,
}
"""The verbs that are answered out of entries, and out of what the capture says of itself. What was asked of the node
goes before."""
