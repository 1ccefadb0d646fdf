"""Which programs a node needs, why, and which package brings each."""

from __future__ import annotations

from nodecheck.checking import Severity
from nodecheck.facts import Target
from nodecheck.requirements.table import Release, Row, Table

PROGRAM = "a program that a service finds"
"""What is wanted of each."""
BY_HAND = "a program that the shell of who runs kubeadm finds"
"""What is wanted of those that kubeadm alone asks for."""

_WARN = Severity.WARNING
_DROPPED = "kubernetes/kubernetes#129450, #130045"
_NSENTER = "kubernetes/kubernetes#129450"
_PREFLIGHT = "cmd/kubeadm/app/preflight/checks.go, FileExisting-{}"


def _row(
    name: str,
    reason: str,
    source: str = _PREFLIGHT,
    severity: Severity = Severity.ERROR,
    since: Release = (),
    before: Release | None = None,
    modes: tuple[str | None, ...] = (),
    wanted: str = PROGRAM,
) -> Row:
    return Row(name, wanted, reason, source.format(name), severity, since, before, modes=modes)


NEEDS = Table(
    _row("mount", "the kubelet mounts volumes with it"),
    _row("losetup", "kubeadm demands it; the kubelet keeps block volumes open with it", _DROPPED, since=(1, 33)),
    _row("cp", "kubeadm demands it; it copies the manifests and etcd's data on an upgrade", _DROPPED, since=(1, 33)),
    _row("nsenter", "kubeadm demands it; the kubelet entered namespaces with it", _NSENTER, before=(1, 33)),
    _row("ip", "kubeadm demands it", before=(1, 33), wanted=BY_HAND),
    _row("iptables", "kubeadm demands it; the kubelet and network plugins set rules with it", before=(1, 33)),
    _row(
        "iptables",
        "the kubelet and network plugins (portmap) set rules with it",
        "kubernetes/kubernetes#129131; containernetworking/plugins, portmap",
        _WARN,
        since=(1, 33),
        modes=("ipvs", "iptables", None),
    ),
    _row(
        "conntrack",
        "kubeadm demands it; kube-proxy removed stale connections with it",
        "kubernetes/kubernetes#85403, until #126953",
        since=(1, 18),
        before=(1, 32),
        wanted=BY_HAND,
    ),
    # An error where docker is not the runtime, always from 1.24; a warning in 1.31.
    _row(
        "crictl",
        "kubeadm asks the container runtime through it",
        "kubernetes/kubeadm#3064",
        since=(1, 24),
        before=(1, 31),
        wanted=BY_HAND,
    ),
    _row(
        "crictl",
        "kubeadm warns without it",
        "kubernetes/kubernetes#124685, until #126596",
        _WARN,
        since=(1, 31),
        before=(1, 32),
        wanted=BY_HAND,
    ),
    _row(
        "socat",
        "kubectl port-forward went through it with docker",
        "kubernetes/kubernetes#127151, which 1.28 to 1.31 got too",
        _WARN,
        before=(1, 28),
    ),
    _row(
        "ebtables",
        "kubenet set rules with it",
        "kubernetes/kubernetes#127151, which 1.28 to 1.31 got too",
        _WARN,
        before=(1, 28),
    ),
    _row("ethtool", "kubeadm warns without it", "kubernetes/kubernetes#129131", _WARN, before=(1, 33), wanted=BY_HAND),
    _row(
        "tc",
        "kubenet shaped traffic with it; kubeadm warns without it",
        "kubernetes/kubernetes#129131",
        _WARN,
        before=(1, 33),
    ),
)
"""kubeadm's preflight checks of each release. ipset and ipvsadm are in kube-proxy's own image."""


UNBUNDLED = ("mount",)
"""What k3s, RKE2, k0s and MicroK8s take from the node: they have no kubeadm, and bring the other programs."""


def needs_of(target: Target) -> tuple[Row, ...]:
    """What a release and proxy mode need.

    >>> [need.name for need in needs_of(Target(kubernetes="1.34", proxy_mode="nftables"))]
    ['mount', 'losetup', 'cp']
    """
    return NEEDS.of(target)


# On EL 9 and Fedora iptables-nft provides "iptables" and "ebtables"; EL 8 has no package of that name.
_EVERYWHERE = ("ipset", "ipvsadm", "ethtool", "socat", "iptables", "ebtables")

PACKAGES: dict[str, dict[str, str]] = {
    "apt": {"brctl": "bridge-utils", "conntrack": "conntrack", "ip": "iproute2", "tc": "iproute2", "mount": "mount",
            "nsenter": "util-linux", "nft": "nftables", "touch": "coreutils",
            "losetup": "mount", "cp": "coreutils"},
    "yum": {"brctl": "bridge-utils", "conntrack": "conntrack-tools", "ip": "iproute", "tc": "iproute",
            "mount": "util-linux", "nsenter": "util-linux", "nft": "nftables", "touch": "coreutils",
            "losetup": "util-linux", "cp": "coreutils"},
    "dnf": {"brctl": "bridge-utils", "conntrack": "conntrack-tools", "ip": "iproute", "tc": "iproute-tc",
            "mount": "util-linux", "nsenter": "util-linux", "nft": "nftables", "touch": "coreutils",
            "losetup": "util-linux", "cp": "coreutils"},
    "zypper": {"brctl": "bridge-utils", "conntrack": "conntrack-tools", "ip": "iproute2", "tc": "iproute2",
               "mount": "util-linux", "nsenter": "util-linux", "nft": "nftables", "touch": "coreutils",
               "losetup": "util-linux", "cp": "coreutils"},
    "apk": {"brctl": "bridge-utils", "conntrack": "conntrack-tools", "ip": "iproute2", "tc": "iproute2-tc",
            "mount": "util-linux", "nsenter": "util-linux-misc", "nft": "nftables", "touch": "coreutils",
            "losetup": "losetup", "cp": "coreutils"},
    "pacman": {"brctl": "bridge-utils", "conntrack": "conntrack-tools", "ip": "iproute2", "tc": "iproute2",
               "mount": "util-linux", "nsenter": "util-linux", "nft": "nftables", "touch": "coreutils",
               "losetup": "util-linux", "cp": "coreutils"},
}  # fmt: skip
PACKAGES["tdnf"] = PACKAGES["yum"]
"""The package of a program by package manager, where it is not called as the program is."""

KNOWN_TO = {"crictl": "the repository of Kubernetes' own packages (pkgs.k8s.io), package cri-tools"}
"""Programs whose package is in no distribution, and where it is."""

ADDED_TO_EL = {"brctl": "EPEL, package bridge-utils (Enterprise Linux has none since 8)"}
"""The same of Enterprise Linux from 8 on: a plan would stop at a package that is not to be had."""

INSTALL: dict[str, tuple[str, ...]] = {
    "apt": ("apt-get", "install", "-y", "--"),
    "yum": ("yum", "install", "-y", "--"),
    "dnf": ("dnf", "install", "-y"),  # dnf5 before 5.4.3 knows no "--" (rpm-software-management/dnf5#700)
    "tdnf": ("tdnf", "install", "-y"),
    "zypper": ("zypper", "--non-interactive", "install", "--"),
    "apk": ("apk", "add", "--"),
    "pacman": ("pacman", "-S", "--noconfirm", "--"),
}


def package_of(command: str, manager: str) -> str | None:
    """The package that brings a program; None where this is not known.

    >>> package_of("brctl", "yum"), package_of("ipset", "apt"), package_of("frobnicate", "apt")
    ('bridge-utils', 'ipset', None)
    """
    return PACKAGES[manager].get(command) or (command if command in _EVERYWHERE else None)
