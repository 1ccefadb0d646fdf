"""What the unit files of services say: how they are enabled, and what keeps them from starting (systemd.service(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodecheck.errors import Absent, FactError
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.service_programs import program_of
from nodecheck.facts.services.unit_conditions import unmet
from nodecheck.facts.services.unit_files import Unit, load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, Named, Sources, UnitText
from nodecheck.record import NamedTuple

TIME_SERVICES = (
    "chronyd.service", "chrony.service", "ntpd.service", "ntp.service", "ntpsec.service", "openntpd.service",
    "ntpd-rs.service", "systemd-timesyncd.service",
)  # fmt: skip
"""Units of time services, the one that runs where there are several first: the others' packages turn timesyncd off."""

AGENTS = (
    "k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service", "k0scontroller.service",
    "k0sworker.service", "snap.microk8s.daemon-kubelite.service",
)  # fmt: skip
"""Units that hold a kubelet, and but for MicroK8s's the runtime too."""

RUNTIMES = ("containerd.service", "crio.service", "docker.service")

WELL_KNOWN = (
    *RUNTIMES, "cri-docker.service", "kubelet.service", "snap.kubelet.daemon.service", *AGENTS,
    "snap.microk8s.daemon-containerd.service", *TIME_SERVICES,
)  # fmt: skip
"""The units that a node's fitness is about as a rule: only their texts are read then."""

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where systemd looks for a program without a path."""

_SHELLS = ("/bin/sh", "/usr/bin/sh")
"""Where there is neither, the root holds no programs at all."""


_ELAPSING = ("OnBootSec", "OnStartupSec", "OnActiveSec")
"""Settings of a timer that elapse after every boot; the others wait for a date, or for what was started before
(systemd.timer(5))."""

REQUIRED_SINCE = 254
"""From this systemd on ``Requires=`` on a unit that cannot be had keeps a service from a boot as ``BindsTo=`` does."""


CONDITION, NEED, SOCKET, PROGRAM = "condition", "need", "socket", "program"
"""What an obstacle is about."""


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
    """``condition``, ``need``, ``socket`` or ``program``."""
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


Texts = Mapping[str, "ServiceUnit | FactError"]


class KnownServices(NamedTuple):
    """The services of a node that are well known."""

    units: Texts

    @classmethod
    def reads(cls) -> Sources:
        return (*map(UnitText, WELL_KNOWN), *condition_sources())

    @classmethod
    def read(cls, host: Host, init: InitSystem, index: UnitIndex, cmdline: Lazy[BootCmdline]) -> KnownServices:
        """Read the unit files of those that are there. What cannot be read is kept with its unit."""
        index = index.persistent()
        names = (name for name in WELL_KNOWN if index.exists(name))
        return cls(_texts(_Boot(host, index, cmdline, _needs(init)), names))


class OtherServices(NamedTuple):
    """All services of a node."""

    units: Texts

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*.service"), *condition_sources())

    @classmethod
    def read(cls, host: Host, init: InitSystem, index: UnitIndex, cmdline: Lazy[BootCmdline]) -> OtherServices:
        """Read every service's unit file. What cannot be read is kept with its unit."""
        index = index.persistent()
        names = (name for name in index.files if name.endswith(".service"))
        return cls(_texts(_Boot(host, index, cmdline, _needs(init)), names))


def condition_sources() -> Sources:
    """What tells whether a service will start."""
    named = ("Condition…= and Assert…= of these units", "ExecStart= and the like of these units")
    return (*map(Named, named), *map(Exists, _SHELLS), Exists("/etc/init.d/*"))


class _Boot(NamedTuple):
    """What the next boot has of units."""

    host: Host
    units: UnitIndex
    cmdline: Lazy[BootCmdline]
    needs: tuple[str, ...]
    """The keys of units without which a service is not started."""
    words: BootUnits | None = None
    """What the command line says of units; None where it is not asked."""


def _needs(init: InitSystem) -> tuple[str, ...]:
    """Up to 253 a unit that is only required and cannot be had is passed over when a boot pulls its service in
    (systemd/systemd#11338, mended by #27852 in 254; ``systemctl start`` refused before too)."""
    return ("BindsTo", "Requires") if init.at_least(REQUIRED_SINCE) else ("BindsTo",)


def _texts(boot: _Boot, names: Iterable[str]) -> Texts:
    index = boot.units
    found: dict[str, ServiceUnit | FactError] = {}
    for name in names:
        name = index.resolve(name)
        if name not in found:
            try:
                unit = _unit(boot, name)
            except FactError as error:
                found[name] = error
            else:
                if unit is not None:
                    found[name] = unit
    return found


def unit_at_boot(
    host: Host, init: InitSystem, index: UnitIndex, cmdline: Lazy[BootCmdline], words: BootUnits, name: str
) -> ServiceUnit | None:
    """The text of one unit, of whatever kind, as the next boot has it; None where there is none.

    Raises what the host raises for a file that is there and cannot be read.
    """
    return _unit(_Boot(host, index, cmdline, _needs(init), words), index.resolve(name))


def _unit(boot: _Boot, name: str) -> ServiceUnit | None:
    beneath = boot.units.beneath_mask(name)
    fragment = beneath.fragment(name)
    if fragment is None:
        return None
    try:
        unit = load_unit(boot.host, beneath, name)
    except Absent:
        return None  # a dangling link is no unit
    return None if unit is None else _service(boot, unit, fragment)


def _service(boot: _Boot, unit: Unit, fragment: str) -> ServiceUnit:
    into = _names(unit, "Install", "WantedBy", "RequiredBy", "UpheldBy")
    conflicts = _names(unit, "Unit", "Conflicts")
    return ServiceUnit(unit.name, fragment, into, _obstacle(boot, unit), conflicts, tuple(_elapsing(unit)))


def _elapsing(unit: Unit) -> Iterator[tuple[str, str, int]]:
    """Settings of a timer by which every boot starts its service; others wait for a date."""
    for key in _ELAPSING if unit.name.endswith(".timer") else ():
        for value, path, line in unit.values("Timer", key):
            yield path, f"{key}={value}", line


def _names(unit: Unit, section: str, *keys: str) -> tuple[str, ...]:
    return tuple(
        name
        for key in keys
        for value, _, _ in unit.values(section, key)
        for name in value.replace("\t", " ").split(" ")
        if name
    )


def _obstacle(boot: _Boot, unit: Unit) -> Obstacle | None:
    condition = unmet(boot.host, unit, lambda: boot.cmdline().words)
    if condition is not None:
        message = f"{condition.text} does not hold"
        mend = f"Make {condition.text} hold"
        return Obstacle(message, condition.path, condition.text, condition.line, mend, kind=CONDITION)
    index = boot.units
    return _lost_need(boot, unit) or _masked_socket(index, unit) or _missing_program(boot.host, unit)


def _lost_need(boot: _Boot, unit: Unit) -> Obstacle | None:
    """A unit that it is bound to, or requires, and that is masked or not there."""
    for key in boot.needs:
        told = "is bound to" if key == "BindsTo" else "requires"
        for value, path, line in unit.values("Unit", key):
            for name in filter(None, value.split(" ")):
                if (masked := _masked_need(boot, name, f"it {told} {name}, which is masked")) is not None:
                    return masked
                if _is_missing(boot, name):
                    text = f"it {told} {name}, which is not there"
                    return Obstacle(text, path, f"{key}={value}", line, f"Install {name}", kind=NEED)
    return None


def _masked_need(boot: _Boot, name: str, text: str) -> Obstacle | None:
    """What masks a unit that another one needs: a file, or the command line."""
    index = boot.units
    mask = index.mask(name)
    if mask is not None:
        argv = ("systemctl", "unmask", name) if len(index.files.get(name, ())) > 1 else ()
        return Obstacle(text, mask, "masked", None, f"Remove {mask} and install {name}", argv, NEED)
    word = boot.words.masks(index.resolve(name)) or boot.words.masks(name) if boot.words is not None else None
    if boot.words is None or word is None:
        return None
    mend = f"Remove {word} from the boot loader's configuration (EL: grubby --remove-args)"
    return Obstacle(text, boot.words.source or "command line", word, boot.words.line, mend, (), NEED, by_cmdline=True)


def _is_missing(boot: _Boot, name: str) -> bool:
    """Whether there is no such unit, and no System V script of which a generator makes one."""
    stem, _, kind = name.rpartition(".")
    if not boot.units.complete or kind not in ("service", "socket", "target") or "%" in name or boot.units.exists(name):
        return False
    return kind != "service" or not exists(boot.host, f"/etc/init.d/{stem}")


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


def _missing_program(host: Host, unit: Unit) -> Obstacle | None:
    """A program that the unit starts and that is not there, where the host has programs at all (a live node, an image,
    but not the files that came with a support case)."""
    for key in ("ExecCondition", "ExecStartPre", "ExecStart"):
        for value, path, line in unit.values("Service", key):
            program = program_of(value)
            prefix = value.lstrip(" \t").partition(program)[0] if program else ""
            if not program or "-" in prefix or "%" in program or "$" in program:
                continue
            if unit.last("Service", "RootDirectory") or unit.last("Service", "RootImage"):
                return None
            wrong = _wrong(host, program)
            if wrong is not None and any(exists(host, shell) for shell in _SHELLS):
                mend = f"Install what brings {program}"
                return Obstacle(f"{program} {wrong}", path, f"{key}={value}", line, mend, kind=PROGRAM)
    return None


def _wrong(host: Host, program: str) -> str | None:
    """What is wrong with a program; None where it can be executed."""
    for path in _places(program):
        try:
            info = host.stat(path)
        except Absent:
            continue
        return None if info.kind == "file" and info.executable else "cannot be executed"
    return "is not there"


def _places(program: str) -> Iterator[str]:
    return iter((program,)) if program.startswith("/") else (f"{folder}/{program}" for folder in _PATH)
