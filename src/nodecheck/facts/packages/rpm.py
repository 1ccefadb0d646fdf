"""The package databases of rpm, read as files: SQLite (rpm 4.16 and later), ndb (SUSE), Berkeley DB (before).

``rpm -q`` would write lock and shared memory files beside them, and could not look into another root. Of each package
only its header is read, in rpm's own format (rpm's ``docs/manual/hregions.md`` and ``lib/header.c``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, Malformed, TooLarge
from nodecheck.facts.packages.names import Package, PackageDatabase, is_wanted
from nodecheck.facts.packages.rpm_header import parse_header
from nodecheck.host import Host
from nodecheck.model.sources import File, Sources

DIRECTORIES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm")
"""rpm's ``%_dbpath``: newer distributions, all others (often a link to the first), rpm-ostree."""

_FORMATS = (("rpmdb.sqlite", "sqlite"), ("Packages.db", "ndb"), ("Packages", "bdb"))


MOST_HEADERS = 256
"""More packages of interest than this no node has."""


Headers = Callable[[Host, str, Callable[[str], bool]], Iterator[bytes]]


def read_rpm(host: Host) -> PackageDatabase:
    """The wanted packages that rpm knows. Without a database there are none."""
    found = _database(host)
    if found is None:
        return PackageDatabase(missing=("/var/lib/rpm",))
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
    return PackageDatabase(tuple(packages), (path,))


def rpm_sources() -> Sources:
    """The databases of rpm, each in three formats; SQLite has a log beside."""
    names = (*[name for name, _ in _FORMATS], "rpmdb.sqlite-wal")
    return tuple([File(f"{directory}/{name}") for directory in DIRECTORIES for name in names])


def _database(host: Host) -> tuple[str, Headers] | None:
    for directory in DIRECTORIES:
        for name, module in _FORMATS:
            path = f"{directory}/{name}"
            try:
                host.read_at(path, 0, 1)
            except Absent:
                continue
            from importlib import import_module

            headers: Headers = import_module(f"nodecheck.facts.packages.rpm_{module}").headers
            return path, headers
    return None
