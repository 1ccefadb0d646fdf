"""Which services run, as the system manager says."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.host import Host, exists
from nodecheck.model.sources import Exists, Program, Sources
from nodecheck.record import NamedTuple

LIST = (
    "systemctl", "list-units", "--all", "--full", "--plain", "--no-legend", "--no-pager", "--type=service,socket",
)  # fmt: skip


class ServiceState(NamedTuple):
    """One unit: ``loaded`` or ``not-found`` …, ``active`` or ``inactive`` …, ``running`` or ``dead`` …"""

    load: str
    active: str
    sub: str


class Services(NamedTuple):
    """The service and socket units that the running systemd knows, by name."""

    units: Mapping[str, ServiceState]

    @classmethod
    def reads(cls) -> Sources:
        return (Exists("/run/systemd/system"), Program(LIST))

    @classmethod
    def read(cls, host: Host) -> Services:
        """Ask systemd. Raises Unsupported where another init runs, Offline for a root."""
        if host.running and not exists(host, "/run/systemd/system"):
            raise Unsupported("/run/systemd/system", "systemd does not run here (sd_booted(3))")
        try:
            done = host.run(LIST)
        except Absent as error:
            raise Unsupported("systemctl", "is not installed") from error
        if done.code != 0:
            raise FactError("systemctl list-units", done.stderr.strip().partition("\n")[0] or f"exit code {done.code}")
        return parse_units(done.stdout)


def parse_units(source: str) -> Services:
    r"""Parse what ``systemctl list-units --plain --no-legend`` prints.

    >>> parse_units("chronyd.service loaded active running NTP client/server\n").units["chronyd.service"].active
    'active'
    """
    found = {}
    for line in source.split("\n"):
        fields = line.lstrip("\u25cf* ").split(None, 4)
        if len(fields) >= 4:
            found[fields[0]] = ServiceState(*fields[1:4])
    return Services(found)
