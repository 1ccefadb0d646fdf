"""OpenRC's runlevels: which services boot starts (openrc-run(8), rc-update(8))."""

from __future__ import annotations

from nodecheck.errors import Absent, Offline, Unsupported
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

LEVELS = ("sysinit", "boot", "default", "nonetwork")


class Runlevels(NamedTuple):
    """The services in the runlevels that a boot goes through."""

    services: tuple[str, ...] = ()
    present: bool = False
    """Whether any runlevel is on disk."""
    places: tuple[tuple[str, str], ...] = ()
    """Each runlevel with a service in it."""

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Dir(f"/etc/runlevels/{level}") for level in LEVELS])

    @classmethod
    def read(cls, host: Host) -> Runlevels:
        """List ``/etc/runlevels``."""
        found: list[tuple[str, str]] = []
        present = False
        for level in LEVELS:
            try:
                found.extend((level, name) for name in host.names(f"/etc/runlevels/{level}"))
            except Absent:
                continue
            present = True
        return cls(tuple(name for _, name in found), present, tuple(found))

    def starts(self, service: str) -> bool:
        """Whether boot starts a service; it is taken to where no runlevel is on disk."""
        return not self.present or service in self.services

    def levels_of(self, service: str) -> tuple[str, ...]:
        """The runlevels that a service is in: ``rc-update del`` fails for every other one that it is told of."""
        return tuple(level for level, name in self.places if name == service)


class StartedServices(NamedTuple):
    """The services that OpenRC has started."""

    names: tuple[str, ...]
    path: str

    @classmethod
    def reads(cls) -> Sources:
        return (Dir("/run/openrc/started"), Dir("/lib/rc/init.d/started"))

    @classmethod
    def read(cls, host: Host) -> StartedServices:
        """List OpenRC's state directory. Raises Unsupported where OpenRC does not run, Offline for a root."""
        for folder in ("/run/openrc/started", "/lib/rc/init.d/started"):
            try:
                return cls(host.names(folder), folder)
            except Absent:
                continue
        if not host.running:
            raise Offline("/run/openrc", "only the running system can tell which services run")
        raise Unsupported("/run/openrc", "OpenRC does not run here")
