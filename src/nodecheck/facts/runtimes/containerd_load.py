"""Whether a release of containerd starts with its configuration files, and its CRI plugin loads."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.runtimes.containerd_keys import KeyFault, section_faults, top_faults
from nodecheck.facts.runtimes.containerd_merge import Files, sections_read
from nodecheck.facts.runtimes.containerd_releases import Version
from nodecheck.facts.runtimes.containerd_values import doubts, load_faults, start_faults
from nodecheck.facts.runtimes.containerd_verdict import ContainerdVerdict, fitting, judged
from nodecheck.record import NamedTuple


class ContainerdLoad(NamedTuple):
    """What one release makes of the files."""

    release: Version
    fault: KeyFault | None = None
    """Why it does not start, or its CRI plugin does not load; without keys where it is no single key."""
    cri: bool = True
    """Whether the CRI plugin is on."""
    notes: tuple[str, ...] = ()
    """What does nothing."""
    doubt: KeyFault | None = None
    """A value whose effect no file shows."""


def loads(files: Files, release: Version | None, gone: frozenset[str]) -> list[ContainerdLoad]:
    """By the release that is here; where none is shown, by each that such files may be written for.

    ``gone``: the files that the configuration names and that are not there.
    """
    return [_load(files, one, gone) for one in ((release,) if release else fitting(files))]


def _load(files: Files, release: Version, gone: frozenset[str]) -> ContainerdLoad:
    verdict = judged(files, release)
    fault = next(_faults(files, release, verdict, gone), None)
    on = verdict.found is None or verdict.found.cri
    return ContainerdLoad(release, fault, on, verdict.notes, next(_doubts(files, release), None) if on else None)


def _name_plugins(files: Files) -> bool:
    return any(file.disabled or "required_plugins" in file.source for file in files)


def _doubts(files: Files, release: Version) -> Iterator[KeyFault]:
    yield from doubts(files, release)
    if _name_plugins(files):
        from nodecheck.facts.runtimes.containerd_plugins import doubts_of_plugins

        yield from doubts_of_plugins(files, release)


def _faults(files: Files, release: Version, verdict: ContainerdVerdict, gone: frozenset[str]) -> Iterator[KeyFault]:
    for file in files:
        yield from top_faults(file, release)
    yield from start_faults(files, release, gone)
    if _name_plugins(files):
        from nodecheck.facts.runtimes.containerd_plugins import required_faults

        yield from required_faults(files, release)
    if verdict.found is None:
        yield KeyFault(files[-1].path, (), verdict.refused or "its CRI plugin does not load")
    elif verdict.found.cri:
        for file, read in zip(files, sections_read(files, release)):
            yield from section_faults(file, read, release)
        yield from load_faults(files, release, gone)
        if any(file.disabled for file in files):
            from nodecheck.facts.runtimes.containerd_plugins import off_faults

            yield from off_faults(files, release)
