"""The command line that systemd makes of a service: words, variables, environment files.

Rules: systemd.service(5) "COMMAND LINES", systemd.exec(5) "ENVIRONMENT", and systemd's ``extract-word.c``,
``env-util.c`` (``replace_env_argv``) and ``env-file.c`` where the pages leave something open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, TooLarge
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.unit_files import Unit
from nodecheck.facts.services.unit_settings import commands as command_lines
from nodecheck.facts.services.unit_settings import loaded
from nodecheck.facts.services.unit_words import (
    Unbalanced,
    depends_on_release,
    environment_file,
    is_variable,
    split_words,
)
from nodecheck.host import Host, names_in
from nodecheck.host.base import text
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodecheck.facts.services.unit_reader import UnitReader

EXEC_SINCE = 221
"""From this systemd on quotes count anywhere in a command line (see ``unit_reader``)."""

MOST_WORDS = 4096
"""Words of one command line that are looked at; the kernel's limit on arguments is of another order."""

_PREFIXES = "-@:+!|"


class Word(NamedTuple):
    """One argument, and the place that brings it: the ``ExecStart=`` line, or that of the variable."""

    text: str
    path: str
    line: int
    written: str = ""
    """The word as it stands there, where it has specifiers."""

    @property
    def untold(self) -> bool:
        """Whether it holds a specifier that files do not tell."""
        return bool(self.written) and self.text == self.written


class CommandLine(NamedTuple):
    """What ``ExecStart=`` comes to when the service is started."""

    program: Word
    arguments: tuple[Word, ...]
    environment: Mapping[str, Word]
    """Variables of ``Environment=`` and ``EnvironmentFile=``, with their places."""
    sources: tuple[str, ...]
    """The unit's files and its environment files; those that are looked for and not there too."""
    problem: str | None = None
    """Why systemd would not start it."""


class ExecLine(NamedTuple):
    """One command of a unit, variables put in."""

    key: str
    """``ExecStartPre`` and the like."""
    words: tuple[str, ...]
    prefix: str
    """systemd's marks before the program: with ``-`` a failure does not matter, with ``+`` no ``User=`` does."""
    text: str
    path: str
    line: int


def exec_lines(
    host: Host, unit: Unit, section: str, keys: tuple[str, ...]
) -> tuple[tuple[ExecLine, ...], Mapping[str, Word], str | None]:
    """The commands of a unit in the order of ``keys``, its variables, and why systemd would not start it.

    Raises what the host raises for an environment file that is there and cannot be read.
    """
    environment, problem = _environment(host, unit, [])
    found: list[ExecLine] = []
    for key in keys:
        for value, path, line in unit.values(section, key):
            command = _command(value, path, line)
            if command is not None:
                program, words, literal = command
                rest = words if literal else _expanded(words, environment)
                prefix = value[: len(value) - len(value.lstrip(_PREFIXES))]
                every = (program.text, *[word.text for word in rest])
                found.append(ExecLine(key, every, prefix, value, path, line))
    return tuple(found), environment, problem


def command_line(host: Host, unit: Unit, reader: Callable[[], UnitReader] | None = None) -> CommandLine | None:
    """The command line of a service; None where the unit has no ``ExecStart=`` that systemd takes.

    ``reader`` is the node's own systemd, which is asked only for what depends on it; without it the newest reads,
    and specifiers stay as they stand. Raises what the host raises for an environment file that cannot be read.
    TooLarge is raised for too many words.
    """
    unit, refusal = loaded(InitSystem(), unit)
    reading = _Reading(unit.name, reader)
    starts = [_command(*start, reading) for start in command_lines(unit)]
    commands = [found for found in starts if found is not None]
    if not commands:
        return None
    sources = list(unit.paths)
    environment, problem = _environment(host, unit, sources, reading)
    problem = refusal.message if refusal is not None else problem
    program, words, literal = commands[-1]
    arguments = tuple(words if literal else _expanded(words, environment))
    return CommandLine(program, _bounded(program, arguments), environment, tuple(sources), problem)


def arguments(unit: Unit) -> tuple[Word, ...]:
    """The arguments of the last ``ExecStart=``, variables as they stand: no environment file is read for them."""
    commands = [found for start in unit.values("Service", "ExecStart") if (found := _command(*start)) is not None]
    return _bounded(commands[-1][0], tuple(commands[-1][1])) if commands else ()


def _bounded(program: Word, words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words, if they are not too many: of options the last one counts."""
    if len(words) > MOST_WORDS:
        raise TooLarge(program.path, f"gives {program.text} more than {MOST_WORDS} words")
    return words


class _Reading(NamedTuple):
    """Who reads a unit's words."""

    unit: str = ""
    reader: Callable[[], UnitReader] | None = None

    def words(self, value: str) -> tuple[str, ...]:
        """The words of a command line. Raises Unbalanced."""
        if self.reader is None or not depends_on_release(value):
            return split_words(value)
        return self.reader().words(value, EXEC_SINCE)

    def assignments(self, value: str) -> tuple[str, ...]:
        """The words of ``Environment=``. Raises Unbalanced."""
        if self.reader is None or not depends_on_release(value):
            return split_words(value)
        return self.reader().assignments(value)

    def word(self, text: str, path: str, line: int) -> Word:
        """A word, its specifiers replaced; as it stands where files do not tell one of them."""
        plain = text.replace("%%", "%")
        if self.reader is None or "%" not in text.replace("%%", ""):
            return Word(plain, path, line)
        meant = self.reader().meant(text, self.unit)
        return Word(text if meant is None else meant, path, line, text)


_PLAIN = _Reading()


def _command(value: str, path: str, line: int, reading: _Reading = _PLAIN) -> tuple[Word, list[Word], bool] | None:
    """The program, its words and whether variables are left alone; None for a line that systemd ignores."""
    try:
        words = [reading.word(word, path, line) for word in reading.words(value)]
    except Unbalanced:
        return None
    if not words:
        return None
    program = words[0].text.lstrip(_PREFIXES)
    prefix = words[0].text[: len(words[0].text) - len(program)]
    if not program:
        return None
    rest = words[2:] if "@" in prefix else words[1:]
    return words[0]._replace(text=program), rest, ":" in prefix


def _expanded(words: list[Word], environment: Mapping[str, Word]) -> Iterator[Word]:
    for word in words:
        if word.text.startswith("$") and word.text[1:2] not in ("{", "$", ""):
            # A word of its own: replaced by the words of the value, by none where it is not set.
            value = environment.get(word.text[1:])
            if value is not None:
                for part in split_words(value.text, relaxed=True):
                    yield Word(part, value.path, value.line)
        else:
            yield _replaced(word, environment)


def _replaced(word: Word, environment: Mapping[str, Word]) -> Word:
    """A word with each ``${NAME}`` replaced, not split, and ``$$`` made ``$``."""
    source, place = word.text, word
    if "$" not in source:
        return word
    parts: list[str] = []
    done = 0
    while (at := source.find("$", done)) >= 0:
        parts.append(source[done:at])
        following = source[at + 1 : at + 2]
        end = source.find("}", at) if following == "{" else -1
        if following == "{" and end < 0:
            done = at
            break
        value = environment.get(source[at + 2 : end]) if end > 0 else None
        place = value or place
        parts.append((value.text if value else "") if end > 0 else "$")
        done = end + 1 if end > 0 else at + (2 if following == "$" else 1)
    parts.append(source[done:])
    return Word("".join(parts), place.path, place.line)


def _environment(
    host: Host, unit: Unit, sources: list[str], reading: _Reading = _PLAIN
) -> tuple[dict[str, Word], str | None]:
    """Variables: ``Environment=`` first, each later file beating it and the files before it."""
    found: dict[str, Word] = {}
    for value, path, line in unit.values("Service", "Environment"):
        for item in _assignments(value, reading):
            name, _, content = item.partition("=")
            if is_variable(name):
                found[name] = reading.word(content, path, line)
    for value, path, line in unit.values("Service", "EnvironmentFile"):
        named = reading.word(value, path, line)
        if named.untold:
            return found, f"EnvironmentFile={value} has a specifier that is not told here"
        problem = _read_files(host, named.text, found, sources)
        if problem is not None:
            return found, problem
    return found, None


def _assignments(value: str, reading: _Reading) -> Iterator[str]:
    try:
        yield from (word for word in reading.assignments(value) if "=" in word)
    except Unbalanced:
        return


def _read_files(host: Host, value: str, found: dict[str, Word], sources: list[str]) -> str | None:
    """Read one ``EnvironmentFile=`` into ``found``; what keeps the service from starting, if anything does."""
    optional = value.startswith("-")
    paths = _matching(host, value[1:] if optional else value)
    missing = not paths
    for path in paths:
        sources.append(path)
        try:
            content = text(host, path)
        except Absent:
            missing = True
            continue
        found.update({v.name: Word(v.value, path, v.line) for v in environment_file(content)})
    if missing and not optional:
        return f"the unit's EnvironmentFile={value} is not there"
    return None


def _matching(host: Host, pattern: str) -> tuple[str, ...]:
    """The files that the pattern of an ``EnvironmentFile=`` names (glob(7), in the last component only)."""
    folder, _, name = pattern.rpartition("/")
    if not any(mark in name for mark in "*?["):
        return (pattern,)
    from fnmatch import fnmatchcase

    names = names_in(host, folder or "/")
    return tuple(f"{folder}/{found}" for found in names if fnmatchcase(found, name) and not found.startswith("."))
