"""The built-in checks, as a plugin like any stranger's.

Its hooks need no mark: nodecheck knows its own, and a node without other plugins need not import pluggy.
"""

from __future__ import annotations

from nodecheck.checking.declare import LazyCheck
from nodecheck.typed import Any
from nodecheck_checks.profiles import PROFILES

_CHECKS = {
    "kernel-module": ("kernel.kernel_module", "kernel"),
    "product-uuid": ("identity.product_uuid", "hardware"),
    "reboot-pending": ("system.reboot_pending", "system"),
    "removed-setting": ("kubelet.removed_setting", "kubelet"),
    "running-version": ("services.running_version", "services"),
    "runtime-config": ("runtime.runtime_config", "runtime"),
    "runtime-socket": ("runtime.runtime_socket", "runtime"),
    "runtime-version": ("packages.runtime_version", "runtime"),
    "selinux": ("security.selinux", "security"),
    "default-route": ("network.links", "network"),
    "interface": ("network.links", "network"),
    "path-access": ("system.path_access", "system"),
    "port": ("network.port", "network"),
    "certificate": ("identity.certificate", "system"),
    "cgroup-controller": ("cgroups.cgroup_controller", "kernel"),
    "cgroup-driver": ("runtime.cgroup_driver", "runtime"),
    "cgroup-version": ("cgroups.cgroup_version", "kernel"),
    "cni-config": ("runtime.cni_config", "network"),
    "command": ("system.command", "system"),
    "cpu-count": ("hardware.cpu_count", "hardware"),
    "disk-free": ("system.disk_free", "system"),
    "filesystem": ("system.filesystem", "system"),
    "firewall": ("firewall.firewall", "firewall"),
    "hostname": ("network.hostname", "system"),
    "hosts": ("network.hosts", "system"),
    "image-identity": ("identity.image_identity", "system"),
    "inodes-free": ("system.inodes_free", "system"),
    "kubelet-config": ("kubelet.kubelet_config", "kubelet"),
    "kubelet-swap": ("swap.kubelet_swap", "swap"),
    "leftover": ("system.leftover", "system"),
    "mac-address": ("identity.mac_address", "network"),
    "machine-id": ("identity.machine_id", "system"),
    "memory": ("hardware.memory", "hardware"),
    "mount-options": ("system.mount_options", "system"),
    "mount-propagation": ("system.mount_propagation", "system"),
    "os-release": ("system.os_release", "system"),
    "kernel-config": ("kernel.kernel_config", "kernel"),
    "kernel-next": ("kernel.kernel_next", "kernel"),
    "module-tree": ("kernel.module_tree", "kernel"),
    "kernel-version": ("kernel.kernel_version", "system"),
    "kube-proxy-mode": ("network.kube_proxy_mode", "network"),
    "kubelet-defaults": ("sysctl.kubelet_defaults", "kubelet"),
    "service": ("services.service", "services"),
    "shutdown-inhibit": ("kubelet.shutdown_inhibit", "kubelet"),
    "static-pod": ("kubelet.static_pod", "kubelet"),
    "swap": ("swap.swap", "swap"),
    "sysctl": ("sysctl.sysctl", "sysctl"),
    "time-sync": ("services.time_sync", "time"),
    "version": ("packages.version", "runtime"),
    "version-skew": ("packages.version_skew", "runtime"),
}
"""Check name to module (in this package, with a function of the same name with ``_``) and topic."""


def nodecheck_checks() -> list[LazyCheck]:
    """Every built-in check, imported when selected."""
    return [
        LazyCheck(name, f"{__name__}.{module}:{name.replace('-', '_')}", topic)
        for name, (module, topic) in sorted(_CHECKS.items())
    ]


def nodecheck_profiles() -> tuple[dict[str, Any], ...]:
    """The built-in profiles."""
    return PROFILES
