"""Kubelets that tolerate swap: by release, cgroups and kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck.testing import assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.swap.kubelet_swap import kubelet_swap

CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
TOLERANT = f"{KUBELET}failSwapOn: false\n"
V2 = {"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n"}
V1 = {"/sys/fs/cgroup/memory/tasks": "", "/sys/fs/cgroup/cpu/tasks": ""}
HYBRID = {**V1, "/sys/fs/cgroup/unified/cgroup.controllers": ""}
DEBIAN_12 = {"/etc/os-release": "ID=debian\nVERSION_ID=12\n", "/proc/sys/kernel/osrelease": "6.1.0-38-amd64\n"}
DEBIAN_13 = {"/etc/os-release": "ID=debian\nVERSION_ID=13\n", "/proc/sys/kernel/osrelease": "6.12.43+deb13-amd64\n"}
HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
OFF, ON = {"/proc/swaps": HEAD}, {"/proc/swaps": HEAD + "/dev/sda2 partition 2097148 0 -2\n"}


def behaviour(value: str, gate: bool | None = None) -> str:
    gates = "" if gate is None else f"featureGates:\n  NodeSwap: {str(gate).lower()}\n"
    return f"{TOLERANT}memorySwap:\n  swapBehavior: {value}\n{gates}"


def told(node: Path, view: str = "now", **options: Any) -> str:
    (found,) = judge(kubelet_swap, node, view=view, **options)
    return found.status if found.status != "fail" else f"fail {found.severity}"


RELEASES = [f"1.{minor}" for minor in range(29, 39)]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("value", ["LimitedSwap", "UnlimitedSwap", "NoSwap", "Whatever"])
@pytest.mark.parametrize("hierarchy", [V1, HYBRID, V2], ids=["v1", "hybrid", "v2"])
def test_every_release_over_every_hierarchy_now_and_at_boot(
    tmp_path: Path, hierarchy: dict[str, str], value: str, release: str
) -> None:
    minor = int(release.partition(".")[2])
    taken = {
        "LimitedSwap": hierarchy is V2 or minor < 30, "UnlimitedSwap": minor < 30, "NoSwap": minor >= 30,
        "Whatever": False,
    }[value]  # fmt: skip
    option = {"/proc/cmdline": f"root=/dev/sda1 systemd.unified_cgroup_hierarchy={int(hierarchy is V2)}\n"}
    files = {**DEBIAN_12, **OFF, **hierarchy, **option, CONFIG: behaviour(value, minor < 30 or None)}
    node = write_tree(tmp_path, files)

    expected = "pass" if taken else "fail error"
    assert [told(node, view, kubernetes=release) for view in ("now", "boot")] == [expected, expected]


@pytest.mark.parametrize(
    ("config", "release", "expected"),
    [
        (behaviour("LimitedSwap"), "1.28", "fail error"),
        (behaviour("LimitedSwap"), "1.21", "pass"),
        (behaviour("LimitedSwap", gate=False), "1.33", "fail error"),
        (behaviour("LimitedSwap", gate=False), "1.34", "fail error"),
        (f"{TOLERANT}featureGates:\n  NodeSwap: false\n", "1.33", "pass"),
        (f"{TOLERANT}featureGates:\n  NodeSwap: false\n", "1.34", "fail error"),
        (f"{KUBELET}memorySwap:\n  swapBehavior: UnlimitedSwap\n", "1.34", "fail error"),
        (TOLERANT, "1.34", "pass"),
        (KUBELET, "1.34", "skip"),
        ("kind: Wrong\n", "1.34", "unknown"),
    ],
)
def test_the_gate_and_what_is_set(tmp_path: Path, config: str, release: str, expected: str) -> None:
    assert told(write_tree(tmp_path, {**DEBIAN_13, **V2, **OFF, CONFIG: config}), kubernetes=release) == expected


@pytest.mark.parametrize(
    ("config", "expected"), [(behaviour("NoSwap"), "unknown"), (behaviour("Whatever"), "unknown"), (TOLERANT, "pass")]
)
def test_no_release_is_known(tmp_path: Path, config: str, expected: str) -> None:
    assert told(write_tree(tmp_path, {**DEBIAN_13, **V2, **OFF, CONFIG: config})) == expected


def test_the_kubelets_own_release_counts_beside_the_one_that_is_asked(tmp_path: Path) -> None:
    status = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.29.3-1.1\n"
    node = write_tree(tmp_path, {**V2, **OFF, CONFIG: behaviour("NoSwap", gate=True), "/var/lib/dpkg/status": status})

    assert told(node, kubernetes="1.34") == "fail error"


@pytest.mark.parametrize(
    ("files", "now", "boot"),
    [
        ({**DEBIAN_12, **ON}, "fail warning", "pass"),
        ({**DEBIAN_12, **ON, "/etc/fstab": "/dev/sda2 none swap sw 0 0\n"}, "fail warning", "fail warning"),
        ({**DEBIAN_12, **OFF, "/etc/fstab": "/dev/sda2 none swap sw 0 0\n"}, "pass", "fail warning"),
        ({**DEBIAN_12, **OFF}, "pass", "pass"),
        ({**DEBIAN_13, **ON, "/etc/fstab": "/dev/sda2 none swap sw 0 0\n"}, "pass", "pass"),
    ],
)
def test_a_kernel_whose_tmpfs_has_no_noswap(tmp_path: Path, files: dict[str, str], now: str, boot: str) -> None:
    node = write_tree(tmp_path, {**V2, CONFIG: TOLERANT, "/etc/fstab": "", **files})

    assert [told(node, view, kubernetes="1.34") for view in ("now", "boot")] == [now, boot]


@pytest.mark.parametrize("files", [{}, {"/etc/rancher/k3s/config.yaml": "kubelet-arg:\n- max-pods=50\n"}])
def test_without_a_kubelet_of_its_own(tmp_path: Path, files: dict[str, str]) -> None:
    assert told(write_tree(tmp_path, {**DEBIAN_12, **ON, **files}), kubernetes="1.34") == "skip"


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, {**DEBIAN_12, **HYBRID, **ON, CONFIG: behaviour("LimitedSwap")}))
    first = judge(kubelet_swap, recording, view="now", kubernetes="1.34")
    again = judge(kubelet_swap, replay(recording.to_data()), view="now", kubernetes="1.34")

    assert_verdicts(again, {"kubelet-swap": "fail"})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
