"""The built-in checks, as a plugin like any stranger's."""

from typing import Any

from nodecheck.hookspecs import LazyCheck, hookimpl
from nodecheck_checks.profiles import PROFILES

_CHECKS = {
    "kernel-module": "kernel_module",
    "selinux": "selinux",
    "default-route": "network",
    "interface": "network",
    "port": "port",
    "cgroup-driver": "cgroup_driver",
    "command": "command",
    "firewall": "firewall",
    "hostname": "hostname",
    "hosts": "hosts",
    "os-release": "os_release",
    "kernel-version": "kernel_version",
    "service": "service",
    "swap": "swap",
    "sysctl": "sysctl",
    "time-sync": "time_sync",
    "version": "version",
    "version-skew": "version_skew",
}
"""Check name to module (in this package) and function of the same name with ``_``."""


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
