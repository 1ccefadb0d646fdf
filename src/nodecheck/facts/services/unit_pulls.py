"""What the text of units pulls in: ``Wants=``, ``Requires=`` and the like (systemd.unit(5))."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.unit_files import Assignment, parse_unit
from nodecheck.facts.services.unit_names import dropin_dirs
from nodecheck.facts.services.units import (
    BASIC_TARGETS,
    MOST_STEPS,
    MULTI_USER_TARGETS,
    RESCUES,
    SYSINIT_TARGETS,
    UnitIndex,
)
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.presets import FirstBoot

Pulls = Mapping[str, tuple[tuple[str, str], ...]]
"""Name of a unit to what pulls it in: unit and path of the text."""

UPHOLDS_SINCE = 254
"""The systemd from which on directories ``.upholds`` count."""

_PULLING = ("Wants", "Requires", "BindsTo", "Upholds", "OnSuccess")
_CONFLICTS = "Conflicts"
_WEAK = ("Wants", "OnSuccess")
_TRIGGERING = {".timer": ("Timer", "Unit"), ".socket": ("Socket", "Service"), ".path": ("Path", "Unit")}
"""Kinds of units that start another one, and the section and key that name it where it has not the same name."""
_ALL_CONFLICT = "shutdown.target"
"""What every unit conflicts with by default, and many say so in their text."""

LEAST_KNOWN = ("sysinit.target", "basic.target", "multi-user.target", "graphical.target")
"""The targets on the way of a boot, in its order."""


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
    """The units that the next boot reaches, by links and by text, and what their text says of other units."""

    reached: frozenset[str]
    by_name: Pulls
    conflicts: Mapping[str, tuple[str, ...]]
    """Name of a unit to the units that are reached and name it in ``Conflicts=``."""
    triggers: Pulls
    """Name of a unit to the sockets and timers that are reached and start it, each with its path."""
    strong: Mapping[str, str]
    """Name of a unit to the first text that pulls it in by more than ``Wants=``."""
    texts: Mapping[str, tuple[tuple[str, str], ...]]
    """Each unit that is reached to its fragment and drop-ins, path and text; those that could be read."""
    error: FactError | None = None
    """Why a text on the way could not be read: then no other unit is shown not to be pulled in, or not to be in
    conflict with it."""

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*"),)

    @classmethod
    def read(
        cls, host: Host, init: InitSystem, index: UnitIndex, words: BootUnits, first: Lazy[FirstBoot]
    ) -> ServicePulls:
        """Walk down from the targets that the boot reaches, and read the text of each unit on the way.

        What the command line wants and what the presets of a first boot enable are walked down from too.
        """
        index = boot_index(index, init)
        goals = boot_goals(host, index, words.target[0] if words.target is not None else None)
        wanted = [unit for unit, _ in words.wanted]
        return walk(host, index, (*goals, *wanted, *_by_presets(host, index, goals, first)), masked_by(index, words))

    def why(self, index: UnitIndex, name: str) -> str | None:
        """The text that pulls a unit in at boot; None where none does."""
        return next((path for alias in index.names_of(name) for _, path in self.by_name.get(alias, ())), None)

    def link(self, index: UnitIndex, name: str) -> str | None:
        """The link that pulls a unit in, in the directory of a unit that the boot reaches; None where none does."""
        return next((path for owner, path in index.pulls(name) if index.resolve(owner) in self.reached), None)

    def requires(self, index: UnitIndex, name: str) -> str | None:
        """The text that pulls a unit in by more than ``Wants=``; None where none does."""
        return next((self.strong[alias] for alias in index.names_of(name) if alias in self.strong), None)

    def rivals(self, index: UnitIndex, name: str) -> tuple[str, ...]:
        """The units that are reached and name a unit in ``Conflicts=``, in the order in which they are reached."""
        names = index.names_of(name)
        found = dict.fromkeys(unit for alias in names for unit in self.conflicts.get(alias, ()))
        return tuple(unit for unit in found if unit not in names)


def boot_index(index: UnitIndex, init: InitSystem) -> UnitIndex:
    """The unit files as the next boot finds them: nothing in ``/run``, and only the directories that this systemd
    knows."""
    index = index.persistent()
    return index if init.at_least(UPHOLDS_SINCE) else index.without(".upholds")


def masked_by(index: UnitIndex, words: BootUnits) -> frozenset[str]:
    """The units that the command line masks, aliases resolved."""
    return frozenset([name for unit, _ in words.masked for name in (unit, index.resolve(unit))])


def boot_goals(host: Host, index: UnitIndex, target: str | None) -> tuple[str, ...]:
    """The targets that a boot reaches, in its order: into ``target``, else into ``default.target`` (bootup(7)).

    A target that is not one of systemd's own brings what it pulls in, and no more; where its text is not here, it is
    taken to lead to what every boot reaches.
    """
    goal = index.default_target() if target in (None, "default.target") else index.target(target)
    if goal in RESCUES:
        return RESCUES[goal]
    last = goal if goal in LEAST_KNOWN else _leads_to(host, index, goal)
    ways = {"sysinit.target": SYSINIT_TARGETS, "basic.target": BASIC_TARGETS}
    named = ("default.target",) if target is None else ()
    return tuple(dict.fromkeys((*ways.get(last, MULTI_USER_TARGETS), last, goal, *named)))


def _leads_to(host: Host, index: UnitIndex, target: str) -> str:
    """The last target on the way of a boot that another one pulls in.

    ``sysinit.target`` at least, which every service needs by default (systemd.service(5), "Default Dependencies").
    """
    if index.fragment(target) is None and not index.complete:
        return "multi-user.target"
    links, aliases = links_down(index), _aliases(index)
    queue = [target]
    for unit in queue:
        if len(queue) > MOST_STEPS:
            raise TooLarge(target, f"leads to more than {MOST_STEPS} units")
        named = [*links.get(unit, ())]
        for path in _texts_of(index, unit, aliases.get(unit, ())):
            named += pulled_in(_source(host, path), path)
        targets = [index.target(name) for name in named if name.endswith(".target")]
        queue += [name for name in dict.fromkeys(targets) if name not in queue]
    return max((name for name in queue if name in LEAST_KNOWN), key=LEAST_KNOWN.index, default=LEAST_KNOWN[0])


def walk(host: Host, index: UnitIndex, goals: Iterable[str], masked: Container[str]) -> ServicePulls:
    """All that some units pull in, in the order in which they do, and what the text of each says."""
    links, aliases = links_down(index), _aliases(index)
    queue = list(goals)  # which grows while it is walked
    reached: set[str] = set()
    found = _Found({}, {}, {}, {}, {})
    sources: dict[str, str] = {}
    told: dict[str, tuple[Assignment, ...]] = {}  # by path: instances share the text of their template
    errors: list[FactError] = []
    for name in queue:
        unit = index.resolve(name)
        if unit in reached or unit in masked or index.lacks(unit):
            continue
        if len(reached) >= MOST_STEPS:
            errors.append(TooLarge(unit, f"is one of more than {MOST_STEPS} units that the boot reaches"))
            break
        reached.add(unit)
        queue += links.get(unit, ())
        paths = tuple(_texts_of(index, unit, aliases.get(unit, ())))
        for path in paths:
            if path not in told:
                told[path] = tuple(_read_assignments(host, path, sources, errors))
            queue += found.add(unit, told[path])
        found.texts[unit] = tuple([(path, sources[path]) for path in paths if path in sources])
        found.trigger(index, unit, paths, told)
    error = errors[0] if errors else None
    return ServicePulls(frozenset(reached), *found, error)


def _read_assignments(host: Host, path: str, sources: dict[str, str], errors: list[FactError]) -> Iterable[Assignment]:
    """What a text says of other units; the text itself is kept, and why it cannot be read."""
    try:
        source = sources[path] = text(host, path)
    except Absent:
        return ()  # a dangling link is no unit
    except FactError as error:
        errors.append(error)
        return ()
    return _assignments(source, path)


class _Found(NamedTuple):
    """What the texts on a walk say of other units."""

    pulls: dict[str, tuple[tuple[str, str], ...]]
    conflicts: dict[str, tuple[str, ...]]
    triggers: dict[str, tuple[tuple[str, str], ...]]
    strong: dict[str, str]
    texts: dict[str, tuple[tuple[str, str], ...]]

    def add(self, unit: str, items: Iterable[Assignment]) -> Iterator[str]:
        """Keep what a unit's text says; gives what it pulls in."""
        for item in items:
            for name in _names(item) if item.section == "Unit" else ():
                if item.key == _CONFLICTS:
                    self.conflicts[name] = (*self.conflicts.get(name, ()), unit)
                else:
                    self.pulls[name] = (*self.pulls.get(name, ()), (unit, item.path))
                    if item.key not in _WEAK:
                        self.strong.setdefault(name, item.path)
                    yield name

    def trigger(
        self, index: UnitIndex, unit: str, paths: tuple[str, ...], told: Mapping[str, tuple[Assignment, ...]]
    ) -> None:
        """Keep what a socket or a timer starts: the unit that it names last, else the service of the same name."""
        stem, dot, kind = unit.rpartition(".")
        own = _TRIGGERING.get(dot + kind)
        if own is not None and paths:
            values = [item.value for path in paths for item in told[path] if (item.section, item.key) == own]
            name = index.resolve((values and values[-1]) or f"{stem}.service")
            self.triggers[name] = (*self.triggers.get(name, ()), (unit, paths[0]))


def _by_presets(host: Host, index: UnitIndex, goals: Container[str], first: Lazy[FirstBoot]) -> Iterator[str]:
    """The units that the presets of a first boot enable, by name."""
    if not first().first:
        return
    for name in sorted(index.files):
        preset = first().preset(name)
        if preset is None or preset.verb != "enable" or (fragment := index.fragment(name)) is None:
            continue
        items = parse_unit(_source(host, fragment), fragment)
        into = [owner for item in items if item.section == "Install" for owner in _installs_into(item)]
        if any(index.resolve(owner) in goals for owner in into):
            yield name


def _installs_into(item: Assignment) -> Iterator[str]:
    return _names(item) if item.key in ("WantedBy", "RequiredBy", "UpheldBy") else iter(())


def _names(item: Assignment) -> Iterator[str]:
    return filter(None, item.value.replace("\t", " ").split(" "))


def links_down(index: UnitIndex) -> dict[str, list[str]]:
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
    known = index.dirs.keys()
    if f"{unit.rpartition('.')[2]}.d" in known or any(
        [not known.isdisjoint(dropin_dirs(name)) for name in (unit, *aliases)]  # noqa: C419 - faster
    ):
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
    for item in _assignments(source, path):
        if item.section == "Unit" and item.key in _PULLING:
            yield from _names(item)


def _assignments(source: str, path: str) -> Iterator[Assignment]:
    """What a text says of other units, where it says anything."""
    own = _TRIGGERING.get(path[path.rfind(".") :])
    if own is None or own[1] not in source:
        if not any(map(source.__contains__, _PULLING)) and not _may_conflict(source):
            return
        source = _telling(_unit_section(source))
    for item in parse_unit(source, path):
        if (item.section == "Unit" and (item.key in _PULLING or item.key == _CONFLICTS)) or own == item[:2]:
            yield item


def _may_conflict(source: str) -> bool:
    r"""Whether a text conflicts with more than what stands in the text of most units.

    >>> _may_conflict("[Unit]\nConflicts=shutdown.target\n"), _may_conflict("[Unit]\nConflicts=a.service\n")
    (False, True)
    """
    at = source.find(_CONFLICTS)
    while at >= 0:
        end = source.find("\n", at)
        line = source[at : end if end >= 0 else len(source)]
        if line.partition("=")[2].strip(" \t\r") != _ALL_CONFLICT:
            return True
        at = source.find(_CONFLICTS, at + 1)
    return False


_KEPT = ("[", " ", "\t", "\ufeff", *_PULLING, _CONFLICTS)
"""Beginnings of the lines that may say something of other units."""


def _telling(source: str) -> str:
    """The text without the lines that say nothing of other units, where each stands on one line."""
    if "\\" in source:
        return source
    return "\n".join([line if line.startswith(_KEPT) else "" for line in source.split("\n")])


def _unit_section(source: str) -> str:
    """The text without what follows its first section, where that is ``[Unit]`` and the only one of that name.

    The rest is most of a unit, and parsing it is most of the work.
    """
    end = source.find("\n[Service]")
    return source if end < 0 or source.rfind("[Unit]") > end else source[:end]
