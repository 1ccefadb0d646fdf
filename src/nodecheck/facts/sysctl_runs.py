"""Commands of boot units and of ``rc.local`` that set sysctls once more, after systemd-sysctl did."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import Absent
from nodecheck.facts.sysctl_conf import Setting, parse_procps
from nodecheck.facts.sysctl_keys import key_path
from nodecheck.facts.unit_files import load_unit
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

UNIT_DIRS = ("/etc/systemd/system/", "/usr/local/lib/systemd/system/")
"""Where an administrator's own units lie; no distribution's unit runs procps' sysctl where systemd boots."""

RC_LOCALS = ("/etc/rc.d/rc.local", "/etc/rc.local")
"""Started at boot where it is executable (systemd-rc-local-generator(8)); the one is a link to the other on EL."""

MOST_UNITS = 512


class Command(NamedTuple):
    """One ``sysctl`` command."""

    words: tuple[str, ...]
    """Its arguments."""
    source: str
    line: int
    text: str


class Run(NamedTuple):
    """What one command applies."""

    command: Command
    settings: tuple[Setting, ...]
    everything: bool = False
    """It is ``sysctl --system``."""


def runs(host: Host, index: UnitIndex, system: Callable[[], tuple[Setting, ...]]) -> tuple[Run, ...]:
    """The commands in the order of the units' names, ``rc.local`` last; ``system`` reads what ``--system`` reads."""
    found = []
    for command in (*_of_units(host, index), *_of_rc_local(host)):
        everything = "--system" in command.words
        settings = system() if everything else _settings(host, command)
        if settings:
            found.append(Run(command, settings, everything))
    return tuple(found)


def _of_units(host: Host, index: UnitIndex) -> Iterator[Command]:
    names = [name for name in sorted(index.files) if name.endswith(".service") and "@" not in name]
    for name in names[:MOST_UNITS]:
        entry = index.files[name][0]
        if entry.target is not None or not entry.path.startswith(UNIT_DIRS) or "sysctl" not in text(host, entry.path):
            continue
        unit = load_unit(host, index, name) if index.starts_at_boot(name) else None
        for key in ("ExecStartPre", "ExecStart", "ExecStartPost") if unit is not None else ():
            for value, source, line in unit.values("Service", key) if unit is not None else ():
                for words in commands(value.lstrip("-@:+!")):
                    yield Command(words, source, line, value)


def _of_rc_local(host: Host) -> Iterator[Command]:
    for path in RC_LOCALS:
        try:
            if not host.stat(path).executable:
                continue
            source = text(host, path)
        except Absent:
            continue
        for number, line in enumerate(source.split("\n"), 1):
            if "sysctl" in line:
                for words in commands(line):
                    yield Command(words, path, number, line.strip(" \t\r"))
        return


def commands(line: str) -> Iterator[tuple[str, ...]]:
    """The arguments of each ``sysctl`` command in a line of shell, or of ``ExecStart=``.

    >>> list(commands('/bin/sh -c "sleep 1; sysctl -q --system" # sysctl -p'))
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
        elif word.rpartition("/")[2] == "sysctl":
            words = []


def _settings(host: Host, command: Command) -> tuple[Setting, ...]:
    """What a command without ``--system`` sets: by files after ``-p``, or by ``KEY=VALUE``."""
    load = [word for word in command.words if word.startswith(("-p", "--load", "-f"))]
    plain = [word for word in command.words if not word.startswith("-")]
    if not load:
        return tuple(
            [
                Setting(key_path(key), value, command.source, command.line, command.text)
                for key, equals, value in (word.partition("=") for word in plain)
                if equals
            ]
        )
    given = [word.removeprefix("--load").removeprefix("-p").removeprefix("-f").removeprefix("=") for word in load]
    files = [path for path in (*given, *plain) if path.startswith("/")] or ["/etc/sysctl.conf"]
    found: list[Setting] = []
    for path in files[:64]:
        try:
            found.extend(parse_procps(text(host, path), path))
        except Absent:
            continue
    return tuple(found)
