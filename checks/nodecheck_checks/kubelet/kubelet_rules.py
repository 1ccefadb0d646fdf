"""What the kubelet asks of the values of its configuration before it starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from nodecheck.checking import Severity
from nodecheck.facts.kubelet.labels import is_label, is_reserved, is_taint
from nodecheck.facts.kubelet.lookup import EffectiveSetting
from nodecheck.facts.kubelet.quantities import OFF, quantity_of
from nodecheck.facts.kubelet.table import Value
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import NEWEST, Release, Row, Table

# Which releases have which rule of it was read in validation.go of 1.22 to 1.24 and of 1.26 to 1.32, and in the newest.
_VALIDATION = "pkg/kubelet/apis/config/validation/validation.go, ValidateKubeletConfiguration"
_REFUSED = "the kubelet refuses its configuration and does not start"

Of = Callable[[str], Value]
"""What a setting comes to."""


def _row(name: str, wanted: str, since: Release = (), source: str = _VALIDATION, before: Release | None = None) -> Row:
    return Row(name, wanted, _REFUSED, source, since=since, before=before)


RANGES = Table(
    _row("maxPods", "0.."),
    _row("podsPerCore", "0.."),
    _row("maxOpenFiles", "0.."),
    _row("oomScoreAdj", "-1000..1000"),
    _row("port", "1..65535"),
    _row("readOnlyPort", "0..65535"),
    _row("healthzPort", "0..65535"),
    _row("eventRecordQPS", "0.."),
    _row("eventBurst", "0.."),
    _row("kubeAPIQPS", "0.."),
    _row("kubeAPIBurst", "0.."),
    _row("registryPullQPS", "0.."),
    _row("registryBurst", "0.."),
    _row("imageGCHighThresholdPercent", "0..100"),
    _row("imageGCLowThresholdPercent", "0..100"),
    _row("imageMinimumGCAge", "0..", (1, 29)),
    _row("imageMaximumGCAge", "0..", (1, 29)),
    _row("iptablesMasqueradeBit", "0..31"),
    _row("iptablesDropBit", "0..31"),
    _row("nodeLeaseDurationSeconds", "1.."),
    _row("nodeStatusMaxImages", "-1.."),
    _row("maxParallelImagePulls", "1..", (1, 27)),
    _row("containerLogMaxFiles", "2..", source="pkg/kubelet/logs/container_log_manager.go, NewContainerLogManager"),
    _row("containerLogMaxWorkers", "1..", (1, 30)),
    _row("containerLogMonitorInterval", "3..", (1, 30)),
    _row("crashLoopBackOff.maxContainerRestartPeriod", "1..300", (1, 32)),
    _row(
        "imagePullCredentialsVerificationPolicy",
        "NeverVerify|NeverVerifyPreloadedImages|NeverVerifyAllowlistedImages|AlwaysVerify",
        (1, 33),
    ),
    _row("shutdownGracePeriod", "0|1..", (1, 21)),
    _row("shutdownGracePeriodCriticalPods", "0|1..", (1, 21)),
    _row("topologyManagerPolicy", "none|best-effort|restricted|single-numa-node", (1, 18)),
    _row("topologyManagerScope", "container|pod", (1, 20)),
    _row("hairpinMode", "promiscuous-bridge|hairpin-veth|none"),
    _row("logging.format", "text|json", (1, 19), "component-base/logs/api/v1/validate"),
    _row("cpuManagerPolicy", "none|static", source="pkg/kubelet/cm/cpumanager/cpu_manager.go, NewManager"),
    _row("memoryManagerPolicy", "None|Static", (1, 22), "pkg/kubelet/cm/memorymanager/memory_manager.go, NewManager"),
    _row("authorization.mode", "AlwaysAllow|Webhook", source="cmd/kubelet/app/auth.go, BuildAuthz"),
    _row(
        "tlsMinVersion", "|VersionTLS10|VersionTLS11|VersionTLS12|VersionTLS13",
        source="component-base/cli/flag/ciphersuites_flag.go, TLSVersion",
    ),
    _row("enforceNodeAllocatable", "pods|none|system-reserved|kube-reserved", before=(1, 32)),
    _row(
        "enforceNodeAllocatable",
        "pods|none|system-reserved|kube-reserved|system-reserved-compressible|kube-reserved-compressible",
        (1, 32),
    ),
    _row(
        "systemReserved", "cpu|memory|ephemeral-storage|pid", source="cmd/kubelet/app/server.go, parseResourceList"
    ),
    _row("kubeReserved", "cpu|memory|ephemeral-storage|pid", source="cmd/kubelet/app/server.go, parseResourceList"),
)  # fmt: skip
"""Numbers (durations in seconds) as ``from..to``, words with ``|`` between them; each item of a list, each name of an
object."""


def within(value: Value, wanted: str) -> bool:
    """Whether a value is one of those that a row of :data:`RANGES` names.

    >>> within(5, "1..65535"), within(0.5, "0|1.."), within("pod", "container|pod"), within(("pods", "x"), "pods|none")
    (True, False, True, False)
    """
    if isinstance(value, tuple):
        return all(within(item[0] if isinstance(item, tuple) else item, wanted) for item in value)
    return any(_is_in(value, part) for part in wanted.split("|"))


def _is_in(value: Value, part: str) -> bool:
    low, dots, high = part.partition("..")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not dots:
            return value == float(low)
        return float(low) <= value and (not high or value <= float(high))
    return value == part


def _names(value: Value) -> set[str]:
    """The names of an object's pairs, or the items of a list."""
    found: set[str] = set()
    for item in value if isinstance(value, tuple) else ():
        found.add(item[0] if isinstance(item, tuple) else item)
    return found


def _pairs(value: Value) -> Iterator[tuple[str, str]]:
    for item in value if isinstance(value, tuple) else ():
        if isinstance(item, tuple):
            yield item


def _watched(value: Value) -> set[str]:
    """The signals of thresholds that are not switched off."""
    return {signal for signal, amount in _pairs(value) if amount not in OFF}


def _number(value: Value) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _amount(value: Value, name: str) -> float:
    """The quantity of a resource in an object of quantities; 0 where it is not in it."""
    for item in value if isinstance(value, tuple) else ():
        if isinstance(item, tuple) and item[0] == name:
            return quantity_of(item[1])
    return 0.0


def _amounts_are_positive(value: Value) -> bool:
    return (
        all(quantity_of(item[1]) >= 0 for item in value if isinstance(item, tuple))
        if isinstance(value, tuple)
        else True
    )


def _is_quantity(text: Value) -> bool:
    try:
        return isinstance(text, str) and quantity_of(text) is not None
    except ValueError:
        return False


def is_address(text: str) -> bool:
    """Whether a text is an IP address, as Go's ``net.ParseIP`` of old takes it: with zeros in front, too.

    >>> is_address("10.96.0.10"), is_address("fd00::a"), is_address("010.1.1.1"), is_address("10.96.0.10/16")
    (True, True, True, False)
    """
    parts = text.split(".")
    if len(parts) == 4 and all(re.fullmatch("[0-9]{1,3}", part) and int(part) < 256 for part in parts):
        return True
    from ipaddress import IPv6Address

    try:
        return ":" in text and "%" not in text and IPv6Address(text) is not None
    except ValueError:
        return False


def _is_cpu_list(text: Value) -> bool:
    """``0-3,7``, as ``k8s.io/utils/cpuset`` parses it."""
    for part in str(text).split(","):
        found = re.fullmatch("([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            return False
    return True


def _enforces(of: Of, name: str) -> bool:
    """Whether a reservation is enforced, wholly or in what can be compressed."""
    return bool({name, f"{name}-compressible"} & _names(of("enforceNodeAllocatable")))


def _reserves_cpu(of: Of) -> bool:
    return (
        bool(of("reservedSystemCPUs")) or _amount(of("kubeReserved"), "cpu") + _amount(of("systemReserved"), "cpu") > 0
    )


def _is_on(of: Of, gate: str) -> bool:
    """Whether a gate of an alpha feature is on."""
    gates = dict(_pairs(of("featureGates")))
    return gates.get(gate, gates.get("AllAlpha")) == "true"


def _is_off(of: Of, gate: str) -> bool:
    """Whether a gate that is on by default is off."""
    return dict(_pairs(of("featureGates"))).get(gate) == "false"


def _reserves_memory(of: Of) -> bool:
    """Whether the NUMA nodes' reserves add up to what the node allocates to nobody; where a share of it counts too,
    that depends on how much memory there is."""
    threshold = dict(_pairs(of("evictionHard"))).get("memory.available", "0")
    if of("experimental-allocatable-ignore-eviction") is True:
        threshold = "0"
    if threshold.endswith("%") and threshold not in OFF:
        return True
    kept = 0.0 if threshold in OFF else quantity_of(threshold)
    kept += _amount(of("kubeReserved"), "memory") + _amount(of("systemReserved"), "memory")
    given = sum(quantity_of(text) for name, text in _pairs(of("reservedMemory")) if name.endswith(":memory"))
    return abs(kept - given) < 1  # a byte: 0.1Gi is none of a float


_FLAGS = "cmd/kubelet/app/options/options.go, ValidateKubeletFlags"
_EVICTION = "pkg/kubelet/eviction/helpers.go, ParseThresholdConfig"
_SIGNALS = """
memory.available nodefs.available nodefs.inodesFree imagefs.available imagefs.inodesFree containerfs.available
containerfs.inodesFree allocatableMemory.available pid.available
"""
_SIGNAL = "an eviction signal of Kubernetes, such as memory.available"
_SHUTDOWN = ("shutdownGracePeriod", "shutdownGracePeriodCriticalPods")

CROSS: tuple[tuple[Row, Callable[[Of], bool], tuple[str, ...]], ...] = (
    (
        _row("imageGCLowThresholdPercent", "less than imageGCHighThresholdPercent"),
        lambda of: _number(of("imageGCLowThresholdPercent")) < _number(of("imageGCHighThresholdPercent")),
        ("imageGCHighThresholdPercent",),
    ),
    (
        _row("imageMaximumGCAge", "0, or more than imageMinimumGCAge", (1, 29)),
        lambda of: _number(of("imageMaximumGCAge")) <= 0
        or _number(of("imageMaximumGCAge")) > _number(of("imageMinimumGCAge")),
        ("imageMinimumGCAge",),
    ),
    (
        _row("shutdownGracePeriodCriticalPods", "at most shutdownGracePeriod", (1, 21)),
        lambda of: _number(of("shutdownGracePeriodCriticalPods")) <= _number(of("shutdownGracePeriod")),
        ("shutdownGracePeriod",),
    ),
    (
        _row("shutdownGracePeriodByPodPriority", "without shutdownGracePeriod beside it", (1, 24)),
        lambda of: not of("shutdownGracePeriodByPodPriority") or not any(_number(of(name)) > 0 for name in _SHUTDOWN),
        _SHUTDOWN,
    ),
    (
        _row("shutdownGracePeriod", "0 where the gate GracefulNodeShutdown is off", (1, 24)),
        lambda of: not (_is_off(of, "GracefulNodeShutdown") and any(_number(of(name)) > 0 for name in _SHUTDOWN)),
        ("shutdownGracePeriodCriticalPods", "featureGates"),
    ),
    (
        _row("shutdownGracePeriodByPodPriority", "empty where the gate GracefulNodeShutdownBasedOnPodPriority is off",
             (1, 24)),
        lambda of: not _is_off(of, "GracefulNodeShutdownBasedOnPodPriority")
        or not of("shutdownGracePeriodByPodPriority"),
        ("featureGates",),
    ),
    (
        _row("systemCgroups", "with cgroupRoot beside it"),
        lambda of: not of("systemCgroups") or bool(of("cgroupRoot")),
        ("cgroupRoot",),
    ),
    (
        _row("maxParallelImagePulls", "at most 1 unless serializeImagePulls is false", (1, 27)),
        lambda of: _number(of("maxParallelImagePulls")) <= 1 or of("serializeImagePulls") is False,
        ("serializeImagePulls",),
    ),
    (
        _row("reservedSystemCPUs", "a list of CPUs such as 0-3,7"),
        lambda of: not of("reservedSystemCPUs") or _is_cpu_list(of("reservedSystemCPUs")),
        (),
    ),
    (
        _row("reservedSystemCPUs", "without systemReservedCgroup and kubeReservedCgroup"),
        lambda of: not of("reservedSystemCPUs") or not (of("systemReservedCgroup") or of("kubeReservedCgroup")),
        ("systemReservedCgroup", "kubeReservedCgroup"),
    ),
    (
        _row("enforceNodeAllocatable", "none without others"),
        lambda of: len(_names(of("enforceNodeAllocatable")) | {"none"}) == 1
        or "none" not in _names(of("enforceNodeAllocatable")),
        (),
    ),
    (
        _row("systemReservedCgroup", "set where enforceNodeAllocatable has system-reserved"),
        lambda of: bool(of("systemReservedCgroup")) or not _enforces(of, "system-reserved"),
        ("enforceNodeAllocatable",),
    ),
    (
        _row("kubeReservedCgroup", "set where enforceNodeAllocatable has kube-reserved"),
        lambda of: bool(of("kubeReservedCgroup")) or not _enforces(of, "kube-reserved"),
        ("enforceNodeAllocatable",),
    ),
    (
        _row("enforceNodeAllocatable", "not both a reservation and its compressible one", (1, 32)),
        lambda of: not any(
            {name, f"{name}-compressible"} <= _names(of("enforceNodeAllocatable"))
            for name in ("system-reserved", "kube-reserved")
        ),
        (),
    ),
    (
        _row("cgroupsPerQOS", "true where enforceNodeAllocatable is set, be it to none", before=(1, 31)),
        lambda of: of("cgroupsPerQOS") is not False or not _names(of("enforceNodeAllocatable")),
        ("enforceNodeAllocatable",),
    ),
    (
        _row("cgroupsPerQOS", "true where enforceNodeAllocatable enforces anything", (1, 31)),
        lambda of: of("cgroupsPerQOS") is not False or _names(of("enforceNodeAllocatable")) <= {"none"},
        ("enforceNodeAllocatable",),
    ),
    (
        _row("cpuManagerPolicy", "static only with CPU in kubeReserved or systemReserved, or with reservedSystemCPUs",
             source="pkg/kubelet/cm/cpumanager/cpu_manager.go, policy_static.go"),
        lambda of: of("cpuManagerPolicy") != "static" or _reserves_cpu(of),
        ("kubeReserved", "systemReserved", "reservedSystemCPUs"),
    ),
    (
        _row("cpuManagerPolicyOptions", "none unless cpuManagerPolicy is static",
             source="pkg/kubelet/cm/cpumanager/policy_none.go, NewNonePolicy"),
        lambda of: of("cpuManagerPolicy") != "none" or not of("cpuManagerPolicyOptions"),
        ("cpuManagerPolicy",),
    ),
    (
        _row("cpuCFSQuotaPeriod", "100ms; with the gate CustomCPUCFSQuotaPeriod from 1ms to 1s"),
        lambda of: of("cpuCFSQuotaPeriod") == 0.1
        or (_is_on(of, "CustomCPUCFSQuotaPeriod") and 0.001 <= _number(of("cpuCFSQuotaPeriod")) <= 1),
        ("featureGates",),
    ),
    (
        _row("memoryManagerPolicy",
             "Static only where the memory in reservedMemory is that of kubeReserved, systemReserved and evictionHard",
             (1, 22), "pkg/kubelet/cm/memorymanager/memory_manager.go, validateReservedMemory"),
        lambda of: of("memoryManagerPolicy") != "Static" or _reserves_memory(of),
        ("reservedMemory", "kubeReserved", "systemReserved", "evictionHard"),
    ),
    (
        _row("registerWithTaints", "taints with the effect NoSchedule, PreferNoSchedule or NoExecute",
             source="pkg/util/taints, CheckTaintValidation"),
        lambda of: all(is_taint(taint) for taint in _names(of("registerWithTaints"))),
        (),
    ),
    (
        _row("evictionHard", _SIGNAL, source=_EVICTION),
        lambda of: _names(of("evictionHard")) <= set(_SIGNALS.split()),
        (),
    ),
    (
        _row("evictionSoft", _SIGNAL, source=_EVICTION),
        lambda of: _names(of("evictionSoft")) <= set(_SIGNALS.split()),
        (),
    ),
    (
        _row("evictionSoft", "a period in evictionSoftGracePeriod for each signal", source=_EVICTION),
        lambda of: _watched(of("evictionSoft")) <= _names(of("evictionSoftGracePeriod")),
        ("evictionSoftGracePeriod",),
    ),
    (
        _row("evictionSoftGracePeriod", _SIGNAL, source=_EVICTION),
        lambda of: _names(of("evictionSoftGracePeriod")) <= set(_SIGNALS.split()),
        (),
    ),
    (
        _row("evictionMinimumReclaim", _SIGNAL, source=_EVICTION),
        lambda of: _names(of("evictionMinimumReclaim")) <= set(_SIGNALS.split()),
        (),
    ),
    (
        _row("kubeReserved", "no negative quantity", source="cmd/kubelet/app/server.go, parseResourceList"),
        lambda of: _amounts_are_positive(of("kubeReserved")),
        (),
    ),
    (
        _row("systemReserved", "no negative quantity", source="cmd/kubelet/app/server.go, parseResourceList"),
        lambda of: _amounts_are_positive(of("systemReserved")),
        (),
    ),
    (
        _row("containerLogMaxSize", "a quantity such as 10Mi", source="pkg/kubelet/logs/container_log_manager.go"),
        lambda of: _is_quantity(of("containerLogMaxSize")),
        (),
    ),
    (
        _row("memoryThrottlingFactor", "more than 0 and at most 1", (1, 22)),
        lambda of: of("memoryThrottlingFactor") is None or 0 < _number(of("memoryThrottlingFactor")) <= 1,
        (),
    ),
    (
        _row("podLogsDir", "an absolute path in ASCII without . and .. in it", (1, 30)),
        lambda of: _is_clean(str(of("podLogsDir"))),
        (),
    ),
    (
        _row("address", "an IP address", source="pkg/kubelet/server/server.go, ListenAndServeKubeletServer"),
        lambda of: is_address(str(of("address"))),
        (),
    ),
    (
        _row("node-labels", "none of kubernetes.io and k8s.io but those that a kubelet may give itself",
             source=_FLAGS),
        lambda of: not any(is_reserved(name) for name in _names(of("node-labels"))),
        (),
    ),
    (
        _row("node-labels", "names and values of labels", source=_FLAGS),
        lambda of: all(is_label(*pair) for pair in _pairs(of("node-labels"))),
        (),
    ),
    (
        Row("clusterDNS", "IP addresses", "the kubelet passes over the others, and pods look no name up there",
            "pkg/kubelet/kubelet.go, NewMainKubelet", severity=Severity.WARNING),
        lambda of: all(is_address(item) for item in _names(of("clusterDNS"))),
        (),
    ),
)  # fmt: skip
"""What takes more than a range: the row, whether it holds, and the settings that it depends on beside its own."""

RULES = Table(*RANGES, *[row for row, _, _ in CROSS])


def _is_clean(path: str) -> bool:
    parts = path.split("/")
    return path == "/" or (path.isascii() and parts[0] == "" and not {"", ".", ".."} & set(parts[1:]))


class Broken(NamedTuple):
    """A rule that a configuration does not keep."""

    row: Row
    setting: EffectiveSetting
    beside: tuple[EffectiveSetting, ...] = ()
    """Other settings that it depends on."""

    def places(self) -> tuple[EffectiveSetting, ...]:
        """Those of them that something sets: where the configuration can be changed."""
        return tuple([setting for setting in (self.setting, *self.beside) if setting.source])


def broken(settings: Mapping[str, EffectiveSetting], releases: tuple[Release, ...]) -> Iterator[Broken]:
    """The rules that do not hold; ``releases`` are those that the node must suit, none at all: the newest.

    What is at its default everywhere is right, and a value that cannot be parsed is told by others.
    """
    asked = releases or (NEWEST,)
    for row, holds, beside in (*[(row, _ranged(row), ()) for row in RANGES], *CROSS):
        found = tuple([settings[name] for name in (row.name, *beside)])
        applies = any(row.covers(release) for release in asked)
        if not applies or any(one.problem for one in found) or not any(one.source for one in found):
            continue
        if not holds(lambda name: settings[name].value):
            yield Broken(row, found[0], found[1:])


def _ranged(row: Row) -> Callable[[Of], bool]:
    def holds(of: Of) -> bool:
        value = of(row.name)
        return value is None or within(value, row.wanted)

    return holds


def in_words(wanted: str) -> str:
    """What a row wants, for people.

    >>> in_words("0.."), in_words("1..65535"), in_words("0|1.."), in_words("none|pod"), in_words("less than a")
    ('0 or more', 'from 1 to 65535', '0, or 1 or more', 'none or pod', 'less than a')
    """
    parts = [part for part in wanted.split("|") if part]
    told = []
    for part in parts:
        low, dots, high = part.partition("..")
        is_range = dots and low.lstrip("-").isdigit()
        told.append(part if not is_range else f"from {low} to {high}" if high else f"{low} or more")
    return (", or " if ".." in wanted and len(told) > 1 else " or ").join(told)
