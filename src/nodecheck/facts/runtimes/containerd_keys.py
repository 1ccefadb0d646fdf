"""The keys of containerd's configuration and their types, and what its CRI plugin refuses of the registry.

containerd decodes a file into structures, and ends at a value of another type; where the value is in the CRI section,
containerd runs on, and its CRI plugin does not load (``ValidatePluginConfig`` of ``pkg/cri/config``, and in 2.x
``ValidateRuntimeConfig``, ``ValidateImageConfig`` and ``ValidateServerConfig`` of ``internal/cri/config``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.facts.runtimes.containerd_merge import (
    CRI_SECTIONS,
    CRI_V1,
    CRI_V2,
    CRI_V3,
    ConfigFile,
    Files,
    Table,
    merged,
)
from nodecheck.record import NamedTuple
from nodecheck.typed import Any

IMAGES_V3 = "io.containerd.cri.v1.images"

_TRUTH, _NUMBER, _STRING, _LIST, _TABLE = "true or false", "a whole number", "a string", "a list of strings", "a table"
_TIME = "a duration such as 5s"
TOP: Mapping[str, str] = {
    "root": _STRING, "state": _STRING, "temp": _STRING, "plugin_dir": _STRING, "oom_score": _NUMBER,
    "required_plugins": _LIST, "grpc": _TABLE, "ttrpc": _TABLE, "debug": _TABLE, "metrics": _TABLE,
    "cgroup": _TABLE, "proxy_plugins": _TABLE, "timeouts": _TABLE, "stream_processors": _TABLE,
}  # fmt: skip
"""Keys at the top of a file; ``version``, ``imports``, ``plugins`` and ``disabled_plugins`` are read elsewhere."""

_OTHERS: Mapping[str, str] = {
    _STRING: (
        "address base_image_size blockio_config_file config_path content_sharing_policy format fs_options fs_type "
        "level path plugin_config_path plugin_path pool_name rdt_config_file returns root_path runtime runtime_root "
        "scratch_file shim socket_path tcp_address tcp_tls_ca tcp_tls_cert tcp_tls_key"
    ),
    _NUMBER: (
        "deletion_threshold gid max_concurrent_downloads max_concurrent_uploaded_layers max_recv_message_size "
        "max_send_message_size mutation_threshold uid"
    ),
    _TRUTH: (
        "async_remove disable disable_connections discard_blocks grpc_histogram no_prometheus no_shim sched_core "
        "shim_debug sync_remove upperdir_label"
    ),
    _TIME: "interval plugin_registration_timeout plugin_request_timeout schedule_delay startup_delay",
    _LIST: "accepts args default env mount_options platforms",
}
OTHERS = {key: kind for kind, keys in _OTHERS.items() for key in keys.split(" ")}
"""Keys of the tables at the top and of the other plugins of 1.6 and 1.7: there too one name has one type."""

PLUGINS = frozenset(
    (
        "gc.v1.scheduler internal.v1.opt internal.v1.restart metadata.v1.bolt monitor.v1.cgroups nri.v1.nri "
        "runtime.v1.linux runtime.v2.task service.v1.diff-service service.v1.tasks-service "
        "snapshotter.v1.aufs snapshotter.v1.blockfile snapshotter.v1.btrfs snapshotter.v1.devmapper "
        "snapshotter.v1.native snapshotter.v1.overlayfs snapshotter.v1.zfs transfer.v1.local "
    )
    .strip()
    .split(" ")
)
"""Plugins whose keys these are, without ``io.containerd.``; what is no plugin of a release is not read."""

_CRI: Mapping[str, str] = {
    _TRUTH: (
        "device_ownership_from_security_context disable_apparmor disable_cgroup disable_hugetlb_controller "
        "disable_proc_mount disable_tcp_service enable_cdi enable_selinux enable_tls_streaming "
        "enable_unprivileged_icmp enable_unprivileged_ports ignore_image_defined_volumes image_pull_with_sync_fs "
        "netns_mounts_under_state_dir restrict_oom_score_adj systemd_cgroup tolerate_missing_hugetlb_controller "
        "setup_serially disable_snapshot_annotations discard_unpacked_layers ignore_blockio_not_enabled_errors "
        "ignore_rdt_not_enabled_errors no_pivot privileged_without_host_devices "
        "privileged_without_host_devices_all_devices_allowed"
    ),
    _NUMBER: (
        "max_concurrent_downloads max_container_log_line_size selinux_category_range stats_collect_period "
        "max_conf_num cni_max_conf_num"
    ),
    _STRING: (
        "drain_exec_sync_io_timeout image_pull_progress_timeout sandbox_image stream_idle_timeout "
        "stream_server_address stream_server_port unset_seccomp_profile bin_dir conf_dir conf_template ip_pref "
        "default_runtime_name snapshotter base_runtime_spec cni_conf_dir runtime_engine runtime_path runtime_root "
        "runtime_type sandbox_mode config_path key_model"
    ),
    _LIST: "cdi_spec_dirs ignore_deprecation_warnings container_annotations pod_annotations",
    _TABLE: (
        "cni containerd default_runtime untrusted_workload_runtime runtimes options registry auths configs headers "
        "mirrors image_decryption x509_key_pair_streaming"
    ),
}
KINDS = {key: kind for kind, keys in _CRI.items() for key in keys.split(" ")}
"""Key of the CRI section to the type of its value; one name has one type, whatever its table."""

DURATIONS = ("drain_exec_sync_io_timeout", "image_pull_progress_timeout", "stream_idle_timeout")

SECTIONS = (*CRI_SECTIONS, IMAGES_V3)


_ENDS = "containerd does not start"


class KeyFault(NamedTuple):
    """A key that containerd, or its CRI plugin, refuses."""

    path: str
    keys: tuple[str, ...]
    """From the top of the file."""
    why: str


def top_faults(file: ConfigFile) -> Iterator[KeyFault]:
    """The keys at the top of a file with which containerd does not start."""
    from nodecheck.formats.toml import parse_toml
    from nodecheck.text import encode

    found = parse_toml(encode(file.source), file.path)
    for key, value in found.items():
        kind = TOP.get(key, "")
        if kind and not _fits(kind, value):
            yield KeyFault(file.path, (key,), f"{key} must be {kind}: {_ENDS}")
        elif kind == _TABLE:
            yield from _of_others(file.path, (key,), value)
    yield from _addresses(file.path, found)
    for name, section in file.plugins.items():
        if name.removeprefix("io.containerd.") in PLUGINS and name not in file.disabled and isinstance(section, dict):
            yield from _of_others(file.path, ("plugins", name), section)
            threshold = section.get("pause_threshold", 0.0)
            # The TOML library of containerd 1.x, for which version 2 is written, takes 1 for no 1.0.
            if not isinstance(threshold, (float, int) if file.version > 2 else float) or isinstance(threshold, bool):
                why = f"pause_threshold must be a number such as 0.02: {_ENDS}"
                yield KeyFault(file.path, ("plugins", name, "pause_threshold"), why)


def _addresses(path: str, found: Table) -> Iterator[KeyFault]:
    """Addresses of TCP without a port, an absolute path being a socket to ``debug`` alone; a certificate alone."""
    for name, key in (("debug", "address"), ("metrics", "address"), ("grpc", "tcp_address")):
        table = found.get(name)
        address = table.get(key) if isinstance(table, dict) else None
        if not isinstance(address, str) or not address or (name == "debug" and address.startswith("/")):
            continue
        if ":" not in address:
            yield KeyFault(path, (name, key), f"{key} of {name} must have a port: {_ENDS}")
    grpc = found.get("grpc")
    if isinstance(grpc, dict) and grpc.get("tcp_tls_cert") and not grpc.get("tcp_tls_key"):
        yield KeyFault(path, ("grpc", "tcp_tls_cert"), f"tcp_tls_cert asks for tcp_tls_key: {_ENDS}")


def _of_others(path: str, at: tuple[str, ...], table: Table) -> Iterator[KeyFault]:
    named = at[-1] in ("proxy_plugins", "stream_processors")
    for key, value in table.items():
        kind = _TABLE if named else _TIME if at[-1] == "timeouts" else OTHERS.get(key, "")
        if kind and not _fits(kind, value):
            yield KeyFault(path, (*at, key), f"{key} must be {kind}: {_ENDS}")
        elif named:
            yield from _of_others(path, (*at, key), value)
        elif key == "unpack_config":
            yield from _unpacking(path, (*at, key), value)


def section_faults(file: ConfigFile, names: Iterator[str] | tuple[str, ...]) -> Iterator[KeyFault]:
    """The keys of the CRI sections of a file that are read, and with which the CRI plugin does not load."""
    for name in names:
        section = file.plugins.get(name)
        if section is not None and not isinstance(section, dict):
            yield KeyFault(file.path, ("plugins", name), f"{name} must be a table: the CRI plugin does not load")
        elif section is not None:
            yield from _in_table(file.path, ("plugins", name), section)


def _in_table(path: str, at: tuple[str, ...], table: Table) -> Iterator[KeyFault]:
    free = at[-1] in ("runtimes", "mirrors", "auths", "configs", "headers")
    for key, value in table.items():
        kind = _TABLE if free and at[-1] != "headers" else "" if free else KINDS.get(key, "")
        here = (*at, key)
        if kind and not _fits(kind, value):
            yield KeyFault(path, here, f"{key} must be {kind}: the CRI plugin does not load")
        elif key in DURATIONS and not free and not is_duration(value):
            yield KeyFault(path, here, f"{key} must be a duration such as 5m: the CRI plugin does not load")
        elif isinstance(value, dict) and key != "options" and len(here) < 8:
            yield from _in_table(path, here, value)


def _unpacking(path: str, at: tuple[str, ...], value: Any) -> Iterator[KeyFault]:
    """What the transfer plugin unpacks: a list of tables of strings."""
    tables = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) and all(_fits(_STRING, text) for text in one.values()) for one in tables):
        yield KeyFault(path, at, f"{at[-1]} must be a list of tables of strings: {_ENDS}")


def is_duration(text: str) -> bool:
    """Whether Go's ``time.ParseDuration`` takes a text; an empty one, where nothing is set, is none to it.

    >>> [is_duration(text) for text in ("4h0m0s", "1.5s", "0", "5", "", "1 s")]
    [True, True, True, False, True, False]
    """
    from re import fullmatch

    number = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
    return text == "" or fullmatch(rf"[-+]?(0|({number}(ns|us|µs|μs|ms|s|m|h))+)", text) is not None


def _fits(kind: str, value: Any) -> bool:
    if kind == _TRUTH:
        return isinstance(value, bool)
    if kind == _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == _TIME:
        return isinstance(value, str) and bool(value) and is_duration(value)
    if kind == _STRING:
        return isinstance(value, str)
    if kind == _TABLE:
        return isinstance(value, dict)
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def registry_fault(files: Files, names: tuple[frozenset[str], ...], merging: bool) -> KeyFault | None:
    """``mirrors``, or ``tls`` in ``configs``, beside ``config_path``: the CRI plugin does not load.

    ``merging``: whether an import's section joins those before it, or stands in their place.
    """
    section: dict[str, Any] = {}
    where: dict[str, KeyFault] = {}
    for file, read in zip(files, names):
        for name in SECTIONS:
            own = file.plugins.get(name) if name in read else None
            if not isinstance(own, dict):
                continue
            section = merged(section, own) if merging else dict(own)
            registry = own.get("registry")
            for key in registry if isinstance(registry, dict) else ():
                where[key] = KeyFault(file.path, ("plugins", name, "registry", key), "")
    registry = section.get("registry")
    if not isinstance(registry, dict) or not registry.get("config_path"):
        return None
    configs = registry.get("configs")
    told = "cannot stand beside config_path: the CRI plugin does not load"
    if registry.get("mirrors"):
        return where["mirrors"]._replace(why=f"mirrors {told}")
    tls = isinstance(configs, dict) and any(isinstance(one, dict) and "tls" in one for one in configs.values())
    if tls:
        return where["configs"]._replace(why=f"configs.*.tls {told}")
    return None


def with_images(read: frozenset[str]) -> frozenset[str]:
    """The sections that are read, those of images among them, which version 3 has apart."""
    return read | {IMAGES_V3} if CRI_V3 in read else read


REMOVED = (
    "systemd_cgroup", "untrusted_workload_runtime", "default_runtime", "runtime_engine", "runtime_root", "CriuPath",
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
        if key in REMOVED and at[-1] != "runtimes" and _is_set(value):
            yield KeyFault(path, here, f"containerd 2 does not know {key}, and ignores it")
        elif isinstance(value, str) and value in REMOVED_VALUES.get(key, ()):
            yield KeyFault(path, here, f"containerd 2 has no {value}")
        elif isinstance(value, dict) and len(here) < 8:
            yield from _removed(path, here, value)


def misplaced_keys(file: ConfigFile, read: frozenset[str]) -> Iterator[KeyFault]:
    """``SystemdCgroup``, and the old ``systemd_cgroup``, set in tables where no release looks for them."""
    from nodecheck.formats.toml import parse_toml
    from nodecheck.text import encode

    for key, value in parse_toml(encode(file.source), file.path).items():
        if key == "plugins":
            continue
        yield from _misplaced(file.path, (), {key: value}, file)
    for name, section in file.plugins.items():
        if isinstance(section, dict) and (name not in CRI_SECTIONS or name in read):
            yield from _misplaced(file.path, ("plugins", name), section, file)


def _misplaced(path: str, at: tuple[str, ...], table: Table, file: ConfigFile) -> Iterator[KeyFault]:
    for key, value in table.items():
        here, plain = (*at, key), key.lower()
        old = plain == "systemd_cgroup" and not (len(at) == 2 and at[1] in CRI_SECTIONS)
        if _is_set(value) and (old or (plain == "systemdcgroup" and at[-1:] != ("options",))):
            name = CRI_V1 if file.version < 2 else CRI_V2 if file.version == 2 else CRI_V3
            told = f'[plugins."{name}".containerd.runtimes.runc.options] is the table of SystemdCgroup'
            yield KeyFault(path, here, f"nothing reads {key} there: {told}")
        elif isinstance(value, dict) and len(here) < 8:
            yield from _misplaced(path, here, value, file)


def _is_set(value: Any) -> bool:
    """Whether a value is more than what ``containerd config default`` of 1.x writes for nothing."""
    return any(map(_is_set, value.values())) if isinstance(value, dict) else value not in (None, "", 0, False, [])
