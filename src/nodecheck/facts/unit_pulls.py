"""What the text of units pulls in: ``Wants=``, ``Requires=`` and the like (systemd.unit(5))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent
from nodecheck.facts.unit_files import parse_unit
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
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
    """What pulls services in by the text of units on disk."""

    by_name: Pulls

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> ServicePulls:
        """Read the text of every unit file that counts, and every drop-in."""
        return cls(pulled_by_text(host, index.persistent(), ".service"))

    def why(self, index: UnitIndex, name: str) -> str | None:
        """The text that pulls a service in at boot; None where none does."""
        queue, done = [(name, "")], {name}
        while queue and len(done) < MOST_STEPS:
            unit, first = queue.pop(0)
            owners = [owner for alias in index.names_of(unit) for owner in self.by_name.get(alias, ())]
            for owner, path in owners:
                owner = index.resolve(owner)
                if owner in done or index.masked(owner):
                    continue
                done.add(owner)
                if index.starts_at_boot(owner) is not None:
                    return first or path
                queue.append((owner, first or path))
        return None


MOST_STEPS = 256
"""Units looked at in one walk."""
