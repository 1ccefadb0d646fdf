"""What CRI-O makes of its keys: those with which it does not start, and those that do nothing.

The rules are those of ``Validate`` of ``pkg/config/config.go``, of its tags v1.17.0 to v1.36.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.facts.runtimes.crio_schema import LAST_READ, TABLES, UNTYPED
from nodecheck.facts.runtimes.key_types import NUMBER, TABLE, Keys, Release, fits, is_read
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Row, Table
from nodecheck.typed import Any

Path = tuple[str, ...]
REFUSED, UNDECIDED, IGNORED = "refused", "undecided", "ignored"
LEAST_LOG = 8192
"""Bytes: ``OCIBufSize``."""
BUILT_IN = "the built-in runtime"
_CONFIG = "cri-o pkg/config/config.go"
RULES = Table(
    Row(BUILT_IN, "runc", "DefaultConfig", _CONFIG + " of v1.30.0", before=(1, 31)),
    Row(BUILT_IN, "crun", "DefaultConfig", _CONFIG + " of v1.31.0", since=(1, 31)),
)
"""What holds of which release of CRI-O."""


class CrioFile(NamedTuple):
    """One file, in the order in which they are read."""

    path: str
    crio: Mapping[str, Any]
    """The table ``[crio]``."""
    source: str = ""


class CrioFault(NamedTuple):
    """A key that ends CRI-O's start, that may, or that does nothing."""

    kind: str
    path: str
    keys: Path
    """From the top of the file."""
    why: str


class _Settings(NamedTuple):
    """The keys of all files, by their path below ``[crio]`` in lower case: the last file that sets one counts."""

    values: Mapping[Path, tuple[Any, str, Path]]

    def of(self, *keys: str) -> Any:
        found = self.values.get(keys)
        return None if found is None else found[0]

    def fault(self, why: str, *keys: str, kind: str = REFUSED) -> CrioFault:
        _, path, written = self.values[keys]
        return CrioFault(kind, path, ("crio", *written), why)

    def runtimes(self) -> frozenset[str]:
        return frozenset([keys[2] for keys in self.values if keys[:2] == ("runtime", "runtimes") and len(keys) > 2])


def settings(files: tuple[CrioFile, ...]) -> _Settings:
    """What the files come to; names of runtimes are kept as they are written."""
    found: dict[Path, tuple[Any, str, Path]] = {}
    for file in files:
        for keys, written, value in _walk(file.crio, (), ()):
            found[keys] = (value, file.path, written)
    return _Settings(found)


def _walk(table: Mapping[str, Any], at: Path, written: Path) -> Iterator[tuple[Path, Path, Any]]:
    for key, value in table.items():
        name = key if at == ("runtime", "runtimes") else key.lower()
        yield (*at, name), (*written, key), value
        if isinstance(value, dict) and len(at) < 4:
            yield from _walk(value, (*at, name), (*written, key))


def named_programs(files: tuple[CrioFile, ...]) -> tuple[str, ...]:
    """``runtime_path`` of the runtimes, where it is given."""
    values = settings(files).values
    paths = [value for keys, (value, _, _) in values.items() if keys[:2] == ("runtime", "runtimes") and _is_path(keys)]
    return tuple(dict.fromkeys([path for path in paths if isinstance(path, str) and path.startswith("/")]))


def _is_path(keys: Path) -> bool:
    return len(keys) == 4 and keys[3] == "runtime_path"


def faults(files: tuple[CrioFile, ...], release: Release | None, gone: frozenset[str]) -> Iterator[CrioFault]:
    """What is wrong with the files. ``gone``: those of :func:`named_programs` that are not there."""
    for file in files:
        yield from _types(file, release)
    found = settings(files)
    yield from _runtime(found, release, gone)
    size = found.of("runtime", "log_size_max")
    if fits(NUMBER, size) and 0 <= size < LEAST_LOG:
        why = f"log_size_max is {size}, and must be negative or at least {LEAST_LOG} bytes"
        yield found.fault(why, "runtime", "log_size_max")
    logs = found.of("log_dir")
    if isinstance(logs, str) and not logs.startswith("/"):
        yield found.fault(f"log_dir is {logs!r}, which is no absolute path", "log_dir")


def _types(file: CrioFile, release: Release | None) -> Iterator[CrioFault]:
    for keys, written, value in _walk(file.crio, (), ()):
        at = ("runtime", "runtimes", "*") if keys[:2] == ("runtime", "runtimes") and len(keys) == 4 else keys[:-1]
        rows = [row for row in TABLES.get(at, ()) if keys[-1] in row.names.split(" ")]
        if at == ("runtime", "runtimes"):
            rows = [Keys(TABLE, keys[-1])]
        why = "" if rows else _strange(at, keys[-1], release)
        if why:
            yield CrioFault(IGNORED, file.path, ("crio", *written), why)
        for row in rows[:1]:
            known = None if release is None and (row.since or row.before) else release is None or row.hold(release)
            if not fits(row.kind, value):
                if known is not False:
                    why = f"{'.'.join(written)} must be {row.kind}"
                    yield CrioFault(REFUSED if known else UNDECIDED, file.path, ("crio", *written), why)
            elif known is False and release is not None and row.before and value not in ([], False, ""):
                told = ".".join(map(str, release))
                why = f"CRI-O {told} does not know {keys[-1]}, and passes it over"
                yield CrioFault(IGNORED, file.path, ("crio", *written), why)


def _strange(at: Path, key: str, release: Release | None) -> str:
    """Why a key does nothing that no release has in this table; "" where it may do something."""
    if at not in TABLES or key in UNTYPED.get(at, "").split(" ") or release is None or not is_read(release, LAST_READ):
        return ""
    from difflib import get_close_matches

    names = [name for row in TABLES[at] for name in row.names.split(" ")]
    near = get_close_matches(key, names, n=1, cutoff=0.8)
    told = f"CRI-O {'.'.join(map(str, release))} has no {key} there, and passes it over"
    return told + (f"; did you mean {near[0]}?" if near else "")


def _runtime(found: _Settings, release: Release | None, gone: frozenset[str]) -> Iterator[CrioFault]:
    """``default_runtime`` must have a table, and its table must be one that CRI-O takes."""
    given = found.of("runtime", "default_runtime")
    default = given if isinstance(given, str) else ""
    built_in = [row.wanted for row in RULES if release is None or row.covers(release)]
    if default and default not in found.runtimes():
        if default not in built_in:
            why = f"default_runtime is {default!r}, and there is no table [crio.runtime.runtimes.{default}]"
            yield found.fault(why, "runtime", "default_runtime")
        elif release is None:
            why = f"default_runtime is {default!r} and has no table, which some releases refuse"
            yield found.fault(why, "runtime", "default_runtime", kind=UNDECIDED)
    kind_of = REFUSED if default or release is not None else UNDECIDED
    for name in [default] if default else built_in:
        at = ("runtime", "runtimes", name)
        kind, path = found.of(*at, "runtime_type"), found.of(*at, "runtime_path")
        if kind and isinstance(kind, str) and kind not in ("oci", "vm", "pod"):
            yield found.fault(f"runtime_type of {name!r} is {kind!r}, which is none", *at, "runtime_type", kind=kind_of)
        if isinstance(path, str) and path in gone:
            yield found.fault(
                f"runtime_path of {name!r} is {path}, which is not there", *at, "runtime_path", kind=kind_of
            )
