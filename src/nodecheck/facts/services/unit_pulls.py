"""What the text of units pulls in: ``Wants=``, ``Requires=`` and the like (systemd.unit(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodecheck.errors import Absent
from nodecheck.facts.services.unit_files import parse_unit
from nodecheck.facts.services.unit_names import dropin_dirs
from nodecheck.facts.services.units import MOST_STEPS, UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Sources, UnitText
from nodecheck.record import NamedTuple

Pulls = Mapping[str, tuple[tuple[str, str], ...]]
"""Name of a unit to what pulls it in: unit and path of the text."""

_PULLING = ("Wants", "Requires", "BindsTo", "Upholds")


def pulled_by_text(host: Host, index: UnitIndex, suffix: str) -> Pulls:
    """What pulls units of one kind in, by the text of every unit file that counts and of every drop-in."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for owner, path in _texts(index, suffix):
        try:
            source = text(host, path)
        except Absent:
            continue  # a dangling link is no unit
        if _may_pull(source, suffix):
            for item in parse_unit(source, path):
                if item.section == "Unit" and item.key in _PULLING:
                    for name in item.value.split(" "):
                        found[name] = (*found.get(name, ()), (owner, path))
    return found


def _may_pull(source: str, suffix: str) -> bool:
    r"""Whether parsing a text can find anything: most name a unit only to be ordered before or after it.

    >>> _may_pull("[Unit]\nAfter=a.service\nWants=b.target\n", ".service")
    False
    >>> _may_pull("[Unit]\n Requires = \\\n  a.service\n", ".service")
    True
    """
    if suffix not in source:
        return False
    for key in _PULLING:
        at = source.find(key)
        while at >= 0:
            end = source.find("\n", at)
            line = source[at : end if end >= 0 else len(source)]
            if suffix in line or line.endswith("\\"):
                return True
            at = source.find(key, at + 1)
    return False


def _texts(index: UnitIndex, suffix: str) -> Iterator[tuple[str, str]]:
    for name in index.files:
        if (suffix != ".swap" or not name.endswith(".swap")) and (fragment := index.fragment(name)) is not None:
            yield name, fragment
    for folder, paths in index.dirs.items():
        if folder.endswith(".d"):
            for path in paths:
                yield from ((folder[:-2], f"{path}/{file}") for file in index.links[path] if file.endswith(".conf"))


class ServicePulls(NamedTuple):
    """The units that the next boot reaches, by links and by text, and what their text pulls in."""

    reached: frozenset[str]
    by_name: Pulls

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*"),)

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> ServicePulls:
        """Walk down from the targets that every boot reaches, and read the text of each unit on the way."""
        index = index.persistent()
        links, aliases = _links_down(index), _aliases(index)
        queue = list(index.boot_goals())
        reached: set[str] = set()
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        told: dict[str, tuple[str, ...]] = {}  # by path: instances share the text of their template
        while queue and len(reached) < MOST_STEPS:
            unit = index.resolve(queue.pop())
            if unit in reached or index.masked(unit) or (index.complete and not index.exists(unit)):
                continue
            reached.add(unit)
            queue += links.get(unit, ())
            for path in _texts_of(index, unit, aliases.get(unit, ())):
                if path not in told:
                    told[path] = tuple(pulled_in(_source(host, path), path))
                for name in told[path]:
                    found[name] = (*found.get(name, ()), (unit, path))
                    queue.append(name)
        return cls(frozenset(reached), found)

    def why(self, index: UnitIndex, name: str) -> str | None:
        """The text that pulls a unit in at boot; None where none does."""
        return next((path for alias in index.names_of(name) for _, path in self.by_name.get(alias, ())), None)

    def link(self, index: UnitIndex, name: str) -> str | None:
        """The link that pulls a unit in, in the directory of a unit that the boot reaches; None where none does."""
        return next((path for owner, path in index.pulls(name) if index.resolve(owner) in self.reached), None)


def _links_down(index: UnitIndex) -> dict[str, list[str]]:
    """Each unit to what the links in its directories pull in."""
    found: dict[str, list[str]] = {}
    for folder, paths in index.dirs.items():
        owner, _, kind = folder.rpartition(".")
        if kind in ("wants", "requires", "upholds"):
            names = [name for path in paths for name in index.links[path] if f"{path}/{name}" not in index.empty]
            found.setdefault(index.resolve(owner), []).extend(names)
    return found


def _aliases(index: UnitIndex) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, entries in index.files.items():
        if entries[0].target is not None and (unit := index.resolve(name)) != name:
            found.setdefault(unit, []).append(name)
    return found


def _texts_of(index: UnitIndex, unit: str, aliases: Iterable[str]) -> Iterator[str]:
    fragment = index.fragment(unit)
    if fragment is not None:
        yield fragment
    general = f"{unit.rpartition('.')[2]}.d"
    folders = (general, *[folder for name in (unit, *aliases) for folder in dropin_dirs(name)])
    if any(folder in index.dirs for folder in folders):
        yield from index.dropins(unit)


def _source(host: Host, path: str) -> str:
    try:
        return text(host, path)
    except Absent:
        return ""  # a dangling link is no unit


def pulled_in(source: str, path: str) -> Iterator[str]:
    r"""The units that a text pulls in.

    >>> list(pulled_in("[Unit]\nWants=a.service b.target\nRequiresMountsFor=/x\n[Install]\nWantedBy=c.target\n", "x"))
    ['a.service', 'b.target']
    >>> list(pulled_in("[Unit]\nRequires = \\\n  a.service\n", "x"))
    ['a.service']
    """
    if any(map(source.__contains__, _PULLING)):
        for item in parse_unit(_unit_section(source), path):
            if item.section == "Unit" and item.key in _PULLING:
                yield from filter(None, item.value.replace("\t", " ").split(" "))


def _unit_section(source: str) -> str:
    """The text without what follows its first section, where that is ``[Unit]`` and the only one of that name.

    The rest is most of a unit, and parsing it is most of the work.
    """
    end = source.find("\n[Service]")
    return source if end < 0 or source.rfind("[Unit]") > end else source[:end]
