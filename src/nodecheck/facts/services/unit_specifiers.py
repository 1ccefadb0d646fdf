"""Specifiers in the settings of units: ``%n``, ``%i``, ``%H`` … (systemd.unit(5), "SPECIFIERS")."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.services.surroundings import Surroundings
from nodecheck.facts.services.unit_names import path_of_unit
from nodecheck.host.base import text, text_or_none

HOSTNAME = "/etc/hostname"
MACHINE_ID = "/etc/machine-id"

_FIXED = {
    "%": "%", "t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc", "u": "root", "U": "0",
    "g": "root", "G": "0", "h": "/root", "s": "/bin/sh",
}  # fmt: skip
"""Those of the system manager that are the same on each node."""


class UnknownSpecifier(ValueError):
    """A specifier that files do not tell."""


def expanded(around: Surroundings, value: str, unit: str) -> str | None:
    """A value with its specifiers replaced; None where one of them is not told by files."""
    if "%" not in value:
        return value
    try:
        return "".join(_parts(around, value, unit))
    except UnknownSpecifier:
        return None


def _parts(around: Surroundings, value: str, unit: str) -> Iterator[str]:
    first, *others = value.replace("%%", "%\0").split("%")
    yield first
    for other in others:
        letter, rest = other[:1], other[1:]
        yield ("%" if letter == "\0" else _meant(around, letter, unit)) + rest


def _meant(around: Surroundings, letter: str, unit: str) -> str:
    """What one specifier stands for. Raises UnknownSpecifier."""
    stem = unit.rpartition(".")[0]
    prefix, _, instance = stem.partition("@")
    short = prefix.rpartition("-")[2]
    plain: dict[str, str | None] = {"n": unit, "N": stem, "p": prefix, "i": instance or None, "j": short, **_FIXED}
    found = plain.get(letter)
    if letter in ("P", "J") or (letter == "I" and instance):
        path = path_of_unit({"P": prefix, "I": instance, "J": short}[letter] + ".x")
        found = None if path is None else path[1:]
    elif letter in ("H", "l"):
        found = hostname(around)
        found = found.partition(".")[0] if found is not None and letter == "l" else found
    elif letter == "m":
        found = machine_id(around)
    if found is None:
        raise UnknownSpecifier(letter)
    return found


def hostname(around: Surroundings) -> str | None:
    """The node's name at the next boot as its manager has it; None where no file gives one that is plain.

    ``systemd.hostname=``, else the first line of ``/etc/hostname`` that is no comment (hostname(5)).
    """
    told = values(around.cmdline().words, "systemd.hostname")
    if told and around.init.at_least(246):
        return told[-1] if _is_plain(told[-1]) else None
    for line in (text_or_none(around.host, HOSTNAME, 1 << 16) or "").split("\n"):
        name = line.strip(" \t\r")
        if name and not name.startswith("#"):
            return name if _is_plain(name) else None
    return None


def _is_plain(name: str) -> bool:
    """Whether systemd takes a name as it is."""
    inside = name.replace("-", "a").replace(".", "a")
    return 0 < len(name) <= 64 and inside.isascii() and inside.isalnum() and not name.startswith(("-", "."))


def machine_id(around: Surroundings) -> str | None:
    """The node's id; None where it is still to be made."""
    try:
        found = text(around.host, MACHINE_ID, 4096).strip(" \t\r\n")
    except Absent:
        return None
    return found if is_id128(found) else None


def is_id128(value: str) -> bool:
    """Whether a value is an id of 128 bits, with or without hyphens.

    >>> is_id128("0123456789abcdef0123456789ABCDEF"), is_id128("node1")
    (True, False)
    """
    plain = value.replace("-", "")
    return len(plain) == 32 and not plain.strip("0123456789abcdefABCDEF")
