"""Rules of packet filters that commands of the boot load, whoever runs them: rc.local, own units, cron, hooks."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.filter_effects import ANY, NFT, UFW
from nodecheck.facts.acts.follow import is_own
from nodecheck.facts.acts.model import (
    FILTER,
    LATE,
    LOADS,
    REMOVES,
    RUNS,
    SETS,
    STARTS,
    STOPS,
    UNIT,
    UNTOLD,
    Act,
    Effect,
)
from nodecheck.facts.security.filter_tables import is_others_table, parse_saved
from nodecheck.facts.security.firewall_files import nft_tables
from nodecheck.facts.security.firewall_units import FIREWALL_UNITS, IPTABLES_FILES
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Each, File, Named, Sources
from nodecheck.record import NamedTuple
from nodecheck.typed import Protocol

_OWNERS = {"4": "iptables", "6": "iptables", NFT: "nftables", UFW: "ufw"}
_MADE_ANEW = ("/run/", "/var/run/", "/tmp/", "/dev/", "/proc/", "/sys/")  # noqa: S108 - only named
MOST_BYTES = 8 << 20


class LoadedRules(NamedTuple):
    """Rules that keep traffic out after the next boot, or may."""

    owner: str
    """``iptables``, ``nftables`` or ``ufw``."""
    act: Act
    """What loads them."""
    file: str = ""
    """The file that they are in; "" where the command itself says them."""
    why: str = ""
    """How they keep traffic out."""
    doubt: FactError | None = None
    """Why nobody can tell whether they are loaded, or what they are."""


class BootRules(NamedTuple):
    """What the commands of the boot make of packet filters, beside what the firewalls' own units load."""

    rules: tuple[LoadedRules, ...] = ()
    """At most one of each owner and family, one that is shown to be loaded first."""
    started: tuple[tuple[str, Act], ...] = ()
    """Units of firewalls that a command starts."""
    stopped: tuple[tuple[str, Act], ...] = ()
    """Units of firewalls that a command stops."""
    opened: tuple[tuple[str, Act], ...] = ()
    """Files of rules that firewalls' own units restore, and of which a command at the end of the boot leaves none that
    keeps traffic out (``iptables -F`` in rc.local)."""

    @classmethod
    def reads(cls) -> Sources:
        saved = [File(path) for paths in IPTABLES_FILES.values() for path in paths]
        return (
            *saved,
            Each(BootActs, "rule_files", (File("{}"),)),
            Named("include in scripts of nft that the boot loads"),
        )

    @classmethod
    def read(cls, host: Host, acts: BootActs) -> BootRules:
        """Raises what the acts raise."""
        effects = [(effect, act) for effect, act in acts.may(FILTER) if not _is_a_units_own(effect, act)]
        found = {family: loaded for family in _OWNERS if (loaded := _family(host, family, effects)) is not None}
        units = [(effect, act) for effect, act in acts.may(UNIT) if effect.name in FIREWALL_UNITS]
        return cls(
            tuple(found.values()),
            tuple([(effect.name, act) for effect, act in units if effect.what == STARTS]),
            tuple([(effect.name, act) for effect, act in units if effect.what == STOPS]),
            tuple(_opened(host, effects)),
        )


def _opened(host: Host, effects: list[tuple[Effect, Act]]) -> Iterator[tuple[str, Act]]:
    """The files of rules after which commands that are shown to run at the end of the boot let everything in."""
    late = [(effect, act) for effect, act in effects if act.runs and act.place >= LATE]
    for path in [path for paths in IPTABLES_FILES.values() for path in paths]:
        family = "6" if "6" in path else "4"
        own = [(effect, act) for effect, act in late if effect.only == family]
        if own:
            restored = (Effect(FILTER, path, LOADS, only=family), own[0][1])
            if _after(host, family, [restored]).why() and _after(host, family, [restored, *own]).why() is None:
                yield path, own[-1][1]


def _is_a_units_own(effect: Effect, act: Act) -> bool:
    """Whether it is what a firewall's own unit does by files that are known, or by a script that cannot be followed."""
    if act.actor not in FIREWALL_UNITS:
        return effect.what != LOADS and effect.value is None and not effect.name and not is_own(act.source)
    return act.state == UNTOLD or not effect.name.startswith("/")


def _family(host: Host, family: str, effects: list[tuple[Effect, Act]]) -> LoadedRules | None:
    """What is left in the end of one family's rules: as shown, else with all that may be loaded besides."""
    own = [(effect, act) for effect, act in effects if effect.only == family]
    certain = _walked(host, family, [(effect, act) for effect, act in own if act.state == RUNS])
    if not own or (certain is not None and certain.doubt is None):
        return certain
    return certain or _walked(host, family, [(e, act) for e, act in own if act.state == RUNS or e.what != REMOVES])


def _walked(host: Host, family: str, effects: list[tuple[Effect, Act]]) -> LoadedRules | None:
    """What is left in the end, by the effect that brought it about."""
    state = _after(host, family, effects)
    why = state.why()
    if why is not None:
        open_until, closed_from = 0, len(effects)
        while closed_from - open_until > 1:
            middle = (open_until + closed_from) // 2
            if _after(host, family, effects[:middle]).why() == why:
                closed_from = middle
            else:
                open_until = middle
        effect, act = effects[closed_from - 1]
        return LoadedRules(_OWNERS[family], act, effect.name, why, act.doubt)
    if state.untold is None:
        return None
    effect, act = state.untold
    doubt = act.doubt or Unsupported(act.source, f"what it loads cannot be told ({act.text!r})")
    return LoadedRules(_OWNERS[family], act, effect.name, "", doubt)


def _after(host: Host, family: str, effects: list[tuple[Effect, Act]]) -> _State:
    state: _State = _Nft(host) if family == NFT else _Switch() if family == UFW else _Chains(host, family)
    for effect, act in effects:
        state.take(effect, act)
    return state


class _State(Protocol):
    """What has been loaded so far."""

    untold: tuple[Effect, Act] | None
    """The last of which nobody can tell what it loads."""

    def take(self, effect: Effect, act: Act) -> None:
        """Do one thing more."""

    def why(self) -> str | None:
        """How traffic is kept out; None where it is not."""


class _Switch:
    """ufw, which is on or off."""

    def __init__(self) -> None:
        self.on = False
        self.untold: tuple[Effect, Act] | None = None

    def take(self, effect: Effect, act: Act) -> None:
        self.on = effect.what == LOADS

    def why(self) -> str | None:
        return "ufw is enabled" if self.on else None


class _Nft:
    """Scripts of nft, one behind the other."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.texts: list[tuple[str, str]] = []
        self.untold: tuple[Effect, Act] | None = None

    def take(self, effect: Effect, act: Act) -> None:
        source = _text(self.host, effect)
        if source is None:
            self.untold = (effect, act)
        elif source:
            self.texts.append((effect.name or act.source, source))

    def why(self) -> str | None:
        tables = [table for table in nft_tables(self.host, self.texts) if not is_others_table(table.name)]
        return next((why for table in tables if (why := table.blocks()) is not None), None)


class _Chains:
    """The filter table of iptables as lines of iptables-save."""

    def __init__(self, host: Host, family: str) -> None:
        self.host, self.family = host, "ip6" if family == "6" else "ip"
        self.lines: list[str] = []
        self.untold: tuple[Effect, Act] | None = None

    def take(self, effect: Effect, act: Act) -> None:
        if effect.what == REMOVES:
            self._flush(effect.name)
            return
        source = _text(self.host, effect)
        if source is None:
            self.untold = (effect, act)
        elif not effect.name and effect.value is not None and effect.what == SETS and not source.startswith(("*", "#")):
            self._set(source)
        else:
            lines = tuple(_filter_lines(source))
            if lines and effect.what == LOADS:
                self.lines, self.untold = [], None
            self.lines += lines

    def _set(self, line: str) -> None:
        if line.startswith("-D "):
            added = [place for place, one in enumerate(self.lines) if one[3:] == line[3:] and one[:2] in ("-A", "-I")]
            if added:
                del self.lines[added[0]]
        else:
            self.lines.append(line.replace("-R ", "-A ", 1) if line.startswith("-R ") else line)

    def _flush(self, chain: str) -> None:
        """Take rules away; policies stay (iptables(8), ``-F``)."""
        gone = [f"-{verb} {chain} ".rstrip(" ") for verb in "AI"]
        self.lines = [line for line in self.lines if not line.startswith(tuple(gone)) or chain == ANY]

    def why(self) -> str | None:
        source = "\n".join(("*filter", *self.lines, "COMMIT", ""))
        return next((why for table in parse_saved(source, self.family, "") if (why := table.blocks())), None)


def _filter_lines(source: str) -> Iterator[str]:
    """The lines of the table ``filter``."""
    inside = False
    for raw in source.split("\n"):
        line = raw.strip(" \t\r")
        if line.startswith("*"):
            inside = line == "*filter"
        elif inside and line and not line.startswith("#") and line != "COMMIT":
            yield line


def _text(host: Host, effect: Effect) -> str | None:
    """The rules of an effect: "" where their file is not there, None where nobody can tell."""
    if not effect.name:
        return effect.value
    if not effect.name.startswith("/") or effect.name.startswith(_MADE_ANEW):
        return None
    try:
        return text(host, effect.name, MOST_BYTES)
    except Absent:
        return ""
    except FactError:
        return None  # the unit or the command that loads it is told, and what it is nobody knows
