"""One node, one report: whatever Python's hash seed is, and whichever other checks run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CORPUS
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node, write

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ("0", "1", "2", "3")


def troubled(root: Path) -> Path:
    """A node with much that fails or cannot be read: more sources than one fact keeps, and errors among them."""
    debian_node(root)
    for number in range(40):
        write(
            root, f"etc/sysctl.d/{number:02}-x.conf", f"net.ipv4.ip_forward = {number % 2}\nvm.swappiness = {number}\n"
        )
        write(root, f"etc/systemd/system/own-{number}.service", f"[Service]\nExecStart=/sbin/modprobe m{number}\n")
        link = root / f"etc/systemd/system/multi-user.target.wants/own-{number}.service"
        link.symlink_to(f"/etc/systemd/system/own-{number}.service")
    write(root, "etc/fstab", "/dev/sda2 none swap sw 0 0\n/dev/sda3 none swap sw 0 0\n")
    write(root, "etc/hosts", "192.0.2.9 node1 NODE1 a b c d e f\n192.0.2.8 a b c d e f\n")
    (root / "etc/containerd/config.toml").unlink()
    (root / "etc/containerd/config.toml").mkdir()
    (root / "usr/bin/kubelet").unlink()
    (root / "usr/bin/kubelet").symlink_to("kubelet")
    return root


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of nodes: those of the builders, and roots of real systems where the corpus is there."""
    base = tmp_path_factory.mktemp("alike")
    listed = [(reference_node(base / "centos7"), "centos7-kubeadm-1.17")]
    listed += [(build(base / build.__name__), "kubernetes") for build in (debian_node, rocky_node, troubled)]
    listed.append((base / "centos7", "kubernetes"))
    real = sorted((CORPUS / "09-host-roots/files").glob("*/"))[:4]
    listed += [(root, "kubernetes") for root in real]
    (base / "nodes.json").write_text(json.dumps([(str(root), profile) for root, profile in listed]))
    return base / "nodes.json"


def told(nodes: Path, seed: str, *words: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.alike", *words, str(nodes)],
        cwd=ROOT, capture_output=True, check=True, env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def whole(nodes: Path) -> list[dict[str, Any]]:
    return told(nodes, SEEDS[0])


@pytest.mark.parametrize("seed", SEEDS[1:])
def test_the_hash_seed_changes_nothing(nodes: Path, whole: list[dict[str, Any]], seed: str) -> None:
    found = told(nodes, seed)
    assert len(found) == len(whole)
    for one, other in ((one, found[place]) for place, one in enumerate(whole)):
        assert one.keys() == other.keys()
        for identity, result in one.items():
            assert result == other[identity], identity


def test_a_check_says_alone_what_it_says_among_others(nodes: Path, whole: list[dict[str, Any]]) -> None:
    found = told(nodes, SEEDS[1], "--alone")
    assert len(found) == len(whole)
    for together, alone in ((one, found[place]) for place, one in enumerate(whole)):
        assert len(alone) > 20
        for identity, result in alone.items():
            assert result == together.get(identity), identity
        assert {identity for identity in together if not identity.startswith("waiver[")} <= alone.keys()


def test_the_list_has_all_verdicts(whole: list[dict[str, Any]]) -> None:
    assert {result["status"] for node in whole for result in node.values()} >= {"pass", "fail", "unknown", "skip"}
