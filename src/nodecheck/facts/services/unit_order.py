"""Whether one unit is started after another at boot: ``After=``, ``Before=`` and the targets between (bootup(7))."""

from __future__ import annotations

from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import parse_unit

_NEXT = {
    "network-pre.target": "network.target", "network.target": "network-online.target",
    "sysinit.target": "basic.target", "basic.target": "multi-user.target", "multi-user.target": "graphical.target",
    "sockets.target": "basic.target", "local-fs.target": "sysinit.target",
}  # fmt: skip
"""The target that comes next to each."""
_EVERY = ("sysinit.target", "basic.target")
_FALSE = frozenset(["no", "false", "off", "0", "n", "f"])


class UnitOrder:
    """The orders between the units of one boot; what the text of each says is looked up once."""

    def __init__(self, starts: BootStarts) -> None:
        self.starts = starts
        self._words: dict[tuple[str, str], frozenset[str]] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._ways: dict[str, frozenset[str]] = {}

    def is_after(self, later: str, unit: str) -> bool:
        """Whether it is shown that ``later`` is started when ``unit`` has been; False where nobody orders them.

        What is named by both orders them only where the boot starts it: for a unit without a job nothing waits
        (systemd.unit(5), "Before=, After=").
        """
        before = self.named(later, "After")
        if self._own(unit) & before or self._own(later) & self.named(unit, "Before"):
            return True
        way = self._way(unit)
        by_default = not {word.lower() for word in self.named(later, "DefaultDependencies")} & _FALSE
        return bool(way & before) or (by_default and "basic.target" in way)

    def named(self, unit: str, key: str) -> frozenset[str]:
        """The words of all values of a key in ``[Unit]``."""
        if (unit, key) not in self._words:
            sources = self.starts.sources(unit)
            items = [item for path, text in sources if key in text for item in parse_unit(text, path)]
            told = [item.value for item in items if (item.section, item.key) == ("Unit", key)]
            self._words[unit, key] = frozenset([word for value in told for word in value.split()])
        return self._words[unit, key]

    def _own(self, unit: str) -> frozenset[str]:
        if unit not in self._names:
            self._names[unit] = frozenset(self.starts.index.names_of(unit))
        return self._names[unit]

    def _way(self, unit: str) -> frozenset[str]:
        """What is started after a unit, and may order it with others: what it names, and targets behind that."""
        if unit not in self._ways:
            found: set[str] = set()
            wanted = self.starts.index.wanted_by(unit)  # a target comes after what it wants (systemd.target(5))
            for name in (*sorted(self.named(unit, "Before")), *wanted):
                while name and name not in found and (name in _EVERY or not self.starts.of(name).stays):
                    found.add(name)
                    name = _NEXT.get(name, "")
            self._ways[unit] = frozenset(found)
        return self._ways[unit]


def comes_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether it is shown that ``later`` is started when ``unit`` has been; False where nobody orders them."""
    return UnitOrder(starts).is_after(later, unit)


def is_named_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether ``After=`` of ``later`` names ``unit``, or a target that comes after all that the boot starts."""
    names = {*starts.index.names_of(unit), "multi-user.target", "graphical.target"}
    return bool(names & UnitOrder(starts).named(later, "After"))
