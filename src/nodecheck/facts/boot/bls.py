"""Boot Loader Specification entries (``loader/entries/*.conf``), as systemd-boot and GRUB's blscfg read them."""

from __future__ import annotations

from functools import cmp_to_key

from nodecheck.errors import Absent, TooLarge
from nodecheck.host import Host, names_in
from nodecheck.host.base import text
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

MOST_ENTRIES = 512
ENTRY_LIMIT = 1 << 16
"""Bytes of one entry; what GRUB and systemd-boot take is far less."""


class BlsEntry(NamedTuple):
    """One entry."""

    id: str
    """The file's name without ``.conf``, and without a boot counter (``+3-1``)."""
    path: str
    options: str = ""
    """The kernel's command line, several ``options`` lines joined by a blank."""
    line: int | None = None
    """1-based line of the first ``options``."""
    version: str = ""
    title: str = ""
    linux: str = ""
    sort_key: str = ""
    machine_id: str = ""
    exhausted: bool = False
    """Its boot counter has no tries left."""


def parse_entry(source: str, path: str) -> BlsEntry:
    r"""Parse one entry.

    >>> parse_entry("title T\nlinux /vmlinuz-5\noptions root=/dev/sda1 ro\n", "/boot/loader/entries/a+0-3.conf")[:3]
    ('a', '/boot/loader/entries/a+0-3.conf', 'root=/dev/sda1 ro')
    """
    found: dict[str, str] = {}
    options, first = [], None
    for number, line in enumerate(source.split("\n"), 1):
        key, _, value = line.strip(" \t\r").replace("\t", " ", 1).partition(" ")
        value = value.strip(" \t")
        if key == "options":
            options.append(value)
            first = first or number
        elif key and not key.startswith("#"):
            found.setdefault(key, value)
    identity, exhausted = _identity(path)
    version, title, linux, sort_key, machine_id = [
        found.get(key, "") for key in ("version", "title", "linux", "sort-key", "machine-id")
    ]
    return BlsEntry(identity, path, " ".join(options), first, version, title, linux, sort_key, machine_id, exhausted)


def _identity(path: str) -> tuple[str, bool]:
    """The id that a file's name gives, and whether its boot counter (``+LEFT-DONE``) has run out."""
    name = path.rpartition("/")[2].removesuffix(".conf")
    stem, plus, counter = name.rpartition("+")
    left = counter.partition("-")[0]
    if plus and is_digits(left) and is_digits(counter.replace("-", "", 1)):
        return stem, left.strip("0") == ""
    return name, False


def read_entries(host: Host, directory: str) -> tuple[BlsEntry, ...]:
    """The entries of a directory that name a kernel (others are not offered), unsorted; none where it is absent."""
    names = [name for name in names_in(host, directory) if name.endswith(".conf") and not name.startswith(".")]
    found = []
    if len(names) > MOST_ENTRIES:
        raise TooLarge(directory, f"has more than {MOST_ENTRIES} entries")
    for name in names:
        path = f"{directory}/{name}"
        try:
            entry = parse_entry(text(host, path, ENTRY_LIMIT), path)
        except Absent:
            continue  # a dangling link, or gone meanwhile
        if entry.linux:
            found.append(entry)
    return tuple(found)


def by_grub(entries: tuple[BlsEntry, ...]) -> tuple[BlsEntry, ...]:
    """As GRUB's blscfg lists them: by file name, compared like package versions, the newest first.

    >>> [e.id for e in by_grub((BlsEntry("m-4.18.0-80", ""), BlsEntry("m-0-rescue", ""), BlsEntry("m-4.18.0-147", "")))]
    ['m-4.18.0-147', 'm-4.18.0-80', 'm-0-rescue']
    """
    return tuple(sorted(entries, key=lambda entry: _by_rpm(entry.id), reverse=True))


def by_systemd(entries: tuple[BlsEntry, ...]) -> tuple[BlsEntry, ...]:
    """As systemd-boot lists them (boot.c, boot_entry_compare): usable first, sort-key, machine id, newest version."""
    return tuple(sorted(entries, key=cmp_to_key(_systemd_order)))


def _systemd_order(a: BlsEntry, b: BlsEntry) -> int:
    if a.exhausted != b.exhausted:
        return 1 if a.exhausted else -1
    if bool(a.sort_key) != bool(b.sort_key):
        return -1 if a.sort_key else 1
    if a.sort_key:
        for left, right in ((a.sort_key, b.sort_key), (a.machine_id, b.machine_id)):
            if left != right:
                return -1 if left < right else 1
        if order := compare_rpm(b.version, a.version):
            return order
    return compare_rpm(b.id, a.id)


def compare_rpm(a: str, b: str) -> int:
    """Compare like rpmvercmp: runs of digits by number, runs of letters by byte, digits beat letters.

    >>> compare_rpm("4.18.0-80", "4.18.0-147"), compare_rpm("5.14.0", "5.14.0"), compare_rpm("1~rc1", "1")
    (-1, 0, -1)
    """
    if a == b:
        return 0
    left, right = _segments(a), _segments(b)
    for one, other in zip(left, right):
        if one != other:
            return -1 if one < other else 1
    longer, sign = (left, 1) if len(left) > len(right) else (right, -1)
    shorter = min(len(left), len(right))
    if len(left) == len(right):
        return 0
    return -sign if longer[shorter][0] == 0 else sign


def _segments(version: str) -> list[tuple[int, int, str]]:
    """Runs as comparable tuples: ``~`` before letters before digits; digits by length and then text."""
    import re

    found = []
    for match in re.finditer(r"(~)|([0-9]+)|([A-Za-z]+)", version):
        tilde, digits, letters = match.groups()
        if digits is not None:
            number = digits.lstrip("0")
            found.append((2, len(number), number))
        else:
            found.append((0, 0, "") if tilde else (1, 0, letters))
    return found


def newest(releases: list[str]) -> str:
    """The newest of some kernel releases.

    >>> newest(["5.4.0-9-generic", "5.4.0-100-generic"])
    '5.4.0-100-generic'
    """
    return max(releases, key=_by_rpm)


_by_rpm = cmp_to_key(compare_rpm)
