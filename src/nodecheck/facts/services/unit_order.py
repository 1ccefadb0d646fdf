"""Whether one unit is started after another at boot: ``After=``, ``Before=`` and the targets between (bootup(7)).

systemd.unit(5), systemd.target(5); systemd src/core/unit.c, ``unit_add_default_target_dependency``.
"""

from __future__ import annotations

from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import parse_unit
from nodecheck.facts.services.unit_pulls import links_down, pulled_in
from nodecheck.facts.services.unit_start import DATE, GENERATOR, SCRIPT, SOCKET, TIMER

_FALSE = frozenset(["no", "false", "off", "0", "n", "f"])
_LATER = (SOCKET, TIMER, DATE)
"""By what a unit is started that has no job when the boot's are put into order."""
_MULTI_USER = "multi-user.target"
_TARGETS = {
    "network.target": ["network-pre.target"], "network-online.target": ["network.target"],
    "multi-user.target": ["basic.target"], "graphical.target": ["multi-user.target"],
}  # fmt: skip
"""What systemd's own targets wait for, where their texts are not here."""


class UnitOrder:
    """The orders between the units of one boot. What the text of each says is looked up once, and only when asked."""

    def __init__(self, starts: BootStarts) -> None:
        self.starts = starts
        self._words: dict[tuple[str, str], frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}
        self._named_before: dict[str, list[str]] | None = None
        self._links: dict[str, list[str]] | None = None

    def is_after(self, later: str, unit: str) -> bool:
        """Whether it is shown that ``later`` is started when ``unit`` has been; False where nobody orders them.

        What stands between the two orders them only where the boot has a job for it, whether or not its conditions hold
        when that runs (systemd.unit(5), "Before=, After="). Units that wait for each other are not ordered: systemd
        drops the job of one of them.
        """
        return self._follows(later, unit) and not self._follows(unit, later)

    def named(self, unit: str, key: str) -> frozenset[str]:
        """The words of all values of a key in ``[Unit]``."""
        if (unit, key) not in self._words:
            sources = self.starts.sources(unit)
            items = [item for path, text in sources if key in text for item in parse_unit(text, path)]
            told = [item.value for item in items if (item.section, item.key) == ("Unit", key)]
            self._words[unit, key] = frozenset([word for value in told for word in value.split()])
        return self._words[unit, key]

    def _follows(self, later: str, unit: str) -> bool:
        before, unit = self._all_before(self._real(later)), self._real(unit)
        pull = self.starts.of(unit).pull if _MULTI_USER in before else None
        made = pull is not None and pull.how in (GENERATOR, SCRIPT) and self._has_defaults(unit)
        return unit in before or (made and _MULTI_USER not in map(self._real, self.named(unit, "After")))

    def _all_before(self, later: str) -> frozenset[str]:
        """All that a unit waits for, and what that waits for."""
        if later not in self._before:
            found: dict[str, None] = {}
            left = [later]
            while left:
                for name in self._next_before(left.pop()):
                    if name not in found:
                        found[name] = None
                        if self._has_job(name):
                            left.append(name)
            self._before[later] = frozenset(found)
        return self._before[later]

    def _next_before(self, unit: str) -> list[str]:
        """What a unit waits for by its own text, by that of others, and by default."""
        if self._named_before is None:
            self._named_before = {}
            for name in self.starts.candidates():
                for other in self.named(name, "Before"):
                    self._named_before.setdefault(self._real(other), []).append(name)
        found = [*map(self._real, self.named(unit, "After")), *self._named_before.get(unit, ())]
        if unit.endswith(".service") and self._has_defaults(unit):
            found += ["sysinit.target", "basic.target"]
        if unit.endswith(".target"):
            found += self._wanted(unit) if self.starts.sources(unit) else _TARGETS.get(unit, ())
        return found

    def _wanted(self, target: str) -> list[str]:
        """What a target waits for because it wants it, where neither says otherwise, and that does not wait for it."""
        if not self._has_defaults(target):
            return []
        if self._links is None:
            self._links = links_down(self.starts.index)
        names = [*self._links.get(target, ())]
        for path, text in self.starts.sources(target):
            names += pulled_in(text, path)
        before = self.named(target, "Before")
        real = dict.fromkeys(map(self._real, names))
        return [name for name in real if self._has_defaults(name) and not self._waits_for(name, target, before)]

    def _waits_for(self, unit: str, target: str, before: frozenset[str]) -> bool:
        by_default = unit.endswith(".service") and target in ("sysinit.target", "basic.target")
        return by_default or unit in before or target in map(self._real, self.named(unit, "After"))

    def _has_defaults(self, unit: str) -> bool:
        return not {word.lower() for word in self.named(unit, "DefaultDependencies")} & _FALSE

    def _has_job(self, unit: str) -> bool:
        """Whether the boot starts a unit with all others; of a root that holds a part of the system it is taken to."""
        if unit in ("sysinit.target", "basic.target"):
            return True
        start = self.starts.of(unit)
        if start.pull is None:
            return start.error is not None
        return start.pull.how not in _LATER

    def _real(self, name: str) -> str:
        index = self.starts.index
        if name == "default.target":
            return index.default_target()
        return index.target(name) if name.endswith(".target") else index.resolve(name)


def comes_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether it is shown that ``later`` is started when ``unit`` has been; False where nobody orders them."""
    return UnitOrder(starts).is_after(later, unit)


def is_named_after(starts: BootStarts, later: str, unit: str) -> bool:
    """Whether ``After=`` of ``later`` names ``unit``, or a target that comes after all that the boot starts."""
    names = {*starts.index.names_of(unit), "multi-user.target", "graphical.target"}
    return bool(names & UnitOrder(starts).named(later, "After"))
