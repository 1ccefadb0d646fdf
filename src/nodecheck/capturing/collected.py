"""What the collector's script printed: the words of ``stat``, ``ls`` and others, settled into an image.

The script judges nothing and knows no errno: which error a message is, and whether a file is whole, is told here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from nodecheck.capturing.collected_kernel import settle_kernel
from nodecheck.capturing.image import ABSENT, GONE, LINK, Failure, Image, Range, is_magic
from nodecheck.capturing.masking import is_secret_file, without_secrets
from nodecheck.capturing.records import Record, Wrong, name_of
from nodecheck.errors import Absent, Denied, FactError, TimedOut, TooLarge, Unsupported
from nodecheck.host.base import ClockState, Completed, Question, Stat, Uname, virtual_root
from nodecheck.host.programs import SEARCH_PATH
from nodecheck.host.root import MOST_LINKS, NOT_HELD
from nodecheck.model.secrets import masked
from nodecheck.text import decode, encode, is_digits

MOST_READ = 8 << 20
"""Bytes of one file that the script prints."""
SPACE_NUMBERS = 6
"""Numbers that are asked of a file system, beside its magic one."""
MOST_OUTPUT = 1 << 16
"""Bytes of what a program says, as for programs that nodecheck runs."""
MOST_JSON = 4 << 20
"""The same of nft's JSON, all tables together: the script gives each its part, and cuts what is longer."""

HEAD = 256
"""Bytes of how a program begins."""

_KINDS = {0x8: "file", 0x4: "dir", 0x1: "fifo", 0xC: "socket", 0x6: "block", 0x2: "char"}
"""By the highest four bits of ``st_mode`` (inode(7)); links are told by their text."""

_LETTERS = {
    "f": ("file", 0o644), "x": ("file", 0o755), "d": ("dir", 0o755), "p": ("fifo", 0o644), "S": ("socket", 0o755),
    "b": ("block", 0o600), "c": ("char", 0o600),
}  # fmt: skip
"""What the shell's own tests say where there is no stat(1): the kind, and a mode like it."""

_MESSAGES = (
    ("no such file", "Absent", 2),
    ("permission denied", "Denied", 13),
    ("operation not permitted", "Denied", 1),
    ("is a directory", "Malformed", 21),
    ("not a directory", "Malformed", 20),
    ("too many levels", "Malformed", 40),
    ("invalid argument", "FactError", 22),
    ("no such device", "FactError", 6),
)
"""What programs say for an errno. Not ``input/output error``: busybox has it for every error of read(2)."""

_LIKE = {"names": ("names", "links"), "read": ("read", "read_at")}
"""Questions that fail as another does."""

_KILLED = (124, 137, 143)
"""Exit codes of what timeout(1) ended, and of what the script's own watchdog killed."""


class CollectedRecords:
    """The records of the section ``@collected``, gathered until the last; the rest is :meth:`settle`."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.real = image.origin.real
        self._text: dict[str, tuple[bytes, int]] = {}
        """By path: the lines of a file as they are but for the last newline, and the bytes that it had."""
        self._whole: dict[str, bytes] = {}
        self._gone: dict[str, None] = {}
        self._behind: dict[str, Stat] = {}
        """By the path of a link: what lies behind it."""
        self._names: list[str] | None = None
        self._listed: dict[str, list[str]] = {}
        self._open: str | None = None
        self._argv: list[str] = []
        self._said: dict[str, str] = {}
        self._spaces: dict[str, tuple[int, ...]] = {}
        self._dumps: dict[str, list[list[bytes] | int]] = {}
        """By netlink table: of each dump its datagrams in base64, or an errno."""

    def take(self, records: Iterable[Record]) -> None:
        """Take the records; those of a later minor version are passed over."""
        for record in records:
            take = _TAKES.get(record.letter)
            if take is not None:
                try:
                    take(self, record.rest, record.content or b"", record.at)
                except (ValueError, KeyError, OverflowError) as error:
                    raise Wrong("the words of a program, as the collector prints them", record.at) from error

    # -- places

    def _stats(self, _: str, content: bytes, at: int) -> None:
        for line in _lines(content):
            *numbers, path = decode(line).split(" ", 5)
            self._stat(_place(path, at), numbers)

    def _one_stat(self, path: str, content: bytes, at: int) -> None:
        if content.count(b" ") == 4:
            self._stat(_path(path, at), decode(content.rstrip(b"\n")).split(" "))

    def _stat(self, path: str, numbers: list[str]) -> None:
        mode, uid, gid, size, seconds = numbers
        bits = int(mode, 16)
        kind = _KINDS.get(bits >> 12, "other")
        info = Stat(kind, bits & 0o7777, int(size), int(uid), int(gid), int(seconds) * 10**9)
        entry = self.image.at(path)
        if entry.kind == LINK:
            self._behind[path] = info
        else:
            entry.kind, entry.info = kind, info

    def _kinds(self, _: str, content: bytes, at: int) -> None:
        for line in _lines(content):
            letter, _, path = decode(line).partition(" ")
            kind, mode = _LETTERS[letter]
            entry = self.image.at(_place(path, at))
            entry.kind = kind
            entry.info = None if kind == "file" else Stat(kind, mode, 0, 0, 0, None)

    def _link(self, path: str, content: bytes, at: int) -> None:
        place = _path(path, at)
        text = decode(content.removesuffix(b"\n"))
        if not text:
            return  # it is gone by now
        if is_magic(place):
            self.image.answers[Question("link", (place,))] = text
            if "/fd/" in place:
                self._listed.setdefault(place.rpartition("/")[0], []).append(place.rpartition("/")[2])
            return
        entry = self.image.at(place)
        entry.kind, entry.target, entry.info = LINK, text, None

    def _directory(self, path: str, _: bytes, at: int) -> None:
        self._names = self._listed[_path(path, at)] = []

    def _command(self, _: str, __: bytes, ___: int) -> None:
        self._names = self._argv = []
        self._said = {}

    def _name(self, name: str, _: bytes, at: int) -> None:
        if self._names is None:
            raise Wrong("a directory or a command before a name", at)
        self._names.append(name_of(name, at))

    def _absent(self, path: str, _: bytes, at: int) -> None:
        self._gone[_path(path, at)] = None

    def _failed(self, rest: str, content: bytes, at: int) -> None:
        verb, path = rest.partition(" ")[::2]
        message = decode(content).strip("\n").rpartition(": ")[2].lower()
        kind, number = next(
            ((kind, number) for text, kind, number in _MESSAGES if text in message), ("FactError", None)
        )
        failures = self.image.at(_path(path, at)).failures
        for one in _LIKE.get(verb, (verb,)):
            failures[one] = Failure(kind, message, number)

    # -- contents

    def _file(self, path: str, content: bytes, at: int) -> None:
        self._open = _path(path, at)
        self._text[self._open] = (content, -1)

    def _words(self, path: str, content: bytes, at: int) -> None:
        self._open = None
        self._whole[_path(path, at)] = b"".join([word + b"\0" for word in _lines(content)])

    def _size(self, size: str, _: bytes, __: int) -> None:
        if self._open is not None:
            self._text[self._open] = (self._text[self._open][0], int(size))
        self._open = None

    def _bytes(self, path: str, content: bytes, at: int) -> None:
        from binascii import a2b_base64, unhexlify

        if re.fullmatch(rb"(?: [0-9a-f]{2})+\s.*|", content, re.DOTALL):
            self._whole[_path(path, at)] = unhexlify(b"".join(content.split()))
        else:
            self._whole[_path(path, at)] = a2b_base64(content)

    def _head(self, path: str, content: bytes, at: int) -> None:
        """How a program begins that is no script: four bytes, enough to see that."""
        entry = self.image.at(_path(path, at))
        entry.ranges = (Range(0, HEAD, bytes.fromhex(decode(content))[:4]),)

    # -- programs and the kernel

    def _stdout(self, _: str, content: bytes, __: int) -> None:
        self._said["stdout"] = decode(content)

    def _stderr(self, _: str, content: bytes, __: int) -> None:
        self._said["stderr"] = decode(content.removesuffix(b"\n"))

    def _ended(self, rest: str, _: bytes, at: int) -> None:
        argv = tuple(self._argv)
        if not argv:
            raise Wrong("a command before how it ended", at)
        code, program = rest.partition(" ")[::2]
        place = name_of(program, at)
        answer = self._outcome(argv, code, place)
        for one in (argv, (place, *argv[1:])) if place else (argv,):
            self.image.answers[Question("run", (one,))] = answer

    def _outcome(self, argv: tuple[str, ...], code: str, program: str) -> Completed | FactError:
        if code == "absent":
            where = "" if "/" in argv[0] else f" in {':'.join(SEARCH_PATH)}"
            return Absent(argv[0], f"no such program{where}")
        if code == "denied":
            return Denied(argv[0], "others than root can change it: not run with the rights of root")
        if code == "skipped":
            return Unsupported(argv[0], "not asked: nobody listens where it would ask")
        stdout, stderr = self._said.get("stdout", ""), self._said.get("stderr", "")
        source = " ".join((program, *argv[1:]))
        most = MOST_JSON if argv[:2] == ("nft", "-j") else MOST_OUTPUT
        if len(stdout) > most:
            return TooLarge(source, f"said more than {most} bytes")
        if int(code) in _KILLED:
            return TimedOut(source, "did not end within 4 s")
        return Completed((program, *argv[1:]), int(code), masked(stdout), masked(stderr))

    def _dump(self, table: str, content: bytes, _: int) -> None:
        self._dumps.setdefault(table, []).append(content.split())

    def _no_dump(self, rest: str, _: bytes, __: int) -> None:
        table, number = rest.partition(" ")[::2]
        self._dumps.setdefault(table, []).append(int(number))

    def _clock(self, rest: str, _: bytes, __: int) -> None:
        state, status, most, estimated = map(int, rest.split(" "))
        self.image.answers[Question("clock")] = ClockState(state, status, most, estimated)

    def _uname(self, _: str, content: bytes, at: int) -> None:
        words = decode(content).removesuffix("\n").split("\n")
        if len(words) != len(Uname._fields):
            raise Wrong("five lines of uname", at)
        self.image.answers[Question("uname")] = Uname(*words)

    def _reader(self, number: str, _: bytes, __: int) -> None:
        self.image.answers[Question("reader")] = int(number)

    def _order(self, number: str, _: bytes, __: int) -> None:
        if number in ("1", "256"):
            self.image.answers[Question("byte_order")] = "little" if number == "1" else "big"

    def _space(self, path: str, content: bytes, at: int) -> None:
        place = _path(path, at)
        if not content:
            for verb in ("statvfs", "statfs"):
                self.image.answers[Question(verb, (place,))] = GONE.at(place)
            return
        *numbers, magic = decode(content).split()
        if len(numbers) != SPACE_NUMBERS:
            raise Wrong("seven words of stat -f", at)
        self._spaces[place] = tuple(map(int, numbers))
        self.image.answers[Question("statfs", (place,))] = int(magic, 16)

    # -- what follows of all of it

    def settle(self) -> None:
        """Put into the image what only all records together tell."""
        for path, names in self._listed.items():
            entry = self.image.at(path)
            entry.names, entry.tells_links = tuple(sorted(set(names), key=encode)), True
            entry.kind = entry.kind or "dir"
        self._settle_behind()
        self._settle_absent()
        for path, content in self._whole.items():
            if self._is_kernel(path) or self._size_of(path) in (None, len(content)):
                self._keep(path, content)
        for path, (content, size) in self._text.items():
            self._settle_text(path, content, size)

        self._settle_processes()
        settle_kernel(self.image, self._dumps, self._spaces)

    def _settle_processes(self) -> None:
        """Of descriptors only the listening sockets are told: processes without one have none that matter."""
        top = self.image.entries.get("/proc")
        if not self.image.origin.running or "/proc" not in self.real or top is None:
            return
        for name in top.names or ():
            entry = self.image.at(f"/proc/{name}/fd") if is_digits(name) else None
            if entry is not None and entry.names is None and not entry.failures:
                entry.kind, entry.names = "dir", ()

    def _settle_behind(self) -> None:
        """What lies behind links goes where they lead. Whether that is one more link, only a listing of it says."""
        for path, info in self._behind.items():
            place = self._led(path)
            entry = None if place is None else self.image.at(place)
            if place is None or entry is None or entry.info is not None or entry.kind in (LINK, ABSENT):
                continue
            entry.info = info
            above = self.image.entries.get(place.rpartition("/")[0] or "/")
            if above is not None and above.tells_links:
                entry.kind = info.kind

    def _led(self, path: str) -> str | None:
        """Where a path leads by the links that are known; None for a loop."""
        left, here, links = path.split("/")[::-1], "", 0
        while left:
            name = left.pop()
            if name in ("", ".", ".."):
                here = here.rpartition("/")[0] if name == ".." else here
                continue
            entry = self.image.entries.get(f"{here}/{name}")
            if entry is None or entry.target is None:
                here = f"{here}/{name}"
                continue
            links += 1
            if links > MOST_LINKS:
                return None
            left.extend(entry.target.split("/")[::-1])
            here = "" if entry.target[:1] == "/" else here
        return None if here == "/dev/null" else here or "/"

    def _settle_absent(self) -> None:
        for path in self._gone:
            if path == "/dev":  # /dev/null is always there
                self.image.at(path).names = ()
                continue
            entry = self.image.at(path)
            if entry.kind is None:
                entry.kind = ABSENT
                failure = self._gone_from(path)
                if failure != GONE:
                    entry.failures[ABSENT] = failure

    def _gone_from(self, path: str) -> Failure:
        """How the node's host says that a place is not there."""
        top = virtual_root(path)
        if top is None or top in self.real:
            return GONE
        if self.image.origin.running:
            return Failure("Unsupported", f"{top} is not mounted here", None)
        return Failure("Offline", NOT_HELD, None)

    def _settle_text(self, path: str, content: bytes, size: int) -> None:
        """A file of lines. awk(1) ends the last with a newline, be it there or not: the size tells."""
        entry = self.image.at(path)
        if size > MOST_READ:
            entry.over = MOST_READ
        elif self._is_kernel(path) or self._size_of(path) in (None, size):
            self._keep(path, content)
        elif self._size_of(path) == size - 1:
            self._keep(path, content[:-1])

    def _keep(self, path: str, content: bytes) -> None:
        if not is_secret_file(path) and "read" not in self.image.at(path).failures:
            self.image.at(path).content = without_secrets(path, content)

    def _is_kernel(self, path: str) -> bool:
        """Whether the kernel makes a file up, with any size or none."""
        return virtual_root(path) in self.real

    def _size_of(self, path: str) -> int | None:
        info = self.image.at(path).info
        return None if info is None else info.size


def _lines(content: bytes) -> list[bytes]:
    return content.removesuffix(b"\n").split(b"\n") if content else []


def _path(raw: str, at: int) -> str:
    """An absolute path of a head."""
    found = name_of(raw, at)
    if found[:1] != "/" or (found != "/" and not {"", ".", ".."}.isdisjoint(found.split("/")[1:])):
        raise Wrong("an absolute path without '..'", at)
    return found


def _place(raw: str, at: int) -> str:
    """The path of the node of one that the script gave to a program: ``./etc/fstab``."""
    if raw[:2] != "./":
        raise Wrong("a path that begins with './'", at)
    return _path(raw[1:].replace("%", "%25"), at)


_TAKES: dict[str, Callable[[CollectedRecords, str, bytes, int], None]] = {
    "S": CollectedRecords._stats,
    "s": CollectedRecords._one_stat,
    "t": CollectedRecords._kinds,
    "l": CollectedRecords._link,
    "d": CollectedRecords._directory,
    "n": CollectedRecords._name,
    "a": CollectedRecords._absent,
    "e": CollectedRecords._failed,
    "g": CollectedRecords._file,
    "+": CollectedRecords._size,
    "z": CollectedRecords._words,
    "b": CollectedRecords._bytes,
    "h": CollectedRecords._head,
    "c": CollectedRecords._command,
    "1": CollectedRecords._stdout,
    "2": CollectedRecords._stderr,
    "o": CollectedRecords._ended,
    "N": CollectedRecords._dump,
    "!": CollectedRecords._no_dump,
    "k": CollectedRecords._clock,
    "u": CollectedRecords._uname,
    "r": CollectedRecords._reader,
    "y": CollectedRecords._order,
    "v": CollectedRecords._space,
}
