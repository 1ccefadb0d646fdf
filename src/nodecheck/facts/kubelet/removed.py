"""What a release took away from the kubelet: flags and feature gates with which it then does not start.

Flags by the pull request that removed them; gates by the release notes ("Removed … feature gate") and, those before
1.29, by kubespray's checks before an upgrade. pflag says ``unknown flag``, component-base ``unrecognized feature
gate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nodecheck.facts.kubelet.settings import Problem
from nodecheck.requirements.table import Release, Row, Table
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.files import KubeletSources
    from nodecheck.facts.services.unit_command import Word

_FLAGS: dict[tuple[Release, str], str] = {
    ((1, 15), "#77820"): "allow-privileged",
    ((1, 22), "#101057"): "chaos-chance",
    ((1, 24), "#104732"): "experimental-check-node-capabilities-before-mount",
    ((1, 24), "#106907"): """
        network-plugin cni-cache-dir cni-bin-dir cni-conf-dir docker-endpoint image-pull-progress-deadline
        experimental-dockershim-root-directory network-plugin-mtu
    """,
    ((1, 24), "#106932"): "dynamic-config-dir",
    ((1, 24), "#107096"): "non-masquerade-cidr",
    ((1, 25), "#109388"): "experimental-kernel-memcg-notification",
    ((1, 26), "#112120"): """
        add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr
        one-output skip-headers skip-log-headers stderrthreshold
    """,
    ((1, 27), "#114017"): "container-runtime",
    ((1, 27), "#116015"): "master-service-namespace",
    ((1, 31), "#122082"): "keep-terminated-pod-volumes",
    ((1, 31), "#122363"): "iptables-masquerade-bit iptables-drop-bit",
    ((1, 34), "#122384"): "register-schedulable",
    ((1, 34), "#130161"): "cloud-config",
    ((1, 35), "#133779"): "pod-infra-container-image",
    ((1, 37), "#139870"): """
        application-metrics-count-limit boot-id-file container-hints containerd containerd-namespace
        enable-load-reader event-storage-age-limit event-storage-event-limit global-housekeeping-interval
        log-cadvisor-usage machine-id-file storage-driver-user storage-driver-password storage-driver-host
        storage-driver-db storage-driver-table storage-driver-secure storage-driver-buffer-duration
    """,
}
_GATES: dict[Release, str] = {
    (1, 26): "DynamicKubeletConfig",
    (1, 27): "EphemeralContainers LocalStorageCapacityIsolation CSIMigration CSIInlineVolume",
    (1, 28): """
        KubeletCredentialProviders DevicePlugins DisableAcceleratorUsageMetrics CSIStorageCapacity
        EndpointSliceTerminatingCondition
    """,
    (1, 29): """
        SeccompDefault TopologyManager ProbeTerminationGracePeriod GRPCContainerProbe DownwardAPIHugePages
        CSIMigrationvSphere
    """,
    (1, 30): """
        ExpandedDNSConfig ExperimentalHostUserNamespaceDefaultingGate KubeletPodResources
        KubeletPodResourcesGetAllocatable MinimizeIPTablesRestore IPTablesOwnershipCleanup
        ProxyTerminatingEndpoints
    """,
    (1, 31): """
        ConsistentHTTPGetHandlers CSINodeExpandSecret ReadWriteOncePod InTreePluginAWSUnregister
        InTreePluginAzureDiskUnregister InTreePluginAzureFileUnregister InTreePluginGCEUnregister
        InTreePluginOpenStackUnregister InTreePluginvSphereUnregister
    """,
    (1, 32): """
        NewVolumeManagerReconstruction CloudDualStackNodeIPs PodHostIPs DRAControlPlaneController
        NodeOutOfServiceVolumeDetach
    """,
    (1, 33): """
        CPUManager AppArmor AppArmorFields DisableCloudProviders DisableKubeletCloudCredentialProviders
        KubeProxyDrainingTerminatingNodes
    """,
    (1, 34): "LegacySidecarContainers DevicePluginCDIDevices PodDisruptionConditions",
    (1, 35): "SizeMemoryBackedVolumes UserNamespacesPodSecurityStandards ComponentSLIs",
    (1, 36): "CSIMigrationPortworx InTreePluginPortworxUnregister",
    (1, 37): """
        SidecarContainers RelaxedDNSSearchValidation PreventStaticPodAPIReferences AnyVolumeDataSource
        GangScheduling WorkloadAwarePreemption
    """,
}


def _until(name: str, release: Release, reason: str, source: str) -> Row:
    return Row(name, "known", reason, source, before=release)


REMOVED = Table(*[
    _until(name, release, "a later kubelet refuses it as an unknown flag", f"kubernetes/kubernetes{source}")
    for (release, source), names in _FLAGS.items()
    for name in names.split()
])  # fmt: skip
"""Flags that a kubelet refuses from a release on."""

ADDED = Table(
    Row("config-dir", "known", "KEP-3983", "kubernetes/kubernetes#119390", since=(1, 28)),
    Row("fail-cgroupv1", "known", "KEP-4569", "kubernetes/kubernetes#126031", since=(1, 31)),
)
"""Flags that a kubelet refuses before a release."""

REMOVED_GATES = Table(*[
    _until(name, release, "a later kubelet does not know it", f"release notes of {release[0]}.{release[1]}")
    for release, names in _GATES.items()
    for name in names.split()
])  # fmt: skip
"""Feature gates that a kubelet refuses from a release on, on its command line and in its file."""

KUBEADM_APIS = Table(
    Row(
        "kubeadm.k8s.io/v1beta3",
        "known",
        "kubeadm 1.35 or 1.36 migrates such a file (kubeadm config migrate)",
        "kubernetes/kubernetes#136016",
        before=(1, 37),
    )
)
"""Versions of kubeadm's configuration that it refuses from a release on."""

DROPIN_VARIABLE = "KUBELET_CONFIG_DROPIN_DIR_ALPHA"
DROPINS = Table(
    Row("config-dir", DROPIN_VARIABLE, "an alpha that its environment turns on", "KEP-3983", before=(1, 30)),
    Row("config-dir", "nothing", "beta", "KEP-3983", since=(1, 30)),
)
"""What a kubelet wants to be set beside ``--config-dir``."""


def older_than(given: tuple[tuple[str, Word], ...]) -> Release | None:
    """A release to which a command line's kubelet does not belong, nor to any later one."""
    names = {name for name, _ in given}
    return min((row.before for row in REMOVED if row.name in names and row.before is not None), default=None)


def _names(*tables: Table) -> frozenset[str]:
    return frozenset(row.name for table in tables for row in table)


def _refused_flags(words: tuple[tuple[str, Word], ...], release: Release) -> Iterator[Problem]:
    told = ".".join(map(str, release))
    for name, word in words:
        rows = [row for table in (REMOVED, ADDED) for row in table if row.name == name]
        if rows and not any(row.covers(release) for row in rows):
            yield Problem("malformed", f"unknown flag: --{name} (kubelet {told})", word.path, word.line)


def _refused_gates(found: Mapping[str, tuple[str, int | None]], release: Release) -> Iterator[Problem]:
    told = ".".join(map(str, release))
    for name, (path, line) in found.items():
        rows = [row for row in REMOVED_GATES if row.name == name]
        if rows and not any(row.covers(release) for row in rows):
            yield Problem("malformed", f"unrecognized feature gate: {name} (kubelet {told})", path, line)


def refused_dropins(given: KubeletSources, release: Release) -> Iterator[Problem]:
    """Why a release does not take ``--config-dir``: its environment lacks what turns that alpha on."""
    word, known = given.flags.last("config-dir"), given.variables
    wanted = DROPINS.at("config-dir", release).wanted
    if word is not None and word.text and known is not None and wanted == DROPIN_VARIABLE and wanted not in known:
        told = ".".join(map(str, release))
        detail = f"--config-dir needs {wanted} in the environment of kubelet {told}"
        yield Problem("malformed", detail, word.path, word.line)


def refused(given: KubeletSources, release: Callable[[], Release | None]) -> Problem | None:
    """Why the kubelet's own release would not start with what it is given; None where it would, or is not known.

    The release is asked for only where something is given that not every release takes.
    """
    flags = [(name, word) for name, word in given.flags.given if name in _names(REMOVED, ADDED)]
    gates = {name: place for name, place in given.gate_places().items() if name in _names(REMOVED_GATES)}
    have = release() if flags or gates else None
    if have is None:
        return None
    problems = (
        *_refused_flags(tuple(flags), have),
        *_refused_gates(gates, have),
        *refused_dropins(given, have),
    )
    return problems[0] if problems else None
