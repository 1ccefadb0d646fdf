"""Lines of boot units, their scripts and ``rc.local`` that set sysctls once more, after systemd-sysctl did.

No distribution's unit runs procps' sysctl where systemd boots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.services.boot_commands import BootCommands, Line, commands, written
from nodecheck.formats.sysctl_keys import key_path
from nodecheck.formats.sysctl_lines import Setting, parse_procps
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple


class SysctlSetter(NamedTuple):
    """What sets sysctls: a command, a redirection, or TuneD."""

    words: tuple[str, ...]
    source: str
    line: int
    text: str


class SysctlRun(NamedTuple):
    """What one command applies."""

    command: SysctlSetter
    settings: tuple[Setting, ...]
    everything: bool = False
    """It is ``sysctl --system``."""
    doubt: FactError | None = None
    """Why nobody can tell whether it is run."""


def runs(host: Host, boot: BootCommands, system: Callable[[], tuple[Setting, ...]]) -> tuple[SysctlRun, ...]:
    """The commands in the order of the units' names, ``rc.local`` last; ``system`` reads what ``--system`` reads."""
    return tuple([run for line in boot.lines for run in _of_line(host, line, system) if run.settings])


def _of_line(host: Host, line: Line, system: Callable[[], tuple[Setting, ...]]) -> Iterator[SysctlRun]:
    for words in commands(line.text, "sysctl") if "sysctl" in line.text else ():
        everything = "--system" in words
        settings = system() if everything else _settings(host, words, line)
        yield SysctlRun(SysctlSetter(words, line.source, line.line, line.text), settings, everything, line.doubt)
    if line.in_shell:
        found = [Setting(path, value, line.source, line.line, line.text) for path, value in written(line.text)]
        yield SysctlRun(SysctlSetter((), line.source, line.line, line.text), tuple(found), doubt=line.doubt)


def _settings(host: Host, words: tuple[str, ...], line: Line) -> tuple[Setting, ...]:
    """What a command without ``--system`` sets: by files after ``-p``, or by ``KEY=VALUE``."""
    load = [word for word in words if word.startswith(("-p", "--load", "-f"))]
    plain = [word for word in words if not word.startswith("-")]
    if not load:
        return tuple(
            [
                Setting(key_path(key), value, line.source, line.line, line.text)
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
