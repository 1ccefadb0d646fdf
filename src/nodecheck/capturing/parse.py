"""From the text of a capture to its image. What is no capture is one CaptureError, which names the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nodecheck.capturing.image import ABSENT, LINK, MOST_CONTENT, Failure, Image, Origin, PathEntry, Range, joined
from nodecheck.capturing.text import END, LETTERS, MAGIC
from nodecheck.errors import CaptureError
from nodecheck.host.base import Completed, Question, Stat
from nodecheck.host.netlink import rows
from nodecheck.host.questions import ERRORS, from_data
from nodecheck.record import NamedTuple
from nodecheck.text import decode, is_digits, printable, whole_number
from nodecheck.typed import Any

MOST_RECORDS = 200_000
MOST_NAME = 4096
"""Bytes of a path."""
MOST_LISTED = 1 << 16
"""Names of one directory; the kernel's own tables of devices and processes are far below."""
MOST_ROWS = 1_000_000

_RECORD = re.compile(rb"([^|\n][^\n]*)\n((?:\|[^\n]*\n)*)(\n?)")
_KINDS = {letter: kind for kind, letter in LETTERS.items()}
_VERB = re.compile(r"[a-z_]{1,32}")
_NUMBER = re.compile(r"[0-9]{1,20}")


class _Wrong(Exception):
    """What is wrong with a record; ``at`` is the byte where it begins."""

    def __init__(self, expected: str, at: int = 0) -> None:
        super().__init__(expected)
        self.expected = expected
        self.at = at


class Record(NamedTuple):
    """A head and its content."""

    letter: str
    rest: str
    """Of the head, not yet decoded."""
    content: bytes | None
    """None where no content follows."""
    at: int


def parsed(raw: bytes, name: str) -> Image:
    """The image of a text. Raises CaptureError, which names the capture and the line."""
    try:
        return _TextReader(raw).image()
    except _Wrong as error:
        line = raw.count(b"\n", 0, error.at) + 1
        text = decode(raw[error.at : error.at + 400].partition(b"\n")[0])
        quoted = printable(text if len(text) <= 60 else text[:60] + "…")
        raise CaptureError(f"{printable(name)}, line {line}: expected {error.expected}, found '{quoted}'") from error


class _TextReader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._records = 0
        self._rows = 0

    def image(self) -> Image:
        first = self._raw.partition(b"\n")[0]
        if first != MAGIC:
            if first.startswith(MAGIC.rpartition(b" ")[0] + b" "):
                raise _Wrong("version 1 of the format: this nodecheck does not read a later one")
            raise _Wrong(f"the line '{MAGIC.decode()}': this is no capture")
        if not self._raw.endswith(b"\n" + END + b"\n"):
            raise _Wrong("a last line '.': the capture was cut short", max(0, self._raw.rfind(b"\n", 0, -1) + 1))
        sections = self._sections()
        image = Image(self._about(next(sections)))
        for head, body, at in sections:
            word, _, rest = head.partition(" ")
            if word in _SECTIONS:
                _SECTIONS[word](self, image, name_of(rest, at), body, at)
            elif not word:
                raise _Wrong("a section", at)
            # a section of a later minor version: whoever asks for what it holds is told that it is not captured
        return image

    def _sections(self) -> Iterator[tuple[str, bytes, int]]:
        """The head of each section, its records and where they begin; the first has the head ``i``."""
        end = len(self._raw) - len(END) - 1
        begin = self._raw.index(b"\n") + 1
        head, at = "i", begin
        while True:
            following = begin - 1 if self._raw[begin : begin + 1] == b"@" else self._raw.find(b"\n@", begin, end)
            stop = end if following < 0 else following + 1
            yield head, self._raw[begin:stop], begin
            if following < 0:
                return
            at = stop
            line = self._raw.index(b"\n", at)
            head = decode(self._raw[at + 1 : line])
            begin = line + 1

    def _parts(self, body: bytes, begin: int) -> Iterator[Record]:
        """The records of a section."""
        at = 0
        for found in _RECORD.finditer(body):
            if found.start() != at:
                break
            self._records += 1
            if self._records > MOST_RECORDS:
                raise _Wrong(f"at most {MOST_RECORDS} records", begin + at)
            head = decode(found[1])
            content = _unmarked(found[2], bool(found[3]))
            if content is not None and len(content) > MOST_CONTENT:
                raise _Wrong(f"at most {MOST_CONTENT} bytes of content", begin + at)
            yield Record(head[:1], head[2:], content, begin + at)
            at = found.end()
        if at != len(body):
            raise _Wrong("the head of a record", begin + at)

    # -- what each section says

    def _about(self, section: tuple[str, bytes, int]) -> Origin:
        found: dict[str, list[str]] = {}
        for record in self._parts(section[1], section[2]):
            if record.letter == "i":
                word, _, value = record.rest.partition(" ")
                found.setdefault(word, []).append(name_of(value, record.at))
        missing = [
            word for word in ("time", "tool", "path", "running", "whole", "own") if len(found.get(word, ())) != 1
        ]
        if missing:
            raise _Wrong(f"one line 'i {missing[0]}' among the first", section[2])
        running, whole, own = [found[word] == ["1"] for word in ("running", "whole", "own")]
        real, plugins = tuple(found.get("real", ())), tuple(found.get("plugin", ()))
        return Origin(found["time"][0], found["tool"][0], running, whole, own, found["path"][0], real, plugins)

    def _folder(self, image: Image, folder: str, body: bytes, begin: int) -> None:
        if folder[:1] != "/" or (any(part in ("", ".", "..") for part in folder.split("/")[1:]) and folder != "/"):
            raise _Wrong("the absolute path of a directory, without '..'", begin - len(folder) - 3)
        entry: PathEntry | None = None
        for record in self._parts(body, begin):
            if record.letter in ("K", "L"):
                self._listing(image, folder, record)
            elif record.letter in _KINDS and len(record.rest) > 0:
                entry = _entry(image, folder, record)
            elif record.letter in _OF_ENTRY:
                if entry is None:
                    raise _Wrong("an entry before what is said of it", record.at)
                _OF_ENTRY[record.letter](entry, record)

    def _listing(self, image: Image, folder: str, record: Record) -> None:
        own = image.at(folder)
        names = _names(record)
        if own.names is not None or len(names) > MOST_LISTED or any("/" in name or name in _NO_NAMES for name in names):
            raise _Wrong("one listing of names", record.at)
        own.names, own.tells_links = names, record.letter == "K"
        if own.kind is None:
            own.kind = "dir"

    def _changed(self, image: Image, _: str, body: bytes, begin: int) -> None:
        for record in self._parts(body, begin):
            for line in (record.content or b"").split(b"\n"):
                number, _, path = decode(line).partition(" ")
                entry = image.entries.get(name_of(path, record.at))
                if entry is None or entry.info is None or not _NUMBER.fullmatch(number):
                    raise _Wrong("nanoseconds and the path of an entry", record.at)
                entry.info = entry.info._replace(changed_ns=int(number))

    def _run(self, image: Image, _: str, body: bytes, begin: int) -> None:
        argv: tuple[str, ...] = ()
        answer: Any = None
        for record in self._parts(body, begin):
            if record.letter == "A":
                argv = _names(record)
            elif record.letter == "E":
                answer = _failure(record)[1].at(decode(record.content or b""))
            elif record.letter == "=":
                code, _, program = record.rest.partition(" ")
                if not re.fullmatch("-?[0-9]{1,9}", code) or not argv:
                    raise _Wrong("an exit code and a program", record.at)
                answer = Completed((name_of(program, record.at), *argv[1:]), int(code), "", "")
            elif record.letter in ("1", "2") and isinstance(answer, Completed):
                text = decode(record.content or b"")
                answer = answer._replace(stdout=text) if record.letter == "1" else answer._replace(stderr=text)
        if not argv or answer is None:
            raise _Wrong("a command and how it ended", begin)
        image.answers[Question("run", (argv,))] = answer

    def _netlink(self, image: Image, table: str, body: bytes, begin: int) -> None:
        kind: Any = None
        columns: list[str] = []
        for record in self._parts(body, begin):
            if record.letter == "E":
                image.answers[Question("netlink", (table,))] = _failure(record)[1].at(decode(record.content or b""))
            elif record.letter == "T":
                name, *columns = record.rest.split(" ")
                kind = getattr(rows, name, None)
            elif record.letter == "V":
                lines = (record.content or b"").split(b"\n") if record.content else []
                self._rows += len(lines)
                if self._rows > MOST_ROWS:
                    raise _Wrong(f"at most {MOST_ROWS} rows", record.at)
                if lines and (kind is None or set(kind._fields) - set(columns)):
                    return  # a table of another version: it is not captured
                found = tuple([_row(kind, columns, line, record) for line in lines])
                image.answers[Question("netlink", (table,))] = found

    def _answer(self, image: Image, verb: str, body: bytes, begin: int) -> None:
        found = {record.letter: _json(record) for record in self._parts(body, begin)}
        if not _VERB.fullmatch(verb) or not isinstance(found.get("Q"), tuple) or "V" not in found:
            raise _Wrong("the arguments of a question and its answer", begin)
        image.answers[Question(verb, found["Q"])] = found["V"]


_SECTIONS: dict[str, Callable[[_TextReader, Image, str, bytes, int], None]] = {
    "": _TextReader._folder,
    "changed": _TextReader._changed,
    "run": _TextReader._run,
    "netlink": _TextReader._netlink,
    "answer": _TextReader._answer,
}

_NO_NAMES = ("", ".", "..")


def _unmarked(body: bytes, ended: bool) -> bytes | None:
    if not body:
        return b"" if ended else None
    content = body[1:].replace(b"\n|", b"\n")
    return content if ended else content[:-1]


def name_of(raw: str, at: int) -> str:
    """A name as it was, out of a head."""
    if len(raw) > MOST_NAME:
        raise _Wrong(f"a name of at most {MOST_NAME} bytes", at)
    if "\0" in raw:
        raise _Wrong("a name without NUL", at)
    return raw.replace("%00", "\0").replace("%0A", "\n").replace("%25", "%") if "%" in raw else raw


def _names(record: Record) -> tuple[str, ...]:
    if not record.content:
        return ()
    return tuple([name_of(name, record.at) for name in decode(record.content).split("\n")])


def _entry(image: Image, folder: str, record: Record) -> PathEntry:
    kind = _KINDS[record.letter]
    info: Stat | None = None
    name = record.rest
    if kind not in (ABSENT, LINK):
        if record.rest[:2] == "- ":
            name = record.rest[2:]
        else:
            *numbers, name = record.rest.split(" ", 4)
            if len(numbers) != 4 or not all(map(_NUMBER.fullmatch, numbers)) or not set(numbers[0]) <= set("01234567"):
                raise _Wrong("mode, owner, group and size, or '-', and a name", record.at)
            info = Stat(str(kind), int(numbers[0], 8), int(numbers[3]), int(numbers[1]), int(numbers[2]), None)
    name = name_of(name, record.at)
    if "/" in name or "\0" in name or name in ("", "..") or (name == "." and folder != "/"):
        raise _Wrong("the name of an entry", record.at)
    path = "/" if name == "." else joined(folder, name)
    entry = image.at(path)
    if entry.kind is not None and not (entry.kind == "dir" and entry.info is None and kind == "dir"):
        raise _Wrong("an entry that does not stand there already", record.at)
    entry.kind, entry.info = kind, info
    if kind == LINK:
        if not record.content:
            raise _Wrong("the text of a link", record.at)
        entry.target = decode(record.content)
    return entry


def _failure(record: Record) -> tuple[str, Failure]:
    words = record.rest.split(" ", 3)
    if len(words) != 4 or words[1] not in ERRORS or not (words[2] == "-" or _NUMBER.fullmatch(words[2])):
        raise _Wrong("the verb of a question, the name of an error, its number and what it says", record.at)
    verb, kind, number, detail = words
    return verb, Failure(kind, name_of(detail, record.at), None if number == "-" else int(number))


def _failed(entry: PathEntry, record: Record) -> None:
    verb, failure = _failure(record)
    entry.failures[verb] = failure


def _over(entry: PathEntry, record: Record) -> None:
    entry.over = whole_number(record.rest)
    if entry.over is None:
        raise _Wrong("a number of bytes", record.at)


def _content(entry: PathEntry, record: Record) -> None:
    if entry.content is not None or record.content is None:
        raise _Wrong("the content of a file, once", record.at)
    entry.content = record.content


def _range(entry: PathEntry, record: Record) -> None:
    offset, _, size = record.rest.partition(" ")
    if not is_digits(offset) or not is_digits(size) or max(len(offset), len(size)) > 18:
        raise _Wrong("an offset and a number of bytes", record.at)
    entry.ranges = (*entry.ranges, Range(int(offset), int(size), record.content or b""))


_OF_ENTRY: dict[str, Callable[[PathEntry, Record], None]] = {"E": _failed, "O": _over, "F": _content, "R": _range}


def _json(record: Record) -> Any:
    import json

    try:
        return from_data(json.loads(record.content or b""))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _Wrong("JSON of a question or an answer", record.at) from error


def _row(kind: Any, columns: list[str], line: bytes, record: Record) -> Any:
    import json

    try:
        values = dict(zip(columns, [from_data(item) for item in json.loads(line)]))
        return kind(**{name: values[name] for name in kind._fields})
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _Wrong(f"JSON lists of the columns of {kind.__name__}", record.at) from error
