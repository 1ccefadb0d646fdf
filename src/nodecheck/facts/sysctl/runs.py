"""What acts at boot and sets sysctls once more, after systemd-sysctl did, or before it.

No distribution's unit runs procps' sysctl where systemd boots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import FactError, Unsupported
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.model import AFTER, ANY, APPLIES, BOOT, EARLY, SETS, SYSCTL, SYSINIT, Act, Effect
from nodecheck.formats.sysctl_lines import Setting
from nodecheck.record import NamedTuple

MAIN_CONF = "/etc/tuned/tuned-main.conf"
TUNED = "tuned"
REAPPLY = "tuned reapply_sysctl"
"""What runs of TuneD are called."""


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


def runs(acts: BootActs, system: Callable[[], tuple[Setting, ...]]) -> tuple[SysctlRun, ...]:
    """What acts set, in the order of the boot; ``system`` reads what ``sysctl --system`` reads."""
    found: dict[Act, list[Effect]] = {}
    for effect, act in acts.may(SYSCTL):
        found.setdefault(act, []).append(effect)
    done = [(act, run) for act, effects in found.items() for run in _of_act(act, effects, system)]
    return (*[run for _, run in done], *_rivals(done))


def _rivals(done: list[tuple[Act, SysctlRun]]) -> Iterator[SysctlRun]:
    """What units of one place set to two values, where nothing orders the two: either may be the last."""
    certain = [(act, run) for act, run in done if act.ordered is not None and act.place == BOOT and run.doubt is None]
    lasts = [{setting.path: setting.value for setting in run.settings} for _, run in certain]
    for place, (act, run) in enumerate(certain):
        odd: dict[Setting, str] = {}
        for (other, _), last in zip(certain[place + 1 :], lasts[place + 1 :]):
            if other.actor == act.actor or other.actor in (act.ordered or ()) or act.actor in (other.ordered or ()):
                continue
            for one in run.settings:
                if one.value is not None and last.get(one.path, one.value) != one.value:
                    odd.setdefault(one, other.actor)
        if odd:
            told = f"nothing orders {act.actor} and {next(iter(odd.values()))}, which sets it to another value"
            yield run._replace(settings=tuple(odd), everything=False, doubt=Unsupported(act.source, told))


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
