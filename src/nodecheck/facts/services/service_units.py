"""What the unit files of services say: how they are enabled, and what keeps them from starting (systemd.service(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodecheck.errors import Absent, FactError
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.surroundings import NextBoot, Surroundings
from nodecheck.facts.services.unit_files import Unit, load_unit
from nodecheck.facts.services.unit_settings import Refusal, loaded
from nodecheck.facts.services.units import UnitIndex
from nodecheck.facts.services.well_known import WELL_KNOWN
from nodecheck.host import Host, exists
from nodecheck.model.sources import Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_conditions import Condition
    from nodecheck.facts.services.unit_needs import Lack

_ELAPSING = ("OnBootSec", "OnStartupSec", "OnActiveSec")
"""Settings of a timer that elapse after every boot; the others wait for a date, or for what was started before
(systemd.timer(5))."""

DATES = "OnCalendar"

REQUIRED_SINCE = 254
"""From this systemd on ``Requires=`` on a unit that cannot be had keeps a service from a boot as ``BindsTo=`` does."""


CONDITION, SETTING, NEED, SOCKET, PROGRAM = "condition", "setting", "need", "socket", "program"
"""What an obstacle is about: ``program`` is all that a service fails without as soon as it is started."""


class Obstacle(NamedTuple):
    """Why a service that is pulled in will not start."""

    message: str
    source: str
    text: str | None
    line: int | None = None
    mend: str = ""
    """What a person can do about it."""
    argv: tuple[str, ...] = ()
    """The command that does it, where one does."""
    kind: str = ""
    """``condition``, ``setting``, ``need``, ``socket`` or ``program``."""
    by_cmdline: bool = False
    """The kernel's command line has the say, which no file mends."""

    @property
    def fails(self) -> bool:
        """Whether systemd starts the service and that fails at once, rather than not starting it at all."""
        return self.kind in (SOCKET, PROGRAM)


class ServiceUnit(NamedTuple):
    """The text of a service's unit, as far as it matters to the next boot; of a masked one what the mask covers."""

    name: str
    fragment: str
    installs_into: tuple[str, ...] = ()
    """The units of ``WantedBy=``, ``RequiredBy=`` and ``UpheldBy=``: what ``systemctl enable`` makes links for."""
    obstacle: Obstacle | None = None
    conflicts: tuple[str, ...] = ()
    """The units of ``Conflicts=``: a start of this one takes theirs out of the same boot."""
    elapses: tuple[tuple[str, str, int], ...] = ()
    """The settings by which a timer elapses after every boot: file, text and line."""
    dates: tuple[tuple[str, str, int], ...] = ()
    """The dates for which a timer waits (``OnCalendar=``), in the same form."""
    doubt: Obstacle | None = None
    """What may keep it from starting, or have it fail, and cannot be told from files; only where there is no
    obstacle."""
    requisites: tuple[str, ...] = ()
    """The units of ``Requisite=`` after which it comes: where one of them is not started, it is not either."""
    early: bool = False
    """It has no default dependencies: it may start before the file systems are mounted."""


Texts = Mapping[str, "ServiceUnit | FactError"]


class KnownServices(NamedTuple):
    """The services of a node that are well known."""

    units: Texts

    @classmethod
    def reads(cls) -> Sources:
        return (*map(UnitText, WELL_KNOWN), *condition_sources())

    @classmethod
    def read(cls, host: Host, facts: NextBoot) -> KnownServices:
        """Read the unit files of those that are there. What cannot be read is kept with its unit."""
        around = facts.on(host)
        return cls(_texts(around, (name for name in WELL_KNOWN if around.units.exists(name))))


class OtherServices(NamedTuple):
    """All services of a node."""

    units: Texts

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*.service"), *condition_sources())

    @classmethod
    def read(cls, host: Host, facts: NextBoot) -> OtherServices:
        """Read every service's unit file. What cannot be read is kept with its unit."""
        around = facts.on(host)
        return cls(_texts(around, (name for name in around.units.files if name.endswith(".service"))))


def condition_sources() -> Sources:
    """What tells whether a service will start."""
    from nodecheck.facts.services.boot_mounts import mount_sources
    from nodecheck.facts.services.condition_tests import condition_files
    from nodecheck.facts.services.unit_needs import need_sources

    named = ("Condition…= and Assert…= of these units", "ExecStart= and the like of these units")
    return (*map(Named, named), Exists("/etc/init.d/*"), *condition_files(), *need_sources(), *mount_sources())


def _needs(init: InitSystem) -> tuple[str, ...]:
    """Up to 253 a unit that is only required and cannot be had is passed over when a boot pulls its service in
    (systemd/systemd#11338, mended by #27852 in 254; ``systemctl start`` refused before too)."""
    return ("BindsTo", "Requires") if init.at_least(REQUIRED_SINCE) else ("BindsTo",)


def _texts(around: Surroundings, names: Iterable[str]) -> Texts:
    index = around.units
    found: dict[str, ServiceUnit | FactError] = {}
    for name in names:
        name = index.resolve(name)
        if name not in found:
            try:
                unit = _unit(around, name)
            except FactError as error:
                found[name] = error
            else:
                if unit is not None:
                    found[name] = unit
    return found


def unit_at_boot(around: Surroundings, name: str) -> ServiceUnit | None:
    """The text of one unit, of whatever kind, as the next boot has it; None where there is none.

    Raises what the host raises for a file that is there and cannot be read.
    """
    return _unit(around, around.units.resolve(name))


def _unit(around: Surroundings, name: str) -> ServiceUnit | None:
    beneath = around.units.beneath_mask(name)
    fragment = beneath.fragment(name)
    if fragment is None:
        return None
    try:
        unit = load_unit(around.host, beneath, name)
    except Absent:
        return None  # a dangling link is no unit
    return None if unit is None else _service(around, unit, fragment)


def _service(around: Surroundings, unit: Unit, fragment: str) -> ServiceUnit:
    unit, refusal = loaded(around.init, unit)
    into = _names(unit, "Install", "WantedBy", "RequiredBy", "UpheldBy")
    conflicts = _names(unit, "Unit", "Conflicts")
    obstacle, doubt = _obstacle(around, unit) if refusal is None else (_of_refusal(unit, refusal), None)
    early = (unit.last("Unit", "DefaultDependencies") or "yes").lower() in ("0", "no", "n", "false", "f", "off")
    elapses = tuple(_elapsing(around, unit))
    after = _names(unit, "Unit", "After")
    requisites = tuple([name for name in _names(unit, "Unit", "Requisite") if name in after and "%" not in name])
    timer = unit.name.endswith(".timer")
    dates = [(path, f"{DATES}={value}", line) for value, path, line in unit.values("Timer", DATES)] if timer else ()
    return ServiceUnit(unit.name, fragment, into, obstacle, conflicts, elapses, tuple(dates), doubt, requisites, early)


def _elapsing(around: Surroundings, unit: Unit) -> Iterator[tuple[str, str, int]]:
    """Settings of a timer by which every boot starts its service; others wait for a date.

    Of a path those that hold as soon as it is watched.
    """
    from nodecheck.facts.services.unit_conditions import WATCHED, watched_holds

    for key in _ELAPSING if unit.name.endswith(".timer") else ():
        for value, path, line in unit.values("Timer", key):
            yield path, f"{key}={value}", line
    for key in WATCHED if unit.name.endswith(".path") else ():
        for value, path, line in unit.values("Path", key):
            if watched_holds(around, key, value):
                yield path, f"{key}={value}", line


def _names(unit: Unit, section: str, *keys: str) -> tuple[str, ...]:
    return tuple(
        name
        for key in keys
        for value, _, _ in unit.values(section, key)
        for name in value.replace("\t", " ").split(" ")
        if name
    )


def _obstacle(around: Surroundings, unit: Unit) -> tuple[Obstacle | None, Obstacle | None]:
    """What keeps a unit from starting, and what may do so and cannot be told: one of the two at most."""
    from nodecheck.facts.services.unit_conditions import conditions_hold

    found = conditions_hold(around, unit)
    if found.unmet is not None:
        return _of_condition(found.unmet, f"{found.unmet.text} does not hold"), None
    first = (
        _lost_need(around, unit)
        or _unmet_need(around, unit)
        or _lost_mount(around, unit)
        or _masked_socket(around.units, unit)
    )
    if first is not None:
        return first, None
    doubt = found.undecided
    lacking = _lacking(around, unit)
    if lacking is not None and lacking.certain:
        return _of_lack(lacking), None
    if doubt is not None:
        return None, _of_condition(doubt, f"whether {doubt.text} will hold cannot be told: {_needed(doubt)}")
    return None, None if lacking is None else _of_lack(lacking)


def _of_refusal(unit: Unit, found: Refusal) -> Obstacle:
    mend = f"Mend {found.path}: systemd-analyze verify {unit.name} says what is wrong"
    return Obstacle(found.message, found.path, found.text, found.line, mend, kind=SETTING)


def _of_condition(found: Condition, message: str) -> Obstacle:
    return Obstacle(message, found.path, found.text, found.line, f"Make {found.text} hold", kind=CONDITION)


def _needed(doubt: Condition) -> str:
    from nodecheck.facts.services.unit_conditions import LACKS

    return LACKS.get(doubt.key, "only the next boot tells")


def _lacking(around: Surroundings, unit: Unit) -> Lack | None:
    """What a service fails without as soon as it is started."""
    if not unit.name.endswith(".service"):
        return None
    from nodecheck.facts.services.unit_needs import lack

    return lack(around, unit)


def _of_lack(found: Lack) -> Obstacle:
    return Obstacle(found.message, found.path, found.text, found.line, found.mend, kind=PROGRAM)


def _lost_need(around: Surroundings, unit: Unit) -> Obstacle | None:
    """A unit that it is bound to, or requires, and that is masked or not there."""
    for key in _needs(around.init):
        told = "is bound to" if key == "BindsTo" else "requires"
        for value, path, line in unit.values("Unit", key):
            for name in filter(None, value.split(" ")):
                if (masked := _masked_need(around, name, f"it {told} {name}, which is masked")) is not None:
                    return masked
                if _is_missing(around, name):
                    text = f"it {told} {name}, which is not there"
                    return Obstacle(text, path, f"{key}={value}", line, f"Install {name}", kind=NEED)
    return None


def _unmet_need(around: Surroundings, unit: Unit) -> Obstacle | None:
    """A unit after which it comes, that it is bound to, or that is a requisite, and whose conditions do not hold.

    Such a unit stays inactive, and systemd.unit(5) wants it active for both; ``Requires=`` alone does not.
    """
    from nodecheck.facts.services.unit_conditions import conditions_hold

    after = _names(unit, "Unit", "After")
    for key in ("BindsTo", "Requisite"):
        for value, path, line in unit.values("Unit", key):
            for name in filter(None, value.split(" ")):
                needed = load_unit(around.host, around.units, name) if name in after and "%" not in name else None
                unmet = None if needed is None else conditions_hold(around, needed).unmet
                if unmet is not None:
                    text = f"{key}={name}, and that does not start: {unmet.text} does not hold"
                    return Obstacle(text, path, f"{key}={value}", line, f"Make {unmet.text} hold", kind=CONDITION)
    return None


def _lost_mount(around: Surroundings, unit: Unit) -> Obstacle | None:
    """A file system that it needs below a path, and whose device is not there."""
    for key, section in (("RequiresMountsFor", "Unit"), ("WorkingDirectory", "Service"), ("RootDirectory", "Service")):
        for value, path, line in unit.values(section, key) if around.host.running else ():
            from nodecheck.facts.services.boot_mounts import lost_mount_unit, lost_mounts, mount_of_path

            lost = lost_mounts(around)
            for name in filter(None, value.lstrip("-").split(" ")):
                if (found := mount_of_path(lost, name) or lost_mount_unit(around, name)) is not None:
                    text = f"it needs {found.path}, whose device {found.device} is not there"
                    return Obstacle(text, path, f"{key}={value}", line, f"Bring back {found.device}", kind=NEED)
    return None


def _masked_need(around: Surroundings, name: str, text: str) -> Obstacle | None:
    """What masks a unit that another one needs: a file, or the command line."""
    index = around.units
    mask = index.mask(name)
    if mask is not None:
        argv = ("systemctl", "unmask", name) if len(index.files.get(name, ())) > 1 else ()
        return Obstacle(text, mask, "masked", None, f"Remove {mask} and install {name}", argv, NEED)
    word = around.words.masks(index.resolve(name)) or around.words.masks(name) if around.words is not None else None
    if around.words is None or word is None:
        return None
    mend = f"Remove {word} from the boot loader's configuration (EL: grubby --remove-args)"
    return Obstacle(
        text, around.words.source or "command line", word, around.words.line, mend, (), NEED, by_cmdline=True
    )


def _is_missing(around: Surroundings, name: str) -> bool:
    """Whether there is no such unit, and no System V script of which a generator makes one."""
    stem, _, kind = name.rpartition(".")
    if (
        not around.units.complete
        or kind not in ("service", "socket", "target")
        or "%" in name
        or around.units.exists(name)
    ):
        return False
    return kind != "service" or not exists(around.host, f"/etc/init.d/{stem}")


def _masked_socket(index: UnitIndex, unit: Unit) -> Obstacle | None:
    """A program that takes its socket from systemd (``dockerd -H fd://``) and gets none."""
    socket = f"{unit.name.rpartition('.')[0]}.socket"
    mask = index.mask(socket)
    for value, _, _ in unit.values("Service", "ExecStart") if mask is not None else ():
        if "fd://" in value.replace("=", " ").split(" "):
            argv = ("systemctl", "unmask", socket)
            text = f"its program takes the socket of {socket}, which is masked"
            return Obstacle(text, mask or "", "masked", argv=argv, kind=SOCKET)
    return None
