"""Native ``.swap`` units (systemd.swap(5)), and services that make swap of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.facts.acts.at_boot import BootActs
from nodecheck.facts.acts.model import ANY, BOOT, OFF, ON, SWAP, Act
from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.facts.files.fstab import Fstab
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.unit_names import device_node, path_of_unit, unit_of_path
from nodecheck.facts.services.unit_start import KEEPING, MASK
from nodecheck.facts.services.units import UnitIndex
from nodecheck.formats.shell_settings import Assigned, shell_assignments
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text, text_or_none, texts
from nodecheck.model.evidence import Evidence, seen
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Dir, Each, Exists, File, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.acts.programs import SwapProgramActs
    from nodecheck.facts.services.unit_pulls import Pulls

MOST_UNITS = 256
"""More swap units than this are not judged."""


class SwapUnit(NamedTuple):
    """A ``.swap`` unit that lies on disk."""

    name: str
    what: str
    """The device or file."""
    fragment: str
    """Its unit file."""
    line: int | None
    """The line of ``What=``."""
    pulled: tuple[tuple[str, str], ...]
    """What names it in a ``.wants`` or ``.requires`` directory: unit and path of the link."""
    error: FactError | None = None
    """Why its unit file cannot be read."""


class SwapUnits(NamedTuple):
    """The ``.swap`` units that systemd would load. What generators make in ``/run`` is not among them."""

    units: tuple[SwapUnit, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*.swap"), Each(UnitIndex, "links", (Exists("{}/*.swap"),)))

    @classmethod
    def read(cls, host: Host, index: UnitIndex, init: InitSystem, pulls: Lazy[SwapPulls]) -> SwapUnits:
        """Read the unit files."""
        if not init.is_systemd:
            return cls()
        boot = index.persistent()
        names = dict.fromkeys(name for name in boot.files if name.endswith(".swap") and boot.resolve(name) == name)
        if len(names) > MOST_UNITS:
            raise TooLarge("/etc/systemd/system", f"has more than {MOST_UNITS} swap units")
        found = [_unit(host, boot, name, init) for name in names]
        if any(unit is not None and not unit.pulled for unit in found):
            named = pulls().by_name
            found = [unit and unit._replace(pulled=(*unit.pulled, *named.get(unit.name, ()))) for unit in found]
        elsewhere = () if boot.complete else tuple(_elsewhere(host, boot))
        return cls(tuple(unit for unit in (*found, *elsewhere) if unit is not None))


def _elsewhere(host: Host, index: UnitIndex) -> Iterator[SwapUnit]:
    """Units that a link pulls in and whose file, by the link, lies in a part of the system that is not here."""
    names = {link for paths in index.dirs.values() for path in paths for link in index.links[path]}
    for name in sorted(name for name in names if name.endswith(".swap") and not index.exists(name)):
        for owner, link in index.pulls(name):
            if (host.link(link) or "").startswith(("/usr/", "/lib/")):
                yield SwapUnit(name, path_of_unit(name) or name, link, None, ((owner, link),))


def _unit(host: Host, index: UnitIndex, name: str, init: InitSystem) -> SwapUnit | None:
    fragment = index.fragment(name)
    if fragment is None:
        return None
    pulled = index.pulls(name)
    try:
        unit = load_unit(host, index, name)
    except Absent:
        return None  # a dangling link is no unit
    except FactError as error:
        return SwapUnit(name, path_of_unit(name) or name, fragment, None, pulled, error)
    settings = unit.values("Swap", "What") if unit is not None else ()
    what, path, line = settings[-1] if settings else (path_of_unit(name) or "", fragment, None)
    node = device_node(what) if init.at_least(256) else what
    if unit_of_path(node.replace("%%", "%"), ".swap") not in index.names_of(name):
        return None  # "Value of What= and unit name do not match, not loading" (src/core/swap.c)
    return SwapUnit(name, what, path, line, pulled)


class SwapService(NamedTuple):
    """A service that turns swap on when it starts."""

    name: str
    what: str
    source: str
    """What pulls it in at boot: a link, or a configuration file where nothing else is known of the node."""
    doubt: FactError | None = None
    """Why nobody can tell whether it starts."""


_ZRAM = (
    ("zramswap", "/etc/default/zramswap"),
    ("zram-config", None),
    ("zram-swap", None),
    ("zram_swap", None),
    ("zram", None),
    ("zramd", "/etc/default/zramd"),
    ("zram-swap-config", None),
    ("nvzramconfig", None),
    ("armbian-zram-config", None),
    ("systemd-swap", None),
)
"""Services that make swap of zram: Debian's zram-tools, Ubuntu's zram-config, Fedora's zram, Jetson's, Armbian's …"""

ARMBIAN, ARMBIAN_CONFIG = "armbian-zram-config", "/etc/default/armbian-zram-config"
SYSTEMD_SWAP, SYSTEMD_SWAP_CONFIG = "systemd-swap", "/etc/systemd/swap.conf"

DPHYS = "dphys-swapfile"
DPHYS_CONFIG = "/etc/dphys-swapfile"
_SERVICES = (*_ZRAM, (DPHYS, DPHYS_CONFIG))

_INIT_SCRIPTS = "/etc/init.d"
_RC_DIRS = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d", "/etc/rcS.d")
_RUNLEVELS = ("sysinit", "boot", "default")
"""OpenRC's."""


class SwapServices(NamedTuple):
    """The services that turn swap on at the next boot."""

    services: tuple[SwapService, ...] = ()
    kept: tuple[Evidence, ...] = ()
    """What keeps services from starting that are enabled."""

    @classmethod
    def reads(cls) -> Sources:
        levels = [f"/etc/runlevels/{level}" for level in _RUNLEVELS]
        configs = [config for _, config in _ZRAM if config is not None]
        return (
            *map(Dir, (_INIT_SCRIPTS, "/etc/init", *_RC_DIRS, *levels)),
            *map(Exists, configs),
            *map(File, (DPHYS_CONFIG, ARMBIAN_CONFIG, SYSTEMD_SWAP_CONFIG)),
            *conf_sources((f"{SYSTEMD_SWAP_CONFIG}.d",), "*.conf"),
        )

    @classmethod
    def read(cls, host: Host, starts: BootStarts) -> SwapServices:
        """Look for the services, and for what starts them."""
        found = []
        kept: list[Evidence] = []
        for name, config in (*_ZRAM, (DPHYS, DPHYS_CONFIG)):
            service = _service(host, starts, name, config)
            if service is not None:
                found.append(service)
            elif starts.init.is_systemd and starts.index.exists(f"{name}.service"):
                stop = starts.of(f"{name}.service").stop(*KEEPING)
                kept.extend(stop.evidence if stop is not None else ())
        found.extend(_instances(starts))
        services: list[SwapService | None] = []
        for service in found:
            told = _told_off(host, service.name)
            kept.extend(told)
            services += () if told else (_dphys(host, service) if service.name == DPHYS else service,)
        return cls(tuple(service for service in services if service is not None), tuple(kept))


def _told_off(host: Host, name: str) -> tuple[Evidence, ...]:
    """What in its own file tells a service to make no swap; nothing where it makes some, or that is not known."""
    if name == ARMBIAN:
        return _armbian_off(shell_assignments(text_or_none(host, ARMBIAN_CONFIG) or ""))
    if name == SYSTEMD_SWAP:
        return _systemd_swap_off(host)
    return ()


def _armbian_off(settings: Mapping[str, Assigned]) -> tuple[Evidence, ...]:
    """Armbian's script ends unless ENABLED is ``true``, and makes no swap where SWAP is ``false`` (armbian/build)."""
    enabled, swap = settings.get("ENABLED"), settings.get("SWAP")
    if enabled is None or enabled.value != "true":
        return (seen(ARMBIAN_CONFIG, enabled and enabled.text, line=enabled and enabled.line),)
    return (seen(ARMBIAN_CONFIG, swap.text, line=swap.line),) if swap is not None and swap.value == "false" else ()


def _systemd_swap_off(host: Host) -> tuple[Evidence, ...]:
    """systemd-swap makes swap by what is switched on; what is not set is on or off by its release."""
    paths = [SYSTEMD_SWAP_CONFIG, *[file.path for file in conf_files(host, (f"{SYSTEMD_SWAP_CONFIG}.d",))]]
    found = {
        name: (path, told) for path, source in texts(host, paths) for name, told in shell_assignments(source).items()
    }
    switches = [found.get(name) for name in ("zram_enabled", "swapfc_enabled", "swapd_auto_swapon")]
    universal = found.get("swapfu_enabled")
    on = [switch for switch in (*switches, universal) if switch is not None and switch[1].value not in ("0", "")]
    if on or None in switches:
        return ()
    return tuple([seen(switch[0], switch[1].text, line=switch[1].line) for switch in switches if switch is not None])


def _service(host: Host, starts: BootStarts, name: str, config: str | None) -> SwapService | None:
    init, index = starts.init, starts.index
    if init.is_systemd:
        start = starts.of(f"{name}.service")
        if start.acts and start.pull is not None:
            return SwapService(name, "/dev/zram0", start.pull.source, start.error)
        if start.stop(MASK, *KEEPING) is not None or index.exists(f"{name}.service") or init.present:
            return None
    if init.name == "upstart" and exists(host, f"/etc/init/{name}.conf"):
        return SwapService(name, "/dev/zram0", f"/etc/init/{name}.conf")
    link = _sysv_link(host, name)
    if link is not None:
        return SwapService(name, "/dev/zram0", link)
    if config is not None and not _shows_services(host, index) and exists(host, config):
        return SwapService(name, "/dev/zram0", config)
    return None


def _shows_services(host: Host, index: UnitIndex) -> bool:
    """Whether this root shows which services are enabled."""
    return bool(index.complete or index.dirs.get("multi-user.target.wants")) or exists(host, _INIT_SCRIPTS)


def _sysv_link(host: Host, name: str) -> str | None:
    """The start link of an init script, or OpenRC's, where no systemd is here."""
    if exists(host, f"{_INIT_SCRIPTS}/{name}"):
        for folder in _RC_DIRS:
            for link in names_in(host, folder):
                if link[:1] == "S" and link[1:3].isdigit() and link[3:] == name:
                    return f"{folder}/{link}"
        for level in _RUNLEVELS:
            if host.link(f"/etc/runlevels/{level}/{name}") is not None:
                return f"/etc/runlevels/{level}/{name}"
    return None


def _instances(starts: BootStarts) -> Iterator[SwapService]:
    """Instances of ``swap-create@.service`` (zram-generator before 1.0) that a link pulls in."""
    if starts.init.is_systemd:
        boot = starts.index
        links = {link for paths in boot.dirs.values() for path in paths for link in boot.links[path]}
        for link in sorted(links):
            if link.startswith("swap-create@") and link.endswith(".service"):
                start = starts.of(link)
                if start.acts and start.pull is not None:
                    instance = link[len("swap-create@") : -len(".service")]
                    yield SwapService(link.removesuffix(".service"), f"/dev/{instance}", start.pull.source, start.error)


def _dphys(host: Host, service: SwapService) -> SwapService | None:
    """dphys-swapfile with its file; None where its configuration asks for a size of 0, with which swapon fails."""
    try:
        settings = shell_assignments(text(host, DPHYS_CONFIG))
    except Absent:
        settings = {}
    size, path = settings.get("CONF_SWAPSIZE"), settings.get("CONF_SWAPFILE")
    if size is not None and size.value == "0":
        return None
    return service._replace(what=(path.value if path is not None else "") or "/var/swap")


class SwapPulls(NamedTuple):
    """``Wants=``, ``Requires=`` and the like on ``.swap`` units in unit files and drop-ins on disk."""

    by_name: Pulls

    @classmethod
    def reads(cls) -> Sources:
        return (UnitText("*"),)

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> SwapPulls:
        """Read the text of every unit file that counts, and every drop-in."""
        from nodecheck.facts.services.unit_pulls import pulled_by_text

        return cls(pulled_by_text(host, index.persistent(), ".swap"))


class Swapon(NamedTuple):
    """One area that the boot turns on or off."""

    what: str
    """The area; "" for every one that is on, where it is turned off."""
    source: str
    line: int | None
    text: str
    doubt: FactError | None = None
    """Why nobody can tell whether it is run."""


class SwapCommands(NamedTuple):
    """What acts at boot and turns swap on or off: commands, and programs with a configuration of their own."""

    areas: tuple[Swapon, ...] = ()
    offs: tuple[Swapon, ...] = ()
    """What turns areas off again once all is on that ``swap.target`` waits for; those in doubt too."""
    kept: tuple[Evidence, ...] = ()
    """What keeps commands from being run that would turn swap on."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, acts: BootActs, fstab: Fstab, programs: Lazy[SwapProgramActs]) -> SwapCommands:
        """``swapon -a`` stands for the lines of fstab. The services of :class:`SwapServices` are left to that, and the
        programs of :class:`SwapProgramActs` too."""
        known = frozenset([f"{name}.service" for name, _ in _SERVICES])
        found = [(effect, act) for effect, act in acts.of(SWAP, but=known) if act.actor not in known]
        lines = tuple(entry.spec for entry in fstab.swaps if "noauto" not in entry.options.split(","))
        on = [(effect, act) for effect, act in found if effect.what == ON]
        others = programs().acts if on else ()
        ons = [(effect, act) for effect, act in on if act.may_run and act not in others]
        offs = [(effect, act) for effect, act in found if effect.what == OFF and act.may_run and act.place >= BOOT]
        areas = [
            _by_act(name, act)
            for effect, act in ons
            if not any(
                other.runs and other.unsure is None and not off.name and other.place > act.place for off, other in offs
            )
            for name in (lines if not effect.name else (effect.name,))
        ]
        kept = [item for _, act in on if not act.may_run and act not in others for item in act.stops]
        named = tuple(_by_act(effect.name, act)._replace(doubt=act.unsure) for effect, act in offs)
        return cls(tuple(dict.fromkeys(areas)), named, tuple(dict.fromkeys(kept)))

    def off(self, *specs: str) -> Swapon | None:
        """What turns an area off, by one of its spellings: rather what is shown to be run than what may be."""
        found = [one for one in self.offs if not one.what or one.what in specs]
        return next((one for one in found if one.doubt is None), found[0] if found else None)


def _by_act(name: str, act: Act) -> Swapon:
    return Swapon(act.source if name == ANY else name, act.source, act.line, act.text, act.doubt)
