"""The keys of containerd's configuration, with the types of their values, by containerd's release: data.

Read from the structures of its tags v1.3.10 to v2.3.4: ``pkg/cri/config/config.go``, ``internal/cri/config/config.go``,
``services/server/config/config.go``, ``cmd/containerd/server/config/config.go``, and the configuration of each plugin.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.runtimes.containerd_releases import Version
from nodecheck.facts.runtimes.key_types import LIST, NUMBER, REAL, STRING, TABLE, TIME, TRUTH, Keys

TOP = (
    Keys(STRING, "root state temp"),
    Keys(STRING, "plugin_dir", before=(2, 1)),
    Keys(NUMBER, "oom_score"),
    Keys(LIST, "required_plugins"),
    Keys(TABLE, "grpc ttrpc debug metrics cgroup proxy_plugins timeouts stream_processors"),
)
"""Keys at the top of a file; ``version``, ``imports``, ``plugins`` and ``disabled_plugins`` are read elsewhere."""

OTHERS = (
    Keys(
        STRING,
        "address base_image_size content_sharing_policy format fs_options fs_type level path pool_name "
        "returns root_path tcp_address tcp_tls_ca tcp_tls_cert tcp_tls_key type platform",
    ),
    Keys(STRING, "rdt_config_file endpoint protocol service_name", since=(1, 6)),
    Keys(STRING, "blockio_config_file config_path plugin_config_path plugin_path socket_path scratch_file", (1, 7)),
    Keys(STRING, "runtime runtime_root shim", before=(2,)),
    Keys(STRING, "bin_dir", since=(2,)),
    Keys(STRING, "tcp_tls_common_name default_size", since=(2, 2)),
    Keys(STRING, "dmverity_mode socket_dir tls_ca tls_cert tls_common_name tls_key", since=(2, 3)),
    Keys(NUMBER, "deletion_threshold gid max_recv_message_size max_send_message_size mutation_threshold uid"),
    Keys(NUMBER, "max_concurrent_downloads max_concurrent_uploaded_layers", since=(1, 7)),
    Keys(NUMBER, "max_verifiers", since=(2,)),
    Keys(NUMBER, "concurrent_layer_fetch_buffer", since=(2, 1)),
    Keys(NUMBER, "max_concurrent_unpacks", since=(2, 2)),
    Keys(TRUTH, "grpc_histogram no_prometheus"),
    Keys(TRUTH, "async_remove", since=(1, 4)),
    Keys(TRUTH, "discard_blocks upperdir_label insecure", since=(1, 6)),
    Keys(TRUTH, "sync_remove", since=(1, 6, 24), before=(1, 7)),
    Keys(TRUTH, "sync_remove", since=(1, 7, 4)),
    Keys(TRUTH, "disable disable_connections", since=(1, 7)),
    Keys(TRUTH, "sync_fs", since=(1, 7, 26)),
    Keys(TRUTH, "no_shim shim_debug", before=(2,)),
    Keys(TRUTH, "sched_core", since=(1, 6), before=(2,)),
    Keys(TRUTH, "recreate_scratch slow_chown", since=(2,)),
    Keys(TRUTH, "check_platform_supported enable_fsverity no_sync", since=(2, 1)),
    Keys(TRUTH, "set_immutable", since=(2, 1, 5)),
    Keys(TRUTH, "enable_tar_index", since=(2, 2)),
    Keys(TRUTH, "enable_dmverity log_trace_id", since=(2, 3)),
    Keys(TIME, "interval schedule_delay startup_delay"),
    Keys(TIME, "plugin_registration_timeout plugin_request_timeout", since=(1, 7)),
    Keys(TIME, "per_verifier_timeout", since=(2,)),
    Keys(REAL, "pause_threshold"),
    Keys(REAL, "sampling_ratio", since=(1, 6)),
    Keys(LIST, "accepts args capabilities default env platforms"),
    Keys(LIST, "mount_options", since=(1, 6, 24), before=(1, 7)),
    Keys(LIST, "mount_options", since=(1, 7)),
    Keys(LIST, "mkfs_options ovl_mount_options", since=(2, 1)),
)
"""Keys of the tables at the top and of the other plugins: there too one name has one type."""

PLUGINS = (
    "gc.v1.scheduler internal.v1.opt metadata.v1.bolt service.v1.diff-service runtime.v2.task "
    "snapshotter.v1.btrfs snapshotter.v1.devmapper snapshotter.v1.native snapshotter.v1.overlayfs snapshotter.v1.zfs"
)
PLUGINS_OF = (
    Keys(TABLE, PLUGINS),
    Keys(TABLE, "internal.v1.restart monitor.v1.cgroups"),
    Keys(TABLE, "runtime.v1.linux snapshotter.v1.aufs", before=(2,)),
    Keys(TABLE, "service.v1.tasks-service internal.v1.tracing tracing.processor.v1.otlp", since=(1, 6)),
    Keys(TABLE, "nri.v1.nri snapshotter.v1.blockfile transfer.v1.local", since=(1, 7)),
    Keys(TABLE, "monitor.container.v1.restart monitor.task.v1.cgroups shim.v1.manager", since=(2,)),
    Keys(TABLE, "image-verifier.v1.bindir", since=(2,)),
    Keys(TABLE, "differ.v1.erofs snapshotter.v1.erofs", since=(2, 1)),
    Keys(TABLE, "server.v1.grpc server.v1.grpc-tcp server.v1.ttrpc server.v1.debug server.v1.metrics", since=(2, 3)),
)
"""Plugins, without ``io.containerd.``; what is no plugin of a release is not read. 2.x migrates old names."""

CRI = (
    Keys(TRUTH, "disable_apparmor disable_proc_mount disable_tcp_service enable_selinux enable_tls_streaming"),
    Keys(TRUTH, "restrict_oom_score_adj privileged_without_host_devices"),
    Keys(TRUTH, "disable_cgroup no_pivot systemd_cgroup", before=(2,)),
    Keys(TRUTH, "insecure_skip_verify", since=(1, 3, 2), before=(2,)),
    Keys(
        TRUTH,
        "disable_hugetlb_controller disable_snapshot_annotations discard_unpacked_layers ignore_image_defined_volumes "
        "tolerate_missing_hugetlb_controller",
        since=(1, 4),
    ),
    Keys(TRUTH, "netns_mounts_under_state_dir", since=(1, 5)),
    Keys(
        TRUTH,
        "device_ownership_from_security_context enable_unprivileged_icmp enable_unprivileged_ports "
        "ignore_rdt_not_enabled_errors",
        since=(1, 6),
    ),
    Keys(TRUTH, "enable_cdi ignore_blockio_not_enabled_errors setup_serially", since=(1, 7)),
    Keys(TRUTH, "privileged_without_host_devices_all_devices_allowed", since=(1, 7)),
    Keys(TRUTH, "image_pull_with_sync_fs", since=(1, 7, 14)),
    Keys(TRUTH, "use_internal_loopback", since=(2,)),
    Keys(TRUTH, "cgroup_writable use_local_image_pull", since=(2, 1)),
    Keys(TRUTH, "enable_criu", since=(2, 2, 7), before=(2, 3)),
    Keys(TRUTH, "enable_criu", since=(2, 3, 4)),
    Keys(TRUTH, "enable_experimental_restore_via_create", since=(2, 2, 7), before=(2, 3)),
    Keys(TRUTH, "enable_experimental_restore_via_create", since=(2, 3, 4), before=(2, 4)),
    Keys(TRUTH, "disable_pause_image_pull", since=(2, 4)),
    Keys(NUMBER, "max_concurrent_downloads max_container_log_line_size max_conf_num stats_collect_period"),
    Keys(NUMBER, "selinux_category_range", since=(1, 4)),
    Keys(NUMBER, "cni_max_conf_num", since=(1, 6)),
    Keys(NUMBER, "concurrent_layer_fetch_buffer", since=(2, 1)),
    Keys(
        STRING,
        "bin_dir conf_dir conf_template default_runtime_name identitytoken password runtime_type sandbox_image "
        "snapshotter stream_idle_timeout stream_server_address stream_server_port tls_cert_file tls_key_file username",
    ),
    Keys(STRING, "ca_file cert_file key_file runtime_engine runtime_root", before=(2,)),
    Keys(STRING, "base_runtime_spec key_model unset_seccomp_profile", since=(1, 4)),
    Keys(STRING, "config_path", since=(1, 5)),
    Keys(STRING, "cni_conf_dir ip_pref runtime_path", since=(1, 6)),
    Keys(STRING, "drain_exec_sync_io_timeout", since=(1, 6, 29)),
    Keys(STRING, "image_pull_progress_timeout", since=(1, 7)),
    Keys(STRING, "sandbox_mode", since=(1, 7), before=(2,)),
    Keys(STRING, "io_type platform sandboxer", since=(2,)),
    Keys(STRING, "stats_retention_period", since=(2, 3)),
    Keys(LIST, "endpoint pod_annotations"),
    Keys(LIST, "container_annotations", since=(1, 4)),
    Keys(LIST, "ignore_deprecation_warnings", since=(1, 6, 29), before=(1, 7)),
    Keys(LIST, "ignore_deprecation_warnings", since=(1, 7, 14)),
    Keys(LIST, "cdi_spec_dirs", since=(1, 7)),
    Keys(LIST, "bin_dirs", since=(2, 1)),
    Keys(TABLE, "cni containerd runtimes options registry auths configs mirrors x509_key_pair_streaming"),
    Keys(TABLE, "default_runtime tls untrusted_workload_runtime", before=(2,)),
    Keys(TABLE, "headers image_decryption", since=(1, 4)),
    Keys(TABLE, "pinned_images runtime_platforms", since=(2,)),
)
"""Keys of the CRI sections; one name has one type but for ``auth`` and ``stats_collect_period``."""

RUNTIME = (Keys(STRING, "snapshotter", since=(1, 7)),)
"""Keys of a runtime's table that a release before does not know there, though it has them elsewhere."""

_RUNTIME = (
    "runtime_type runtime_path runtime_engine runtime_root pod_annotations container_annotations options "
    "privileged_without_host_devices privileged_without_host_devices_all_devices_allowed cgroup_writable "
    "base_runtime_spec cni_conf_dir cni_max_conf_num snapshotter sandbox_mode sandboxer io_type "
    "disable_pause_image_pull"
)
_AUTH = "username password auth identitytoken"
_TABLES = "containerd cni registry image_decryption x509_key_pair_streaming pinned_images runtime_platforms"
_STREAMS = "disable_tcp_service stream_server_address stream_server_port stream_idle_timeout enable_tls_streaming"
_OF_IMAGES = (
    "snapshotter sandbox_image max_concurrent_downloads image_pull_progress_timeout image_pull_with_sync_fs "
    "disable_snapshot_annotations discard_unpacked_layers concurrent_layer_fetch_buffer use_local_image_pull "
    "stats_collect_period"
)
_OF_RUNTIME = (
    "stats_retention_period systemd_cgroup max_container_log_line_size disable_cgroup restrict_oom_score_adj "
    "disable_proc_mount ignore_image_defined_volumes netns_mounts_under_state_dir enable_cdi cdi_spec_dirs "
    "drain_exec_sync_io_timeout ignore_deprecation_warnings enable_criu enable_experimental_restore_via_create"
)
_OF_KERNEL = (
    "enable_selinux selinux_category_range disable_apparmor unset_seccomp_profile tolerate_missing_hugetlb_controller "
    "disable_hugetlb_controller device_ownership_from_security_context enable_unprivileged_ports "
    "enable_unprivileged_icmp"
)

PLACES: dict[str, str] = {
    "": f"{_TABLES} {_STREAMS} {_OF_IMAGES} {_OF_RUNTIME} {_OF_KERNEL}",
    "containerd": "snapshotter default_runtime_name default_runtime untrusted_workload_runtime runtimes no_pivot "
    "disable_snapshot_annotations discard_unpacked_layers ignore_blockio_not_enabled_errors "
    "ignore_rdt_not_enabled_errors",
    "containerd.runtimes.*": _RUNTIME,
    "containerd.default_runtime": _RUNTIME,
    "containerd.untrusted_workload_runtime": _RUNTIME,
    "cni": "bin_dir bin_dirs conf_dir max_conf_num setup_serially conf_template ip_pref use_internal_loopback",
    "registry": "config_path mirrors configs auths headers",
    "registry.mirrors.*": "endpoint",
    "registry.auths.*": _AUTH,
    "registry.configs.*": "auth tls",
    "registry.configs.*.auth": _AUTH,
    "registry.configs.*.tls": "insecure_skip_verify ca_file cert_file key_file",
    "image_decryption": "key_model",
    "x509_key_pair_streaming": "tls_cert_file tls_key_file",
    "runtime_platforms.*": "platform snapshotter",
}
"""The keys of each table of the CRI sections, of any release; ``*`` is a name that people choose."""

OUTER: dict[str, str] = {
    "": "version root state temp plugin_dir oom_score imports disabled_plugins required_plugins plugins grpc ttrpc "
    "debug metrics cgroup proxy_plugins timeouts stream_processors",
    "grpc": "address uid gid tcp_address tcp_tls_ca tcp_tls_cert tcp_tls_key tcp_tls_common_name "
    "max_recv_message_size max_send_message_size",
    "ttrpc": "address uid gid",
    "debug": "address uid gid level format log_trace_id",
    "metrics": "address grpc_histogram",
    "cgroup": "path",
    "proxy_plugins.*": "type address platform exports capabilities",
    "stream_processors.*": "accepts returns path args env",
}
"""The keys at the top of a file, and of the tables there that are not of plugins."""

PROXIES = (
    Keys("snapshotter.v1", "snapshot"),
    Keys("content.v1", "content"),
    Keys("differ.v1", "diff", since=(1, 7, 4)),
    Keys("sandbox.controller.v1", "sandbox", since=(2,)),
)
"""The types of plugins that ``proxy_plugins`` brings, each with its short name (``LoadPlugins`` of ``server.go``)."""

RUNC_OPTIONS = (
    "NoPivotRoot NoNewKeyring ShimCgroup IoUid IoGid BinaryName Root CriuPath SystemdCgroup CriuImagePath "
    "CriuWorkPath TaskApiAddress TaskApiVersion"
)
"""Options of runc's shim, of any release (``runc/options/oci.proto``)."""

LAST_READ = (
    (1, 3, 10), (1, 4, 13), (1, 5, 18), (1, 6, 39), (1, 7, 34), (2, 0, 11), (2, 1, 9), (2, 2, 7), (2, 3, 4),
)  # fmt: skip
"""The releases that were read last. One that came later may have keys that are not here."""

IMAGE_KEYS = frozenset((
    "registry", "image_decryption", "max_concurrent_downloads", "image_pull_progress_timeout",
    "image_pull_with_sync_fs", "sandbox_image", "pinned_images", "runtime_platforms", "snapshotter",
    "disable_snapshot_annotations", "discard_unpacked_layers", "concurrent_layer_fetch_buffer", "use_local_image_pull",
    "stats_collect_period",
))  # fmt: skip
"""What stands in version 3's section of images (``ImageConfig``), not in that of the runtime."""

IN_BOTH = (Keys(STRING, "stats_collect_period", since=(2, 3)),)
"""Of these, what version 3's section of the runtime has too."""

DURATIONS = frozenset(
    ["drain_exec_sync_io_timeout", "image_pull_progress_timeout", "stream_idle_timeout", "stats_retention_period"]
)
"""Strings of the CRI sections that must be durations, or empty."""


def kinds(rows: tuple[Keys, ...], release: Version) -> dict[str, str]:
    """The names that a release has, with their types.

    >>> kinds(CRI, (1, 6, 20)).get("enable_cdi"), kinds(CRI, (1, 7)).get("enable_cdi")
    (None, 'true or false')
    """
    return {name: row.kind for row in rows if row.hold(release) for name in row.names.split(" ")}


def plugins(release: Version) -> Iterator[str]:
    """The plugins of a release whose keys are known, in full."""
    return (f"io.containerd.{name}" for name in kinds(PLUGINS_OF, release))
