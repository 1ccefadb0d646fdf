"""What the files of ufw, iptables and nftables say of the next boot."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.errors import Absent, TooLarge
from nodecheck.facts.distro.os_release import parse_os_release
from nodecheck.facts.security.firewall_units import IPTABLES_FILES, OTHER_FIREWALLS, UFW_CONF, Switch
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text, text_or_none, texts
from nodecheck.model.sources import Exists, File, Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.security.filter_tables import FilterTable
    from nodecheck.facts.security.nft_script import Reader


class FirewalldTrace(NamedTuple):
    """What firewalld's package leaves besides its unit."""

    path: str | None = None

    @classmethod
    def reads(cls) -> Sources:
        return (Exists("/etc/firewalld/firewalld.conf"),)

    @classmethod
    def read(cls, host: Host) -> FirewalldTrace:
        """Raises what the host raises except Absent."""
        return cls("/etc/firewalld/firewalld.conf" if exists(host, "/etc/firewalld/firewalld.conf") else None)


class UfwConf(NamedTuple):
    """``/etc/ufw/ufw.conf``."""

    present: bool = False
    enabled: bool = False
    value: str | None = None
    """``ENABLED=``, as it stands there; the last one counts."""
    line: int | None = None
    text: str | None = None
    """That whole line."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(UFW_CONF),)

    @classmethod
    def read(cls, host: Host) -> UfwConf:
        """Raises what the host raises except Absent."""
        source = text_or_none(host, UFW_CONF)
        return cls() if source is None else parse_ufw_conf(source)


def parse_ufw_conf(source: str) -> UfwConf:
    r"""Parse the file, which a shell reads (``ufw_start`` in ufw's ufw-init-functions: exactly ``yes`` or ``YES``).

    >>> parse_ufw_conf("# x\nENABLED=yes\nLOGLEVEL=low\n")[:4]
    (True, True, 'yes', 2)
    """
    found = UfwConf(True)
    for number, line in enumerate(source.split("\n"), 1):
        told = parse_os_release(line).get("ENABLED") if "ENABLED=" in line else None
        if told is not None:
            found = UfwConf(True, told[0] in ("yes", "YES"), told[0], number, line)
    return found


class Switched(NamedTuple):
    """Whether a firewall's own file lets it start."""

    on: bool
    path: str
    text: str | None = None
    """The line that says so; None where there is none."""
    line: int | None = None


class FirewallSwitches(NamedTuple):
    """The switches of firewalls whose rules are not followed, by unit."""

    units: tuple[tuple[str, Switched], ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        switches = [switch for switch in OTHER_FIREWALLS.values() if switch is not None]
        return tuple([File(switch.path) if switch.key else Exists(switch.path) for switch in switches])

    @classmethod
    def read(cls, host: Host) -> FirewallSwitches:
        """Raises what the host raises except Absent."""
        return cls(tuple([(u, _switched(host, switch)) for u, switch in OTHER_FIREWALLS.items() if switch is not None]))

    def of(self, unit: str) -> Switched | None:
        """That of one unit; None where it has none."""
        return next((found for name, found in self.units if name == unit), None)


def _switched(host: Host, switch: Switch) -> Switched:
    from nodecheck.formats.shell_settings import shell_assignments

    if not switch.key:
        there = exists(host, switch.path)
        return Switched(not there, switch.path, "there" if there else None)
    told = shell_assignments(text_or_none(host, switch.path) or "").get(switch.key)
    if told is None:
        return Switched(not switch.on, switch.path)
    value = told.value.lower()
    on = value == switch.on if switch.on else value != switch.off
    return Switched(on, switch.path, told.text, told.line)


class SavedRules(NamedTuple):
    """The rules that services restore at boot, by service; None for a file that is not there."""

    files: tuple[tuple[str, str, tuple[FilterTable, ...] | None], ...] = ()
    """Service, path, tables."""

    @classmethod
    def reads(cls) -> Sources:
        return tuple([File(path) for paths in IPTABLES_FILES.values() for path in paths])

    @classmethod
    def read(cls, host: Host) -> SavedRules:
        """Raises what the host raises except Absent."""
        from nodecheck.facts.security.filter_tables import parse_saved

        found: list[tuple[str, str, tuple[FilterTable, ...] | None]] = []
        for service, paths in IPTABLES_FILES.items():
            for path in paths:
                family = "ip6" if "6" in path else "ip"
                source = text_or_none(host, path, 8 << 20)
                found.append((service, path, None if source is None else parse_saved(source, family, path)))
        return cls(tuple(found))

    def of(self, service: str) -> tuple[tuple[str, tuple[FilterTable, ...] | None], ...]:
        """The files of one service with their tables."""
        return tuple([(path, tables) for name, path, tables in self.files if name == service])


NFT_FILES = ("/etc/sysconfig/nftables.conf", "/etc/nftables.conf")
"""What nftables.service loads by its packages: EL's, and everybody else's."""

MOST_INCLUDED = 256


class NftFile(NamedTuple):
    """The script that nftables.service loads."""

    path: str
    tables: tuple[FilterTable, ...] = ()
    present: bool = False
    missing: str | None = None
    """A file that it includes and that is not there: nft refuses the whole then."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            UnitText("nftables.service"),
            Named("ExecStart= of nftables.service"),
            *map(File, NFT_FILES),
            Named("include in nftables.conf"),
        )

    @classmethod
    def read(cls, host: Host, index: UnitIndex) -> NftFile:
        """By the unit's ``ExecStart=``, where it names one. Raises what the host raises except Absent."""
        path = _loaded(host, index)
        for candidate, source in texts(host, (path,) if path else NFT_FILES):
            try:
                return cls(candidate, _script(host, candidate, source), True)
            except Absent as error:
                return cls(candidate, (), True, error.source)
        return cls(path or NFT_FILES[-1])


def _loaded(host: Host, index: UnitIndex) -> str | None:
    """The file after ``-f`` in the unit's command."""
    unit = load_unit(host, index.persistent(), "nftables.service")
    for value, _, _ in unit.values("Service", "ExecStart") if unit is not None else ():
        words = [word.strip("\"'") for word in value.replace("\t", " ").split(" ")]
        for word, following in zip(words, words[1:]):
            if word in ("-f", "--file") and following.startswith("/"):
                return following
    return None


def _script(host: Host, path: str, source: str) -> tuple[FilterTable, ...]:
    """The tables of a script and of all that it includes. Raises Absent for an included file that is not there."""
    from nodecheck.facts.security.nft_script import Reader

    reader = Reader(path)
    _follow(host, reader, path, source)
    return reader.script().tables


def _follow(host: Host, reader: Reader, path: str, source: str) -> None:
    left = MOST_INCLUDED

    def follow(source: str) -> None:
        nonlocal left
        for pattern in reader.read(source):
            for file in _included(host, pattern):
                left -= 1
                if left < 0:
                    raise TooLarge(path, f"includes more than {MOST_INCLUDED} files")
                follow(text(host, file))

    follow(source)


def nft_tables(host: Host, scripts: Iterable[tuple[str, str]]) -> tuple[FilterTable, ...]:
    """The tables that scripts make one behind the other; one that includes what is not there makes none."""
    from nodecheck.facts.security.nft_script import Reader

    reader = Reader("")
    for path, source in scripts:
        if "include" in source:
            try:
                _script(host, path, source)
            except Absent:
                continue
        _follow(host, reader, path, source)
    return reader.script().tables


def _included(host: Host, pattern: str) -> tuple[str, ...]:
    """The files that an ``include`` stands for, sorted; a name without a slash lies in /etc (nft(8), ``-I``)."""
    from fnmatch import fnmatchcase

    place = pattern if pattern.startswith("/") else f"/etc/{pattern.removeprefix('./')}"
    if not any(char in place for char in "*?["):
        return (place,)
    folder, _, name = place.rpartition("/")
    names = names_in(host, folder)
    return tuple([f"{folder}/{found}" for found in names if fnmatchcase(found, name) and not found.startswith(".")])
