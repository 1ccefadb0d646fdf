"""Every key of a KubeletConfiguration with its type, and the release that brought it.

Those of ``config/v1beta1/types.go`` of k8s.io/kubelet in the releases 1.17 to 1.37. A value of another type is refused
when the file is decoded, strictly or not; a key that the kubelet's release does not have is ignored, with a line in its
log where it stands in the file of ``--config``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nodecheck.facts.kubelet.quantities import duration_of
from nodecheck.formats.tree import Number, TreeNode
from nodecheck.record import NamedTuple

Release = tuple[int, ...]
Tree = Mapping[str, TreeNode]

BITS_32 = "a whole number of 32 bits"

_KEYS: tuple[tuple[Release, str, str], ...] = (
    ((), "a string", """
        kind apiVersion staticPodPath staticPodURL address tlsCertFile tlsPrivateKeyFile tlsMinVersion
        authentication.x509.clientCAFile authorization.mode healthzBindAddress clusterDomain kubeletCgroups
        systemCgroups cgroupRoot cgroupDriver cpuManagerPolicy topologyManagerPolicy hairpinMode podCIDR resolvConf
        contentType containerLogMaxSize configMapAndSecretChangeDetectionStrategy reservedSystemCPUs
        systemReservedCgroup kubeReservedCgroup
    """),
    ((), BITS_32, """
        port readOnlyPort registryPullQPS registryBurst eventRecordQPS eventBurst healthzPort oomScoreAdj
        nodeLeaseDurationSeconds imageGCHighThresholdPercent imageGCLowThresholdPercent maxPods kubeAPIQPS kubeAPIBurst
        evictionMaxPodGracePeriod podsPerCore iptablesMasqueradeBit iptablesDropBit containerLogMaxFiles
    """),
    ((), "a whole number", "podPidsLimit maxOpenFiles"),
    ((), "a boolean", """
        rotateCertificates serverTLSBootstrap authentication.webhook.enabled authentication.anonymous.enabled
        enableDebuggingHandlers enableContentionProfiling cgroupsPerQOS cpuCFSQuota serializeImagePulls
        enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains failSwapOn
    """),
    ((), "a duration such as 30s", """
        syncFrequency fileCheckFrequency httpCheckFrequency streamingConnectionIdleTimeout nodeStatusUpdateFrequency
        nodeStatusReportFrequency imageMinimumGCAge volumeStatsAggPeriod cpuManagerReconcilePeriod
        runtimeRequestTimeout cpuCFSQuotaPeriod evictionPressureTransitionPeriod authentication.webhook.cacheTTL
        authorization.webhook.cacheAuthorizedTTL authorization.webhook.cacheUnauthorizedTTL
    """),
    ((), "a list of strings", "tlsCipherSuites clusterDNS enforceNodeAllocatable allowedUnsafeSysctls"),
    ((), "an object of strings", """
        qosReserved evictionHard evictionSoft evictionSoftGracePeriod evictionMinimumReclaim systemReserved kubeReserved
    """),
    ((), "an object of true and false", "featureGates"),
    ((), "an object of lists", "staticPodURLHeader"),
    ((), "an object", """
        authentication authentication.x509 authentication.webhook authentication.anonymous authorization
        authorization.webhook
    """),
    ((1, 18), "a string", "showHiddenMetricsForVersion"),
    ((1, 19), "a boolean", "enableServer runOnce kernelMemcgNotification enableSystemLogHandler"),
    ((1, 19), BITS_32, "nodeStatusMaxImages"),
    ((1, 19), "a string", "volumePluginDir providerID logging.format"),
    ((1, 19), "an object", "logging"),
    ((1, 20), "a string", "topologyManagerScope"),
    ((1, 20), "a duration such as 30s", "shutdownGracePeriod shutdownGracePeriodCriticalPods"),
    ((1, 21), "a string", "memoryManagerPolicy"),
    ((1, 21), "a boolean", "enableProfilingHandler enableDebugFlagsHandler"),
    ((1, 21), "a list of objects", "reservedMemory"),
    ((1, 22), "an object of strings", "cpuManagerPolicyOptions"),
    ((1, 22), "an object", "memorySwap"),
    ((1, 22), "a string", "memorySwap.swapBehavior"),
    ((1, 22), "a boolean", "seccompDefault"),
    ((1, 22), "a number", "memoryThrottlingFactor"),
    ((1, 23), "a list of objects", "shutdownGracePeriodByPodPriority registerWithTaints"),
    ((1, 23), "a boolean", "registerNode"),
    ((1, 25), "a boolean", "localStorageCapacityIsolation"),
    ((1, 25), "an object", "tracing"),
    ((1, 26), "an object of strings", "topologyManagerPolicyOptions"),
    ((1, 27), "a string", "containerRuntimeEndpoint imageServiceEndpoint"),
    ((1, 27), BITS_32, "maxParallelImagePulls"),
    ((1, 27), "a boolean", "enableSystemLogQuery"),
    ((1, 29), "a duration such as 30s", "imageMaximumGCAge"),
    ((1, 30), "a string", "podLogsDir"),
    ((1, 30), BITS_32, "containerLogMaxWorkers"),
    ((1, 30), "a duration such as 30s", "containerLogMonitorInterval"),
    ((1, 31), "a boolean", "failCgroupV1"),
    ((1, 32), "a boolean", "singleProcessOOMKill"),
    ((1, 32), "an object", "crashLoopBackOff"),
    ((1, 32), "a duration such as 30s", "crashLoopBackOff.maxContainerRestartPeriod"),
    ((1, 33), "a string", "imagePullCredentialsVerificationPolicy"),
    ((1, 33), "a list of strings", "preloadedImagesVerificationAllowlist"),
    ((1, 33), "a boolean", "mergeDefaultEvictionSettings"),
    ((1, 33), "an object", "userNamespaces"),
    ((1, 33), "a whole number", "userNamespaces.idsPerPod"),
    ((1, 36), "a list of numbers", "tlsCurvePreferences"),
    ((1, 36), "a string", "memoryReservationPolicy"),
)  # fmt: skip

_OPEN = ("logging", "tracing")
"""Objects of which not every key stands here."""


class KnownKey(NamedTuple):
    """A key of the kubelet's configuration."""

    name: str
    """Dotted where it is nested."""
    kind: str
    """What it must hold, in words."""
    since: Release
    """The release that brought it; empty: 1.17 had it."""


ALL_KEYS = {name: KnownKey(name, kind, since) for since, kind, names in _KEYS for name in names.split()}
"""By name."""

TOP_KEYS = tuple([name for name in ALL_KEYS if "." not in name])
"""Those of the first level."""


def _is_number(value: object, bits: int) -> bool:
    import re

    if not isinstance(value, Number) or re.fullmatch("-?[0-9]{1,19}", value.json) is None:
        return False
    most: int = 2 ** (bits - 1)
    return -most <= int(value.json) < most


def _is_float(value: object) -> bool:
    return isinstance(value, Number) and value.text.lower().strip("+-.") not in ("inf", "nan")


def _is_duration(value: object) -> bool:
    try:
        return isinstance(value, str) and duration_of(value) is not None
    except ValueError:
        return False


def _each(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    """A list whose items all hold; null stands for the empty value of any type."""

    def held(value: object) -> bool:
        return isinstance(value, tuple) and all(item.value is None or holds(item.value) for item in value)

    return held


def _all(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    """An object whose values all hold."""

    def held(value: object) -> bool:
        items = value.values() if isinstance(value, Mapping) else ()
        return isinstance(value, Mapping) and all(item.value is None or holds(item.value) for item in items)

    return held


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


_HOLDS: dict[str, Callable[[object], bool]] = {
    "a string": _is_string,
    "a boolean": _is_boolean,
    BITS_32: lambda value: _is_number(value, 32),
    "a whole number": lambda value: _is_number(value, 64),
    "a number": _is_float,
    "a duration such as 30s": _is_duration,
    "a list of strings": _each(_is_string),
    "a list of numbers": _each(lambda value: _is_number(value, 32)),
    "a list of objects": _each(_is_object),
    "an object of strings": _all(_is_string),
    "an object of true and false": _all(_is_boolean),
    "an object of lists": _all(_each(_is_string)),
    "an object": _is_object,
}


def wrong_types(tree: Tree, release: Release | None) -> Iterator[tuple[KnownKey, TreeNode]]:
    """The keys of a file that do not hold what their type asks for; ``release`` is the kubelet's, None: the newest.

    >>> [(key.kind, node.line) for key, node in wrong_types({"maxPods": TreeNode("110", "x", 3)}, None)]
    [('a whole number of 32 bits', 3)]
    """
    for key, node in _known(tree, "", release):
        if node.value is not None and not _HOLDS[key.kind](node.value):
            yield key, node


def newer_keys(tree: Tree) -> tuple[str, ...]:
    """The keys of a file that not every release has, dotted.

    >>> newer_keys({"maxPods": TreeNode(5, "x", 1), "podLogsDir": TreeNode("/x", "x", 2)})
    ('podLogsDir',)
    """
    return tuple([key.name for key, node in _known(tree, "", None) if key.since and node.path])


def _known(tree: Tree, prefix: str, release: Release | None) -> Iterator[tuple[KnownKey, TreeNode]]:
    for name, node in tree.items():
        key = ALL_KEYS.get(prefix + name)
        if key is None or (release is not None and key.since > release):
            continue
        yield key, node
        if key.kind == "an object" and isinstance(node.value, Mapping):
            yield from _known(node.value, f"{key.name}.", release)


def ignored_keys(tree: Tree, release: Release | None, any_case: bool = False) -> Iterator[tuple[str, TreeNode]]:
    """The keys of a file that a release does not know, dotted; with ``any_case`` as a drop-in's are read.

    >>> [name for name, _ in ignored_keys({"maxpods": TreeNode(5, "x", 1)}, None)]
    ['maxpods']
    """
    known = {name.lower(): key for name, key in ALL_KEYS.items()} if any_case else ALL_KEYS
    yield from _ignored(tree, "", release, known, any_case)


def _ignored(
    tree: Tree, prefix: str, release: Release | None, known: Mapping[str, KnownKey], any_case: bool
) -> Iterator[tuple[str, TreeNode]]:
    for name, node in tree.items():
        path = prefix + name
        key = known.get(path.lower() if any_case else path)
        if key is None or (release is not None and key.since > release):
            yield path, node
        elif key.kind == "an object" and key.name not in _OPEN and isinstance(node.value, Mapping):
            yield from _ignored(node.value, f"{path}.", release, known, any_case)
