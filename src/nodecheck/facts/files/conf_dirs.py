"""Directories of configuration files that are merged by base name: ``sysctl.d``, ``modules-load.d``, ``modprobe.d``."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, Offline
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none, text
from nodecheck.model.sources import Exists, File, Sources, Tree
from nodecheck.record import NamedTuple


class ConfFile(NamedTuple):
    """The one file of a base name that counts."""

    name: str
    path: str
    masked: bool = False
    """Empty, a link to ``/dev/null`` or into ``/run``, or a dangling link: it says nothing, and hides its namesakes."""
    hides: tuple[str, ...] = ()
    """Files of the same name in directories of lower precedence, which are not read."""


def conf_files(
    host: Host, base_dirs: tuple[str, ...], suffix: str | tuple[str, ...] = ".conf", dot_files: bool = False
) -> tuple[ConfFile, ...]:
    """The files in ``base_dirs`` (highest precedence first) that count, in byte order of their base names.

    As systemd's ``conf_files_list`` (src/basic/conf-files.c) finds them: other suffixes and, unless ``dot_files``, dot
    files are left out, nothing is looked for in subdirectories. Raises what the host raises for a directory that is
    there and cannot be listed (Denied, Malformed, …). What lies in a ``/run`` that the next boot begins without is
    left out: all of these directories are looked at for what the next boot makes of them.
    """
    found: dict[str, list[tuple[str, str | None]]] = {}
    for folder in _distinct(host, base_dirs):
        for name, target in _links(host, folder):
            if name.endswith(suffix) and (dot_files or not name.startswith(".")):
                found.setdefault(name, []).append((f"{folder}/{name}", target))
    return tuple(
        [
            ConfFile(name, first, _says_nothing(host, first, target), tuple([path for path, _ in hidden]))
            for name, ((first, target), *hidden) in sorted(found.items(), key=_by_bytes)
        ]
    )


def conf_sources(base_dirs: tuple[str, ...], *patterns: str) -> Sources:
    """What :func:`conf_files` and the reading of its files ask for."""
    trees = [Tree(folder, pattern) for folder in base_dirs for pattern in patterns]
    in_run = any(folder.startswith("/run/") for folder in base_dirs)
    return (*trees, Exists("/lib"), *map(File, _MOUNTS)) if in_run else tuple(trees)


class OwnFile(NamedTuple):
    """A file in ``/etc`` that a plan of nodecheck wrote, of this version or of an earlier one."""

    name: str
    path: str
    lines: tuple[str, ...]

    @property
    def end(self) -> str | None:
        """The last line that stands there once, below which more can be added; None where there is none."""
        for line in reversed(self.lines):
            if line.strip(" \t\r") and self.lines.count(line) == 1 and not any("\ud800" <= c <= "\udfff" for c in line):
                return line
        return None


def own_files(host: Host, files: tuple[ConfFile, ...]) -> tuple[OwnFile, ...]:
    """Those of the files that plans wrote, by their names. Raises what the host raises for one that cannot be read."""
    own = [file for file in files if "nodecheck" in file.name and file.path.startswith("/etc/") and not file.masked]
    return tuple([OwnFile(file.name, file.path, _lines(text(host, file.path))) for file in own])


def _lines(content: str) -> tuple[str, ...]:
    return tuple(content.removesuffix("\n").split("\n"))


def free_name(name: str, files: tuple[ConfFile, ...]) -> str:
    """A name for a new file that no file has: the given one, or one that sorts right after it.

    >>> free_name("99-x.conf", (ConfFile("99-x.conf", "/etc/sysctl.d/99-x.conf"),))
    '99-x_.conf'
    """
    taken = {file.name for file in files}
    while name in taken:
        name = f"{name.removesuffix('.conf')}_.conf"
    return name


def _distinct(host: Host, base_dirs: tuple[str, ...]) -> Iterator[str]:
    """The directories without ``/lib/…`` where it is the same as ``/usr/lib/…``."""
    for folder in base_dirs:
        if folder.startswith("/lib/") and "/usr" + folder in base_dirs and (host.link("/lib") or host.link(folder)):
            continue
        yield folder


def _by_bytes(item: tuple[str, object]) -> bytes:
    return item[0].encode("utf-8", "surrogateescape")


def _links(host: Host, folder: str) -> tuple[tuple[str, str | None], ...]:
    try:
        links = host.links(folder)
    except Absent:
        return ()
    return () if links and folder.startswith("/run/") and _run_is_in_memory(host) else links


_MOUNTS = ("/proc/1/mounts", "/proc/self/mounts")


def _run_is_in_memory(host: Host) -> bool:
    """Whether ``/run`` is a tmpfs, as systemd mounts it; in a directory that does not tell, it lies on disk."""
    for path in _MOUNTS:
        try:
            lines = host.read(path).split(b"\n")
        except (Absent, Denied, Offline):
            continue  # only root may read those of PID 1
        return any(line.split(b" ")[1:3] in ([b"/run", b"tmpfs"], [b"/run", b"ramfs"]) for line in lines)
    return False


def _says_nothing(host: Host, path: str, target: str | None) -> bool:
    found = stat_or_none(host, path)
    empty = found is None or found.kind == "null" or (found.kind == "file" and found.size == 0)
    return empty or (target is not None and _leads_away(path, target))


_MADE_ANEW = ("/run/", "/var/run/", "/tmp/", "/dev/shm/")  # noqa: S108 - only named


def _leads_away(path: str, target: str) -> bool:
    """Whether a file is a link to what the next boot begins without.

    >>> _leads_away("/etc/sysctl.d/a.conf", "../../run/a.conf"), _leads_away("/etc/sysctl.d/a.conf", "../sysctl.conf")
    (True, False)
    """
    from posixpath import join, normpath

    return bool(target) and normpath(join(path.rpartition("/")[0], target)).startswith(_MADE_ANEW)
