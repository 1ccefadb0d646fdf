"""What names ``.swap`` units in the text of other units, and commands that turn swap on at boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodecheck.facts.boot_commands import boot_commands
from nodecheck.facts.fstab import Fstab
from nodecheck.facts.systemd import InitSystem
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.record import NamedTuple

if TYPE_CHECKING:
    from nodecheck.facts.unit_pulls import Pulls


class SwapPulls(NamedTuple):
    """``Wants=``, ``Requires=`` and the like on ``.swap`` units in unit files and drop-ins on disk."""

    by_name: Pulls

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> SwapPulls:
        """Read the text of every unit file that counts, and every drop-in."""
        from nodecheck.facts.unit_pulls import pulled_by_text

        return cls(pulled_by_text(host, index.persistent(), ".swap"))


_AREAS = ("/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=")


class Swapon(NamedTuple):
    """One area that a ``swapon`` command turns on."""

    what: str
    source: str
    line: int
    text: str


class SwapCommands(NamedTuple):
    """``swapon`` in the administrator's own boot units and in ``rc.local``."""

    areas: tuple[Swapon, ...] = ()

    @classmethod
    def read(cls, host: Host, init: InitSystem, index: UnitIndex, fstab: Fstab) -> SwapCommands:
        """Look for the commands where systemd boots; ``swapon -a`` stands for the lines of fstab."""
        if not init.is_systemd:
            return cls()
        lines = tuple(entry.spec for entry in fstab.swaps if "noauto" not in entry.options.split(","))
        found: list[Swapon] = []
        for command in boot_commands(host, index.persistent(), "swapon"):
            every = any(word in ("-a", "--all") for word in command.words)
            areas = [what for what in (lines if every else command.words) if what.startswith(_AREAS)]
            found.extend([Swapon(what, command.source, command.line, command.text) for what in areas])
        return cls(tuple(found))
