"""From the text of a capture to its image. What is no capture is one CaptureError, which names the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nodecheck.capturing.collected import CollectedRecords
from nodecheck.capturing.image import MOST_CONTENT, Image, Origin, PathEntry
from nodecheck.capturing.kinds import answers, is_verb, row_of, takes
from nodecheck.capturing.records import MOST_NAME, Record, Wrong, name_of
from nodecheck.capturing.sections import (
    KINDS,
    KNOWN,
    NO_NAMES,
    OF_ENTRY,
    ONCE_LISTED,
    FolderSection,
    entry_of,
    failure_of,
    listing_of,
)
from nodecheck.capturing.text import END, FORMAT, MAGIC, SUM, sum_of
from nodecheck.capturing.values import NoValue, row, value_of
from nodecheck.errors import CaptureError
from nodecheck.host.base import Completed, Question, Stat
from nodecheck.text import decode, printable
from nodecheck.typed import Any

MOST_RECORDS = 200_000
MOST_ROWS = 1_000_000
"""Rows of netlink, names of directories and words of commands, all together."""
MOST_JSON = 8 << 20
"""Bytes of all questions and answers that are JSON: in memory they take ten times as much."""

MOST_TIME = 1 << 63
"""Nanoseconds since 1970 that a time is below."""

_UNCONTENT = re.compile(rb"\n(?!\|)")
_VERSION = re.compile(rb"([0-9]{1,6})(?:\.([0-9]{1,6}))?")
_VERB = re.compile(r"[a-z_]{1,32}")
_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z"
)
_OWN_TOOL = "nodecheck "


def parsed(raw: bytes, name: str, before: int = 0) -> Image:
    """The image of a text, ``before`` which so many lines were passed over. Raises CaptureError, which names the
    capture and the line."""
    try:
        return _TextReader(raw).image()
    except Wrong as error:
        line = before + raw.count(b"\n", 0, error.at) + 1
        text = decode(raw[error.at : error.at + 400].partition(b"\n")[0])
        quoted = printable(text if len(text) <= 60 else text[:60] + "…")
        raise CaptureError(f"{printable(name)}, line {line}: expected {error.expected}, found '{quoted}'") from error


class _TextReader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._records = 0
        self._rows = 0
        self._json = 0
        self._collected: CollectedRecords | None = None
        self._later = False
        """It is of a later minor version: records and sections of other kinds are passed over."""

    def image(self) -> Image:
        self._check_version()
        if not self._raw.endswith(b"\n" + END + b"\n"):
            raise Wrong("a last line '.': the capture was cut short", max(0, self._raw.rfind(b"\n", 0, -1) + 1))
        sections = self._sections()
        image = Image(self._about(next(sections)))
        self._check_sum(image.origin.tool)
        known = set[str]()
        for head, body, at in sections:
            word, _, rest = head.partition(" ")
            if head in known and word not in ("run", "answer", "collected"):
                raise Wrong("one section of what stands there", self._line(at))
            known.add(head)
            if word in _SECTIONS:
                _SECTIONS[word](self, image, name_of(rest, at), body, at)
            elif not self._later:
                raise Wrong("a section of version 1 of the format", self._line(at))
            # a section of a later minor version: whoever asks for what it holds hears that it is not captured
        if self._collected is not None:
            self._collected.settle()
        image.drop_contradicted()
        return image

    def _check_version(self) -> None:
        first = self._raw.partition(b"\n")[0]
        found = _VERSION.fullmatch(first, len(FORMAT)) if first.startswith(FORMAT) else None
        if found is None:
            raise Wrong(f"the line '{MAGIC.decode()}': this is no capture")
        if int(found[1]) != 1:
            raise Wrong(f"version 1 of the format: take a later nodecheck, which reads version {found[0].decode()}")
        self._later = found[2] is not None and int(found[2]) > 0

    def _check_sum(self, tool: str) -> None:
        """Whether a line went or came since the capture was written. A collector in sh writes no sum."""
        found = SUM.search(self._raw, max(0, len(self._raw) - 64))
        if found is None and not tool.startswith(_OWN_TOOL):
            return
        if found is None or found[1] != sum_of(self._raw[: found.start()]):
            at = self._raw.rfind(b"\n", 0, -len(END) - 1) + 1 if found is None else found.start(1) - 8
            raise Wrong("the sum of the lines above: the capture was changed or damaged", at)

    def _sections(self) -> Iterator[tuple[str, bytes, int]]:
        """The head of each section, its records and where they begin; the first has the head ``i``."""
        raw, end = self._raw, len(self._raw) - len(END) - 1
        begin = raw.index(b"\n") + 1
        head = "i"
        while True:
            at = begin if raw.startswith(b"@", begin) else raw.find(b"\n@", begin, end) + 1
            yield head, raw[begin : at or end], begin
            if not at:
                return
            line = raw.index(b"\n", at)
            if line - at > MOST_NAME + 64:
                raise Wrong(f"a name of at most {MOST_NAME} bytes", at)
            head = raw[at + 1 : line].decode("utf-8", "surrogateescape")
            begin = line + 1

    def _parts(self, body: bytes, begin: int) -> Iterator[Record]:
        """The records of a section."""
        at, size = 0, len(body)
        while at < size:
            line = body.find(b"\n", at)
            if line <= at or body[at : at + 1] == b"|":
                raise Wrong("the head of a record", begin + at)
            self._count_records(1, begin + at)
            if line - at > 2 * MOST_NAME:
                raise Wrong(f"a name of at most {MOST_NAME} bytes", begin + at)
            head = body[at:line].decode("utf-8", "surrogateescape")
            content, following = self._content(body, line + 1, begin + at)
            yield Record(head[:1], head[2:], content, begin + at)
            at = following

    def _content(self, body: bytes, at: int, record: int) -> tuple[bytes | None, int]:
        """The content that begins there, None for none, and where the next record does."""
        if body[at : at + 1] == b"\n":
            return b"", at + 1
        if body[at : at + 1] != b"|":
            return None, at
        found = _UNCONTENT.search(body, at)
        end = len(body) if found is None else found.start() + 1
        if end - at > 2 * MOST_CONTENT:
            raise Wrong(f"at most {MOST_CONTENT} bytes of content", record)
        content = body[at + 1 : end].replace(b"\n|", b"\n")
        ended = body[end : end + 1] == b"\n"
        if len(content) > MOST_CONTENT + 1:
            raise Wrong(f"at most {MOST_CONTENT} bytes of content", record)
        return (content, end + 1) if ended else (content[:-1], end)

    def _line(self, at: int) -> int:
        """Where the line begins that ends before a byte: the head of a section."""
        return self._raw.rfind(b"\n", 0, at - 1) + 1

    def _count_records(self, records: int, at: int) -> None:
        self._records += records
        if self._records > MOST_RECORDS:
            raise Wrong(f"at most {MOST_RECORDS} records", at)

    def _count(self, rows: int, at: int) -> None:
        self._rows += rows
        if self._rows > MOST_ROWS:
            raise Wrong(f"at most {MOST_ROWS} rows and names", at)

    def _pass(self, record: Record) -> None:
        """Pass over a record of a later minor version."""
        if not self._later:
            raise Wrong("a record of version 1 of the format", record.at)

    # -- what each section says

    def _about(self, section: tuple[str, bytes, int]) -> Origin:
        found: dict[str, list[str]] = {}
        for record in self._parts(section[1], section[2]):
            if record.letter != "i" or record.content is not None:
                self._pass(record)
                continue
            word, _, value = record.rest.partition(" ")
            found.setdefault(word, []).append(name_of(value, record.at))
        once = ("time", "tool", "path", "running", "whole", "own")
        missing = [word for word in once if len(found.get(word, ())) != 1]
        if missing:
            raise Wrong(f"one line 'i {missing[0]}' among the first", section[2])
        if not _TIME.fullmatch(found["time"][0]):
            raise Wrong("a time like 2026-11-30T12:00:00Z in the line 'i time'", section[2])
        if any(found[word][0] not in ("0", "1") for word in ("running", "whole", "own")):
            raise Wrong("0 or 1 in the lines 'i running', 'i whole' and 'i own'", section[2])
        running, whole, own = [found[word] == ["1"] for word in ("running", "whole", "own")]
        real, plugins = tuple(found.get("real", ())), tuple(found.get("plugin", ()))
        redacted = found.get("redacted") == ["1"]
        told = found["time"][0], found["tool"][0], running, whole, own, found["path"][0], real, plugins, redacted
        return Origin(*told)

    def _folder(self, image: Image, folder: str, body: bytes, begin: int) -> None:
        if folder[:1] != "/" or (folder != "/" and any(part in NO_NAMES for part in folder.split("/")[1:])):
            raise Wrong("the absolute path of a directory, without '..'", self._line(begin))
        key = body, self._later, folder == "/"
        found = KNOWN.get(key)
        if found is None:
            records, rows = self._records, self._rows
            items = self._items(folder, body, begin)
            found = FolderSection(items, self._records - records, self._rows - rows)
            KNOWN.keep(key, found, len(body))
        else:
            self._count_records(found.records, begin)
            self._count(found.rows, begin)
        found.put(image, folder, begin)

    def _items(self, folder: str, body: bytes, begin: int) -> tuple[tuple[str | None, PathEntry], ...]:
        """The listing, by the name None, and the entries of a section, in their order."""
        items: dict[str | None, PathEntry] = {}
        entry: PathEntry | None = None
        for record in self._parts(body, begin):
            letter = record.letter
            if letter in KINDS and record.rest:
                name, entry = entry_of(record, folder == "/")
                if name in items:
                    raise Wrong("an entry that does not stand there already", record.at)
                items[name] = entry
            elif letter in OF_ENTRY:
                if entry is None:
                    raise Wrong("an entry before what is said of it", record.at)
                OF_ENTRY[letter](entry, record)
            elif letter in ("K", "L"):
                if None in items:
                    raise Wrong(ONCE_LISTED, record.at)
                items[None] = listing_of(record, self._names(record))
            else:
                self._pass(record)
        return tuple(items.items())

    def _changed(self, image: Image, rest: str, body: bytes, begin: int) -> None:
        entries = image.entries
        for record in self._parts(body, begin):
            if record.letter != "C":
                self._pass(record)
                continue
            lines = decode(record.content or b"").split("\n")
            self._count(len(lines), record.at)
            for line in lines:
                number, _, path = line.partition(" ")
                entry = entries.get(name_of(path, record.at) if "%" in path else path)
                info = None if entry is None else entry.info
                changed_ns = int(number) if len(number) < 20 and number.isdigit() and number.isascii() else MOST_TIME
                if entry is None or info is None or changed_ns >= MOST_TIME:
                    raise Wrong("nanoseconds and the path of an entry", record.at)
                entry.info = Stat(info[0], info[1], info[2], info[3], info[4], changed_ns)

    def _run(self, image: Image, rest: str, body: bytes, begin: int) -> None:
        self._put(image, *self._completed(body, begin), begin)

    def _completed(self, body: bytes, begin: int) -> tuple[Question, Any]:
        """A command, and how it ended."""
        argv: tuple[str, ...] = ()
        answer: Any = None
        for record in self._parts(body, begin):
            if record.letter == "A" and not argv:
                argv = self._names(record)
            elif record.letter == "E" and answer is None:
                answer = failure_of(record)[1].at(decode(record.content or b""))
            elif record.letter == "=" and answer is None:
                code, _, program = record.rest.partition(" ")
                if not re.fullmatch("-?[0-9]{1,9}", code) or not argv or record.content is not None:
                    raise Wrong("an exit code and a program", record.at)
                answer = Completed((name_of(program, record.at), *argv[1:]), int(code), "", "")
            elif record.letter in ("1", "2") and isinstance(answer, Completed) and record.content is not None:
                text = decode(record.content)
                answer = answer._replace(stdout=text) if record.letter == "1" else answer._replace(stderr=text)
            else:
                self._pass(record)
        if not argv or answer is None:
            raise Wrong("a command and how it ended", self._line(begin))
        return Question("run", (argv,)), answer

    def _put(self, image: Image, question: Question, answer: Any, at: int) -> None:
        if question in image.answers:
            raise Wrong("one answer to a question", self._line(at))
        image.answers[question] = answer

    def _netlink(self, image: Image, table: str, body: bytes, begin: int) -> None:
        kind, columns, question = row_of(table), list[str](), Question("netlink", (table,))
        for record in self._parts(body, begin):
            if record.letter == "E":
                self._put(image, question, failure_of(record)[1].at(decode(record.content or b"")), begin)
            elif record.letter == "T":
                name, *columns = record.rest.split(" ")
                if kind is None or name != kind.__name__:
                    return  # a table of another version: it is not captured
            elif record.letter == "V" and record.content is not None:
                lines = record.content.split(b"\n") if record.content else []
                self._count(len(lines), record.at)
                if lines and (kind is None or set(kind._fields) - set(columns)):
                    return
                self._put(image, question, _rows(kind, columns, lines, record.at), begin)
            else:
                self._pass(record)

    def _collect(self, image: Image, _: str, body: bytes, begin: int) -> None:
        self._collected = self._collected or CollectedRecords(image)
        self._collected.take(self._parts(body, begin))

    def _answer(self, image: Image, verb: str, body: bytes, begin: int) -> None:
        if not _VERB.fullmatch(verb):
            raise Wrong("the verb of a question", self._line(begin))
        key = body, self._later, verb
        found = KNOWN.get(key)
        if found is None:
            records, size = self._records, self._json
            told = self._answered(verb, body, begin)
            found = told, self._records - records, self._json - size
            KNOWN.keep(key, found, len(body))
        else:
            self._count_records(found[1], begin)
            self._count_json(found[2], begin)
        if found[0] is not None:
            question, answer = found[0]
            self._put(image, question, answer, begin)

    def _count_json(self, size: int, at: int) -> None:
        self._json += size
        if self._json > MOST_JSON:
            raise Wrong(f"at most {MOST_JSON} bytes of questions and answers", at)

    def _answered(self, verb: str, body: bytes, begin: int) -> tuple[Question, Any] | None:
        """A question and its answer; None where no nodecheck of this version asks it."""
        found: dict[str, Any] = {}
        for record in self._parts(body, begin):
            if record.letter not in ("Q", "V") or record.letter in found:
                self._pass(record)
                continue
            self._count_json(len(record.content or b""), record.at)
            found[record.letter] = _json(record)
        if not is_verb(verb):
            return None  # of a later nodecheck: nobody asks it here
        if not isinstance(found.get("Q"), tuple) or not takes(verb, found["Q"]):
            raise Wrong(f"the arguments of the question '{verb}'", self._line(begin))
        if "V" not in found or not answers(verb, found["V"]):
            raise Wrong(f"an answer to the question '{verb}'", self._line(begin))
        return Question(verb, found["Q"]), found["V"]

    def _sum(self, image: Image, rest: str, body: bytes, begin: int) -> None:
        """It was held against the text before all else."""

    def _names(self, record: Record) -> tuple[str, ...]:
        if not record.content:
            return ()
        self._count(record.content.count(b"\n") + 1, record.at)
        return tuple([name_of(name, record.at) for name in decode(record.content).split("\n")])


_SECTIONS: dict[str, Callable[[_TextReader, Image, str, bytes, int], None]] = {
    "": _TextReader._folder,
    "changed": _TextReader._changed,
    "collected": _TextReader._collect,
    "run": _TextReader._run,
    "netlink": _TextReader._netlink,
    "answer": _TextReader._answer,
    "sum": _TextReader._sum,
}


def _json(record: Record) -> Any:
    try:
        return value_of(record.content or b"")
    except NoValue as error:
        raise Wrong("JSON of a question or an answer", record.at) from error


def _rows(kind: Any, columns: list[str], lines: list[bytes], at: int) -> tuple[Any, ...]:
    try:
        return tuple([row(kind, columns, line) for line in lines])
    except NoValue as error:
        raise Wrong(f"JSON lists of the columns of {kind.__name__}", at) from error
