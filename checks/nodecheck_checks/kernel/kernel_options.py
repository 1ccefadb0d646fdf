"""The kernel options that Kubernetes and its peers ask for."""

from __future__ import annotations

from nodecheck.checking import Severity
from nodecheck.facts import Target
from nodecheck.requirements.table import Release, Row, Table

WANTED = "y or m"

_VALIDATORS = "kubernetes/system-validators validators/types_unix.go"
_RUNTIMES = "moby contrib/check-config.sh; k3s contrib/util/check-config.sh"
_K0S = "k0s internal/pkg/sysinfo/host_linux.go"
_NETWORK: tuple[str | None, ...] = ("iptables", "ipvs", None)
"""Proxy modes in which kube-proxy makes rules of iptables; a mode that is not known is iptables."""


def _rows(
    names: str,
    reason: str,
    source: str,
    severity: Severity = Severity.ERROR,
    since: Release = (),
    modes: tuple[str | None, ...] = (),
) -> tuple[Row, ...]:
    return tuple([Row(name, WANTED, reason, source, severity, since, modes=modes) for name in names.split()])


OPTIONS = Table(
    *_rows("NAMESPACES NET_NS PID_NS IPC_NS UTS_NS", "containers are made of namespaces", _VALIDATORS),
    *_rows("CGROUPS CGROUP_SCHED CGROUP_PIDS CPUSETS", "pods get their limits by it", _VALIDATORS),
    *_rows("MEMCG FAIR_GROUP_SCHED", "pods get their limits by it", _VALIDATORS),
    *_rows("INET PROC_FS", "nothing of Kubernetes runs without it", _VALIDATORS),
    *_rows("NETFILTER_XT_TARGET_REDIRECT", "rules of kube-proxy and of CNI plugins use it", _VALIDATORS),
    *_rows("NETFILTER_XT_MATCH_COMMENT", "rules of kube-proxy and of CNI plugins use it", _VALIDATORS),
    *_rows("EXT4_FS", "file systems of the node are ext4", _VALIDATORS, Severity.INFO),
    *_rows("OVERLAY_FS", "the usual storage of images", _VALIDATORS, Severity.WARNING),
    *_rows("CFS_BANDWIDTH", "limits of processor time need it", _VALIDATORS, Severity.WARNING),
    *_rows("SECCOMP SECCOMP_FILTER", "seccomp profiles of pods need it", _VALIDATORS, Severity.WARNING),
    *_rows("CGROUP_HUGETLB", "limits of huge pages need it", _VALIDATORS, Severity.WARNING),
    *_rows("KEYS POSIX_MQUEUE VETH BRIDGE", "container runtimes and CNI plugins use it", _RUNTIMES, Severity.WARNING),
    *_rows("BRIDGE_NETFILTER", "iptables must see what crosses a bridge", _RUNTIMES, Severity.WARNING),
    *_rows(
        "IP_VS IP_VS_RR IP_VS_WRR IP_VS_SH IP_VS_NFCT", "kube-proxy's ipvs mode uses it", _K0S, Severity.WARNING,
        modes=("ipvs",),
    ),
    *_rows(
        "NF_TABLES NFT_CT NFT_MASQ NFT_NAT NFT_FIB_IPV4 NFT_FIB_IPV6", "kube-proxy's nftables mode uses it",
        "moby contrib/check-config.sh", Severity.WARNING, (1, 31), ("nftables",),
    ),
    *_rows("NET NETFILTER NF_CONNTRACK", "the network of pods needs it", _K0S, Severity.INFO),
    *_rows("NETFILTER_ADVANCED NETFILTER_XTABLES", "the network of pods needs it", _K0S, Severity.INFO, modes=_NETWORK),
    *_rows("BLK_CGROUP", "limits of disks need it", _K0S, Severity.INFO),
    *_rows(
        "NETFILTER_XT_MARK NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_MULTIPORT"
        " NETFILTER_XT_MATCH_RECENT NETFILTER_XT_MATCH_STATISTIC NF_NAT",
        "rules of kube-proxy and of CNI plugins use it", f"{_RUNTIMES}; {_K0S}", Severity.INFO, modes=_NETWORK,
    ),
    *_rows("USER_NS", "pods with user namespaces need it", _RUNTIMES, Severity.INFO),
    *_rows("PSI", "the kubelet's pressure figures need it", "KEP-4205, KubeletPSI", Severity.INFO, (1, 33)),
)  # fmt: skip
"""Whatever the version of cgroups."""

V1_OPTIONS = Table(*_rows("CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER", "cgroup v1 needs it", _VALIDATORS))
V2_OPTIONS = Table(*_rows("CGROUP_BPF", "on cgroup v2 it keeps containers from devices", _VALIDATORS, since=(1, 32)))

ALIASES = {"NETFILTER_XT_TARGET_REDIRECT": ("IP_NF_TARGET_REDIRECT",), "OVERLAY_FS": ("OVERLAYFS_FS",)}
"""What an option was called in older kernels."""


def asked_of(target: Target, unified: bool | None) -> tuple[Row, ...]:
    """The rows that hold for a node; those of one version of cgroups only where it is known to be that."""
    own = () if unified is None else (V2_OPTIONS if unified else V1_OPTIONS).of(target)
    return (*OPTIONS.of(target), *own)
