"""``/etc/os-release`` and the release files of distributions that lack it or say more.

os-release(5); ``/etc/centos-release`` and ``/etc/redhat-release`` of the RHEL family, ``/etc/debian_version``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.host import Host
from nodecheck.host.base import text_or_none, texts
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.sources import File, First, Sources
from nodecheck.record import NamedTuple

OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
RELEASE_FILES = ("/etc/centos-release", "/etc/redhat-release", "/etc/system-release")
DEBIAN_VERSION = "/etc/debian_version"
_LIMIT = 1 << 16

RHEL_NUMBERED = frozenset(
    {
        "rhel", "centos", "rocky", "almalinux", "ol", "scientific", "eurolinux", "circle", "cloudlinux", "miraclelinux",
        "navylinux", "rhcos", "springdale", "virtuozzo", "vzlinux",
    }
)  # fmt: skip
"""Distributions that carry RHEL's release numbers. ``ID_LIKE`` does not tell: Amazon Linux has it too."""

_DEBIAN_NUMBERED = ("debian", "raspbian")

_NAMES = (
    ("Red Hat Enterprise Linux", "rhel"),
    ("CentOS", "centos"),
    ("Rocky Linux", "rocky"),
    ("AlmaLinux", "almalinux"),
    ("Oracle Linux", "ol"),
    ("Scientific Linux", "scientific"),
    ("EuroLinux", "eurolinux"),
    ("CloudLinux", "cloudlinux"),
    ("Virtuozzo", "virtuozzo"),
    ("Springdale", "springdale"),
    ("MIRACLE LINUX", "miraclelinux"),
    ("Fedora release", "fedora"),
    ("Amazon Linux", "amzn"),
)
"""How a release file begins, and the ID that os-release has there."""


class OsRelease(NamedTuple):
    """The distribution of a node; a field is None where the files do not tell it."""

    id: str | None = None
    """``ID``, raw (``opensuse-leap``, ``ol``), or what the release file's name stands for."""
    version: str | None = None
    """The most precise number: ``7.5.1804`` where ``VERSION_ID`` is only ``7``."""
    pretty_name: str | None = None
    version_id: str | None = None
    id_like: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """The lines that told ``id`` and ``version``."""

    @property
    def source(self) -> str:
        """The first file that says something of it; where none does, the one that would."""
        return next((one.source for one in self.evidence if one.value is not None), OS_RELEASE[0])

    @property
    def family(self) -> str | None:
        """Whose release numbers it carries: ``rhel`` for RHEL and its rebuilds, else its own ``id``."""
        if self.id is None:
            return None
        name = self.id.rstrip("\r")
        return "rhel" if name in RHEL_NUMBERED else name

    @classmethod
    def reads(cls) -> Sources:
        return (First(OS_RELEASE), *map(File, RELEASE_FILES), File(DEBIAN_VERSION))

    @classmethod
    def read(cls, host: Host) -> OsRelease:
        """Read the release files; all fields are None where there is none of them.

        Raises what the host raises for a file that is there, is needed and cannot be read.
        """
        release = _os_release(host)
        if release.id is None or (release.family == "rhel" and "." not in (release.version or "")):
            release = _with_release_file(release, host)
        if release.id in (None, *_DEBIAN_NUMBERED) and "." not in (release.version or ""):
            release = _with_debian_version(release, host)
        return release


def _os_release(host: Host) -> OsRelease:
    for path, source in texts(host, OS_RELEASE, _LIMIT):
        return of_fields(parse_os_release(source), path)
    return OsRelease(evidence=tuple([seen(path) for path in OS_RELEASE]))


def of_fields(fields: dict[str, tuple[str, int]], path: str) -> OsRelease:
    """The release from the fields of an os-release file (value and 1-based line)."""

    def value(key: str) -> str | None:
        return fields.get(key, ("", 0))[0] or None

    # Red Hat CoreOS counts like OpenShift, and names the RHEL release that it is made of apart.
    number = "RHEL_VERSION" if value("ID") == "rhcos" and value("RHEL_VERSION") else "VERSION_ID"
    told = [seen(path, f"{key}={fields[key][0]}", line=fields[key][1]) for key in ("ID", number) if key in fields]
    return OsRelease(
        value("ID"),
        value(number),
        value("PRETTY_NAME"),
        value("VERSION_ID"),
        tuple([word for word in (value("ID_LIKE") or "").split(" ") if word]),
        tuple(told) or (seen(path, "neither ID nor VERSION_ID"),),
    )


def _with_release_file(release: OsRelease, host: Host) -> OsRelease:
    """Completed by the first release file that names the same distribution, and a number that says more."""
    for path, source in texts(host, RELEASE_FILES, _LIMIT):
        line = source.partition("\n")[0].strip(" \t\r")
        name, number = parse_release_file(line)
        if name is None and release.id is None and release.pretty_name is None and line:
            release = release._replace(pretty_name=line, evidence=(*release.evidence, seen(path, line, line=1)))
        if name is None or (release.id is not None and not _same_numbers(name, release.family)):
            continue
        if number is None or not _says_more(number, release.version):
            number = release.version
        evidence = (*release.evidence, seen(path, line, line=1))
        told = release._replace(id=release.id or name, version=number, evidence=evidence)
        return told._replace(pretty_name=release.pretty_name or line)
    return release


def leading_numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with; a ``v`` before them and what follows them do not count.

    >>> leading_numbers("7.5-0.14"), leading_numbers("v1.7.0"), leading_numbers("6.12-amd64"), leading_numbers("sid")
    ((7, 5), (1, 7, 0), (6, 12), ())
    """
    found: list[int] = []
    rest = version.removeprefix("v")
    while True:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        if not 0 < len(digits) < 10:
            return tuple(found)
        found.append(int(digits))
        if rest[len(digits) : len(digits) + 1] != ".":
            return tuple(found)
        rest = rest[len(digits) + 1 :]


def at_least(have: tuple[int, ...], minimum: tuple[int, ...]) -> bool | None:
    """Compare by component; None where ``have`` is too coarse to tell.

    >>> at_least((7, 10), (7, 5)), at_least((8,), (7, 5)), at_least((7,), (7, 5)), at_least((11,), (11, 0))
    (True, True, None, True)
    """
    for place, wanted in enumerate(minimum):
        if place >= len(have):
            return None if have == () or any(minimum[place:]) else True
        if have[place] != wanted:
            return have[place] > wanted
    return True


def _same_numbers(name: str, family: str | None) -> bool:
    return family == ("rhel" if name in RHEL_NUMBERED else name)


def _with_debian_version(release: OsRelease, host: Host) -> OsRelease:
    """Completed by ``/etc/debian_version``, whose ``trixie/sid`` is no number (and Ubuntu's as well as Debian's)."""
    source = text_or_none(host, DEBIAN_VERSION, _LIMIT)
    if source is None:
        return release
    line = source.partition("\n")[0].strip(" \t\r")
    evidence = (*release.evidence, seen(DEBIAN_VERSION, line, line=1))
    if line[:1].isdigit() and _says_more(line, release.version):
        return release._replace(id=release.id or "debian", version=line, evidence=evidence)
    return release._replace(evidence=evidence)


def _says_more(number: str, version: str | None) -> bool:
    """Whether ``number`` is ``version`` with more components (7.5.1804 after 7), or there is no version."""
    return version is None or number.startswith(version.rstrip("\r") + ".")


def parse_release_file(line: str) -> tuple[str | None, str | None]:
    """Distribution and number of the line of a release file; None for what it does not name.

    >>> parse_release_file("CentOS Linux release 7.5.1804 (Core)")
    ('centos', '7.5.1804')
    >>> parse_release_file("Red Hat Enterprise Linux Server release 6.10(Santiago)")
    ('rhel', '6.10')
    >>> parse_release_file("Red Hat Enterprise Virtualization Hypervisor release 6.7 (20160219.0.el6ev)")
    (None, '6.7')
    """
    name = next((identity for start, identity in _NAMES if line.startswith(start)), None)
    _, found, rest = line.partition(" release ")
    number = rest.strip(" \t").split(" ")[0].partition("(")[0]
    return name, number if found and number[:1].isdigit() else None


def parse_os_release(source: str) -> dict[str, tuple[str, int]]:
    r"""Parse an os-release file as a shell would read it: key to value and 1-based line.

    A quoted value may go over several lines; the last of two assignments counts. Nothing is expanded.

    >>> parse_os_release('# c\nID=centos\nNAME="Cent\\"OS" # x\nPRETTY_NAME=Foo Bar\n')
    {'ID': ('centos', 2), 'NAME': ('Cent"OS', 3), 'PRETTY_NAME': ('Foo Bar', 4)}
    """
    plain = plain_fields(source)
    return shell_fields(source) if plain is None else plain


def plain_fields(source: str) -> dict[str, tuple[str, int]] | None:
    """The same of a text that needs no shell: one assignment a line, quoted as a whole or not at all; else None."""
    fields: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(source.split("\n"), 1):
        if not line or line[0] == "#":
            continue
        key, _, value = line.partition("=")
        if value[:1] in ("'", '"') and len(value) > 1 and value.find(value[0], 1) == len(value) - 1:
            value = value[1:-1]
        elif any(char in value for char in " \t;'\"#"):
            return None
        if "\\" in value or not key or key == line or not _is_name(key):
            return None
        fields[key] = value, number
    return fields


def shell_fields(source: str) -> dict[str, tuple[str, int]]:
    """The same of any text."""
    fields: dict[str, tuple[str, int]] = {}
    words: list[str] = []
    line = 1
    for match in _lexer().finditer(source + "\n"):
        kind, raw = match.lastgroup, match.group()
        if kind == "unclosed":
            break  # a shell gives up here
        if kind == "end":
            for key, value in _assigned(words):
                fields[key] = (value, line - sum(word.count("\n") for word in words))
            words = []
        elif kind == "word" and (words or raw != "export"):
            words.append(raw)
        line += raw.count("\n")
    return fields


def _assigned(words: list[str]) -> list[tuple[str, str]]:
    """The assignments of one line. An unquoted ``NAME=Foo Bar``, a shell's error, is read as systemd reads it."""
    parts = [(word.partition("=")[0], _unquoted(word.partition("=")[2])) for word in words]
    named = ["=" in word and _is_name(key) for word, (key, _) in zip(words, parts)]
    if all(named):
        return parts
    if not named[0]:
        return []
    return [(parts[0][0], " ".join([parts[0][1], *map(_unquoted, words[1:])]))]


def _is_name(key: str) -> bool:
    return key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit()


@lru_cache(maxsize=1)
def _lexer() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<blank>[ \t]+|\\\n)|(?P<comment>\#[^\n]*)|(?P<end>[\n;])
        |(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^ \t\n;'"\\])+)|(?P<unclosed>.)""",
        re.VERBOSE | re.DOTALL,
    )


def _unquoted(word: str) -> str:
    r"""A word without its quotes (sh(1), quote removal).

    >>> _unquoted("\"a\\$b\"'c'd")
    'a$bcd'
    """
    if not any(char in word for char in "'\"\\"):
        return word
    found, place, quote = [], 0, ""
    while place < len(word):
        char, following = word[place], word[place + 1 : place + 2]
        place += 1
        if char == "\\" and quote != "'" and (not quote or following in ("$", "`", '"', "\\", "\n")):
            found.append("" if following == "\n" else following)
            place += 1
        elif char == quote:
            quote = ""
        elif char in "'\"" and not quote:
            quote = char
        else:
            found.append(char)
    return "".join(found)
