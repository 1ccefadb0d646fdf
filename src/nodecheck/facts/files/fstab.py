"""``/etc/fstab``: the lines as glibc's getmntent(3) reads them, for systemd-fstab-generator and for ``swapon -a``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, JudgedSetting, Judges, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import decode

FSTAB = "/etc/fstab"

BUFFER = 4096
SCRATCH = 1024
"""glibc reads a line into ``BUFFER`` bytes, and what does not fit, in pieces of ``SCRATCH``, to nowhere.

Where a NUL hides the newline from strchr(3) that takes the next line along (misc/mntent_r.c).
"""

_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\\\", "\\"), ("\\134", "\\"))


class FstabEntry(NamedTuple):
    """One line of fstab, octal escapes undone."""

    spec: str
    """What: a device, a file, ``UUID=…``."""
    file: str
    """Where; for swap it means nothing."""
    kind: str
    """The third field, which alone makes a line swap."""
    options: str
    line: int
    """1-based."""
    text: str
    """The whole line as it stands in the file."""

    def says(self, yes: str, no: str) -> bool:
        """Whether ``yes`` is the last of two contrary options, as ``fstab_test_yes_no_option`` finds it.

        >>> FstabEntry("a", "b", "swap", "noauto,auto", 1, "").says("noauto", "auto")
        False
        """
        last = None
        for option in _options(self.options):
            name = option.partition("=")[0]
            if name in (yes, no):
                last = name
        return last == yes


class Fstab(NamedTuple):
    """The entries of ``/etc/fstab``."""

    entries: tuple[FstabEntry, ...] = ()
    present: bool = True
    etc: bool = True
    """Whether ``/etc`` is there at all: where it is not, the absence of fstab proves nothing."""

    @property
    def swaps(self) -> tuple[FstabEntry, ...]:
        """The entries whose third field is exactly ``swap``."""
        return tuple(entry for entry in self.entries if entry.kind == "swap")

    @classmethod
    def reads(cls) -> Sources:
        return (File(FSTAB), Exists("/etc"))

    @classmethod
    def judges(cls) -> Judges:
        """The names of fields are those of fstab(5)."""
        options = ("sw", "noauto", "nofail", "pri=5")
        return (JudgedSetting("fs_mntops", options), JudgedSetting("fs_vfstype", ("swap", "ext4")))

    @classmethod
    def read(cls, host: Host) -> Fstab:
        """Read ``/etc/fstab``; no entries where there is none."""
        try:
            return parse_fstab(text(host, FSTAB))
        except Absent:
            return cls((), present=False, etc=exists(host, "/etc"))


def with_option(line: str, option: str) -> str:
    r"""A line of fstab with one option more, the last that counts; every other byte as it is.

    >>> with_option("/dev/sda2\tnone swap sw 0 0", "noauto"), with_option("/swap none swap ", "noauto")
    ('/dev/sda2\tnone swap sw,noauto 0 0', '/swap none swap noauto')
    """
    fields = re.match(r"[ \t]*(?:[^ \t]+[ \t]+){3}[^ \t\r]+", line)
    if fields is None:
        return line.rstrip(" \t") + f" {option}"
    return f"{fields[0]},{option}{line[fields.end() :]}"


def with_options(line: str, change: Callable[[str], str]) -> str:
    r"""A line of fstab with its options changed; every other byte as it is.

    >>> with_options("/dev/sda2\t/var ext4 noexec 0 2\r", lambda options: options.replace("no", ""))
    '/dev/sda2\t/var ext4 exec 0 2\r'
    """
    fields = re.match(r"([ \t]*(?:[^ \t]+[ \t]+){3})([^ \t\r]+)", line)
    return line if fields is None else f"{fields[1]}{change(fields[2])}{line[fields.end() :]}"


def parse_fstab(source: str) -> Fstab:
    r"""Parse the text of fstab.

    >>> [(e.spec, e.kind, e.line) for e in parse_fstab("# x\n/swap\\040file\tnone\tswap").entries]
    [('/swap file', 'swap', 2)]
    """
    found = []
    for number, line, whole in _lines(source):
        entry = _entry(line, number, whole)
        if entry is not None:
            found.append(entry)
    return Fstab(tuple(found))


def _lines(source: str) -> Iterator[tuple[int, str, str]]:
    """Number, what getmntent(3) sees, and the whole text of each line."""
    raw = source.encode("utf-8", "surrogateescape")
    if b"\0" not in raw and len(raw) <= BUFFER - 1:
        for number, line in enumerate(source.split("\n"), 1):
            yield number, line, line
        return
    number, place = 1, 0
    while place < len(raw):
        start, (seen, place) = place, _gets(raw, place, BUFFER)
        end = raw.find(b"\n", start)
        whole = raw[start:] if end < 0 else raw[start:end]
        yield number, decode(seen.partition(b"\n")[0]), decode(whole)
        while b"\n" not in seen and place < len(raw):
            seen, place = _gets(raw, place, SCRATCH)
        number += raw.count(b"\n", start, place)


def _gets(raw: bytes, place: int, size: int) -> tuple[bytes, int]:
    """What a C string function sees of what fgets(3) reads (nothing behind a NUL), and the place after it."""
    end = raw.find(b"\n", place, place + size - 1)
    stop = min(place + size - 1, len(raw)) if end < 0 else end + 1
    return raw[place:stop].partition(b"\0")[0], stop


def _entry(line: str, number: int, whole: str) -> FstabEntry | None:
    line = line.strip(" \t")
    if not line or line.startswith("#"):
        return None
    fields = [_decoded(field) for field in line.replace("\t", " ").split(" ") if field][:4]
    spec, file, kind, options = fields + [""] * (4 - len(fields))
    return FstabEntry(spec, file, kind, options, number, whole)


def _decoded(field: str) -> str:
    if "\\" not in field:
        return field
    out, place = [], 0
    while place < len(field):
        for escape, char in _ESCAPES:
            if field.startswith(escape, place):
                out.append(char)
                place += len(escape)
                break
        else:
            out.append(field[place])
            place += 1
    return "".join(out)


def _options(options: str) -> list[str]:
    """The options; a comma after a backslash does not separate (systemd 247; older ones know no such escape)."""
    if "\\" not in options:
        return options.split(",")
    found, word, place = [], "", 0
    while place < len(options):
        char = options[place]
        if char == "\\":
            word += options[place : place + 2]
            place += 1
        elif char == ",":
            found.append(word)
            word = ""
        else:
            word += char
        place += 1
    return [*found, word]
