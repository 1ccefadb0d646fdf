"""What the kernel's command line says of process 1 at the next boot, and to systemd of units.

kernel-command-line(7); systemd src/core/main.c (``parse_proc_cmdline_item``), src/debug-generator/debug-generator.c;
Linux init/main.c (``init_setup``, ``rdinit_setup``).
"""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.errors import FactError, Unsupported
from nodecheck.facts.boot.container import CMDLINE as FIRST_ARGUMENTS
from nodecheck.facts.boot.container import Container
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.init_system import PROGRAMS, InitSystem
from nodecheck.facts.services.unit_dirs import SUFFIXES
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import JudgedSetting, Judges, Named, Sources
from nodecheck.record import NamedTuple

_TARGETS = {
    "emergency": "emergency.target", "-b": "emergency.target",
    "rescue": "rescue.target", "single": "rescue.target", "-s": "rescue.target", "s": "rescue.target",
    "S": "rescue.target", "1": "rescue.target",
    "2": "multi-user.target", "3": "multi-user.target", "4": "multi-user.target", "5": "graphical.target",
}  # fmt: skip
"""Words that stand for a target since System V."""


_DEFAULTS = ("/sbin/init", "/usr/sbin/init")
"""What the kernel starts without being told: whatever init system is installed."""
_OTHER_INITS = ("init", "/upstart", "/linuxrc")
"""How the names of init systems besides systemd end."""
_NIX_STORE = "/nix/store/"
"""NixOS names the ``init`` of its generation, which starts systemd."""
_SHELLS = (
    "sh", "bash", "dash", "ash", "zsh", "ksh", "ksh93", "mksh", "lksh", "oksh", "csh", "tcsh", "fish", "yash", "sash",
    "rbash", "bash-static", "zsh-static", "static-sh",
)  # fmt: skip
_BUSYBOX = "busybox"
_MOST_LINKS = 16


class BootUnits(NamedTuple):
    """Units that the command line masks and wants, and the target that it asks for; each with the word that does."""

    masked: tuple[tuple[str, str], ...] = ()
    wanted: tuple[tuple[str, str], ...] = ()
    target: tuple[str, str] | None = None
    """None: ``default.target`` is what the node boots into."""
    source: str | None = None
    line: int | None = None
    shell: str | None = None
    """The ``init=`` that starts a shell in place of the init system, so that nothing of that starts; of a container
    the program that its first process is, where that starts nothing."""
    untold: FactError | None = None
    """Why nobody can tell what starts: another program is started in place of the init system."""

    @classmethod
    def reads(cls) -> Sources:
        return (Named("init= on the command line"),)

    @classmethod
    def judges(cls) -> Judges:
        return (
            JudgedSetting("systemd.mask", ("kubelet.service",)),
            JudgedSetting("systemd.wants", ("chronyd.service",)),
            JudgedSetting("systemd.unit", ("rescue.target", "graphical.target")),
        )

    @classmethod
    def read(cls, host: Host, cmdline: BootCmdline, init: Lazy[InitSystem], container: Container) -> BootUnits:
        """Take them from the command line of the next boot. Raises what the host raises for a link on the way to the
        program of an ``init=``."""
        if container.kind is not None:
            shell, untold = _first_process(container)
        else:
            shell, untold = _process_one(host, cmdline.kernel_words, init)
        found = boot_units(cmdline.words)
        return found._replace(source=cmdline.source, line=cmdline.line, shell=shell, untold=untold)

    def masks(self, unit: str) -> str | None:
        """The word that masks a unit; None where none does."""
        return dict(self.masked).get(unit)

    def wants(self, unit: str) -> str | None:
        """The word that pulls a unit in; None where none does."""
        return dict(self.wanted).get(unit)


def boot_units(words: tuple[str, ...]) -> BootUnits:
    """What the words of a command line say of units; the last word about the target counts.

    >>> boot_units(("ro", "systemd.mask=a", "systemd.wants=b.socket", "3", "systemd.unit=rescue.target")).target
    ('rescue.target', 'systemd.unit=rescue.target')
    >>> boot_units(("systemd.mask=a", "systemd.wants=b.socket"))[:3]
    ((('a.service', 'systemd.mask=a'),), (('b.socket', 'systemd.wants=b.socket'),), None)
    """
    target = None
    for word in words:
        key, _, value = word.partition("=")
        if word in _TARGETS:
            target = (_TARGETS[word], word)
        elif key == "systemd.unit" and "." in value:
            target = (value, word)
    return BootUnits(tuple(_units(words, "systemd.mask")), tuple(_units(words, "systemd.wants")), target)


def _units(words: Iterable[str], key: str) -> Iterable[tuple[str, str]]:
    """The units that a word names; a name without a kind of unit is a service's (src/basic/unit-name.c)."""
    for word in words:
        name, _, unit = word.partition("=")
        if name == key and unit:
            yield (unit if unit.endswith(SUFFIXES) else f"{unit}.service"), word


def _process_one(host: Host, words: tuple[str, ...], init: Lazy[InitSystem]) -> tuple[str | None, FactError | None]:
    """The word that starts a shell, or why nobody can tell what starts; neither where the init system does.

    The last ``init=`` counts, and an empty one is the kernel's own search for an init. ``rdinit=`` is the same for the
    initramfs, of which no file on disk tells what it holds.
    """
    early = _last(words, "rdinit=")
    if early is not None:
        return None, Unsupported(_CMDLINE, f"{early} has the initramfs start another program than its own init")
    word = _last(words, "init=")
    if word is None:
        return None, None
    ways = _linked(host, word.removeprefix("init="))
    if _is_shell(ways, words):
        return word, None
    if _is_init(ways, init):
        return None, None
    return None, Unsupported(_CMDLINE, f"{word} starts a program in place of the init system")


def _first_process(container: Container) -> tuple[str | None, FactError | None]:
    """The same of a container: its runtime starts the same program again, which need not be an init system."""
    if container.has_init:
        return None, None
    if container.is_idle:
        return container.program, None
    who = container.program or "a program that cannot be seen"
    return None, Unsupported(
        FIRST_ARGUMENTS, f"the container's first process is {who}, and what it starts is not known"
    )


_CMDLINE = "the kernel's command line"


def _last(words: tuple[str, ...], key: str) -> str | None:
    return next((word for word in reversed(words) if word.startswith(key) and word != key), None)


def _linked(host: Host, path: str) -> tuple[str, ...]:
    """A program's path, and each path that links in this root make of it."""
    found = [path]
    while len(found) < _MOST_LINKS and path.startswith("/") and (target := host.link(path)) is not None:
        path = _joined(path, target)
        found.append(path)
    return tuple(found)


def _joined(path: str, target: str) -> str:
    """Where a link leads.

    >>> _joined("/usr/sbin/init", "../lib/systemd/systemd")
    '/usr/lib/systemd/systemd'
    """
    parts: list[str] = []
    for part in (target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _is_shell(ways: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether a program is a shell, by its name or by what it is a link to.

    BusyBox is what its name says, or its first argument: the kernel hands words that it does not know to the program.
    """
    names = [way.rpartition("/")[2] for way in ways]
    if names[0] == _BUSYBOX:
        return any(word in _SHELLS for word in words)
    return names[0] in _SHELLS or names[-1] in _SHELLS


def _is_init(ways: tuple[str, ...], init: Lazy[InitSystem]) -> bool:
    """Whether a program is the init system that is installed, or leads to it."""
    if ways[0] in _DEFAULTS or (ways[0].startswith(_NIX_STORE) and ways[0].endswith("/init")):
        return True
    if any(way in PROGRAMS for way in ways):
        return init().is_systemd
    return ways[-1] in _DEFAULTS or (not init().is_systemd and ways[0].endswith(_OTHER_INITS))
