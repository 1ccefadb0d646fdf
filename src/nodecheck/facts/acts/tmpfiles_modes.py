"""The modes that systemd-tmpfiles gives directories at boot (tmpfiles.d(5); systemd src/tmpfiles/tmpfiles.c)."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nodecheck.errors import Absent
from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.facts.files.directory_modes import DirectoryMode, DirectoryModes
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.surroundings import NextBoot
from nodecheck.facts.services.unit_start import MASK, MASK_WORD
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy, Per
from nodecheck.model.sources import Named, Sources
from nodecheck.record import NamedTuple

TMPFILES_DIRS = (
    "/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d", "/lib/tmpfiles.d",
)  # fmt: skip
UNIT = "systemd-tmpfiles-setup.service"

MAKES = "dDvqQ"
"""Types that make a directory, and give one that is there its mode: of one path the first line counts."""
ADJUSTS = "ezZm"
"""Types that change what is there, by a pattern, after all of the others; ``Z`` with all that is below."""


class TmpfilesMode(NamedTuple):
    """A line that gives directories a mode."""

    kind: str
    path: str
    """A pattern, for those that adjust."""
    mode: int
    source: str
    line: int
    text: str

    def is_of(self, path: str) -> bool:
        """Whether it gives that directory its mode.

        >>> TmpfilesMode("Z", "/var/*", 0o700, "x.conf", 1, "").is_of("/var/lib/docker")
        True
        >>> TmpfilesMode("d", "/var/lib", 0o755, "x.conf", 1, "").is_of("/var/lib/docker")
        False
        """
        if self.kind in MAKES:
            return self.path == path
        parts, pattern = path.split("/"), self.path.split("/")
        if len(parts) < len(pattern) or (self.kind != "Z" and len(parts) != len(pattern)):
            return False
        return all(map(fnmatchcase, parts, pattern))


class TmpfilesModes(NamedTuple):
    """The lines that give modes, in the order in which they count."""

    lines: tuple[TmpfilesMode, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return conf_sources(TMPFILES_DIRS, "*.conf")

    @classmethod
    def read(cls, host: Host, init: InitSystem, starts: Lazy[BootStarts]) -> TmpfilesModes:
        """Read them; none where the service that applies them is masked. Raises what the host raises."""
        if not init.is_systemd:
            return cls()
        found = [line for file in conf_files(host, TMPFILES_DIRS) if not file.masked for line in _of(host, file.path)]
        if found and starts().of(UNIT).stop(MASK, MASK_WORD) is not None:
            return cls()
        return cls(tuple(found))

    def of(self, path: str) -> TmpfilesMode | None:
        """The line by which a directory has its mode in the end; None where none gives it one."""
        made = next((line for line in self.lines if line.kind in MAKES and line.is_of(path)), None)
        adjusted = [line for line in self.lines if line.kind in ADJUSTS and line.is_of(path)]
        return adjusted[-1] if adjusted else made


class BootDirectories(NamedTuple):
    """The directories on the way to a path with the modes that they have after the next boot."""

    path: str
    """Where the path leads, links followed."""
    directories: tuple[DirectoryMode, ...]
    """Without those over which the boot mounts what is not in this root, and whose mode no line gives."""
    lines: tuple[tuple[str, TmpfilesMode], ...] = ()
    """The line that gives a directory its mode, by its path."""
    unseen: str | None = None
    """As of :class:`DirectoryModes`."""

    @classmethod
    def reads(cls) -> Sources:
        """The mount points of fstab, whether something is in them."""
        return (Named("mount points of /etc/fstab"),)

    @classmethod
    def read(cls, host: Host, modes: Per[DirectoryModes], tmpfiles: TmpfilesModes, boot: NextBoot) -> BootDirectories:
        """Put them together."""
        around, found, lines = boot.on(host), list[DirectoryMode](), list[tuple[str, TmpfilesMode]]()
        for one in modes.directories:
            line = tmpfiles.of(one.path)
            if line is not None:
                lines.append((one.path, line))
                found.append(one._replace(mode=line.mode))
            elif not around.is_hidden(one.path):
                found.append(one)
        return cls(modes.path, tuple(found), tuple(lines), modes.unseen)


def _of(host: Host, path: str) -> Iterator[TmpfilesMode]:
    try:
        source = text(host, path)
    except Absent:
        return
    for number, line in enumerate(source.split("\n"), 1):
        found = parse_mode(line, path, number)
        if found is not None:
            yield found


def parse_mode(line: str, source: str = "", number: int = 0) -> TmpfilesMode | None:
    """What a line of tmpfiles.d says of a directory's mode; None where it gives none.

    ``-`` leaves the mode of a directory that is there, and so does one after a colon.

    >>> parse_mode("d /var/lib 0755 - - -").mode == 0o755, parse_mode("d /var/lib - - - -"), parse_mode("d /x :0700")
    (True, None, None)
    """
    words = line.split(None, 3)
    if len(words) < 3 or words[0][0] not in MAKES + ADJUSTS or "%" in words[1]:
        return None
    digits = words[2].lstrip("~")
    if not digits or digits.strip("01234567") or not 3 <= len(digits) <= 5:
        return None
    path = "/" + "/".join([part for part in words[1].strip("\"'").split("/") if part])
    return TmpfilesMode(words[0][0], path, int(digits, 8), source, number, line)
