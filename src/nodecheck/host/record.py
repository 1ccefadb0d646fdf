"""A host that remembers what was read from it, for the evidence of results."""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.errors import Absent
from nodecheck.host.base import Completed, Host, Question
from nodecheck.model.evidence import Evidence
from nodecheck.model.secrets import masked
from nodecheck.typed import Any

EXCERPT = 200
"""Characters of a source that evidence shows where the check brings none of its own."""

MOST_SOURCES = 32
"""Sources that are kept as evidence for one fact."""


Asked = tuple[str, str]
"""A question about a path: the verb, and the path."""


class Recorder(Host):
    """One fact's view of a host. ``seen`` holds the evidence in the order of reading."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.kind = host.kind
        self.path = host.path
        self.running = host.running
        self.whole = host.whole
        self.this_machine = host.this_machine
        self.seen: list[Evidence] = []
        self.asked: set[Asked] | None = set() if host.this_machine else None
        """Every question about a path, for who wants to know what a verdict rests on; None for other hosts than this
        machine, of which nobody asks."""

    def ask(self, question: Question) -> Any:
        """Ask the host. A path at which nothing is was looked for; of answers, those in :data:`_NOTES` are evidence."""
        verb, arguments = question
        if self.asked is not None and verb in _OF_PATHS:
            self.asked.add((verb, arguments[0]))
        try:
            answer = self._host.ask(question)
        except Absent:
            if verb in _LOOKED_FOR:
                self.note(arguments[0], None)
            raise
        if verb in _NOTES and len(self.seen) < MOST_SOURCES:
            _NOTES[verb](self, arguments, answer)
        return answer

    def note(self, source: str, value: str | None, locator: str | None = None) -> None:
        """Remember that ``source`` said ``value``."""
        if len(self.seen) < MOST_SOURCES:
            self.seen.append(Evidence(source, locator, value))

    def note_output(self, done: Completed) -> None:
        """Remember what a program said."""
        if len(self.seen) < MOST_SOURCES:
            said = done.stdout.strip()
            self.seen.append(Evidence(" ".join(done.argv), None, _excerpt(said), truncated=len(said) > EXCERPT))


_OF_PATHS = frozenset(("read", "read_at", "names", "links", "stat", "link", "xattr", "xattrs"))
"""The questions whose answer is what lies at a path, and stays so until somebody changes it."""

_LOOKED_FOR = (
    "read", "stat", "names", "links", "read_at", "public_parts", "kubeconfig", "statvfs", "statfs", "xattr", "xattrs",
)  # fmt: skip
"""The questions about a path to which "nothing is there" is an answer."""


def _read(recorder: Recorder, arguments: Any, raw: bytes) -> None:
    text = raw[: EXCERPT * 4].decode("utf-8", "surrogateescape").strip("\n")
    first = text.partition("\n")[0]
    cut = len(raw.strip()) > len(first[:EXCERPT].encode("utf-8", "surrogateescape"))
    recorder.seen.append(Evidence(arguments[0], None, _excerpt(first), truncated=cut))


def _excerpt(text: str) -> str:
    """The beginning, without secrets: what is cut off may be that by which one is known."""
    return text if len(text) <= EXCERPT else masked(text[: EXCERPT * 4])[:EXCERPT]


def _read_at(recorder: Recorder, arguments: Any, _: bytes) -> None:
    if not any(item.source == arguments[0] for item in recorder.seen):
        recorder.note(arguments[0], "")


def _run_all(recorder: Recorder, _: Any, answers: Any) -> None:
    for answer in answers:
        if isinstance(answer, Completed):
            recorder.note_output(answer)


def _xattr(recorder: Recorder, arguments: Any, value: bytes | None) -> None:
    path, name = arguments
    recorder.note(path, None if value is None else value.decode("utf-8", "surrogateescape").strip("\0")[:EXCERPT], name)


_NOTES: dict[str, Callable[[Recorder, Any, Any], None]] = {
    "read": _read,
    "read_at": _read_at,
    "public_parts": lambda recorder, arguments, _: recorder.note(arguments[0], "", "public parts"),
    "kubeconfig": lambda recorder, arguments, _: recorder.note(arguments[0], "", "public parts"),
    "statvfs": lambda recorder, arguments, _: recorder.note(arguments[0], "", "statvfs(3)"),
    "statfs": lambda recorder, arguments, magic: recorder.note(arguments[0], f"{magic:#x}", "statfs(2)"),
    "xattr": _xattr,
    "run": lambda recorder, _, done: recorder.note_output(done),
    "run_all": _run_all,
    "netlink": lambda recorder, arguments, _: recorder.note(f"netlink {arguments[0]}", ""),
    "clock": lambda recorder, _, __: recorder.note("adjtimex(2)", ""),
    "uname": lambda recorder, _, found: recorder.note("uname(2)", found.machine),
}
"""What each answer leaves as evidence, given the question's arguments. No value changes from run to run."""
