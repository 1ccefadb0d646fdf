"""Complaints about kernels, and about what is asked when."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import run
from tests.complaints.planted import failed, plant, statuses, told
from tests.nodes import debian_node, rocky_node
from tests.requirements.faulty import CONTROLLERS, FLAGS, V1, WORDS

EL8, EL9 = "4.18.0-553.el8_10.x86_64", "5.14.0-570.12.1.el9_6.x86_64"


@pytest.mark.parametrize(
    ("kernel", "release", "said"),
    [
        (EL8, "1.31", "pass"), (EL8, "1.32", "warning"), (EL8, "1.33", "warning"), (EL8, "1.34", "pass"),
        (EL9, "1.32", "pass"), (EL9, "1.34", "pass"), ("5.14.0-1.custom", "1.34", "warning"),
        ("4.18.0-1.custom", "1.34", "warning"), ("6.12-amd64", "1.34", "pass"),
    ],
)  # fmt: skip
def test_complaint_10(tmp_path: Path, kernel: str, release: str, said: str) -> None:
    """kubeadm called the kernels of Enterprise Linux 8 and 9 unsupported (k/k#129462, #131898, kubeadm#3177), which
    their vendor keeps up by backports: by number alone they are no others than kernels that nobody keeps up. What two
    releases of kubeadm really refuse is a warning that names them."""
    build = debian_node if "amd64" in kernel or "custom" in kernel else rocky_node
    root = plant(tmp_path, {"/proc/sys/kernel/osrelease": f"{kernel}\n"}, build)
    (one,) = told(root, "kernel-version", kubernetes=release).values()

    assert (str(one.status) if one.status == "pass" else one.severity.value) == said
    if kernel == EL8 and said == "warning":
        assert f"kubeadm {release}" in one.message
    if kernel in (EL8, EL9) and said == "pass":
        assert "backports" in one.message


def test_complaint_11(tmp_path: Path) -> None:
    """Before 1.33 ``kubeadm upgrade`` asked nothing of kernel, system and cgroups (kubeadm#3114, k/k#129401): a node
    was upgraded to a release whose kubelet does not start on it. The target alone makes it an upgrade here."""
    old_flag = 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.10"\n'
    root = plant(
        tmp_path, {**V1, **WORDS, FLAGS: old_flag, "/proc/sys/kernel/osrelease": "5.8.0-1.custom\n"},
        without=(CONTROLLERS,),
    )  # fmt: skip
    asked = ("cgroup-version@now", "kernel-version", "removed-setting", "leftover", "kernel-config@now")
    report = run(root, select=list(asked), kubernetes="1.35")
    assert report.profile.phase == "upgrade"
    assert {one.id for one in report if one.status == "fail"} == {
        "cgroup-version", "kernel-version", "removed-setting[--pod-infra-container-image]@boot"
    }  # fmt: skip
    assert statuses(root, "version-skew[kubelet]", kubernetes="1.35") == {"version-skew[kubelet]": "pass"}
    assert failed(root, *asked, phase="steady", kubernetes="1.34") == {"cgroup-version", "kernel-version"}
