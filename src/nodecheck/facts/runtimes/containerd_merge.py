"""The CRI section that containerd reads of its configuration files, by its own release.

The rules are those of containerd's ``server/config/config.go`` (``LoadConfig``, ``mergeConfig``, ``ValidateV2`` and
``ValidateVersion``, the migrations) at 1.2, 1.6, 1.7, 2.0, 2.3 and 2.4:

- *1.x* reads versions 1 and 2; a plugin's section in an import replaces the whole section of the files before it;
- *2.0 to 2.2* read version 3 and migrate 2; a version-1 file is read, but its CRI section is lost; sections merge;
- *2.3 and later* read version 4 and migrate each file by itself; sections merge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodecheck.record import NamedTuple

CRI_V1 = "cri"
CRI_V2 = "io.containerd.grpc.v1.cri"
CRI_V3 = "io.containerd.cri.v1.runtime"
CRI_SECTIONS = (CRI_V1, CRI_V2, CRI_V3)

ONE, TWO, THREE = 1, 2, 3
"""The generations above."""

_DEEPEST = 16
"""Tables within each other that are merged; the CRI section has six levels."""

Table = Mapping[str, Any]
Version = tuple[int, ...]


class ConfigFile(NamedTuple):
    """One configuration file, as far as it matters here."""

    path: str
    version: int
    """0 where the file has no ``version`` line, which means 1."""
    plugins: Table
    disabled: tuple[str, ...] = ()
    source: str = ""
    """The text."""


class Refused(Exception):
    """containerd, or its CRI plugin, would not start; ``about_driver`` where the contradiction is on the driver."""

    def __init__(self, detail: str, about_driver: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.about_driver = about_driver


def cri_section(files: tuple[ConfigFile, ...], generation: int, release: Version | None) -> tuple[str, Table, bool]:
    """The name and the table of the CRI section that is read, and whether the CRI plugin is on."""
    if generation == ONE:
        return _section_one(files)
    version, plugins, disabled = _merged_two(files) if generation == TWO else _merged_three(files, release)
    newest = 3 if generation == TWO else 4
    if version > newest:
        raise Refused(f"this containerd reads versions up to {newest}, and the file says version = {version}")
    for item in disabled:
        if "." not in item:
            raise Refused(f"disabled_plugins has {item!r}, which is no plugin URI, and containerd refuses to start")
    return CRI_V3, table(plugins, CRI_V3), not {CRI_V2, CRI_V3}.intersection(disabled)


def _section_one(files: tuple[ConfigFile, ...]) -> tuple[str, Table, bool]:
    version, plugins, disabled = 1, dict[str, Any](), list[str]()
    for file in files:
        version = file.version or version
        plugins.update(file.plugins)
        disabled += file.disabled
    if version > 2:
        raise Refused(f"containerd 1.x reads versions 1 and 2, and the file says version = {version}")
    if version < 2:
        return CRI_V1, table(plugins, CRI_V1), CRI_V1 not in disabled
    for item in (*disabled, *plugins):
        if not item.startswith("io.containerd.") or item.count(".") < 3:
            place = "disabled_plugins" if item in disabled else "plugins"
            raise Refused(f"{place} has {item!r}, which is no plugin URI of version 2, and containerd refuses to start")
    return CRI_V2, table(plugins, CRI_V2), CRI_V2 not in disabled


def _merged_two(files: tuple[ConfigFile, ...]) -> tuple[int, Table, list[str]]:
    """2.0 to 2.2: raw merge, then one migration where the last version named is 2."""
    version, plugins, disabled = 3, dict[str, Any](), list[str]()
    for file in files:
        mine, off = (
            (_renamed(file.plugins), _uris(file.disabled)) if file.version < 2 else (file.plugins, file.disabled)
        )
        plugins = merged(plugins, mine)
        disabled += off
        version = version if file.version < 2 else file.version
    return version, _migrated(plugins) if version == 2 else plugins, disabled


def _merged_three(files: tuple[ConfigFile, ...], release: Version | None) -> tuple[int, Table, list[str]]:
    """2.3 and later: each file is migrated by itself. 2.3 refuses an import of a later version than the main file's."""
    plugins, disabled, root = dict[str, Any](), list[str](), 0
    for file in files:
        root = root or file.version
        if file.version > root and release is not None and release < (2, 4):
            raise Refused(
                f"{file.path} has version {file.version}, later than the main file's, which containerd refuses"
            )
        old = file.version < 2
        mine = _renamed(file.plugins) if old else file.plugins
        plugins = merged(plugins, _migrated(mine) if file.version < 4 else mine)
        disabled += _uris(file.disabled) if old else file.disabled
    return max((file.version for file in files), default=4), plugins, disabled


def _renamed(plugins: Table) -> Table:
    """Version 1's short plugin names as URIs (``v1MigratePluginName``; only CRI's matters here)."""
    return {CRI_V2 if key == CRI_V1 else key: value for key, value in plugins.items()}


def _uris(disabled: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(CRI_V2 if item == CRI_V1 else item if "." in item else f"io.containerd.{item}" for item in disabled)


def _migrated(plugins: Table) -> dict[str, Any]:
    """Version 2's CRI section moved into version 3's, where what is there already stays."""
    found = dict(plugins)
    source = found.pop(CRI_V2, None)
    if isinstance(source, dict):
        target = found.get(CRI_V3)
        target = target if isinstance(target, dict) else {}
        inner, kept = source.get("containerd"), target.get("containerd")
        found[CRI_V3] = {**source, **target}
        if isinstance(inner, dict):
            found[CRI_V3]["containerd"] = {**inner, **(kept if isinstance(kept, dict) else {})}
    return found


def merged(below: Table, above: Table, depth: int = 0) -> dict[str, Any]:
    """Two tables, the second beating the first, tables within merged too.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    found = dict(below)
    for key, value in above.items():
        before = found.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and depth < _DEEPEST:
            value = merged(before, value, depth + 1)
        found[key] = value
    return found


def table(parent: Table, key: str) -> Table:
    found = parent.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refused(f"{key} is not a table, and the CRI plugin does not load")
    return found
