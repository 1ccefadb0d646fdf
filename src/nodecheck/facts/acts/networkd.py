"""What systemd-networkd makes of forwarding, by its release.

networkd.conf(5), systemd.network(5), systemd.netdev(5); systemd src/network/networkd-sysctl.c. From 256 on
networkd.conf decides, and IPMasquerade= of a link that is there where it is silent; before, a link whose file says so
turns it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nodecheck.errors import Absent, FactError, Offline, Unsupported
from nodecheck.facts.acts.model import NETWORK, SETS, SYSCTL, UNTOLD, Act, Effect, by_start
from nodecheck.facts.files.conf_dirs import conf_files
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_files import Assignment, parse_unit
from nodecheck.host import Host, names_in
from nodecheck.host.base import text, texts

UNIT = "systemd-networkd.service"
GLOBAL_SINCE = 256
"""From this systemd on ``IPv4Forwarding=`` is there, and ``IPForward=`` is not."""

MAIN_DIRS = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
MAIN = "networkd.conf"
NETWORK_DIRS = (
    "/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network",
    "/lib/systemd/network",
)  # fmt: skip
OF_CONTAINERS = ("80-container-ve.network", "80-container-vz.network", "80-container-vb.network", "80-vm-vt.network")
"""systemd's own files for links of containers and machines that systemd starts."""
NETPLAN = "/etc/netplan"
"""Of what lies there netplan's generator makes ``/run/systemd/network/10-netplan-LINK.network`` at each boot."""
_NETPLAN_FILE = "10-netplan-"
LINKS = "/sys/class/net"

_YES = ("1", "yes", "y", "true", "t", "on")
_NO = ("0", "no", "n", "false", "f", "off")

_FAMILIES = (
    ("IPv4Forwarding", "ipv4", ("net/ipv4/conf/default/forwarding", "net/ipv4/conf/all/forwarding")),
    ("IPv6Forwarding", "ipv6", ("net/ipv6/conf/default/forwarding", "net/ipv6/conf/all/forwarding")),
)
_BEFORE = {"ipv4": "net/ipv4/ip_forward", "ipv6": "net/ipv6/conf/all/forwarding"}
"""What ``IPForward=`` wrote up to 255."""


def networkd_acts(host: Host, init: InitSystem, starts: BootStarts) -> Iterator[Act]:
    """What networkd writes to the forwarding sysctls. Raises what the host raises for a file that cannot be read."""
    if not init.is_systemd:
        return
    hidden: list[FactError] = []
    if not init.at_least(GLOBAL_SINCE):
        acts = [act for network in _possible(host, starts, hidden) for act in _forwarding_of(host, network)]
    else:
        acts = list(_global(host, starts, hidden))
    acts += [_hidden(error) for error in hidden[:1]]
    for act in acts:
        yield by_start(act, starts.of(UNIT))


def _possible(host: Host, starts: BootStarts, hidden: list[FactError]) -> Iterator[_Network]:
    """The .network files but for those of links that nothing makes."""
    kept = () if _has_containers(starts) else OF_CONTAINERS
    yield from [network for network in _networks(host, hidden) if network.name not in kept]


def _has_containers(starts: BootStarts) -> bool:
    """Whether anything starts a container of systemd-nspawn, whose links systemd's own files are for."""
    names = {name for paths in starts.index.dirs.values() for path in paths for name in starts.index.links[path]}
    return any(name.startswith("systemd-nspawn@") for name in names)


def _hidden(error: FactError) -> Act:
    """A .network file that cannot be read may turn forwarding on; off it turns nothing."""
    effects = tuple([Effect(SYSCTL, path, SETS, "1") for path in _BEFORE.values()])
    return Act("systemd-networkd", error.source, None, "", effects, NETWORK, UNTOLD, error)


def _global(host: Host, starts: BootStarts, hidden: list[FactError]) -> Iterator[Act]:
    """``IPv4Forwarding=`` and ``IPv6Forwarding=``, else what ``IPMasquerade=`` of a link that is there implies."""
    settings = [item for item in _main(host) if item.section == "Network"]
    masquerades: tuple[tuple[Assignment, _Network], ...] | None = None
    for key, family, paths in _FAMILIES:
        said = [item for item in settings if item.key == key]
        value = _boolean(said[-1].value) if said else None
        if value is not None:
            yield _act(said[-1], tuple([Effect(SYSCTL, path, SETS, "1" if value else "0") for path in paths]))
            continue
        if masquerades is None:
            masquerades = tuple(_masquerades(host, starts, hidden))
        of_family = [pair for pair in masquerades if family in masqueraded(pair[0].value)]
        for told, network in sorted(of_family, key=lambda pair: not _has_link(host, pair[1]))[:1]:
            act = _act(told, tuple([Effect(SYSCTL, path, SETS, "1") for path in paths]))
            yield act if _has_link(host, network) else _linkless(act, network)


def _linkless(act: Act, network: _Network) -> Act:
    doubt = Unsupported(act.source, f"whether a link is there that {network.name} is for is not known")
    return act._replace(state=UNTOLD, doubt=doubt)


def _act(told: Assignment, effects: tuple[Effect, ...]) -> Act:
    return Act("systemd-networkd", told.path, told.line, f"{told.key}={told.value}", effects, NETWORK)


def _main(host: Host) -> Iterator[Assignment]:
    for path, source in texts(host, [f"{folder}/{MAIN}" for folder in MAIN_DIRS if folder != "/run/systemd"]):
        yield from parse_unit(source, path)
        break
    for file in conf_files(host, tuple([f"{folder}/{MAIN}.d" for folder in MAIN_DIRS])):
        if not file.masked:
            yield from parse_unit(text(host, file.path), file.path)


class _Network:
    """A .network file with its drop-ins."""

    def __init__(self, name: str, items: tuple[Assignment, ...], whole: bool) -> None:
        self.name, self.items = name, items
        self.whole = whole
        """Its own file is here, not only drop-ins for one that netplan makes at boot."""

    def last(self, section: str, key: str) -> Assignment | None:
        """The assignment of a key that counts."""
        found = [item for item in self.items if (item.section, item.key) == (section, key)]
        return found[-1] if found and found[-1].value else None

    def words(self, key: str) -> tuple[str, ...]:
        """The words of a key of ``[Match]``, an empty assignment having reset the list."""
        found: list[str] = []
        for item in self.items:
            if (item.section, item.key) == ("Match", key):
                found = [*found, *item.value.split()] if item.value else []
        return tuple(found)


def _networks(host: Host, hidden: list[FactError]) -> Iterator[_Network]:
    """The .network files that a boot finds; of drop-ins alone those for netplan's files count."""
    done = set()
    for file in conf_files(host, NETWORK_DIRS, ".network"):
        done.add(file.name)
        if not file.masked:
            yield _network(host, file.name, file.path, hidden)
    folders = [name for folder in NETWORK_DIRS if folder.startswith("/etc") for name in names_in(host, folder)]
    for name in sorted(set(folders)):
        base = name.removesuffix(".d")
        alone = name.endswith(".network.d") and name.startswith(_NETPLAN_FILE) and base not in done
        if alone and names_in(host, NETPLAN):
            yield _network(host, base, None, hidden)


def _network(host: Host, name: str, path: str | None, hidden: list[FactError]) -> _Network:
    dropins = conf_files(host, tuple([f"{folder}/{name}.d" for folder in NETWORK_DIRS]))
    paths = [*([path] if path is not None else ()), *[file.path for file in dropins if not file.masked]]
    items = [item for place in paths for item in _items(host, place, hidden)]
    return _Network(name, tuple(items), path is not None)


def _items(host: Host, path: str, hidden: list[FactError]) -> Iterator[Assignment]:
    try:
        source = text(host, path)
    except Absent:
        return
    except FactError as error:
        hidden.append(error)
        return
    yield from parse_unit(source, path)


def _masquerades(host: Host, starts: BootStarts, hidden: list[FactError]) -> Iterator[tuple[Assignment, _Network]]:
    for network in _possible(host, starts, hidden):
        told = network.last("Network", "IPMasquerade")
        if told is not None:
            yield told, network


def _forwarding_of(host: Host, network: _Network) -> Iterator[Act]:
    """What a file turns on where its link is there; nothing turns forwarding off up to 255."""
    done = set()
    for key, families in (("IPForward", forwarded), ("IPMasquerade", masqueraded)):
        told = network.last("Network", key)
        for family in families(told.value) if told is not None else ():
            if told is not None and family not in done:
                done.add(family)
                act = _act(told, (Effect(SYSCTL, _BEFORE[family], SETS, "1"),))
                yield act if _has_link(host, network) else _linkless(act, network)


def _has_link(host: Host, network: _Network) -> bool:
    """Whether a link is shown to be there: by the running kernel, as one that a .netdev file makes, or by patterns
    that take all names of Ethernet's links, of which every node has one."""
    names = network.words("Name")
    others = {item.key for item in network.items if item.section == "Match"} - {"Name"}
    if not network.whole:
        return network.name.removeprefix(_NETPLAN_FILE).removesuffix(".network") in _links(host)
    if not names or others:
        return network.words("Type") == ("ether",) and others == {"Type"} and not names
    if all(any(fnmatchcase(name, word) for word in names) for name in ("en0", "eth0")):
        return True
    return any(fnmatchcase(name, word) for word in names for name in (*_links(host), *_made(host)))


def _links(host: Host) -> tuple[str, ...]:
    """The links of the running kernel; none of a host that does not run."""
    try:
        return names_in(host, LINKS)
    except Offline:
        return ()


def _made(host: Host) -> Iterator[str]:
    """The names of links that .netdev files make."""
    for file in conf_files(host, NETWORK_DIRS, ".netdev"):
        for item in _items(host, file.path, []) if not file.masked else ():
            if (item.section, item.key) == ("NetDev", "Name"):
                yield item.value


def _boolean(value: str) -> bool | None:
    word = value.lower()
    return True if word in _YES else False if word in _NO else None


def forwarded(value: str) -> tuple[str, ...]:
    """The families that ``IPForward=`` names.

    >>> forwarded("yes"), forwarded("ipv4"), forwarded("no"), forwarded("kernel")
    (('ipv4', 'ipv6'), ('ipv4',), (), ())
    """
    word = value.lower()
    return (word,) if word in _BEFORE else ("ipv4", "ipv6") if word in _YES else ()


def masqueraded(value: str) -> tuple[str, ...]:
    """The families that ``IPMasquerade=`` names; ``yes`` is the old word for IPv4.

    >>> masqueraded("both"), masqueraded("yes"), masqueraded("no")
    (('ipv4', 'ipv6'), ('ipv4',), ())
    """
    word = value.lower()
    if word == "both":
        return ("ipv4", "ipv6")
    return (word,) if word in _BEFORE else ("ipv4",) if word in _YES else ()
