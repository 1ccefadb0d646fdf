"""What the administrator's own boot units, the scripts that they run, and ``rc.local`` do, line by line.

A unit counts where it lies in ``/etc``, and a drop-in that lies there counts for a unit of the distribution's.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import RC_LOCAL, BootStarts
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.unit_start import KEEPING, MASK, Stop
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Named, Sources, UnitText
from nodecheck.record import NamedTuple

UNIT_DIRS = ("/etc/systemd/system/", "/usr/local/lib/systemd/system/")
"""Where an administrator's own units lie."""

RC_LOCALS = ("/etc/rc.d/rc.local", "/etc/rc.local")
"""Started at boot where it is executable (systemd-rc-local-generator(8)); the one is a link to the other on EL."""

SCRIPT_DIRS = ("/etc/", "/home/", "/opt/", "/root/", "/srv/", "/usr/local/", "/var/")
"""Where an administrator's own scripts lie."""

MOST_UNITS = 512
MOST_SCRIPT_BYTES = 64 << 10
"""A larger file is a program that has a script's name or its first line."""

_TOLD = ("sysctl", "swapon", "swapoff", "/proc/sys")
"""What somebody here asks about: whether a unit starts that has none of it in its text makes no difference."""

_KEYS = ("ExecStartPre", "ExecStart", "ExecStartPost")


class Line(NamedTuple):
    """One line of a script, or one command of a unit."""

    text: str
    source: str
    line: int
    in_shell: bool
    """A shell reads it, so that ``>`` and ``|`` mean something."""
    sure: bool = True
    """It runs whatever else is so, after all that ``sysinit.target`` waits for: not indented, as under an ``if``."""
    doubt: FactError | None = None
    """Why nobody can tell whether what it stands in is started."""


class BootCommands(NamedTuple):
    """The lines in the order of the units' names, those of ``rc.local`` last."""

    lines: tuple[Line, ...] = ()
    stopped: tuple[tuple[Line, Stop], ...] = ()
    """Lines of what is enabled and kept from starting, each with what keeps it from that."""

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*.service"), *map(File, RC_LOCALS), Named("a command of a unit in /etc/systemd/system"))

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: BootStarts) -> BootCommands:
        """Read them where systemd boots. Raises what the host raises for a file that is there and cannot be read."""
        if not init.is_systemd:
            return cls()
        parts = [(lines, starts.of(unit)) for unit, lines in (*_of_units(host, starts), *_of_rc_local(host, starts))]
        found = [line._replace(doubt=start.error) for lines, start in parts if start.acts for line in lines]
        stopped = [(line, stop) for lines, start in parts if (stop := start.stop(*KEEPING)) for line in lines]
        return cls(tuple(found), tuple(stopped))

    def of(self, program: str) -> Iterator[tuple[tuple[str, ...], Line]]:
        """The arguments of each command of a program, with its line."""
        for line in self.lines:
            if program in line.text:
                for words in commands(line.text, program):
                    yield words, line


def _of_units(host: Host, starts: BootStarts) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """The units that do anything of what is asked about: only they are looked into further."""
    for name in _own_units(starts.index):
        lines = tuple(_of_unit(host, starts.index, name))
        linked = starts.linked(name) is not None
        if lines and (linked or (_is_told(lines) and starts.of(name).acts)):
            lines = tuple(found for line in lines for found in (line, *_of_script(host, line)))
        if _is_told(lines):
            yield name, lines


def _is_told(lines: tuple[Line, ...]) -> bool:
    return any(word in line.text for line in lines for word in _TOLD)


def _own_units(index: UnitIndex) -> tuple[str, ...]:
    """Services of which the fragment, or a drop-in, is the administrator's own; templates are not looked at."""
    found = {name for name, entries in index.files.items() if _is_own(entries[0].path) and entries[0].target is None}
    for folder, paths in index.dirs.items():
        if folder.endswith(".service.d") and any(map(_is_own, paths)):
            found.add(index.resolve(folder.removesuffix(".d")))
    services = [name for name in sorted(found) if name.endswith(".service") and "@" not in name]
    return tuple(services[:MOST_UNITS])


def _is_own(path: str) -> bool:
    return path.startswith(UNIT_DIRS)


def _of_unit(host: Host, index: UnitIndex, name: str) -> Iterator[Line]:
    try:
        unit = load_unit(host, index, name)
    except Absent:
        return  # a dangling link is no unit
    if unit is None:
        return
    early = unit.last("Unit", "DefaultDependencies") in ("no", "false", "off", "0", "n", "f")
    for key in _KEYS:
        for value, source, line in unit.values("Service", key):
            if _is_own(source):
                command = value.lstrip("-@:+!|")
                shell = command.partition(" ")[0].rpartition("/")[2] in ("sh", "bash", "dash")
                yield Line(command, source, line, shell, sure=not early)


def _of_script(host: Host, line: Line) -> Iterator[Line]:
    """The lines of the shell script that a unit's command runs, if it is one of the administrator's own."""
    words = line.text.replace('"', " ").replace("'", " ").split(" ")
    path = next((word for word in words[: 2 if line.in_shell else 1] if word.startswith(SCRIPT_DIRS)), None)
    if path is None or path in RC_LOCALS:
        return
    try:
        if not line.in_shell and not _is_shell(host.read_at(path, 0, 64)):
            return
        if host.stat(path).size > MOST_SCRIPT_BYTES:
            return
        for found in _of_text(text(host, path), path):
            yield found._replace(sure=found.sure and line.sure)
    except Absent:
        return


def _is_shell(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0]
    return first.startswith(b"#!") and any(word.endswith(b"sh") for word in first[2:].split())


def _of_rc_local(host: Host, starts: BootStarts) -> Iterator[tuple[str, tuple[Line, ...]]]:
    if any(stop.kind == MASK for stop in starts.masks(RC_LOCAL)):
        return
    for path in RC_LOCALS:
        try:
            if not host.stat(path).executable:
                continue
            lines = tuple(_of_text(text(host, path), path))
        except Absent:
            continue
        if _is_told(lines):
            yield RC_LOCAL, lines
        return


def _of_text(source: str, path: str) -> Iterator[Line]:
    for number, line in enumerate(source.split("\n"), 1):
        if line == "exit" or line.startswith("exit "):
            return
        stripped = line.strip(" \t\r")
        if stripped and not stripped.startswith("#"):
            yield Line(stripped, path, number, in_shell=True, sure=line[0] not in " \t")


def commands(line: str, program: str) -> Iterator[tuple[str, ...]]:
    """The arguments of each command of ``program`` in a line of shell, or of ``ExecStart=``.

    >>> list(commands('/bin/sh -c "sleep 1; sysctl -q --system" # sysctl -p', "sysctl"))
    [('-q', '--system')]
    """
    for words in _simple(line):
        place = next((at for at, word in enumerate(words) if word.rpartition("/")[2] == program), None)
        if place is not None:
            yield tuple(words[place + 1 :])


def written(line: str) -> Iterator[tuple[str, str]]:
    """The files below ``/proc/sys`` that a line of shell writes to, with what ``echo`` puts there.

    >>> list(written('echo "1" > /proc/sys/net/ipv4/ip_forward; echo 4 5|tee /proc/sys/kernel/printk >/dev/null'))
    [('net/ipv4/ip_forward', '1'), ('kernel/printk', '4 5')]
    """
    spaced = line.replace(">>", ">").replace(">", " > ").replace("|", " | ")
    for words in _simple(spaced) if "/proc/sys/" in line else ():
        echoed = next((at for at, word in enumerate(words) if word.rpartition("/")[2] in ("echo", "printf")), None)
        if echoed is None:
            continue
        end = next((at for at in range(echoed, len(words)) if words[at] in (">", "|")), len(words))
        value = " ".join([word for word in words[echoed + 1 : end] if word not in ("-n", "-e", "-ne", "%s")])
        target = next((word for word in words[end:] if word.startswith("/proc/sys/")), None)
        if target is not None:
            yield target.removeprefix("/proc/sys/"), value.removesuffix("\\n")


def _simple(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, quotes taken away; a comment ends the line."""
    spaced = line.replace('"', " ").replace("'", " ").replace("\t", " ")
    for separator in ("&&", "||", ";"):
        spaced = spaced.replace(separator, " ; ")
    words: list[str] = []
    for word in (*spaced.split(" "), ";"):
        if word == ";" or word.startswith("#"):
            if words:
                yield words
            words = []
            if word.startswith("#"):
                return
        elif word:
            words.append(word)
