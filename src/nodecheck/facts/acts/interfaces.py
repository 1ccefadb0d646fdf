"""What ifupdown runs as it brings interfaces up by itself: interfaces(5), ifup(8), config.c of ifupdown.

The scripts of ``if-pre-up.d`` and ``if-up.d`` are run by run-parts(8), which takes no name with a dot; ifupdown2 runs
any executable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from nodecheck.errors import FactError, TooLarge, Unsupported
from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, executables, started_by
from nodecheck.facts.acts.model import NETWORK, STAYS, Act
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.shell_settings import Assigned, shell_assignments
from nodecheck.formats.shell_syntax import Simple, Unknown, parsed
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none, text, text_or_none
from nodecheck.model.evidence import seen
from nodecheck.record import NamedTuple

INTERFACES = "/etc/network/interfaces"
FOLDERS = ("/etc/network/if-pre-up.d", "/etc/network/if-up.d")
IFUPDOWN2 = "/usr/share/ifupdown2"
UNITS = ("networking.service", "network.service", "ifupdown2.service")
MOST_FILES = 256
"""Files that are included: beyond that nothing is known of what comes up."""
MOST_INHERITED = 16
DEFAULTS = "/etc/default/networking"
"""``CONFIGURE_INTERFACES=no`` and ``EXCLUDE_INTERFACES``, which networking.service of Debian has ifup(8) heed."""

_UP = ("pre-up", "up", "post-up")
_AUTOMATIC = ("auto", "allow-auto", "allow-hotplug")
_PART = "[a-zA-Z0-9_-]+"
"""The names that run-parts and ``source-directory`` take."""
_MARKS = "*?["
DHCLIENTS = ("/sbin/dhclient", "/usr/sbin/dhclient")


class _Line(NamedTuple):
    """A line with those that continue it."""

    path: str
    number: int
    text: str

    @property
    def words(self) -> list[str]:
        return self.text.split()


class _Stanza(NamedTuple):
    """``iface NAME``: what it inherits, and its commands."""

    name: str
    inherits: tuple[str, ...]
    commands: tuple[_Line, ...] = ()
    by_dhcp: bool = False


class _Configured(NamedTuple):
    """What the files say, as far as they could be read."""

    stanzas: tuple[_Stanza, ...]
    automatic: tuple[str, ...]
    """Logical names of interfaces that come up."""
    perhaps: dict[str, str]
    """Logical names of those that may, and why nobody can tell; of ``*`` every name."""
    problem: FactError | None
    hotplug: tuple[str, ...] = ()
    """Those of ``automatic`` that udev brings up (``allow-hotplug``)."""


def interfaces(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """The scripts that are run for each interface, and the commands of those that come up.

    Raises where ifupdown starts and its files cannot all be read.
    """
    any_name = exists(host, IFUPDOWN2)
    told = {} if any_name else shell_assignments(text_or_none(host, DEFAULTS) or "")
    found = _configured(_InterfaceFiles(host))
    if told:
        found = found._replace(automatic=_included(found, told))
    if found.automatic or found.perhaps or not _is_off(told):
        yield from started_by(_of_folders(host, follower, any_name), starts, *UNITS)
    yield from started_by(_of_interfaces(follower, found), starts, *UNITS)
    yield from started_by(_of_dhclient(host, follower, found), starts, *UNITS)
    if found.problem is not None and any(starts.of(unit).acts for unit in UNITS):
        raise found.problem


def _is_off(told: dict[str, Assigned]) -> bool:
    """Whether ``ifup -a --read-environment`` does nothing."""
    return "CONFIGURE_INTERFACES" in told and told["CONFIGURE_INTERFACES"].value == "no"


def _included(found: _Configured, told: dict[str, Assigned]) -> tuple[str, ...]:
    """The interfaces that come up by themselves all the same: what udev brings up does not heed that file."""
    out = told.get("EXCLUDE_INTERFACES")
    patterns = ("*",) if _is_off(told) else () if out is None else tuple(out.value.replace(",", " ").split())
    left = [name for name in found.automatic if not any(fnmatchcase(name, pattern) for pattern in patterns)]
    return tuple(dict.fromkeys((*left, *found.hotplug)))


def _of_folders(host: Host, follower: Follower, any_name: bool) -> Iterator[Act]:
    for folder in FOLDERS:
        for path in executables(host, folder):
            if any_name or re.fullmatch(_PART, path.rpartition("/")[2]):
                yield from acts_of("ifupdown", follower.script(path), NETWORK, follower)


def _of_dhclient(host: Host, follower: Follower, found: _Configured) -> Iterator[Act]:
    """The hooks of dhclient, where it is there and an interface that comes up asks for an address."""
    asking = [stanza.name for stanza in found.stanzas if stanza.by_dhcp]
    if asking and any(exists(host, path) for path in DHCLIENTS):
        from nodecheck.facts.acts.network_hooks import dhclient_hooks

        if any(name in found.automatic for name in asking):
            yield from dhclient_hooks(host, follower, "")
        elif reason := next((found.perhaps[name] for name in (*asking, "*") if name in found.perhaps), ""):
            yield from dhclient_hooks(host, follower, reason)


def _of_interfaces(follower: Follower, found: _Configured) -> Iterator[Act]:
    for stanza in found.stanzas:
        reason = found.perhaps.get(stanza.name) or found.perhaps.get("*")
        if stanza.name in found.automatic or reason:
            acts = _of_stanza(follower, stanza.name, tuple(_commands(stanza, found.stanzas)))
            yield from acts if stanza.name in found.automatic else (undecided(act, reason or "") for act in acts)


def _of_stanza(follower: Follower, interface: str, lines: tuple[_Line, ...]) -> Iterator[Act]:
    """The commands of an interface: those of ``pre-up`` first. One that fails ends its bringing up (ifup(8))."""
    failed: _Line | None = None
    for line in sorted(lines, key=lambda line: line.words[0] != "pre-up"):
        command = line.text[len(line.words[0]) :].lstrip(" \t")
        variables: dict[str, str | None] = {"IFACE": interface}
        commands = follower.shell(command, line.path, line.number, line.text, variables)
        for act in acts_of("ifupdown", commands, NETWORK, follower):
            if failed is not None:
                stop = seen(failed.path, failed.text, line=failed.number)
                act = act._replace(state=STAYS, doubt=None, stops=(stop,), why=f"{failed.text!r} before it fails")
            yield act
        if failed is None and _fails(follower, command):
            failed = line


def _fails(follower: Follower, command: str) -> bool:
    """Whether a line is one simple command that cannot succeed."""
    words = command.split()
    simple = words and not any(mark in command for mark in "|&;$`(){}<>'\"\\=")
    return bool(simple) and (words[0].rpartition("/")[2] == "false" or not follower.files.has(words[0]))


def _commands(stanza: _Stanza, stanzas: tuple[_Stanza, ...], depth: int = 0) -> Iterator[_Line]:
    """Its own commands, behind those of the stanzas that it inherits."""
    if depth > MOST_INHERITED:
        return  # ifupdown refuses a stanza that inherits itself
    for name in stanza.inherits:
        for other in stanzas:
            if other.name == name and other is not stanza:
                yield from _commands(other, stanzas, depth + 1)
    yield from stanza.commands


def _configured(reader: _InterfaceFiles) -> _Configured:
    stanzas: list[_Stanza] = []
    automatic: list[str] = []
    perhaps: dict[str, str] = {}
    hotplug: list[str] = []
    problem = None
    try:
        for line in reader.lines(INTERFACES):
            words = line.words
            if words[0] == "iface" and len(words) > 1:
                at = words.index("inherits") + 1 if "inherits" in words[2:] else len(words)
                stanzas.append(_Stanza(words[1], tuple(words[at : at + 1]), by_dhcp="dhcp" in words[2:at]))
            elif words[0] in _UP and stanzas:
                stanzas[-1] = stanzas[-1]._replace(commands=(*stanzas[-1].commands, line))
            elif words[0] in _AUTOMATIC or words[0].startswith("allow-"):
                _selected(line, automatic, perhaps)
                if words[0] == "allow-hotplug":
                    _selected(line, hotplug, {})
            elif words[0] == "mapping":
                perhaps["*"] = f"a mapping in line {line.number} of {line.path} chooses among interfaces"
    except FactError as error:
        problem = error
    return _Configured(tuple(stanzas), tuple(automatic), perhaps, problem, tuple(hotplug))


def _selected(line: _Line, automatic: list[str], perhaps: dict[str, str]) -> None:
    """The logical interfaces that a line selects: ``NAME``, ``NAME=LOGICAL``, ``/PATTERN``, ``/PATTERN=LOGICAL``."""
    first, *names = line.words
    for name in names:
        physical, equals, logical = name.partition("=")
        if first not in _AUTOMATIC:
            perhaps[logical or physical] = f"{first} brings it up if something asks for it"
        elif "/" not in physical:
            automatic.append(logical or physical)
        else:
            perhaps[logical if equals else "*"] = f"which interfaces there are for {name} only the running node tells"


class _InterfaceFiles:
    """Reads the files of interfaces, what they include where they include it, each file once as ifupdown does."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._read: set[str] = set()

    def lines(self, path: str) -> Iterator[_Line]:
        """The lines that say something, those of included files in their place. Raises what the host raises."""
        if path in self._read:
            return
        self._read.add(path)
        if len(self._read) > MOST_FILES:
            raise TooLarge(INTERFACES, f"includes more than {MOST_FILES} files")
        found = stat_or_none(self._host, path)
        if found is None or found.kind == "dir":
            return
        for line in _lines(path, text(self._host, path)):
            keyword, _, rest = line.text.replace("\t", " ").partition(" ")
            included = self._included(keyword, rest.strip(" "), line)
            if included is None:
                yield line
            for other in included or ():
                yield from self.lines(other)

    def _included(self, keyword: str, pattern: str, line: _Line) -> Iterator[str] | None:
        if keyword == "source":
            return self._expanded(pattern, line)
        if keyword == "source-directory":
            folders = self._expanded(pattern, line)
            return (
                f"{folder.rstrip('/')}/{name}"
                for folder in folders
                for name in self._names(folder)
                if re.fullmatch(_PART, name)
            )
        return None

    def _names(self, folder: str) -> tuple[str, ...]:
        found = stat_or_none(self._host, folder)
        return names_in(self._host, folder) if found is not None and found.kind == "dir" else ()

    def _expanded(self, pattern: str, line: _Line) -> Iterator[str]:
        """The paths that wordexp(3) makes of a pattern; the first word is relative to the file's directory."""
        rest = pattern if pattern.startswith("/") else f"{line.path.rpartition('/')[0]}/{pattern}"
        for word in _words(rest, line):
            yield from self._globbed(word if word.startswith("/") else f"/{word}")

    def _globbed(self, path: str) -> Iterator[str]:
        found = [""]
        for part in path.split("/")[1:]:
            marked = any(mark in part for mark in _MARKS)
            found = [
                f"{folder}/{name}"
                for folder in found
                for name in (self._names(folder or "/") if marked else (part,))
                if not marked or (fnmatchcase(name, part) and (part[0] == "." or name[0] != "."))
            ]
            if len(found) > MOST_FILES:
                raise TooLarge(INTERFACES, f"includes more than {MOST_FILES} files: {path}")
        yield from sorted(found)


def _words(pattern: str, line: _Line) -> Iterator[str]:
    """The words of a pattern, for fnmatch(3): marks that are quoted stand for themselves."""
    try:
        command = next(parsed(f": {pattern}")).parts[0][1].commands[0]
        words = command.words[1:] if isinstance(command, Simple) else ()
    except Unknown as error:
        raise Unsupported(line.path, f"which files {line.text!r} includes cannot be told") from error
    for word in words:
        if any(part.kind != "text" for part in word.parts):
            raise Unsupported(line.path, f"which files {line.text!r} includes the environment decides")
        yield "".join(_quoted(part.value) if part.quoted else part.value for part in word.parts)


def _quoted(value: str) -> str:
    return "".join(f"[{char}]" if char in _MARKS else char for char in value)


def _lines(path: str, source: str) -> Iterator[_Line]:
    r"""The lines, each with those that continue it; a comment is not continued.

    >>> [line[1:] for line in _lines("/f", "# x \\\nauto a\n up echo \\\n  b\n")]
    [(2, 'auto a'), (3, 'up echo   b')]
    """
    held, first = "", 0
    for number, raw in enumerate(source.split("\n"), 1):
        line = held + raw.rstrip("\r")
        first = first if held else number
        if line.endswith("\\") and not line.lstrip(" \t").startswith("#"):
            held = line[:-1] or " "
            continue
        held = ""
        plain = line.strip(" \t")
        if plain and not plain.startswith("#"):
            yield _Line(path, first, plain)
