"""Commands of boot units and of ``rc.local`` that set sysctls once more, after systemd-sysctl did.

No distribution's unit runs procps' sysctl where systemd boots.
"""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.errors import Absent
from nodecheck.facts.boot_commands import Command, boot_commands
from nodecheck.facts.sysctl_conf import Setting, parse_procps
from nodecheck.facts.sysctl_keys import key_path
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple


class Run(NamedTuple):
    """What one command applies."""

    command: Command
    settings: tuple[Setting, ...]
    everything: bool = False
    """It is ``sysctl --system``."""


def runs(host: Host, index: UnitIndex, system: Callable[[], tuple[Setting, ...]]) -> tuple[Run, ...]:
    """The commands in the order of the units' names, ``rc.local`` last; ``system`` reads what ``--system`` reads."""
    found = []
    for command in boot_commands(host, index, "sysctl"):
        everything = "--system" in command.words
        settings = system() if everything else _settings(host, command)
        if settings:
            found.append(Run(command, settings, everything))
    return tuple(found)


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
