"""The text of systemd units: fragment and drop-ins, merged (systemd.unit(5), systemd.syntax(7))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple


class Assignment(NamedTuple):
    """One ``key=value`` of a unit; an empty value takes back what came before it."""

    section: str
    key: str
    value: str
    path: str
    line: int


class Unit(NamedTuple):
    """A unit as systemd loads it."""

    name: str
    paths: tuple[str, ...]
    """The fragment and the drop-ins, in the order in which they were read."""
    assignments: tuple[Assignment, ...]

    def values(self, section: str, key: str) -> tuple[tuple[str, str, int], ...]:
        """Each value of a key with the path and line that sets it, an empty assignment having reset the list."""
        found: list[tuple[str, str, int]] = []
        for item in self.assignments:
            if item.section == section and item.key == key:
                if item.value == "":
                    found.clear()
                else:
                    found.append((item.value, item.path, item.line))
        return tuple(found)

    def last(self, section: str, key: str) -> str | None:
        """The value that counts of a key that takes one; None where it is not set."""
        found = self.values(section, key)
        return found[-1][0] if found else None


def load_unit(host: Host, index: UnitIndex, name: str) -> Unit | None:
    """The unit of that name; None where it has no unit file or is masked. Raises what the host raises."""
    fragment = index.fragment(name)
    if fragment is None:
        return None
    paths = (fragment, *index.dropins(name))
    found: list[Assignment] = []
    for path in paths:
        found.extend(parse_unit(text(host, path), path))
    return Unit(index.resolve(name), paths, tuple(found))


def parse_unit(source: str, path: str) -> Iterator[Assignment]:
    r"""The assignments in the text of a unit file.

    >>> [(a.key, a.value, a.line) for a in parse_unit("[Service]\nExecStart=/bin/x \\\n# no\n  -y\nUser=\n", "x")]
    [('ExecStart', '/bin/x    -y', 2), ('User', '', 5)]
    """
    section = ""
    for number, line in _logical_lines(source):
        if line.startswith("["):
            section = line[1:-1] if line.endswith("]") else ""
        elif "=" in line:
            key, _, value = line.partition("=")
            yield Assignment(section, key.rstrip(_BLANKS), value.strip(_BLANKS), path, number)


_BLANKS = " \t\n\r"


def _logical_lines(source: str) -> Iterable[tuple[int, str]]:
    """Lines with continuations joined by a blank, and the number of the first; comments are left out everywhere."""
    lines = source.removeprefix("\ufeff").split("\n")
    if "\\" in source:
        return _continued(lines)
    stripped = [line.strip(_BLANKS) for line in lines]
    return [(number, line) for number, line in enumerate(stripped, 1) if line and line[0] not in "#;"]


def _continued(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Those of a text in which some line may go on over its end."""
    pending: list[str] = []
    started = 0
    for number, line in enumerate(lines, 1):
        stripped = line.strip(_BLANKS)
        if stripped.startswith(("#", ";")) or (not stripped and not pending):
            continue
        if not pending:
            started = number
        line = line.rstrip("\r")
        if _continues(line):
            pending.append(line[:-1])
            continue
        yield started, " ".join([*pending, line]).strip(_BLANKS)
        pending = []
    if pending:
        yield started, " ".join(pending).strip(_BLANKS)


def _continues(line: str) -> bool:
    """Whether an odd number of backslashes ends the line."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1
