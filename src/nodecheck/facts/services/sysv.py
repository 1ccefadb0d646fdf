"""System V scripts, of which systemd-sysv-generator makes services (systemd-sysv-generator(8))."""

from __future__ import annotations

from collections.abc import Iterable

from nodecheck.facts.services.generators import Generators
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

INIT_DIRS = ("/etc/init.d", "/etc/rc.d/init.d")
LEVELS = "2345"
"""Runlevels 2 to 4 are multi-user.target, 5 is graphical.target."""

GENERATOR = "systemd-sysv-generator"


class SysvScript(NamedTuple):
    """A script, and the links that start it."""

    name: str
    path: str
    links: tuple[tuple[str, str], ...] = ()
    """Runlevel and link."""


class SysvScripts(NamedTuple):
    """The scripts that systemd makes services of."""

    scripts: tuple[SysvScript, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (*map(Dir, INIT_DIRS), *[Dir(f"/etc/{top}rc{level}.d") for top in ("", "rc.d/") for level in LEVELS])

    @classmethod
    def read(cls, host: Host, generators: Generators) -> SysvScripts:
        """List the scripts and the runlevels' directories."""
        if not generators.runs(GENERATOR):
            return cls()
        links = [(level, link) for level in LEVELS for link in _starting(host, level)]
        found: dict[str, SysvScript] = {}
        for folder in INIT_DIRS:
            for name in names_in(host, folder):
                if name in found or not _is_executable(host, f"{folder}/{name}"):
                    continue
                own = tuple((level, link) for level, link in links if link.rpartition("/")[2][3:] == name)
                found[name] = SysvScript(name.removesuffix(".sh"), f"{folder}/{name}", own)
        return cls(tuple(found.values()))

    def of(self, names: Iterable[str]) -> SysvScript | None:
        """The script of one of these names."""
        return next((script for name in names for script in self.scripts if script.name == name), None)


def _starting(host: Host, level: str) -> list[str]:
    """The links ``S??name`` of a runlevel."""
    for folder in (f"/etc/rc{level}.d", f"/etc/rc.d/rc{level}.d"):
        names = names_in(host, folder)
        if names:
            return [f"{folder}/{name}" for name in names if name[:1] == "S" and name[1:3].isdigit()]
    return []


def _is_executable(host: Host, path: str) -> bool:
    """Whether the generator takes a script; one that its owner may not execute it passes over."""
    found = stat_or_none(host, path)
    return found is not None and found.kind == "file" and bool(found.mode & 0o100)
