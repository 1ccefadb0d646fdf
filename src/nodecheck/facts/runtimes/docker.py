"""docker: what shows it, and the cgroup driver that its configuration gives."""

from __future__ import annotations

from nodecheck.facts.runtimes.docker_options import (
    CONFIG,
    DEFAULTS,
    KEY,
    KINDS,
    TOLD_APART,
    DriverOption,
)
from nodecheck.facts.runtimes.service import Service, first_there, service
from nodecheck.facts.services.init_system import InitSystem, UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, JudgedSetting, Judges, Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.services.unit_reader import UnitReader

PROGRAMS = (
    "/usr/bin/dockerd",
    "/usr/local/bin/dockerd",
    "/usr/sbin/dockerd",
    "/opt/bin/dockerd",
    "/usr/bin/dockerd-current",
    "/usr/bin/dockerd-ce",
    "/usr/bin/dockerd-latest",
)
"""The daemon; the ``docker`` client alone (or podman in its place) runs no containers of its own."""
UNIT = "docker.service"
DRIVERS = ("cgroupfs", "systemd")

Version = tuple[int, ...]


class Docker(NamedTuple):
    """dockerd's configuration."""

    present: str | None = None
    """The path that shows it; None where nothing does."""
    path: str = CONFIG
    has_file: bool = False
    options: tuple[DriverOption, ...] = ()
    """The values of ``native.cgroupdriver``, in order; more than one is no error to dockerd."""
    problem: str | None = None
    """Why dockerd, or systemd, would not start it."""
    line: int | None = None
    """Where in the file the problem is."""
    notes: tuple[str, ...] = ()
    service: Service | None = None
    opening: str | None = None
    """The line with the brace that opens the file's object."""
    empty: bool = True
    """That object holds nothing."""
    listed: int | None = None
    """How many values the file's ``exec-opts`` holds; None where it has no such key."""
    list_line: str | None = None
    """The one line on which that list begins."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            UnitText(UNIT),
            Named("EnvironmentFile= of docker.service"),
            File(CONFIG),
            Named("--config-file of docker.service"),
            File(DEFAULTS),
            Exists("/etc/sysconfig/docker"),
            *map(Exists, PROGRAMS),
        )

    @classmethod
    def judges(cls) -> Judges:
        """Its options by their types, and the driver of cgroups."""
        return (
            JudgedSetting(KEY, (*DRIVERS, "other")),
            *[JudgedSetting(name, TOLD_APART[kind]) for name, kind in KINDS.items()],
        )

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex], reader: Lazy[UnitReader], init: Lazy[InitSystem]) -> Docker:
        """Read dockerd's file and flags. Raises what the host raises for one that is there and cannot be read."""
        unit = service(host, units(), UNIT, reader)
        found = first_there(host, (*PROGRAMS, CONFIG, "/etc/sysconfig/docker", DEFAULTS)) or (
            unit.paths[0] if unit else None
        )
        if found is None:
            return cls()
        from nodecheck.facts.runtimes.docker_files import configured

        return cls(found, *configured(host, unit, init))

    def driver(self, release: Version | None, unified: bool | None, systemd: bool) -> tuple[str | None, str | None]:
        """The effective driver, or None and why it cannot be told.

        ``unified``: the node has cgroup v2 alone; ``systemd``: systemd is its init.
        """
        values = tuple(option.value for option in self.options)
        if len(set(values)) > 1 and release is None:
            return (
                None,
                f"{KEY} is set to {' and '.join(values)}: dockerd before 28 takes the first, later ones the last",
            )
        value = "" if not values else values[-1] if release is not None and release >= (28,) else values[0]
        if value in DRIVERS:
            return value, None
        if value:
            return None, f"{KEY} is {value!r}, which dockerd does not support: it refuses to start"
        return _default(release, unified, systemd)

    def chosen(self, driver: str | None) -> DriverOption | None:
        """The option that sets this driver."""
        return next((option for option in self.options if option.value == driver), None)


def _default(release: Version | None, unified: bool | None, systemd: bool) -> tuple[str | None, str | None]:
    """``UsingSystemd``: since 20.10 systemd where cgroup v2 alone is mounted and systemd runs, else cgroupfs."""
    if not systemd or unified is False or (release is not None and release < (20, 10)):
        return "cgroupfs", None
    if unified is None:
        return (
            None,
            f"{KEY} is not set, and dockerd's default depends on the cgroup version, which this node does not show",
        )
    return "systemd", None
