"""What a capture lacks of what the checks ask: what a second round of the collector is to bring."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable
from time import monotonic

from nodecheck.capturing.collected import HEAD, MOST_READ
from nodecheck.capturing.collector import WHOLE_BLOCKS, ToCollect
from nodecheck.capturing.complete import TIMEOUT_S, ask_all, facts_to_read
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import ABSENT, PATH_VERBS
from nodecheck.capturing.masking import is_secret_file
from nodecheck.errors import CaptureError, FactError, NotCaptured
from nodecheck.host.base import Host, Question, virtual_root
from nodecheck.host.questions import key_of, source_of
from nodecheck.model.sources import AnySource, Dir, Exists, File, Program, Tree, UnitText, covers, declared
from nodecheck.plugins import Registry
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

IDENTITY = ("/etc/machine-id", "/etc/hostname", "/proc/sys/kernel/hostname", "/proc/sys/kernel/random/boot_id")
"""What shows that two captures are of one node, and of one boot."""

_PLAIN = re.compile(r"(?:/(?!-(?:/|$)|\.{1,2}$)[A-Za-z0-9_.+@%:,=~-]+)+|/")
"""Paths that the script can carry: they stand as words of sh, and come from a node that nobody vouches for."""
_WORD = re.compile(r"[A-Za-z0-9_.+@%:,=~/\\-]+")
_NO_PROGRAMS = ("/proc/", "/sys/", "/dev/", "/run/", "/tmp/", "/var/", "/home/")  # noqa: S108 - only named
_PROCESS = re.compile("/proc/[0-9]+(?:/|$)")
_PARTS = {"netlink": "kernel", "clock": "kernel", "uname": "uname", "process_user": "processes"}


class Lacking(NamedTuple):
    """What is not in a capture."""

    number: int
    """Of questions to which it has no answer."""
    wanted: ToCollect
    """What the collector is to bring."""
    beyond: tuple[str, ...]
    """What it cannot bring, as errors name it; sorted."""


class _Noting(Host):
    """A capture, and the questions to which it had no answer."""

    def __init__(self, host: CaptureHost) -> None:
        self._host = host
        self.kind, self.path, self.captured = host.kind, host.path, host.captured
        self.running, self.whole, self.this_machine = host.running, host.whole, host.this_machine
        self.missing: dict[Question, None] = {}

    def ask(self, question: Question) -> Any:
        if question.verb == "run_all":
            return tuple([self._run(argv) for argv in question.arguments[0]])
        try:
            return self._host.ask(question)
        except NotCaptured:
            if not _is_left_out(question):
                self.missing[key_of(question)] = None
            raise

    def _run(self, argv: tuple[str, ...]) -> Any:
        try:
            return self.ask(Question("run", (argv,)))
        except FactError as error:
            return error


def _is_left_out(question: Question) -> bool:
    """Whether no capture of a collector has an answer: keys and kubeconfigs, of which a check knows that."""
    verb, arguments = question
    return verb == "kubeconfig" or (verb == "public_parts" and is_secret_file(str(arguments[0])))


def lacking(host: CaptureHost, registry: Registry) -> Lacking:
    """What the checks ask of a capture and it does not know.

    All facts are read, and the node is judged by each profile and role. Of a fact that lacks something all that it
    declares is asked for: it stopped at the first. Raises CaptureError for one that was redacted.
    """
    if host.image.origin.redacted:
        raise CaptureError(f"{host.path}: redacted: its names are others than the node's, who would not know them")
    noting = _Noting(host)
    short = ask_all(noting, registry, monotonic() + TIMEOUT_S)
    own = dict.fromkeys([source for fact in short for source in declared(fact) or ()])
    whole = [source for source in own if _is_missing(noting, source)]
    sources = [source for fact in facts_to_read(registry) for source in declared(fact) or ()]
    entries = host.image.entries.items()
    never = {path for path, entry in entries if entry.kind not in (None, ABSENT) and is_secret_file(path)}
    never |= {path for path, entry in entries if entry.info is not None and entry.info.size > MOST_READ}
    programs = [source for source in sources if isinstance(source, Program)]
    return _sorted_out(noting.missing, programs, never, whole)


def _is_missing(host: Host, source: AnySource) -> bool:
    """Ask for what a source names; whether it is a directory, or a text of a unit, of which nothing is known."""
    if isinstance(source, (File, Tree, Dir, Exists)) and not host.running and virtual_root(source.path) is not None:
        return False  # what an image holds of /proc was looked at, or is not there
    try:
        if isinstance(source, Program):
            if "*" not in source.argv:
                host.run(source.argv)
        elif isinstance(source, (File, Tree, Dir, Exists)) and "*" in source.path:
            host.names(source.path.partition("*")[0].rpartition("/")[0] or "/")
        elif isinstance(source, Exists) or (isinstance(source, File) and is_secret_file(source.path)):
            host.stat(source.path)
        elif isinstance(source, File):
            host.read(source.path)
        elif isinstance(source, (Tree, Dir)):
            _read_folder(host, source)
    except NotCaptured:
        return isinstance(source, (Tree, Dir)) or (isinstance(source, (File, Exists)) and "*" in source.path)
    except FactError:
        return False
    return isinstance(source, UnitText)


def _read_folder(host: Host, source: Tree | Dir) -> None:
    from fnmatch import fnmatchcase

    for name in host.names(source.path):
        if isinstance(source, Tree) and fnmatchcase(name, source.pattern):
            try:
                host.read(f"{source.path}/{name}")
            except FactError:
                continue  # noted, where it is not known


def _sorted_out(
    questions: Collection[Question], programs: list[Program], never: Container[str], whole: Iterable[AnySource] = ()
) -> Lacking:
    sources: dict[AnySource, None] = {**dict.fromkeys(map(File, IDENTITY)), **dict.fromkeys(whole)}
    heads: dict[str, None] = {}
    spaces: dict[str, None] = {}
    parts: dict[str, None] = {}
    beyond: set[str] = set()
    large: list[str] = []
    for question in questions:
        verb, arguments = question
        path = str(arguments[0]) if arguments else ""
        if verb == "run" and _may_run(arguments[0], programs):
            sources[Program(arguments[0])] = None
            large += arguments[0][2:3] if arguments[0][:2] == ("rpm", "--dbpath") else ()
        elif verb in _PARTS or (verb in PATH_VERBS and (path == "/proc" or _PROCESS.match(path))):
            parts[_PARTS.get(verb, "processes")] = None
        elif not _PLAIN.fullmatch(path) or (verb in ("read", "read_at") and path in never):
            beyond.add(source_of(question))
        elif verb == "read_at" and arguments[1:] == (0, HEAD):
            heads[path] = None
        elif verb in PATH_VERBS or verb == "public_parts":
            sources[_source(verb, path)] = None
        elif verb in ("statvfs", "statfs"):
            spaces[path] = None
        else:
            beyond.add(source_of(question))
    wanted = ToCollect(tuple(sources), tuple(heads), tuple(parts), tuple(sorted(spaces)), WHOLE_BLOCKS, tuple(large))
    return Lacking(len(questions), wanted, tuple(sorted(beyond)))


def _may_run(argv: tuple[str, ...], programs: list[Program]) -> bool:
    """Whether a program is one that the checks run, by its own name: a capture may name any other."""
    if any(argv == one.argv for one in programs):
        return True
    folder, _, name = argv[0].rpartition("/")
    plain = all(_WORD.fullmatch(word) is not None for word in argv)
    plain = plain and ".." not in folder and not argv[0].startswith(_NO_PROGRAMS)
    return plain and any(name == one.argv[0] and covers(one, "run", (name, *argv[1:])) for one in programs)


def _source(verb: str, path: str) -> AnySource:
    if verb in ("names", "links"):
        return Dir(path)
    return File(path) if verb in ("read", "read_at", "public_parts") and not is_secret_file(path) else Exists(path)
