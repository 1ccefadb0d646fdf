"""Any setting of the kubelet, with its value and where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

import pytest

from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.lookup import EffectiveSetting
from nodecheck.facts.kubelet.quantities import duration_of, percent_of, quantity_of
from nodecheck.facts.kubelet.table import SETTINGS
from nodecheck.facts.kubelet.values import of_flags
from tests.facts.kubelet.test_kubelet import CONFIG, DROPIN, DROPINS, FLAGS, HEAD, kubeadm, merged, read

Tree = Callable[[dict[str, Union[str, bytes]]], Path]


def of_text(tree: Tree, text: str) -> KubeletConfig:
    return read(tree(kubeadm(**{CONFIG: HEAD + text})))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("maxPods: 250\n", "maxPods", 250),
        ("podPidsLimit: -1\n", "podPidsLimit", -1),
        ("protectKernelDefaults: true\n", "protectKernelDefaults", True),
        ("staticPodPath: /etc/kubernetes/manifests\n", "staticPodPath", "/etc/kubernetes/manifests"),
        ("shutdownGracePeriod: 1m30s\n", "shutdownGracePeriod", 90.0),
        ("memoryThrottlingFactor: 0.5\n", "memoryThrottlingFactor", 0.5),
        ("clusterDNS:\n- 10.96.0.10\n- fd00::a\n", "clusterDNS", ("10.96.0.10", "fd00::a")),
        ("enforceNodeAllocatable: []\n", "enforceNodeAllocatable", ()),
        ("evictionHard: {}\n", "evictionHard", ()),
        ("evictionHard:\n  nodefs.available: 5%\n", "evictionHard", (("nodefs.available", "5%"),)),
        ("evictionSoftGracePeriod:\n  pid.available: 1m\n", "evictionSoftGracePeriod", (("pid.available", "1m"),)),
        ("systemReserved:\n  memory: 1Gi\n  cpu: 500m\n", "systemReserved", (("memory", "1Gi"), ("cpu", "500m"))),
        ("featureGates:\n  NodeSwap: true\n  A: false\n", "featureGates", (("NodeSwap", "true"), ("A", "false"))),
        ("authentication:\n  anonymous:\n    enabled: true\n", "authentication.anonymous.enabled", True),
        ("authorization:\n  mode: AlwaysAllow\n", "authorization.mode", "AlwaysAllow"),
        ("memorySwap:\n  swapBehavior: LimitedSwap\n", "memorySwap.swapBehavior", "LimitedSwap"),
        ("failCgroupV1: false\n", "failCgroupV1", False),
        ("resolvConf: ''\n", "resolvConf", ""),
        ("healthzPort: 0\n", "healthzPort", 0),
        (
            "registerWithTaints:\n- key: only\n  value: gpu\n  effect: NoSchedule\n- key: a\n  effect: NoExecute\n",
            "registerWithTaints", ("only=gpu:NoSchedule", "a:NoExecute"),
        ),
        (
            "shutdownGracePeriodByPodPriority:\n- priority: 100\n  shutdownGracePeriodSeconds: 10\n- priority: 0\n",
            "shutdownGracePeriodByPodPriority", (("100", "10"), ("0", "0")),
        ),
    ],
)  # fmt: skip
def test_what_the_file_sets(tree: Tree, text: str, name: str, value: object) -> None:
    found = of_text(tree, text).setting(name)

    assert (found.value, found.origin, found.source, found.problem) == (value, "file", "/" + CONFIG, None)
    assert found.line == 2 + len(name.split("."))


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS.values() if setting.zero])
@pytest.mark.parametrize("null", [False, True])
def test_zero_is_the_default_of_some(tree: Tree, name: str, null: bool) -> None:
    setting = SETTINGS[name]
    text = "null" if null else {"string": "''", "int": "0", "duration": "0s"}[setting.kind]
    found = of_text(tree, f"authorization: {{mode: {text}}}\n" if "." in name else f"{name}: {text}\n").setting(name)

    assert (found.value, found.origin, found.problem) == (setting.default_in(None), "default", None)


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("maxPods: '250'\n", "maxPods", "says for maxPods what is not a whole number"),
        ("maxPods: 2.5\n", "maxPods", "says for maxPods what is not a whole number"),
        ("protectKernelDefaults: 'true'\n", "protectKernelDefaults", "what is not a boolean"),
        ("shutdownGracePeriod: 30\n", "shutdownGracePeriod", "what is not a duration"),
        ("shutdownGracePeriod: 30 s\n", "shutdownGracePeriod", "what is not a duration"),
        ("clusterDNS: 10.96.0.10\n", "clusterDNS", "what is not a list"),
        ("clusterDNS: [1]\n", "clusterDNS", "what is not a list of strings"),
        ("systemReserved:\n  cpu: 1\n", "systemReserved", "what is not an object of strings"),
        ("systemReserved:\n  memory: 1 Gi\n", "systemReserved", "what is not a quantity"),
        ("evictionHard:\n  nodefs.available: 110%\n", "evictionHard", "what is not a percentage from 0 to 100"),
        ("evictionHard: x\n", "evictionHard", "what is not an object"),
        ("authentication: x\n", "authentication.anonymous.enabled", "authentication is not an object"),
        ("authentication:\n  anonymous: true\n", "authentication.anonymous.enabled", "anonymous is not an object"),
        ("registerWithTaints: [a]\n", "registerWithTaints", "what is not an object"),
        ("memoryThrottlingFactor: x\n", "memoryThrottlingFactor", "what is not a number"),
    ],
)
def test_what_the_file_may_not_hold(tree: Tree, text: str, name: str, problem: str) -> None:
    config = of_text(tree, text)
    found = config.setting(name)

    assert found.problem is not None
    assert problem in found.problem
    assert found.problem.startswith(f"/{CONFIG} ")
    assert (found.value, found.source, found.line is None) == (None, "/" + CONFIG, False)
    assert config.setting("port").value == 10250


def flagged(tree: Tree, flags: str, text: str = "") -> KubeletConfig:
    return read(tree(kubeadm(**{CONFIG: HEAD + text, FLAGS: f'KUBELET_KUBEADM_ARGS="{flags}"\n'})))


@pytest.mark.parametrize(
    ("flags", "name", "value"),
    [
        ("--max-pods=20 --max-pods 30", "maxPods", 30),
        ("--max-pods=0x10", "maxPods", 16),
        ("--max-pods=010", "maxPods", 8),
        ("--port=0", "port", 0),
        ("--protect-kernel-defaults", "protectKernelDefaults", True),
        ("--cluster-dns=10.0.0.1,10.0.0.2 --cluster-dns=10.0.0.3", "clusterDNS", ("10.0.0.1", "10.0.0.2", "10.0.0.3")),
        ("--eviction-hard=memory.available<1Gi,nodefs.available<5%", "evictionHard",
         (("memory.available", "1Gi"), ("nodefs.available", "5%"))),
        ("--eviction-minimum-reclaim=nodefs.available=2Gi", "evictionMinimumReclaim", (("nodefs.available", "2Gi"),)),
        ("--kube-reserved=cpu=1 --kube-reserved=memory=1Gi,", "kubeReserved", (("cpu", "1"), ("memory", "1Gi"))),
        ("--eviction-soft-grace-period=pid.available=9s", "evictionSoftGracePeriod", (("pid.available", "9s"),)),
        ("--streaming-connection-idle-timeout=5m", "streamingConnectionIdleTimeout", 300.0),
        ("--register-with-taints=a=b:NoSchedule,c:NoExecute", "registerWithTaints", ("a=b:NoSchedule", "c:NoExecute")),
        ("--hostname-override=n1", "hostname-override", "n1"),
        ("--node_ip=192.0.2.7", "node-ip", "192.0.2.7"),
        ("--root-dir=/data/kubelet", "root-dir", "/data/kubelet"),
        ("--anonymous-auth=false", "authentication.anonymous.enabled", False),
    ],
)  # fmt: skip
def test_what_flags_set(tree: Tree, flags: str, name: str, value: object) -> None:
    found = flagged(tree, flags, "maxPods: 5\nport: 5\nclusterDNS: [x]\nevictionHard: {}\n").setting(name)

    assert (found.value, found.origin, found.source, found.line) == (value, "environment", "/" + FLAGS, 1)
    assert found.text.startswith(f"--{SETTINGS[name].flag}=")


@pytest.mark.parametrize(
    ("flags", "name", "problem"),
    [
        ("--max-pods=many", "maxPods", "invalid --max-pods=many: not a whole number"),
        ("--eviction-hard=memory.available=1Gi", "evictionHard", "memory.available=1Gi has no <"),
        ("--kube-reserved=cpu=lots", "kubeReserved", "a quantity"),
        ("--streaming-connection-idle-timeout=5", "streamingConnectionIdleTimeout", "a duration"),
        ("--register-with-taints=a=b", "registerWithTaints", "not key=value:effect"),
    ],
)
def test_flags_that_it_refuses(tree: Tree, flags: str, name: str, problem: str) -> None:
    found = flagged(tree, flags).setting(name)

    assert found.problem is not None
    assert problem in found.problem
    assert (found.value, found.source) == (None, "/" + FLAGS)


def test_a_flag_in_the_unit_is_told_from_one_in_a_file_of_arguments(tree: Tree) -> None:
    files = kubeadm()
    files[DROPIN] = str(files[DROPIN]).replace("$KUBELET_EXTRA_ARGS", "--max-pods=7")
    found = read(tree(files)).setting("maxPods")

    assert (found.value, found.origin, found.source, found.line) == (7, "unit", "/" + DROPIN, 7)


def test_drop_ins_go_over_the_file_and_say_so(tree: Tree) -> None:
    config = read(
        merged(
            tree,
            "maxPods: 5\nport: 1\nauthentication:\n  anonymous: {enabled: true}\n  webhook: {enabled: false}\n",
            "maxPods: 6\nauthentication:\n  webhook:\n    enabled: true\n",
            "maxPods: 7\nMaxOpenFiles: 9\nStaticPodPath: /p\n",
        )
    )

    pods = config.setting("maxPods")
    assert (pods.value, pods.origin, pods.source, pods.line) == (7, "drop-in", f"/{DROPINS}/11.conf", 3)
    assert (config.setting("port").value, config.setting("port").origin) == (1, "file")
    assert config.setting("authentication.anonymous.enabled").origin == "file"
    webhook = config.setting("authentication.webhook.enabled")
    assert (webhook.value, webhook.origin, webhook.line) == (True, "drop-in", 6)
    # What is merged is read without regard to case, and a written default stands behind a name that sorts before it.
    assert config.setting("staticPodPath").value == "/p"
    assert (config.setting("maxOpenFiles").value, config.setting("maxOpenFiles").origin) == (1000000, "default")


def test_a_drop_in_takes_a_key_back(tree: Tree) -> None:
    found = read(merged(tree, "maxPods: 5\n", "maxPods: null\n")).setting("maxPods")

    assert (found.value, found.origin) == (110, "default")


def test_gates_of_flags_go_over_those_of_the_file(tree: Tree) -> None:
    config = flagged(tree, "--feature-gates=B=false,C=true", "featureGates: {A: true, B: true}\n")
    found = config.setting("featureGates")

    assert found.value == (("A", "true"), ("B", "false"), ("C", "true"))
    assert (found.origin, dict(config.feature_gates)) == ("environment", {"A": True, "B": False, "C": True})


def test_defaults_hang_on_the_release(tree: Tree) -> None:
    config = of_text(tree, "")

    assert [config.setting("failCgroupV1", release).value for release in ((1, 34), (1, 35), None)] == [
        False,
        True,
        True,
    ]
    assert config.setting("eventRecordQPS", (1, 26)) == EffectiveSetting("eventRecordQPS", 5, "default")


def test_a_key_that_the_release_does_not_know_counts_for_nothing(tree: Tree) -> None:
    config = of_text(tree, "imageServiceEndpoint: /x.sock\n")

    assert [config.setting("imageServiceEndpoint", release).value for release in ((1, 26), (1, 27))] == ["", "/x.sock"]


def test_without_a_configuration_file_the_server_is_open(tree: Tree) -> None:
    config = read(tree({"usr/bin/kubelet": "", FLAGS: "KUBELET_KUBEADM_ARGS=--max-pods=3\n"}))
    found = {name: config.setting(name).value for name in ("authorization.mode", "readOnlyPort", "maxPods")}

    assert found == {"authorization.mode": "AlwaysAllow", "readOnlyPort": 10255, "maxPods": 3}


@pytest.mark.parametrize(("merge", "count"), [("", 1), ("mergeDefaultEvictionSettings: true\n", 5)])
def test_thresholds_are_merged_with_the_defaults_where_that_is_asked_for(tree: Tree, merge: str, count: int) -> None:
    found = of_text(tree, merge + "evictionHard:\n  nodefs.available: 3%\n").setting("evictionHard")

    assert isinstance(found.value, tuple)
    assert ("nodefs.available", "3%") in found.value
    assert len(found.value) == count


DEFAULTS = ["imagefs.available", "imagefs.inodesFree", "memory.available", "nodefs.available", "nodefs.inodesFree"]
MERGES = "mergeDefaultEvictionSettings: true\n"
HARD = "evictionHard:\n  nodefs.available: 3%\n"


@pytest.mark.parametrize(
    ("base", "dropin", "signals"),
    [
        ("", HARD, DEFAULTS),
        ("", "evictionHard: {nodefs.available: 3%, memory.available: null}\n", [*DEFAULTS[:2], *DEFAULTS[3:]]),
        ("evictionHard: {memory.available: 1Gi}\n", HARD, ["memory.available", "nodefs.available"]),
        ("evictionHard: {memory.available: 1Gi}\n" + MERGES, HARD, DEFAULTS),
        ("evictionHard: {memory.available: 1Gi}\n", HARD + MERGES, ["memory.available", "nodefs.available"]),
        (HARD, MERGES, ["nodefs.available"]),
    ],
)
def test_thresholds_of_a_drop_in_go_over_what_the_file_comes_to(
    tree: Tree, base: str, dropin: str, signals: list[str]
) -> None:
    found = read(merged(tree, base, dropin)).setting("evictionHard")

    assert isinstance(found.value, tuple)
    assert sorted([pair[0] for pair in found.value]) == signals
    assert ("nodefs.available", "3%") in found.value


def test_thresholds_of_flags_are_merged_with_nothing(tree: Tree) -> None:
    config = flagged(tree, "--eviction-hard=nodefs.available<3%", MERGES + "evictionHard: {memory.available: 1Gi}\n")

    assert config.setting("evictionHard").value == (("nodefs.available", "3%"),)


def test_a_refused_configuration_gives_no_setting(tree: Tree) -> None:
    config = of_text(tree, "cgroupDriver: yes\nmaxPods: 5\n")
    found = config.setting("maxPods")

    assert config.problem is not None
    assert (found.value, found.problem, found.source) == (None, config.problem.detail, "/" + CONFIG)


def test_a_setting_that_nobody_knows(tree: Tree) -> None:
    with pytest.raises(KeyError):
        of_text(tree, "").setting("maxPod")


def test_lines_of_json(tree: Tree) -> None:
    config = "etc/kubernetes/kubelet/config.json"
    body: dict[str, Any] = {
        "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "maxPods": 29,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
        "evictionHard": {"nodefs.available": "10%"},
    }  # fmt: skip
    found = read(tree({config: json.dumps(body, indent=2)}))

    assert (found.setting("maxPods").line, found.setting("evictionHard").line) == (4, 13)
    assert found.setting("authentication.webhook.enabled")[1:5] == (True, "file", "/" + config, None)
    assert found.setting("evictionHard").text == "evictionHard: {nodefs.available: 10%}"


@pytest.mark.parametrize("text", ["", "5", "s", "1.s.", "1d", "٣s", "1m 30s", "--1s", "1_0s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="a duration"):
        duration_of(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1Ki", 1024), ("1k", 1000), ("0.5", 0.5), (".5Gi", 2**29), ("1E", 1e18), ("1Ei", 2**60), ("5u", 5e-6)],
)
def test_quantities(text: str, value: float) -> None:
    assert quantity_of(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "Mi", "1KI", "1 Gi", "1K", "1ki", "1mi", "x", "1e", "1Gib", "٣"])
def test_no_quantities(text: str) -> None:
    with pytest.raises(ValueError, match="a quantity"):
        quantity_of(text)


def test_percentages() -> None:
    assert (percent_of("10%"), percent_of("2.5%"), percent_of("100Mi")) == (10.0, 2.5, None)
    with pytest.raises(ValueError, match="percentage"):
        percent_of("x%")


def test_words_with_quotes_in_a_list() -> None:
    assert of_flags("list", ['a,"b,c"', ""]) == ("a", "b,c")
