"""The kubelet's settings as a table: where each can be set, of what kind it is, and what holds where it is not.

Keys, kinds and defaults are those of ``staging/src/k8s.io/kubelet/config/v1beta1/types.go`` and of
``pkg/kubelet/apis/config/v1beta1/defaults.go``, flags those of ``cmd/kubelet/app/options/options.go``, of the releases
1.17 to 1.37. ``source`` names what else says it.
"""

from __future__ import annotations

from nodecheck.model.sources import JudgedSetting, Judges
from nodecheck.record import NamedTuple
from nodecheck.typed import Union

Pairs = tuple[tuple[str, str], ...]
Value = Union[bool, int, float, str, tuple[str, ...], Pairs, None]
"""What a setting comes to, by its kind; None: nothing is set, and there is no default."""

Release = tuple[int, int]

BOOL = "bool"
INT = "int"
FLOAT = "float"
DURATION = "duration"
"""Seconds, as a float."""
STRING = "string"
LIST = "list"
"""Strings."""
QUANTITIES = "quantities"
"""Pairs, as all that follow but taints: resource and quantity, ``("memory", "500Mi")``."""
THRESHOLDS = "thresholds"
"""Eviction signal and quantity or percentage, ``("nodefs.available", "10%")``; the flag has ``<`` between them."""
RECLAIMS = "reclaims"
"""As thresholds; the flag has ``=``."""
DURATIONS = "durations"
"""Eviction signal and duration, ``("memory.available", "1m30s")``."""
GATES = "gates"
"""Feature gate and ``"true"`` or ``"false"``."""
TAINTS = "taints"
"""``key=value:effect``, as the flag writes them."""
LABELS = "labels"
"""Label and value, ``("zone", "a")``."""
OPTIONS = "options"
"""Option and value, ``("full-pcpus-only", "true")``."""
RESERVATIONS = "reservations"
"""NUMA node with the type of memory, and quantity: ``("0:memory", "1Gi")``."""
PRIORITIES = "priorities"
"""Pod priority and seconds, ``("100000", "10")``."""


class KnownSetting(NamedTuple):
    """One setting of the kubelet."""

    key: str | None
    """In a KubeletConfiguration of v1beta1, dotted where it is nested; None: a flag alone sets it."""
    flag: str | None
    """Without its dashes; None: files alone set it."""
    kind: str
    default: Value = None
    changes: tuple[tuple[Release, Value], ...] = ()
    """Where the default changed: from that release on it is this, in the order of releases."""
    since: Release | None = None
    """The first release with the key; None: 1.17 had it. A kubelet without it ignores it in the file."""
    zero: bool = False
    """Zero and the empty string in a file count as not set."""
    bare: Value = None
    """The default where the kubelet is given no configuration file (``applyLegacyDefaults``); None: as with one."""
    source: str = ""

    @property
    def name(self) -> str:
        """The key; the flag where there is no key."""
        return self.key or self.flag or ""

    def in_files(self, release: Release | None) -> bool:
        """Whether a kubelet of a release reads the key; the newest where it is not known."""
        return self.key is not None and (release is None or self.since is None or release >= self.since)

    def default_in(self, release: Release | None) -> Value:
        """The default of a release; of the newest where it is not known."""
        found = self.default
        for since, value in self.changes:
            if release is None or release >= since:
                found = value
        return found


_EVICTION = (
    ("memory.available", "100Mi"),
    ("nodefs.available", "10%"),
    ("nodefs.inodesFree", "5%"),
    ("imagefs.available", "15%"),
)

_TABLE = (
    # cgroups
    KnownSetting("cgroupDriver", "cgroup-driver", STRING, "cgroupfs", zero=True),
    KnownSetting("cgroupRoot", "cgroup-root", STRING, ""),
    KnownSetting("cgroupsPerQOS", "cgroups-per-qos", BOOL, True),
    KnownSetting("kubeletCgroups", "kubelet-cgroups", STRING, ""),
    KnownSetting("systemCgroups", "system-cgroups", STRING, ""),
    KnownSetting(
        "failCgroupV1", "fail-cgroupv1", BOOL, False, (((1, 35), True),), (1, 31),
        source="kubernetes/kubernetes#126031, #134298",
    ),
    KnownSetting("singleProcessOOMKill", None, BOOL, since=(1, 32)),
    # swap
    KnownSetting("failSwapOn", "fail-swap-on", BOOL, True),
    KnownSetting("memorySwap.swapBehavior", None, STRING, "", since=(1, 22)),
    # the kernel
    KnownSetting("protectKernelDefaults", "protect-kernel-defaults", BOOL, False),
    KnownSetting("makeIPTablesUtilChains", "make-iptables-util-chains", BOOL, True),
    KnownSetting("iptablesMasqueradeBit", "iptables-masquerade-bit", INT, 14),
    KnownSetting("iptablesDropBit", "iptables-drop-bit", INT, 15),
    KnownSetting("allowedUnsafeSysctls", "allowed-unsafe-sysctls", LIST, ()),
    KnownSetting("maxOpenFiles", "max-open-files", INT, 1000000, zero=True),
    KnownSetting("oomScoreAdj", "oom-score-adj", INT, -999),
    KnownSetting("seccompDefault", "seccomp-default", BOOL, False, since=(1, 22)),
    # static pods
    KnownSetting("staticPodPath", "pod-manifest-path", STRING, ""),
    KnownSetting("staticPodURL", "manifest-url", STRING, ""),
    # eviction, and the garbage collection of images
    KnownSetting(
        "evictionHard", "eviction-hard", THRESHOLDS, _EVICTION,
        (((1, 30), (*_EVICTION, ("imagefs.inodesFree", "5%"))),),
        source="pkg/kubelet/eviction/defaults_linux.go; kubernetes/kubernetes#121834",
    ),
    KnownSetting("evictionSoft", "eviction-soft", THRESHOLDS),
    KnownSetting("evictionSoftGracePeriod", "eviction-soft-grace-period", DURATIONS),
    KnownSetting("evictionMinimumReclaim", "eviction-minimum-reclaim", RECLAIMS),
    KnownSetting(
        "evictionPressureTransitionPeriod", "eviction-pressure-transition-period", DURATION, 300.0, zero=True
    ),
    KnownSetting(None, "experimental-allocatable-ignore-eviction", BOOL, False),
    KnownSetting("mergeDefaultEvictionSettings", None, BOOL, False, since=(1, 33)),
    KnownSetting("imageGCHighThresholdPercent", "image-gc-high-threshold", INT, 85),
    KnownSetting("imageGCLowThresholdPercent", "image-gc-low-threshold", INT, 80),
    KnownSetting("imageMinimumGCAge", "minimum-image-ttl-duration", DURATION, 120.0, zero=True),
    KnownSetting("imageMaximumGCAge", None, DURATION, 0.0, since=(1, 29)),
    # pods
    KnownSetting("maxPods", "max-pods", INT, 110, zero=True),
    KnownSetting("podsPerCore", "pods-per-core", INT, 0),
    KnownSetting("podPidsLimit", "pod-max-pids", INT, -1),
    KnownSetting("serializeImagePulls", "serialize-image-pulls", BOOL, True),
    KnownSetting("maxParallelImagePulls", None, INT, since=(1, 27)),
    KnownSetting("memoryThrottlingFactor", None, FLOAT, 0.8, (((1, 27), 0.9), ((1, 37), None)), (1, 22)),
    KnownSetting("localStorageCapacityIsolation", "local-storage-capacity-isolation", BOOL, True, since=(1, 25)),
    KnownSetting("crashLoopBackOff.maxContainerRestartPeriod", None, DURATION, since=(1, 32)),
    KnownSetting("imagePullCredentialsVerificationPolicy", None, STRING, since=(1, 33), zero=True),
    KnownSetting("hairpinMode", "hairpin-mode", STRING, "promiscuous-bridge", zero=True),
    KnownSetting("registryPullQPS", "registry-qps", INT, 5),
    KnownSetting("registryBurst", "registry-burst", INT, 10, zero=True),
    # containers' logs
    KnownSetting("containerLogMaxSize", "container-log-max-size", STRING, "10Mi", zero=True),
    KnownSetting("containerLogMaxFiles", "container-log-max-files", INT, 5),
    KnownSetting("containerLogMaxWorkers", None, INT, 1, since=(1, 30)),
    KnownSetting("containerLogMonitorInterval", None, DURATION, 10.0, since=(1, 30)),
    # which processors and memory a container gets
    KnownSetting("cpuManagerPolicy", "cpu-manager-policy", STRING, "none", zero=True),
    KnownSetting("cpuManagerPolicyOptions", "cpu-manager-policy-options", OPTIONS, since=(1, 22)),
    KnownSetting("cpuCFSQuotaPeriod", "cpu-cfs-quota-period", DURATION, 0.1),
    KnownSetting("reservedMemory", "reserved-memory", RESERVATIONS, since=(1, 21)),
    KnownSetting("memoryManagerPolicy", "memory-manager-policy", STRING, "None", since=(1, 21), zero=True),
    KnownSetting("topologyManagerPolicy", "topology-manager-policy", STRING, "none", zero=True),
    KnownSetting("topologyManagerScope", "topology-manager-scope", STRING, "container", since=(1, 20), zero=True),
    # what is set aside
    KnownSetting("systemReserved", "system-reserved", QUANTITIES),
    KnownSetting("kubeReserved", "kube-reserved", QUANTITIES),
    KnownSetting("reservedSystemCPUs", "reserved-cpus", STRING, ""),
    KnownSetting("systemReservedCgroup", "system-reserved-cgroup", STRING, ""),
    KnownSetting("kubeReservedCgroup", "kube-reserved-cgroup", STRING, ""),
    KnownSetting("enforceNodeAllocatable", "enforce-node-allocatable", LIST, ("pods",)),
    # the node and its names
    KnownSetting(None, "hostname-override", STRING),
    KnownSetting(None, "node-ip", STRING),
    KnownSetting(None, "root-dir", STRING, "/var/lib/kubelet"),
    KnownSetting(None, "cert-dir", STRING, "/var/lib/kubelet/pki"),
    KnownSetting(None, "kubeconfig", STRING),
    KnownSetting(None, "bootstrap-kubeconfig", STRING),
    KnownSetting(None, "node-labels", LABELS),
    KnownSetting("registerNode", "register-node", BOOL, True, since=(1, 23)),
    KnownSetting("registerWithTaints", "register-with-taints", TAINTS, since=(1, 23)),
    KnownSetting("nodeStatusUpdateFrequency", "node-status-update-frequency", DURATION, 10.0, zero=True),
    KnownSetting("nodeStatusMaxImages", "node-status-max-images", INT, 50, since=(1, 19)),
    KnownSetting("nodeLeaseDurationSeconds", None, INT, 40, zero=True),
    KnownSetting("featureGates", "feature-gates", GATES),
    # the runtime
    KnownSetting(
        "containerRuntimeEndpoint", "container-runtime-endpoint", STRING, "unix:///var/run/dockershim.sock",
        (
            ((1, 24), "unix:///run/containerd/containerd.sock"),
            ((1, 26), None),
            ((1, 27), "unix:///run/containerd/containerd.sock"),
        ),
        (1, 27), zero=True, source="NewKubeletFlags and ValidateKubeletFlags; 1.26 has no default and demands the flag",
    ),
    KnownSetting("imageServiceEndpoint", "image-service-endpoint", STRING, "", since=(1, 27)),
    KnownSetting(
        "volumePluginDir", "volume-plugin-dir", STRING, "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/",
        since=(1, 19), zero=True,
    ),
    KnownSetting("podLogsDir", None, STRING, "/var/log/pods", since=(1, 30), zero=True),
    # names in the cluster
    KnownSetting("resolvConf", "resolv-conf", STRING, "/etc/resolv.conf"),
    KnownSetting("clusterDNS", "cluster-dns", LIST),
    KnownSetting("clusterDomain", "cluster-domain", STRING, ""),
    # shutting down
    KnownSetting("shutdownGracePeriod", None, DURATION, 0.0, since=(1, 20)),
    KnownSetting("shutdownGracePeriodCriticalPods", None, DURATION, 0.0, since=(1, 20)),
    KnownSetting("shutdownGracePeriodByPodPriority", None, PRIORITIES, since=(1, 23)),
    # its server
    KnownSetting("address", "address", STRING, "0.0.0.0", zero=True),  # noqa: S104
    KnownSetting("port", "port", INT, 10250, zero=True),
    KnownSetting("readOnlyPort", "read-only-port", INT, 0, bare=10255),
    KnownSetting("healthzPort", "healthz-port", INT, 10248),
    KnownSetting("healthzBindAddress", "healthz-bind-address", STRING, "127.0.0.1", zero=True),
    KnownSetting("authentication.anonymous.enabled", "anonymous-auth", BOOL, False, bare=True),
    KnownSetting("authentication.webhook.enabled", "authentication-token-webhook", BOOL, True, bare=False),
    KnownSetting("authentication.x509.clientCAFile", "client-ca-file", STRING, ""),
    KnownSetting("authorization.mode", "authorization-mode", STRING, "Webhook", zero=True, bare="AlwaysAllow"),
    KnownSetting("rotateCertificates", "rotate-certificates", BOOL, False),
    KnownSetting("serverTLSBootstrap", "rotate-server-certificates", BOOL, False),
    KnownSetting("tlsCertFile", "tls-cert-file", STRING, ""),
    KnownSetting("tlsPrivateKeyFile", "tls-private-key-file", STRING, ""),
    KnownSetting("tlsCipherSuites", "tls-cipher-suites", LIST),
    KnownSetting("tlsMinVersion", "tls-min-version", STRING, ""),
    KnownSetting(
        "streamingConnectionIdleTimeout", "streaming-connection-idle-timeout", DURATION, 14400.0, zero=True
    ),
    KnownSetting("eventRecordQPS", "event-qps", INT, 5, (((1, 27), 50),)),
    KnownSetting("eventBurst", "event-burst", INT, 10, (((1, 27), 100),), zero=True),
    KnownSetting("kubeAPIQPS", "kube-api-qps", INT, 5, (((1, 27), 50),)),
    KnownSetting("kubeAPIBurst", "kube-api-burst", INT, 10, (((1, 27), 100),), zero=True),
    KnownSetting("logging.format", "logging-format", STRING, "text", since=(1, 19), zero=True),
)  # fmt: skip

_APART = {
    BOOL: ("true", "false"),
    INT: ("0", "1", "-1"),
    FLOAT: ("0.8",),
    DURATION: ("0s", "1m30s"),
    STRING: ("systemd", "cgroupfs", "LimitedSwap", "NoSwap", "Webhook", "AlwaysAllow", "/a/b", "unix:///run/a.sock"),
    LIST: ("a,b", "pods"),
    QUANTITIES: ("memory=500Mi",),
    THRESHOLDS: ("nodefs.available<10%",),
    RECLAIMS: ("nodefs.available=10%",),
    DURATIONS: ("memory.available=1m30s",),
    GATES: ("NodeSwap=true", "NodeSwap=false"),
    TAINTS: ("a=b:NoSchedule",),
    LABELS: ("a=b", "kubernetes.io/a=b"),
    OPTIONS: ("full-pcpus-only=true",),
    RESERVATIONS: ("0:memory=1Gi",),
    PRIORITIES: ("100000=10",),
}
"""Of each kind, the values that are told apart, as a flag has them."""


def judged_by_kind() -> Judges:
    """Each setting by its flag and by its key: the last part of that, which stands before the value in a file.

    >>> [setting.name for setting in judged_by_kind() if "authorization" in setting.name or setting.name == "mode"]
    ['mode', 'authorization-mode']
    """
    found = []
    for setting in _TABLE:
        names = (None if setting.key is None else setting.key.rpartition(".")[2], setting.flag)
        found += [JudgedSetting(name, _APART[setting.kind]) for name in names if name is not None]
    return tuple(found)


SETTINGS = {setting.name: setting for setting in _TABLE}
"""By name: the key, or the flag of what has no key."""


KEYS = tuple(dict.fromkeys(setting.key.partition(".")[0] for setting in _TABLE if setting.key))
"""The keys of the first level."""


def written_default(name: str) -> bool:
    """Whether a key of the first level stands in a configuration that the kubelet wrote out with its defaults.

    >>> written_default("maxPods"), written_default("staticPodPath")
    (True, False)
    """
    return any(setting.default for key, setting in SETTINGS.items() if key.partition(".")[0] == name and setting.key)
