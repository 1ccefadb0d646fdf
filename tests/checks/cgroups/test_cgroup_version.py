"""The version of a node's cgroups, by what each release of Kubernetes makes of v1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.kernel.cgroups import FORCE, OPTION
from nodecheck.fix import command
from nodecheck.testing import TreeDirectory, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.cgroups.cgroup_version import cgroup_version
from tests.nodes import debian_node

V2 = {"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n"}
V1 = {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("cpu", "cpuset", "memory", "pids", "systemd")}
HYBRID = {**V1, "/sys/fs/cgroup/unified/cgroup.controllers": ""}
CGROUPS = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t9\t3\t1\nmemory\t{}\t160\t{}\npids\t8\t9\t1\n"

KUBELET = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
CONFIG = "/var/lib/kubelet/config.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
ROCKY_8 = {"/etc/os-release": 'NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="8.10"\n'}
DEBIAN_13 = {"/etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n'}

RELEASES = [f"1.{minor}" for minor in range(29, 39)]


def by_release(release: str) -> str:
    minor = int(release.partition(".")[2])
    return "pass" if minor < 31 else "fail warning" if minor < 35 else "fail error"


def told(node: Path, view: str, **options: Any) -> str:
    (found,) = judge(cgroup_version, node, view=view, **options)
    return found.status if found.status != "fail" else f"fail {found.severity}"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("hierarchy", [V1, HYBRID, V2], ids=["v1", "hybrid", "v2"])
def test_every_release_over_every_hierarchy_now_and_at_boot(
    tmp_path: Path, hierarchy: dict[str, str], release: str
) -> None:
    unified = hierarchy is V2
    option = {"/proc/cmdline": f"root=/dev/sda1 {OPTION}={int(unified)}\n"}
    node = write_tree(tmp_path, {**ROCKY_8, **hierarchy, **option})
    expected = "pass" if unified else by_release(release)

    assert [told(node, view, kubernetes=release) for view in ("now", "boot")] == [expected, expected]


@pytest.mark.parametrize(
    ("setting", "release", "expected"),
    [
        ("failCgroupV1: false\n", "1.35", "fail warning"),
        ("failCgroupV1: false\n", "1.34", "fail warning"),
        ("failCgroupV1: true\n", "1.34", "fail error"),
        ("failCgroupV1: true\n", "1.30", "pass"),
        ("failCgroupV1: true\n", "", "fail error"),
        ("", "", "fail warning"),
    ],
)
def test_what_the_kubelet_is_told_of_it(tmp_path: Path, setting: str, release: str, expected: str) -> None:
    node = write_tree(tmp_path, {**ROCKY_8, **V1, CONFIG: KUBELET + setting})
    options = {"kubernetes": release} if release else {}

    assert [told(node, view, **options) for view in ("now", "boot")] == [expected, expected]


def test_the_flag_counts_as_the_setting_does_and_kubeadms_refusal_is_told(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {**V1, CONFIG: KUBELET, FLAGS: 'KUBELET_KUBEADM_ARGS="--fail-cgroupv1=false"\n'})
    (found,) = judge(cgroup_version, node, view="now", kubernetes="1.36")

    assert (found.status, found.severity) == ("fail", "warning")
    assert "SystemVerification" in found.message
    assert found.evidence[-1][:3] == (FLAGS, "line 1", "--fail-cgroupv1=false")


def test_an_unknown_release_names_the_one_that_refuses(tmp_path: Path) -> None:
    (found,) = judge(cgroup_version, write_tree(tmp_path, {**ROCKY_8, **V1}), view="now")

    assert (found.severity, "1.35" in found.message) == ("warning", True)


def test_the_kubelets_own_release_counts_where_it_is_later(tmp_path: Path) -> None:
    status = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.35.0-1.1\n"
    node = write_tree(tmp_path, {**V1, CONFIG: KUBELET, "/var/lib/dpkg/status": status})

    assert told(node, "now") == "fail error"
    assert told(node, "now", kubernetes="1.34") == "fail error"


@pytest.mark.parametrize(("word", "expected"), [("- fail-cgroupv1=false\n", "fail warning"), ("", "fail error")])
def test_the_kubelet_inside_k3s(tmp_path: Path, word: str, expected: str) -> None:
    config = "kubelet-arg:\n- max-pods=50\n" + word
    node = write_tree(tmp_path, {**V1, "/etc/rancher/k3s/config.yaml": config})

    assert told(node, "now", kubernetes="1.35") == expected


@pytest.mark.parametrize(
    ("hierarchy", "expected"),
    [
        ({"/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n"}, "fail error"),
        ({**V1, "/proc/cgroups": CGROUPS.format(0, 0)}, "fail error"),
        ({**V1, "/proc/cgroups": CGROUPS.format(5, 1)}, "pass"),
        ({**V1, "/proc/cgroups": CGROUPS.replace("memory", "misc").format(5, 1)}, "fail error"),
        ({**V1, "/proc/cgroups": ""}, "pass"),
        ({"/sys/fs/cgroup/cpu/tasks": ""}, "unknown"),
        ({"/sys/fs/cgroup/cpu/tasks": "", "/sys/fs/cgroup/memory": TreeDirectory()}, "unknown"),
        ({"/sys/fs/cgroup/cgroup.controllers": ""}, "unknown"),
    ],
)
def test_a_node_without_the_memory_controller(tmp_path: Path, hierarchy: dict[str, str], expected: str) -> None:
    assert told(write_tree(tmp_path, hierarchy), "now", kubernetes="1.30") == expected


@pytest.mark.parametrize(
    ("words", "now", "expected"),
    [
        ("cgroup_disable=memory", V2, "fail error"),
        ("cgroup_disable=cpu,memory", V2, "fail error"),
        ("cgroup_disable=pids", V2, "pass"),
        ("quiet -- cgroup_disable=memory", V2, "pass"),
        ("cgroup_disable=memory cgroup_enable=memory", {}, "unknown"),
        ("cgroup_disable=memory cgroup_enable=cpuset cgroup_enable=memory", V2, "pass"),
    ],
)
def test_the_memory_controller_of_the_next_boot(tmp_path: Path, words: str, now: dict[str, str], expected: str) -> None:
    node = write_tree(tmp_path, {**DEBIAN_13, **now, "/proc/cmdline": f"root=/dev/sda1 {words}\n"})

    assert told(node, "boot", kubernetes="1.34") == expected


@pytest.mark.parametrize(
    ("release", "words", "expected"),
    [
        ("ID=ubuntu\nVERSION_ID=24.10\n", f"{OPTION}=0", "fail error"),
        ("ID=ubuntu\nVERSION_ID=24.10\n", f"{OPTION}=0 {FORCE}=1", "fail warning"),
        ("ID=debian\nVERSION_ID=13\n", f"{OPTION}=0", "pass"),
        ("ID=debian\nVERSION_ID=13\n", f"{OPTION}=0 {FORCE}=1", "fail warning"),
        ("ID=fedora\nVERSION_ID=43\n", f"{OPTION}=0 {FORCE}=1", "pass"),
        ("ID=strange\n", "quiet", "unknown"),
        ("ID=strange\n", f"{OPTION}=0", "unknown"),
        ("", "quiet", "skip"),
        ("", "cgroup_disable=memory", "fail error"),
        ("", f"{OPTION}=0", "unknown"),
    ],
)
def test_the_next_boot_by_systemd(tmp_path: Path, release: str, words: str, expected: str) -> None:
    node = write_tree(tmp_path, {"/etc/os-release": release, "/proc/cmdline": f"root=/dev/sda1 {words}\n"})

    assert told(node, "boot", kubernetes="1.34") == expected


@pytest.mark.parametrize(
    ("config", "release", "expected"),
    [("", "1.30", "pass"), ("", "1.31", "unknown"), ("failCgroupV1: true\n", "1.30", "pass")],
)
def test_a_release_that_takes_both_need_not_know(tmp_path: Path, config: str, release: str, expected: str) -> None:
    node = write_tree(tmp_path, {"/etc/os-release": "ID=strange\n", CONFIG: KUBELET + config})

    assert told(node, "boot", kubernetes=release) == expected


def test_the_fix_turns_the_next_boot_over(tmp_path: Path) -> None:
    files = {**ROCKY_8, "/proc/cmdline": "root=/dev/sda1\n"}
    (before,) = judge(cgroup_version, write_tree(tmp_path / "a", files), view="boot", kubernetes="1.36")
    assert before.fix is not None
    assert before.fix.steps == (command("grubby", "--update-kernel=ALL", f"--args={OPTION}=1"),)

    files["/proc/cmdline"] = f"root=/dev/sda1 {OPTION}=1\n"
    assert told(write_tree(tmp_path / "b", files), "boot", kubernetes="1.36") == "pass"


def test_a_root_without_sys_and_one_without_cgroups(tmp_path: Path) -> None:
    assert_verdicts(judge(cgroup_version, write_tree(tmp_path / "a", ROCKY_8), view="now"), {"cgroup-version": "skip"})
    node = write_tree(tmp_path / "b", {"/sys/fs/cgroup/other": ""})

    assert_verdicts(judge(cgroup_version, node, view="now"), {"cgroup-version": "unknown"})


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, {**ROCKY_8, **HYBRID, "/proc/cgroups": CGROUPS.format(5, 1)}))
    first = judge(cgroup_version, recording, view="now", kubernetes="1.35")
    again = judge(cgroup_version, replay(recording.to_data()), view="now", kubernetes="1.35")

    assert_verdicts(again, {"cgroup-version": "fail"})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]


@pytest.mark.parametrize(("word", "told"), [("init=/bin/sh", "init=/bin/sh mounts"), ("rdinit=/x", "rdinit=/x starts")])
def test_what_boots_in_place_of_the_init_system_mounts_what_it_likes(tmp_path: Path, word: str, told: str) -> None:
    files = {**DEBIAN_13, "/proc/cmdline": f"ro {word}\n", "/usr/bin/sh": "", "/bin/sh": ""}
    (found,) = judge(cgroup_version, write_tree(tmp_path, files), view="boot", kubernetes="1.36")

    assert found.status == "unknown"
    assert f"what {told} is not known" in found.message


def test_the_result_names_whose_rule_counted(tmp_path: Path) -> None:
    package = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.33.5-1.1\n\n"
    node = write_tree(debian_node(tmp_path), {"/var/lib/dpkg/status": package, "/sys/fs/cgroup/memory/tasks": ""})
    (node / "sys/fs/cgroup/cgroup.controllers").unlink()
    for asked, rule in (("1.36", "1.36"), ("1.30", "1.33"), ("1.34", None)):
        (found,) = judge("cgroup-version", node, kubernetes=asked, view="now").results
        told = f"Kubernetes {asked} is asked for, and the kubelet on this node is 1.33"
        assert found.notes == (() if rule is None else (f"by the rule of Kubernetes {rule}, the later: {told}",))
