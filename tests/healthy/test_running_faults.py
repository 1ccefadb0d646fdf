"""One fault of what only a running node shows, or of its runtime's files, makes its check fail, and no other error.

The healthy node is recorded as one that runs: what statvfs and stat answer is that of a disk with room and of
directories that are open. A fault changes one answer, or one file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nodecheck import Report
from nodecheck.testing import TreeDirectory, record, replay, run, write_tree
from tests.healthy.nodes import healthy_node
from tests.healthy.setups import SETUPS

KUBELET, IMAGES, ETCD, LOG = "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/etcd", "/var/log"
CONFIG = "etc/containerd/config.toml"
GIB = 1 << 30  # bytes
CHECKS = ("disk-free", "inodes-free", "path-access", "runtime-config", "cgroup-driver", "runtime-socket", "service")


def recorded(root: Path, change: dict[str, dict[str, int]]) -> Report:
    """The report of a running node of these files: 100 GiB and a million inodes at each path, but for what changes."""
    options: dict[str, Any] = {"kubernetes": SETUPS["debian-12"].kubernetes, "role": "control-plane"}
    recording = record(write_tree(root, {f"{IMAGES}/io.containerd.snapshotter.v1.overlayfs/metadata.db": ""}))
    recording.running = True
    run(recording, select=CHECKS, **options)
    data = json.loads(json.dumps(recording.to_data()))
    for answer in data["answers"]:
        kind, *words = answer["question"]
        if kind == "statvfs" and "Space" in answer["answer"]:
            space = answer["answer"]["Space"]
            space.update(fragment_bytes=GIB, blocks=100, blocks_free=90, blocks_available=80)
            space.update(inodes=10**6, inodes_free=10**6, inodes_available=10**6)
            space.update(change.get(words[0], {}))
    return run(replay(data), select=CHECKS, **options)


def errors(report: Report) -> frozenset[str]:
    return frozenset([one.id for one in report if str(one.status) == "fail" and str(one.severity) == "error"])


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = healthy_node("debian-12", tmp_path_factory.mktemp("healthy"))
    root.chmod(0o755)
    return recorded(root, {})


def _edited(old: str, new: str) -> Callable[[Path], None]:
    def fault(root: Path) -> None:
        text = (root / CONFIG).read_text()
        assert old in text
        (root / CONFIG).write_text(text.replace(old, new, 1))

    return fault


def _shut(root: Path) -> None:
    write_tree(root, {"/var": TreeDirectory(0o700)})


def _nothing(root: Path) -> None:
    """The files are as they were."""


BOTH = frozenset({"runtime-config[containerd]", "runtime-config[containerd]@boot"})
SHUT = frozenset({f"path-access[{path}]" for path in (KUBELET, IMAGES, ETCD)})
"""Errors of a directory above them that is shut."""

FAULTS: dict[str, tuple[Callable[[Path], None], dict[str, dict[str, int]], frozenset[str]]] = {
    "disk-free of the kubelet, though root has room": (
        _nothing, {KUBELET: {"blocks_available": 5}}, frozenset({f"disk-free[{KUBELET}]"}),
    ),
    "disk-free of images": (_nothing, {IMAGES: {"blocks_available": 5}}, frozenset({f"disk-free[{IMAGES}]"})),
    "inodes-free of the kubelet": (
        _nothing, {KUBELET: {"inodes_available": 10_000}}, frozenset({f"inodes-free[{KUBELET}]"}),
    ),
    "path-access": (_shut, {}, SHUT),
    "runtime-config, an import that is gone": (_edited("imports = []", 'imports = ["/nosuch.toml"]'), {}, BOTH),
    "runtime-config, no TOML": (_edited("imports = []", "imports = ["), {}, BOTH),
    "runtime-config, a type": (_edited("oom_score = 0", 'oom_score = "0"'), {}, BOTH),
}  # fmt: skip
"""What changes, what statvfs answers, and the errors that come of it."""


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_fails_its_check_and_no_other(tmp_path: Path, healthy: Report, name: str) -> None:
    change, answers, expected = FAULTS[name]
    root = healthy_node("debian-12", tmp_path)
    root.chmod(0o755)
    change(root)

    assert errors(recorded(root, answers)) - errors(healthy) == expected


def test_the_node_without_a_fault_passes(healthy: Report) -> None:
    found = {one.id: str(one.status) for one in healthy}

    for one in (f"disk-free[{KUBELET}]", f"inodes-free[{KUBELET}]", f"path-access[{KUBELET}]", *BOTH):
        assert found[one] == "pass", one
    assert [one for one in errors(healthy) if one.startswith(CHECKS[:4])] == []
