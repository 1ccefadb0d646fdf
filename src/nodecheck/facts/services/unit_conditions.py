"""``Condition…=`` and ``Assert…=`` of units, as far as files tell what becomes of them (systemd.unit(5)).

A condition that systemd cannot parse counts as one that does not hold, with ``!`` too; one that it does not know, and
one about a path that is not absolute, has no effect (``condition_test``, src/shared/condition.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.errors import Unsupported
from nodecheck.facts.services.surroundings import Surroundings
from nodecheck.facts.services.unit_files import Assignment, Unit
from nodecheck.facts.services.unit_specifiers import expanded
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none
from nodecheck.record import NamedTuple

_VOLATILE = ("/run", "/var/run", "/proc", "/sys", "/dev", "/tmp", "/var/lock")  # noqa: S108 - only named
"""What is there now says nothing of the next boot."""


_BY_RUNTIME = ("/proc", "/sys", "/dev")
"""What a container finds as its runtime has mounted it, at each start the same."""


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


class ConditionVerdict(NamedTuple):
    """What keeps a unit from starting, or may do so: at most one of the two is there."""

    unmet: Condition | None = None
    """Surely does not hold at the next boot."""
    undecided: Condition | None = None
    """Decides, and files do not tell whether it holds."""


LACKS = {
    "Host": "no file gives the node's name or id",
    "FirstBoot": "there is no /etc/machine-id here",
    "KernelVersion": "which kernel will boot is not told",
    "OSRelease": "there is no os-release here",
    "Architecture": "there is no C library here that tells it",
}
"""What is lacking where files do not tell; of the others only the running node tells."""


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


def conditions_hold(around: Surroundings, unit: Unit) -> ConditionVerdict:
    """What keeps a unit from starting by its conditions and assertions, or may do so.

    Raises what the host raises for a path that cannot be looked at.
    """
    undecided = None
    for kind in ("Condition", "Assert"):
        judged = _judged(around, unit, conditions(unit, kind))
        plain = [(item, held) for item, held in judged if not item.trigger]
        triggers = [(item, held) for item, held in judged if item.trigger]
        if triggers and not any(held for _, held in triggers):
            plain.append(next((pair for pair in triggers if pair[1] is None), triggers[0]))
        for item, held in plain:
            if held is False:
                return ConditionVerdict(item)
            undecided = item if held is None and undecided is None else undecided
    return ConditionVerdict(None, undecided)


def _judged(around: Surroundings, unit: Unit, found: tuple[Condition, ...]) -> list[tuple[Condition, bool | None]]:
    """Each condition that has an effect, and whether it will hold; None where files do not tell."""
    judged: list[tuple[Condition, bool | None]] = []
    for item in found:
        parameter = expanded(around, item.parameter, unit.name)
        if parameter is None:
            judged.append((item, None))
        elif item.key in PATH_KEYS:
            if parameter.startswith("/"):
                judged.append((item, _negated(item, _of_path(around, item.key, parameter))))
        else:
            from nodecheck.facts.services.condition_tests import Unparsed, is_known, test_of

            if is_known(around.init, item.key):
                try:
                    judged.append((item, _negated(item, test_of(around, item.key, parameter))))
                except Unparsed:
                    judged.append((item, False))
    return judged


def _negated(item: Condition, held: bool | None) -> bool | None:
    return None if held is None else held != item.negate


WATCHED = ("PathExists", "PathExistsGlob", "DirectoryNotEmpty")
"""Settings of a path unit that start its service at once where they hold (systemd.path(5))."""


def watched_holds(around: Surroundings, key: str, path: str) -> bool:
    """Whether one of :data:`WATCHED` holds at the next boot, as far as files tell."""
    return path.startswith("/") and "%" not in path and _of_path(around, key, path) is True


def _of_path(around: Surroundings, key: str, path: str) -> bool | None:
    path = "/" + "/".join([part for part in path.split("/") if part not in ("", ".")])
    if "/../" in f"{path}/" or (key == "PathExistsGlob" and any(mark in path for mark in _ODD_MARKS)):
        return None
    if any(path == top or path.startswith(top + "/") for top in _VOLATILE):
        given = around.container.kind is not None and path.startswith(_BY_RUNTIME)
        return _of_container(around, key, path) if given else _of_volatile(key, path)
    test = _TESTS.get(key)
    if test is None:
        from nodecheck.facts.services.condition_tests import PATH_TESTS

        return PATH_TESTS[key](around, path)
    found = test(around.host, path)
    return None if not found and (around.is_hidden(path) or _leads_away(around.host, path)) else found


_ODD_MARKS = ("{", "[", "\\")
"""Marks of a pattern that systemd's glob(3) takes in ways of its own: braces, and classes with ``^`` or names."""


def _leads_away(host: Host, path: str) -> bool:
    """Whether a link on the way leads to what each boot makes anew, such as ``/etc/resolv.conf`` into ``/run``."""
    parts = path.strip("/").split("/")
    for place, _ in enumerate(parts):
        here = "/" + "/".join(parts[: place + 1])
        target = host.link(here)
        if target is not None:
            away = target if target.startswith("/") else f"/{target.replace('../', '')}"
            if any(away == top or away.startswith(top + "/") for top in _VOLATILE):
                return True
    return False


def _of_container(around: Surroundings, key: str, path: str) -> bool | None:
    """What a container finds below /proc, /sys and /dev: what is there now, as access(2) and statvfs(3) tell."""
    if key == "PathIsReadWrite":
        read_only = around.is_read_only(path)
        return None if read_only is None else not read_only
    test = _TESTS.get(key)
    if test is None:
        return _of_volatile(key, path)
    try:
        return test(around.host, path)
    except Unsupported:
        return False  # a container whose /sys is only a part of one


def _of_volatile(key: str, path: str) -> bool | None:
    """What is known of a path that each boot makes anew: the kernel's own trees can be written on a machine, and
    directories of configuration in ``/run`` are empty."""
    if key == "PathIsReadWrite" and path.startswith(("/proc/sys", "/sys", "/run", "/dev")):
        return True
    if key == "PathIsMountPoint":
        return True if path in ("/proc", "/sys", "/dev", "/run") else None
    own = path.startswith("/run/") and path.endswith(".d") and path.count("/") == 2
    return False if own and key != "PathIsReadWrite" else None


def _kind(host: Host, path: str) -> str | None:
    found = stat_or_none(host, path)
    return found.kind if found is not None else None


def _is_executable(host: Host, path: str) -> bool:
    found = stat_or_none(host, path)
    return found is not None and found.kind == "file" and found.executable


def _is_filled(host: Host, path: str) -> bool:
    found = stat_or_none(host, path)
    return found is not None and found.kind == "file" and found.size > 0


def _has_names(host: Host, path: str) -> bool:
    return _kind(host, path) == "dir" and bool(names_in(host, path))


def _is_matched(host: Host, pattern: str) -> bool:
    """glob(7): marks in any component; a component that begins with a dot is matched by a dot alone."""
    folders = ["/"]
    *parents, last = [part for part in pattern.split("/") if part] or [""]
    for part in parents:
        folders = [found for folder in folders for found in _matches(host, folder, part)]
    return any(True for folder in folders for _ in _matches(host, folder, last))


def _matches(host: Host, folder: str, pattern: str) -> Iterator[str]:
    if not any(mark in pattern for mark in "*?["):
        path = f"{folder.rstrip('/')}/{pattern}"
        if exists(host, path):
            yield path
        return
    from fnmatch import fnmatchcase

    for name in names_in(host, folder) if _kind(host, folder) == "dir" else ():
        if fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith(".")):
            yield f"{folder.rstrip('/')}/{name}"


_TESTS: dict[str, Callable[[Host, str], bool | None]] = {
    "PathExists": exists,
    "PathExistsGlob": _is_matched,
    "PathIsDirectory": lambda host, path: _kind(host, path) == "dir",
    "PathIsSymbolicLink": lambda host, path: host.link(path) is not None,
    "DirectoryNotEmpty": _has_names,
    "FileNotEmpty": _is_filled,
    "FileIsExecutable": _is_executable,
}

PATH_KEYS = frozenset((*_TESTS, "PathIsMountPoint", "PathIsReadWrite", "PathIsEncrypted", "PathIsSocket"))
"""Conditions whose parameter is a path."""
