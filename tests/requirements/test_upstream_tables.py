"""Each table that was taken from an upstream project's tests is held by one of ours, or differs for a reason.

Those that a check's own tests hold are named with their file; the rest are held here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodecheck.errors import ParseError
from nodecheck.facts.swap.swaps import parse_swaps
from nodecheck.formats.versions import parse_version
from nodecheck.testing import Entry, TreeFile, judge, write_tree
from nodecheck_checks.system.command_table import NEEDS

TABLES = "10-upstream-tables"
TESTS = Path(__file__).parents[1]

ELSEWHERE = {
    "cgroup-parse": "checks/cgroups/test_cgroup_controller.py",
    "kubelet-proc-swaps": "checks/swap/test_swap.py",
    "sysval-cgroup-subsystems": "checks/cgroups/test_cgroup_controller.py",
    "sysval-kernel-config": "checks/kernel/test_kernel_config.py",
    "sysval-kernel-version": "checks/kernel/test_kernel_version.py",
}
HERE = (
    "kubeadm-kubelet-version",
    "kubeadm-linux-binaries",
    "procfs-swap-line",
    "sysval-cgroup-mountpoint",
    "sysval-cgroupv1-kubelet",
)
DIFFER = {
    "kubeadm-http-proxy": "TestHTTPProxyCheck",
    "kubeadm-ignore-set": "TestSetHasItemOrAll",
    "kubeadm-k8s-version": "TestKubernetesVersionCheck",
    "sysval-docker": "docker_validator_test.go",
    "sysval-os": "os_validator_unix_test.go",
    "sysval-package": "package_validator_test.go",
}
"""Tables that are not held, and by what name ``docs/compared.md`` says why."""


def cases(corpus: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((corpus / TABLES / f"{table}.json").read_text())["cases"]
    assert found
    return found


def test_no_table_is_left_out(corpus: Path) -> None:
    there = {path.stem for path in (corpus / TABLES).glob("*.json")} - {"manifest"}

    assert there == {*ELSEWHERE, *HERE, *DIFFER}
    for table, path in ELSEWHERE.items():
        assert f"{table}.json" in (TESTS / path).read_text(), table
    page = (TESTS.parent / "docs/compared.md").read_text()
    assert [name for name in DIFFER.values() if f"`{name}`" not in page] == []


def test_lines_of_proc_swaps(corpus: Path) -> None:
    head = "Filename Type Size Used Priority\n"
    for case in cases(corpus, "procfs-swap-line"):
        wanted = case["expected"]
        if wanted == "error":
            with pytest.raises(ParseError):
                parse_swaps(f"{head}{case['input']}\n")
            continue
        (area,) = parse_swaps(f"{head}{case['input']}\n").areas
        assert (area.path, area.kind, area.size_kib) == (wanted["Filename"], wanted["Type"], wanted["Size"])


def test_kubelets_that_refuse_cgroup_v1(corpus: Path, tmp_path: Path) -> None:
    """Upstream asks of 1.35 and later; the verdict on a node of v1 follows it."""
    asked = [*cases(corpus, "sysval-cgroupv1-kubelet"), {"input": "1.35.0", "expected": True}]
    for case in asked:
        root = write_tree(tmp_path / (case["input"] or "none"), _v1(case["input"]))
        (found,) = judge("cgroup-version", root, view="now", kubernetes=case["input"] or "1.34")

        refused = found.status == "fail" and found.severity == "error"
        assert refused is case["expected"], (case, found.message)


def _v1(kubelet: str) -> dict[str, Entry]:
    files: dict[str, Entry] = {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("cpu", "memory", "systemd")}
    if kubelet:
        package = f"Package: kubelet\nStatus: install ok installed\nVersion: {kubelet}-1.1\n\n"
        files = {**files, "/usr/bin/kubelet": TreeFile("\x7fELF", 0o755), "/var/lib/dpkg/status": package}
    return files


_MOUNTED: dict[str, tuple[dict[str, Entry], str]] = {
    "cgroups v1": ({"/sys/fs/cgroup/memory/tasks": "", "/sys/fs/cgroup/cpu/tasks": ""}, "v1"),
    "multiple cgroups v1 and v2": (
        {
            "/sys/fs/cgroup/cpuset/tasks": "",
            "/sys/fs/cgroup/memory/tasks": "",
            "/sys/fs/cgroup/unified/cgroup.procs": "",
        },
        "hybrid",
    ),
    "cgroups v2": ({"/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n"}, "v2"),
    "cgroups using tmpfs, v1": (
        {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("systemd", "net_cls,net_prio", "blkio", "memory")},
        "v1",
    ),
}
"""What the mounts of each case make of the directory; nodecheck looks there, and not into /proc/mounts."""


def test_what_is_mounted(corpus: Path, tmp_path: Path) -> None:
    """kubeadm takes a hybrid for v2, because a cgroup2 is mounted; its controllers are those of v1 here."""
    for number, case in enumerate(cases(corpus, "sysval-cgroup-mountpoint")):
        files, version = _MOUNTED[case["input"]["name"]]
        (found,) = judge("cgroup-version", write_tree(tmp_path / str(number), files), view="now", kubernetes="1.30")

        assert str(found.actual).split(" ")[0] == version, found.message
        upstream = case["expected"].get("cgroups_v2", False)
        assert (version == "v2") is upstream or version == "hybrid"


def test_programs_that_kubeadm_demands(corpus: Path) -> None:
    """``touch`` is the only one that kubeadm would warn of, and no component of a node runs it."""
    for case in cases(corpus, "kubeadm-linux-binaries"):
        name, _, of = case["input"].partition(" ")
        release = (1, 31) if of else (1, 32)
        rows = [row for row in NEEDS if row.name == name and row.covers(release)]

        assert any(str(row.severity) == "error" for row in rows) is case["expected"]["mandatory"], case


@pytest.mark.parametrize("number", range(3))
def test_the_kubelet_beside_the_control_plane(corpus: Path, tmp_path: Path, number: int) -> None:
    """kubeadm's table is of its release 1.12; the same distances are judged of a release that is still there."""
    case = cases(corpus, "kubeadm-kubelet-version")[number]
    kubelet = parse_version(case["input"]["kubelet"])
    assert kubelet is not None
    oldest = 9  # of kubeadm 1.12: MinimumKubeletVersion 1.9 for a control plane of 1.10
    too_old = kubelet.numbers[1] < oldest
    assert too_old is case["expected"]["error"]
    behind = oldest - kubelet.numbers[1] if too_old else 0
    asked, installed = (1, 34), (1, 34 - 3 - behind if too_old else 34)
    package = f"Package: kubelet\nStatus: install ok installed\nVersion: {installed[0]}.{installed[1]}.0-1.1\n\n"
    files: dict[str, Entry] = {"/usr/bin/kubelet": TreeFile("\x7fELF", 0o755), "/var/lib/dpkg/status": package}
    release = f"{asked[0]}.{asked[1]}"
    found = judge("version-skew", write_tree(tmp_path, files), view="now", kubernetes=release)

    assert any(one.status == "fail" for one in found) is case["expected"]["error"], [one.message for one in found]
