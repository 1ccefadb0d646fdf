"""A capture as text, format version 1: docs/capture.md has its grammar.

Lines. A record is a head line, then content lines that begin with ``|``, then an empty line where the content ended in
a newline. So no content can look like a head. One section a directory, with its entries by name: equal directories are
equal bytes on every node, and times stand apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nodecheck.capturing.image import ABSENT, LINK, MOST_CONTENT, Failure, Image, Origin, PathEntry, joined
from nodecheck.errors import FactError
from nodecheck.host.base import Completed, Question
from nodecheck.host.questions import to_data
from nodecheck.json_text import json_text
from nodecheck.text import encode
from nodecheck.typed import Any

FORMAT = b"nodecheck capture "
MAGIC = FORMAT + b"1"
END = b"."

SUM = re.compile(rb"@sum\nS crc32 ([0-9a-f]{8})\n\.\n\Z")
"""The last section, and the end of the text."""

LETTERS = {
    "file": "f",
    "dir": "d",
    LINK: "l",
    "fifo": "p",
    "socket": "s",
    "block": "b",
    "char": "c",
    "null": "0",
    "other": "o",
    ABSENT: "a",
    None: "?",
}
"""How a head begins, by the kind of an entry."""

HOLDING = ("file", "null", None)
"""Kinds that have content."""


def dumped(image: Image) -> bytes:
    """The text of an image."""
    parts = [MAGIC + b"\n", *_about(image.origin)]
    for folder, names in _folders(image):
        parts.append(b"@ " + name_of(folder) + b"\n")
        parts.extend(_folder(image, folder, names))
    parts.extend(_times(image))
    for question, answer in sorted(image.answers.items(), key=lambda item: (item[0].verb, repr(item[0].arguments))):
        parts.extend(_answer(question, answer))
    text = b"".join(parts)
    return text + b"@sum\nS crc32 " + sum_of(text) + b"\n" + END + b"\n"


def sum_of(text: bytes) -> bytes:
    r"""What shows that a line of a text went or came.

    >>> sum_of(b"nodecheck capture 1\n")
    b'8c48e759'
    """
    from zlib import crc32

    return b"%08x" % crc32(text)


def name_of(text: str) -> bytes:
    """A name as a head holds it.

    >>> name_of("/etc/a\\n100%")
    b'/etc/a%0A100%25'
    """
    return encode(text).replace(b"%", b"%25").replace(b"\n", b"%0A").replace(b"\0", b"%00")


def block(content: bytes) -> bytes:
    r"""Content lines.

    >>> block(b"a\nb\n"), block(b"a"), block(b"")
    (b'|a\n|b\n\n', b'|a\n', b'\n')
    """
    if not content:
        return b"\n"
    ended = content.endswith(b"\n")
    body = content[:-1] if ended else content
    return b"|" + body.replace(b"\n", b"\n|") + (b"\n\n" if ended else b"\n")


def names_block(names: Iterable[str]) -> bytes:
    """A name a line."""
    return b"".join([b"|" + name_of(name) + b"\n" for name in names]) or b"\n"


def _about(origin: Origin) -> Iterator[bytes]:
    words: list[tuple[str, str]] = [
        ("time", origin.time),
        ("tool", origin.tool),
        ("path", origin.path),
        ("running", _bit(origin.running)),
        ("whole", _bit(origin.whole)),
        ("own", _bit(origin.this_machine)),
        *[("real", top) for top in origin.real],
        *[("plugin", plugin) for plugin in origin.plugins],
        *([("redacted", "1")] if origin.redacted else []),
    ]
    for word, value in words:
        yield b"i %s " % word.encode() + name_of(value) + b"\n"


def _bit(value: bool) -> str:
    return "1" if value else "0"


def _folders(image: Image) -> Iterator[tuple[str, list[str]]]:
    """Each directory of which something is known, with the names in it that have an entry worth to be written."""
    found: dict[str, list[str]] = {}
    for path, entry in image.entries.items():
        if entry.names is not None:
            found.setdefault(path, [])
        folder, _, name = path.rpartition("/")
        if path == "/":
            found.setdefault("/", []).append(".")
        elif not _is_implied(image, folder or "/", name, entry):
            found.setdefault(folder or "/", []).append(name)
    for folder in sorted(found):
        yield folder, sorted(found[folder])


def _is_implied(image: Image, folder: str, name: str, entry: PathEntry) -> bool:
    """Whether the listing of its directory says the same."""
    above = image.entries.get(folder)
    if above is None or above.names is None:
        return False
    if entry.kind == ABSENT:
        return not entry.failures and name not in above.names
    return entry.kind is None and not entry.failures and entry.content is None and name in above.names


def _folder(image: Image, folder: str, names: Iterable[str]) -> Iterator[bytes]:
    own = image.entries.get(folder)
    if own is not None and own.names is not None:
        yield (b"K %d\n" % _links(image, folder, own.names) if own.tells_links else b"L\n") + names_block(own.names)
    for name in names:
        yield from _entry(name, image.entries[folder if name == "." else joined(folder, name)])


def _links(image: Image, folder: str, names: Iterable[str]) -> int:
    """How many of the names are those of links."""
    known = [image.entries.get(joined(folder, name)) for name in names]
    return sum([entry is not None and entry.target is not None for entry in known])


def _entry(name: str, entry: PathEntry) -> Iterator[bytes]:
    letter = LETTERS.get(entry.kind, "o").encode()
    if entry.kind in (ABSENT, LINK):
        yield letter + b" " + name_of(name) + b"\n"
    elif entry.info is None:
        yield letter + b" - " + name_of(name) + b"\n"
    else:
        info = entry.info
        yield letter + b" %o %d %d %d " % (info.mode, info.uid, info.gid, info.size) + name_of(name) + b"\n"
    if entry.target is not None:
        yield block(encode(entry.target))
    for verb, failure in entry.failures.items():
        yield failed(verb, failure)
    if entry.kind not in HOLDING:
        return  # it became something else while it was looked at
    if entry.over is not None:
        yield b"O %d\n" % entry.over
    if entry.content is not None and len(entry.content) <= MOST_CONTENT:
        yield b"F\n" + block(entry.content)
    for part in entry.ranges:
        yield b"R %d %d\n" % (part.offset, part.size) + block(part.content)


def failed(verb: str, failure: Failure) -> bytes:
    """The head of a failure."""
    number = "-" if failure.errno is None else str(failure.errno)
    return f"E {verb} {failure.kind} {number} ".encode() + name_of(failure.detail) + b"\n"


def _times(image: Image) -> Iterator[bytes]:
    """When each inode changed: apart, so that equal directories are equal."""
    lines = [
        b"|%d " % entry.info.changed_ns + name_of(path) + b"\n"
        for path, entry in sorted(image.entries.items())
        if entry.info is not None and entry.info.changed_ns is not None and entry.kind not in (ABSENT, LINK)
    ]
    if lines:
        yield b"@changed\nC\n" + b"".join(lines)


def _answer(question: Question, answer: Any) -> Iterator[bytes]:
    verb, arguments = question
    if verb == "run":
        yield b"@run\nA\n" + names_block(arguments[0])
        yield from _outcome("run", answer)
    elif verb == "netlink":
        yield b"@netlink " + name_of(arguments[0]) + b"\n"
        yield from _rows(answer)
    else:
        yield b"@answer " + verb.encode() + b"\nQ\n" + block(_json(to_data(arguments)))
        yield b"V\n" + block(_json(to_data(answer)))


def _outcome(verb: str, answer: Completed | FactError) -> Iterator[bytes]:
    if isinstance(answer, FactError):
        yield failed(verb, Failure.of(answer)) + block(encode(answer.source))
        return
    yield b"= %d " % answer.code + name_of(answer.argv[0]) + b"\n"
    yield b"1\n" + block(encode(answer.stdout))
    if answer.stderr:
        yield b"2\n" + block(encode(answer.stderr))


def _rows(answer: Any) -> Iterator[bytes]:
    if isinstance(answer, FactError):
        yield failed("netlink", Failure.of(answer)) + block(encode(answer.source))
        return
    body = b"".join([b"|" + _json([to_data(item) for item in row]) + b"\n" for row in answer])
    if len(body) > MOST_CONTENT:
        return
    if answer:
        kind = type(answer[0])
        yield b"T " + " ".join([kind.__name__, *kind._fields]).encode() + b"\n"
    yield b"V\n" + (body or b"\n")


def _json(value: object) -> bytes:
    return json_text(value, separators=(",", ":")).encode()
