"""Profiles of TuneD, and what their scripts and modules do at boot.

tuned.conf(5), tuned-main.conf(5); tuned/profiles/loader.py, locator.py, merger.py, tuned/plugins/plugin_script.py,
plugin_modules.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, TooLarge
from nodecheck.facts.acts.follow import Follower
from nodecheck.facts.acts.hooks import acts_of, started_by
from nodecheck.facts.acts.model import BOOT, LOADS, MODULE, Act, Effect
from nodecheck.facts.acts.units import undecided
from nodecheck.facts.services.starts import BootStarts
from nodecheck.formats.shell_calls import Words
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

UNIT = "tuned.service"
ACTIVE = ("/etc/tuned/active_profile", "/etc/tuned/post_loaded_profile")
FOLDERS = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")
"""Where profiles lie, the first that has one winning."""

MOST_PROFILES = 64

_DEVICES = "whether it has devices, for which TuneD runs the script, only the running node tells"


class Option(NamedTuple):
    """One line of a profile's section."""

    section: str
    key: str
    value: str
    line: int
    text: str


def active_profiles(host: Host) -> list[str]:
    """The names of the profiles that are active."""
    return [name for path in ACTIVE for name in read_or_empty(host, path).split()]


def profile_sources() -> Sources:
    """What :func:`profiles` reads."""
    return (*map(File, ACTIVE), *[File(f"{folder}/*/tuned.conf") for folder in FOLDERS])


def tuned_acts(host: Host, follower: Follower, starts: BootStarts) -> Iterator[Act]:
    """What the scripts of the active profiles do, and the modules that these load anew."""
    names = active_profiles(host)
    acts = _of_profiles(host, names, follower) if names else ()
    yield from started_by(acts, starts, UNIT)


def _of_profiles(host: Host, names: list[str], follower: Follower) -> Iterator[Act]:
    found: list[tuple[str, str, Option]] = []
    variables: dict[str, str] = {}
    for path, options in profiles(host, names):
        told = {(option.section, option.key): option.value for option in options}
        for section in {option.section for option in options}:
            if is_true(told.get((section, "replace"), "0")):
                found = [one for one in found if one[2].section != section]
        variables.update({option.key: option.value for option in options if option.section == "variables"})
        for option in options:
            found.append((path, told.get((option.section, "type"), option.section), option))
        for section in {option.section for option in options}:
            if not is_true(told.get((section, "enabled"), "1")):
                found = [one for one in found if one[2].section != section]
    for path, kind, option in found:
        value = option.value.replace("${i:PROFILE_DIR}", path.rpartition("/")[0])
        for name, meaning in variables.items():
            value = value.replace(f"${{{name}}}", meaning)
        yield from _of_option(path, kind, option, value, follower)


def _of_option(path: str, kind: str, option: Option, value: str, follower: Follower) -> Iterator[Act]:
    if option.key in ("script_pre", "script_post") or (kind == "script" and option.key == "script"):
        script = value if value.startswith("/") else f"{path.rpartition('/')[0]}/{value}"
        arguments: Words = ("start",) if option.key == "script" else ("apply", None)
        for act in acts_of("tuned", follower.script(script, arguments), BOOT, follower):
            yield act if option.key == "script" else undecided(act, _DEVICES)
    elif kind == "modules" and value.lstrip(" ").startswith("+r"):
        effects = (Effect(MODULE, option.key.replace("-", "_"), LOADS),)
        yield Act("tuned", path, option.line, option.text.strip(" \t\r"), effects, BOOT)


def read_or_empty(host: Host, path: str) -> str:
    try:
        return text(host, path)
    except Absent:
        return ""


def profiles(host: Host, names: list[str], read: list[str] | None = None) -> Iterator[tuple[str, tuple[Option, ...]]]:
    """The files of profiles, what they include first; a name that is included by its own file is the next folder's."""
    done = [] if read is None else read
    for name in names:
        name = name.removeprefix("-")
        found = None if "/" in name else _file(host, name, done)
        if found is None:
            continue
        path, content = found
        done.append(path)
        if len(done) > MOST_PROFILES:
            raise TooLarge(path, f"is one of more than {MOST_PROFILES} profiles")
        options = tuple(parse_profile(content))
        includes = [option.value for option in options if (option.section, option.key) == ("main", "include")]
        if includes:
            parts = includes[-1].replace(";", ",").split(",")
            yield from profiles(host, [part.strip(" \t") for part in parts if "${" not in part], done)
        yield path, options


def _file(host: Host, name: str, done: list[str]) -> tuple[str, str] | None:
    for folder in FOLDERS:
        path = f"{folder}/{name}/tuned.conf"
        if path not in done:
            try:
                return path, text(host, path)
            except Absent:
                continue
    return None


def parse_profile(source: str) -> Iterator[Option]:
    r"""The lines of a profile, as Python's configparser takes them (``=`` alone, `` #`` begins a comment).

    >>> [option[:4] for option in parse_profile("[sysctl]\n# x\nvm.swappiness = 10 # y\n")]
    [('sysctl', 'vm.swappiness', '10', 3)]
    """
    section = ""
    for number, line in enumerate(source.split("\n"), 1):
        plain = line.strip(" \t\r")
        if plain.startswith("[") and "]" in plain:
            section = plain[1 : plain.index("]")]
        elif plain and plain[0] not in "#;" and "=" in plain:
            key, _, value = plain.partition("=")
            value = value.replace("\t#", " #").partition(" #")[0]
            yield Option(section, key.strip(" \t"), value.strip(" \t"), number, line)


def is_true(value: str) -> bool:
    return value.lower() in ("1", "yes", "true", "on")
