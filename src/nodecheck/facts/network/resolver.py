"""Whether DNS is asked through systemd-resolved's stub, which knows the node's own name.

systemd-resolved.service(8), "Synthetic records": the local host name is resolved to the addresses of the node's links,
whoever asks 127.0.0.53 (systemd/systemd#17193). Its other address, 127.0.0.54, only passes questions on.
"""

from __future__ import annotations

import re

from nodecheck.errors import FactError
from nodecheck.facts.services.running import Services
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, names_in
from nodecheck.host.base import text_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, Sources, Tree
from nodecheck.record import NamedTuple

PATH = "/etc/resolv.conf"
STUB = "127.0.0.53"
UNIT = "systemd-resolved.service"
_MAIN = "/etc/systemd/resolved.conf"
_FOLDERS = tuple([f"{base}/systemd/resolved.conf.d" for base in ("/usr/lib", "/usr/local/lib", "/run", "/etc")])
"""From the lowest precedence to the highest, where several have a file of the same name."""
_UDP = ("yes", "true", "1", "on", "y", "t", "udp", "")


class Resolver(NamedTuple):
    """How the C library's ``dns`` asks."""

    stub: bool = False
    """It asks systemd-resolved's stub, and that answers."""
    text: str = ""
    """What leads there."""
    line: int | None = None

    @classmethod
    def reads(cls) -> Sources:
        return (File(PATH), File(_MAIN), *[Tree(folder, "*.conf") for folder in _FOLDERS])

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex], services: Lazy[Services]) -> Resolver:
        """Look where ``/etc/resolv.conf`` leads. Raises what the host raises for one that cannot be read."""
        found = _of_link(host) or _of_text(host)
        if found is None or not _listens(host) or not _runs(host, units, services):
            return cls()
        return found


def _of_link(host: Host) -> Resolver | None:
    """The link of Debian and Ubuntu, whose target an image's empty /run does not hold."""
    target = host.link(PATH)
    if target is None or not target.endswith("systemd/resolve/stub-resolv.conf"):
        return None
    return Resolver(True, f"a link to {target}")


def _of_text(host: Host) -> Resolver | None:
    """The first server of the file, which is the one that is asked."""
    for number, line in enumerate((text_or_none(host, PATH) or "").split("\n"), 1):
        found = re.match(r"nameserver[ \t]+(\S+)", line)
        if found is not None:
            return Resolver(True, line, number) if found[1] == STUB else None
    return None


def _listens(host: Host) -> bool:
    """Whether ``DNSStubListener=`` has it answer by UDP, as it does by default (resolved.conf(5))."""
    dropins = {name: f"{folder}/{name}" for folder in _FOLDERS for name in names_in(host, folder)}
    value = "yes"
    for path in (_MAIN, *[dropins[name] for name in sorted(dropins) if name.endswith(".conf")]):
        for line in (text_or_none(host, path) or "").split("\n"):
            key, equals, given = line.partition("=")
            if equals and key.strip(" \t") == "DNSStubListener":
                value = given.strip(" \t\r").lower()
    return value in _UDP


def _runs(host: Host, units: Lazy[UnitIndex], services: Lazy[Services]) -> bool:
    """Whether it runs, or in a root would: its unit is there and not masked; a part of a root may lack the unit."""
    if host.running:
        try:
            state = services().units.get(UNIT)
        except FactError:
            return False
        return state is not None and state.active == "active"
    index = units()
    return not index.masked(UNIT) and (index.exists(UNIT) or not host.whole)
