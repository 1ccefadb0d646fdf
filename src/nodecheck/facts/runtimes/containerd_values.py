"""What containerd's releases refuse though its type is right: values that are none, or that go not together.

The rules are those of ``ValidatePluginConfig`` of ``pkg/cri/config``, of ``ValidateRuntimeConfig`` and
``ValidateImageConfig`` of ``internal/cri/config``, of ``getStreamListenerMode``, of ``NewSnapshotsSyncer``, and of
``plugins/metadata`` and ``cmd/containerd/command``; each was tried on containerd 1.6.20, 1.7.24 and 2.1.9.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.runtimes.containerd_keys import ENDS, NOT_LOADED, SECTIONS, KeyFault, own, sections
from nodecheck.facts.runtimes.containerd_merge import CRI_V3, NAMING, ConfigFile, Files, Table, merged, sections_read
from nodecheck.facts.runtimes.containerd_releases import (
    MERGING,
    OLD_TLS,
    PROXY,
    READ,
    REFUSED,
    REPLACED,
    SNAPSHOTTER,
    STORES,
    Version,
    rule,
    told_release,
)
from nodecheck.facts.runtimes.containerd_schema import CRI, PROXIES, kinds
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

_LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")
_FORMATS = ("text", "json")
_POLICIES = ("shared", "isolated")
_SNAPSHOTTERS = ("overlayfs", "native", "btrfs", "zfs", "devmapper", "blockfile", "erofs", "aufs")
PAIR = ("tls_cert_file", "tls_key_file")
_IO = ("streaming", "fifo")
_PLATFORMS = (
    "linux", "windows", "darwin", "freebsd", "amd64", "x86_64", "arm64", "aarch64", "arm", "armhf", "armel", "386",
    "i386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le",
)  # fmt: skip
"""Systems and machines that stand alone (``platforms.Parse``)."""
_DIFFERS = ("walking", "erofs", "windows")


def named_files(file: ConfigFile) -> tuple[str, ...]:
    """The files that such keys name, from the directory in which systemd starts a service.

    >>> named_files(ConfigFile("/x", 2, {"a": {"b": {"base_runtime_spec": "/etc/cri-base.json"}}}))
    ('/etc/cri-base.json',)
    """
    return tuple(dict.fromkeys([_path(value) for _, value in _named(file)]))


def _path(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"


def _named(file: ConfigFile) -> Iterator[tuple[tuple[str, ...], str]]:
    tables: list[tuple[tuple[str, ...], Table]] = [((), file.outer), (("plugins",), file.plugins)]
    while tables:
        at, table = tables.pop()
        for key, value in table.items():
            if isinstance(value, dict) and len(at) < 8:
                tables.append(((*at, key), value))
            elif key in NAMING and isinstance(value, str) and value:
                yield (*at, key), value


class _Whole(NamedTuple):
    """The CRI sections of all files as one table, and where its keys stand."""

    section: Table
    files: tuple[tuple[ConfigFile, frozenset[str]], ...]

    def fault(self, keys: tuple[str, ...], why: str) -> KeyFault:
        """The fault of a key, at the last file that sets it."""
        for file, read in self.files[::-1]:
            for name in sorted(sections(read)):
                if _has(file.plugins.get(name), keys):
                    return KeyFault(file.path, ("plugins", name, *keys), f"{why}: {NOT_LOADED}")
        return KeyFault(self.files[-1][0].path, keys, f"{why}: {NOT_LOADED}")

    def table(self, *keys: str) -> Table:
        found: Any = self.section
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}


def _has(table: Any, keys: tuple[str, ...]) -> bool:
    for key in keys:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True


def _whole(files: Files, release: Version) -> _Whole:
    section: dict[str, Any] = {}
    places = tuple(zip(files, sections_read(files, release)))
    for file, read in places:
        for name in SECTIONS:
            here = file.plugins.get(name) if name in sections(read) else None
            if isinstance(here, dict):
                here = own(name, here, read)
                section = dict(here) if rule(MERGING, release) == REPLACED else merged(section, here)
    return _Whole(section, places)


def start_faults(files: Files, release: Version, gone: frozenset[str]) -> Iterator[KeyFault]:
    """Values with which a release of containerd does not start. ``gone``: the files that are named and not there."""
    for file in files:
        debug = file.outer.get("debug")
        debug = debug if isinstance(debug, dict) else {}
        level, form = debug.get("level"), debug.get("format")
        if level and str(level).lower() not in _LEVELS:
            yield KeyFault(file.path, ("debug", "level"), f"level is {level!r}, which is no level of a log: {ENDS}")
        if form and form not in _FORMATS:
            yield KeyFault(file.path, ("debug", "format"), f"format is {form!r}, and not text or json: {ENDS}")
        grpc = file.outer.get("grpc")
        certified = isinstance(grpc, dict) and bool(grpc.get("tcp_tls_cert"))
        for keys, name in _named(file) if certified else ():
            if keys[0] == "grpc" and _path(name) in gone:
                yield KeyFault(file.path, keys, f"{keys[-1]} names {name}, which is not there: {ENDS}")
    for one in proxies(files, release):
        if not one.plugin and rule(PROXY, release) == REFUSED:
            why = (
                f"type of the proxy plugin {one.name} is {one.kind!r}, which containerd {told_release(release)} has not"
            )
            yield KeyFault(one.path, ("proxy_plugins", one.name, *(["type"] if one.kind else [])), f"{why}: {ENDS}")


class Proxy(NamedTuple):
    """A plugin that another program brings, by ``proxy_plugins``."""

    path: str
    """The file."""
    name: str
    kind: str
    """``type`` as it is given."""
    plugin: str
    """The type of plugin, without ``io.containerd.``; "" where the release has none of that name, and panics."""


def proxies(files: Files, release: Version) -> Iterator[Proxy]:
    """The proxy plugins of all files."""
    known = kinds(PROXIES, release)
    known.update({f"io.containerd.{name}": name for name in list(known.values())})
    for file in files:
        found = file.outer.get("proxy_plugins")
        for name, one in found.items() if isinstance(found, dict) else ():
            if isinstance(one, dict):
                kind = str(one.get("type", ""))
                yield Proxy(file.path, name, kind, known.get(kind, ""))


def brought(plugin: str, files: Files, release: Version) -> list[Proxy]:
    """The proxy plugins of a type that are not turned off."""
    off = {item for file in files for item in file.disabled}
    found = [one for one in proxies(files, release) if one.plugin == plugin]
    return [one for one in found if f"io.containerd.{plugin}.{one.name}" not in off]


def _is_opened(keys: tuple[str, ...], read: frozenset[str]) -> bool:
    """Whether a plugin opens the file that a key names: of a section that is read, and of a runtime in its list."""
    if keys[0] != "plugins" or keys[-1] in PAIR or (keys[1] in SECTIONS and keys[1] not in read):
        return False
    return keys[-1] != "base_runtime_spec" or keys[-3] == "runtimes"


def load_faults(files: Files, release: Version, gone: frozenset[str]) -> Iterator[KeyFault]:
    """Values with which the CRI plugin of a release does not load."""
    whole = _whole(files, release)
    yield from _registry(whole, release)
    yield from _streams(whole)
    yield from _runtimes(whole)
    yield from _plugin_folders(whole, release)
    yield from _images(whole, files, release)
    yield from _others(files, release)
    yield from _stores(files, release)
    for file, read in whole.files:
        for keys, name in _named(file):
            if _path(name) in gone and _is_opened(keys, sections(read)):
                yield KeyFault(file.path, keys, f"{keys[-1]} names {name}, which is not there: {NOT_LOADED}")
    enabled = whole.section.get("enable_tls_streaming") is True
    for key in PAIR if enabled else ():
        told = whole.table("x509_key_pair_streaming").get(key)
        if isinstance(told, str) and told and _path(told) in gone:
            yield whole.fault(("x509_key_pair_streaming", key), f"{key} names {told}, which is not there")


def doubts(files: Files, release: Version) -> Iterator[KeyFault]:
    """Values whose effect no file shows: a name that has to resolve, with which the server of streams may not start."""
    whole = _whole(files, release)
    address, port = (whole.section.get(f"stream_server_{key}") for key in ("address", "port"))
    if isinstance(address, str) and address != "localhost" and not set(address) <= _ADDRESS:
        why = f"stream_server_address is {address!r}, which has to resolve"
        yield whole.fault(("stream_server_address",), why)._replace(why=why)
    if isinstance(port, str) and not (port == "" or (port.isascii() and port.isdecimal() and int(port) < 65536)):
        why = f"stream_server_port is {port!r}, which is no number of a port"
        yield whole.fault(("stream_server_port",), why)._replace(why=why)


_ADDRESS = frozenset("0123456789abcdefABCDEF.:")


def _registry(whole: _Whole, release: Version) -> Iterator[KeyFault]:
    """``mirrors``, or ``tls`` in ``configs`` of containerd 1, beside ``config_path``."""
    registry = whole.table("registry")
    if not registry.get("config_path"):
        return
    if registry.get("mirrors"):
        yield whole.fault(("registry", "mirrors"), "mirrors cannot stand beside config_path")
    configs = whole.table("registry", "configs").values()
    if rule(OLD_TLS, release) == READ and any(isinstance(one, dict) and "tls" in one for one in configs):
        yield whole.fault(("registry", "configs"), "configs.*.tls cannot stand beside config_path")


def _streams(whole: _Whole) -> Iterator[KeyFault]:
    pair = {key: whole.table("x509_key_pair_streaming").get(key) for key in PAIR}
    given = [key for key, value in pair.items() if value]
    if given and whole.section.get("enable_tls_streaming") is not True:
        yield whole.fault(("x509_key_pair_streaming", given[0]), f"{given[0]} asks for enable_tls_streaming = true")
    elif len(given) == 1:
        yield whole.fault(("x509_key_pair_streaming", given[0]), "tls_cert_file and tls_key_file go together")


def _runtimes(whole: _Whole) -> Iterator[KeyFault]:
    for name, one in whole.table("containerd", "runtimes").items():
        at = ("containerd", "runtimes", name)
        every, devices = "privileged_without_host_devices_all_devices_allowed", "privileged_without_host_devices"
        if isinstance(one, dict) and one.get(every) is True and one.get(devices) is not True:
            yield whole.fault((*at, every), f"{every} asks for {devices} = true")
    for name, one in whole.table("containerd", "runtimes").items():
        io = one.get("io_type") if isinstance(one, dict) else None
        if io and io not in _IO:
            yield whole.fault(("containerd", "runtimes", name, "io_type"), f"io_type is {io!r}, not streaming or fifo")


_BIN_DIRS = (["/opt/cni/bin"], ["/usr/lib/cni", "/opt/cni/bin"])
"""The default of ``bin_dirs``, upstream's and Debian's: a ``bin_dir`` takes its place."""


def _plugin_folders(whole: _Whole, release: Version) -> Iterator[KeyFault]:
    """``bin_dir`` beside ``bin_dirs``, where no migration makes one of the two."""
    folders = whole.table("cni").get("bin_dirs")
    if "bin_dirs" not in kinds(CRI, release) or not folders or folders in _BIN_DIRS:
        return
    for file, _ in whole.files:
        section = file.plugins.get(CRI_V3)
        cni = section.get("cni") if isinstance(section, dict) else None
        if isinstance(cni, dict) and cni.get("bin_dir"):
            yield whole.fault(("cni", "bin_dir"), "bin_dir cannot stand beside bin_dirs")


def _images(whole: _Whole, files: Files, release: Version) -> Iterator[KeyFault]:
    period = whole.section.get("stats_collect_period")
    if isinstance(period, int) and period <= 0:
        yield whole.fault(("stats_collect_period",), f"stats_collect_period is {period}, and must be above 0")
    inner = whole.table("containerd")
    keys = ("containerd", "snapshotter") if "snapshotter" in inner else ("snapshotter",)
    name = inner.get("snapshotter", whole.section.get("snapshotter"))
    if not isinstance(name, str) or (not name and rule(SNAPSHOTTER, release) == READ):
        return
    off = any(f"io.containerd.snapshotter.v1.{name}" in file.disabled for file in files)
    if off or not (name in _SNAPSHOTTERS or name in _names(brought("snapshotter.v1", files, release))):
        yield whole.fault(keys, f"snapshotter is {name!r}, and containerd has none of this name")


def _strings_of(section: object, key: str) -> list[str]:
    """Those of a list; values of other types are told of elsewhere."""
    found = section.get(key) if isinstance(section, dict) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _names(found: list[Proxy]) -> list[str]:
    return [one.name for one in found]


def _stores(files: Files, release: Version) -> Iterator[KeyFault]:
    """Two stores of content, of which containerd 2 takes none (``GetSingle`` of ``plugins/metadata``)."""
    stores = brought("content.v1", files, release)
    built_in = not any("io.containerd.content.v1.content" in file.disabled for file in files)
    if stores and len(stores) + built_in > 1 and rule(STORES, release) == REFUSED:
        why = f"the proxy plugin {stores[0].name} is a second store of content"
        yield KeyFault(stores[0].path, ("proxy_plugins", stores[0].name), f"{why}: {NOT_LOADED}")


def _others(files: Files, release: Version) -> Iterator[KeyFault]:
    """Plugins without which no CRI plugin loads."""
    for file in files:
        diff = file.plugins.get("io.containerd.service.v1.diff-service")
        for name in _strings_of(diff, "default"):
            if name not in _DIFFERS and name not in _names(brought("differ.v1", files, release)):
                keys = ("plugins", "io.containerd.service.v1.diff-service", "default")
                yield KeyFault(file.path, keys, f"default has {name!r}, and there is no such differ: {NOT_LOADED}")
        tasks = file.plugins.get("io.containerd.runtime.v2.task")
        for platform in _strings_of(tasks, "platforms"):
            if "/" not in platform and platform not in _PLATFORMS:
                keys = ("plugins", "io.containerd.runtime.v2.task", "platforms")
                yield KeyFault(file.path, keys, f"platforms has {platform!r}, which is none: {NOT_LOADED}")
        bolt, cni = file.plugins.get("io.containerd.metadata.v1.bolt"), "content_sharing_policy"
        policy = bolt.get(cni) if isinstance(bolt, dict) else None
        if policy and policy not in _POLICIES:
            keys = ("plugins", "io.containerd.metadata.v1.bolt", cni)
            yield KeyFault(file.path, keys, f"{cni} is {policy!r}, not shared or isolated: {NOT_LOADED}")
