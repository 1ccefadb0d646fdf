"""``daemon.json`` and flags as dockerd reads them."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.errors import Absent, TooLarge
from nodecheck.facts.files.lines import whole_line
from nodecheck.facts.runtimes.docker_options import (
    CONFIG,
    DEFAULTS,
    KEY,
    SHORT,
    VALUED,
    DriverOption,
    conflicts,
    mistakes,
)
from nodecheck.facts.runtimes.service import Flag, Service, Unstartable, flags
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.unit_command import Word
from nodecheck.facts.services.unit_words import BLANKS, environment_file, split_words
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

EXEC_OPTS = "exec-opts"


class DockerSettings(NamedTuple):
    """What :class:`~nodecheck.facts.Docker` has of them, in its order; what each is stands there."""

    path: str
    has_file: bool
    options: tuple[DriverOption, ...] = ()
    problem: str | None = None
    line: int | None = None
    notes: tuple[str, ...] = ()
    service: Service | None = None
    opening: str | None = None
    empty: bool = True
    listed: int | None = None
    list_line: str | None = None


def configured(host: Host, unit: Service | None, init: Lazy[InitSystem]) -> DockerSettings:
    """The configuration of a docker that is there. Raises what the host raises."""
    given = flags(_words(host, unit, init), SHORT, VALUED)
    path = next((flag.value for flag in given[::-1] if flag.name == "config-file"), None)
    raw = _file(host, path or CONFIG, path is not None)
    loaded = _Loaded() if raw is None else _load(raw, path or CONFIG)
    made = DockerSettings(path or CONFIG, raw is not None, service=unit)
    return _lined(host, _with(made, loaded, given))


def _with(docker: DockerSettings, loaded: _Loaded, given: tuple[Flag, ...]) -> DockerSettings:
    source = loaded.source
    problem, line, notes = loaded.problem, loaded.line, list(loaded.notes)
    if problem is None:
        for key, reason in mistakes(loaded.config):
            problem, line = reason, _line_of(source, key)
            break
    both = conflicts((flag.name for flag in given), loaded.config)
    if problem is None and both:
        problem = f"{', '.join(both)} is set both as a flag and in {docker.path}, and dockerd refuses to start"
        line = _line_of(source, both[0])
    if docker.service is not None and docker.service.problem is not None and problem is None:
        problem = docker.service.problem
    if "exec-opt" in loaded.config:
        notes.append("the key 'exec-opt' does nothing, it must be 'exec-opts'")
    options = tuple(_from_flags(given)) or tuple(_from_file(loaded.config, docker.path, source))
    lines = source.split("\n")
    opening = next((line for line in lines if line.strip(BLANKS)), None)
    opening = opening if lines.count(opening or "") == 1 else None
    made = docker._replace(options=options, problem=problem, line=line, notes=tuple(notes))
    listed = loaded.config.get(EXEC_OPTS)
    count = len(listed) if isinstance(listed, list) else 0 if EXEC_OPTS in loaded.config else None
    return made._replace(opening=opening, empty=not loaded.config, listed=count, list_line=_list_line(lines))


def _list_line(lines: list[str]) -> str | None:
    """The one line on which the list of ``exec-opts`` begins.

    >>> _list_line(["{", '  "exec-opts" : [', "  ]", "}"])
    '  "exec-opts" : ['
    """
    found = [line for line in lines if f'"{EXEC_OPTS}"' in line]
    if len(found) != 1 or found[0].count(EXEC_OPTS) != 1:
        return None
    after = found[0].partition(f'"{EXEC_OPTS}"')[2].lstrip(BLANKS)
    return found[0] if after[:1] == ":" and after[1:].lstrip(BLANKS)[:1] == "[" else None


def _lined(host: Host, docker: DockerSettings) -> DockerSettings:
    """With whole lines in place of flags, where a line has the flag as it counts."""
    found = []
    for option in docker.options:
        line = whole_line(host, option.path, option.line) if option.path != docker.path else None
        found.append(option._replace(text=line) if line and option.value in line else option)
    return docker._replace(options=tuple(found))


class _Loaded(NamedTuple):
    config: Mapping[str, Any] = {}
    source: str = ""
    problem: str | None = None
    line: int | None = None
    notes: tuple[str, ...] = ()


def _file(host: Host, path: str, explicit: bool) -> bytes | None:
    try:
        return host.read(path)
    except Absent as error:
        if explicit:
            raise Unstartable(path, "is given with --config-file and is not there: dockerd does not start") from error
        return None


def _load(raw: bytes, path: str = CONFIG) -> _Loaded:
    r"""The object in ``daemon.json``, as Go's decoder reads it: of a key that stands twice the last value counts.

    Raises TooLarge where it nests deeper than Python's decoder goes.

    >>> _load(b'{"debug": true,\n}').problem
    "is not JSON: unexpected '}' (line 2, column 1)"
    >>> _load(b'{"a": 1, "a": 2}').notes
    ("the key 'a' stands twice, the last one counts",)
    """
    import json

    source = raw.decode("utf-8", "replace")
    if source.startswith("\ufeff"):
        return _Loaded({}, source, "begins with a byte order mark, which dockerd before 23.0 refuses", 1)
    if not source.strip(BLANKS):
        return _Loaded({}, source, "is empty, which dockerd before 23.0 refuses", 1)
    twice: dict[str, None] = {}

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in found:
            if key in table:
                twice[key] = None
            table[key] = value
        return table

    try:
        config = json.loads(source, object_pairs_hook=pairs, parse_constant=_refused)
    except json.JSONDecodeError as error:
        return _not_json(source, error.pos)
    except RecursionError as error:
        raise TooLarge(path, "nests values too deeply to be looked through") from error
    except ValueError as error:
        return _Loaded({}, source, f"is not JSON: {str(error)[:200]}")
    if config is None:
        return _Loaded({}, source)
    if not isinstance(config, dict):
        return _Loaded({}, source, "is not a JSON object", 1)
    notes = tuple(f"the key {key!r} stands twice, the last one counts" for key in list(twice)[:4])
    return _Loaded(config, source, None, None, notes)


def _not_json(source: str, position: int) -> _Loaded:
    """The place as Go tells it: of a trailing comma, what follows it (Python 3.13 tells the comma's)."""
    if source[position : position + 1] == ",":
        position = len(source) - len(source[position + 1 :].lstrip(BLANKS))
    found = source[position : position + 1]
    line = source.count("\n", 0, position) + 1
    column = position - source.rfind("\n", 0, position)
    told = f"unexpected {found!r}" if found else "unexpected end"
    return _Loaded({}, source, f"is not JSON: {told} (line {line}, column {column})", line)


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _line_of(source: str, key: str) -> int | None:
    """The line on which a key stands last: its text between quotes, before a colon."""
    end = len(source)
    for _ in range(64):
        end = source.rfind(f'"{key}"', 0, end)
        if end < 0:
            return None
        if source[end + len(key) + 2 : end + len(key) + 66].lstrip(BLANKS).startswith(":"):
            return source.count("\n", 0, end) + 1
    return None


def _from_flags(given: tuple[Flag, ...]) -> list[DriverOption]:
    found = []
    for flag in given:
        value = _driver_of(flag.value) if flag.name == "exec-opt" else None
        if value is not None:
            found.append(DriverOption(value, flag.path, flag.line, f"--exec-opt {flag.value}"))
    return found


def _from_file(config: Mapping[str, Any], path: str, source: str) -> list[DriverOption]:
    items = config.get("exec-opts") or ()
    found = []
    for item in items if isinstance(items, list) else ():
        value = _driver_of(item) if isinstance(item, str) else None
        if value is not None:
            at = source.rfind(f'"{item}"')
            line = source.count("\n", 0, at) + 1 if at >= 0 else _line_of(source, "exec-opts")
            told = source.split("\n")[line - 1] if line is not None else f'"exec-opts": ["{item}"]'
            found.append(DriverOption(value, path, line, told))
    return found


def _driver_of(option: str) -> str | None:
    """The value of ``native.cgroupdriver`` in an option; None for another one. The key is of any case.

    >>> _driver_of("native.cgroupdriver=systemd"), _driver_of("Native.CgroupDriver = cgroupfs"), _driver_of("x")
    ('systemd', 'cgroupfs', None)
    """
    key, equals, value = option.partition("=")
    return value.strip() if equals and key.strip().lower() == KEY else None


def _words(host: Host, unit: Service | None, init: Lazy[InitSystem]) -> tuple[Word, ...]:
    """The daemon's arguments: of the unit, a shell's command in it resolved; of ``/etc/default/docker`` elsewhere."""
    if unit is not None and unit.program is not None:
        return _unwrapped(unit)
    if init().is_systemd:
        return ()
    try:
        variables = environment_file(text(host, DEFAULTS))
    except Absent:
        return ()
    value = next((item for item in variables[::-1] if item.name in ("DOCKER_OPTS", "DOCKERD_OPTS")), None)
    if value is None:
        return ()
    return tuple(Word(word, DEFAULTS, value.line) for word in split_words(value.value, relaxed=True))


def _unwrapped(unit: Service) -> tuple[Word, ...]:
    name = (unit.program or "").rpartition("/")[2]
    if name not in ("sh", "bash", "dash") or len(unit.arguments) < 2 or not unit.arguments[0].text.endswith("c"):
        return unit.arguments
    found: list[Word] = []
    for part in split_words(unit.arguments[1].text, relaxed=True):
        word = unit.environment.get(part.removeprefix("$").strip("{}")) if part.startswith("$") else None
        if word is not None:
            found += [Word(item, word.path, word.line) for item in split_words(word.text, relaxed=True)]
        else:
            found.append(unit.arguments[1]._replace(text=part))
    return tuple(found)
