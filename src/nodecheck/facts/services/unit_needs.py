"""What a service needs when it is started, and without which it fails at once: files, users, directories, programs.

systemd.exec(5), execve(2). What cannot be told from files is a doubt, and never silence.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.services.service_programs import program_of
from nodecheck.facts.services.surroundings import Surroundings
from nodecheck.facts.services.unit_files import Unit
from nodecheck.facts.services.unit_settings import commands
from nodecheck.facts.services.unit_specifiers import expanded
from nodecheck.facts.services.unit_words import environment_file
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none, text_or_none
from nodecheck.model.sources import Dir, Exists, File, Sources
from nodecheck.record import NamedTuple

PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where systemd looks for a program without a path."""

SHELLS = ("/bin/sh", "/usr/bin/sh")
"""Where there is neither, the root holds no programs at all."""

LARGEST_SCRIPT = 1 << 20
"""Bytes of the largest program whose first line is looked at: what is larger is no script."""

PASSWD, GROUP, NSSWITCH = "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"
SYSUSERS = ("/etc/sysusers.d", "/usr/local/lib/sysusers.d", "/usr/lib/sysusers.d")
USERDB = ("/etc/userdb", "/usr/lib/userdb", "/usr/local/lib/userdb")

_MADE = {
    "StateDirectory": "/var/lib", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log",
    "ConfigurationDirectory": "/etc", "RuntimeDirectory": "/run",
}  # fmt: skip
"""Settings by which systemd makes a directory before it starts the service."""
_VOLATILE = ("/run/", "/var/run/", "/tmp/", "/dev/", "/proc/", "/sys/")  # noqa: S108 - only named


class Lack(NamedTuple):
    """What a service lacks, or what nobody can tell."""

    message: str
    path: str
    text: str | None
    line: int | None = None
    mend: str = ""
    certain: bool = True


def need_sources() -> Sources:
    """What is looked at, besides what the units name."""
    return (
        *map(Exists, SHELLS), *map(File, (PASSWD, GROUP, NSSWITCH, "/usr/lib/passwd", "/usr/lib/group")),
        *map(Dir, (*SYSUSERS, *USERDB)),
    )  # fmt: skip


def lack(around: Surroundings, unit: Unit) -> Lack | None:
    """What a service lacks; where nothing is shown to be, the first of which nobody can tell. None for nothing.

    Only where the host has programs at all: a live node, an image, but not the files that came with a support case.
    """
    if not any(exists(around.host, shell) for shell in SHELLS):
        return None
    doubt = None
    for found in _lacks(around, unit):
        if found.certain:
            return found
        doubt = doubt or found
    return doubt


def _lacks(around: Surroundings, unit: Unit) -> Iterator[Lack]:
    yield from _environment(around, unit)
    if unit.last("Service", "RootImage"):
        return
    roots = unit.values("Service", "RootDirectory")
    if roots:
        yield from _directory(around, unit, "RootDirectory", *roots[-1])
        return
    yield from _accounts(around, unit)
    for place in unit.values("Service", "WorkingDirectory")[-1:]:
        yield from _directory(around, unit, "WorkingDirectory", *place)
    yield from _paths(around, unit)
    yield from _programs(around, unit)


_PATHS = (
    "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths", "BindPaths",
    "BindReadOnlyPaths",
)  # fmt: skip
"""Settings whose paths are mounted before a service is run: it fails without one that has no ``-`` before it."""
_FILLED = ("var", "run", "proc", "sys", "dev", "tmp", "mnt")
"""What installing a package, and booting, fill besides its files: what is not in such a root may be on its node."""


def _paths(around: Surroundings, unit: Unit) -> Iterator[Lack]:
    for key in _PATHS:
        for value, path, line in unit.values("Service", key):
            for word in value.replace("\t", " ").split(" "):
                name = expanded(around, word.lstrip("+").partition(":")[0], unit.name) or ""
                if not name.startswith("/") or (not around.host.running and name.split("/")[1] in _FILLED):
                    continue
                if not exists(around.host, name) and not _is_made(unit, name):
                    told = f"{key}={value}"
                    found = Lack(f"{name} of {told} is not there", path, told, line, f"Make {name}")
                    yield _missing(around, name, found)


def _environment(around: Surroundings, unit: Unit) -> Iterator[Lack]:
    """An ``EnvironmentFile=`` without ``-`` that is not there: systemd fails before it runs anything."""
    for value, path, line in unit.values("Service", "EnvironmentFile"):
        if value.startswith("-"):
            continue
        told, mend = f"EnvironmentFile={value}", f"Write {value}, or put - before the path"
        name = expanded(around, value, unit.name)
        if name is None:
            yield Lack(f"whether {told} is there cannot be told", path, told, line, mend, certain=False)
        elif not _is_matched(around.host, name):
            yield _missing(around, name, Lack(f"the unit's {told} is not there", path, told, line, mend))


def _is_matched(host: Host, pattern: str) -> bool:
    folder, _, name = pattern.rpartition("/")
    if not any(mark in name for mark in "*?["):
        return exists(host, pattern)
    from fnmatch import fnmatchcase

    return any(fnmatchcase(found, name) and not found.startswith(".") for found in names_in(host, folder or "/"))


def _missing(around: Surroundings, path: str, found: Lack) -> Lack:
    """What is not there now, and may be there at boot: below a directory that each boot fills, or another mount."""
    if path.startswith(_VOLATILE) or around.is_hidden(path):
        return found._replace(message=f"{found.message} now; whether it will be, cannot be told", certain=False)
    return found


def _directory(around: Surroundings, unit: Unit, key: str, value: str, path: str, line: int) -> Iterator[Lack]:
    if value.startswith(("-", "~")):
        return
    told = f"{key}={value}"
    name = expanded(around, value, unit.name)
    if name is None:
        yield Lack(f"whether {told} is there cannot be told", path, told, line, certain=False)
        return
    found = stat_or_none(around.host, name)
    if (found is None or found.kind != "dir") and not _is_made(unit, name):
        message = f"{told} is not there" if found is None else f"{told} is no directory"
        yield _missing(around, name, Lack(message, path, told, line, f"Make the directory {name}"))


def _is_made(unit: Unit, path: str) -> bool:
    """Whether systemd makes the directory itself before it starts the service."""
    return any(
        f"{folder}/{name.partition(':')[0]}/".startswith(f"{path.rstrip('/')}/")
        for key, folder in _MADE.items()
        for value, _, _ in unit.values("Service", key)
        for name in value.replace("\t", " ").split(" ")
        if name
    )


def _accounts(around: Surroundings, unit: Unit) -> Iterator[Lack]:
    dynamic = (unit.last("Service", "DynamicUser") or "").lower() in ("1", "yes", "y", "true", "t", "on")
    for key, base in () if dynamic else (("User", PASSWD), ("Group", GROUP)):
        for value, path, line in unit.values("Service", key)[-1:]:
            told = f"{key}={value}"
            name = expanded(around, value, unit.name)
            known = None if name is None else _is_account(around.host, base, name)
            if known is None:
                yield Lack(f"whether there is a {told} cannot be told from files", path, told, line, certain=False)
            elif not known:
                what = key.lower()
                yield Lack(f"{told} is not in {base}", path, told, line, f"Make the {what} {name}")


def _is_account(host: Host, base: str, name: str) -> bool | None:
    """Whether a user or group is there; None where a service of the network may know it, or a boot may make it."""
    if name in ("root", "nobody", "0"):
        return True
    number = name.isascii() and name.isdigit()
    if number and base == GROUP:
        return True
    for path in (base, base.replace("/etc/", "/usr/lib/")):
        for line in (text_or_none(host, path) or "").split("\n"):
            fields = line.split(":")
            if fields[0] == name or (number and fields[2:3] == [name]):
                return True
    others = _others(host, base.rpartition("/")[2])
    if others - {"systemd", "db"} or ("systemd" in others and _is_record(host, name)):
        return None
    return None if _is_declared(host, name) else False


def _others(host: Host, database: str) -> frozenset[str]:
    """The sources that nsswitch.conf names for users or groups, besides files."""
    found: frozenset[str] = frozenset()
    for line in (text_or_none(host, NSSWITCH) or "").split("\n"):
        key, colon, rest = line.partition("#")[0].strip(" \t\r").partition(":")
        if colon and key == database:
            words = rest.replace("\t", " ").split(" ")
            found = frozenset(word for word in words if word and not word.startswith("["))
    return found - {"files", "compat", "altfiles"}


def _is_record(host: Host, name: str) -> bool:
    """Whether a record of nss-systemd(8) names it."""
    return any(f"{name}{kind}" in names_in(host, folder) for folder in USERDB for kind in (".user", ".group"))


def _is_declared(host: Host, name: str) -> bool:
    """Whether sysusers.d(5) makes it at some boot."""
    for folder in SYSUSERS:
        for file in names_in(host, folder):
            for line in (text_or_none(host, f"{folder}/{file}") or "").split("\n") if file.endswith(".conf") else ():
                words = line.replace("\t", " ").split()
                if len(words) > 1 and words[0].rstrip("!") in ("u", "g") and words[1].strip("\"'") == name:
                    return True
    return False


def _programs(around: Surroundings, unit: Unit) -> Iterator[Lack]:
    for key in ("ExecCondition", "ExecStartPre", "ExecStart"):
        for value, path, line in commands(unit, key):
            name = program_of(value)
            prefix = value.lstrip(" \t").partition(name)[0] if name else ""
            program = expanded(around, name, unit.name)
            if not program or "-" in prefix or "$" in program:
                continue
            if program.rpartition("/")[2] == "false":
                told = f"{key}={value}"
                yield Lack(f"{told} always fails", path, told, line, f"Take {told} out")
                continue
            wrong = _wrong(around.host, unit, program)
            if wrong is not None:
                wanted, why = wrong
                found = Lack(f"{wanted} {why}", path, f"{key}={value}", line, f"Install what brings {wanted}")
                yield _missing(around, wanted, found)


def _wrong(host: Host, unit: Unit, program: str) -> tuple[str, str] | None:
    """The path that a program needs, and what is wrong with it; None where it can be executed."""
    for path in _places(program, PATH):
        info = stat_or_none(host, path)
        if info is not None:
            if info.kind != "file" or not info.executable:
                return program, "cannot be executed"
            return _wrong_interpreter(host, unit, path) if 2 < info.size <= LARGEST_SCRIPT else None
    return program, "is not there"


def _places(program: str, folders: tuple[str, ...]) -> Iterator[str]:
    return iter((program,)) if program.startswith("/") else (f"{folder}/{program}" for folder in folders)


def _wrong_interpreter(host: Host, unit: Unit, path: str) -> tuple[str, str] | None:
    """The interpreter that a script's first line names (execve(2)), or that env(1) is to look for, and is not there."""
    head = host.read_at(path, 0, 256)
    if not head.startswith(b"#!"):
        return None
    line = head[2:].partition(b"\n")[0].decode("utf-8", "surrogateescape").replace("\t", " ")
    words = [word for word in line.strip(" ").split(" ") if word]
    if not words:
        return None
    if stat_or_none(host, words[0]) is None:
        return words[0], f"is not there, by which {path} is run"
    if words[0].endswith("/env") and len(words) == 2 and "=" not in words[1]:
        folders = _search_path(host, unit)
        if folders and all(stat_or_none(host, place) is None for place in _places(words[1], folders)):
            return words[1], f"is not there, by which {path} is run"
    return None


def _search_path(host: Host, unit: Unit) -> tuple[str, ...]:
    """Where a program of the service looks for another one; nothing where its environment sets ``PATH``."""
    told = [value for value, _, _ in unit.values("Service", "Environment") if "PATH=" in value]
    files = [value.removeprefix("-") for value, _, _ in unit.values("Service", "EnvironmentFile")]
    for path in files:
        source = text_or_none(host, path) if path.startswith("/") and "%" not in path else None
        told += [item.value for item in environment_file(source or "") if item.name == "PATH"]
    return () if told else PATH
