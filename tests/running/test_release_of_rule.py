"""The result names whose rule counted, where the release that was asked for and the node's kubelet differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import judge, run, write_tree
from tests.nodes import debian_node

PACKAGE = "Package: kubelet\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}-1.1\n\n"


def node(folder: Path, kubelet: str) -> Path:
    return write_tree(debian_node(folder), {"/var/lib/dpkg/status": PACKAGE.format(kubelet)})


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        (
            "1.36",
            "by the rule of Kubernetes 1.36 (kernel: 5.4|5.10|5.15|>=6.0);"
            " for the kubelet on this node, 1.33, it is another (kernel: >=4.19)",
        ),
        (
            "1.31",
            "by the rule of Kubernetes 1.31 (kernel: >=3.10);"
            " for the kubelet on this node, 1.33, it is another (kernel: >=4.19)",
        ),
        ("1.32", None),  # the same rule
        ("1.33.9", None),
    ],
)
def test_the_kernels_rule(tmp_path: Path, asked: str, note: str | None) -> None:
    found = judge("kernel-version", node(tmp_path, "1.33.5"), kubernetes=asked)["kernel-version"]
    assert found.notes == (() if note is None else (note,))


def test_each_subject_has_its_own(tmp_path: Path) -> None:
    found = run(node(tmp_path, "1.32.1"), select=["command"], kubernetes="1.36")
    assert "(losetup: " in found["command[losetup]"].notes[0]
    assert found["command[losetup]"].notes[0].endswith("1.32, it is another (nothing)")
    assert found["command[mount]"].notes == ()


def test_where_nobody_asked_for_a_release_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\nkubernetes = "1.36"\n'
    )
    root = node(tmp_path / "node", "1.33.5")
    for options in ({}, {"profile": str(tmp_path / "p.toml")}):
        assert run(root, select=["kernel-version"], **options)["kernel-version"].notes == ()


def test_it_is_no_evidence_and_no_part_of_the_fingerprint(tmp_path: Path) -> None:
    one = judge("kernel-version", node(tmp_path / "a", "1.33.5"), kubernetes="1.36")["kernel-version"]
    other = judge("kernel-version", node(tmp_path / "b", "1.36.0"), kubernetes="1.36")["kernel-version"]
    assert one.notes != other.notes
    assert (one.fingerprint, one.evidence) == (other.fingerprint, other.evidence)
