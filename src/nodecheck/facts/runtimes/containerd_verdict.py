"""The cgroup driver that containerd's configuration files come to, by the releases that may read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nodecheck.facts.runtimes.containerd_config import Effective, effective
from nodecheck.facts.runtimes.containerd_merge import (
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
from nodecheck.formats.toml import line_of
from nodecheck.record import NamedTuple

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.containerd_config import Effective

Files = tuple[ConfigFile, ...]


def agreed(files: Files) -> ContainerdVerdict | None:
    """The verdict, where every release that reads these files comes to the same driver; else None."""
    newest = max((file.version for file in files), default=0)
    generations = (ONE, TWO, THREE) if newest < 3 else (TWO, THREE) if newest == 3 else (THREE,)
    try:
        found = [effective(files, generation) for generation in generations]
    except Refused:
        return None
    told = {(item.driver, item.cri) for item in found}
    return ContainerdVerdict(found[0], None, tuple(_notes(files, None))) if len(told) == 1 else None


def judged(files: Files, release: Version | None) -> ContainerdVerdict:
    """The effective driver with containerd of a release; None: whatever release fits the files."""
    notes = tuple(_notes(files, release))
    if release is not None:
        try:
            return ContainerdVerdict(effective(files, generation_of(release), release), None, notes)
        except Refused as error:
            return ContainerdVerdict(None, error.detail, notes)
    return _whatever(files, notes)


def _whatever(files: Files, notes: tuple[str, ...]) -> ContainerdVerdict:
    """No release is known: what every fitting generation does, if they agree.

    A generation that refuses the file is not the one that runs here, unless what it refuses is the driver.
    """
    found: list[Effective] = []
    refused: str | None = None
    for generation in _fitting(files):
        try:
            found.append(effective(_own_sections(files), generation))
        except Refused as error:
            refused = refused or error.detail
            if error.about_driver:
                return ContainerdVerdict(None, error.detail, notes)
    if not found:
        return ContainerdVerdict(None, refused, notes)
    if len({item.driver for item in found}) > 1 and len(files) > 1:
        told = "the imports merge differently by containerd's version (1.x replaces a plugin's section, 2 merges it)"
        return ContainerdVerdict(None, f"{told}, which this node does not show", notes)
    return ContainerdVerdict(found[0], None, notes)


def _fitting(files: Files) -> tuple[int, ...]:
    newest = max((file.version for file in files), default=2)
    if newest >= 4:
        return (THREE,)
    if newest == 3:
        return (TWO, THREE)
    return (ONE, TWO) if any(file.version == 2 for file in files) else (ONE,)


def _own_sections(files: Files) -> tuple[ConfigFile, ...]:
    """The files without the CRI sections of another version than their own."""
    return tuple(
        file._replace(plugins={k: v for k, v in file.plugins.items() if k not in ignored_sections(file)})
        for file in files
    )


def _notes(files: Files, release: Version | None) -> Iterator[str]:
    for file in files:
        for name in ignored_sections(file):
            version = "version 1 (no version line)" if not file.version else f"version {file.version}"
            if release is None or not reads(name, file.version, generation_of(release)):
                yield f"{file.path} is of {version}, and its section {name!r} is of another and is not read"


def place(files: Files, keys: tuple[str, ...]) -> tuple[str, int, str] | None:
    """The file, line and text that set a key last; None where none is seen to set it."""
    for file in files[::-1]:
        for name in CRI_SECTIONS:
            asked = (keys[0], name, *keys[2:]) if keys[0] == "plugins" else keys
            found = line_of(file.source, asked)
            if found is not None and (keys[0] != "plugins" or name not in ignored_sections(file)):
                return file.path, *found
    return None


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


class ContainerdVerdict(NamedTuple):
    """What containerd would do with its configuration."""

    found: Effective | None
    refused: str | None = None
    """Why it, or its CRI plugin, would not start, or why that cannot be told."""
    notes: tuple[str, ...] = ()
