"""The options of dockerd's ``daemon.json`` and their types, of all releases from 1.12 to 29.

dockerd refuses to start with a key that is no option of its own, with a value of the wrong type, and with an option
that is set both in the file and as a flag (moby's ``daemon/config/config.go``, ``findConfigurationConflicts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.record import NamedTuple
from nodecheck.typed import Any

_BOOLEANS = (
    "debug tls tlsverify selinux-enabled iptables ip6tables ip-forward ip-forward-no-drop ip-masq ipv6 icc "
    "userland-proxy live-restore init no-new-privileges experimental raw-logs rootless cri-containerd "
    "allow-direct-routing api-enable-cors"
)
_NUMBERS = (
    "mtu max-concurrent-downloads max-concurrent-uploads max-download-attempts shutdown-timeout default-stop-timeout "
    "network-control-plane-mtu network-diagnostic-port oom-score-adjust cpu-rt-period cpu-rt-runtime "
    "swarm-raft-heartbeat-tick swarm-raft-election-tick"
)
_LISTS = (
    "exec-opts storage-opts authorization-plugins dns dns-opts dns-search labels hosts registry-mirrors "
    "insecure-registries allow-nondistributable-artifacts node-generic-resources cdi-spec-dirs host-gateway-ips"
)
_STRINGS = (
    "pidfile graph data-root exec-root containerd log-level log-format log-driver storage-driver group bip bip6 bridge "
    "fixed-cidr fixed-cidr-v6 default-gateway default-gateway-v6 ip userland-proxy-path cgroup-parent userns-remap "
    "default-runtime seccomp-profile init-path default-ipc-mode default-cgroupns-mode metrics-addr "
    "swarm-default-advertise-addr http-proxy https-proxy no-proxy cluster-store cluster-advertise api-cors-header "
    "containerd-namespace containerd-plugin-namespace containerd-plugins-namespace firewall-backend "
    "bridge-accept-fwmark host-gateway-ip tlscacert tlscert tlskey min-api-version deprecated-key-path resolv-conf"
)
_TEXT_MAPS = "log-opts cluster-store-opts"
_MAPS = "runtimes default-ulimits features builder default-network-opts nri-opts proxies"
_OTHERS = (
    "default-shm-size default-address-pools restart config-file help version validate host label log-opt dns-opt "
    "exec-opt storage-opt authorization-plugin registry-mirror insecure-registry default-ulimit add-runtime "
    "default-address-pool node-generic-resource cluster-store-opt cdi-spec-dir feature default-network-opt identity "
    "custom-root"
)
"""Keys that dockerd takes for options (they are names of flags too), of any type: those of flags alone do nothing."""

KINDS: Mapping[str, str] = {
    name: kind
    for kind, names in (
        ("true or false", _BOOLEANS),
        ("a number", _NUMBERS),
        ("a list of strings", _LISTS),
        ("a string", _STRINGS),
        ("an object of strings", _TEXT_MAPS),
        ("an object", _MAPS),
        ("", _OTHERS),
    )
    for name in names.split(" ")
}
"""Option to the type of its value; "" for any."""

TOLD_APART: Mapping[str, tuple[str, ...]] = {
    "true or false": ("true", "false", '"true"'),
    "a number": ("0", "1", '"1"'),
    "a list of strings": ('["a"]', "1"),
    "a string": ('"a"', "1"),
    "an object of strings": ('{"a": "b"}', '{"a": 1}'),
    "an object": ('{"a": 1}', "1"),
    "": ("1",),
}
"""JSON of each type: what fits, and what dockerd refuses."""

FLAT = frozenset(
    (*_TEXT_MAPS.split(" "), "runtimes", "default-ulimits", "features", "builder", "default-network-opts", "nri-opts")
)
"""Options whose value is an object; any other object only groups options (``{"proxies": {"http-proxy": …}}``)."""

NAMED: Mapping[str, str] = {
    "storage-opt": "storage-opts",
    "authorization-plugin": "authorization-plugins",
    "exec-opt": "exec-opts",
    "registry-mirror": "registry-mirrors",
    "insecure-registry": "insecure-registries",
    "dns-opt": "dns-opts",
    "label": "labels",
    "log-opt": "log-opts",
    "cluster-store-opt": "cluster-store-opts",
    "node-generic-resource": "node-generic-resources",
    "default-ulimit": "default-ulimits",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "cdi-spec-dir": "cdi-spec-dirs",
    "feature": "features",
    "host": "hosts",
    "host-gateway-ip": "host-gateway-ips",
}
"""Flags whose option in the file has another name; ``add-runtime`` and ``runtimes`` may stand in both."""

SHORT: Mapping[str, str] = {
    "H": "host", "D": "debug", "l": "log-level", "p": "pidfile", "g": "graph", "s": "storage-driver",
    "G": "group", "b": "bridge", "r": "restart", "v": "version", "h": "help",
}  # fmt: skip

VALUED = frozenset(
    name
    for name, kind in KINDS.items()
    if kind != "true or false" and name not in ("help", "version", "validate", "restart")
) | frozenset(NAMED)
"""Flags that take the next word as their value."""


def flattened(config: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a file, those in groups too.

    >>> flattened({"debug": True, "proxies": {"no-proxy": "x"}})
    {'debug': True, 'no-proxy': 'x'}
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict) and key not in FLAT:
            found.update(value)
        else:
            found[key] = value
    return found


def mistakes(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each key that dockerd refuses, and why."""
    for key in flattened(config):
        if key not in KINDS:
            yield key, f"{key!r} is no option of dockerd"
    for key, value in config.items():
        kind = KINDS.get(key, "")
        if kind and value is not None and not _fits(kind, value):
            yield key, f"{key!r} must be {kind}"


def _fits(kind: str, value: Any) -> bool:
    if kind == "true or false":
        return isinstance(value, bool)
    if kind == "a number":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "a string":
        return isinstance(value, str)
    if kind == "a list of strings":
        return isinstance(value, list) and all(item is None or isinstance(item, str) for item in value)
    items = value.values() if isinstance(value, dict) else (0,)
    return isinstance(value, dict) and (
        kind == "an object" or all(item is None or isinstance(item, str) for item in items)
    )


def conflicts(names: Iterator[str], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The options that flags and file both set."""
    options = flattened(config)
    return tuple(dict.fromkeys(NAMED.get(name, name) for name in names if NAMED.get(name, name) in options))


CONFIG = "/etc/docker/daemon.json"


DEFAULTS = "/etc/default/docker"
KEY = "native.cgroupdriver"


class DriverOption(NamedTuple):
    """A value of ``native.cgroupdriver`` and where it stands."""

    value: str
    path: str
    line: int | None
    text: str
    """The whole line that holds it; the flag alone where none holds it so."""
