"""The types of containerd's keys, and what containerd, or its CRI plugin, ends at.

containerd decodes a file into structures, and ends at a value of another type; in containerd 1, where the value is in
the CRI section, containerd runs on, and its CRI plugin does not load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.facts.runtimes import containerd_schema as schema
from nodecheck.facts.runtimes import key_types
from nodecheck.facts.runtimes.containerd_merge import (
    CRI_SECTIONS,
    CRI_V1,
    CRI_V2,
    CRI_V3,
    SERVER_KEYS,
    ConfigFile,
    Table,
)
from nodecheck.facts.runtimes.containerd_releases import ANY_CASE, KEYS, REAL, WHOLE_REAL, Version, rule
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

IMAGES_V3 = "io.containerd.cri.v1.images"
SECTIONS = (*CRI_SECTIONS, IMAGES_V3)

ENDS, NOT_LOADED = "containerd does not start", "the CRI plugin does not load"
_MAPS = ("runtimes", "mirrors", "auths", "configs", "runtime_platforms")
"""Tables whose keys are names, with a table each."""
_RUNTIMES = ("default_runtime", "untrusted_workload_runtime")
"""Tables of a runtime each."""
_MIGRATED = ("io.containerd.internal.v1.restart", "io.containerd.monitor.v1.cgroups")
"""Plugins that containerd 2 calls otherwise from version 3 on."""
_DEEPEST = 8


class KeyFault(NamedTuple):
    """A key that containerd, or its CRI plugin, refuses."""

    path: str
    keys: tuple[str, ...]
    """From the top of the file."""
    why: str


class Types(NamedTuple):
    """The types that a release has for names, and what it takes for numbers and names."""

    kinds: Mapping[str, str]
    reader: Version

    def of(self, key: str) -> str:
        """The type of a key, in a spelling that the TOML library takes; "" for one that is passed over."""
        return self.kinds.get(key.lower(), "") if self.reads(key) else ""

    def reads(self, key: str) -> bool:
        """Whether the TOML library takes a key in this spelling for one that is called so in lower case."""
        return key in (key.lower(), key.upper()) or rule(KEYS, self.reader) == ANY_CASE

    def fits(self, kind: str, value: Any) -> bool:
        """Whether a value is of a type."""
        if kind == key_types.TIME:
            whole = rule(REAL, self.reader) == WHOLE_REAL and _fits(key_types.NUMBER, value)
            return whole or (isinstance(value, str) and bool(value) and is_duration(value))
        if kind == key_types.REAL:
            whole = rule(REAL, self.reader) == WHOLE_REAL and _fits(key_types.NUMBER, value)
            return whole or isinstance(value, float)
        return _fits(kind, value)


def top_faults(file: ConfigFile, reader: Version) -> Iterator[KeyFault]:
    """The keys at the top of a file, and of plugins other than CRI's, with which a release does not start."""
    top = Types(schema.kinds(schema.TOP, reader), reader)
    others = Types(schema.kinds(schema.OTHERS, reader), reader)
    for key, value in file.outer.items():
        kind = top.of(key)
        if kind and not top.fits(kind, value):
            yield KeyFault(file.path, (key,), f"{key} must be {kind}: {ENDS}")
        elif kind == key_types.TABLE:
            yield from _of_others(file.path, (key,), value, others)
    yield from _addresses(file.path, file.outer)
    known = frozenset(schema.plugins(reader))
    for name, section in file.plugins.items():
        read = name in known and not (file.version > 2 and name in _MIGRATED)
        if read and name.removeprefix("io.containerd.") not in file.disabled and isinstance(section, dict):
            yield from _of_others(file.path, ("plugins", name), section, others)


def _addresses(path: str, found: Table) -> Iterator[KeyFault]:
    """Addresses of TCP without a port, an absolute path being a socket to ``debug`` alone; a certificate alone."""
    for name, key in (("debug", "address"), ("metrics", "address"), ("grpc", "tcp_address")):
        table = found.get(name)
        address = table.get(key) if isinstance(table, dict) else None
        if not isinstance(address, str) or not address or (name == "debug" and address.startswith("/")):
            continue
        if ":" not in address:
            yield KeyFault(path, (name, key), f"{key} of {name} must have a port: {ENDS}")
    grpc = found.get("grpc")
    if isinstance(grpc, dict) and grpc.get("tcp_tls_cert") and not grpc.get("tcp_tls_key"):
        yield KeyFault(path, ("grpc", "tcp_tls_cert"), f"tcp_tls_cert asks for tcp_tls_key: {ENDS}")


def _of_others(path: str, at: tuple[str, ...], table: Table, types: Types) -> Iterator[KeyFault]:
    named = at[-1] in ("proxy_plugins", "stream_processors")
    for key, value in table.items():
        kind = key_types.TABLE if named else _TIMEOUT if at[-1] == "timeouts" else types.of(key)
        if kind and not types.fits(kind, value):
            yield KeyFault(path, (*at, key), f"{key} must be {kind}: {ENDS}")
        elif named:
            yield from _of_others(path, (*at, key), value, types)
        elif key == "unpack_config":
            yield from _unpacking(path, (*at, key), value)


_TIMEOUT = "a duration such as 1m0s"
_UNPACKS = {"layer_types": key_types.LIST, "optional": key_types.TRUTH}


def _unpacking(path: str, at: tuple[str, ...], value: Any) -> Iterator[KeyFault]:
    """What the transfer plugin unpacks: a list of tables, of strings but for those keys that newer releases have."""
    tables = value if isinstance(value, list) else [value]
    typed = [
        isinstance(one, dict) and all(_fits(_UNPACKS.get(key, key_types.STRING), item) for key, item in one.items())
        for one in tables
    ]
    if not all(typed):
        yield KeyFault(path, at, f"{at[-1]} must be a list of tables of strings: {ENDS}")


def section_faults(file: ConfigFile, read: frozenset[str], reader: Version) -> Iterator[KeyFault]:
    """The keys of the CRI sections of a file that are read, and with which the CRI plugin does not load."""
    types = Types(schema.kinds(schema.CRI, reader), reader)
    for name in sorted(sections(read)):
        section = file.plugins.get(name)
        if section is not None and not isinstance(section, dict):
            yield KeyFault(file.path, ("plugins", name), f"{name} must be a table: {NOT_LOADED}")
        elif section is not None:
            yield from _in_table(file.path, ("plugins", name), own(name, section, read), types)


def sections(read: frozenset[str]) -> frozenset[str]:
    """The sections that are read: version 3 has images and the server of streams apart.

    >>> sorted(sections(frozenset({"io.containerd.cri.v1.runtime"})))[0]
    'io.containerd.cri.v1.images'
    """
    return read | {IMAGES_V3, CRI_V2} if CRI_V3 in read else read


def own(name: str, section: Table, read: frozenset[str]) -> Table:
    """The keys of a section that count in it: of version 3's three sections each has its own."""
    if CRI_V3 not in read:
        return section
    if name == IMAGES_V3:
        return {key: value for key, value in section.items() if key in schema.IMAGE_KEYS}
    if name == CRI_V2 and CRI_V2 not in read:
        return {key: value for key, value in section.items() if key in SERVER_KEYS}
    if name == CRI_V3:
        section = {key: value for key, value in section.items() if key not in schema.IMAGE_KEYS | SERVER_KEYS}
        inner = section.get("containerd")
        if isinstance(inner, dict):
            section["containerd"] = {key: value for key, value in inner.items() if key not in schema.IMAGE_KEYS}
    return section


def _in_table(path: str, at: tuple[str, ...], table: Table, types: Types) -> Iterator[KeyFault]:
    for key, value in table.items():
        kind, here = _kind(at, key, types), (*at, key)
        if kind and not types.fits(kind, value):
            yield KeyFault(path, here, f"{key} must be {kind}: {NOT_LOADED}")
        elif key in schema.DURATIONS and kind and not is_duration(value):
            yield KeyFault(path, here, f"{key} must be a duration such as 5m: {NOT_LOADED}")
        elif kind == key_types.TABLE and key != "options" and len(here) < _DEEPEST:
            yield from _in_table(path, here, value, types)


def _kind(at: tuple[str, ...], key: str, types: Types) -> str:
    """The type of a key of a table of the CRI sections."""
    if at[-1] in _MAPS:
        return key_types.TABLE
    if at[-1] in ("headers", "pinned_images"):
        return key_types.LIST if at[-1] == "headers" else key_types.STRING
    if (at[-2] == "runtimes" or at[-1] in _RUNTIMES) and any(key in row.names.split(" ") for row in schema.RUNTIME):
        return schema.kinds(schema.RUNTIME, types.reader).get(key, "")
    if key == "auth":
        return key_types.TABLE if at[-2] == "configs" else key_types.STRING
    return types.of(key)


def is_duration(text: str) -> bool:
    """Whether Go's ``time.ParseDuration`` takes a text; an empty one, where nothing is set, is none to it.

    >>> [is_duration(text) for text in ("4h0m0s", "1.5s", "0", "5", "", "1 s")]
    [True, True, True, False, True, False]
    """
    from re import fullmatch

    number = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
    return text == "" or fullmatch(rf"[-+]?(0|({number}(ns|us|µs|μs|ms|s|m|h))+)", text) is not None


def _fits(kind: str, value: Any) -> bool:
    if kind == _TIMEOUT:
        return isinstance(value, str) and bool(value) and is_duration(value)
    return key_types.fits(kind, value)


REMOVED = (
    "systemd_cgroup", "untrusted_workload_runtime", "default_runtime", "runtime_engine", "runtime_root", "CriuPath",
    "disable_cgroup", "no_pivot", "tls",
)  # fmt: skip
"""Keys that containerd 2 ignores."""
REMOVED_VALUES = {
    "runtime_type": ("io.containerd.runtime.v1.linux", "io.containerd.runc.v1"),
    "snapshotter": ("aufs",),
}
"""Values that containerd 2 no longer has."""


def removed_keys(file: ConfigFile) -> Iterator[KeyFault]:
    """What is set in the CRI sections of a file and is gone in containerd 2; left at nothing it does no harm."""
    for name in SECTIONS:
        section = file.plugins.get(name)
        if isinstance(section, dict):
            yield from _removed(file.path, ("plugins", name), section)


def _removed(path: str, at: tuple[str, ...], table: Table) -> Iterator[KeyFault]:
    for key, value in table.items():
        here = (*at, key)
        if key in REMOVED and at[-1] not in _MAPS and is_set(value):
            yield KeyFault(path, here, f"containerd 2 does not know {key}, and ignores it")
        elif isinstance(value, str) and value in REMOVED_VALUES.get(key, ()):
            yield KeyFault(path, here, f"containerd 2 has no {value}")
        elif isinstance(value, dict) and len(here) < 8:
            yield from _removed(path, here, value)


def misplaced_keys(file: ConfigFile, read: frozenset[str]) -> Iterator[KeyFault]:
    """``SystemdCgroup``, and the old ``systemd_cgroup``, set in tables where no release looks for them."""
    yield from _misplaced(file.path, (), file.outer, file)
    for name, section in file.plugins.items():
        if isinstance(section, dict) and (name not in CRI_SECTIONS or name in read):
            yield from _misplaced(file.path, ("plugins", name), section, file)


def _misplaced(path: str, at: tuple[str, ...], table: Table, file: ConfigFile) -> Iterator[KeyFault]:
    for key, value in table.items():
        here, plain = (*at, key), key.lower()
        old = plain == "systemd_cgroup" and not (len(at) == 2 and at[1] in CRI_SECTIONS)
        if is_set(value) and (old or (plain == "systemdcgroup" and at[-1:] != ("options",))):
            name = CRI_V1 if file.version < 2 else CRI_V2 if file.version == 2 else CRI_V3
            told = f'[plugins."{name}".containerd.runtimes.runc.options] is the table of SystemdCgroup'
            yield KeyFault(path, here, f"nothing reads {key} there: {told}")
        elif isinstance(value, dict) and len(here) < 8:
            yield from _misplaced(path, here, value, file)


def is_set(value: Any) -> bool:
    """Whether a value is more than what ``containerd config default`` of 1.x writes for nothing."""
    return any(map(is_set, value.values())) if isinstance(value, dict) else value not in (None, "", 0, False, [])
