"""Loading the configuration: the file, then its drop-ins by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from nodecheck.audit.keep import Limits
from nodecheck.audit.standing import parse_flap
from nodecheck.config.model import Config, NodeWanted
from nodecheck.config.trust import read_trusted, verify_way
from nodecheck.errors import ConfigDenied, ConfigError, FactError
from nodecheck.host.trust import there_is
from nodecheck.report.parts import DEFAULT_CONFIG as DEFAULT_PATH

Tables = dict[str, Any]

MOST_DROP_INS = 100
NOWHERE = "there is no such file (a link that leads nowhere)"
TOP_KEYS = tuple([name.replace("_", "-") for name in NodeWanted._fields])


def load_config(path: str | None = None) -> Config:
    """The configuration of a file (None: :data:`DEFAULT_PATH`, where there is one) and of ``PATH.d/*.toml``.

    Tables merge key by key, a later file wins, lists replace; only ``[[output]]`` adds up. Raises ConfigError, which
    names file, line and the nearest valid name; ConfigDenied where this user may not read one of the files.
    """
    main = path or DEFAULT_PATH
    merged: Tables = {"top": {}, "severity": {}, "audit": {}, "history": {}, "output": []}
    files = []
    try:
        _lay(merged, _tables(main))
        files.append(main)
    except FileNotFoundError:
        if os.path.islink(main):
            raise ConfigError(f"config {main}: {NOWHERE}") from None
        if path is not None:
            raise ConfigError(f"config {path}: there is no such file") from None
    for drop_in in _drop_ins(f"{main}.d"):
        try:
            _lay(merged, _tables(drop_in))
        except FileNotFoundError:
            raise ConfigError(f"config {drop_in}: {NOWHERE}") from None
        files.append(drop_in)
    found = _config(merged, tuple(files))
    for source in dict.fromkeys((found.profile, found.wanted.profile)):
        for profile in _profiles(source):
            if not _is_there(profile):
                raise ConfigError(f"config {profile}: there is no such file")
    named = dict.fromkeys((*found.waivers, *found.wanted.waivers))
    return found._replace(absent=tuple([waivers for waivers in named if not _is_there(waivers)]))


def _is_there(judging: str) -> bool:
    """Whether there is a file that judges. Raises ConfigError where who can write it could hide whatever fails."""
    try:
        read_trusted(judging)
        return True
    except ConfigDenied as error:
        raise ConfigError(str(error)) from error  # the configuration itself could be read, and asks for this
    except FileNotFoundError:
        if os.path.islink(judging):
            raise ConfigError(f"config {judging}: {NOWHERE}") from None
    try:
        verify_way(there_is(judging))  # nor may others put one there
    except OSError as error:
        raise ConfigError(f"config {judging}: {error.strerror or error}") from error
    return False


def _profiles(source: str | None) -> Iterator[str]:
    """The file of the profile, and those that it extends, each after the one before was found to be good."""
    from nodecheck.formats.toml import parse_toml
    from nodecheck.profile.sources import MOST_EXTENDS, is_path, parent_of

    for _ in range(MOST_EXTENDS):
        if source is None or not is_path(source):
            return
        yield source
        try:
            parent = parse_toml(read_trusted(source), source).get("extends")
        except FactError:
            return  # the run says what is wrong with it
        source = parent_of(source, parent) if isinstance(parent, str) else None


def _drop_ins(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
        verify_way(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise ConfigDenied(f"config {folder}: {error.strerror}") from error
    except OSError as error:
        raise ConfigError(f"config {folder}: {error.strerror or error}") from error
    found = sorted(name for name in names if name.endswith(".toml") and not name.startswith("."))
    if len(found) > MOST_DROP_INS:
        raise ConfigError(f"config {folder}: more than {MOST_DROP_INS} files")
    return [f"{folder}/{name}" for name in found]


def _tables(path: str) -> Tables:
    from nodecheck.config.validate import validate
    from nodecheck.formats.toml import key_lines, nearest_line, parse_toml
    from nodecheck.profile.validate import Invalid

    raw = read_trusted(path)
    try:
        table = parse_toml(raw, path)
    except FactError as error:
        raise ConfigError(f"config {path}: {error.detail}") from error
    try:
        validate(table)
    except Invalid as error:
        line = nearest_line(key_lines(raw.decode()), error.path)
        raise ConfigError(f"config {path}: {'' if line is None else f'line {line}: '}{error}") from error
    return table


def _lay(merged: Tables, table: Tables) -> None:
    for name in ("severity", "audit", "history"):
        merged[name].update(table.get(name, {}))
    merged["top"].update({key: value for key, value in table.items() if key in TOP_KEYS})
    merged["output"].extend(table.get("output", ()))


def _config(merged: Tables, files: tuple[str, ...]) -> Config:
    top, audit, history = [_fields(merged[name]) for name in ("top", "audit", "history")]
    wanted = {key: value for key, value in {**audit, **top}.items() if key in NodeWanted._fields}
    return Config(**{**top, **audit})._replace(
        limits=Limits(**history), outputs=tuple([_output(item) for item in merged["output"]]), files=files,
        wanted=NodeWanted(**wanted), severity=merged["severity"],
    )  # fmt: skip


def _fields(table: Mapping[str, Any]) -> Tables:
    return {key.replace("-", "_"): _value(key, value) for key, value in table.items()}


def _value(key: str, value: Any) -> Any:
    if key == "flap":
        return parse_flap(value)
    if key == "timeout":
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def _output(item: Mapping[str, str]) -> str:
    return f"{item['format']}={item['path']}" if "path" in item else item["format"]
