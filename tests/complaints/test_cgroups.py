"""Complaints about cgroups."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import Entry
from tests.complaints.planted import plant, told
from tests.requirements.faulty import CONFIG, CONTROLLERS, KUBELET, V1, WORDS

HYBRID: dict[str, Entry] = {**V1, "/sys/fs/cgroup/unified/cgroup.controllers": ""}


@pytest.mark.parametrize(("files", "version"), [({}, "v2"), (V1, "v1"), (HYBRID, "hybrid")], ids=["v2", "v1", "hybrid"])
def test_complaint_09(tmp_path: Path, files: dict[str, Entry], version: str) -> None:
    """k3s' check-config called a pure v2 "nonexistent" (k3s#3897, moby#41798), and after its repair a hybrid bad for
    controllers that it has (k3s#4013): the three are told apart, and each by its own controllers."""
    v1 = version != "v2"
    root = plant(tmp_path, {**files, **(WORDS if v1 else {})}, without=(CONTROLLERS,) if v1 else ())
    found = told(root, "cgroup-version@now", "cgroup-controller[memory]@now", kubernetes="1.34")

    told_of = found["cgroup-version"]
    assert (told_of.actual, str(told_of.status)) == (version, "fail" if v1 else "pass")
    assert told_of.severity.value == ("warning" if v1 else "error")
    if not v1:
        assert found["cgroup-controller[memory]"].status == "pass"


def test_complaint_09_controllers_of_v1(tmp_path: Path) -> None:
    """Of v1 and hybrid the controllers are those of /proc/cgroups, which v2 is never judged by."""
    names = ("cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "hugetlb", "pids")
    table = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
    table += "".join(f"{name}\t{number}\t80\t{int(name != 'memory')}\n" for number, name in enumerate(names, 1))
    root = plant(tmp_path, {**HYBRID, **WORDS, "/proc/cgroups": table}, without=(CONTROLLERS,))
    found = told(root, "cgroup-controller@now")

    assert {name for name, one in found.items() if one.status == "fail"} == {"cgroup-controller[memory]"}
    assert found["cgroup-controller[cpu]"].evidence[0].source == "/proc/cgroups"


@pytest.mark.parametrize(
    ("release", "setting", "said"),
    [
        ("1.30", "", "pass"), ("1.31", "", "warning"), ("1.34", "", "warning"), ("1.35", "", "error"),
        ("1.36", "", "error"), ("1.35", "failCgroupV1: false\n", "warning"), ("1.34", "failCgroupV1: true\n", "error"),
    ],
)  # fmt: skip
def test_complaint_51(tmp_path: Path, release: str, setting: str, said: str) -> None:
    """system-validators warned of v1 where nothing came of it, and refused it by kubeadm's release before a kubelet did
    (SV#58, #61, k/k#134298, #134744), or too late to plan for (minikube#22315): what counts is which kubelet the node
    is to run, and its failCgroupV1."""
    root = plant(tmp_path, {**V1, **WORDS, CONFIG: KUBELET + setting}, without=(CONTROLLERS,))
    packages = root / "var/lib/dpkg/status"
    packages.write_text(packages.read_text().replace("Version: 1.34.", f"Version: {release}."))
    one = told(root, "cgroup-version@now", kubernetes=release)["cgroup-version"]

    assert (str(one.status) if one.status == "pass" else one.severity.value) == said
    if said != "pass":
        assert one.actual == "v1"
        assert one.fix is not None
        assert one.fix.reboot
