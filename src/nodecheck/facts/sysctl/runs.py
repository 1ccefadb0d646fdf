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
_SETTLED = "systemd-udev-settle.service"


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
    done = [(act, run) for act, effects in found.items() for run in _of_act(act, effects, system)]
    rivals, units = [_Rival(*one) for one in done], UnitOrder(starts)
    orders: dict[tuple[str, str], str] = {}
    befores: dict[int, set[int]] = {}
    doubts: list[SysctlRun] = []
    for place, one in enumerate(rivals):
        odd: dict[Setting, str] = {}
        for at, other in enumerate(rivals[place + 1 :], place + 1):
            differing = one.differing(other)
            pair = (one.unit, other.unit)
            if differing and pair not in orders:
                orders[pair] = _order(units, *pair)
            order = orders[pair] if differing else None
            if order == _BEFORE:
                befores.setdefault(place, set()).add(at)
            elif order == _NONE and other.run.doubt is None:
                odd.update(dict.fromkeys(differing, other.act.actor))
        if odd:
            doubts.append(_doubted(one, odd))
    return (*_sorted([one.run for one in rivals], befores), *doubts)


_AFTER, _BEFORE, _NONE = "after", "before", "none"


class _Rival:
    """A run, and what it leaves each variable with: by the first of its names."""

    def __init__(self, act: Act, run: SysctlRun) -> None:
        self.act, self.run, self.unit = act, run, act.unit
        told = run.settings if act.unit and EARLY < act.place < AFTER else ()
        self.last = {same_variable(one.path)[0]: one for one in told if one.value is not None}

    def differing(self, other: _Rival) -> list[Setting]:
        """What another run, of another actor, leaves with another value; of names without globs."""
        if self.act.actor == other.act.actor or not other.last:
            return []
        last = other.last
        return [one for name, one in self.last.items() if name in last and last[name].value != one.value]


def _order(units: UnitOrder, unit: str, other: str) -> str:
    """When the second of two units has done its work, by what orders them.

    A rule of udev may be followed at any time, unless whoever comes later waits for udev to have settled
    (systemd-udev-settle.service(8)).
    """
    if unit == other or (other != UDEVD and _waits(units, other, unit)):
        return _AFTER
    return _BEFORE if unit != UDEVD and _waits(units, unit, other) else _NONE


def _waits(units: UnitOrder, later: str, unit: str) -> bool:
    if unit != UDEVD:
        return units.is_after(later, unit)
    return units.starts.of(_SETTLED).acts and units.is_after(later, _SETTLED)


def _doubted(one: _Rival, odd: dict[Setting, str]) -> SysctlRun:
    """What a run sets and another one to another value, where nothing orders the two: either may be the last."""
    told = f"nothing orders {one.act.actor} and {next(iter(odd.values()))}, which sets it to another value"
    doubt = one.run.doubt or Unsupported(one.act.source, told)
    left = one.run._replace(settings=tuple(odd), everything=False, early=False, sysinit=False, later=False)
    return left._replace(doubt=doubt, unclear=())


def _sorted(found: list[SysctlRun], befores: dict[int, set[int]]) -> Iterator[SysctlRun]:
    """The runs, each behind those that are shown to be done before it; what comes behind a late one is late too."""
    left, sysinit = dict(enumerate(found)), True
    while left:
        free = (place for place in left if not befores.get(place, set()) & left.keys())
        run = left.pop(next(free, next(iter(left))))  # units that wait for each other are not ordered at all
        sysinit = sysinit and run.sysinit
        yield run._replace(sysinit=sysinit)


def _of_act(act: Act, effects: list[Effect], system: Callable[[], tuple[Setting, ...]]) -> Iterator[SysctlRun]:
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
        yield from _either_way(run, act) if act.races and act.unsure is None else (run,)


def _either_way(run: SysctlRun, act: Act) -> Iterator[SysctlRun]:
    """What is done for sure, before the files are applied or after: what it breaks counts, what it mends does not."""
    told = f"nothing orders {act.actor} ({act.text!r}) and {act.races}, which may set it after that"
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
