"""What every host can do, and the errors that the kernel's errno values become."""

from __future__ import annotations

import errno
import os
import stat as modes
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from nodecheck.errors import Absent, Denied, FactError, Malformed, TimedOut, TooLarge, Unsupported
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nodecheck.formats.kubeconfig import Kubeconfig
    from nodecheck.formats.public_parts import PublicPart

MIB = 1 << 20
CHUNK = 1 << 18
MOST_NAMES = 1 << 16
"""A directory with more entries than this is too large to judge."""


class Stat(NamedTuple):
    """What stat(2) says of a path, links followed inside the root."""

    kind: str
    """``file``, ``dir``, ``link`` (never after following), ``fifo``, ``socket``, ``block``, ``char``, ``null``."""
    mode: int
    """Permission bits."""
    size: int
    uid: int
    gid: int
    changed_ns: int | None
    """Nanoseconds since 1970 at which the inode (its content, owner or mode) last changed: no program can set it back.
    None for ``/dev/null``, which a root need not have."""

    @property
    def executable(self) -> bool:
        """Whether anyone may execute it."""
        return bool(self.mode & 0o111)


class Completed(NamedTuple):
    """A command that ended by itself."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


class ClockState(NamedTuple):
    """What adjtimex(2) says of the kernel's clock."""

    state: int
    """What the call returns: 0 to 4 (TIME_OK, and what leap seconds make of it), or 5, TIME_ERROR."""
    status: int
    """The STA_ bits of ``linux/timex.h``."""
    max_error_us: int
    """Microseconds that the clock may be off at most; the kernel stops counting at 16 s."""
    estimated_error_us: int


class Space(NamedTuple):
    """What statvfs(3) says of the file system that holds a path."""

    fragment_bytes: int
    """Bytes of what ``blocks`` and the like count."""
    blocks: int
    blocks_free: int
    blocks_available: int
    """Free for users without privilege."""
    inodes: int
    """0 where the file system has no fixed number of them (btrfs, vfat)."""
    inodes_free: int
    inodes_available: int
    read_only: bool

    @property
    def size_bytes(self) -> int:
        """The size of the whole file system."""
        return self.fragment_bytes * self.blocks

    @property
    def available_bytes(self) -> int:
        """What users without privilege may still fill."""
        return self.fragment_bytes * self.blocks_available


class Uname(NamedTuple):
    """What uname(2) says."""

    system: str
    node: str
    release: str
    version: str
    machine: str
    """``x86_64``, ``aarch64`` …"""


class Captured(NamedTuple):
    """Of what and when a capture was made."""

    at: str
    """RFC 3339, UTC, by the node's own clock."""
    kind: str
    """``live`` or ``root``."""


class Question(NamedTuple):
    """What a host can be asked: the name of a method of :class:`Host`, and all its arguments."""

    verb: str
    arguments: tuple[Any, ...] = ()


class Host(Protocol):
    """Where bytes come from. All paths are absolute paths of the node; all errors are FactErrors.

    Everything is asked by :meth:`ask`; the other methods say which questions there are, and with what defaults.
    A host that others stand behind has ``ask`` alone; one that reads a node has a method of its own for each.
    """

    kind: str
    """``live``, ``root`` or ``capture``, as reports say it; what follows from it is told by the next three."""
    path: str
    """The directory that holds the node's file system; for a capture, whence it is."""
    running: bool
    """The answers are those of a running system: its kernel, its processes, its services."""
    whole: bool
    """Every file of the node is there; else what is missing may have been left out."""
    this_machine: bool
    """It is the machine that nodecheck runs on, at this moment; or a capture of one that was."""

    def ask(self, question: Question) -> Any:
        """The answer to a question; raises what the method of that name raises."""
        return getattr(self, question.verb)(*question.arguments)

    captured: Captured | None = None
    """Where and when, of a capture; else None."""

    def is_real(self, top: str) -> bool:
        """Whether ``/proc`` or ``/sys`` is the file system of a kernel here, of which nothing is missing."""
        return bool(self.ask(Question("is_real", (top,))))

    def read(self, path: str, limit: int = MIB) -> bytes:
        """The bytes of a regular file, ``/dev/null`` being empty.

        Raises Absent, Denied, Malformed (not a regular file, a link loop), TooLarge (over ``limit`` bytes), and for
        paths under ``/proc`` and ``/sys`` Offline where this host is not running and does not hold the file.
        """
        found: bytes = self.ask(Question("read", (path, limit)))
        return found

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        """``size`` bytes of a regular file from ``offset`` on, fewer at its end: for databases that are too large to
        be read whole. Raises what :meth:`read` raises except TooLarge."""
        found: bytes = self.ask(Question("read_at", (path, offset, size)))
        return found

    def names(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted by their bytes."""
        found: tuple[str, ...] = self.ask(Question("names", (path,)))
        return found

    def links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        """The names in a directory as :meth:`names` gives them, each with what :meth:`link` says of it."""
        found: tuple[tuple[str, str | None], ...] = self.ask(Question("links", (path,)))
        return found

    def stat(self, path: str) -> Stat:
        """What is at ``path``, links followed. Raises Absent for none."""
        found: Stat = self.ask(Question("stat", (path,)))
        return found

    def link(self, path: str) -> str | None:
        """The text of the symbolic link at ``path`` itself; None where it is something else, or nothing."""
        found: str | None = self.ask(Question("link", (path,)))
        return found

    def public_parts(self, path: str) -> tuple[PublicPart, ...]:
        """The certificates and keys of a file in PEM, without anything that is secret: of a key its public part alone.

        Raises what :meth:`read` raises.
        """
        found: tuple[PublicPart, ...] = self.ask(Question("public_parts", (path,)))
        return found

    def kubeconfig(self, path: str) -> Kubeconfig:
        """The same of what counts in a kubeconfig. Raises what :meth:`read` raises."""
        found: Kubeconfig = self.ask(Question("kubeconfig", (path,)))
        return found

    def statvfs(self, path: str) -> Space:
        """The room on the file system that holds ``path``, links followed. It may hang on a dead network mount."""
        found: Space = self.ask(Question("statvfs", (path,)))
        return found

    def statfs(self, path: str) -> int:
        """The magic number (``linux/magic.h``) of the file system that holds ``path``, links followed.

        Raises Unsupported where the C library or Python's part for it cannot be asked.
        """
        found: int = self.ask(Question("statfs", (path,)))
        return found

    def xattr(self, path: str, name: str) -> bytes | None:
        """An extended attribute (xattr(7)) of what is at ``path``, links followed; None where it has none of that name.

        Raises Unsupported where the file system has no extended attributes.
        """
        found: bytes | None = self.ask(Question("xattr", (path, name)))
        return found

    def xattrs(self, path: str) -> tuple[str, ...]:
        """The names of the extended attributes of what is at ``path``, sorted; raises what :meth:`xattr` raises."""
        found: tuple[str, ...] = self.ask(Question("xattrs", (path,)))
        return found

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        """Run a trusted program (no shell, bounded). Raises Absent, Denied, TimedOut, TooLarge, Offline."""
        found: Completed = self.ask(Question("run", (argv, timeout_s)))
        return found

    def run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        """Run trusted programs side by side: for each its answer, or the error that :meth:`run` would raise."""
        found: tuple[Completed | FactError, ...] = self.ask(Question("run_all", (tuple(argvs), timeout_s)))
        return found

    def netlink(self, table: str) -> tuple[Any, ...]:
        """The rows of a netlink dump (:mod:`nodecheck.host.netlink`). Raises Offline on a host that does not run."""
        found: tuple[Any, ...] = self.ask(Question("netlink", (table,)))
        return found

    def clock(self) -> ClockState:
        """The kernel's clock (adjtimex(2), read only). Raises Denied, Unsupported, Offline on a host that does not
        run."""
        found: ClockState = self.ask(Question("clock"))
        return found

    def wall_clock(self) -> int:
        """Seconds since 1970, by the node's own clock; of a root by this machine's, of a capture when it was made."""
        found: int = self.ask(Question("wall_clock"))
        return found

    def uname(self) -> Uname:
        """The running kernel's name and machine (uname(2)). Raises Offline on a host that does not run."""
        found: Uname = self.ask(Question("uname"))
        return found

    def byte_order(self) -> str:
        """``little`` or ``big``: how the machine lays out the numbers in its files under ``/proc``."""
        found: str = self.ask(Question("byte_order"))
        return found

    def reader(self) -> int:
        """The effective user id of who reads this host: 0 may read everything."""
        found: int = self.ask(Question("reader"))
        return found

    def process_user(self, pid: int) -> str | None:
        """The name of the user that a process runs as, by the node's own user database; None where neither tells it.

        Raises Offline on a host that does not run.
        """
        found: str | None = self.ask(Question("process_user", (pid,)))
        return found


def text(host: Host, path: str, limit: int = MIB) -> str:
    """The text of a file; bytes that are not UTF-8 survive as lone surrogates."""
    return host.read(path, limit).decode("utf-8", "surrogateescape")


def text_or_none(host: Host, path: str, limit: int = MIB) -> str | None:
    """The text of a file, None where nothing is there; raises what :meth:`Host.read` raises except Absent."""
    try:
        return text(host, path, limit)
    except Absent:
        return None


def texts(host: Host, paths: Iterable[str], limit: int = MIB) -> Iterator[tuple[str, str]]:
    """Path and text of each of these files that is there; raises what :meth:`Host.read` raises except Absent."""
    for path in paths:
        found = text_or_none(host, path, limit)
        if found is not None:
            yield path, found


def stat_or_none(host: Host, path: str) -> Stat | None:
    """What is at ``path``, None for nothing; raises what :meth:`Host.stat` raises except Absent."""
    try:
        return host.stat(path)
    except Absent:
        return None


def exists(host: Host, path: str) -> bool:
    """Whether something is at ``path``; raises what :meth:`Host.stat` raises except Absent."""
    return stat_or_none(host, path) is not None


def names_in(host: Host, folder: str) -> tuple[str, ...]:
    """The names in a directory, none where nothing is there; raises what :meth:`Host.names` raises except Absent."""
    try:
        return host.names(folder)
    except Absent:
        return ()


_ERRORS: dict[int, type[FactError]] = {
    errno.EACCES: Denied,
    errno.EPERM: Denied,
    errno.ELOOP: Malformed,
    errno.ENOTDIR: Malformed,
    errno.EISDIR: Malformed,
    errno.ENAMETOOLONG: Malformed,
    errno.ETIMEDOUT: TimedOut,
    errno.EOPNOTSUPP: Unsupported,
    errno.ENOSYS: Unsupported,
}


def error_of(path: str, error: OSError) -> FactError:
    """The FactError for an OSError on ``path``."""
    if error.errno == errno.ENOENT:  # by far the most frequent
        return Absent(path, "no such file or directory", errno.ENOENT)
    kind = _ERRORS.get(error.errno or 0, FactError)
    return kind(path, (error.strerror or str(error)).lower(), errno=error.errno)


def stat_of(raw: os.stat_result) -> Stat:
    """A :class:`Stat` from stat(2)'s answer."""
    kind = _KINDS.get(modes.S_IFMT(raw.st_mode), "other")
    if kind == "char" and raw.st_rdev == os.makedev(1, 3):
        kind = "null"
    return Stat(kind, modes.S_IMODE(raw.st_mode), raw.st_size, raw.st_uid, raw.st_gid, raw.st_ctime_ns)


def space_of(raw: os.statvfs_result) -> Space:
    """A :class:`Space` from statvfs(3)'s answer."""
    return Space(
        raw.f_frsize,
        raw.f_blocks,
        raw.f_bfree,
        raw.f_bavail,
        raw.f_files,
        raw.f_ffree,
        raw.f_favail,
        bool(raw.f_flag & os.ST_RDONLY),
    )


NULL = Stat("null", 0o666, 0, 0, 0, None)

_KINDS = {
    modes.S_IFREG: "file",
    modes.S_IFDIR: "dir",
    modes.S_IFLNK: "link",
    modes.S_IFIFO: "fifo",
    modes.S_IFSOCK: "socket",
    modes.S_IFBLK: "block",
    modes.S_IFCHR: "char",
}

_NAMES = {"dir": "a directory", "fifo": "a FIFO", "socket": "a socket", "block": "a block device", "char": "a device"}


def readable(path: str, info: Stat, limit: int) -> None:
    """Raise unless ``info`` is of a regular file that is not larger than ``limit`` bytes."""
    if info.kind != "file":
        raise Malformed(path, f"is {_NAMES.get(info.kind, info.kind)}, not a regular file")
    if info.size > limit:
        raise TooLarge(path, f"has {info.size} bytes, more than the {limit} that nodecheck reads")


def regular(path: str, raw: os.stat_result, limit: int) -> bool:
    """Whether stat(2)'s answer is of a regular file that may be read, and not of /dev/null; raises as
    :func:`readable` does for anything else."""
    if modes.S_ISREG(raw.st_mode) and raw.st_size <= limit:
        return True
    info = stat_of(raw)
    if info.kind == "null":
        return False
    readable(path, info, limit)
    return True


def drain(path: str, fd: int, limit: int, size: int = 0) -> bytes:
    """All bytes of ``fd``, which must not be more than ``limit``.

    A file of exactly the ``size`` that fstat(2) gave is read at once; what the kernel makes up says 0, or too much.
    """
    chunks: list[bytes] = []
    left = limit + 1
    while left > 0:
        chunk = os.read(fd, min(left, CHUNK if chunks or not size else size + 1))
        if not chunk:
            break
        if len(chunk) == size and not chunks:
            return chunk
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise TooLarge(path, f"has more than the {limit} bytes that nodecheck reads")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def sorted_names(path: str, directory: int | bytes) -> tuple[str, ...]:
    """The names in an open or named directory."""
    entries: Any
    with os.scandir(directory) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES + 1)]
    return tuple(_by_bytes(path, names)[1])


def sorted_links(path: str, directory: int) -> tuple[tuple[str, str | None], ...]:
    """The names in an open directory, each with the text of its link, None where it is none."""
    with os.scandir(directory) as entries:
        links = {entry.name: entry.is_symlink() for entry in islice(entries, MOST_NAMES + 1)}
    pairs = zip(*_by_bytes(path, list(links)))
    return tuple([(text, _utf8(os.readlink(name, dir_fd=directory)) if links[name] else None) for name, text in pairs])


def _by_bytes(path: str, names: list[Any]) -> tuple[list[Any], list[str]]:
    """The names of a directory in the order of their bytes, mostly that of their characters; and the same as text."""
    if len(names) > MOST_NAMES:
        raise TooLarge(path, f"has more than {MOST_NAMES} entries")
    if names and isinstance(names[0], str) and "".join(names).isascii():
        names.sort()
        return names, names
    names.sort(key=os.fsencode)
    return names, [_utf8(name) for name in names]


def _utf8(name: str | bytes) -> str:
    """A name as text, whatever the locale of this process is."""
    if isinstance(name, str):
        if name.isascii():
            return name
        name = os.fsencode(name)
    return name.decode("utf-8", "surrogateescape")


def raw_path(path: str) -> bytes:
    """The bytes of a path of the node, whatever the locale of this process is."""
    if "\0" in path:
        raise Malformed(path.replace("\0", "\\x00"), "a path cannot hold a NUL byte")
    return path.encode("utf-8", "surrogateescape")


def virtual_root(path: str) -> str | None:
    """``/proc`` or ``/sys`` for a path below one of them.

    >>> virtual_root("/proc/swaps"), virtual_root("/etc/fstab")
    ('/proc', None)
    """
    if path.startswith(("/proc/", "/sys/")):
        return path[: path.index("/", 1)]
    return path if path in ("/proc", "/sys") else None


def is_mounted(directory: int | bytes, kind: str, *, whole: bool = True) -> bool:
    """Whether a directory, open or named, is the whole of a mounted file system of ``kind`` (``proc``, ``sysfs``).

    By its device number in ``/proc/self/mountinfo`` (proc(5)), and by being its root, whose inode is 1 in both: a copy
    of a few files is no procfs, and neither a folder of one nor one that was mounted with ``subset=`` holds all.
    With ``whole=False`` a folder of one counts too.
    """
    try:
        info = os.stat(directory)
        fd = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        table = drain("/proc/self/mountinfo", fd, 16 * MIB)
    except (OSError, FactError):
        return False
    finally:
        os.close(fd)
    number = b"%d:%d" % (os.major(info.st_dev), os.minor(info.st_dev))
    for line in table.split(b"\n"):
        left, _, right = line.partition(b" - ")
        if left.split(b" ")[2:3] == [number] and right.split(b" ")[0] == kind.encode():
            return not whole or (info.st_ino == 1 and b"subset=" not in right)
    return False
