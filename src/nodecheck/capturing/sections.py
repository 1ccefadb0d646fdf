"""What the section of a directory says, by its records; and the sections that are known, for who reads them again.

Directories of a fleet's nodes are equal bytes, and what a section says does not depend on where it stands: it is read
once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable

from nodecheck.capturing.image import ABSENT, LINK, PATH_VERBS, Failure, Image, PathEntry, Range
from nodecheck.capturing.records import Record, Wrong, name_of
from nodecheck.capturing.text import HOLDING, LETTERS
from nodecheck.host.base import Stat
from nodecheck.host.questions import ERRORS
from nodecheck.record import NamedTuple
from nodecheck.text import decode, encode, whole_number
from nodecheck.typed import Any

MOST_LISTED = 1 << 16
"""Names of one directory; the kernel's own tables of devices and processes are far below."""

MOST_KNOWN = 16 << 20
"""Bytes of the sections that are known: those of several full nodes."""

NO_NAMES = ("", ".", "..")
_NO_NAMES = frozenset(NO_NAMES)
ONCE_LISTED = "one listing of names, in the order of their bytes"
KINDS = {letter: kind for kind, letter in LETTERS.items()}

_NUMBER = re.compile(r"[0-9]{1,20}")
_NUMBERS = re.compile(r"([0-7]{1,4}) ([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{1,20}) ")


class Known:
    """What was read of sections, by their bytes, within bounds. Nothing in it is ever handed out to be changed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know none."""
        self._found: dict[Hashable, Any] = {}
        self._room = MOST_KNOWN

    def get(self, key: Hashable) -> Any:
        """What was read of a section; None where it is not known."""
        return self._found.get(key)

    def keep(self, key: Hashable, found: object, size: int) -> None:
        """Know a section of so many bytes from now on, if there is room."""
        size = 4 * size + 1000  # with what was read of it
        if size <= self._room:
            self._room -= size
            self._found[key] = found


KNOWN = Known()


class FolderSection(NamedTuple):
    """What one section says of a directory."""

    items: tuple[tuple[str | None, PathEntry], ...]
    """By name, None for the listing of the directory itself."""
    records: int
    rows: int

    def put(self, image: Image, folder: str, at: int) -> None:
        """Put it into an image, in entries that are the image's own."""
        entries = image.entries
        above = folder if folder == "/" else f"{folder}/"
        for name, told in self.items:
            path = folder if name is None or name == "." else above + name
            known = entries.get(path)
            if known is None:
                entries[path] = _copied(told)
            elif name is None:
                _list(known, told, at)
            else:
                _add(known, told, at)


def _copied(told: PathEntry) -> PathEntry:
    entry = PathEntry(told.kind)
    entry.info, entry.content, entry.target = told.info, told.content, told.target
    entry.names, entry.tells_links, entry.links = told.names, told.tells_links, told.links
    if told.failures:
        entry.failures = dict(told.failures)
    entry.over, entry.ranges = told.over, told.ranges
    return entry


def _list(entry: PathEntry, told: PathEntry, at: int) -> None:
    """Add a listing to what is known of its directory."""
    if entry.names is not None:
        raise Wrong(ONCE_LISTED, at)
    entry.names, entry.tells_links, entry.links = told.names, told.tells_links, told.links
    if entry.kind is None:
        entry.kind = "dir"


def _add(entry: PathEntry, told: PathEntry, at: int) -> None:
    """Add what an entry says to what is known of its path: a listing, or an entry that another section has too."""
    twice = entry.content is not None or entry.info is not None or entry.target is not None or entry.over is not None
    if twice or entry.ranges or entry.failures:
        raise Wrong("an entry that does not stand there already", at)
    entry.kind, entry.info, entry.target, entry.content = told.kind, told.info, told.target, told.content
    entry.failures, entry.over, entry.ranges = dict(told.failures), told.over, told.ranges


def listing_of(record: Record, names: tuple[str, ...]) -> PathEntry:
    """What a record says of the directory itself."""
    number = whole_number(record.rest) if record.rest else None
    odd = record.content is None or (bool(record.rest) and number is None)
    if odd or len(names) > MOST_LISTED or not _is_listing(names):
        raise Wrong(ONCE_LISTED, record.at)
    entry = PathEntry("dir")
    entry.names, entry.tells_links, entry.links = names, record.letter == "K", number
    return entry


def _is_listing(names: tuple[str, ...]) -> bool:
    """Whether it is what a directory holds: each name once, in the order of its bytes."""
    whole = "".join(names)
    if "/" in whole or not _NO_NAMES.isdisjoint(names):
        return False
    raw = list(names) if whole.isascii() else [encode(name) for name in names]
    return len(set(raw)) == len(raw) and raw == sorted(raw)


def is_number(digits: str, bound: int) -> bool:
    """Whether it is a number below a bound.

    >>> is_number("7", 8), is_number("8", 8), is_number("-1", 8)
    (True, False, False)
    """
    return _NUMBER.fullmatch(digits) is not None and int(digits) < bound


def entry_of(record: Record, top: bool) -> tuple[str, PathEntry]:
    """The name and the first line of an entry, in the section of the root directory or in another."""
    kind, name, content = KINDS[record.letter], record.rest, record.content
    entry = PathEntry(kind)
    if kind not in (ABSENT, LINK):
        if name[:2] == "- ":
            name = name[2:]
        else:
            entry.info, name = _info(kind, name, record.at)
    name = name_of(name, record.at)
    if "/" in name or "\0" in name or name in ("", "..") or (name == "." and not top):
        raise Wrong("the name of an entry", record.at)
    if (content is None) == (kind == LINK) or (content is not None and b"\0" in content):
        raise Wrong("the text of a link, and of nothing else", record.at)
    if content is not None:
        entry.target = decode(content)
    return name, entry


def _info(kind: str | None, text: str, at: int) -> tuple[Stat, str]:
    """What the numbers say, and what follows them."""
    found = _NUMBERS.match(text)
    if found is not None:
        mode, uid, gid, size = found.groups()
        info = Stat(str(kind), int(mode, 8), int(size), int(uid), int(gid), None)
        if info.uid < 1 << 32 and info.gid < 1 << 32 and info.size < 1 << 63:
            return info, text[found.end() :]
    raise Wrong("mode, owner, group and size, or '-', and a name", at)


def failure_of(record: Record) -> tuple[str, Failure]:
    """The verb of a question and how it failed."""
    words = record.rest.split(" ", 3)
    if len(words) != 4 or words[1] not in ERRORS or not (words[2] == "-" or is_number(words[2], 1 << 31)):
        raise Wrong("the verb of a question, the name of an error, its number and what it says", record.at)
    verb, kind, number, detail = words
    return verb, Failure(kind, name_of(detail, record.at), None if number == "-" else int(number))


def _failed(entry: PathEntry, record: Record) -> None:
    verb, failure = failure_of(record)
    if verb not in (*PATH_VERBS, ABSENT) or verb in entry.failures or record.content is not None:
        raise Wrong("one error for a question of a path", record.at)
    entry.failures[verb] = failure


def _over(entry: PathEntry, record: Record) -> None:
    number = whole_number(record.rest)
    if number is None or entry.over is not None or record.content is not None or entry.kind not in HOLDING:
        raise Wrong("a number of bytes, of a file and once", record.at)
    entry.over = number


def _content(entry: PathEntry, record: Record) -> None:
    if entry.content is not None or record.content is None or entry.kind not in HOLDING or record.rest:
        raise Wrong("the content of a file, once", record.at)
    entry.content = record.content


def _range(entry: PathEntry, record: Record) -> None:
    offset, _, size = record.rest.partition(" ")
    numbers = whole_number(offset), whole_number(size)
    if None in numbers or record.content is None or entry.kind not in HOLDING or len(record.content) > int(size):
        raise Wrong("an offset and a number of bytes, and what a file holds there", record.at)
    entry.ranges = (*entry.ranges, Range(int(offset), int(size), record.content))


OF_ENTRY: dict[str, Callable[[PathEntry, Record], None]] = {"E": _failed, "O": _over, "F": _content, "R": _range}
