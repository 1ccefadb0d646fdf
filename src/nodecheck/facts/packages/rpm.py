"""The package databases of rpm, read as files: SQLite (rpm 4.16 and later), ndb (SUSE), Berkeley DB (before).

``rpm -q`` would write lock and shared memory files beside them, and could not look into another root. Of each package
only its header is read, in rpm's own format (rpm's ``docs/manual/hregions.md`` and ``lib/header.c``). A capture by a
script of sh holds no database of tens of megabytes: there what rpm itself says counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, FactError, Malformed, NotCaptured, TooLarge
from nodecheck.facts.packages.names import Package, PackageDatabase, is_wanted
from nodecheck.facts.packages.rpm_header import parse_header
from nodecheck.facts.services.unit_names import normal_path
from nodecheck.host import Host
from nodecheck.model.sources import File, Program, Sources

DIRECTORIES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm")
"""rpm's ``%_dbpath``: newer distributions, all others (often a link to the first), rpm-ostree."""

_FORMATS = (("rpmdb.sqlite", "sqlite"), ("Packages.db", "ndb"), ("Packages", "bdb"))


_QUERY = (
    "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n",
    "rpm", "docker*", "containerd*", "moby*", "cri*", "runc*", "kube*", "*selinux",
)  # fmt: skip
"""What a collector asks in place of a large database: globs of :data:`~nodecheck.facts.packages.names.WANTED`, and
the package of rpm itself, which shows that this is the node's own database."""

QUERIES = tuple([("rpm", "--dbpath", directory, *_QUERY) for directory in DIRECTORIES])

MOST_HEADERS = 256
"""More packages of interest than this no node has."""


Headers = Callable[[Host, str, Callable[[str], bool]], Iterator[bytes]]


def read_rpm(host: Host) -> PackageDatabase:
    """The wanted packages that rpm knows. Without a database there are none."""
    try:
        return _by_files(host)
    except NotCaptured as error:
        return _asked(host, error)


def _asked(host: Host, error: NotCaptured) -> PackageDatabase:
    """What rpm said of a node whose database is not in its capture."""
    folder = error.source.rpartition("/")[0]
    query = next((query for query in QUERIES if query[2] == _real(host, folder)), None)
    try:
        if query is None:
            raise error
        done = host.run(query)
    except FactError:
        raise error from None
    if done.code or "error:" in done.stderr or not f"\n{done.stdout}".count("\nrpm "):
        said = done.stderr.strip(" \n").partition("\n")[0] or "does not know of itself"
        raise Malformed("rpm -qa", said)
    packages = []
    for line in done.stdout.split("\n"):
        name, blank, version = line.partition(" ")
        if blank and is_wanted(name):
            packages.append(Package(name, version, "rpm", "installed", "rpm -qa"))
    return PackageDatabase(tuple(packages), ("rpm -qa",))


def _real(host: Host, folder: str) -> str:
    """Where a directory of databases is: often it is a link to another one of them."""
    target = host.link(folder)
    if target is None:
        return folder
    return normal_path(target if target.startswith("/") else f"{folder.rpartition('/')[0]}/{target}")


def _by_files(host: Host) -> PackageDatabase:
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
    """The databases of rpm, each in three formats; SQLite has a log beside. The program is asked in a capture alone."""
    names = (*[name for name, _ in _FORMATS], "rpmdb.sqlite-wal")
    return (
        *[File(f"{directory}/{name}") for directory in DIRECTORIES for name in names],
        *[Program(query, in_capture=True) for query in QUERIES],
    )


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
