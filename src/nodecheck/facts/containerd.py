"""containerd on a node: its configuration files, and the cgroup driver that its CRI plugin uses."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.checking import Lazy
from nodecheck.errors import Absent, Malformed, ParseError, TooLarge
from nodecheck.facts.containerd_config import Effective, effective
from nodecheck.facts.containerd_merge import (
    CRI_SECTIONS,
    CRI_V1,
    CRI_V2,
    CRI_V3,
    ONE,
    THREE,
    TWO,
    ConfigFile,
    Refused,
    Version,
)
from nodecheck.facts.runtime_service import Service, first_there, flag_value, service
from nodecheck.facts.systemd import UnitIndex
from nodecheck.facts.toml import MOST_BYTES, decoded, line_of, parse_toml
from nodecheck.host import Host
from nodecheck.record import NamedTuple

CONFIG = "/etc/containerd/config.toml"
PROGRAMS = (
    "/usr/bin/containerd",
    "/usr/local/bin/containerd",
    "/usr/sbin/containerd",
    "/opt/bin/containerd",
    "/bin/containerd",
)
UNIT = "containerd.service"
MOST_FILES = 256


class Verdict(NamedTuple):
    """What containerd would do with its configuration."""

    found: Effective | None
    refused: str | None = None
    """Why it, or its CRI plugin, would not start, or why that cannot be told."""
    notes: tuple[str, ...] = ()


class Containerd(NamedTuple):
    """containerd's configuration, as its unit has it read."""

    present: str | None = None
    """The path that shows it: a program, the unit or a configuration file; None where nothing does."""
    path: str = CONFIG
    """The configuration file that is read."""
    files: tuple[ConfigFile, ...] = ()
    """That file and what it imports, in the order in which they are merged; empty where there is no file."""
    service: Service | None = None

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> Containerd:
        """Read containerd's files. Raises ParseError for one that it would not read, and what the host raises."""
        unit = service(host, units(), UNIT)
        found = first_there(host, (*PROGRAMS, CONFIG)) or (unit.paths[0] if unit else None)
        if found is None:
            return cls()
        given = flag_value(unit.arguments, "config", "c") if unit else None
        files = _load(host, given or CONFIG, given is not None)
        return cls(found, given or CONFIG, files, unit)

    @property
    def version(self) -> int:
        """The version of the main file; 0 where it names none or there is no file."""
        return self.files[0].version if self.files else 0

    def shows_two(self) -> bool:
        """Whether the files are of a version that only containerd 2 reads."""
        return any(file.version >= 3 for file in self.files)

    def agreed(self) -> Verdict | None:
        """The verdict, where every release that reads these files comes to the same driver; else None."""
        newest = max((file.version for file in self.files), default=0)
        generations = (ONE, TWO, THREE) if newest < 3 else (TWO, THREE) if newest == 3 else (THREE,)
        try:
            found = [effective(self.files, generation) for generation in generations]
        except Refused:
            return None
        told = {(item.driver, item.cri) for item in found}
        return Verdict(found[0], None, tuple(self._notes(None))) if len(told) == 1 else None

    def judged(self, release: Version | None) -> Verdict:
        """The effective driver with containerd of a release; None: whatever release fits the files."""
        notes = tuple(self._notes(release))
        if release is not None:
            try:
                return Verdict(effective(self.files, generation_of(release), release), None, notes)
            except Refused as error:
                return Verdict(None, error.detail, notes)
        return self._whatever(notes)

    def _whatever(self, notes: tuple[str, ...]) -> Verdict:
        """No release is known: what every fitting generation does, if they agree.

        A generation that refuses the file is not the one that runs here, unless what it refuses is the driver.
        """
        found: list[Effective] = []
        refused: str | None = None
        for generation in self._fitting():
            try:
                found.append(effective(self._own_sections(), generation))
            except Refused as error:
                refused = refused or error.detail
                if error.about_driver:
                    return Verdict(None, error.detail, notes)
        if not found:
            return Verdict(None, refused, notes)
        if len({item.driver for item in found}) > 1 and len(self.files) > 1:
            told = (
                "the imports merge differently by containerd's version (1.x replaces a plugin's section, 2 merges it)"
            )
            return Verdict(None, f"{told}, which this node does not show", notes)
        return Verdict(found[0], None, notes)

    def _fitting(self) -> tuple[int, ...]:
        newest = max((file.version for file in self.files), default=2)
        if newest >= 4:
            return (THREE,)
        if newest == 3:
            return (TWO, THREE)
        return (ONE, TWO) if any(file.version == 2 for file in self.files) else (ONE,)

    def _own_sections(self) -> tuple[ConfigFile, ...]:
        """The files without the CRI sections of another version than their own."""
        return tuple(
            file._replace(plugins={k: v for k, v in file.plugins.items() if k not in ignored_sections(file)})
            for file in self.files
        )

    def _notes(self, release: Version | None) -> Iterator[str]:
        for file in self.files:
            for name in ignored_sections(file):
                version = "version 1 (no version line)" if not file.version else f"version {file.version}"
                if release is None or not reads(name, file.version, generation_of(release)):
                    yield f"{file.path} is of {version}, and its section {name!r} is of another and is not read"

    def place(self, keys: tuple[str, ...]) -> tuple[str, int | None, str | None]:
        """The file, line and text that set a key last; the main file alone where none is seen to set it."""
        for file in self.files[::-1]:
            for name in CRI_SECTIONS:
                asked = (keys[0], name, *keys[2:]) if keys[0] == "plugins" else keys
                found = line_of(file.source, asked)
                if found is not None and (keys[0] != "plugins" or name not in ignored_sections(file)):
                    return file.path, *found
        return self.path, None, None


def generation_of(release: Version) -> int:
    """The generation of a containerd release.

    >>> generation_of((1, 7, 27)), generation_of((2, 0)), generation_of((2, 3, 1))
    (1, 2, 3)
    """
    return ONE if release < (2,) else TWO if release < (2, 3) else THREE


def own_section(version: int) -> str:
    """The name of the CRI section of a version."""
    return CRI_V1 if version < 2 else CRI_V2 if version == 2 else CRI_V3


def ignored_sections(file: ConfigFile) -> tuple[str, ...]:
    """The CRI sections of a file that are of another version than the file."""
    own = own_section(file.version)
    return tuple(
        name for name in CRI_SECTIONS if name != own and isinstance(file.plugins.get(name), dict) and file.plugins[name]
    )


def reads(section: str, version: int, generation: int) -> bool:
    """Whether containerd of a generation reads a section although it is of another version than the file."""
    if generation == ONE or section == CRI_V1:
        return False
    if section == CRI_V3:
        return True
    return generation == THREE and version == 3


def _load(host: Host, path: str, explicit: bool) -> tuple[ConfigFile, ...]:
    """The file and its imports, breadth first, each path once (``LoadConfig``)."""
    found: dict[str, ConfigFile] = {}
    pending = [path]
    while pending:
        if len(found) >= MOST_FILES:
            raise TooLarge(path, f"imports more than {MOST_FILES} files")
        name = pending.pop(0)
        if name in found:
            continue
        try:
            file, imports = _parse(host.read(name, MOST_BYTES), name)
        except Absent as error:
            if name == path and not explicit:
                return ()
            raise Malformed(name, "is to be read and is not there: containerd does not start") from error
        found[name] = file
        for item in imports:
            pending += _resolved(host, name, item)
    return tuple(found.values())


def _parse(raw: bytes, path: str) -> tuple[ConfigFile, tuple[str, ...]]:
    table = parse_toml(raw, path)
    version, plugins = table.get("version", 0), table.get("plugins", {})
    if type(version) is not int or version < 0:
        raise ParseError(path, None, f"version = {version!r}", "a whole number as version")
    if not isinstance(plugins, dict):
        raise ParseError(path, None, "plugins", "a table [plugins]")
    disabled, imports = _strings(table, "disabled_plugins", path), _strings(table, "imports", path)
    return ConfigFile(path, version, plugins, disabled, decoded(raw, path)), imports


def _strings(table: dict[str, object], key: str, path: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ParseError(path, None, f"{key} = {found!r}", "a list of strings")
    return tuple(found)


def _resolved(host: Host, parent: str, item: str) -> tuple[str, ...]:
    """The files that an import names: relative to the file, a pattern where it has a ``*`` (Go's ``filepath.Glob``)."""
    path = item if item.startswith("/") else f"{parent.rpartition('/')[0]}/{item}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    if "*" not in path:
        return ("/" + "/".join(parts),)
    return _globbed(host, parts)


def _globbed(host: Host, parts: list[str]) -> tuple[str, ...]:
    from fnmatch import fnmatchcase

    found = [""]
    for part in parts:
        if not any(mark in part for mark in "*?["):
            found = [f"{folder}/{part}" for folder in found]
            continue
        pattern = part.replace("[^", "[!")
        found = [f"{folder}/{n}" for folder in found for n in _names(host, folder or "/") if fnmatchcase(n, pattern)]
        if len(found) > MOST_FILES:
            raise TooLarge("/" + "/".join(parts), f"matches more than {MOST_FILES} files")
    last = any(mark in parts[-1] for mark in "*?[")
    return tuple(path for path in found if last or first_there(host, (path,)))


def _names(host: Host, folder: str) -> tuple[str, ...]:
    """The names in a directory; none where it is missing or no directory (``filepath.Glob`` ignores both)."""
    try:
        return host.names(folder) if host.stat(folder).kind == "dir" else ()
    except Absent:
        return ()
