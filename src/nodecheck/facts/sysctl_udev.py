"""udev rules that apply ``sysctl.d`` again when a kernel module is loaded (sysctl.d(5), example 2)."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.conf_dirs import conf_files
from nodecheck.facts.sysctl_keys import component_matches, key_path
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.record import NamedTuple

RULES_DIRS = (
    "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
)  # fmt: skip


class UdevRule(NamedTuple):
    """A rule that runs systemd-sysctl when a module is added."""

    matches: tuple[tuple[str, str, str], ...]
    """What must hold of the event: key, operator (``==`` or ``!=``) and pattern."""
    prefixes: tuple[str, ...]
    """Only keys below one of these paths are applied; none: all."""
    path: str
    line: int
    text: str
    sets: tuple[str, ...] = ()
    """Keys that it sets itself (``sysctl -w KEY=VALUE``) in place of applying files."""


class UdevSysctls(NamedTuple):
    """The rules of udev that apply sysctls again."""

    rules: tuple[UdevRule, ...] = ()

    @classmethod
    def read(cls, host: Host) -> UdevSysctls:
        """Raises what the host raises for a rules file that is there and cannot be read."""
        found: list[UdevRule] = []
        for file in conf_files(host, RULES_DIRS, ".rules"):
            if not file.masked:
                found.extend(parse_rules(text(host, file.path), file.path))
        return cls(tuple(found))

    def again(self, module: str, key: str) -> UdevRule | None:
        """The rule that applies ``key`` from the files when ``module`` is loaded."""
        for rule in self._met(module):
            if not rule.sets and (not rule.prefixes or any(f"{key}/".startswith(f"{p}/") for p in rule.prefixes)):
                return rule
        return None

    def sets(self, module: str, key: str) -> UdevRule | None:
        """The rule that gives ``key`` a value of its own when ``module`` is loaded."""
        return next((rule for rule in self._met(module) if key in rule.sets), None)

    def _met(self, module: str) -> Iterator[UdevRule]:
        event = {"ACTION": "add", "SUBSYSTEM": "module", "KERNEL": module, "DEVPATH": f"/module/{module}"}
        for rule in self.rules:
            if all(_holds(event, *match) for match in rule.matches):
                yield rule


def _holds(event: dict[str, str], key: str, operator: str, pattern: str) -> bool:
    if key not in event:
        return False
    found = any(component_matches(part, event[key]) for part in pattern.split("|"))
    return found == (operator == "==")


def parse_rules(source: str, path: str) -> Iterator[UdevRule]:
    r"""The rules in the text of a rules file that run systemd-sysctl, or ``sysctl --system``.

    >>> rule = 'ACTION=="add", SUBSYSTEM=="module", \\\n RUN+="/lib/systemd/systemd-sysctl --prefix=/net/bridge"'
    >>> [(r.matches[1], r.prefixes, r.line) for r in parse_rules(rule, "x")]
    [(('SUBSYSTEM', '==', 'module'), ('net/bridge',), 1)]
    """
    if "sysctl" not in source:
        return
    for number, line in _rules(source):
        if "sysctl" in line and "RUN" in line:
            pairs = tuple(_pairs(line))
            matches = tuple(pair for pair in pairs if pair[1] in ("==", "!="))
            for key, operator, value in pairs:
                if key in ("RUN", "RUN{program}") and operator in ("+=", "=", ":="):
                    prefixes = _prefixes(value)
                    if keys := _keys(value):
                        yield UdevRule(matches, (), path, number, line, keys)
                    elif prefixes is not None:
                        yield UdevRule(matches, prefixes, path, number, line)


def _rules(source: str) -> Iterator[tuple[int, str]]:
    """Each rule with the number of its first line; a backslash at the end continues it (udev(7))."""
    pending, started = "", 0
    for number, line in enumerate(source.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped.startswith("#"):
            continue
        started = started if pending else number
        if stripped.endswith("\\"):
            pending += stripped[:-1]
            continue
        if pending + stripped:
            yield started, pending + stripped
        pending = ""
    if pending:
        yield started, pending


def _pairs(line: str) -> Iterator[tuple[str, str, str]]:
    import re

    # Without the look-behind a long run of capitals would be tried from each of its letters.
    for found in re.finditer(
        r'(?<![A-Z_])([A-Z_]+(?:\{[^{}"]*\})?)[ \t]*(==|!=|\+=|-=|:=|=)[ \t]*[ei]?"([^"]*)"', line
    ):
        key, operator, value = found.groups()
        yield key, operator, value


def _keys(command: str) -> tuple[str, ...]:
    """The keys of a ``sysctl`` command that sets some itself."""
    words = [word for word in command.replace("\t", " ").split(" ") if word]
    if not words or words[0].rpartition("/")[2] != "sysctl":
        return ()
    return tuple([key_path(word.partition("=")[0]) for word in words[1:] if "=" in word and word[0] != "-"])


def _prefixes(command: str) -> tuple[str, ...] | None:
    """The ``--prefix`` arguments of a command that applies sysctls; None where it applies none, or single files."""
    words = [word for word in command.replace("\t", " ").split(" ") if word]
    program = words[0].rpartition("/")[2] if words else ""
    if program == "sysctl":
        return () if "--system" in words else None
    if program != "systemd-sysctl" or any(not word.startswith("-") for word in words[1:]):
        return None
    given = [key_path(word.partition("=")[2]).removeprefix("/") for word in words if word.startswith("--prefix=")]
    return tuple([prefix.removeprefix("proc/sys/").rstrip("/") for prefix in given])
