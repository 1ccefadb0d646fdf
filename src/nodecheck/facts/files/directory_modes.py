"""The directories on the way to a path, and who may pass them (path_resolution(7))."""

from __future__ import annotations

from nodecheck.errors import Absent, Denied, FactError, Offline
from nodecheck.facts.files.mounts import Mount, Mounts, mount_of
from nodecheck.facts.files.path_mount import PLACES, is_remote, led_to
from nodecheck.host import Host
from nodecheck.model.needs import Lazy, Per
from nodecheck.model.sources import Exists, Named, Sources
from nodecheck.record import NamedTuple


class DirectoryMode(NamedTuple):
    """One directory."""

    path: str
    mode: int
    """Permission bits."""

    @property
    def passable(self) -> bool:
        """Whether anybody may pass it: its ``x`` for others.

        >>> DirectoryMode("/var/lib", 0o711).passable, DirectoryMode("/var/lib", 0o750).passable
        (True, False)
        """
        return bool(self.mode & 0o001)


class DirectoryModes(NamedTuple):
    """The directories above a path and the path itself, from the root down; only those that are there."""

    path: str
    """Where the path leads, links followed."""
    directories: tuple[DirectoryMode, ...]
    unseen: str | None = None
    """The type of the file system where the look ended, because it may not answer; None where it did not."""

    @classmethod
    def reads(cls) -> Sources:
        return (Exists("/"), *map(Exists, PLACES), Named("the links on the way to it"))

    @classmethod
    def read(cls, host: Host, subject: str, mounts: Lazy[Mounts]) -> DirectoryModes:
        """Look at each. Raises what the host raises for one that cannot be looked at."""
        try:
            table = mounts().mounts if host.running else ()
        except FactError:
            table = ()
        path, found, unseen = led_to(host, subject, table), dict[str, DirectoryMode](), None
        for way in (led_to(host, subject.rpartition("/")[0] or "/", table), path):
            unseen = _walk(host, way, table, found) or unseen
        if not host.running:
            found.pop("/", None)  # the directory that holds a root is not the node's
        return cls(path, tuple(found.values()), unseen)


class RunningDirectories(NamedTuple):
    """The same of a node that runs."""

    modes: DirectoryModes

    @classmethod
    def reads(cls) -> Sources:
        """Made of another fact."""
        return ()

    @classmethod
    def read(cls, host: Host, subject: str, modes: Lazy[Per[DirectoryModes]]) -> RunningDirectories:
        """Raises Offline for a root: modes may change at boot."""
        if not host.running:
            raise Offline(subject, "only a system that runs shows who may pass now")
        return cls(modes())


def _walk(host: Host, path: str, table: tuple[Mount, ...], found: dict[str, DirectoryMode]) -> str | None:
    """Add each directory on the way; the type of the file system where the way ends for what may not answer."""
    names = [name for name in path.split("/") if name]
    for count in range(len(names) + 1):
        place = "/" + "/".join(names[:count])
        mount = mount_of(table, place)
        if mount is not None and is_remote(mount.kind):
            return mount.kind
        try:
            info = host.stat(place)
        except Absent:
            return None
        except Denied:
            if all(one.passable for one in found.values()):
                raise
            return None  # one of those above shows why
        if info.kind != "dir":
            return None
        found[place] = DirectoryMode(place, info.mode)
    return None
