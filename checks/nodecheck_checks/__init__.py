"""The built-in checks, as a plugin like any stranger's."""

from typing import Any

from nodecheck.hookspecs import LazyCheck, hookimpl
from nodecheck_checks.profiles import PROFILES

_CHECKS = {
    "kernel-module": "kernel.kernel_module",
    "selinux": "security.selinux",
    "default-route": "network.links",
    "interface": "network.links",
    "port": "network.port",
    "cgroup-driver": "runtime.cgroup_driver",
    "command": "system.command",
    "firewall": "firewall.firewall",
    "hostname": "network.hostname",
    "hosts": "network.hosts",
    "os-release": "system.os_release",
    "kernel-version": "kernel.kernel_version",
    "service": "services.service",
    "swap": "swap.swap",
    "sysctl": "sysctl.sysctl",
    "time-sync": "services.time_sync",
    "version": "packages.version",
    "version-skew": "packages.version_skew",
}
"""Check name to module (in this package), which has a function of the same name with ``_``."""


@hookimpl
def nodecheck_checks() -> list[LazyCheck]:
    """Every built-in check, imported when selected."""
    return [
        LazyCheck(name, f"{__name__}.{module}:{name.replace('-', '_')}") for name, module in sorted(_CHECKS.items())
    ]


@hookimpl
def nodecheck_profiles() -> tuple[dict[str, Any], ...]:
    """The built-in profiles."""
    return PROFILES
