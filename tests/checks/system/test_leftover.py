"""What another cluster left behind, as kubeadm's preflight checks ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.facts import Leftovers, NodePhase, Target
from nodecheck.facts.cluster.leftovers import ETCD_DATA, FILES, FOLDERS, MANIFESTS
from nodecheck.host.root import RootHost
from nodecheck.testing import Entry, TreeLink, assert_verdicts, run, write_tree
from nodecheck_checks.system.leftover import leftover, rows
from tests.healthy.nodes import healthy_node

API_SERVER, ETCD = f"{MANIFESTS}/kube-apiserver.yaml", f"{MANIFESTS}/etcd.yaml"
PODS = {API_SERVER, f"{MANIFESTS}/kube-controller-manager.yaml", f"{MANIFESTS}/kube-scheduler.yaml", ETCD}
KUBECONFIGS = {"/etc/kubernetes/kubelet.conf", "/etc/kubernetes/bootstrap-kubelet.conf"}
CA = "/etc/kubernetes/pki/ca.crt"
ALL = {*FILES, *FOLDERS}


def found(root: Path, **asked: str) -> dict[str, tuple[str, str]]:
    report = run(root, select=["leftover"], **asked)
    return {str(item.subject): (item.status.value, item.severity.value) for item in report.results}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"phase": "install", "role": "control-plane"}, {*PODS, ETCD_DATA}),
        ({"phase": "join", "role": "control-plane"}, {*PODS, ETCD_DATA, *KUBECONFIGS}),
        ({"phase": "install", "role": "worker"}, {*PODS, *KUBECONFIGS, CA}),
        ({"phase": "join", "role": "worker", "kubernetes": "1.22"}, {*PODS, *KUBECONFIGS, CA, MANIFESTS}),
        ({"phase": "join", "role": "worker", "kubernetes": "1.23"}, {*PODS, *KUBECONFIGS, CA}),
        ({"phase": "install"}, PODS),
    ],
)
def test_what_is_asked_is_what_kubeadm_asks(tmp_path: Path, asked: dict[str, str], expected: set[str]) -> None:
    empty = found(write_tree(tmp_path, {"/etc/hostname": "x\n"}), **asked)
    assert set(empty) == expected
    assert {status for status, _ in empty.values()} == {"pass"}


@pytest.mark.parametrize("path", sorted(ALL))
@pytest.mark.parametrize("role", ["control-plane", "worker"])
def test_each_alone_fails_where_it_is_asked(tmp_path: Path, path: str, role: str) -> None:
    inside = f"{path}/member" if path in FOLDERS else path
    asked = {"phase": "join", "role": role, "kubernetes": "1.22"}
    before = found(write_tree(tmp_path / "a", {"/etc/hostname": "x\n"}), **asked)
    after = found(write_tree(tmp_path / "b", {inside: "x\n"}), **asked)
    inside_manifests = {MANIFESTS} if path.startswith(MANIFESTS) else set()
    assert {name for name, (status, _) in after.items() if status == "fail"} == {path, *inside_manifests} & set(before)


@pytest.mark.parametrize(("role", "severity"), [("control-plane", "error"), ("worker", "warning"), (None, "warning")])
def test_a_pod_of_a_control_plane(tmp_path: Path, role: str | None, severity: str) -> None:
    table = {row.name: row for row in rows(Target(role=role), NodePhase("install"))}
    assert table[API_SERVER].severity.value == severity


@pytest.mark.parametrize(
    ("names", "status"),
    [((), "pass"), (("lost+found",), "pass"), (("member",), "fail"), (("lost+found", "member"), "fail")],
)
def test_the_directory_of_etcd(tmp_path: Path, names: tuple[str, ...], status: str) -> None:
    (tmp_path / "var/lib/etcd").mkdir(parents=True)
    for name in names:
        (tmp_path / "var/lib/etcd" / name).mkdir()
    assert found(tmp_path, phase="install", role="control-plane")[ETCD_DATA] == (status, "error")


def test_a_file_in_the_place_of_a_directory_is_left_over(tmp_path: Path) -> None:
    write_tree(tmp_path, {ETCD_DATA: "x\n"})
    assert found(tmp_path, phase="install", role="control-plane")[ETCD_DATA][0] == "fail"


def test_what_cannot_be_looked_at_is_unknown_and_hides_nothing_else(tmp_path: Path) -> None:
    tree: dict[str, Entry | str | bytes] = {CA: TreeLink("ca.crt"), "/etc/kubernetes/kubelet.conf": "x\n"}
    by_path = found(write_tree(tmp_path, tree), phase="join", role="worker")
    assert (by_path[CA][0], by_path["/etc/kubernetes/kubelet.conf"][0]) == ("unknown", "fail")
    assert by_path[API_SERVER][0] == "pass"


@pytest.mark.parametrize("phase", ["image", "upgrade", "steady"])
def test_a_member_of_a_cluster_has_them_rightly(tmp_path: Path, phase: str) -> None:
    report = run(write_tree(tmp_path, {API_SERVER: "x\n"}), select=["leftover"], phase=phase)
    (result,) = report.results
    assert (result.status, result.cause and result.cause.code) == ("skip", "not-selected-phase")


@pytest.mark.parametrize("name", ["debian-12", "k3s"])
def test_a_healthy_node_is_none_to_install(name: str, tmp_path: Path) -> None:
    assert_verdicts(run(healthy_node(name, tmp_path), select=["leftover"]), {"leftover": "skip"})


def test_the_fix_makes_it_pass(tmp_path: Path) -> None:
    """``kubeadm reset`` empties the directory of etcd, and removes the files."""
    write_tree(tmp_path, {API_SERVER: "x\n", f"{ETCD_DATA}/member/snap/db": "x\n"})
    seen, node = Leftovers.read(RootHost(str(tmp_path))), Target(role="control-plane")
    fixes = [item.fix for item in leftover(seen, node, lambda: NodePhase("install")) if item.fix is not None]
    assert [step.kind for fix in fixes for step in fix.steps] == ["manual", "manual"]
    (tmp_path / API_SERVER[1:]).unlink()
    (tmp_path / "var/lib/etcd/member/snap/db").unlink()
    (tmp_path / "var/lib/etcd/member/snap").rmdir()
    (tmp_path / "var/lib/etcd/member").rmdir()
    assert {status for status, _ in found(tmp_path, phase="install", role="control-plane").values()} == {"pass"}
