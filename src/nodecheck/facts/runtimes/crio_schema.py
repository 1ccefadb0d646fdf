"""The keys of CRI-O's configuration, with the types of their values, by CRI-O's release: data.

Read from the structures of ``pkg/config/config.go`` of its tags v1.17.0 to v1.36.3. The TOML library ends the start at
a value of another type, and passes a key over that it does not know.
"""

from __future__ import annotations

from nodecheck.facts.runtimes.key_types import LIST, NUMBER, STRING, TABLE, TRUTH, Keys

TABLES: dict[tuple[str, ...], tuple[Keys, ...]] = {
    (): (
        Keys(STRING, "log_dir root runroot storage_driver version_file"),
        Keys(LIST, "storage_option"),
        Keys(STRING, "version_file_persist", since=(1, 19)),
        Keys(STRING, "clean_shutdown_file", since=(1, 21)),
        Keys(TRUTH, "internal_wipe", since=(1, 22)),
        Keys(TRUTH, "internal_repair", since=(1, 28)),
        Keys(STRING, "imagestore", since=(1, 29)),
        Keys(TABLE, "api runtime image network metrics"),
        Keys(TABLE, "tracing stats", since=(1, 23)),
    ),
    ("api",): (
        Keys(STRING, "listen stream_address stream_port stream_tls_ca stream_tls_cert stream_tls_key"),
        Keys(NUMBER, "grpc_max_recv_msg_size grpc_max_send_msg_size"),
        Keys(TRUTH, "stream_enable_tls"),
        Keys(STRING, "stream_idle_timeout", since=(1, 21)),
        Keys(STRING, "tls_min_version", since=(1, 36)),
        Keys(LIST, "tls_cipher_suites", since=(1, 36)),
    ),
    ("image",): (
        Keys(STRING, "default_transport global_auth_file image_volumes pause_command pause_image"),
        Keys(STRING, "pause_image_auth_file signature_policy"),
        Keys(LIST, "insecure_registries"),
        Keys(LIST, "registries", before=(1, 31)),
        Keys(STRING, "big_files_temporary_dir", since=(1, 19)),
        Keys(STRING, "signature_policy_dir", since=(1, 28)),
        Keys(LIST, "pinned_images", since=(1, 28)),
        Keys(TRUTH, "auto_reload_registries", since=(1, 30)),
        Keys(TRUTH, "oci_artifact_mount_support", since=(1, 33)),
        Keys(STRING, "short_name_mode", since=(1, 34)),
        Keys(STRING, "namespaced_auth_dir", since=(1, 35)),
    ),
    ("network",): (
        Keys(STRING, "network_dir plugin_dir"),
        Keys(LIST, "plugin_dirs"),
        Keys(STRING, "cni_default_network", since=(1, 18)),
    ),
    ("metrics",): (
        Keys(TRUTH, "enable_metrics"),
        Keys(NUMBER, "metrics_port"),
        Keys(STRING, "metrics_socket", since=(1, 19)),
        Keys(STRING, "metrics_cert metrics_key", since=(1, 22)),
        Keys(LIST, "metrics_collectors", since=(1, 22)),
        Keys(STRING, "metrics_host", since=(1, 30)),
    ),
    ("tracing",): (
        Keys(TRUTH, "enable_tracing", since=(1, 23)),
        Keys(STRING, "tracing_endpoint", since=(1, 23)),
        Keys(NUMBER, "tracing_sampling_rate_per_million", since=(1, 23)),
    ),
    ("stats",): (
        Keys(NUMBER, "stats_collection_period", since=(1, 23)),
        Keys(NUMBER, "collection_period", since=(1, 30)),
        Keys(LIST, "included_pod_metrics", since=(1, 30)),
    ),
    ("runtime",): (
        Keys(
            STRING,
            "apparmor_profile bind_mount_prefix cgroup_manager conmon conmon_cgroup container_attach_socket_dir "
            "container_exits_dir decryption_keys_path default_mounts_file default_runtime gid_mappings log_filter "
            "log_level namespaces_dir pinns_path seccomp_profile uid_mappings",
        ),
        Keys(LIST, "additional_devices conmon_env default_sysctls default_ulimits hooks_dir default_capabilities"),
        Keys(LIST, "default_env", since=(1, 18)),
        Keys(LIST, "default_mounts", before=(1, 20)),
        Keys(LIST, "absent_mount_sources_to_reject", since=(1, 22)),
        Keys(LIST, "allowed_devices cdi_spec_dirs", since=(1, 24)),
        Keys(LIST, "additional_artifact_stores", since=(1, 36)),
        Keys(NUMBER, "ctr_stop_timeout log_size_max pids_limit"),
        Keys(NUMBER, "minimum_mappable_gid minimum_mappable_uid", since=(1, 23)),
        Keys(NUMBER, "min_injected_gomaxprocs", since=(1, 36)),
        Keys(TRUTH, "log_to_journald no_pivot read_only selinux"),
        Keys(TRUTH, "manage_network_ns_lifecycle", before=(1, 19)),
        Keys(TRUTH, "manage_ns_lifecycle", before=(1, 21)),
        Keys(TRUTH, "drop_infra_ctr", since=(1, 19)),
        Keys(TRUTH, "seccomp_use_default_when_empty", since=(1, 20), before=(1, 30)),
        Keys(TRUTH, "device_ownership_from_security_context", since=(1, 22)),
        Keys(TRUTH, "enable_criu_support", since=(1, 25)),
        Keys(TRUTH, "add_inheritable_capabilities enable_pod_events", since=(1, 26)),
        Keys(TRUTH, "hostnetwork_disable_selinux", since=(1, 27)),
        Keys(TRUTH, "disable_hostport_mapping", since=(1, 28)),
        Keys(TRUTH, "blockio_reload", since=(1, 29)),
        Keys(STRING, "separate_pull_cgroup", since=(1, 20)),
        Keys(STRING, "infra_ctr_cpuset irqbalance_config_file", since=(1, 21)),
        Keys(STRING, "blockio_config_file rdt_config_file", since=(1, 22)),
        Keys(STRING, "irqbalance_config_restore_file", since=(1, 27)),
        Keys(STRING, "shared_cpuset", since=(1, 29)),
        Keys(STRING, "timezone", since=(1, 30)),
        Keys(STRING, "privileged_seccomp_profile", since=(1, 33)),
        Keys(TABLE, "runtimes"),
        Keys(TABLE, "workloads", since=(1, 21)),
    ),
    ("runtime", "runtimes", "*"): (
        Keys(STRING, "runtime_path runtime_root runtime_type"),
        Keys(TRUTH, "privileged_without_host_devices"),
        Keys(LIST, "allowed_annotations", since=(1, 20)),
        Keys(STRING, "runtime_config_path", since=(1, 22)),
        Keys(STRING, "monitor_cgroup monitor_exec_cgroup monitor_path", since=(1, 24)),
        Keys(LIST, "monitor_env", since=(1, 24)),
        Keys(TABLE, "platform_runtime_paths", since=(1, 28)),
        Keys(TRUTH, "runtime_pull_image", since=(1, 29)),
        Keys(STRING, "container_min_memory", since=(1, 30)),
        Keys(TRUTH, "no_sync_log", since=(1, 31)),
        Keys(TRUTH, "inherit_default_runtime", since=(1, 32)),
        Keys(TABLE, "default_annotations", since=(1, 32)),
        Keys(STRING, "exec_cpu_affinity seccomp_profile", since=(1, 34)),
        Keys(TRUTH, "stream_websockets", since=(1, 34)),
        Keys(NUMBER, "container_create_timeout", since=(1, 35)),
    ),
}
"""Below ``[crio]``: the tables, ``*`` being any name, and their keys."""

UNTYPED: dict[tuple[str, ...], str] = {
    (): "nri",
    ("image",): "pull_progress_timeout",
    ("network",): "cni_status_grace_period",
}
"""Keys that are known, and whose values are not looked at: a table of its own, and durations that may be numbers."""

LAST_READ = (
    (1, 17, 5), (1, 18, 6), (1, 19, 6), (1, 20, 9), (1, 21, 7), (1, 22, 5), (1, 23, 5), (1, 24, 6), (1, 25, 5),
    (1, 26, 4), (1, 27, 8), (1, 28, 11), (1, 29, 13), (1, 30, 14), (1, 31, 13), (1, 32, 13), (1, 33, 13), (1, 34, 11),
    (1, 35, 6), (1, 36, 3),
)  # fmt: skip
"""The releases that were read last. One that came later may have keys that are not here: many are brought back."""
