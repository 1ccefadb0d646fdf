"""``/var/lib/dpkg``: the packages of Debian and its kin.

Sources: deb-control(5), dpkg's ``lib/dpkg/parse.c`` (what it refuses) and ``dbmodify.c`` (the journal in ``updates``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from nodecheck.errors import Absent, ParseError, TooLarge
from nodecheck.facts.packages.names import WANTED, Package, PackageDatabase, is_wanted
from nodecheck.host import MIB, Host, names_in
from nodecheck.model.sources import File, Sources, Tree
from nodecheck.text import decode, is_digits

DIRECTORY = "/var/lib/dpkg"
STATUS = f"{DIRECTORY}/status"
STATUS_LIMIT = 32 * MIB
MOST_STANZAS = 1 << 17

WANTS = ("unknown", "install", "hold", "deinstall", "purge")
STATES = (
    "not-installed",
    "config-files",
    "half-installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
    "installed",
)


def read_dpkg(host: Host) -> PackageDatabase:
    """The wanted packages that dpkg knows. Without ``/var/lib/dpkg`` there are none."""
    found: dict[tuple[str, str], Package] = {}
    databases = []
    for path, whole in _files(host):
        try:
            raw = host.read(path, STATUS_LIMIT)
        except Absent:
            continue
        databases.append(path)
        for architecture, package in parse_status(raw, path, assume_installed=not whole):
            found[package.name, architecture] = package
    present = [package for package in found.values() if package.state not in STATES[:2]]
    return PackageDatabase(tuple(present), tuple(databases[:1]), () if databases else (STATUS,))


def dpkg_sources() -> Sources:
    """The files of dpkg's database."""
    return (Tree(f"{DIRECTORY}/status.d"), File(STATUS), Tree(f"{DIRECTORY}/updates"))


def _files(host: Host) -> Iterator[tuple[str, bool]]:
    """The files of the database in the order in which they count, and whether a stanza must tell its status."""
    for name in names_in(host, f"{DIRECTORY}/status.d"):  # images without a package manager
        if not name.endswith(".md5sums"):
            yield f"{DIRECTORY}/status.d/{name}", False
    yield STATUS, True
    for name in names_in(host, f"{DIRECTORY}/updates"):  # what an interrupted dpkg left: it counts
        if is_digits(name):
            yield f"{DIRECTORY}/updates/{name}", True


def parse_status(raw: bytes, source: str, assume_installed: bool = False) -> list[tuple[str, Package]]:
    r"""The wanted packages in the text of a status file, with their architecture.

    Raises ParseError where dpkg refuses the file.

    >>> text = b"Package: runc\nStatus: install ok installed\nVersion: 1.1.5+ds1-1\n\n"
    >>> parse_status(text, STATUS)[0][1].version
    '1.1.5+ds1-1'
    """
    _refuse(raw, source)
    if raw.count(b"\n\n") > MOST_STANZAS:
        raise TooLarge(source, f"has more than {MOST_STANZAS} stanzas")
    found = []
    for start, stanza in _wanted_stanzas(raw, source):
        line = raw.count(b"\n", 0, start) + 1
        found.append(_package(stanza, source, line, assume_installed))
    return found


def _wanted_stanzas(raw: bytes, source: str) -> Iterator[tuple[int, bytes]]:
    """The stanzas of the wanted packages, with their offsets."""
    if raw.startswith(b"Package: ") and raw.count(b"\nPackage: ") == raw.rstrip(b"\n").count(b"\n\n"):
        # Each stanza begins with its name, as dpkg writes it: thousands of others need not be looked at.
        starts = [0, *(match.start() + 1 for match in _wanted_name().finditer(raw))]
    else:
        starts = list(_starts(raw))
    for start in starts:
        end = raw.find(b"\n\n", start)
        stanza = raw[start : end if end >= 0 else len(raw)]
        name = _name(stanza, source)
        if name is not None and is_wanted(decode(name)):
            yield start, stanza


def _starts(raw: bytes) -> Iterator[int]:
    start = 0
    while start >= 0:
        yield start
        end = raw.find(b"\n\n", start)
        start = end + 2 if end >= 0 else -1


@lru_cache(maxsize=1)
def _wanted_name() -> re.Pattern[bytes]:
    exact = b"|".join(re.escape(name.encode()) for name in sorted(WANTED))
    return re.compile(rb"\nPackage: (?:" + exact + rb"|kubernetes1\.|cri-o)")


def _refuse(raw: bytes, source: str) -> None:
    """Raise ParseError for what makes dpkg refuse the whole file: no last newline, a line that is no field."""
    if not raw.strip():
        return
    if raw[-1:] not in b"\n \t":
        raise ParseError(source, raw.count(b"\n") + 1, decode(raw[-40:]), "a newline at the end of the file")
    damage = _damage().search(b"\n" + raw)
    if damage is not None:
        line = raw.count(b"\n", 0, damage.start()) + 1
        raise ParseError(source, line, decode(damage[0].strip(b"\n")), "the name of a field, a colon and its value")


@lru_cache(maxsize=1)
def _damage() -> re.Pattern[bytes]:
    return re.compile(rb"\n[^ \t\n:][^:\n]*\n")


def _name(stanza: bytes, source: str) -> bytes | None:
    """The name in a stanza that does not begin with it; None for the void after the last one."""
    if not stanza.strip():
        return None
    name = _fields(stanza, source).get("package")
    if not name:
        raise ParseError(source, None, decode(stanza[:40]), "a field Package")
    return name.encode("utf-8", "surrogateescape")


def _fields(stanza: bytes, source: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in decode(stanza).split("\n"):
        if line[:1] in ("", " ", "\t"):
            continue
        key, _, value = line.partition(":")
        if key.lower() in fields:
            raise ParseError(source, None, line, "each field once")
        fields[key.lower()] = value.strip(_BLANKS)
    return fields


_BLANKS = " \t\r\f\v"


def _package(stanza: bytes, source: str, line: int, assume_installed: bool) -> tuple[str, Package]:
    fields = _fields(stanza, source)
    # dpkg takes a package without a status for one that is not installed.
    status = fields.get("status", f"install ok {'installed' if assume_installed else 'not-installed'}").lower()
    words = status.replace("\t", " ").split(" ")
    want, error, state = _three([word for word in words if word])
    if want not in WANTS or error not in ("ok", "reinstreq") or state not in STATES:
        raise ParseError(source, line, status, "three words of status")
    version = fields.get("version", "")
    if not version and state not in STATES[:2]:
        raise ParseError(source, line, fields["package"], "a field Version")
    # Triggers that wait are other packages' business: this one is installed (dpkg(1), "PACKAGE STATES").
    state = "installed" if state.startswith("triggers-") else state
    return fields.get("architecture", ""), Package(fields["package"], version, "deb", state, source)


def _three(words: list[str]) -> tuple[str, str, str]:
    return (words[0], words[1], words[2]) if len(words) == 3 else ("", "", "")
