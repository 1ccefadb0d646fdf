"""Pods that run under another cgroup driver than the kubelet's: as the names of their cgroups tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck import Result
from nodecheck.facts.kubelet.pod_cgroups import tops_of
from nodecheck.testing import Entry, TreeFile, capture_of, judge, record, replay, run, write_tree
from tests.nodes import debian_node

MOUNT = "/sys/fs/cgroup"
CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
UID = "0f3c5a1e-7b1d-4c43-9d0e-2f6f5f6f1a2b"
SLICE = UID.replace("-", "_")
V2: dict[str, Entry] = {f"{MOUNT}/cgroup.controllers": "cpuset cpu io memory pids\n"}
V1: dict[str, Entry] = {f"{MOUNT}/{name}/tasks": "1\n" for name in ("cpu", "memory", "systemd")}
SLICES = {
    "guaranteed": f"kubepods.slice/kubepods-pod{SLICE}.slice",
    "burstable": f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICE}.slice",
    "besteffort": f"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{SLICE}.slice",
}
PLAIN = {
    "guaranteed": f"kubepods/pod{UID}",
    "burstable": f"kubepods/burstable/pod{UID}",
    "besteffort": f"kubepods/besteffort/pod{UID}",
}
EMPTY: dict[str, Entry] = {
    f"{MOUNT}/kubepods.slice/kubepods-burstable.slice/cgroup.procs": "",
    f"{MOUNT}/kubepods.slice/kubepods-besteffort.slice/cgroup.procs": "",
}
"""What a kubelet makes when it starts, and no pod runs."""


def on_v2(path: str, populated: bool = True) -> dict[str, Entry]:
    top = path.partition("/")[0]
    events = f"populated {int(populated)}\nfrozen 0\n"
    return {**V2, f"{MOUNT}/{path}/cgroup.procs": "", f"{MOUNT}/{top}/cgroup.events": events}


def pods(
    root: Path, files: dict[str, Entry], driver: str = "systemd", config: str = "", **options: Any
) -> Result | None:
    node: dict[str, Entry] = {
        "/usr/lib/systemd/systemd": "", "/usr/bin/kubelet": TreeFile(b"\x7fELF", 0o755),
        CONFIG: f"{KUBELET}cgroupDriver: {driver}\n{config}", **files,
    }  # fmt: skip
    found = {one.subject: one for one in judge("cgroup-driver", write_tree(root, node), view="now", **options)}
    return found.get("pods")


OPTIONS: dict[str, Any] = {"kubernetes": "1.30"}


@pytest.mark.parametrize("service", sorted(SLICES))
@pytest.mark.parametrize("driver", ["systemd", "cgroupfs"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_pods_of_each_class_and_driver(tmp_path: Path, service: str, driver: str, version: str) -> None:
    for names, own in ((SLICES, "systemd"), (PLAIN, "cgroupfs")):
        path = names[service]
        files = on_v2(path) if version == "v2" else {**V1, f"{MOUNT}/memory/{path}/tasks": "1\n"}
        one = pods(tmp_path / own, files, driver, **OPTIONS)

        assert one is not None
        assert (one.status, str(one.severity), one.actual) == ("pass" if own == driver else "fail", "error", own)
        assert one.evidence[0].source == f"{MOUNT}/{'memory/' if version == 'v1' else ''}{path.partition('/')[0]}"


def test_pods_of_both_drivers(tmp_path: Path) -> None:
    one = pods(tmp_path, {**on_v2(SLICES["burstable"]), **on_v2(PLAIN["besteffort"])}, **OPTIONS)

    assert one is not None
    assert (one.status, one.actual) == ("fail", "systemd and cgroupfs")
    assert f"{MOUNT}/kubepods" in one.message
    assert one.fix is not None
    assert "drain" in str(one.fix.steps[0])


@pytest.mark.parametrize(
    "files",
    [
        V2, EMPTY | V2, on_v2(PLAIN["burstable"], populated=False),
        {**V1, f"{MOUNT}/memory/kubepods/burstable/tasks": "1\n"},
        {},  # a root holds no /sys
    ],
)  # fmt: skip
def test_where_no_pod_runs_nothing_is_said(tmp_path: Path, files: dict[str, Entry]) -> None:
    assert pods(tmp_path, files, **OPTIONS) is None


def test_a_leftover_that_no_process_is_in_is_none(tmp_path: Path) -> None:
    """The driver was changed on a drained node: the old cgroups stay until the next boot, and are empty."""
    one = pods(tmp_path, {**on_v2(SLICES["burstable"]), **on_v2(PLAIN["besteffort"], populated=False)}, **OPTIONS)

    assert one is not None
    assert (one.status, one.actual) == ("pass", "systemd")


def test_complaint_25(tmp_path: Path) -> None:
    """Files agree, and the pods that run still have the other driver's cgroups: nobody looked at them."""
    runc = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc'
    files: dict[str, Entry] = {
        "/usr/bin/containerd": TreeFile(b"\x7fELF", 0o755),
        "/etc/containerd/config.toml": f"version = 2\n[{runc}]\nruntime_type = 'io.containerd.runc.v2'\n"
        f"[{runc}.options]\nSystemdCgroup = true\n",
        "/usr/lib/systemd/systemd": "", "/usr/bin/kubelet": TreeFile(b"\x7fELF", 0o755),
        CONFIG: f"{KUBELET}cgroupDriver: systemd\n", **on_v2(PLAIN["burstable"]),
    }  # fmt: skip
    found = {one.subject: str(one.status) for one in judge("cgroup-driver", write_tree(tmp_path, files), **OPTIONS)}

    assert found == {"containerd": "pass", "kubelet": "pass", "agreement": "pass", "pods": "fail"}


def test_the_pods_of_the_wrong_driver_are_gone_after_the_drain(tmp_path: Path) -> None:
    before = pods(tmp_path / "a", on_v2(PLAIN["burstable"]), **OPTIONS)
    after = pods(
        tmp_path / "b", {**on_v2(PLAIN["burstable"], populated=False), **on_v2(SLICES["burstable"])}, **OPTIONS
    )

    assert before is not None
    assert after is not None
    assert (before.status, after.status) == ("fail", "pass")


def test_below_a_cgroup_root(tmp_path: Path) -> None:
    """As kind starts its kubelet."""
    path = f"kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{SLICE}.slice"
    files: dict[str, Entry] = {
        **V2, f"{MOUNT}/{path}/cgroup.procs": "",
        f"{MOUNT}/kubelet.slice/kubelet-kubepods.slice/cgroup.events": "populated 1\n",
    }  # fmt: skip
    one = pods(tmp_path, files, config="cgroupRoot: /kubelet\n", **OPTIONS)

    assert one is not None
    assert (one.status, one.evidence[0].source) == ("pass", f"{MOUNT}/kubelet.slice/kubelet-kubepods.slice")
    assert tops_of(MOUNT, ("kubelet",))[1] == f"{MOUNT}/kubelet/kubepods"


def test_a_kubelet_whose_driver_is_not_known_says_nothing_of_pods(tmp_path: Path) -> None:
    assert pods(tmp_path, on_v2(PLAIN["burstable"]), config="failSwapOn: maybe\n") is None


def test_what_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    node: dict[str, Entry] = {CONFIG: f"{KUBELET}cgroupDriver: systemd\n", **on_v2(SLICES["burstable"])}
    recording = record(write_tree(tmp_path, node))
    recording.running = True
    judge("cgroup-driver", recording, **OPTIONS)
    data = recording.to_data()
    for question in (["names", f"{MOUNT}/kubepods.slice"], ["read", f"{MOUNT}/kubepods.slice/cgroup.events"]):
        left = {**data, "answers": [one for one in data["answers"] if one["question"][:2] != question]}
        found = {one.subject: one for one in judge("cgroup-driver", replay(left), **OPTIONS)}
        assert found["pods"].status == "unknown", question


@pytest.mark.parametrize("driver", ["systemd", "cgroupfs"])
def test_the_kubelet_inside_k3s(tmp_path: Path, driver: str) -> None:
    toml = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
    runc = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc'
    files: dict[str, Entry] = {
        "/usr/lib/systemd/systemd": "",
        "/etc/systemd/system/k3s.service": "[Service]\nExecStart=/usr/local/bin/k3s server\n",
        toml: f"version = 2\n[{runc}]\nruntime_type = 'io.containerd.runc.v2'\n"
        f"[{runc}.options]\nSystemdCgroup = true\n",
        **on_v2((SLICES if driver == "systemd" else PLAIN)["burstable"]),
    }  # fmt: skip
    found = {one.subject: one for one in judge("cgroup-driver", write_tree(tmp_path, files))}

    assert found["pods"].status == ("pass" if driver == "systemd" else "fail")
    assert "k3s's kubelet" in found["pods"].message


def test_each_source_counts(tmp_path: Path) -> None:
    files = on_v2(SLICES["burstable"])
    one = pods(tmp_path / "a", files, **OPTIONS)
    gone = pods(tmp_path / "b", V2, **OPTIONS)
    other = pods(tmp_path / "c", on_v2(PLAIN["burstable"]), **OPTIONS)
    idle = pods(tmp_path / "d", on_v2(SLICES["burstable"], populated=False), **OPTIONS)
    moved = pods(tmp_path / "e", files, config="cgroupRoot: /x\n", **OPTIONS)

    assert one is not None
    assert other is not None
    assert (one.status, one.actual, other.actual) == ("pass", "systemd", "cgroupfs")
    assert (gone, idle, moved) == (None, None, None)


def test_one_fault_in_a_healthy_node_fails_this_check_alone(tmp_path: Path) -> None:
    def bad(name: str, path: str) -> set[str]:
        node = write_tree(debian_node(tmp_path / name), on_v2(path))
        return {one.id for one in run(node) if one.status == "fail" and one.severity == "error"}

    assert bad("b", PLAIN["burstable"]) - bad("a", SLICES["burstable"]) == {"cgroup-driver[pods]"}


def test_a_capture_gives_the_same_and_the_fingerprint_does_not_follow_pods(tmp_path: Path) -> None:
    node = write_tree(debian_node(tmp_path / "n"), on_v2(SLICES["burstable"]))
    more = write_tree(debian_node(tmp_path / "m"), {**on_v2(SLICES["burstable"]), **on_v2(SLICES["guaranteed"])})
    first, second, third = [
        {one.subject: one for one in judge("cgroup-driver", host)}["pods"] for host in (node, capture_of(node), more)
    ]

    assert (first.status, first.message, first.evidence) == (second.status, second.message, second.evidence)
    assert (first.message, first.actual, first.evidence) == (third.message, third.actual, third.evidence)
