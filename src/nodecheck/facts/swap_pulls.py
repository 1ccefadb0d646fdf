"""What names ``.swap`` units in the text of other units, and commands that turn swap on at boot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent
from nodecheck.facts.boot_commands import boot_commands
from nodecheck.facts.fstab import Fstab
from nodecheck.facts.systemd import InitSystem
from nodecheck.facts.unit_files import parse_unit
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

_PULLING = ("Wants", "Requires", "Requisite", "BindsTo", "Upholds")


class SwapPulls(NamedTuple):
    """``Wants=``, ``Requires=`` and the like on ``.swap`` units in unit files and drop-ins on disk."""

    by_name: Mapping[str, tuple[tuple[str, str], ...]]
    """Name of a swap unit to what pulls it in: unit and path of the text."""

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> SwapPulls:
        """Read the text of every unit file that counts, and every drop-in."""
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        for owner, path in _texts(index.persistent()):
            try:
                source = text(host, path)
            except Absent:
                continue  # a dangling link is no unit
            if ".swap" in source:
                for item in parse_unit(source, path):
                    if item.section == "Unit" and item.key in _PULLING:
                        for name in item.value.split(" "):
                            found[name] = (*found.get(name, ()), (owner, path))
        return cls(found)


def _texts(index: UnitIndex) -> Iterator[tuple[str, str]]:
    """The unit files that count, and every drop-in: unit and path."""
    for name in index.files:
        if not name.endswith(".swap") and (fragment := index.fragment(name)) is not None:
            yield name, fragment
    for folder, paths in index.dirs.items():
        if folder.endswith(".d"):
            for path in paths:
                yield from ((folder[:-2], f"{path}/{file}") for file in index.links[path] if file.endswith(".conf"))


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
