"""The CRI section that containerd reads of its configuration files, by its own release.

The rules are those of containerd's ``server/config/config.go`` (``LoadConfig``, ``mergeConfig``, ``ValidateV2`` and
``ValidateVersion``, the migrations); which release has which is in ``containerd_releases``:

- *1.2* reads the main file alone, as version 1;
- *1.x* reads versions 1 and 2; a plugin's section in an import replaces the whole section of the files before it;
- *2.0 to 2.2* read version 3 and migrate 2; a version-1 file is read, but its CRI section is lost; sections merge;
- *2.3 and later* read version 4 and migrate each file by itself; sections merge.

In 1.x and 2.0 to 2.2 the version is the merged configuration's: that of the last file that names one. A file that
names none is read by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.facts.runtimes.containerd_releases import (
    ALONE,
    LATER,
    LATER_IMPORT,
    MERGED,
    MERGING,
    REFUSED,
    REPLACED,
    Version,
    is_uri,
    newest_of,
    rule,
    told_release,
)
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

CRI_V1 = "cri"
CRI_V2 = "io.containerd.grpc.v1.cri"
CRI_V3 = "io.containerd.cri.v1.runtime"
CRI_SECTIONS = (CRI_V1, CRI_V2, CRI_V3)

NAMING = ("base_runtime_spec", "scratch_file", "tcp_tls_cert", "tcp_tls_key", "tls_cert_file", "tls_key_file")
"""Keys that name a file without which containerd does not start, or its CRI plugin does not load."""
_DEEPEST = 16
"""Tables within each other that are merged; the CRI section has six levels."""

Table = Mapping[str, Any]


class ConfigFile(NamedTuple):
    """One configuration file, as far as it matters here."""

    path: str
    version: int
    """0 where the file has no ``version`` line, which means 1 in a file that stands alone."""
    plugins: Table
    disabled: tuple[str, ...] = ()
    source: str = ""
    """The text."""
    odd: tuple[str, ...] = ()
    """What stands in the text that not each TOML library takes: names of rules."""
    outer: Table = {}  # noqa: RUF012 - nobody writes to it
    """What stands beside ``plugins``, as it is written."""


Files = tuple[ConfigFile, ...]


class Refused(Exception):
    """containerd, or its CRI plugin, would not start; ``about_driver`` where the contradiction is on the driver."""

    def __init__(self, detail: str, about_driver: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.about_driver = about_driver


def cri_section(files: Files, release: Version) -> tuple[str, Table, bool]:
    """The name and the table of the CRI section that is read, and whether the CRI plugin is on."""
    how = rule(MERGING, release)
    for file in files[:1] if how == ALONE else files:
        for name in file.odd:
            if rule(name, release) == REFUSED:
                raise Refused(f"{file.path} has a {name}, at which containerd {told_release(release)} ends")
    if how in (ALONE, REPLACED):
        return _section_one(files[:1] if how == ALONE else files, release, versioned=how == REPLACED)
    version, plugins, disabled = _merged_two(files) if how == MERGED else _merged_three(files, release)
    _check_version(version, release)
    for item in disabled:
        if "." not in item:
            raise Refused(f"disabled_plugins has {item!r}, which is no plugin URI, and containerd refuses to start")
    return CRI_V3, table(plugins, CRI_V3), not {CRI_V2, CRI_V3}.intersection(disabled)


def _check_version(version: int, release: Version) -> None:
    newest = newest_of(release)
    if version > newest and rule(LATER, release) == REFUSED:
        told = "versions 1 and 2" if newest < 3 else f"versions up to {newest}"
        raise Refused(f"containerd {told_release(release)} reads {told}, and its files say version = {version}")


def merged_version(files: Files, start: int = 1) -> int:
    """The version of the merged configuration: the last that is named (``mergeConfig`` keeps what is not zero)."""
    return next((file.version for file in files[::-1] if file.version), start)


def _section_one(files: Files, release: Version, versioned: bool) -> tuple[str, Table, bool]:
    version, plugins, disabled = merged_version(files) if versioned else 1, dict[str, Any](), list[str]()
    for file in files:
        plugins.update(file.plugins)
        disabled += file.disabled
    _check_version(version, release)
    if version < 2:
        return CRI_V1, table(plugins, CRI_V1), CRI_V1 not in disabled
    for item in (*disabled, *plugins):
        if not is_uri(item, release):
            place = "disabled_plugins" if item in disabled else "plugins"
            raise Refused(f"{place} has {item!r}, which is no plugin URI of version 2, and containerd refuses to start")
    return CRI_V2, table(plugins, CRI_V2), CRI_V2 not in disabled


def _merged_two(files: Files) -> tuple[int, Table, list[str]]:
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


def _merged_three(files: Files, release: Version) -> tuple[int, Table, list[str]]:
    """2.3 and later: each file is migrated by itself."""
    plugins, disabled, root = dict[str, Any](), list[str](), 0
    for file in files:
        root = root or file.version
        if file.version > root and rule(LATER_IMPORT, release) == REFUSED:
            raise Refused(
                f"{file.path} has version {file.version}, later than the main file's, which containerd "
                f"{told_release(release)} refuses"
            )
        old = file.version < 2
        mine = _renamed(file.plugins) if old else file.plugins
        plugins = merged(plugins, _migrated(mine) if file.version < 4 else mine)
        disabled += _uris(file.disabled) if old else file.disabled
    return max((file.version for file in files), default=4), plugins, disabled


def sections_read(files: Files, release: Version) -> tuple[frozenset[str], ...]:
    """The names of the CRI sections that a release reads of each file.

    >>> file = ConfigFile("/etc/containerd/config.toml", 3, {})
    >>> [sorted(names) for names in sections_read((file,), (2, 2))]
    [['io.containerd.cri.v1.runtime']]
    """
    how = rule(MERGING, release)
    if how == ALONE:
        return tuple([frozenset(() if number else (CRI_V1,)) for number, _ in enumerate(files)])
    if how == REPLACED:
        return tuple([frozenset((CRI_V1 if merged_version(files) < 2 else CRI_V2,))] * len(files))
    if how == MERGED:
        moves = _merged_two(files)[0] == 2
        names = [{CRI_V3, CRI_V2, *([CRI_V1] if file.version < 2 else ())} if moves else {CRI_V3} for file in files]
    else:
        names = [
            {CRI_V3, *([CRI_V2] if file.version < 4 else ()), *([CRI_V1] if file.version < 2 else ())} for file in files
        ]
    return tuple(map(frozenset, names))


SERVER_KEYS = frozenset((
    "disable_tcp_service", "stream_server_address", "stream_server_port", "stream_idle_timeout",
    "enable_tls_streaming", "x509_key_pair_streaming",
))  # fmt: skip
"""What version 3 still has under version 2's name: the server of streams (``ServerConfig`` of ``plugins/cri``)."""


def unread(files: Files, release: Version) -> Iterator[tuple[ConfigFile, str]]:
    """The CRI sections that are there and are not read, with more in them than the server of streams."""
    for file, read in zip(files, sections_read(files, release)):
        for name in CRI_SECTIONS:
            if name not in read and holds(file, name):
                yield file, name


def holds(file: ConfigFile, name: str) -> bool:
    """Whether a file has that section, with more than the server of streams in it.

    In version 2's, which version 3 still has for that server, a key that is in neither is a mistyped one of the server.
    """
    section = file.plugins.get(name)
    more = set(section) - SERVER_KEYS if isinstance(section, dict) else set()
    if not more or name != CRI_V2:
        return bool(more)
    from nodecheck.facts.runtimes.containerd_schema import PLACES

    return not more.isdisjoint(PLACES[""].split(" "))


def replaced(files: Files, release: Version) -> Iterator[tuple[ConfigFile, ConfigFile]]:
    """Files whose CRI section counts for nothing, and the one whose section stands in its place (1.x)."""
    if rule(MERGING, release) != REPLACED:
        return
    name = CRI_V1 if merged_version(files) < 2 else CRI_V2
    having = [file for file in files if name in file.plugins]
    for file in having[:-1]:
        yield file, having[-1]


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
