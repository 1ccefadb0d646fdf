"""What names ``.swap`` units in the text of other units, and commands that turn swap on at boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodecheck.facts.services.boot_commands import BootCommands
from nodecheck.facts.services.units import UnitIndex
from nodecheck.facts.swap.fstab import Fstab
from nodecheck.host import Host
from nodecheck.record import NamedTuple

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_pulls import Pulls


class SwapPulls(NamedTuple):
    """``Wants=``, ``Requires=`` and the like on ``.swap`` units in unit files and drop-ins on disk."""

    by_name: Pulls

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> SwapPulls:
        """Read the text of every unit file that counts, and every drop-in."""
        from nodecheck.facts.services.unit_pulls import pulled_by_text

        return cls(pulled_by_text(host, index.persistent(), ".swap"))


_AREAS = ("/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")


class Swapon(NamedTuple):
    """One area that a command turns on or off."""

    what: str
    source: str
    line: int
    text: str


class SwapCommands(NamedTuple):
    """``swapon`` and ``swapoff -a`` in the administrator's own boot units, their scripts and ``rc.local``."""

    areas: tuple[Swapon, ...] = ()
    off: Swapon | None = None
    """What turns everything off again that the boot turned on."""

    @classmethod
    def read(cls, boot: BootCommands, fstab: Fstab) -> SwapCommands:
        """Look for the commands; ``swapon -a`` stands for the lines of fstab."""
        lines = tuple(entry.spec for entry in fstab.swaps if "noauto" not in entry.options.split(","))
        found: list[Swapon] = []
        for words, line in boot.of("swapon"):
            areas = [what for what in (lines if _all(words) else words) if what.startswith(_AREAS)]
            found.extend([Swapon(what, line.source, line.line, line.text) for what in areas])
        off = [line for words, line in boot.of("swapoff") if _all(words) and line.sure and _is_first(line.text)]
        return cls(tuple(found), Swapon("", off[0].source, off[0].line, off[0].text) if off else None)


def _all(words: tuple[str, ...]) -> bool:
    return any(word in ("-a", "--all") for word in words)


def _is_first(line: str) -> bool:
    """Whether nothing stands before the command on which it could depend."""
    return line.partition(" ")[0].rpartition("/")[2] == "swapoff"
