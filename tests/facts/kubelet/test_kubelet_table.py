"""The table of the kubelet's settings, beside what Kubernetes says of them."""

from __future__ import annotations

from typing import Any

import pytest

from nodecheck.facts.kubelet.flags import _BOOLEAN, _VALUED
from nodecheck.facts.kubelet.table import BOOL, KEYS, SETTINGS, written_default
from nodecheck.facts.kubelet.values import of_file, of_flags

HARD = {"memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%"}
CONTAINERD = "unix:///run/containerd/containerd.sock"
PLUGINS = "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/"

UPSTREAM: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("staticPodPath", "types.go:131", {"1.17": ""}),
    ("podLogsDir", "types.go:137, defaults.go DefaultPodLogsDir", {"1.30": "/var/log/pods"}),
    ("staticPodURL", "types.go:155", {"1.17": ""}),
    ("address", "types.go:164", {"1.17": "0.0.0.0"}),
    ("port", "types.go:169", {"1.17": 10250}),
    ("readOnlyPort", "types.go:176", {"1.17": 0}),
    ("tlsCertFile", "types.go:184", {"1.17": ""}),
    ("tlsPrivateKeyFile", "types.go:188", {"1.17": ""}),
    ("tlsCipherSuites", "types.go:194", {"1.17": None}),
    ("tlsMinVersion", "types.go:209", {"1.17": ""}),
    ("rotateCertificates", "types.go:215", {"1.17": False}),
    ("serverTLSBootstrap", "types.go:223", {"1.17": False}),
    ("authentication.anonymous.enabled", "types.go:232", {"1.17": False}),
    ("authentication.webhook.enabled", "types.go:232", {"1.17": True}),
    ("authentication.x509.clientCAFile", "types.go:1014", {"1.17": ""}),
    ("authorization.mode", "types.go:240", {"1.17": "Webhook"}),
    ("eventRecordQPS", "types.go:280", {"1.17": 5, "1.26": 5, "1.27": 50}),
    ("iptablesMasqueradeBit", "types.go:654", {"1.17": 14}),
    ("iptablesDropBit", "types.go:659", {"1.17": 15}),
    ("hairpinMode", "types.go:500", {"1.17": "promiscuous-bridge"}),
    ("registryPullQPS", "types.go:246", {"1.17": 5}),
    ("registryBurst", "types.go:253", {"1.17": 10}),
    ("containerLogMaxSize", "types.go:678", {"1.17": "10Mi"}),
    ("containerLogMaxFiles", "types.go:683", {"1.17": 5}),
    ("containerLogMaxWorkers", "types.go:690", {"1.30": 1}),
    ("containerLogMonitorInterval", "types.go:698", {"1.30": 10}),
    ("cpuManagerPolicy", "types.go:421, defaults.go", {"1.17": "none"}),
    ("memoryManagerPolicy", "types.go:444, apis/config/types.go NoneMemoryManagerPolicy", {"1.21": "None"}),
    ("topologyManagerPolicy", "types.go:458", {"1.17": "none"}),
    ("topologyManagerScope", "types.go:467", {"1.20": "container"}),
    ("nodeStatusMaxImages", "types.go:542", {"1.19": 50}),
    ("nodeLeaseDurationSeconds", "types.go:357", {"1.17": 40}),
    ("eventBurst", "types.go:287", {"1.17": 10, "1.26": 10, "1.27": 100}),
    ("kubeAPIQPS", "types.go, Default", {"1.17": 5, "1.26": 5, "1.27": 50}),
    ("kubeAPIBurst", "types.go:560", {"1.17": 10, "1.26": 10, "1.27": 100}),
    ("logging.format", "component-base/logs/api/v1/options.go", {"1.19": "text"}),
    ("healthzPort", "types.go:302", {"1.17": 10248}),
    ("healthzBindAddress", "types.go:306", {"1.17": "127.0.0.1"}),
    ("oomScoreAdj", "types.go:311", {"1.17": -999}),
    ("clusterDomain", "types.go:317", {"1.17": ""}),
    ("clusterDNS", "types.go:323", {"1.17": None}),
    ("streamingConnectionIdleTimeout", "types.go:329", {"1.17": 4 * 3600}),
    ("nodeStatusUpdateFrequency", "types.go:337", {"1.17": 10}),
    ("imageMinimumGCAge", "types.go:364", {"1.17": 120}),
    ("imageMaximumGCAge", "types.go:370", {"1.29": 0}),
    ("imageGCHighThresholdPercent", "types.go:378", {"1.17": 85}),
    ("imageGCLowThresholdPercent", "types.go:386", {"1.17": 80}),
    ("kubeletCgroups", "types.go:395", {"1.17": ""}),
    ("systemCgroups", "types.go:402", {"1.17": ""}),
    ("cgroupRoot", "types.go:406", {"1.17": ""}),
    ("cgroupsPerQOS", "types.go:412", {"1.17": True}),
    ("cgroupDriver", "types.go:417", {"1.17": "cgroupfs"}),
    ("singleProcessOOMKill", "types.go:430", {"1.32": None}),
    ("maxPods", "types.go:505", {"1.17": 110}),
    ("podPidsLimit", "types.go:514", {"1.17": -1}),
    ("resolvConf", "types.go:520", {"1.17": "/etc/resolv.conf"}),
    ("maxOpenFiles", "types.go:547", {"1.17": 1000000}),
    ("serializeImagePulls", "types.go:567", {"1.17": True}),
    ("maxParallelImagePulls", "types.go:573", {"1.27": None}),
    (
        "evictionHard",
        "types.go:583, #121834",
        {"1.17": HARD, "1.29": HARD, "1.30": {**HARD, "imagefs.inodesFree": "5%"}},
    ),
    ("evictionSoft", "types.go:588", {"1.17": None}),
    ("evictionSoftGracePeriod", "types.go:593", {"1.17": None}),
    ("evictionPressureTransitionPeriod", "types.go:599", {"1.17": 300}),
    ("evictionMinimumReclaim", "types.go:612", {"1.17": None}),
    ("mergeDefaultEvictionSettings", "types.go:622", {"1.33": False}),
    ("podsPerCore", "types.go:628", {"1.17": 0}),
    ("protectKernelDefaults", "types.go:642", {"1.17": False}),
    ("makeIPTablesUtilChains", "types.go:648", {"1.17": True}),
    ("featureGates", "types.go:665", {"1.17": None}),
    ("failSwapOn", "types.go:669", {"1.17": True}),
    ("systemReserved", "types.go:718", {"1.17": None}),
    ("kubeReserved", "types.go:726", {"1.17": None}),
    ("reservedSystemCPUs", "types.go:731", {"1.17": ""}),
    ("systemReservedCgroup", "types.go:748", {"1.17": ""}),
    ("kubeReservedCgroup", "types.go:755", {"1.17": ""}),
    ("enforceNodeAllocatable", "types.go:768", {"1.17": ("pods",)}),
    ("allowedUnsafeSysctls", "types.go:774", {"1.17": ()}),
    ("volumePluginDir", "types.go:779", {"1.17": PLUGINS, "1.19": PLUGINS}),
    ("shutdownGracePeriod", "types.go:814", {"1.20": 0, "1.21": 0}),
    ("shutdownGracePeriodCriticalPods", "types.go:824", {"1.20": 0, "1.21": 0}),
    ("shutdownGracePeriodByPodPriority", "types.go:853", {"1.23": None}),
    ("seccompDefault", "types.go:892", {"1.22": False}),
    ("memoryThrottlingFactor", "types.go:901", {"1.22": 0.8, "1.26": 0.8, "1.27": 0.9, "1.36": 0.9, "1.37": None}),
    ("registerWithTaints", "types.go:917", {"1.23": None}),
    ("registerNode", "types.go:921", {"1.23": True}),
    ("localStorageCapacityIsolation", "types.go:937", {"1.25": True}),
    (
        "containerRuntimeEndpoint",
        "types.go:942, defaults.go",
        {"1.23": "unix:///var/run/dockershim.sock", "1.24": CONTAINERD, "1.26": None, "1.27": CONTAINERD},
    ),
    ("imageServiceEndpoint", "types.go:949", {"1.27": ""}),
    ("failCgroupV1", "types.go:957", {"1.31": False, "1.34": False, "1.35": True, "1.36": True}),
    ("memorySwap.swapBehavior", "types.go:1069", {"1.22": ""}),
    ("hostname-override", "options.go KubeletFlags", {"1.17": None}),
    ("node-ip", "options.go KubeletFlags", {"1.17": None}),
    ("cpuManagerPolicyOptions", "types.go", {"1.22": None}),
    ("cpuCFSQuotaPeriod", "types.go", {"1.17": 0.1}),
    ("reservedMemory", "types.go", {"1.21": None}),
    ("crashLoopBackOff.maxContainerRestartPeriod", "types.go", {"1.32": None}),
    ("imagePullCredentialsVerificationPolicy", "types.go", {"1.33": None}),
    ("experimental-allocatable-ignore-eviction", "options.go KubeletFlags", {"1.17": False}),
    ("node-labels", "options.go KubeletFlags", {"1.17": None}),
    ("kubeconfig", "options.go KubeletFlags", {"1.17": None}),
    ("bootstrap-kubeconfig", "options.go KubeletFlags", {"1.17": None}),
    ("root-dir", "options.go defaultRootDir", {"1.17": "/var/lib/kubelet"}),
    ("cert-dir", "options.go NewKubeletFlags", {"1.17": "/var/lib/kubelet/pki"}),
)
"""Setting, where it stands in ``config/v1beta1/types.go`` of 1.36 (or in another file), and its default by release.

Of a key that 1.17 did not have, the first release is that in which it came.
"""


def release_of(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


@pytest.mark.parametrize(("name", "where", "defaults"), UPSTREAM, ids=[name for name, _, _ in UPSTREAM])
def test_defaults_are_those_of_kubernetes(name: str, where: str, defaults: dict[str, Any]) -> None:
    setting = SETTINGS[name]

    for release, default in defaults.items():
        expected = tuple(default.items()) if isinstance(default, dict) else default
        assert setting.default_in(release_of(release)) == expected, (release, where)
    assert setting.default_in(None) == setting.default_in((1, 99))


@pytest.mark.parametrize(
    ("name", "since"), [(name, next(iter(rows))) for name, _, rows in UPSTREAM if name[:1].islower()]
)
def test_keys_are_known_since_the_release_that_brought_them(name: str, since: str) -> None:
    setting = SETTINGS[name]
    came = {"volumePluginDir": (1, 19), "containerRuntimeEndpoint": (1, 27)}.get(name, release_of(since))

    assert setting.since == (None if came == (1, 17) else came)
    assert setting.in_files(came) == (setting.key is not None)
    assert not setting.in_files((came[0], came[1] - 1)) or setting.since is None


def test_the_table_here_has_every_setting_and_no_other() -> None:
    assert [name for name, _, _ in UPSTREAM if name not in SETTINGS] == []
    assert set(SETTINGS) - {name for name, _, _ in UPSTREAM} == set()
    assert len(SETTINGS) >= 60


def test_each_flag_is_one_that_the_kubelet_has_of_the_same_kind() -> None:
    boolean, valued = set(_BOOLEAN.split()), set(_VALUED.split())

    for setting in SETTINGS.values():
        assert setting.flag is None or setting.flag in (boolean if setting.kind == BOOL else valued), setting.flag
        assert setting.key is not None or setting.flag is not None
    flags = [setting.flag for setting in SETTINGS.values() if setting.flag]
    assert len(flags) == len(set(flags))


def test_each_kind_can_be_read() -> None:
    plain = {"bool": "true", "int": "0", "duration": "0"}
    for setting in SETTINGS.values():
        with pytest.raises(ValueError, match=r"\w"):
            of_file(setting.kind, object())
        if setting.flag is not None:
            of_flags(setting.kind, [plain.get(setting.kind, "")])


def test_without_a_file_four_defaults_are_older_ones() -> None:
    assert {name: setting.bare for name, setting in SETTINGS.items() if setting.bare is not None} == {
        "authentication.anonymous.enabled": True,  # applyLegacyDefaults of options.go
        "authentication.webhook.enabled": False,
        "authorization.mode": "AlwaysAllow",
        "readOnlyPort": 10255,
    }


def test_keys_of_the_first_level() -> None:
    assert {"authentication", "memorySwap", "evictionHard"} <= set(KEYS)
    assert not {"hostname-override", "authentication.anonymous.enabled"} & set(KEYS)
    names = ("failSwapOn", "authentication", "clusterDNS", "readOnlyPort")
    assert [written_default(name) for name in names] == [True, True, False, False]
