"""A node's file system in a directory: an image, a chroot, a mounted disk, ``/host`` in a container."""

from __future__ import annotations

import errno
import os
import stat as modes
import sys
from collections.abc import Callable, Sequence

from nodecheck.errors import Absent, FactError, Offline, Unsupported, UsageError
from nodecheck.host.base import (
    MIB,
    NULL,
    ClockState,
    Completed,
    Host,
    Question,
    Space,
    Stat,
    Uname,
    drain,
    error_of,
    is_mounted,
    raw_path,
    regular,
    sorted_links,
    sorted_names,
    space_of,
    stat_of,
    virtual_root,
)
from nodecheck.typed import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from nodecheck.formats.kubeconfig import Kubeconfig
    from nodecheck.formats.public_parts import PublicPart

T = TypeVar("T")

MOST_KEPT = 128
"""Directories that are kept open, the first that are asked for: a run asks most of its questions in a few of them."""

LARGEST_KEPT = 16 << 10
"""Bytes of the largest file that is kept for who asks for it again."""

MOST_ANSWERS = 16 << 20
"""Bytes of all answers that are kept, about. The full Debian root of the benchmarks gives half a MiB of them."""

_NAME = 100
"""Bytes that a name, a number or nothing takes of it."""

_NOT_ASKED = object()

NOT_HELD = "only the running system can tell, and this root does not hold it"

MOST_LINKS = 40
"""The kernel's own limit on links in one path (path_resolution(7))."""

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class NotRunning(Host):
    """A host of which only what lies in files can be told."""

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        raise Offline(argv[0], "commands are never run for another root")

    def run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        return tuple([Offline(argv[0], "commands are never run for another root") for argv in argvs])

    def netlink(self, table: str) -> tuple[Any, ...]:
        raise Offline(f"netlink {table}", "only the running kernel can tell")

    def clock(self) -> ClockState:
        raise Offline("adjtimex(2)", "only the running kernel can tell how its clock is")

    def uname(self) -> Uname:
        raise Offline("uname(2)", "only the running kernel can tell")

    def process_user(self, pid: int) -> str | None:
        raise Offline(f"/proc/{pid}", "only the running system can tell whose process it is")


class RootHost(NotRunning):
    """The file system in ``path``. Every component is resolved inside it: no link leaves it, nothing is written."""

    kind = "root"
    running = False
    whole = False
    this_machine = False

    def __init__(self, path: str) -> None:
        self._mounted: dict[str, bool] = {}
        self._answers: dict[Question, Any] = {}
        """By question; ``Absent`` where nothing is."""
        self._room = MOST_ANSWERS
        self._kept: dict[bytes, int] = {}
        """Directories by the path that was asked, links in it followed. None is closed before the host goes: another
        thread may be about to use it."""
        try:
            self.path = os.path.abspath(path)  # fails where the working directory was deleted
            os.close(os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"--root {path}: not a directory that can be opened: {why}") from error

    def __del__(self) -> None:
        for fd in getattr(self, "_kept", {}).values():
            os.close(fd)

    def ask(self, question: Question) -> Any:
        """The answer to a question, the same each time: nothing runs here that would change it.

        Several facts look at the same places. What is large is read anew.
        """
        known = self._answers.get(question, _NOT_ASKED)
        if known is Absent:
            raise Absent(question.arguments[0], "no such file or directory", errno=errno.ENOENT)
        if known is not _NOT_ASKED:
            return known
        try:
            answer = getattr(self, question.verb)(*question.arguments)
        except Absent as error:
            if error.errno == errno.ENOENT:
                self._keep_answer(question, Absent, _NAME)
            raise
        if not isinstance(answer, bytes):
            self._keep_answer(question, answer, _NAME * (len(answer) if isinstance(answer, tuple) else 1))
        elif len(answer) <= LARGEST_KEPT:
            self._keep_answer(question, answer, _NAME + len(answer))
        return answer

    def _keep_answer(self, question: Question, answer: Any, size: int) -> None:
        if size <= self._room:
            self._room -= size
            self._answers[question] = answer

    def read(self, path: str, limit: int = MIB) -> bytes:
        return self._opened(path, limit, lambda fd, size: drain(path, fd, limit, size))

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        return self._opened(path, sys.maxsize, lambda fd, _: os.pread(fd, size, offset))

    def _opened(self, path: str, limit: int, read: Callable[[int, int], bytes]) -> bytes:
        """What ``read`` takes from the open regular file, given its size; nothing for ``/dev/null``."""

        def act(directory: int, name: bytes) -> bytes:
            if not regular(path, _no_link(directory, name), limit):
                return b""
            fd = os.open(name, _FILE, dir_fd=directory)
            try:
                info = os.fstat(fd)
                return read(fd, info.st_size) if regular(path, info, limit) else b""
            finally:
                os.close(fd)

        return self._at(path, act, b"")

    def names(self, path: str) -> tuple[str, ...]:
        return self._listed(path, sorted_names)

    def links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        return self._listed(path, sorted_links)

    def _listed(self, path: str, listing: Callable[[str, int], tuple[T, ...]]) -> tuple[T, ...]:
        def act(directory: int, name: bytes) -> tuple[T, ...]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(name, flags, dir_fd=directory)
            try:
                return listing(path, fd)
            finally:
                os.close(fd)

        return self._at(path, act, ())

    def stat(self, path: str) -> Stat:
        return self._at(path, lambda directory, name: stat_of(_no_link(directory, name)), NULL)

    def link(self, path: str) -> str | None:
        def act(directory: int, name: bytes) -> str | None:
            try:
                return os.readlink(name, dir_fd=directory).decode("utf-8", "surrogateescape")
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOENT):
                    return None
                raise

        try:
            return self._at(path, act, None, follow=False)
        except (Absent, Offline):
            return None

    def public_parts(self, path: str) -> tuple[PublicPart, ...]:
        from nodecheck.formats.public_parts import public_parts_of

        return public_parts_of(self.read(path))

    def kubeconfig(self, path: str) -> Kubeconfig:
        from nodecheck.formats.kubeconfig import kubeconfig_of

        return kubeconfig_of(self.read(path), path)

    def statvfs(self, path: str) -> Space:
        return self._opened_path(path, lambda fd: space_of(os.statvfs(fd)))

    def statfs(self, path: str) -> int:
        from nodecheck.host.filesystems import magic_of

        return self._opened_path(path, lambda fd: magic_of(path, fd))

    def xattr(self, path: str, name: str) -> bytes | None:
        from nodecheck.host.filesystems import attribute

        return self._opened_path(path, lambda fd: attribute(b"/proc/self/fd/%d" % fd, name))

    def xattrs(self, path: str) -> tuple[str, ...]:
        from nodecheck.host.filesystems import attributes

        return self._opened_path(path, lambda fd: attributes(b"/proc/self/fd/%d" % fd))

    def _opened_path(self, path: str, look: Callable[[int], T]) -> T:
        """What ``look`` says of a descriptor of what is at ``path``, which is not opened for reading."""

        def act(directory: int, name: bytes) -> T:
            _no_link(directory, name)
            fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            try:
                return look(fd)
            finally:
                os.close(fd)

        return self._at(path, act, Unsupported(path, "leads to /dev/null, which a root need not have"))

    def wall_clock(self) -> int:
        """This machine's: a disk has none."""
        from time import time

        return int(time())

    def byte_order(self) -> str:
        """This machine's: a root does not say whose files under ``/proc`` it holds."""
        return sys.byteorder

    def reader(self) -> int:
        return os.geteuid()

    def _at(self, path: str, act: Callable[[int, bytes], T], null: T | FactError, follow: bool = True) -> T:
        """``act`` on the directory that holds what ``path`` names, and its name there.

        It fails as the kernel does for a link that is not to be followed. For /dev/null it is ``null``, raised where
        that is an error.
        """
        raw = raw_path(path)
        folder, _, name = raw.rpartition(b"/")
        kept = self._kept.get(folder)
        try:
            if kept is None:
                kept = self._below_kept(folder)
            if kept is not None and name not in _NO_NAMES:
                return act(kept, name)
        except OSError as error:
            if not follow or error.errno not in _OF_LINKS:
                raise self._error(path, error) from error
        walk = _Walk(self.path, raw)
        try:
            place = walk.to_last(follow)
            if place is not None:
                if kept is None and not walk.jumped and place[1] == name and len(self._kept) < MOST_KEPT:
                    self._keep(folder, os.dup(place[0]))
                return act(*place)
        except OSError as error:
            raise self._error(path, error) from error
        finally:
            walk.close()
        if isinstance(null, FactError):
            raise null
        return null

    def _below_kept(self, folder: bytes) -> int | None:
        """The directory ``folder``, opened below one that is kept; None where a walk must tell, as of links."""
        above, _, name = folder.rpartition(b"/")
        if (folder and name in _NO_NAMES) or len(self._kept) >= MOST_KEPT:
            return None
        if not folder:
            return self._keep(folder, os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        start = self._kept.get(above)
        if start is None:
            start = self._below_kept(above)
        if start is None:
            return None
        try:
            return self._keep(folder, os.open(name, _DIRECTORY, dir_fd=start))
        except OSError as error:
            if error.errno not in _OF_LINKS:
                raise
            return None

    def _keep(self, folder: bytes, fd: int) -> int:
        """The directory that is kept from now on: another thread may have been faster."""
        kept = self._kept.setdefault(folder, fd)
        if kept != fd:
            os.close(fd)
        return kept

    def _error(self, path: str, error: OSError) -> FactError:
        found = error_of(path, error)
        top = virtual_root(path)
        if top and isinstance(found, Absent) and not self.is_real(top):
            return Offline(path, NOT_HELD)
        return found

    def is_real(self, top: str) -> bool:
        if top not in self._mounted:
            kind = "proc" if top == "/proc" else "sysfs"
            self._mounted[top] = self._walked_to(top, lambda fd: is_mounted(fd, kind))
        return self._mounted[top]

    def _walked_to(self, top: str, look: Callable[[int], bool]) -> bool:
        """What ``look`` says of the directory that the reads below ``top`` reach; False where they reach none.

        Its name is never resolved by the kernel: a link of the root would lead that to this machine's own.
        """
        walk = _Walk(self.path, top.encode())
        try:
            place = walk.to_last(follow=True)
            if place is None:
                return False
            fd = os.open(place[1], _DIRECTORY, dir_fd=place[0])
        except OSError:
            return False
        finally:
            walk.close()
        try:
            return look(fd)
        finally:
            os.close(fd)


_NO_NAMES = (b"", b".", b"..")


_OF_LINKS = (errno.ELOOP, errno.ENOTDIR)
"""What open(2) says of a link with O_NOFOLLOW, and with O_DIRECTORY beside it."""


def _no_link(directory: int, name: bytes) -> os.stat_result:
    """What is at a name; OSError as open(2) with O_NOFOLLOW has it where that is a link."""
    raw = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if modes.S_ISLNK(raw.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return raw


class _Walk:
    """A walk through a path, component by component, that cannot leave the root.

    Directories are held open, so that a tree that changes meanwhile cannot lead it astray.
    """

    def __init__(self, root: str, path: bytes) -> None:
        self._stack = [os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
        self._names: list[bytes] = []
        self._left = path.split(b"/")[::-1]
        self._links = 0
        self.jumped = False
        """The last component was a link, so that the walk ended in another directory."""

    def close(self) -> None:
        for fd in self._stack:
            os.close(fd)

    def to_last(self, follow: bool) -> tuple[int, bytes] | None:
        """The open directory and the name of the last component; None where it is /dev/null."""
        while self._left:
            name = self._left.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                self._up()
                continue
            last = not any(part not in (b"", b".") for part in self._left)
            if last and not follow:
                return self._stack[-1], name
            target = self._target(name, last)
            if target is not None:
                self.jumped = self.jumped or last
                self._jump(target)
                if self._is_null():
                    return None
            elif last:
                return self._stack[-1], name
        return self._stack[-1], b"."

    def _up(self) -> None:
        if self._names:
            self._names.pop()
            os.close(self._stack.pop())

    def _target(self, name: bytes, last: bool) -> bytes | None:
        """Where the link ``name`` points; None where it is no link (and then it was entered, unless last)."""
        if not last:
            try:
                self._stack.append(os.open(name, _DIRECTORY, dir_fd=self._stack[-1]))
            except OSError as error:
                if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                    raise
            else:
                self._names.append(name)
                return None
        try:
            return os.readlink(name, dir_fd=self._stack[-1])
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        if last:
            return None
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    def _jump(self, target: bytes) -> None:
        self._links += 1
        if self._links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith(b"/"):
            while self._names:
                self._up()
        self._left.extend(target.split(b"/")[::-1])

    def _is_null(self) -> bool:
        if not self._left or self._left[0] != b"null":
            return False
        whole = b"/".join([b"", *self._names, *self._left[::-1]])
        return os.path.normpath(whole).lstrip(b"/") == b"dev/null"
