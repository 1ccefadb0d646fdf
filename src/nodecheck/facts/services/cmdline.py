"""What the kernel's command line says to systemd of units at the next boot.

kernel-command-line(7); systemd src/core/main.c (``parse_proc_cmdline_item``), src/debug-generator/debug-generator.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.errors import Unsupported
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

_TARGETS = {
    "emergency": "emergency.target", "-b": "emergency.target",
    "rescue": "rescue.target", "single": "rescue.target", "-s": "rescue.target", "s": "rescue.target",
    "S": "rescue.target", "1": "rescue.target",
    "2": "multi-user.target", "3": "multi-user.target", "4": "multi-user.target", "5": "graphical.target",
}  # fmt: skip
"""Words that stand for a target since System V."""


_INITS = ("init", "/systemd", "/upstart", "/linuxrc")
"""How the names of programs end that are an init system, or lead to the one that is installed."""


class BootUnits(NamedTuple):
    """Units that the command line masks and wants, and the target that it asks for; each with the word that does."""

    masked: tuple[tuple[str, str], ...] = ()
    wanted: tuple[tuple[str, str], ...] = ()
    target: tuple[str, str] | None = None
    """None: ``default.target`` is what the node boots into."""
    source: str | None = None
    line: int | None = None

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, cmdline: BootCmdline) -> BootUnits:
        """Take them from the command line of the next boot."""
        return boot_units(cmdline.words)._replace(source=cmdline.source, line=cmdline.line)

    def masks(self, unit: str) -> str | None:
        """The word that masks a unit; None where none does."""
        return dict(self.masked).get(unit)

    def wants(self, unit: str) -> str | None:
        """The word that pulls a unit in; None where none does."""
        return dict(self.wanted).get(unit)


def boot_units(words: tuple[str, ...]) -> BootUnits:
    """What the words of a command line say; the last word about the target counts.

    Raises Unsupported where ``init=`` starts a program that is no init system, such as a shell: then no unit counts.

    >>> boot_units(("ro", "systemd.mask=a", "systemd.wants=b.socket", "3", "systemd.unit=rescue.target")).target
    ('rescue.target', 'systemd.unit=rescue.target')
    >>> boot_units(("systemd.mask=a", "systemd.wants=b.socket"))[:3]
    ((('a.service', 'systemd.mask=a'),), (('b.socket', 'systemd.wants=b.socket'),), None)
    """
    target = None
    _refuse_other_init(words)
    for word in words:
        key, _, value = word.partition("=")
        if word in _TARGETS:
            target = (_TARGETS[word], word)
        elif key == "systemd.unit" and "." in value:
            target = (value, word)
    return BootUnits(tuple(_units(words, "systemd.mask")), tuple(_units(words, "systemd.wants")), target)


def _refuse_other_init(words: tuple[str, ...]) -> None:
    """The kernel starts the last ``init=`` (init/main.c, ``init_setup``); an empty one is its own search for one."""
    told = [word for word in words if word.startswith("init=") and len(word) > len("init=")]
    if told and not told[-1].endswith(_INITS):
        raise Unsupported("the kernel's command line", f"{told[-1]} starts a program in place of the init system")


def _units(words: Iterable[str], key: str) -> Iterable[tuple[str, str]]:
    for word in words:
        name, _, unit = word.partition("=")
        if name == key and unit:
            yield (unit if "." in unit else f"{unit}.service"), word
