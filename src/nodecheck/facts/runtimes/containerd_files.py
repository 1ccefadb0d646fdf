"""containerd's configuration files and what they import, read as ``LoadConfig`` of containerd reads them."""

from __future__ import annotations

from nodecheck.errors import Absent, ParseError, TooLarge
from nodecheck.facts.runtimes.containerd_merge import NAMING, ConfigFile
from nodecheck.facts.runtimes.containerd_releases import BRACKET, BYTES, MARK
from nodecheck.facts.runtimes.service import UndecidedKey, Unstartable, first_there
from nodecheck.formats.toml import MOST_BYTES, decoded, parse_toml
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none

MOST_FILES = 256
_KEYS = ("version", "imports", "plugins", "disabled_plugins")


def load(host: Host, path: str, explicit: bool) -> tuple[ConfigFile, ...]:
    """The file and its imports, breadth first, each path once (``LoadConfig``)."""
    found: dict[str, ConfigFile] = {}
    pending = [path]
    while pending:
        if len(found) >= MOST_FILES:
            raise TooLarge(path, f"imports more than {MOST_FILES} files")
        name = pending.pop(0)
        if name in found:
            continue
        try:
            file, imports = _parse(host.read(name, MOST_BYTES), name)
        except Absent as error:
            if name == path and not explicit:
                return ()
            raise Unstartable(name, "is to be read and is not there: containerd does not start") from error
        found[name] = file
        for item in imports:
            pending += _resolved(host, name, item)
    return tuple(found.values())


def missing(host: Host, files: tuple[ConfigFile, ...]) -> tuple[str, ...]:
    """The files that the configuration names and that are not there."""
    if not any(word in file.source for file in files for word in NAMING):
        return ()
    from nodecheck.facts.runtimes.containerd_values import named_files

    named = dict.fromkeys([path for file in files for path in named_files(file)])
    return tuple([path for path in named if stat_or_none(host, path) is None])


def parsed(raw: bytes, path: str) -> ConfigFile:
    """One file, without what it imports. Raises ParseError."""
    return _parse(raw, path)[0]


def _parse(raw: bytes, path: str) -> tuple[ConfigFile, tuple[str, ...]]:
    raw, odd = _read_by_some(raw, path)
    table = parse_toml(raw, path)
    for key in table:
        if key not in _KEYS and key.lower() in _KEYS:
            raise UndecidedKey(
                path, None, key, f"{key.lower()}: containerd's releases differ in the spellings they take"
            )
    version, plugins = table.get("version", 0), table.get("plugins", {})
    if type(version) is int and version < 0:
        raise UndecidedKey(path, None, f"version = {version}", "a version: releases differ in what they take it for")
    if type(version) is not int:
        raise ParseError(path, None, f"version = {version!r}", "a whole number as version")
    if not isinstance(plugins, dict):
        raise ParseError(path, None, "plugins", "a table [plugins]")
    disabled, imports = _strings(table, "disabled_plugins", path), _strings(table, "imports", path)
    outer = {key: value for key, value in table.items() if key != "plugins"}
    return ConfigFile(path, version, plugins, disabled, decoded(raw, path), odd, outer), imports


def _read_by_some(raw: bytes, path: str) -> tuple[bytes, tuple[str, ...]]:
    r"""A text, and what in it only some of the TOML libraries take; of comments what is no UTF-8 is left out.

    >>> _read_by_some(b"[a.'[::1]:5000']\n", "x")[1], _read_by_some(b"# M\xfcller\n", "x")
    (('bracket in the name of a table',), (b'# M?ller\n', ('bytes beside UTF-8',)))
    """
    odd = [MARK] if raw.startswith(b"\xef\xbb\xbf") else []
    if any(line.lstrip().startswith(b"[") and _has_bracket(line) for line in raw.split(b"\n")):
        odd.append(BRACKET)
    try:
        raw.decode()
    except UnicodeDecodeError:
        lines = [_comment(line) for line in raw.split(b"\n")]
        if any(not line.isascii() and line.decode("utf-8", "replace").count("\ufffd") for line in lines):
            return raw, tuple(odd)  # it stands in a value too
        return b"\n".join(lines), (*odd, BYTES)
    return raw, tuple(odd)


def _comment(line: bytes) -> bytes:
    """A line with nothing but ASCII in its comment, where it is one as a whole."""
    return line.decode("ascii", "replace").replace("\ufffd", "?").encode() if line.lstrip().startswith(b"#") else line


def _has_bracket(line: bytes) -> bool:
    """Whether the header of a table has a bracket within quotes.

    >>> [_has_bracket(line) for line in (b'[a."[::1]:5000".b]', b"['a[b']", b'[a."b".c] # "]"', b"[[a.'b']]")]
    [True, True, False, False]
    """
    if b'"' not in line and b"'" not in line:  # as a rule, and the pattern need not be compiled
        return False
    from re import match

    return match(rb"""\s*\[([^"'\]#]|"[^"\[\]]*"|'[^'\[\]]*')*("[^"\[\]]*[\[\]]|'[^'\[\]]*[\[\]])""", line) is not None


def _strings(table: dict[str, object], key: str, path: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ParseError(path, None, f"{key} = {found!r}", "a list of strings")
    return tuple(found)


def _resolved(host: Host, parent: str, item: str) -> tuple[str, ...]:
    """The files that an import names: relative to the file, a pattern where it has a ``*`` (Go's ``filepath.Glob``)."""
    path = item if item.startswith("/") else f"{parent.rpartition('/')[0]}/{item}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    if "*" not in path:
        return ("/" + "/".join(parts),)
    return _globbed(host, parts)


def _globbed(host: Host, parts: list[str]) -> tuple[str, ...]:
    from fnmatch import fnmatchcase

    found = [""]
    for part in parts:
        if not any(mark in part for mark in "*?["):
            found = [f"{folder}/{part}" for folder in found]
            continue
        pattern = part.replace("[^", "[!")
        found = [f"{folder}/{n}" for folder in found for n in _names(host, folder or "/") if fnmatchcase(n, pattern)]
        if len(found) > MOST_FILES:
            raise TooLarge("/" + "/".join(parts), f"matches more than {MOST_FILES} files")
    last = any(mark in parts[-1] for mark in "*?[")
    return tuple(path for path in found if last or first_there(host, (path,)))


def _names(host: Host, folder: str) -> tuple[str, ...]:
    """The names in a directory; none where it is missing or no directory (``filepath.Glob`` ignores both)."""
    try:
        return host.names(folder) if host.stat(folder).kind == "dir" else ()
    except Absent:
        return ()
