"""Flags and gates that a release does not know: where they hide, and what is left of the line without them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.kubelet.given import GivenSetting
from nodecheck.facts.kubelet.removed import REMOVED, REMOVED_GATES
from nodecheck.fix import DISRUPTIVE, MANUAL, Command, Edit
from nodecheck.model.outcomes import Result
from nodecheck.testing import TreeDirectory, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.kubelet.removed_fixes import without
from nodecheck_checks.kubelet.removed_setting import removed_setting
from tests.conftest import CORPUS

REQUIREMENTS = CORPUS.parent / "research" / "requirements.json"
NO_FLAGS = ("*", "--cgroup-driver, cgroupDriver")
CONFIG = "/var/lib/kubelet/config.yaml"
KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
EXTRA = "/etc/default/kubelet"
DEBIAN = {"/etc/os-release": "ID=debian\nVERSION_ID=13\n", CONFIG: KUBELET}
APISERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.11
    - --feature-gates={}
    - --secure-port=6443
    image: registry.k8s.io/kube-apiserver:v1.34.1
"""


def dpkg(release: str) -> dict[str, str]:
    status = f"Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {release}.0-1.1\n"
    return {"/var/lib/dpkg/status": status}


def extra(words: str) -> dict[str, str]:
    return {**DEBIAN, EXTRA: f'KUBELET_EXTRA_ARGS="{words}"\n'}


def found(root: Path, files: dict[str, str], **options: Any) -> dict[str | None, Result]:
    return {one.subject: one for one in judge(removed_setting, write_tree(root, files), view="boot", **options)}


def told(root: Path, files: dict[str, str], **options: Any) -> dict[str | None, str]:
    return {subject: f"{one.status} {one.severity}" for subject, one in found(root, files, **options).items()}


@pytest.mark.parametrize("minor", range(29, 39))
@pytest.mark.parametrize(
    ("word", "subject", "gone"),
    [
        ("--cloud-config=/etc/cloud.conf", "--cloud-config", 34),
        ("--register-schedulable=false", "--register-schedulable", 34),
        ("--pod-infra-container-image=registry.k8s.io/pause:3.9", "--pod-infra-container-image", 35),
        ("--storage-driver-db=cadvisor", "--storage-driver-db", 37),
        ("--feature-gates=SidecarContainers=true", "SidecarContainers", 37),
        ("--feature-gates=CPUManager=true,NodeSwap=true", "CPUManager", 33),
    ],
)
def test_by_release(tmp_path: Path, word: str, subject: str, gone: int, minor: int) -> None:
    verdicts = told(tmp_path, extra(f"--v=2 {word}"), kubernetes=f"1.{minor}")

    assert verdicts == ({subject: "fail error"} if minor >= gone else {None: "pass error"})


def test_the_tables_hold_what_was_read_in_the_release_notes() -> None:
    if not REQUIREMENTS.exists():
        pytest.skip("the research is not beside this checkout")
    known = {f"--{row.name}": row.before for row in REMOVED} | {row.name: row.before for row in REMOVED_GATES}
    for row in json.loads(REQUIREMENTS.read_text())["rows"]:
        if row["topic"] in ("kubelet-flag", "feature-gate") and row["key"] not in (
            "*",
            "--cgroup-driver, cgroupDriver",
        ):
            assert known[row["key"]] == tuple(map(int, row["from_release"].split("."))), row["key"]


def test_the_kubelets_own_release_counts_beside_the_one_that_is_asked(tmp_path: Path) -> None:
    files = {**extra("--pod-infra-container-image=x"), **dpkg("1.35")}

    assert told(tmp_path / "a", files) == {"--pod-infra-container-image": "fail error"}
    assert told(tmp_path / "b", files, kubernetes="1.34") == {"--pod-infra-container-image": "fail error"}
    assert told(tmp_path / "c", {**files, **dpkg("1.34")}, kubernetes="1.36") == {
        "--pod-infra-container-image": "fail error"
    }
    assert told(tmp_path / "d", {**files, **dpkg("1.34")}) == {None: "pass error"}


def test_a_flag_that_the_kubelets_release_does_not_know_yet(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {**extra("--fail-cgroupv1=false"), **dpkg("1.30")}).values()

    assert (one.subject, one.status) == ("--fail-cgroupv1", "fail")
    assert "not yet" in one.message


@pytest.mark.parametrize(("words", "verdicts"), [("--cloud-config=x", {"--cloud-config": "unknown warning"}),
                                                 ("--v=2", {None: "pass error"})])  # fmt: skip
def test_where_no_release_is_known(tmp_path: Path, words: str, verdicts: dict[str, str]) -> None:
    assert told(tmp_path, extra(words)) == verdicts


UNIT = "/etc/systemd/system/kubelet.service"
PROXY_CONFIG = "/var/lib/kube-proxy/config.conf"
PROXY = "apiVersion: v1\n---\nkind: KubeProxyConfiguration\nfeatureGates:\n  SidecarContainers: true\n"


@pytest.mark.parametrize(
    ("files", "subject", "place"),
    [
        ({CONFIG: KUBELET + "featureGates:\n  SidecarContainers: true\n"}, "SidecarContainers", (CONFIG, "line 4")),
        ({UNIT: "[Service]\nExecStart=/usr/bin/kubelet --boot-id-file=/x --v=2\n"}, "--boot-id-file", (UNIT, "line 2")),
        ({APISERVER: MANIFEST.format("GangScheduling=true")}, "GangScheduling", (APISERVER, "line 10")),
        ({PROXY_CONFIG: PROXY}, "SidecarContainers", (PROXY_CONFIG, "line 5")),
        (
            {"/etc/systemd/system/kube-proxy.service":
             "[Service]\nExecStart=/usr/bin/kube-proxy --feature-gates AnyVolumeDataSource=true\n"},
            "AnyVolumeDataSource", ("/etc/systemd/system/kube-proxy.service", "line 2"),
        ),
        (
            {"/etc/rancher/k3s/config.yaml": "kubelet-arg:\n- containerd=/run/k3s.sock\n"},
            "--containerd", ("/etc/rancher/k3s/config.yaml", "line 2"),
        ),
        (
            {"/etc/kubernetes/kubeadm-config.yaml": "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n"},
            "kubeadm.k8s.io/v1beta3", ("/etc/kubernetes/kubeadm-config.yaml", "line 1"),
        ),
    ],
)  # fmt: skip
def test_every_place_is_looked_into(
    tmp_path: Path, files: dict[str, str], subject: str, place: tuple[str, str]
) -> None:
    before = found(tmp_path / "36", files, kubernetes="1.36")
    after = found(tmp_path / "37", files, kubernetes="1.37")

    assert [one.status for one in before.values()] == ["pass"]
    assert set(after) == {subject}
    assert (after[subject].status, after[subject].evidence[0][:2]) == ("fail", place)


def test_kubeadms_file_is_a_warning_once_the_node_has_joined(tmp_path: Path) -> None:
    files = {"/etc/kubernetes/kubeadm-config.yaml": "apiVersion: kubeadm.k8s.io/v1beta3\n"}

    assert told(tmp_path / "a", files, kubernetes="1.37") == {"kubeadm.k8s.io/v1beta3": "fail error"}
    assert told(tmp_path / "b", {**files, "/etc/kubernetes/kubelet.conf": "kind: Config\n"}, kubernetes="1.37") == {
        "kubeadm.k8s.io/v1beta3": "fail warning"
    }


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        (extra("--v=2 --cloud-config=/etc/c -v=1"), EXTRA, 'KUBELET_EXTRA_ARGS="--v=2 -v=1"\n'),
        (extra("--cloud-config=/etc/c"), EXTRA, 'KUBELET_EXTRA_ARGS=""\n'),
        (extra("--register-schedulable"), EXTRA, 'KUBELET_EXTRA_ARGS=""\n'),
        (
            extra("--feature-gates=CPUManager=true,NodeSwap=true"), EXTRA,
            'KUBELET_EXTRA_ARGS="--feature-gates=NodeSwap=true"\n',
        ),
        (extra("--feature-gates=CPUManager=true --v=2"), EXTRA, 'KUBELET_EXTRA_ARGS="--v=2"\n'),
        (
            {**DEBIAN, CONFIG: KUBELET + "featureGates:\n  CPUManager: true\n  NodeSwap: true\n"}, CONFIG,
            KUBELET + "featureGates:\n#   CPUManager: true\n  NodeSwap: true\n",
        ),
        (
            {UNIT: "[Service]\nExecStart=/usr/bin/kubelet --cloud-config=/etc/c --v=2\n"}, UNIT,
            "[Service]\nExecStart=/usr/bin/kubelet --v=2\n",
        ),
        ({APISERVER: MANIFEST.format("AppArmor=true,NodeSwap=true")}, APISERVER, MANIFEST.format("NodeSwap=true")),
    ],
)  # fmt: skip
def test_the_fix_turns_the_node_over(tmp_path: Path, files: dict[str, str], path: str, expected: str) -> None:
    (one,) = found(tmp_path / "before", files, kubernetes="1.36").values()
    assert one.fix is not None
    (step,) = [step for step in one.fix.steps if isinstance(step, Edit)]
    assert files[path].count(step.before + "\n") == 1
    mended = files[path].replace(step.before + "\n", step.after + "\n")

    assert mended == expected
    assert [one.status for one in found(tmp_path / "after", {**files, path: mended}, kubernetes="1.36").values()] == [
        "pass"
    ]
    assert (one.fix.safety == DISRUPTIVE) is (path == APISERVER)
    assert (Command(("systemctl", "daemon-reload")) in one.fix.steps) is (path == UNIT)


def test_the_same_setting_in_two_places_is_one_result_with_both(tmp_path: Path) -> None:
    files = {**extra("--feature-gates=AppArmor=true"), APISERVER: MANIFEST.format("AppArmor=true")}
    (one,) = found(tmp_path, files, kubernetes="1.34").values()

    assert [item.source for item in one.evidence] == [EXTRA, APISERVER]
    assert one.fix is not None
    assert len(one.fix.steps) == 2


@pytest.mark.parametrize(
    "line",
    ["ExecStart=/x --cloud-config=a --cloud-config=a", "ExecStart=/x --cloud-config=a/b", "x --my-cloud-config=a", ""],
)
def test_a_line_that_is_not_sure_is_left_to_a_person(line: str) -> None:
    assert without(line, GivenSetting("kubelet", "flag", "--cloud-config", "--cloud-config=a", "/x", 1, line)) is None


def test_a_command_of_several_lines_is_left_to_a_person(tmp_path: Path) -> None:
    unit = "[Service]\nExecStart=/usr/bin/kubelet \\\n --cloud-config=/etc/c \\\n --v=2\n"
    (one,) = found(tmp_path, {UNIT: unit}, kubernetes="1.36").values()

    assert (one.status, one.fix and one.fix.safety) == ("fail", MANUAL)


def test_json_is_left_to_a_person(tmp_path: Path) -> None:
    config = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "featureGates": {"CPUManager": True},
    }
    (one,) = found(tmp_path, {CONFIG: json.dumps(config)}, kubernetes="1.33").values()

    assert (one.status, one.fix and one.fix.safety) == ("fail", MANUAL)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/etc/hostname": "x\n"}, {None: "skip error"}),
        ({CONFIG: "kind: Wrong\n"}, {None: "unknown error"}),
        ({**DEBIAN, APISERVER: TreeDirectory()}, {None: "pass error"}),
        ({**DEBIAN, "/etc/kubeadm.yaml": "x" * (2 << 20)}, {None: "unknown error"}),
    ],
)
def test_what_cannot_be_told(tmp_path: Path, files: dict[str, str], expected: dict[str | None, str]) -> None:
    assert told(tmp_path, files, kubernetes="1.36") == expected


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, {**extra("--cloud-config=x"), APISERVER: MANIFEST.format("AppArmor=true")}))
    first = judge(removed_setting, recording, view="boot", kubernetes="1.34")
    again = judge(removed_setting, replay(recording.to_data()), view="boot", kubernetes="1.34")

    assert_verdicts(again, {"removed-setting[--cloud-config]@boot": "fail", "removed-setting[AppArmor]@boot": "fail"})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
