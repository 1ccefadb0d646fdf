"""``Condition…=`` and ``Assert…=`` of units, as far as files tell what becomes of them (systemd.unit(5))."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import Absent
from nodecheck.facts.boot.cmdline import values
from nodecheck.facts.services.unit_files import Assignment, Unit
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

Words = Callable[[], tuple[str, ...]]
"""The words of the kernel's command line at the next boot, asked for only where a condition is about them."""

_VOLATILE = ("/run", "/var/run", "/proc", "/sys", "/dev", "/tmp", "/var/lock")  # noqa: S108 - only named
"""What is there now says nothing of the next boot."""


class Condition(NamedTuple):
    """One condition."""

    key: str
    parameter: str
    trigger: bool
    """Written with ``|``: one of all that are must hold."""
    negate: bool
    path: str
    line: int
    text: str


def conditions(unit: Unit, kind: str) -> tuple[Condition, ...]:
    """The conditions (``kind`` is ``Condition`` or ``Assert``) in their order; an empty one takes back those before."""
    found: list[Condition] = []
    for item in unit.assignments:
        if item.section == "Unit" and item.key.startswith(kind):
            if item.value == "":
                found.clear()
            else:
                found.append(_condition(item, kind))
    return tuple(found)


def _condition(item: Assignment, kind: str) -> Condition:
    rest = item.value
    trigger = rest.startswith("|")
    rest = rest[1:].lstrip(" \t") if trigger else rest
    negate = rest.startswith("!")
    rest = rest[1:].lstrip(" \t") if negate else rest
    text = f"{item.key}={item.value}"
    return Condition(item.key[len(kind) :], rest, trigger, negate, item.path, item.line, text)


def unmet(host: Host, unit: Unit, words: Words) -> Condition | None:
    """A condition (or assertion) that surely keeps the unit from starting at the next boot; None where none does.

    Raises what the host raises for a path that cannot be looked at.
    """
    for kind in ("Condition", "Assert"):
        found = conditions(unit, kind)
        plain = next((item for item in found if not item.trigger and holds(host, item, words) is False), None)
        if plain is not None:
            return plain
        triggers = [item for item in found if item.trigger]
        if triggers and all(holds(host, item, words) is False for item in triggers):
            return triggers[0]
    return None


def holds(host: Host, item: Condition, words: Words) -> bool | None:
    """Whether a condition will hold; None where files do not tell."""
    if item.key == "KernelCommandLine":
        found: bool | None = _has_word(words(), item.parameter)
    elif item.key == "FirstBoot":
        found = _is_first_boot(host, item.parameter, words)
    else:
        test = _TESTS.get(item.key)
        path = item.parameter.replace("%%", "%")
        volatile = any(path == top or path.startswith(top + "/") for top in _VOLATILE)
        known = test is not None and path.startswith("/") and "%" not in path and not volatile
        found = test(host, path) if known and test is not None else None
    return None if found is None else found != item.negate


def _has_word(words: tuple[str, ...], wanted: str) -> bool:
    """As ``condition_test_kernel_command_line``: a whole ``key=value``, or a key with or without a value."""
    return wanted in words or ("=" not in wanted and bool(values(words, wanted)))


def _is_first_boot(host: Host, parameter: str, words: Words) -> bool | None:
    """``ConditionFirstBoot=``: what the command line says, else whether the machine id is still to be made.

    systemd.unit(5), machine-id(5), kernel-command-line(7) (``systemd.condition_first_boot=``). A root without the file
    may have lost it on its way here.
    """
    wanted = _boolean(parameter)
    told = values(words(), "systemd.condition_first_boot")
    first = _boolean(told[-1]) if told else None
    if first is None:
        try:
            first = text(host, "/etc/machine-id", 4096).strip(" \t\r\n") == "uninitialized"
        except Absent:
            return None
    return None if wanted is None else first == wanted


def _boolean(value: str) -> bool | None:
    """What systemd's ``parse_boolean`` makes of a value; None where it is none.

    >>> _boolean("Yes"), _boolean("off"), _boolean("maybe")
    (True, False, None)
    """
    found = {**dict.fromkeys(("1", "yes", "y", "true", "t", "on"), True),
             **dict.fromkeys(("0", "no", "n", "false", "f", "off"), False)}  # fmt: skip
    return found.get(value.lower())


def _is_file(host: Host, path: str) -> bool:
    return _kind(host, path) == "file"


def _kind(host: Host, path: str) -> str | None:
    try:
        return host.stat(path).kind
    except Absent:
        return None


def _is_executable(host: Host, path: str) -> bool:
    return _is_file(host, path) and host.stat(path).executable


def _is_filled(host: Host, path: str) -> bool:
    return _is_file(host, path) and host.stat(path).size > 0


def _has_names(host: Host, path: str) -> bool:
    return bool(names_in(host, path))


def _is_matched(host: Host, pattern: str) -> bool | None:
    """glob(7), of which only the last component may have marks here."""
    folder, _, name = pattern.rpartition("/")
    if any(mark in folder for mark in "*?["):
        return None
    return any(_matches(host, folder or "/", name))


def _matches(host: Host, folder: str, pattern: str) -> Iterator[str]:
    from fnmatch import fnmatchcase

    hidden = pattern.startswith(".")
    yield from (
        name for name in names_in(host, folder) if fnmatchcase(name, pattern) and (hidden or not name.startswith("."))
    )


_TESTS: dict[str, Callable[[Host, str], bool | None]] = {
    "PathExists": exists,
    "PathExistsGlob": _is_matched,
    "PathIsDirectory": lambda host, path: _kind(host, path) == "dir",
    "PathIsSymbolicLink": lambda host, path: host.link(path) is not None,
    "DirectoryNotEmpty": _has_names,
    "FileNotEmpty": _is_filled,
    "FileIsExecutable": _is_executable,
}
