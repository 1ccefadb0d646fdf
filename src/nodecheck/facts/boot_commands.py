"""Commands of one program in the administrator's own boot units and in ``rc.local``."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.unit_files import load_unit
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

UNIT_DIRS = ("/etc/systemd/system/", "/usr/local/lib/systemd/system/")
"""Where an administrator's own units lie."""

RC_LOCALS = ("/etc/rc.d/rc.local", "/etc/rc.local")
"""Started at boot where it is executable (systemd-rc-local-generator(8)); the one is a link to the other on EL."""

MOST_UNITS = 512


class Command(NamedTuple):
    """One command."""

    words: tuple[str, ...]
    """Its arguments."""
    source: str
    line: int
    text: str


def boot_commands(host: Host, index: UnitIndex, program: str) -> Iterator[Command]:
    """The commands in the order of the units' names, those of ``rc.local`` last."""
    yield from _of_units(host, index, program)
    yield from _of_rc_local(host, program)


def _of_units(host: Host, index: UnitIndex, program: str) -> Iterator[Command]:
    names = [name for name in sorted(index.files) if name.endswith(".service") and "@" not in name]
    for name in names[:MOST_UNITS]:
        entry = index.files[name][0]
        if entry.target is not None or not entry.path.startswith(UNIT_DIRS) or program not in text(host, entry.path):
            continue
        unit = load_unit(host, index, name) if index.starts_at_boot(name) else None
        for key in ("ExecStartPre", "ExecStart", "ExecStartPost") if unit is not None else ():
            for value, source, line in unit.values("Service", key) if unit is not None else ():
                for words in commands(value.lstrip("-@:+!"), program):
                    yield Command(words, source, line, value)


def _of_rc_local(host: Host, program: str) -> Iterator[Command]:
    for path in RC_LOCALS:
        try:
            if not host.stat(path).executable:
                continue
            source = text(host, path)
        except Absent:
            continue
        for number, line in enumerate(source.split("\n"), 1):
            if line == "exit" or line.startswith("exit "):
                return
            if program in line:
                for words in commands(line, program):
                    yield Command(words, path, number, line.strip(" \t\r"))
        return


def commands(line: str, program: str) -> Iterator[tuple[str, ...]]:
    """The arguments of each command of ``program`` in a line of shell, or of ``ExecStart=``.

    >>> list(commands('/bin/sh -c "sleep 1; sysctl -q --system" # sysctl -p', "sysctl"))
    [('-q', '--system')]
    """
    words: list[str] | None = None
    spaced = line.replace('"', " ").replace("'", " ").replace("\t", " ")
    for separator in (";", "&&", "||"):
        spaced = spaced.replace(separator, " ; ")
    for word in (*spaced.split(" "), ";"):
        if word == ";" or word.startswith("#"):
            if words is not None:
                yield tuple(words)
            words = None
            if word.startswith("#"):
                return
        elif word and words is not None:
            words.append(word)
        elif word.rpartition("/")[2] == program:
            words = []
