"""The package databases of rpm, read as files: SQLite (rpm 4.16 and later), ndb (SUSE), Berkeley DB (before).

``rpm -q`` would write lock and shared memory files beside them, and could not look into another root. Of each package
only its header is read, in rpm's own format (rpm's ``docs/manual/hregions.md`` and ``lib/header.c``). A capture by a
script of sh holds no database of tens of megabytes: there what rpm itself says counts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from nodecheck.errors import Absent, FactError, Malformed, NotCaptured, TooLarge
from nodecheck.facts.packages.names import Package, PackageDatabase, is_wanted
from nodecheck.facts.services.unit_names import normal_path
from nodecheck.host import Host
from nodecheck.model.sources import File, Program, Sources
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.packages.rpm_header import Header

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
    packages = []
    for line in rpm_said(host, error, QUERIES):
        name, blank, version = line.partition(" ")
        if blank and is_wanted(name):
            packages.append(Package(name, version, "rpm", "installed", "rpm -qa"))
    return PackageDatabase(tuple(packages), ("rpm -qa",))


def rpm_said(host: Host, error: NotCaptured, queries: Iterable[tuple[str, ...]]) -> list[str]:
    """The lines that rpm printed of a database that is not in the capture; raises ``error`` where it was not asked."""
    folder = error.source.rpartition("/")[0]
    query = next((query for query in queries if query[2] == _real(host, folder)), None)
    try:
        if query is None:
            raise error
        done = host.run(query)
    except FactError:
        raise error from None
    if done.code or "error:" in done.stderr or not f"\n{done.stdout}".count("\nrpm "):
        said = done.stderr.strip(" \n").partition("\n")[0] or "does not know of itself"
        raise Malformed("rpm -qa", said)
    return done.stdout.split("\n")


def _real(host: Host, folder: str) -> str:
    """Where a directory of databases is: often it is a link to another one of them."""
    target = host.link(folder)
    if target is None:
        return folder
    return normal_path(target if target.startswith("/") else f"{folder.rpartition('/')[0]}/{target}")


def _by_files(host: Host) -> PackageDatabase:
    found = rpm_headers(host, is_wanted)
    if found is None:
        return PackageDatabase(missing=("/var/lib/rpm",))
    path, headers = found
    packages = [Package(header.name, header.evr, "rpm", "installed", path) for header in headers]
    return PackageDatabase(tuple(packages), (path,))


def rpm_headers(host: Host, wanted: Callable[[str], bool]) -> tuple[str, tuple[Header, ...]] | None:
    """The path of rpm's database, and the headers of the wanted packages in it; None where there is none.

    Raises what the host raises for a database that is there, Malformed for one that is damaged, and TooLarge.
    """
    from nodecheck.facts.packages.rpm_header import parse_header

    found = _database(host)
    if found is None:
        return None
    path, headers = found
    told: list[Header] = []
    try:
        for count, blob in enumerate(headers(host, path, wanted)):
            header = parse_header(blob)
            if count >= MOST_HEADERS:
                raise TooLarge(path, f"has more than {MOST_HEADERS} packages of interest")
            if wanted(header.name):
                told.append(header)
    except (struct.error, IndexError, ValueError, RecursionError) as error:
        raise Malformed(path, f"this database of rpm is damaged: {error}") from error
    return path, tuple(told)


def rpm_sources() -> Sources:
    """The databases of rpm, each in three formats; SQLite has a log beside. The program is asked in a capture alone."""
    return (*rpm_files(), *[Program(query, in_capture=True) for query in QUERIES])


def rpm_files() -> Sources:
    """The files of all databases."""
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
