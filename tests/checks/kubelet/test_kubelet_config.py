"""The kubelet's configuration: what ends its start, at which line, and what the configuration comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck import Result
from nodecheck.cli import main
from nodecheck.fix import Edit
from nodecheck.testing import (
    Entry,
    TreeDirectory,
    TreeFile,
    assert_verdicts,
    capture_of,
    judge,
    record,
    replay,
    run,
    write_tree,
)
from nodecheck_checks.kubelet.kubelet_config import kubelet_config
from nodecheck_checks.kubelet.kubelet_rules import CROSS, RANGES, RULES
from tests.conftest import CORPUS
from tests.nodes import debian_node

CONFIG = "/var/lib/kubelet/config.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
EXTRA = "/etc/default/kubelet"
UNIT = "/usr/lib/systemd/system/kubelet.service"
DROPIN = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
KUBEADM = """[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
NODE: dict[str, Entry] = {
    "/etc/os-release": "ID=debian\nVERSION_ID=13\n",
    "/usr/bin/kubelet": TreeFile(b"\x7fELF", 0o755),
    "/etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\n",
    UNIT: "[Service]\nExecStart=/usr/bin/kubelet\n",
    DROPIN: KUBEADM,
    CONFIG: HEAD + "cgroupDriver: systemd\nclusterDNS:\n- 10.96.0.10\nrotateCertificates: true\n",
    FLAGS: 'KUBELET_KUBEADM_ARGS="--node-labels=a=b --max-pods=50"\n',
    EXTRA: "KUBELET_EXTRA_ARGS=--v=2\n",
}


def dpkg(release: str) -> dict[str, Entry]:
    status = f"Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {release}.0-1.1\n"
    return {"/var/lib/dpkg/status": status}


def found(root: Path, files: dict[str, Entry], **options: Any) -> list[Result]:
    return [*judge(kubelet_config, write_tree(root, {**NODE, **files}), **{"view": "now", **options})]


def of_file(root: Path, text: str, **options: Any) -> dict[str | None, Result]:
    return {one.subject: one for one in found(root, {CONFIG: HEAD + text, FLAGS: ""}, **options)}


def test_a_node_of_kubeadm_passes_and_lists_what_is_set(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {})

    assert one.status == "pass"
    assert [(item.source, item.locator, item.value) for item in one.evidence if item.value] == [
        (CONFIG, "line 3", "cgroupDriver: systemd"),
        (FLAGS, "line 1", "--max-pods=50"),
        (FLAGS, "line 1", "--node-labels=a=b"),
        (CONFIG, "line 4", "clusterDNS: [10.96.0.10]"),
        (CONFIG, "line 6", "rotateCertificates: true"),
        (DROPIN, "line 2", "--config=/var/lib/kubelet/config.yaml"),
        (EXTRA, "line 1", "--v=2"),
    ]


@pytest.mark.parametrize("view", ["now", "boot"])
def test_without_a_kubelet_it_is_skipped(tmp_path: Path, view: str) -> None:
    suffix = "@boot" if view == "boot" else ""
    assert_verdicts(judge(kubelet_config, write_tree(tmp_path, {}), view=view), {f"kubelet-config{suffix}": "skip"})


def test_the_kubelet_inside_an_agent_is_not_looked_into(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"/etc/rancher/k3s/config.yaml": "kubelet-arg: [max-pods=-5]\n"})

    (one,) = judge(kubelet_config, tree, view="now")
    assert (one.status, "agent" in one.message) == ("skip", True)


WHOLE = [
    ("", None, "is empty"),
    ("kind: KubeletConfiguration\nmaxPods: 5\n", None, "says no apiVersion"),
    ("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: Config\n", 2, "says kind Config"),
    ("apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration\n", 1, "says apiVersion"),
    (HEAD + "evictionHard:\n\tmemory.available: 100Mi\n", 4, "is not YAML"),
    (HEAD + "clusterDNS: [10.96.0.10\n", 4, "is not YAML"),
    (HEAD + "- a\n", 3, "is not YAML"),
    ('{"kind": "KubeletConfiguration",\n"apiVersion": "kubelet.config.k8s.io/v1beta1",}\n', 2, "is not JSON"),
    (HEAD + "failSwapOn: 1\n", 3, "what is not a boolean"),
    (HEAD + "featureGates:\n  NodeSwap: maybe\n", 4, "neither true nor false"),
]


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize(("text", "line", "told"), WHOLE)
def test_a_file_that_the_kubelet_refuses(tmp_path: Path, text: str, line: int | None, told: str, view: str) -> None:
    (one,) = found(tmp_path, {CONFIG: text}, view=view)

    assert (one.status, one.severity, one.subject) == ("fail", "error", None)
    assert told in one.message
    assert (f"{CONFIG}:{line} " if line else CONFIG) in one.message
    assert [(item.source, item.locator) for item in one.evidence] == [(CONFIG, f"line {line}" if line else None)]
    assert one.fix is not None


def test_what_is_no_file_fails_and_what_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    (one,) = found(tmp_path / "a", {CONFIG: TreeDirectory()})
    assert (one.status, "cannot be read" in one.message) == ("fail", True)

    recording = record(write_tree(tmp_path / "b", NODE))
    judge(kubelet_config, recording)
    data = recording.to_data()
    data["answers"] = [one for one in data["answers"] if one["question"][:2] != ["read", CONFIG]]
    for view in ("now", "boot"):
        (one,) = judge(kubelet_config, replay(data), view=view)
        assert one.status == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}x: {'[' * 120}{']' * 120}\n",
        HEAD + "x:\n" + "- 1\n" * 30_000,
        '{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "x": '
        + "[" * 120 + "]" * 120 + "}",
        '{"x": ' * 20_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("view", ["now", "boot"])
def test_what_is_beyond_our_own_bounds_is_unknown(tmp_path: Path, text: str, view: str) -> None:
    """The kubelet reads the first three, and logs a key that it does not know."""
    (result,) = found(tmp_path, {CONFIG: text}, view=view)

    assert (result.status, result.cause and result.cause.code) == ("unknown", "too-large")
    assert CONFIG in result.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    files = {path: entry for path, entry in NODE.items() if path != CONFIG}
    (one,) = judge(kubelet_config, write_tree(tmp_path / "a", files), view="now")
    assert (one.status, "is not there" in one.message) == ("fail", True)

    new = {path: entry for path, entry in files.items() if path != "/etc/kubernetes/kubelet.conf"}
    (one,) = judge(kubelet_config, write_tree(tmp_path / "b", new), view="now")
    assert (one.status, "when the node joins" in one.message) == ("skip", True)


def test_instance_config_is_no_configuration(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {"/var/lib/kubelet/instance-config.yaml": "maxPods: [\n"})

    assert one.status == "pass"


INVALID = [
    # (text, key, release): the cases of ValidateKubeletConfiguration's own tests, and of what else ends a start
    ("maxPods: -100", "maxPods", None),
    ("podsPerCore: -1", "podsPerCore", None),
    ("maxOpenFiles: -5", "maxOpenFiles", None),
    ("oomScoreAdj: -1001", "oomScoreAdj", None),
    ("oomScoreAdj: 1001", "oomScoreAdj", None),
    ("port: 65536", "port", None),
    ("port: -1", "port", None),
    ("readOnlyPort: -10", "readOnlyPort", None),
    ("healthzPort: 65536", "healthzPort", None),
    ("eventRecordQPS: -10", "eventRecordQPS", None),
    ("eventBurst: -10", "eventBurst", None),
    ("kubeAPIQPS: -1", "kubeAPIQPS", None),
    ("kubeAPIBurst: -1", "kubeAPIBurst", None),
    ("registryPullQPS: -10", "registryPullQPS", None),
    ("registryBurst: -10", "registryBurst", None),
    ("imageGCHighThresholdPercent: 101", "imageGCHighThresholdPercent", None),
    ("imageGCLowThresholdPercent: -1", "imageGCLowThresholdPercent", None),
    ("imageGCLowThresholdPercent: 85", "imageGCLowThresholdPercent", None),
    ("imageGCHighThresholdPercent: 80", "imageGCLowThresholdPercent", None),
    ("imageMinimumGCAge: -1m", "imageMinimumGCAge", None),
    ("imageMaximumGCAge: -1s", "imageMaximumGCAge", None),
    ("imageMaximumGCAge: 1m", "imageMaximumGCAge", None),
    ("imageMinimumGCAge: -1s", "imageMinimumGCAge", "1.29"),
    ("iptablesMasqueradeBit: 32", "iptablesMasqueradeBit", None),
    ("iptablesDropBit: -1", "iptablesDropBit", None),
    ("nodeLeaseDurationSeconds: -1", "nodeLeaseDurationSeconds", None),
    ("nodeStatusMaxImages: -2", "nodeStatusMaxImages", None),
    ("maxParallelImagePulls: 0", "maxParallelImagePulls", None),
    ("maxParallelImagePulls: 5", "maxParallelImagePulls", None),
    ("containerLogMaxFiles: 1", "containerLogMaxFiles", None),
    ("containerLogMaxSize: plenty", "containerLogMaxSize", None),
    ("containerLogMaxWorkers: 0", "containerLogMaxWorkers", "1.30"),
    ("containerLogMonitorInterval: 1s", "containerLogMonitorInterval", "1.30"),
    ("shutdownGracePeriod: 900ms", "shutdownGracePeriod", "1.21"),
    ("shutdownGracePeriodCriticalPods: 10s", "shutdownGracePeriodCriticalPods", "1.21"),
    ("topologyManagerPolicy: invalid", "topologyManagerPolicy", None),
    ("topologyManagerScope: invalid", "topologyManagerScope", None),
    ("hairpinMode: foo", "hairpinMode", None),
    ("cpuManagerPolicy: dynamic", "cpuManagerPolicy", None),
    ("cpuManagerPolicy: static", "cpuManagerPolicy", None),
    ("memoryManagerPolicy: none", "memoryManagerPolicy", None),
    ("cpuManagerPolicyOptions: {full-pcpus-only: 'true'}", "cpuManagerPolicyOptions", None),
    ("cpuCFSQuotaPeriod: 50ms", "cpuCFSQuotaPeriod", None),
    ("memoryManagerPolicy: Static", "memoryManagerPolicy", "1.22"),
    ("reservedMemory: [{numaNode: 0, limits: {memory: 1Gib}}]", "reservedMemory", None),
    ("crashLoopBackOff: {maxContainerRestartPeriod: 10m}", "crashLoopBackOff.maxContainerRestartPeriod", None),
    ("imagePullCredentialsVerificationPolicy: Always", "imagePullCredentialsVerificationPolicy", "1.33"),
    ("registerWithTaints: [{key: a, effect: Never}]", "registerWithTaints", None),
    ("tlsMinVersion: TLS1.2", "tlsMinVersion", None),
    ("reservedSystemCPUs: '3-1'", "reservedSystemCPUs", None),
    ("systemCgroups: /system.slice", "systemCgroups", None),
    ("cgroupsPerQOS: false", "cgroupsPerQOS", None),
    ("cgroupsPerQOS: false", "cgroupsPerQOS", "1.30"),
    ("enforceNodeAllocatable: [pods, system-reserved]", "systemReservedCgroup", None),
    ("enforceNodeAllocatable: [pods, kube-reserved]", "kubeReservedCgroup", "1.22"),
    ("enforceNodeAllocatable: [kube-reserved-compressible]\nkubeReservedCgroup: /k", "enforceNodeAllocatable", "1.31"),
    (
        "enforceNodeAllocatable: [kube-reserved, kube-reserved-compressible]\nkubeReservedCgroup: /k",
        "enforceNodeAllocatable",
        "1.32",
    ),
    ("enforceNodeAllocatable: [invalid-enforce]", "enforceNodeAllocatable", None),
    ("enforceNodeAllocatable: [pods, none]", "enforceNodeAllocatable", None),
    ("evictionHard: {memory.avail: 5%}", "evictionHard", None),
    ("evictionHard: {memory.available: 500%}", "evictionHard", None),
    ("evictionHard: {memory.available: '0'}", "evictionHard", None),
    ("evictionHard: {memory.available: -100Mi}", "evictionHard", None),
    ("evictionHard: {memory.available: -5%}", "evictionHard", None),
    ("evictionSoft: {memory.available: 300Mi}", "evictionSoft", None),
    ("evictionSoftGracePeriod: {memory.avail: 5s}", "evictionSoftGracePeriod", None),
    ("evictionSoftGracePeriod: {memory.available: -5s}", "evictionSoftGracePeriod", None),
    ("evictionMinimumReclaim: {imagefs: 1Gi}", "evictionMinimumReclaim", None),
    ("evictionMinimumReclaim: {imagefs.available: -1Gi}", "evictionMinimumReclaim", None),
    ("evictionMinimumReclaim: {imagefs.available: 0%}", "evictionMinimumReclaim", None),
    ("systemReserved: {gpu: '1'}", "systemReserved", None),
    ("kubeReserved: {memory: 1Gib}", "kubeReserved", None),
    ("kubeReserved: {memory: -1Gi}", "kubeReserved", None),
    ("memoryThrottlingFactor: 1.1", "memoryThrottlingFactor", "1.27"),
    ("podLogsDir: var/log", "podLogsDir", "1.30"),
    ("podLogsDir: /var/../log", "podLogsDir", "1.30"),
    ("podLogsDir: /var/log/p\u00f6ds", "podLogsDir", None),
    ("shutdownGracePeriod: 9999999h", "shutdownGracePeriod", None),
    ("shutdownGracePeriod: 30s\nfeatureGates: {GracefulNodeShutdown: false}", "shutdownGracePeriod", "1.24"),
    (
        "shutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 9}]\n"
        "featureGates: {GracefulNodeShutdownBasedOnPodPriority: false}",
        "shutdownGracePeriodByPodPriority",
        "1.24",
    ),
    ("address: localhost", "address", None),
    ("maxPods: '110'", "maxPods", None),
    ("shutdownGracePeriod: 30", "shutdownGracePeriod", None),
    ("nodeStatusUpdateFrequency: 10sec", "nodeStatusUpdateFrequency", None),
    ("logging: {format: xml}", "logging.format", None),
    ("authorization: {mode: RBAC}", "authorization.mode", None),
    ("enforceNodeAllocatable: 7", "enforceNodeAllocatable", None),
    ("registerWithTaints: 7", "registerWithTaints", None),
    ("shutdownGracePeriodByPodPriority: 7", "shutdownGracePeriodByPodPriority", None),
]


@pytest.mark.parametrize(("text", "key", "release"), INVALID, ids=[text for text, _, _ in INVALID])
def test_a_value_that_ends_the_start(tmp_path: Path, text: str, key: str, release: str | None) -> None:
    found_now = of_file(tmp_path, f"cgroupDriver: systemd\n{text}\n", kubernetes=release)

    assert {(subject, str(one.status), str(one.severity)) for subject, one in found_now.items()} == {
        (key, "fail", "error")
    }
    one = found_now[key]
    assert one.message.startswith(f"{CONFIG}:4: ")
    assert (one.evidence[0].source, one.evidence[0].locator) == (CONFIG, "line 4")


@pytest.mark.parametrize(("text", "key", "release"), INVALID, ids=[text for text, _, _ in INVALID])
def test_the_fix_makes_it_start(tmp_path: Path, text: str, key: str, release: str | None) -> None:
    whole = f"{HEAD}cgroupDriver: systemd\n{text}\n"
    one = of_file(tmp_path / "a", whole.removeprefix(HEAD), kubernetes=release)[key]
    assert one.fix is not None
    edits = [step for step in one.fix.steps if isinstance(step, Edit)]
    if "{" in text or "[" in text:  # flow style is a person's task
        assert edits == []
        return
    for step in edits:
        assert (step.path, step.before in whole.split("\n")) == (CONFIG, True)
        whole = whole.replace(step.before, step.after or "")
    (after,) = found(tmp_path / "b", {CONFIG: whole, FLAGS: ""}, kubernetes=release)
    assert (len(edits), after.status) == (1, "pass")


def test_every_rule_is_tried() -> None:
    broken = {key for _, key, _ in INVALID} | {"shutdownGracePeriodByPodPriority", "clusterDNS", "node-labels"}

    assert {row.name for row in RULES} - broken == set()
    assert len(RANGES.rows) + len(CROSS) == len(RULES.rows)


VALID = """
maxPods: 0
port: 0
healthzPort: 0
maxOpenFiles: 0
imageGCHighThresholdPercent: 60
imageGCLowThresholdPercent: 40
imageMinimumGCAge: 10m
imageMaximumGCAge: 0s
serializeImagePulls: false
maxParallelImagePulls: 5
shutdownGracePeriod: 1m
shutdownGracePeriodCriticalPods: 0s
cpuManagerPolicy: static
reservedSystemCPUs: 0-1,4
memoryManagerPolicy: Static
reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}, {numaNode: 1, limits: {memory: 100Mi, hugepages-2Mi: 0}}]
cpuManagerPolicyOptions: {full-pcpus-only: "true"}
cpuCFSQuotaPeriod: 5ms
featureGates: {CustomCPUCFSQuotaPeriod: true}
registerWithTaints: [{key: a, effect: NoSchedule}, {key: b.io/c, value: d, effect: NoExecute}]
enforceNodeAllocatable: [none]
cgroupsPerQOS: false
systemCgroups: /system.slice
cgroupRoot: /
evictionHard: {memory.available: 100Mi, pid.available: 10%, containerfs.available: 15%}
evictionSoft: {memory.available: 300Mi, imagefs.available: 0%, nodefs.available: 100%}
evictionSoftGracePeriod: {memory.available: 1m30s, pid.available: "0"}
evictionMinimumReclaim: {memory.available: "0", nodefs.available: 1e1%}
systemReserved: {cpu: 500m, memory: 1Gi, ephemeral-storage: 1Gi, pid: "1000"}
clusterDNS: ["fd00::a", 010.96.0.10]
address: "::"
hairpinMode: ""
logging: {format: json}
podLogsDir: /data/logs
"""


@pytest.mark.parametrize(
    ("number", "status", "in_json"),
    [("110.0", "pass", "fail"), ("1e+02", "pass", "fail"), ("0x6e", "pass", None), ("1_10", "pass", None),
     ("+110", "pass", None), ("110", "pass", "pass"), ("110.5", "fail", "fail"), ("1e+20", "fail", "fail")],
)  # fmt: skip
def test_numbers_of_yaml_become_those_of_json_first(
    tmp_path: Path, number: str, status: str, in_json: str | None
) -> None:
    """Helm writes 1000000 as 1e+06."""
    of_yaml = of_file(tmp_path / "a", f"maxPods: {number}\n")
    head = '{"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"'
    of_json = found(tmp_path / "b", {CONFIG: f'{head}, "maxPods": {number}}}', FLAGS: ""})

    assert [str(one.status) for one in of_yaml.values()] == [status]
    assert in_json is None or [str(one.status) for one in of_json] == [in_json]


def test_an_octal_number_is_judged_by_what_it_comes_to(tmp_path: Path) -> None:
    assert [str(one.status) for one in of_file(tmp_path, "imageGCHighThresholdPercent: 0120\n").values()] == ["fail"]


@pytest.mark.parametrize(
    "text",
    [
        "cpuCFSQuotaPeriod: 100000us\n",
        "memoryManagerPolicy: Static\nkubeReserved: {memory: 0.1Gi}\nsystemReserved: {memory: 0.2Gi}\n"
        "evictionHard: {memory.available: 0.3Gi}\nreservedMemory: [{numaNode: 0, limits: {memory: 0.6Gi}}]\n",
    ],
)
def test_fractions_are_no_other_value(tmp_path: Path, text: str) -> None:
    (found,) = judge("kubelet-config", write_tree(tmp_path, {**NODE, CONFIG: HEAD + text}), view="now")
    assert found.status == "pass", found.message


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    assert {subject: str(one.status) for subject, one in of_file(tmp_path, VALID).items()} == {None: "pass"}


def test_two_settings_that_exclude_each_other(tmp_path: Path) -> None:
    text = """shutdownGracePeriod: 30s
shutdownGracePeriodByPodPriority:
- priority: 0
  shutdownGracePeriodSeconds: 10
"""
    before = of_file(tmp_path / "a", text, kubernetes="1.23")
    one = of_file(tmp_path / "b", text, kubernetes="1.24")["shutdownGracePeriodByPodPriority"]

    assert {str(one.status) for one in before.values()} == {"pass"}
    assert (one.status, [item.locator for item in one.evidence]) == ("fail", ["line 4", "line 3"])


@pytest.mark.parametrize(
    ("text", "subject", "told"),
    [
        ("maxpods: 5\n", "maxpods", "did you mean maxPods"),
        ("imageGcHighThresholdPercent: 5\n", "imageGcHighThresholdPercent", "imageGCHighThresholdPercent"),
        ("nosuch: 5\n", "nosuch", "no kubelet knows the key"),
        ("authentication:\n  anonymous:\n    enable: false\n", "authentication.anonymous.enable", "enabled"),
        ("cgroupDriver: systemd\ncgroupDriver: systemd\n", "cgroupDriver", "stands twice"),
        ("clusterDNS: [10.96.0.10, dns.example]\n", "clusterDNS", "must be IP addresses"),
        ("podLogsDir: /x\n", "podLogsDir", "does not know podLogsDir yet"),
    ],
)
def test_what_is_ignored_is_a_warning_and_the_kubelet_starts(
    tmp_path: Path, text: str, subject: str, told: str
) -> None:
    verdicts = {one.subject: one for one in found(tmp_path, {CONFIG: HEAD + text, **dpkg("1.29")})}

    assert {name: (str(one.status), str(one.severity)) for name, one in verdicts.items()} == {
        subject: ("fail", "warning"), None: ("pass", "error"),
    }  # fmt: skip
    assert told in verdicts[subject].message


@pytest.mark.parametrize("view", ["now", "boot"])
def test_a_release_that_is_hidden_matters_only_where_it_decides(tmp_path: Path, view: str) -> None:
    packages: dict[str, Entry] = {"/var/lib/dpkg/status": TreeDirectory()}
    (plain,) = found(tmp_path / "a", packages, view=view)
    (newer,) = found(tmp_path / "b", {**packages, CONFIG: HEAD + "podLogsDir: /data/logs\n"}, view=view)

    assert (plain.status, newer.status) == ("pass", "unknown")
    assert "podLogsDir" in newer.message


def test_the_last_flag_counts_and_its_place_is_told(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {EXTRA: 'KUBELET_EXTRA_ARGS="--max-pods=-5 --v=2"\n'})

    assert (one.subject, one.status) == ("maxPods", "fail")
    assert (one.evidence[0].source, one.evidence[0].locator) == (EXTRA, "line 1")
    assert one.fix is not None
    (step,) = [step for step in one.fix.steps if isinstance(step, Edit)]
    assert (step.path, step.after) == (EXTRA, 'KUBELET_EXTRA_ARGS="--v=2"')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--no-such-flag=1", "unknown flag: --no-such-flag"),
        ("--max-pods", "flag needs an argument"),
        ("start", "unknown"),
    ],
)
def test_flags_that_no_kubelet_takes(tmp_path: Path, words: str, told: str) -> None:
    (one,) = found(tmp_path, {EXTRA: f"KUBELET_EXTRA_ARGS={words}\n"})

    assert (one.status, one.severity, told in one.message) == ("fail", "error", True)
    assert one.evidence[0].source == EXTRA


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--max-pods=2147483648", "fail"),
        ("--max-pods=2147483647", "pass"),
        ("--max-open-files=2147483648", "pass"),
        ("--max-open-files=9223372036854775808", "fail"),
        ("--reserved-memory=0:memory=60Mi;1:memory=40Mi --memory-manager-policy=Static", "pass"),
        ("--reserved-memory=0:memory=60Mi --memory-manager-policy=Static", "fail"),
        ("--reserved-memory=memory=60Mi", "fail"),
        ("--memory-manager-policy=Static --experimental-allocatable-ignore-eviction", "pass"),
        ("--memory-manager-policy=Static --eviction-hard=memory.available<10%", "pass"),
        ("--cpu-manager-policy-options=full-pcpus-only=true", "fail"),
        ("--cpu-cfs-quota-period=50ms", "fail"),
        ("--cpu-cfs-quota-period=50ms --feature-gates=CustomCPUCFSQuotaPeriod=true", "pass"),
        ("--eviction-hard=memory.available<0", "fail"),
        ("--register-with-taints=a=b:Never", "fail"),
    ],
)
def test_values_of_flags(tmp_path: Path, words: str, status: str) -> None:
    (one,) = found(tmp_path, {EXTRA: f'KUBELET_EXTRA_ARGS="{words}"\n', FLAGS: ""})

    assert (one.status, EXTRA in [item.source for item in one.evidence]) == (status, True), one.message


@pytest.mark.parametrize(
    ("labels", "status"),
    [
        ("node-role.kubernetes.io/worker=", "fail"),
        ("a=b,kubernetes.io/role=x", "fail"),
        ("foo.k8s.io/a=b", "fail"),
        ("a=b_", "fail"),
        ("a=b/c", "fail"),
        ("my.io/a/b=c", "fail"),
        (
            "a,b=,topology.kubernetes.io/zone=z,node.kubernetes.io/x=y,foo.kubelet.kubernetes.io/x=1,my.io/A_b=C.d",
            "pass",
        ),
    ],
)
def test_labels_that_a_kubelet_does_not_give_itself(tmp_path: Path, labels: str, status: str) -> None:
    (one,) = found(tmp_path, {EXTRA: f"KUBELET_EXTRA_ARGS=--node-labels={labels}\n", FLAGS: ""})

    assert (one.status, one.subject) == (status, "node-labels" if status == "fail" else None)
    assert EXTRA in [item.source for item in one.evidence]


MERGED = KUBEADM.replace("config.yaml", "config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d")
PATCH = "/etc/kubernetes/kubelet.conf.d/10-x.conf"


def test_dropins(tmp_path: Path) -> None:
    unit: dict[str, Entry] = {DROPIN: MERGED}
    (one,) = found(tmp_path / "a", {**unit, PATCH: HEAD + "maxPods: 7\nclusterDomain: x.example\n"})
    assert (one.status, "clusterDomain: x.example" in (one.actual or "")) == ("pass", True)

    (one,) = found(tmp_path / "b", {**unit, PATCH: HEAD + "oomScoreAdj: 5000\n"})
    assert (one.subject, one.status, one.evidence[0].source) == ("oomScoreAdj", "fail", PATCH)

    base = HEAD + "oomScoreAdj: 5000\n"
    (one,) = found(tmp_path / "c", {**unit, CONFIG: base, PATCH: HEAD + "oomScoreAdj: 5\n"})
    assert one.status == "pass", "the merged value counts"

    (one,) = found(tmp_path / "d", {**unit, CONFIG: HEAD + "port: a\n", PATCH: HEAD + "port: 5\n"})
    assert (one.subject, one.status) == ("port", "fail"), "the file is decoded before anything is merged"

    (one,) = found(tmp_path / "e", {**unit, PATCH: HEAD + "maxPods: 7\nmaxPods: 7\n"})
    assert (one.status, "twice" in one.message) == ("fail", True), "a drop-in is not read leniently"

    (one,) = found(tmp_path / "f", {**unit, PATCH: HEAD + "MAXPODS: 7\n"})
    assert one.status == "pass", "a drop-in's keys are read in any case"

    (one,) = found(tmp_path / "g", unit)
    assert (one.status, "--config-dir" in one.message) == ("fail", True)

    (one,) = found(tmp_path / "h", {**unit, "/etc/kubernetes/kubelet.conf.d/10-x.yaml": "no: [\n", PATCH: HEAD})
    assert one.status == "pass", "only *.conf is read"


@pytest.mark.parametrize(
    ("release", "variable", "status"),
    [("1.29", "", "fail"), ("1.29", "KUBELET_CONFIG_DROPIN_DIR_ALPHA=1", "pass"), ("1.30", "", "pass")]
)  # fmt: skip
def test_dropins_are_an_alpha_before_1_30(tmp_path: Path, release: str, variable: str, status: str) -> None:
    unit = MERGED + (f"Environment={variable}\n" if variable else "")
    (one,) = found(tmp_path, {DROPIN: unit, PATCH: HEAD, **dpkg(release)})

    assert one.status == status
    assert status == "pass" or "KUBELET_CONFIG_DROPIN_DIR_ALPHA" in one.message


def test_explain_lists_the_effective_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{HEAD}maxPods: 5\nauthorization:\n  mode: Webhook\n"
    node = write_tree(tmp_path, {**NODE, CONFIG: text})

    assert main(["explain", "kubelet-config", "--root", str(node)]) == 0
    told = capsys.readouterr().out
    assert f"## On {node}" in told
    assert f"- {FLAGS}, line 1: --max-pods=50" in told  # and not the file's 5
    assert f"- {CONFIG}, line 5: authorization.mode: Webhook" in told
    assert "maxPods: 5" not in told
    assert main(["explain", "kubelet-config"]) == 0
    assert "## On" not in capsys.readouterr().out


def test_complaint_46(tmp_path: Path) -> None:
    """Another file than the one that the kubelet reads was looked at; and drop-ins and flags were not merged."""
    files: dict[str, Entry] = {
        "/etc/kubernetes/kubelet/kubelet-config.json": '{"port": -1}',  # nobody reads it here
        DROPIN: MERGED, PATCH: HEAD + "readOnlyPort: 0\nmaxPods: 7\n",
        CONFIG: HEAD + "readOnlyPort: 10255\n", EXTRA: "KUBELET_EXTRA_ARGS=--v=2\n",
    }  # fmt: skip
    (one,) = found(tmp_path, files)

    assert one.status == "pass"
    told = [(item.source, item.value) for item in one.evidence if item.value is not None]
    assert (PATCH, "readOnlyPort: 0") in told
    assert (FLAGS, "--max-pods=50") in told
    assert not any("10255" in value or "maxPods: 7" in value for _, value in told)


def test_json_is_read_and_its_fix_is_by_hand(tmp_path: Path) -> None:
    text = '{"kind": "KubeletConfiguration",\n "apiVersion": "kubelet.config.k8s.io/v1beta1",\n "maxPods": -1\n}\n'
    (one,) = found(tmp_path, {CONFIG: text, FLAGS: ""})

    assert (one.subject, one.status, one.evidence[0].locator) == ("maxPods", "fail", "line 3")
    assert one.fix is not None
    assert not any(isinstance(step, Edit) for step in one.fix.steps)


SECRET = "hunter2hunter2"


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_secrets_never_reach_a_report(tmp_path: Path, status: str) -> None:
    headers = (
        f"staticPodURLHeader:\n  Authorization:\n  - Bearer {SECRET}\nstaticPodURL: https://u:{SECRET}@h.example/p\n"
    )
    flags = f"--storage-driver-password={SECRET} --manifest-url-header=Authorization:Bearer {SECRET}"
    wrong = "" if status == "pass" else "maxPods: -1\nport: 70000\n"
    files: dict[str, Entry] = {CONFIG: HEAD + headers + wrong, EXTRA: f"KUBELET_EXTRA_ARGS='{flags}'\n", FLAGS: ""}
    if status == "fail":
        files[EXTRA] = f"KUBELET_EXTRA_ARGS='--max-pods=-1 {flags.partition(' ')[0]}'\n"
    report = run(write_tree(tmp_path, {**NODE, **files}), select=["kubelet-config"])

    assert SECRET not in report.to_json()


@pytest.mark.parametrize("view", ["now", "boot"])
@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (CONFIG, "10.96.0.10", "10.96.0.11"),
        (CONFIG, "rotateCertificates: true", "contentType: application/json"),
        (FLAGS, "--max-pods=50", "--max-pods=60"),
        (FLAGS, "a=b", "a=c"),
        (EXTRA, "--v=2", "--v=4"),
        (DROPIN, "KUBELET_CONFIG_ARGS=--config", "KUBELET_CONFIG_ARGS=--cgroup-root=/x --config"),
        (UNIT, "--port=10251", "--port=10252"),
    ],
)
def test_each_source_counts(tmp_path: Path, path: str, before: str, after: str, view: str) -> None:
    base = NODE
    if path == UNIT:  # one that says all itself
        started = f"ExecStart=/usr/bin/kubelet --config={CONFIG} --port=10251"
        base = {name: entry for name, entry in NODE.items() if name != DROPIN} | {UNIT: f"[Service]\n{started}\n"}
    (one,) = judge(kubelet_config, write_tree(tmp_path / "a", base), view=view)
    text = base[path]
    assert isinstance(text, str)
    assert before in text
    (other,) = judge(kubelet_config, write_tree(tmp_path / "b", {**base, path: text.replace(before, after)}), view=view)
    gone = judge(kubelet_config, write_tree(tmp_path / "c", {k: v for k, v in base.items() if k != path}), view=view)

    assert one.status == "pass"
    assert (other.status, other.actual) != (one.status, one.actual)
    assert [(other.status, other.actual) for other in gone] != [(one.status, one.actual)]


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    before = {one.id for one in run(debian_node(tmp_path / "a")) if one.status == "fail" and one.severity == "error"}
    node = debian_node(tmp_path / "b")
    with (node / CONFIG[1:]).open("a") as file:
        file.write("imageGCHighThresholdPercent: 70\n")
    after = {one.id for one in run(node) if one.status == "fail" and one.severity == "error"}
    key = "kubelet-config[imageGCLowThresholdPercent]"

    assert after - before == {key, f"{key}@boot"}


def test_a_capture_gives_the_same(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {**NODE, CONFIG: HEAD + "maxPods: -5\nnosuch: 1\n", FLAGS: ""})
    told = [(one.id, one.message) for one in judge(kubelet_config, node)]

    assert [(one.id, one.message) for one in judge(kubelet_config, capture_of(node))] == told


@pytest.mark.parametrize(
    "name",
    ["kubelet-eks-mime-userdata-merge", "kubelet-eks-kubelet-config-set-empty",
     "kubelet-k8s-default", "pair-match-systemd"]
)  # fmt: skip
def test_real_configurations_pass(name: str) -> None:
    root = CORPUS / "06-runtime-config/files" / name
    if not root.exists():
        pytest.skip("the corpus is not beside this checkout")
    for view in ("now", "boot"):
        assert [str(one.status) for one in judge(kubelet_config, str(root), view=view)] == ["pass"]
