"""The node that nodecheck runs on."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.host.base import (
    MIB,
    ClockState,
    Completed,
    Host,
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
from nodecheck.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodecheck.formats.kubeconfig import Kubeconfig
    from nodecheck.formats.public_parts import PublicPart

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def _owner(pid: int) -> str | None:
    """What psutil says of a process: the name of its real user, else the number; None where it is gone."""
    from pwd import getpwuid

    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            line = next(line for line in file.read(1 << 16).split(b"\n") if line.startswith(b"Uid:"))
    except (OSError, StopIteration):
        return None
    uid = line.split()[1].decode("ascii")
    try:
        return getpwuid(int(uid)).pw_name
    except KeyError:
        return uid


class LiveHost(Host):
    """The running node: its own files, its programs, its netlink."""

    kind = "live"
    path = "/"
    running = True
    whole = True
    this_machine = True

    def __init__(self) -> None:
        self._mounted: dict[str, bool] = {}

    def read(self, path: str, limit: int = MIB) -> bytes:
        return self._opened(path, limit, lambda fd, size: drain(path, fd, limit, size))

    def read_at(self, path: str, offset: int, size: int) -> bytes:
        return self._opened(path, sys.maxsize, lambda fd, _: os.pread(fd, size, offset))

    def _opened(self, path: str, limit: int, act: Callable[[int, int], bytes]) -> bytes:
        """What ``act`` reads of the open regular file, given its size; nothing for ``/dev/null``."""
        raw = raw_path(path)
        try:
            if not regular(path, os.stat(raw), limit):
                return b""
            fd = os.open(raw, _FLAGS)
            try:
                info = os.fstat(fd)
                return act(fd, info.st_size) if regular(path, info, limit) else b""
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(path, error) from error

    def names(self, path: str) -> tuple[str, ...]:
        try:
            return sorted_names(path, raw_path(path))
        except OSError as error:
            raise self._error(path, error) from error

    def links(self, path: str) -> tuple[tuple[str, str | None], ...]:
        try:
            fd = os.open(raw_path(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return sorted_links(path, fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(path, error) from error

    def stat(self, path: str) -> Stat:
        try:
            return stat_of(os.stat(raw_path(path)))
        except OSError as error:
            raise self._error(path, error) from error

    def link(self, path: str) -> str | None:
        try:
            return os.readlink(raw_path(path)).decode("utf-8", "surrogateescape")
        except OSError as error:
            if error.errno == errno.EINVAL or (error.errno == errno.ENOENT and virtual_root(path) is None):
                return None  # something that is no link, or nothing
            found = self._error(path, error)
            if isinstance(found, Absent):
                return None
            raise found from error

    def public_parts(self, path: str) -> tuple[PublicPart, ...]:
        raw = self.read(path)
        from nodecheck.formats.public_parts import public_parts_of  # not before there is something to parse

        return public_parts_of(raw)

    def kubeconfig(self, path: str) -> Kubeconfig:
        raw = self.read(path)
        from nodecheck.formats.kubeconfig import kubeconfig_of

        return kubeconfig_of(raw, path)

    def statvfs(self, path: str) -> Space:
        try:
            return space_of(os.statvfs(raw_path(path)))
        except OSError as error:
            raise self._error(path, error) from error

    def statfs(self, path: str) -> int:
        from nodecheck.host.filesystems import magic_of

        return magic_of(path, raw_path(path))

    def xattr(self, path: str, name: str) -> bytes | None:
        from nodecheck.host.filesystems import attribute

        try:
            return attribute(raw_path(path), name)
        except OSError as error:
            raise self._error(path, error) from error

    def xattrs(self, path: str) -> tuple[str, ...]:
        from nodecheck.host.filesystems import attributes

        try:
            return attributes(raw_path(path))
        except OSError as error:
            raise self._error(path, error) from error

    def run(self, argv: tuple[str, ...], timeout_s: float = 3.0) -> Completed:
        from nodecheck.host.commands import run

        return run(argv, timeout_s)

    def run_all(self, argvs: Sequence[tuple[str, ...]], timeout_s: float = 3.0) -> tuple[Completed | FactError, ...]:
        from nodecheck.host.commands import run_all

        return run_all(argvs, timeout_s)

    def netlink(self, table: str) -> tuple[Any, ...]:
        from nodecheck.host.netlink import dump

        rows = dump(table)
        if table != "links":
            return rows
        from nodecheck.host.link_address import derived_address

        return tuple([row._replace(address=derived_address(row.address)) for row in rows])

    def clock(self) -> ClockState:
        from nodecheck.host.clock import read_clock

        return read_clock()

    def wall_clock(self) -> int:
        from time import time

        return int(time())

    def uname(self) -> Uname:
        return Uname(*os.uname())

    def byte_order(self) -> str:
        return sys.byteorder

    def reader(self) -> int:
        return os.geteuid()

    def process_user(self, pid: int) -> str | None:
        try:
            import psutil
        except ImportError:  # its C part cannot be imported from a zip file
            return _owner(pid)
        try:
            return str(psutil.Process(pid).username())
        except psutil.Error:
            return None

    def _error(self, path: str, error: OSError) -> FactError:
        found = error_of(path, error)
        top = virtual_root(path)
        if top and isinstance(found, Absent) and not self.is_real(top) and not self._is_part(path):
            return Unsupported(path, f"{top} is not mounted here")
        return found

    def is_real(self, top: str) -> bool:
        if top not in self._mounted:
            self._mounted[top] = is_mounted(top.encode(), "proc" if top == "/proc" else "sysfs")
        return self._mounted[top]

    def _is_part(self, path: str) -> bool:
        """Whether /sys is put together of some of sysfs' directories (systemd-nspawn), and a path lies in one that is
        there: what is not in it is not there."""
        parts = path.split("/")
        if parts[1:2] != ["sys"] or len(parts) < 4:
            return False
        key = "/sys/kernel"
        if key not in self._mounted:
            self._mounted[key] = is_mounted(key.encode(), "sysfs", whole=False)
        return self._mounted[key] and os.path.isdir(raw_path(f"/sys/{parts[2]}"))
