"""systemd's generators: which of them run at boot (systemd.generator(7))."""

from __future__ import annotations

from nodecheck.facts.services.init_system import InitSystem
from nodecheck.host import Host, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Sources
from nodecheck.record import NamedTuple

DIRS = (
    "/etc/systemd/system-generators",
    "/usr/local/lib/systemd/system-generators",
    "/usr/lib/systemd/system-generators",
    "/lib/systemd/system-generators",
)
"""Where generators lie, the first directory winning; ``/run`` is left out, as it is empty at the next boot."""


class Generators(NamedTuple):
    """The generators of a node. Where the root holds no systemd program, every one counts as installed."""

    assumed: bool = True
    paths: tuple[str, ...] = ()
    """The generators that are there, by path; a masked one under the path that masks it."""
    masks: frozenset[str] = frozenset()

    @classmethod
    def reads(cls) -> Sources:
        return tuple(map(Dir, DIRS))

    @classmethod
    def read(cls, host: Host, init: InitSystem) -> Generators:
        """List the directories of generators."""
        found: dict[str, str] = {}
        for folder in DIRS:
            for name in names_in(host, folder):
                found.setdefault(name, f"{folder}/{name}")
        masks = frozenset(path for path in found.values() if path.startswith("/etc/") and _masks(host, path))
        return cls(not init.present, tuple(found.values()), masks)

    def path(self, name: str) -> str | None:
        """The path of a generator, or of what masks it."""
        return next((path for path in self.paths if path.endswith("/" + name)), None)

    def runs(self, name: str) -> bool:
        """Whether systemd runs that generator at boot."""
        path = self.path(name)
        return self.assumed if path is None else path not in self.masks


def _masks(host: Host, path: str) -> bool:
    found = stat_or_none(host, path)
    return found is not None and (found.kind == "null" or (found.kind == "file" and found.size == 0))
