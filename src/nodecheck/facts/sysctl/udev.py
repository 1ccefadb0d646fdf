"""udev rules that apply ``sysctl.d`` again when a kernel module is loaded (sysctl.d(5), example 2)."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.files.conf_dirs import conf_files, conf_sources
from nodecheck.formats.sysctl_keys import component_matches, key_path
from nodecheck.formats.sysctl_lines import parse_procps
from nodecheck.formats.udev_rules import RULES_DIRS, rule_lines, rule_pairs
from nodecheck.host import Host
from nodecheck.host.base import text, texts
from nodecheck.model.sources import Named, Sources
from nodecheck.record import NamedTuple


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
    """Keys that it sets itself (``sysctl -w KEY=VALUE``, ``SYSCTL{KEY}="VALUE"``) in place of applying all files."""
    files: tuple[str, ...] = ()
    """Files that it applies alone (``sysctl -p FILE``); what they set is in ``sets`` once the host was read."""


class UdevSysctls(NamedTuple):
    """The rules of udev that apply sysctls again."""

    rules: tuple[UdevRule, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (*conf_sources(RULES_DIRS, "*.rules"), Named("sysctl -p of a rule of udev"))

    @classmethod
    def read(cls, host: Host) -> UdevSysctls:
        """Raises what the host raises for a rules file that is there and cannot be read."""
        found: list[UdevRule] = []
        for file in conf_files(host, RULES_DIRS, ".rules"):
            if not file.masked:
                found.extend(parse_rules(text(host, file.path), file.path))
        return cls(tuple([_with_files(host, rule) if rule.files else rule for rule in found]))

    def again(self, module: str, key: str) -> UdevRule | None:
        """The rule that applies ``key`` from the files when ``module`` is loaded."""
        for rule in self._met(module):
            alone = rule.sets or rule.files
            if not alone and (not rule.prefixes or any(f"{key}/".startswith(f"{p}/") for p in rule.prefixes)):
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


def _with_files(host: Host, rule: UdevRule) -> UdevRule:
    keys: list[str] = []
    for path, source in texts(host, rule.files):
        keys.extend(setting.path for setting in parse_procps(source, path))
    return rule._replace(sets=(*rule.sets, *keys))


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
    if not any(map(source.__contains__, _SIGNS)):
        return
    for number, line in rule_lines(source):
        if any(map(line.__contains__, _SIGNS)):
            pairs = tuple(rule_pairs(line))
            matches = tuple(pair for pair in pairs if pair[1] in ("==", "!="))
            for key, operator, value in pairs:
                if operator not in ("+=", "=", ":="):
                    continue
                if key.startswith("SYSCTL{"):
                    yield UdevRule(matches, (), path, number, line, (key_path(key[7:-1]),))
                elif key in ("RUN", "RUN{program}"):
                    yield from _run(value, UdevRule(matches, (), path, number, line))


_SIGNS = ("sysctl", "SYSCTL{", "/proc/sys/")


def _run(command: str, rule: UdevRule) -> Iterator[UdevRule]:
    prefixes, keys, files = _prefixes(command), _keys(command), _files(command)
    if keys or files:
        yield rule._replace(sets=keys, files=files)
    elif prefixes is not None:
        yield rule._replace(prefixes=prefixes)


def _words(command: str) -> list[str]:
    return [word.strip("'") for word in command.replace("\t", " ").replace(";", " ").split(" ") if word]


def _keys(command: str) -> tuple[str, ...]:
    """The keys of a ``sysctl`` command that sets some itself, also in a shell, and the files that a shell writes."""
    words = _words(command)
    keys = [word.partition("/proc/sys/")[2] for word in words if "/proc/sys/" in word] if words[1:] else []
    if any(word.rpartition("/")[2] == "sysctl" for word in words):
        keys += [key_path(word.partition("=")[0]) for word in words[1:] if "=" in word and word[0] != "-"]
    return tuple(keys) if not any(word.startswith("--prefix") for word in words) else ()


def _files(command: str) -> tuple[str, ...]:
    """The files of ``sysctl -p``; without one ``/etc/sysctl.conf``."""
    words = _words(command)
    if not words or words[0].rpartition("/")[2] != "sysctl" or "--system" in words:
        return ()
    given = [word for word in words[1:] if word.startswith(("-p", "--load", "-f"))]
    named = [word.removeprefix("--load=").removeprefix("-p") for word in words[1:]]
    return tuple([word for word in named if word.startswith("/")] or ["/etc/sysctl.conf"]) if given else ()


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
