"""Programs that set sysctls by a configuration of their own: ufw, Shorewall, the zebra of FRR and Quagga.

ufw(8) and its ufw-init-functions; shorewall.conf(5); FRR's zebra/zebra_vty.c and tools/frrcommon.sh.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError
from nodecheck.facts.acts.model import NETWORK, SETS, STAYS, SYSCTL, UNTOLD, Act, Effect, by_start
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.shell_settings import Assigned, shell_assignments
from nodecheck.formats.sysctl_lines import parse_procps
from nodecheck.host import Host
from nodecheck.host.base import text, text_or_none
from nodecheck.model.evidence import seen

IP_FORWARD = "net/ipv4/ip_forward"
IPV6_FORWARD = "net/ipv6/conf/all/forwarding"

UFW_FILES = ("/etc/default/ufw", "/etc/ufw/ufw.conf")
"""What ufw-init reads, in its order."""
UFW_UNIT = "ufw.service"

SHOREWALL = (
    ("shorewall", "/etc/shorewall/shorewall.conf", IP_FORWARD, "On"),
    ("shorewall6", "/etc/shorewall6/shorewall6.conf", IPV6_FORWARD, "Keep"),
)
"""Program, its file, the sysctl of ``IP_FORWARDING``, and what an unset one stands for."""

FRR_CONFIGS = ("/etc/frr/frr.conf", "/etc/frr/zebra.conf")
"""The first that is there is read."""
ROUTERS = (
    (FRR_CONFIGS, ("frr.service",)),
    (("/etc/quagga/Quagga.conf", "/etc/quagga/zebra.conf"), ("quagga.service", "zebra.service")),
)
"""FRR, and Quagga before it: the files of each, and its units (Debian's, EL's)."""
_FRR_LINES = {
    "ip forwarding": (IP_FORWARD, "1"),
    "no ip forwarding": (IP_FORWARD, "0"),
    "ipv6 forwarding": (IPV6_FORWARD, "1"),
    "no ipv6 forwarding": (IPV6_FORWARD, "0"),
}


def ufw_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """The file of ``IPT_SYSCTL``, which ufw-init hands to ``sysctl -p`` where ufw is enabled and starts."""
    found: dict[str, Assigned] = {}
    for path in UFW_FILES:
        try:
            found.update(shell_assignments(text_or_none(host, path) or ""))
        except FactError as error:
            yield by_start(_unread("ufw", path, IP_FORWARD, error), starts.of(UFW_UNIT))
            return
    named, enabled = found.get("IPT_SYSCTL"), found.get("ENABLED")
    if named is None or not named.value.startswith("/"):
        return
    source = named.value
    try:
        effects = list(_set(host, source))
        act = Act("ufw", source, None, source, tuple(effects), NETWORK)
    except Absent:
        return
    except FactError as error:
        act = _unread("ufw", source, IP_FORWARD, error)
    if enabled is None or enabled.value not in ("yes", "YES"):
        told = seen(UFW_FILES[1], None if enabled is None else enabled.text)
        yield act._replace(state=STAYS, doubt=None, stops=(told,), why="ufw is not enabled")
    else:
        yield by_start(act, starts.of(UFW_UNIT))


def _set(host: Host, path: str) -> Iterator[Effect]:
    for told in parse_procps(text(host, path), path):
        if told.value is not None:
            yield Effect(SYSCTL, told.path, SETS, told.value, source=path, line=told.line, text=told.text)


def _unread(actor: str, path: str, key: str, error: FactError) -> Act:
    """A file that is there and cannot be read: nobody can tell what its program makes of a key."""
    return Act(actor, path, None, "", (Effect(SYSCTL, key, SETS),), NETWORK, UNTOLD, error)


def shorewall_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """``IP_FORWARDING`` of Shorewall, which writes it each time it starts."""
    for name, path, key, default in SHOREWALL:
        act = _shorewall(host, name, path, key, default)
        if act is not None:
            yield by_start(act, starts.of(f"{name}.service"))


def _shorewall(host: Host, name: str, path: str, key: str, default: str) -> Act | None:
    try:
        found = shell_assignments(text(host, path))
    except Absent:
        return None
    except FactError as error:
        return _unread(name, path, key, error)
    told = found.get("IP_FORWARDING")
    word = (told.value if told is not None else "") or default
    value = {"on": "1", "yes": "1", "off": "0", "no": "0"}.get(word.lower())
    if value is None:
        return None
    effects = (Effect(SYSCTL, key, SETS, value),)
    if told is None:
        act = Act(name, path, None, "IP_FORWARDING is not set", effects, NETWORK)
    else:
        act = Act(name, path, told.line, told.text.strip(" \t\r"), effects, NETWORK)
    startup = found.get("STARTUP_ENABLED")
    if startup is None or startup.value.lower() != "no":
        return act
    stop = seen(path, startup.text, line=startup.line)
    return act._replace(state=STAYS, stops=(stop,), why=f"{startup.text} keeps {name} from starting")


def frr_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """``ip forwarding`` and ``no ip forwarding`` of zebra's configuration, the last of which counts."""
    for configs, units in ROUTERS:
        unit = next((unit for unit in units if starts.of(unit).acts), units[0])
        yield from [by_start(act, starts.of(unit)) for act in _zebra(host, configs, unit.removesuffix(".service"))]


def _zebra(host: Host, configs: tuple[str, ...], actor: str) -> Iterator[Act]:
    for path in configs:
        try:
            lines = text(host, path).split("\n")
        except Absent:
            continue
        except FactError as error:
            yield _unread(actor, path, IP_FORWARD, error)
            return
        for number, line in enumerate(lines, 1):
            told = _FRR_LINES.get(" ".join(line.replace("\t", " ").split(" ")).strip(" \r"))
            if told is not None:
                effect = Effect(SYSCTL, told[0], SETS, told[1])
                yield Act(actor, path, number, line.strip(" \t\r"), (effect,), NETWORK)
        return
