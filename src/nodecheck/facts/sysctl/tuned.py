"""What TuneD sets at boot, after systemd-sysctl: the sysctls of its active profile, and then sysctl.d once more.

tuned.conf(5), tuned-main.conf(5); tuned/profiles/loader.py, locator.py, merger.py, tuned/plugins/plugin_sysctl.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nodecheck.errors import Unsupported
from nodecheck.facts.acts.tuned import (
    ACTIVE,
    FOLDERS,
    MOST_PROFILES,
    UNIT,
    Option,
    active_profiles,
    is_true,
    parse_profile,
    profiles,
    read_or_empty,
)
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.sysctl.runs import MAIN_CONF, REAPPLY, TUNED, SysctlRun, SysctlSetter
from nodecheck.facts.sysctl.variables import same_variable
from nodecheck.formats.sysctl_keys import is_glob
from nodecheck.formats.sysctl_lines import Setting
from nodecheck.host import Host, names_in
from nodecheck.model.sources import File, Sources

__all__ = ["MAIN_CONF", "MOST_PROFILES", "REAPPLY", "TUNED", "parse_profile", "tuned_runs", "tuned_sources"]

_OF_UNIT = (
    "type", "enabled", "devices", "replace", "drop", "priority", "cpuinfo_regex", "uname_regex", "script_pre",
    "script_post", "devices_udev_regex",
)  # fmt: skip


def tuned_runs(host: Host, starts: BootStarts) -> tuple[SysctlRun, ...]:
    """What TuneD writes at boot; nothing where it does not start or has no profile that sets sysctls.

    Raises what the host raises for a file that is there and cannot be read.
    """
    start = starts.of(UNIT)
    if not start.acts:
        return ()
    names = active_profiles(host)
    merged = _Merged()
    for path, options in profiles(host, names):
        merged.add(path, options)
    if not merged.sections:
        return ()
    by_file: dict[str, list[Setting]] = {}
    for setting in merged.settings():
        by_file.setdefault(setting.source, []).append(setting)
    runs = [SysctlRun(SysctlSetter((TUNED, *names), path, 1, TUNED), tuple(found)) for path, found in by_file.items()]
    again = _reapplied(host)
    runs += [SysctlRun(SysctlSetter((TUNED, *names), MAIN_CONF, 1, REAPPLY), again)] if again else []
    return tuple([run._replace(doubt=start.error) for run in runs])


def with_tuned(host: Host, starts: BootStarts, others: tuple[SysctlRun, ...]) -> tuple[SysctlRun, ...]:
    """What TuneD writes among what others do after sysinit.target.

    Its service is up long after it is started, and units that nothing orders after it may run before it is done. Of
    what both set, to different values, nobody can tell which is the last.
    """
    own = tuned_runs(host, starts)
    if not own:
        return others
    after = [run for run in others if not run.actor or _comes_after(starts, run.actor)]
    beside = [run for run in others if run not in after]
    set_there = {(name, setting.value) for run in beside for setting in run.settings for name in _names(setting)}
    again = []
    for run in own:
        differing = [one for one in run.settings if any(_differs(one, name, value) for name, value in set_there)]
        if differing:
            why = Unsupported(run.command.source, f"whether {differing[0].text.strip()!r} comes last is not known")
            again.append(run._replace(settings=tuple(differing), doubt=run.doubt or why))
    return (*own, *beside, *again, *after)


def _comes_after(starts: BootStarts, actor: str) -> bool:
    from nodecheck.facts.services.unit_order import is_named_after

    return is_named_after(starts, actor, UNIT)


def _names(setting: Setting) -> tuple[str, ...]:
    return same_variable(setting.path)


def _differs(setting: Setting, name: str, value: str | None) -> bool:
    return name in _names(setting) and setting.value != value


def tuned_sources() -> Sources:
    """What :func:`tuned_runs` reads; of /etc/sysctl.d and /etc/sysctl.conf whoever asks for it reads the rest."""
    return (*map(File, (*ACTIVE, MAIN_CONF)), *[File(f"{folder}/*/tuned.conf") for folder in FOLDERS])


class _Merged:
    """Profiles as TuneD merges them: a later one's options win, ``replace`` and ``drop`` take earlier ones away."""

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, Setting]] = {}
        self._variables: dict[str, str] = {}

    def add(self, path: str, options: tuple[Option, ...]) -> None:
        of_unit = {(option.section, option.key): option.value for option in options if option.key in _OF_UNIT}
        for section in dict.fromkeys(option.section for option in options):
            if section == "variables":
                self._variables.update({option.key: option.value for option in options if option.section == section})
            if of_unit.get((section, "type"), section) != "sysctl":
                continue
            if is_true(of_unit.get((section, "replace"), "0")):
                self.sections.pop(section, None)
            settings = self.sections.setdefault(section, {})
            for key in of_unit.get((section, "drop"), "").replace(";", ",").split(","):
                settings.pop(key.strip(" \t"), None)
            for option in options:
                if option.section == section and option.key not in _OF_UNIT:
                    settings[option.key] = self._setting(path, option)

    def _setting(self, path: str, option: Option) -> Setting:
        """One line; ``>`` and ``<`` before a value only raise or lower (``_process_assignment_modifiers``)."""
        value = option.value
        for name, meaning in self._variables.items():
            value = value.replace(f"${{{name}}}", meaning)
        if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
            value = value[1:-1]
        only = value[:1] if len(value) > 1 and value[:1] in "<>" else ""
        return Setting(option.key.replace(".", "/"), value.removeprefix(only), path, option.line, option.text, only)

    def settings(self) -> Iterator[Setting]:
        for section in self.sections.values():
            yield from section.values()


def _reapplied(host: Host) -> tuple[Setting, ...]:
    """``/etc/sysctl.d`` and after it ``/etc/sysctl.conf``, unless ``reapply_sysctl`` is off (it is on by default)."""
    main = {option.key: option.value for option in parse_profile(read_or_empty(host, MAIN_CONF))}
    if not is_true(main.get("reapply_sysctl", "1")):
        return ()
    names = names_in(host, "/etc/sysctl.d")
    found: list[Setting] = []
    for path in (*[f"/etc/sysctl.d/{name}" for name in names if fnmatchcase(name, "*.conf")], "/etc/sysctl.conf"):
        found.extend(_lines(read_or_empty(host, path), path))
    return tuple(found)


def _lines(source: str, path: str) -> Iterator[Setting]:
    """``_apply_sysctl_config_line``: a ``-`` before a key makes a name that no key has, and globs are none."""
    for number, raw in enumerate(source.split("\n"), 1):
        line = raw.strip(" \t\r")
        key, equals, value = line.partition("=")
        if equals and line[0] not in "#;-" and key.strip(" \t") and not is_glob(key):
            yield Setting(key.strip(" \t").replace(".", "/"), value.strip(" \t"), path, number, raw)
