"""The package databases of rpm, read as files: SQLite (rpm 4.16 and later), ndb (SUSE), Berkeley DB (before).

``rpm -q`` would write lock and shared memory files beside them, and could not look into another root. Of each package
only its header is read, in rpm's own format (rpm's ``docs/manual/hregions.md`` and ``lib/header.c``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, Malformed, TooLarge
from nodecheck.facts.packages.names import Package, is_wanted
from nodecheck.facts.packages.packages import Packages
from nodecheck.host import Host
from nodecheck.record import NamedTuple

DIRECTORIES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm")
"""rpm's ``%_dbpath``: newer distributions, all others (often a link to the first), rpm-ostree."""

HEADER_LIMIT = 1 << 23
"""A header with more bytes than this is damaged; the largest real ones have some megabytes."""

MOST_HEADERS = 256
"""More packages of interest than this no node has."""

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_INT32, _STRING = 4, 6

Headers = Callable[[Host, str, Callable[[str], bool]], Iterator[bytes]]


class Header(NamedTuple):
    """What one package's header says of its version."""

    name: str
    epoch: int | None
    version: str
    release: str

    @property
    def evr(self) -> str:
        """``3:18.06.3.ce-3.el7``."""
        return ("" if self.epoch is None else f"{self.epoch}:") + f"{self.version}-{self.release}"


def read_rpm(host: Host) -> Packages:
    """The wanted packages that rpm knows. Without a database there are none."""
    found = _database(host)
    if found is None:
        return Packages(missing=("/var/lib/rpm",))
    path, headers = found
    packages = []
    try:
        for count, blob in enumerate(headers(host, path, is_wanted)):
            header = parse_header(blob)
            if count >= MOST_HEADERS:
                raise TooLarge(path, f"has more than {MOST_HEADERS} packages of interest")
            if is_wanted(header.name):
                packages.append(Package(header.name, header.evr, "rpm", "installed", path))
    except (struct.error, IndexError, ValueError, RecursionError) as error:
        raise Malformed(path, f"this database of rpm is damaged: {error}") from error
    return Packages(tuple(packages), (path,))


def _database(host: Host) -> tuple[str, Headers] | None:
    for directory in DIRECTORIES:
        for name, module in (("rpmdb.sqlite", "sqlite"), ("Packages.db", "ndb"), ("Packages", "bdb")):
            path = f"{directory}/{name}"
            try:
                host.read_at(path, 0, 1)
            except Absent:
                continue
            from importlib import import_module

            headers: Headers = import_module(f"nodecheck.facts.packages.rpm_{module}").headers
            return path, headers
    return None


def parse_header(blob: bytes) -> Header:
    """The version in a package's header: count of entries, size of the store, the entries, the store.

    Raises ValueError or struct.error for what is no header.
    """
    entries, size = struct.unpack_from(">II", blob)
    if not 0 < entries <= 1 << 16 or 8 + entries * 16 + size > len(blob):
        raise ValueError("a header of a package is not whole")
    store = 8 + entries * 16
    words: dict[int, str] = {}
    epoch = None
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", blob[8:store]):
        if tag == _EPOCH and kind == _INT32:
            (epoch,) = struct.unpack_from(">I", blob, store + offset)
        elif tag in (_NAME, _VERSION, _RELEASE) and kind == _STRING:
            words[tag] = _string(blob, store + offset)
    if len(words) != 3:
        raise ValueError("a header of a package lacks its name or its version")
    return Header(words[_NAME], epoch, words[_VERSION], words[_RELEASE])


def name_in(head: bytes) -> str | None:
    """The name in the first bytes of a header; None where it lies beyond them."""
    entries = int.from_bytes(head[:4], "big")
    if not 0 < entries <= 1 << 16:
        raise ValueError("a header of a package is not whole")
    at = head.find(_NAME_ENTRY, 8)
    while at >= 0 and at % 16 != 8:
        at = head.find(_NAME_ENTRY, at + 1)
    start = 8 + entries * 16
    if at < 0 or at >= start or at + 12 > len(head):
        return None
    start += int.from_bytes(head[at + 8 : at + 12], "big")
    end = head.find(b"\0", start)
    return None if end < 0 else head[start:end].decode("utf-8", "surrogateescape")


_NAME_ENTRY = struct.pack(">II", _NAME, _STRING)


def _string(blob: bytes, start: int) -> str:
    return blob[start : blob.index(b"\0", start)].decode("utf-8", "surrogateescape")
