"""What acts at boot and sets sysctls once more, after systemd-sysctl did, or before it.

No distribution's unit runs procps' sysctl where systemd boots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import FactError, Unsupported
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.model import AFTER, ANY, APPLIES, EARLY, SETS, SYSCTL, SYSINIT, UDEVD, Act, Effect
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_order import UnitOrder
from nodecheck.facts.sysctl.variables import same_variable
from nodecheck.formats.sysctl_lines import Setting
from nodecheck.record import NamedTuple

MAIN_CONF = "/etc/tuned/tuned-main.conf"
TUNED = "tuned"
REAPPLY = "tuned reapply_sysctl"
"""What runs of TuneD are called."""
_SETTLED, _SYSCTL_UNIT = "systemd-udev-settle.service", "systemd-sysctl.service"


class SysctlSetter(NamedTuple):
    """What sets sysctls: a command, a redirection, or TuneD."""

    words: tuple[str, ...]
    source: str
    line: int
    text: str


class SysctlRun(NamedTuple):
    """What one command applies."""

    command: SysctlSetter
    settings: tuple[Setting, ...]
    everything: bool = False
    """It is ``sysctl --system``."""
    doubt: FactError | None = None
    """Why nobody can tell whether it is run."""
    early: bool = False
    """It is done before systemd-sysctl applies the files."""
    later: bool = False
    """It is shown to run at a date some time after the boot: what it breaks is broken then."""
    sysinit: bool = False
    """It is done on the way to sysinit.target, before services as TuneD are started."""
    actor: str = ""
    """Who does it, where nothing says that it is done long after the boot's services are started."""
    unclear: tuple[str, ...] = ()
    """Keys that it sets to what cannot be told; ``?`` where it cannot be told which."""


def runs(acts: BootActs, starts: BootStarts, system: Callable[[], tuple[Setting, ...]]) -> tuple[SysctlRun, ...]:
    """What acts set, in the order of the boot; ``system`` reads what ``sysctl --system`` reads."""
    found: dict[Act, list[Effect]] = {}
    for effect, act in acts.may(SYSCTL):
        found.setdefault(act, []).append(effect)
    units = UnitOrder(starts)
    done = [(act, run) for act, effects in found.items() for run in _of_act(act, effects, system, units)]
    doers = _doers(done)
    waits: dict[int, list[_Doer]] = {}
    rivals: dict[int, list[_Doer]] = {}
    for place, one in enumerate(doers):
        for other in doers[place + 1 :]:
            order = _order(units, one, other) if one.differs(other) else None
            if order == _NONE:
                rivals.setdefault(id(one), []).append(other)
                rivals.setdefault(id(other), []).append(one)
            elif order is not None:
                first, later = (one, other) if order == _AFTER else (other, one)
                waits.setdefault(id(later), []).append(first)
    doubts = [run for one in doers for run in _doubted(one, rivals.get(id(one), []))]
    return (*_sorted(doers, waits), *doubts)


_AFTER, _BEFORE, _NONE = "after", "before", "none"


class _Doer:
    """Who sets sysctls: an actor with its unit, and whether what comes after that waits for it."""

    def __init__(self, actor: str, unit: str, awaited: bool) -> None:
        self.actor, self.unit, self.awaited = actor, unit, awaited
        self.runs: dict[int, tuple[Act, SysctlRun]] = {}
        """By their place among all."""
        self.ends: dict[str, set[str | None]] = {}
        """By variable, of names without globs: the values that runs leave it with."""
        self.sure: dict[str, tuple[int, str | None]] = {}
        """By variable: what the last run leaves it with that is shown to be, and the place of that run."""

    def add(self, place: int, act: Act, run: SysctlRun) -> None:
        self.runs[place] = act, run
        for name, one in _ends(act, run).items():
            self.ends.setdefault(name, set()).add(one.value)
            if run.doubt is None:
                self.sure[name] = place, one.value

    def differs(self, other: _Doer) -> bool:
        """Whether the two leave a variable with different values."""
        if self.actor == other.actor or not (self.ends and other.ends):
            return False
        few, many = sorted((self.ends, other.ends), key=len)
        return any(name in many and len(values | many[name]) > 1 for name, values in few.items())


def _doers(done: list[tuple[Act, SysctlRun]]) -> list[_Doer]:
    found: dict[tuple[str, str, bool], _Doer] = {}
    for place, (act, run) in enumerate(done):
        late = act.unit == UDEVD and act.doubt is not None  # a device that may come may come late
        key = (act.actor, act.unit, act.awaited and not late)
        if key not in found:
            found[key] = _Doer(*key)
        found[key].add(place, act, run)
    return list(found.values())


def _ends(act: Act, run: SysctlRun) -> dict[str, Setting]:
    """What a run leaves each variable with, by the first of its names; nothing where no unit orders it with others."""
    told = run.settings if act.unit and EARLY < act.place < AFTER else ()
    return {same_variable(one.path)[0]: one for one in told if one.value is not None}


def _doubted(one: _Doer, others: list[_Doer]) -> Iterator[SysctlRun]:
    """What is left by one and set to another value by others, where nothing orders them: either may be the last."""
    for place, (act, run) in one.runs.items() if others else ():
        odd: dict[Setting, str] = {}
        for name, setting in _ends(act, run).items():
            if place < one.sure.get(name, (place, None))[0]:
                continue  # it sets it once more itself
            for other in others:
                if other.sure.get(name, (0, setting.value))[1] != setting.value:
                    odd.setdefault(setting, other.actor)
        if odd:
            told = f"nothing orders {act.actor} and {next(iter(odd.values()))}, which sets it to another value"
            left = run._replace(settings=tuple(odd), everything=False, early=False, sysinit=False, later=False)
            yield left._replace(doubt=run.doubt or Unsupported(act.source, told), unclear=())


def _sorted(doers: list[_Doer], waits: dict[int, list[_Doer]]) -> Iterator[SysctlRun]:
    """The runs, each behind those that are shown to be done before it; what comes behind a late one is late too."""
    left = sorted([(place, one) for one in doers for place in one.runs], key=lambda item: item[0])
    undone = {id(one): len(one.runs) for one in doers}
    sysinit = True
    while left:
        free = (at for at, (_, one) in enumerate(left) if not any(undone[id(it)] for it in waits.get(id(one), ())))
        place, one = left.pop(next(free, 0))  # a circle of waiting is left as it is
        undone[id(one)] -= 1
        run = one.runs[place][1]
        sysinit = sysinit and run.sysinit
        yield run._replace(sysinit=sysinit)


def _order(units: UnitOrder, one: _Doer, other: _Doer) -> str:
    """When the second has done its work, by what orders the units of the two."""
    if one.unit == other.unit or _waits(units, other, one):
        return _AFTER
    return _BEFORE if _waits(units, one, other) else _NONE


def _waits(units: UnitOrder, later: _Doer, first: _Doer) -> bool:
    """Whether one is shown to wait for the other.

    A rule of udev may be followed at any time: it waits for nobody, and for it waits who waits for udev to have settled
    (systemd-udev-settle.service(8)).
    """
    if later.unit == UDEVD or not first.awaited:
        return False
    if first.unit != UDEVD:
        return units.is_after(later.unit, first.unit)
    return units.starts.of(_SETTLED).acts and units.is_after(later.unit, _SETTLED)


def _of_act(
    act: Act, effects: list[Effect], system: Callable[[], tuple[Setting, ...]], units: UnitOrder
) -> Iterator[SysctlRun]:
    sysinit = act.place <= SYSINIT
    setter = SysctlSetter((), act.source, act.line or 1, act.text)
    later = act.doubt is None and act.unsure is not None
    actor = act.actor if act.place < AFTER else ""
    if any(effect.what == APPLIES for effect in effects):
        yield SysctlRun(setter, system(), everything=True, doubt=act.unsure, sysinit=sysinit, later=later, actor=actor)
    sets = [effect for effect in effects if effect.what == SETS]
    known = tuple([_setting(effect, act) for effect in sets if effect.name != ANY and not _is_open(effect)])
    unclear = tuple([effect.name for effect in sets if effect.name == ANY or _is_open(effect)])
    if known or unclear:
        early = act.place <= EARLY
        run = SysctlRun(setter, known, doubt=act.unsure, early=early, later=later, sysinit=sysinit, unclear=unclear)
        run = run._replace(actor=actor)
        yield from _either_way(run, act) if _races(act, units) else (run,)


def _races(act: Act, units: UnitOrder) -> bool:
    """Whether nothing orders an early act and systemd-sysctl, as neither udev nor systemd-tmpfiles-setup is ordered.

    On an emulated Debian 12 it began before the latter and ended behind it. Where it fails on a line, it is started
    once more, when udev is done.
    """
    early = act.place == SYSINIT and act.unit != "" and act.unsure is None
    return early and (act.unit == UDEVD or not units.is_after(act.unit, _SYSCTL_UNIT))


def _either_way(run: SysctlRun, act: Act) -> Iterator[SysctlRun]:
    """What is done for sure, before the files are applied or after: what it breaks counts, what it mends does not."""
    told = f"nothing orders {act.actor} ({act.text!r}) and {_SYSCTL_UNIT}, which may set it after that"
    yield run._replace(early=True)
    yield run._replace(doubt=Unsupported(act.source, told), later=True)


def _is_open(effect: Effect) -> bool:
    """Whether a command sets a key to what cannot be told; in a file, ``-key`` takes it out of what globs set."""
    return effect.value is None and not effect.source


def _setting(effect: Effect, act: Act) -> Setting:
    source, line, text = (
        (effect.source, effect.line, effect.text) if effect.source else (act.source, act.line, act.text)
    )
    return Setting(effect.name, effect.value, source, line, text, effect.only)
