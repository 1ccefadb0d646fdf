"""Keys of containerd's files that a release does not have where they stand: mistyped, or in another's table.

Looked at are the CRI sections, and what is at the top of a file; the sections of other plugins are not.

containerd 1 passes over them without a word; containerd 2 says so in its log alone (``Ignoring unknown key in TOML for
plugin``, ``plugins.go``'s strict mode).
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.runtimes import containerd_schema as schema
from nodecheck.facts.runtimes.containerd_config import RUNC_V1, RUNC_V2
from nodecheck.facts.runtimes.containerd_keys import IMAGES_V3, REMOVED, KeyFault, Types, is_set
from nodecheck.facts.runtimes.containerd_merge import (
    CRI_V2,
    CRI_V3,
    SERVER_KEYS,
    ConfigFile,
    Files,
    Table,
    holds,
    sections_read,
)
from nodecheck.facts.runtimes.containerd_releases import GONE, OLD_KEYS, Version, rule, told_release
from nodecheck.facts.runtimes.containerd_verdict import fitting
from nodecheck.facts.runtimes.key_types import is_read
from nodecheck.record import NamedTuple

_TOLD = ("systemdcgroup", "systemd_cgroup")
"""Of which more is said where they are misplaced."""
_MIGRATED = frozenset(("sandbox_image",))
"""Keys of versions 1 and 2 that version 3 has otherwise."""
_IMAGES_ALONE = frozenset((
    "snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers", "pinned_images", "runtime_platforms",
    "concurrent_layer_fetch_buffer", "use_local_image_pull",
))  # fmt: skip
"""Keys at the top of version 3's section of images, and of no other; the first three were ``containerd``'s before."""
_MOVED = schema.IMAGE_KEYS | SERVER_KEYS
"""Keys of versions 1 and 2 that containerd 2 moves to sections of their own."""
_ANYWHERE = frozenset(name for names in schema.PLACES.values() for name in names.split(" "))
_TOP_TYPED = frozenset(name for row in schema.TOP for name in row.names.split(" "))
_OPTIONS = frozenset(schema.RUNC_OPTIONS.lower().split(" "))
_OPTIONS_OF_RUNC = "options"
"""Their place: that of no table of a CRI section, since they are runc's."""


class Strange(NamedTuple):
    """A key that nothing reads where it stands."""

    keys: tuple[str, ...]
    """From the top of its section or file."""
    place: str
    """Of the table that it stands in."""
    value: object


def unknown_keys(files: Files, release: Version | None) -> list[KeyFault]:
    """What is set and does nothing; where no release is shown, in none that such files may be written for.

    Nothing is said of a release later than those whose keys are known.

    >>> from nodecheck.facts.runtimes.containerd_merge import ConfigFile
    >>> plugins = {"io.containerd.grpc.v1.cri": {"sandbox_imag": "pause:3.9", "enable_cdi": True}}
    >>> file = ConfigFile("/etc/containerd/config.toml", 2, plugins)
    >>> [fault.why for fault in unknown_keys((file,), (1, 7, 24))]
    ['containerd 1.7.24 reads no sandbox_imag there; did you mean sandbox_image?']
    """
    found = [_of_release(files, one) for one in ((release,) if release else fitting(files))]
    common = set.intersection(*[{(one.path, one.keys) for one in faults} for faults in found])
    return [fault for fault in found[-1] if (fault.path, fault.keys) in common]


def _of_release(files: Files, reader: Version) -> list[KeyFault]:
    if not is_read(reader, schema.LAST_READ):
        return []
    return [fault for file, read in zip(files, sections_read(files, reader)) for fault in _of_file(file, read, reader)]


def _of_file(file: ConfigFile, read: frozenset[str], reader: Version) -> Iterator[KeyFault]:
    yield from _outer(file, Types(schema.kinds(schema.TOP, reader), reader))
    types = Types(schema.kinds(schema.CRI, reader), reader)
    names = read | {IMAGES_V3, CRI_V2} if CRI_V3 in read else read
    for name in sorted(names):
        section = file.plugins.get(name)
        foreign = name == CRI_V2 and name not in read and holds(file, name)
        if isinstance(section, dict) and not foreign:
            form = _Section(_form(name, read), types)
            named: dict[str, tuple[str, ...]] = {}
            """The keys of a table, by its place: thousands may be asked for."""
            for one in _in_table(section, "", form):
                if one.place not in named:
                    named[one.place] = form.names(one.place)
                yield KeyFault(file.path, ("plugins", name, *one.keys), _why(one, named[one.place], reader))


def _outer(file: ConfigFile, types: Types) -> Iterator[KeyFault]:
    """The same at the top of a file."""
    names = {place: _names_outside(place, types) for place in schema.OUTER}
    for key, value in file.outer.items():
        plain = key.lower()
        if not (plain in names[""] and types.reads(key)):
            found = [Strange((key,), "", value)] if is_set(value) or plain not in _TOP_TYPED else []
        elif f"{plain}.*" in names and isinstance(value, dict):
            found = [one for name in value for one in _strange((key, name), value[name], f"{plain}.*", types)]
        else:
            found = list(_strange((key,), value, plain, types))
        for one in found:
            if not _is_told(one.keys[-1], types.reader):
                yield KeyFault(file.path, one.keys, _why(one, names[one.place], types.reader))


def _names_outside(place: str, types: Types) -> tuple[str, ...]:
    """The keys of a table at the top that the release has."""
    names = schema.OUTER[place].split(" ")
    return tuple([name for name in names if place or name not in _TOP_TYPED or types.of(name)])


def _strange(at: tuple[str, ...], table: object, place: str, types: Types) -> Iterator[Strange]:
    """The keys of a table at the top that it does not have."""
    if isinstance(table, dict) and place in schema.OUTER:
        names = _names_outside(place, types)
        for key, value in table.items():
            if not (key.lower() in names and types.reads(key)):
                yield Strange((*at, key), place, value)


ONE, MOVED, RUNTIME, IMAGES, SERVER = "containerd 1's", "moved by containerd 2", "runtime", "images", "server"


class _Section(NamedTuple):
    """A CRI section, and how it is read."""

    form: str
    types: Types

    def known(self, place: str) -> frozenset[str]:
        """The keys of a table, in lower case, of any release; version 3 has three sections for them."""
        names = frozenset(schema.PLACES.get(place, "").split(" "))
        if place == "":
            both = frozenset(schema.kinds(schema.IN_BOTH, self.types.reader))
            apart = {IMAGES: names - schema.IMAGE_KEYS | _MIGRATED, SERVER: names - SERVER_KEYS}
            return names - apart.get(self.form, _IMAGES_ALONE if self.form != RUNTIME else _MOVED - both)
        return names - _IMAGES_ALONE if place == "containerd" and self.form == RUNTIME else names

    def has(self, place: str, key: str) -> bool:
        """Whether the release has the key in that table, in this spelling."""
        plain = key.lower()
        if plain not in self.known(place):
            return False
        if self.form == MOVED and place in ("", "containerd") and plain in _MOVED:
            return key == plain  # it is looked for in one spelling, before the library of TOML sees it
        if place.startswith("containerd.") and any(plain in row.names.split(" ") for row in schema.RUNTIME):
            return plain in schema.kinds(schema.RUNTIME, self.types.reader)
        return plain == "auth" or (self.form == MOVED and plain == "sandbox_mode") or self.types.of(key) != ""

    def names(self, place: str) -> tuple[str, ...]:
        """The keys that the release has in that table."""
        if place == _OPTIONS_OF_RUNC:
            return tuple(schema.RUNC_OPTIONS.split(" "))
        return tuple([name for name in sorted(self.known(place)) if self.has(place, name)])


def _form(name: str, read: frozenset[str]) -> str:
    if CRI_V3 not in read:
        return ONE
    if name == CRI_V2 and name not in read:
        return SERVER
    return {CRI_V3: RUNTIME, IMAGES_V3: IMAGES}.get(name, MOVED)


def _in_table(table: Table, place: str, section: _Section, at: tuple[str, ...] = ()) -> Iterator[Strange]:
    """The keys that nothing reads, of a table of a section and of those in it."""
    named = place not in schema.PLACES
    for key, value in table.items():
        plain, here = key.lower(), (*at, key)
        if not named and not section.has(place, key):
            if not _is_told(key, section.types.reader) and (is_set(value) or plain not in _ANYWHERE):
                yield Strange(here, place, value)
            continue
        inner = f"{place}.{'*' if named else plain}".lstrip(".")
        if plain == "options" and not named:
            yield from (Strange((*here, option), _OPTIONS_OF_RUNC, None) for option in _options(table, value))
        elif isinstance(value, dict) and (inner in schema.PLACES or f"{inner}.*" in schema.PLACES):
            yield from _in_table(value, inner, section, here)


def _is_told(key: str, reader: Version) -> bool:
    """Whether a key is told of otherwise: it is misplaced, or one that containerd 2 no longer has."""
    return key.lower() in _TOLD or (key in REMOVED and rule(OLD_KEYS, reader) == GONE)


def _options(runtime: Table, options: object) -> Iterator[str]:
    """Options that runc's shim does not have; what other shims take is theirs to know.

    ``Runtime`` is what the shim of ``io.containerd.runtime.v1.linux`` calls ``BinaryName``: the NVIDIA container
    toolkit sets both in files of version 1, and one of them is read.
    """
    if isinstance(options, dict) and runtime.get("runtime_type") in (RUNC_V2, RUNC_V1):
        program = options.get("BinaryName")
        for key, value in options.items():
            if key.lower() not in _OPTIONS and not (key == "Runtime" and value == program):
                yield key


def _why(one: Strange, names: tuple[str, ...], reader: Version) -> str:
    """What is wrong with a key, and which of those that are read there may be meant."""
    from difflib import get_close_matches

    key, spelt = one.keys[-1], {name.lower(): name for name in names}
    near = get_close_matches(key.lower(), spelt, n=1, cutoff=0.8)
    like = f"; did you mean {spelt[near[0]]}?" if near else ""
    if one.place.endswith(".*") and isinstance(one.value, dict) and not near:
        like = f'; in the name of a table "{_whole_name(one)}" needs its quotes'
    return f"containerd {told_release(reader)} reads no {key} there{like}"


def _whole_name(one: Strange) -> str:
    """What the name of a table was to be: TOML takes ``mirrors.docker.io`` apart."""
    parts, value = list(one.keys[-2:]), one.value
    while isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
        parts += value
        value = inner
    return ".".join(parts)
