"""What a runtime's service says: the command line that systemd makes of its unit, and the flags in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nodecheck.errors import Malformed, ParseError
from nodecheck.facts.services.init_system import Unit, UnitIndex, load_unit
from nodecheck.facts.services.unit_files import Assignment, parse_unit
from nodecheck.host import Host, exists
from nodecheck.host.base import text
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodecheck.facts.services.unit_command import Word
    from nodecheck.facts.services.unit_reader import UnitReader


class Unstartable(Malformed):
    """The program does not start with what it is to read."""


class UndecidedKey(ParseError):
    """A key that some releases of the program take, and others do not."""


class Service(NamedTuple):
    """A runtime's unit, as far as it matters to its configuration."""

    name: str
    paths: tuple[str, ...]
    """The unit file and its drop-ins."""
    program: str | None = None
    arguments: tuple[Word, ...] = ()
    environment: Mapping[str, Word] = {}
    problem: str | None = None
    """Why systemd would not start it."""


class Flag(NamedTuple):
    """A flag of a command line and its place."""

    name: str
    value: str
    path: str
    line: int


def service(host: Host, index: UnitIndex, name: str, reader: Callable[[], UnitReader]) -> Service | None:
    """The service of that name; None where there is neither a unit file nor a drop-in, or it is masked."""
    unit = load_unit(host, index, name)
    if unit is None:
        unit = None if index.exists(name) else _dropins_alone(host, index, name)
    if unit is None:
        return None
    from nodecheck.facts.services.unit_command import command_line

    line = command_line(host, unit, reader)
    if line is None:
        return Service(unit.name, unit.paths)
    return Service(unit.name, unit.paths, line.program.text, line.arguments, line.environment, line.problem)


def _dropins_alone(host: Host, index: UnitIndex, name: str) -> Unit | None:
    """A unit of which a partial root holds only drop-ins of its own."""
    own = tuple(path for path in index.dropins(name) if f"/{name}.d/" in path)
    found: list[Assignment] = []
    for path in own:
        found.extend(parse_unit(text(host, path), path))
    return Unit(name, own, tuple(found)) if own else None


def first_there(host: Host, paths: Iterable[str]) -> str | None:
    """The first of the paths at which something is."""
    return next((path for path in paths if exists(host, path)), None)


def flags(words: Sequence[Word], short: Mapping[str, str], valued: Iterable[str] = ()) -> tuple[Flag, ...]:
    """The flags of a command line; ``short`` maps letters to names, ``valued`` are those that take the next word.

    >>> from nodecheck.facts.services.unit_command import Word
    >>> at = ("docker.service", 3)
    >>> words = [Word(w, *at) for w in ("-H", "fd://", "--debug", "--exec-opt", "a=b")]
    >>> [(f.name, f.value) for f in flags(words, {"H": "host"}, ("host", "exec-opt"))]
    [('host', 'fd://'), ('debug', ''), ('exec-opt', 'a=b')]
    """
    valued = frozenset(valued)
    found: list[Flag] = []
    waiting = False
    for word in words:
        if waiting:
            found[-1] = found[-1]._replace(value=word.text)
            waiting = False
        elif word.text.startswith("-") and len(word.text) > 1:
            flag, equals = _flag(word, short)
            found.append(flag)
            waiting = not equals and not flag.value and flag.name in valued
    return tuple(found)


def _flag(word: Word, short: Mapping[str, str]) -> tuple[Flag, bool]:
    name, equals, value = word.text.lstrip("-").partition("=")
    if not word.text.startswith("--") and name[:1] in short:
        rest = word.text[2:]
        return Flag(short[name[:1]], rest.removeprefix("="), word.path, word.line), bool(rest)
    return Flag(name, value, word.path, word.line), bool(equals)


def flag_value(words: Sequence[Word], name: str, letter: str) -> str | None:
    """The value of a flag that takes one; the last wins."""
    found = [flag.value for flag in flags(words, {letter: name}, (name,)) if flag.name == name]
    return found[-1] if found else None
