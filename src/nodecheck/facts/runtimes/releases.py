"""The releases of the kubelet and of the runtimes, as far as their cgroup drivers depend on them."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.packages.packages import Packages, daemon_package
from nodecheck.facts.packages.versions import RuntimeTools, Told
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Sources
from nodecheck.record import NamedTuple

Release = tuple[int, ...]

_NAMES = ("docker", "containerd", "crio", "cri-dockerd")


class RuntimeReleases(NamedTuple):
    """Release numbers of the runtimes' daemons; None where the node does not show them."""

    docker: Release | None = None
    containerd: Release | None = None
    crio: Release | None = None
    cri_dockerd: Release | None = None
    """Of what docker speaks CRI through since dockershim is gone."""

    @classmethod
    def reads(cls) -> Sources:
        return ()

    @classmethod
    def read(cls, tools: RuntimeTools, packages: Lazy[Packages]) -> RuntimeReleases:
        """What the programs say, else what the packages are called."""
        return cls(*[release_of(tools.of(name), packages, name) for name in _NAMES])

    def of(self, name: str) -> Release | None:
        """The release of ``docker``, ``containerd``, ``crio`` or ``cri-dockerd``."""
        return dict(zip(_NAMES, self))[name]


def release_of(told: Told, packages: Lazy[Packages], name: str) -> Release | None:
    """A program's answer counts before its package's name: it is what runs."""
    if told.version is not None and not (name == "docker" and "dockerd" not in told.command):
        return told.version.numbers
    try:
        package = daemon_package(packages(), name)
    except FactError:
        return None
    from nodecheck.formats.versions import parse_package_version

    version = parse_package_version(package.version) if package is not None else None
    return version.numbers if version is not None else None
