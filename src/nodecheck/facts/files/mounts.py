"""What is mounted where, by ``mountinfo`` (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, FactError, Offline, ParseError
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Exists, File, Sources
from nodecheck.record import NamedTuple

NODES_OWN = "/proc/1/mountinfo"
READERS = "/proc/self/mountinfo"
LIMIT = 16 << 20
"""A node with ten thousand containers has a table of some megabytes."""


class Mount(NamedTuple):
    """One line of the table, the kernel's octal escapes undone."""

    id: int
    parent: int
    device: str
    """Major and minor number: ``8:3``; ``0:…`` where no block device is behind it."""
    root: str
    """What of the file system is mounted: ``/``, a directory (bind mounts, btrfs), or a namespace's name."""
    path: str
    options: tuple[str, ...]
    """Of this mount."""
    kind: str
    """``ext4``, ``tmpfs``, ``fuse.sshfs`` …"""
    source: str
    super_options: tuple[str, ...]
    """Of the file system, wherever it is mounted."""
    tags: tuple[str, ...] = ()
    """How mounts below it propagate (mount_namespaces(7)): ``shared:1``, ``master:2`` …; none where it is private."""

    @property
    def shared(self) -> bool:
        """Whether what is mounted below it is seen by its peers, as by containers that ask for it."""
        return any(tag.startswith("shared:") for tag in self.tags)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written by it."""
        return "ro" in self.options or "ro" in self.super_options


class Mounts(NamedTuple):
    """The table of the node's first process, or of who reads it where that one is not shown."""

    mounts: tuple[Mount, ...] = ()
    path: str = NODES_OWN
    """The file that it was read from."""

    @classmethod
    def reads(cls) -> Sources:
        """The tables of the first process and of who reads."""
        return (File(NODES_OWN), File(READERS), Exists("/proc/self"))

    @classmethod
    def read(cls, host: Host) -> Mounts:
        """The table. Raises Offline for a root that holds none, and ParseError."""
        problem: FactError | None = None
        for path in (NODES_OWN, READERS):
            if path == READERS and not host.running and host.link("/proc/self") is not None:
                continue  # a procfs in a root: the table is of who reads, and not of the node
            try:
                return cls(parse_mounts(text(host, path, LIMIT), path), path)
            except (Absent, Denied, Offline) as error:
                problem = problem or error
        raise problem or Offline(NODES_OWN, "only the running system can tell what is mounted")

    def of(self, path: str) -> Mount | None:
        """The mount that a path lies on: the nearest that no other one hides, and of several at one place the last."""
        return mount_of(self.mounts, path)


def mount_of(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """The mount that a path lies on. What was mounted later on a directory above hides a mount that is not below it.

    >>> table = parse_mounts("22 1 8:1 / / rw - ext4 /dev/sda1 rw\\n23 22 8:2 / /usr ro - ext4 /dev/sda2 rw\\n")
    >>> mount_of(table, "/usr/lib").source, mount_of(table, "/usrx").source
    ('/dev/sda2', '/dev/sda1')
    """
    on_the_way = [mount for mount in mounts if f"{path}/".startswith(mount.path.rstrip("/") + "/")]
    best: Mount | None = None
    for place, mount in enumerate(on_the_way):
        if best is None or len(mount.path) >= len(best.path):
            above = [later for later in on_the_way[place + 1 :] if len(later.path) < len(mount.path)]
            if not above or not any(_hides(later, mount, mounts) for later in above):
                best = mount
    return best


def _hides(later: Mount, mount: Mount, mounts: tuple[Mount, ...]) -> bool:
    """Whether a mount that comes later, on a directory above, is none that the other one was mounted below.

    The table has them in the order of mounting, but for a root that was moved into its place from an initramfs.
    """
    parents = {one.id: one.parent for one in mounts}
    above = mount.parent
    for _ in mounts:
        if above == later.id:
            return False
        above = parents.get(above, above)
    return True


def parse_mounts(content: str, source: str = READERS) -> tuple[Mount, ...]:
    r"""Parse the text of a ``mountinfo``. Raises ParseError.

    >>> parse_mounts("36 35 98:0 /m1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")[0][:5]
    (36, 35, '98:0', '/m1', '/mnt 2')
    """
    return tuple(_mounts(content, source))


def _mounts(content: str, source: str) -> Iterator[Mount]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line:
            continue
        left, dash, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if not dash or len(fields) < 6 or len(tail) < 3 or not (_is_number(fields[0]) and _is_number(fields[1])):
            raise ParseError(source, number, line, "a mount: six fields or more, a hyphen and three")
        root, path, options = fields[3:6]
        kind, device, supers = tail[0], tail[1], " ".join(tail[2:])
        yield Mount(
            int(fields[0]), int(fields[1]), fields[2], _plain(root), _plain(path), tuple(options.split(",")), kind,
            _plain(device), tuple(_plain(supers).split(",")), tuple(fields[6:]),
        )  # fmt: skip


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _plain(word: str) -> str:
    """A word with the kernel's octal escapes (``seq_escape``: blank, tab, newline, ``\\``, ``#``) undone."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word) if "\\" in word else word
