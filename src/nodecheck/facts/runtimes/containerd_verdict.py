"""The cgroup driver that containerd's configuration files come to, by the releases that may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.facts.runtimes.containerd_config import Effective, effective
from nodecheck.facts.runtimes.containerd_merge import (
    CRI_SECTIONS,
    CRI_V1,
    CRI_V2,
    CRI_V3,
    ConfigFile,
    Files,
    Refused,
    holds,
    merged_version,
    replaced,
    sections_read,
    unread,
)
from nodecheck.facts.runtimes.containerd_releases import (
    IGNORING,
    OLD,
    ONE,
    THREE,
    TWO,
    Version,
    newest_of,
    told_release,
)
from nodecheck.formats.toml import line_of
from nodecheck.record import NamedTuple


def decided(files: Files, release: Callable[[], Version | None]) -> ContainerdVerdict:
    """The verdict; the release is asked for only where what the files come to depends on it."""
    return agreed(files) or judged(files, release())


def agreed(files: Files) -> ContainerdVerdict | None:
    """The verdict, where every release from 1.3 on comes to the same driver and none refuses the files; else None."""
    try:
        found = [effective(files, release) for release in (ONE, IGNORING, TWO, THREE)]
    except Refused:
        return None
    told = {(item.driver, item.cri) for item in found}
    return ContainerdVerdict(found[0], None, _notes(files, found)) if len(told) == 1 else None


def judged(files: Files, release: Version | None) -> ContainerdVerdict:
    """The effective driver with containerd of a release; None: whatever release fits the files."""
    if release is None:
        return _whatever(files)
    try:
        found = effective(files, release)
    except Refused as error:
        return ContainerdVerdict(None, error.detail, _told(files, release))
    return ContainerdVerdict(found, None, _notes(files, [found]))


def _whatever(files: Files) -> ContainerdVerdict:
    """No release is known: what every fitting one does, if they agree.

    One that refuses the files is not the one that runs here, unless what it refuses is the driver.
    """
    found: list[Effective] = []
    refused: str | None = None
    own, foreign = _own_sections(files), tuple(_foreign(files))
    for release in fitting(files):
        try:
            found.append(effective(own, release))
        except Refused as error:
            refused = refused or error.detail
            if error.about_driver:
                return ContainerdVerdict(None, error.detail, foreign)
    if not found:
        return ContainerdVerdict(None, refused, foreign)
    if len({item.driver for item in found}) > 1:
        return ContainerdVerdict(None, f"{_difference(files)}, which this node does not show")
    return ContainerdVerdict(found[0], None, (*_notes(own, found), *foreign))


def _difference(files: Files) -> str:
    if len(files) > 1:
        return "the imports merge differently by containerd's version (1.x replaces a plugin's section, 2 merges it)"
    return "the driver depends on containerd's version (1.x and 2 take other spellings of keys, and other defaults)"


def fitting(files: Files) -> tuple[Version, ...]:
    """Releases that stand for those which files of such a version are written for.

    ``systemd_cgroup = true`` in version 1 is for the runtime that was built in until 1.2.
    """
    newest = max((file.version for file in files), default=2)
    if newest >= 4:
        return (THREE,)
    if newest == 3:
        return (TWO, THREE)
    if newest == 2:
        return (ONE, TWO)
    old = any(isinstance(cri := file.plugins.get(CRI_V1), dict) and cri.get("systemd_cgroup") is True for file in files)
    return (OLD if old and len(files) == 1 else ONE,)


def _own_sections(files: Files) -> Files:
    """The files without the CRI sections of another version than theirs, or than the one that is merged."""
    whole = merged_version(files)
    own = [_own_section(file.version or whole) for file in files]
    return tuple(
        file._replace(plugins={k: v for k, v in file.plugins.items() if k == name or k not in CRI_SECTIONS})
        for file, name in zip(files, own)
    )


def _foreign(files: Files) -> Iterator[str]:
    """The sections that are left out there."""
    for file, own in zip(files, _own_sections(files)):
        for name in CRI_SECTIONS:
            if name not in own.plugins and holds(file, name):
                yield _not_read(file, name, files)


def _not_read(file: ConfigFile, name: str, files: Files, release: Version | None = None) -> str:
    whole = merged_version(files)
    if release is not None and file.version > newest_of(release):
        told = f"{file.path} is of version {file.version}, which containerd {told_release(release)} does not know"
        return f"{told} and reads as {newest_of(release)}: its section {name!r} is not read"
    version = f"version {file.version or whole}" + ("" if file.version or whole > 1 else " (no version line)")
    return f"{file.path} is of {version}, and its section {name!r} is of another and is not read"


def _own_section(version: int) -> str:
    """The name of the CRI section of a version."""
    return CRI_V1 if version < 2 else CRI_V2 if version == 2 else CRI_V3


def _notes(files: Files, found: list[Effective]) -> tuple[str, ...]:
    """What is to be told: sections that none of the readers reads, or that the first replaces, and spellings."""
    first = found[0]
    missed = (f"containerd {told_release(first.reader)} does not read the spelling {first.misspelt!r}",)
    common = [note for note in _told(files, first.reader) if all(note in _told(files, item.reader) for item in found)]
    return (*common, *(missed if first.misspelt else ()))


def _told(files: Files, release: Version) -> tuple[str, ...]:
    return (*_unread(files, release), *_replaced(files, release))


def _unread(files: Files, release: Version) -> Iterator[str]:
    for file, name in unread(files, release):
        yield _not_read(file, name, files, release)


def _replaced(files: Files, release: Version) -> Iterator[str]:
    for file, later in replaced(files, release):
        yield f"containerd 1.x takes the section of {later.path} in place of all that {file.path} has in it"


def place(files: Files, keys: tuple[str, ...], release: Version) -> tuple[str, int | None, str | None] | None:
    """The file, line and text that set a key last, where that file's section counts; None where none is seen to.

    Where none sets it and an import's section stands in the place of all others, that file alone.
    """
    if keys[0] != "plugins":
        return _last_set(files, tuple([(keys,)] * len(files)))
    gone = {file.path for file, _ in replaced(files, release)}
    counting = tuple([file for file in files if file.path not in gone])
    read = dict(zip((file.path for file in files), sections_read(files, release)))
    asked = [
        tuple([(keys[0], name, *keys[2:]) for name in CRI_SECTIONS[::-1] if name in read[file.path]])
        for file in counting
    ]
    found = _last_set(counting, tuple(asked))
    instead = next((later for _, later in replaced(files, release)), None)
    return found if found is not None or instead is None else (instead.path, None, None)


def _last_set(
    files: Files, asked: tuple[tuple[tuple[str, ...], ...], ...]
) -> tuple[str, int | None, str | None] | None:
    for file, ways in zip(files[::-1], asked[::-1]):
        for keys in ways:
            found = line_of(file.source, keys)
            if found is not None:
                return file.path, *found
    return None


class ContainerdVerdict(NamedTuple):
    """What containerd would do with its configuration."""

    found: Effective | None
    refused: str | None = None
    """Why it, or its CRI plugin, would not start, or why that cannot be told."""
    notes: tuple[str, ...] = ()
