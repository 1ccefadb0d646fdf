"""What ifupdown runs when it brings interfaces up (interfaces(5), ifup(8)).

The scripts of ``if-pre-up.d`` and ``if-up.d`` are run by run-parts(8), which takes no name with a dot; ifupdown2 runs
any executable. Files elsewhere count where a ``source`` or ``source-directory`` line names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, executables, started_by
from nodecheck.facts.acts.model import NETWORK, STAYS, Act
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.model.evidence import seen
from nodecheck.record import NamedTuple

INTERFACES = "/etc/network/interfaces"
FOLDERS = ("/etc/network/if-pre-up.d", "/etc/network/if-up.d")
IFUPDOWN2 = "/usr/share/ifupdown2"

UNITS = ("networking.service", "network.service", "ifupdown2.service")
MOST_FILES = 256

_UP = ("up", "post-up", "pre-up")
_PART = re.compile(r"[a-zA-Z0-9_-]+")
"""Names that run-parts and ``source-directory`` take."""


class _Line(NamedTuple):
    """One line of a file of interfaces(5)."""

    path: str
    number: int
    text: str
    reason: str = ""
    """Why nobody can tell whether the file is read."""


def ifupdown(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """What scripts do when an interface comes up, and the commands of interfaces that are brought up at boot."""
    any_name = exists(host, IFUPDOWN2)
    for folder in FOLDERS:
        for path in executables(host, folder):
            if any_name or _PART.fullmatch(path.rpartition("/")[2]):
                yield from started_by(acts_of("ifupdown", follower.script(path), NETWORK, follower), starts, *UNITS)
    lines = tuple(_lines(host, follower, INTERFACES, "", []))
    automatic = {name for line in lines if line.text.startswith(("auto ", "allow-")) for name in line.text.split()[1:]}
    yield from started_by(_of_interfaces(follower, lines, automatic), starts, *UNITS)


def _of_interfaces(follower: Follower, lines: tuple[_Line, ...], automatic: set[str]) -> Iterator[Act]:
    """The commands of each interface: those of ``pre-up`` first. One that fails ends the bringing up of its own."""
    current = ""
    commands: dict[str, list[_Line]] = {}
    for line in lines:
        words = line.text.split()
        if words[:1] == ["iface"] and len(words) > 1:
            current = words[1]
        elif words and words[0] in _UP and current in automatic:
            commands.setdefault(current, []).append(line)
    for name, found in commands.items():
        yield from _of_interface(follower, name, sorted(found, key=lambda line: not line.text.startswith("pre-up")))


def _of_interface(follower: Follower, name: str, lines: list[_Line]) -> Iterator[Act]:
    failed: _Line | None = None
    for line in lines:
        command = line.text.partition(" ")[2].lstrip(" \t")
        found = tuple(follower.shell(command, line.path, line.number, line.text, {"IFACE": name}))
        for act in acts_of("ifupdown", found, NETWORK, follower):
            if failed is not None:
                stop = seen(failed.path, failed.text, line=failed.number)
                yield act._replace(state=STAYS, doubt=None, stops=(stop,), why=f"{failed.text!r} before it fails")
            else:
                yield undecided(act, line.reason) if line.reason else act
        if failed is None and not line.reason and _fails(follower, command):
            failed = line


def _fails(follower: Follower, command: str) -> bool:
    """Whether a line is one simple command that cannot succeed."""
    words = command.split()
    simple = words and not any(mark in command for mark in "|&;$`(){}<>'\"\\=")
    return bool(simple) and (words[0].rpartition("/")[2] == "false" or not follower.files.has(words[0]))


def _lines(host: Host, follower: Follower, path: str, reason: str, done: list[str]) -> Iterator[_Line]:
    """The lines of a file, and in their place those of the files that it names."""
    if path in done or len(done) >= MOST_FILES:
        return
    done.append(path)
    try:
        source = text(host, path)
    except Absent:
        return
    for number, line in enumerate(source.split("\n"), 1):
        stripped = line.strip(" \t\r")
        words = stripped.split()
        if words[:1] == ["source"] or words[:1] == ["source-directory"]:
            for word in words[1:]:
                for name, doubt in _named(host, follower, f"{path.rpartition('/')[0]}/", words[0], word):
                    yield from _lines(host, follower, name, reason or doubt, done)
        else:
            yield _Line(path, number, stripped, reason)


def _named(host: Host, follower: Follower, folder: str, keyword: str, word: str) -> Iterator[tuple[str, str]]:
    """The files that a line names, and why nobody can tell whether it does; a relative name is one beside the file."""
    path = word if word.startswith("/") else folder + word
    if keyword == "source-directory":
        yield from ((f"{path.rstrip('/')}/{name}", "") for name in names_in(host, path) if _PART.fullmatch(name))
        return
    found = None if any(mark in path for mark in "$`\\") else follower.files.matching(path)
    if found is None:
        told = f"what 'source {word}' names is not followed"
        found = tuple([f"{INTERFACES}.d/{name}" for name in names_in(host, f"{INTERFACES}.d")])
        yield from ((name, told) for name in found)
    else:
        yield from ((name, "") for name in found)
