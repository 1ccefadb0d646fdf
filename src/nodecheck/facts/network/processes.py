"""Which process holds a socket: ``/proc/PID/fd`` by the socket's inode (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, FactError, Offline, TooLarge
from nodecheck.facts.network.listeners import Listeners
from nodecheck.host import Host
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple
from nodecheck.text import is_digits

_ESRCH = 3
"""What reading a file of a process gives once the process is gone."""


class Process(NamedTuple):
    """A process that holds a socket."""

    names: tuple[str, ...]
    """What it goes by: its program's name, the name it was called by, and its ``comm``; the best first."""
    unit: str | None
    """The systemd unit that it belongs to (``nginx.service``); None: none, or not told."""
    user: str | None
    """Whom it runs as; None: not told."""

    @property
    def name(self) -> str:
        """The best name."""
        return self.names[0]


class SocketOwners(NamedTuple):
    """The processes that hold the listening sockets."""

    processes: tuple[tuple[int, Process], ...] = ()
    """Inode and process; a socket that several processes hold is told with the first of them, its parent as a rule."""
    hidden: bool = False
    """Some processes could not be looked into: that an inode is not found proves nothing."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            Dir("/proc"),
            Dir("/proc/*/fd"),
            *[File(f"/proc/*/{file}") for file in ("comm", "cmdline", "cgroup", "status")],
            Exists("/proc/*/exe"),
        )

    @classmethod
    def read(cls, host: Host, listeners: Listeners) -> SocketOwners:
        """Looks into one process after the other until all sockets are found."""
        wanted = {row.inode for row in listeners.rows if row.inode}
        found: dict[int, Process] = {}
        hidden = False
        for pid in _pids(host):
            if not wanted:
                break
            try:
                held = [inode for inode in dict.fromkeys(_sockets(host, pid)) if inode in wanted]
                if held:
                    process = _process(host, pid)
                    found.update(dict.fromkeys(held, process))
                    wanted.difference_update(held)
            except (Denied, TooLarge):  # another user's, or one with more files open than are looked through
                hidden = True
            except FactError as error:
                if not _is_gone(error):
                    raise
        return cls(tuple(found.items()), hidden)

    def of(self, inode: int) -> Process | None:
        """The process that holds a socket."""
        return next((process for number, process in self.processes if number == inode), None)


def _pids(host: Host) -> list[int]:
    return sorted(int(name) for name in host.names("/proc") if is_digits(name))


def _sockets(host: Host, pid: int) -> Iterator[int]:
    """The inodes of a process's sockets."""
    folder = f"/proc/{pid}/fd"
    for name in host.names(folder):
        target = host.link(f"{folder}/{name}")
        if target is not None and target.startswith("socket:["):
            yield int(target[8:-1])


def _process(host: Host, pid: int) -> Process:
    comm = _read(host, f"/proc/{pid}/comm").rstrip("\n")
    called = _read(host, f"/proc/{pid}/cmdline").split("\0")
    program = _base(_program(host, pid))
    names = [program, _base(called[0].partition(" ")[0]), comm]
    if program == "hyperkube" or names[1] == "hyperkube":  # one binary for all, up to Kubernetes 1.18
        names = [next((_base(word) for word in called[1:] if word and not word.startswith("-")), ""), *names]
    kept = tuple(dict.fromkeys(name for name in names if name))
    return Process(kept or (f"process {pid}",), unit_of(_read(host, f"/proc/{pid}/cgroup")), _user(host, pid))


def _program(host: Host, pid: int) -> str:
    """The path of its executable; empty where that is not told (another user's process)."""
    try:
        return (host.link(f"/proc/{pid}/exe") or "").removesuffix(" (deleted)")
    except Denied:
        return ""


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _read(host: Host, path: str) -> str:
    """The text of a file of a process; empty where it is not told."""
    try:
        return host.read(path, 1 << 21).decode("utf-8", "surrogateescape")
    except (Absent, Denied, Offline):
        return ""


def _user(host: Host, pid: int) -> str | None:
    """Whom the process runs as."""
    status = _read(host, f"/proc/{pid}/status")
    ids = next((line.split() for line in status.split("\n") if line.startswith("Uid:")), [])
    if len(ids) < 3:
        return None
    if ids[2] == "0":
        return "root"
    try:
        name = host.process_user(pid)
    except Offline:
        name = None
    return name or f"uid {ids[2]}"


def unit_of(cgroups: str) -> str | None:
    r"""The systemd unit of a ``/proc/PID/cgroup``: what stands first below the slices (sd_pid_get_unit(3)).

    >>> unit_of("1:name=systemd:/system.slice/system-getty.slice/getty@tty1.service\n")
    'getty@tty1.service'
    >>> unit_of("0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0f3c.scope\n")
    'cri-containerd-0f3c.scope'
    >>> unit_of("0::/\n")
    """
    for line in cgroups.split("\n"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "name=systemd" or (number == "0" and not controllers):
            unit = _first_unit(path)
            if unit is not None:
                return unit
    return None


def _first_unit(path: str) -> str | None:
    for part in path.split("/"):
        if part and not part.endswith(".slice"):
            return part if part.endswith((".service", ".scope", ".socket", ".mount")) else None
    return None


def _is_gone(error: FactError) -> bool:
    return isinstance(error, (Absent, Offline)) or error.errno == _ESRCH
