"""The packages of a node's container software, from the databases of dpkg and rpm. Nothing is run for it."""

from __future__ import annotations

from nodecheck.facts.packages.names import NAMES, Package, plain_name
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

CLIENTS = ("docker-ce-cli", "docker-cli", "moby-cli")
"""Packages of docker's client, which runs no containers."""


class Packages(NamedTuple):
    """The packages of interest that are installed, and where they were looked for."""

    found: tuple[Package, ...] = ()
    databases: tuple[str, ...] = ()
    """The databases that were read."""
    missing: tuple[str, ...] = ()
    """The databases that were looked for and are not there."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.packages.dpkg import dpkg_sources
        from nodecheck.facts.packages.rpm import rpm_sources

        return (*dpkg_sources(), *rpm_sources())

    @classmethod
    def read(cls, host: Host) -> Packages:
        """The packages of a node. A node with neither database has none: that is no error.

        Raises what the host raises for a database that is there and cannot be read, and Malformed for one that is
        damaged.
        """
        from nodecheck.facts.packages.dpkg import read_dpkg
        from nodecheck.facts.packages.rpm import read_rpm

        dpkg, rpm = read_dpkg(host), read_rpm(host)
        return cls((*dpkg.found, *rpm.found), (*dpkg.paths, *rpm.paths), (*dpkg.missing, *rpm.missing))

    def of(self, component: str) -> Package | None:
        """The package that brings a component (see :data:`NAMES`); the engine rather than its client."""
        for name in NAMES[component]:
            package = self.named(name)
            # Debian's package of this name is a dock for window managers.
            if package is not None and (name, package.kind) != ("docker", "deb"):
                return package
        return None

    def named(self, name: str) -> Package | None:
        """The package of a name; of several versions the one that was installed last."""
        for package in reversed(self.found):
            if plain_name(package.name) == name:
                return package
        return None


def daemon_package(packages: Packages, name: str) -> Package | None:
    """The package that brings a component's daemon."""
    found = packages.of(name)
    return None if found is None or found.name in CLIENTS else found


class PackageSigns(NamedTuple):
    """The packages, where they may be all that shows a component: in a root of which only a part is here.

    On a whole node a package whose programs, units and files are all gone shows nothing, and the databases are the
    largest files that a run reads: they are left alone there.
    """

    packages: Packages

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, host: Host, packages: Lazy[Packages]) -> PackageSigns:
        """The packages of a node that may not be whole; none otherwise."""
        return cls(Packages() if host.whole else packages())
