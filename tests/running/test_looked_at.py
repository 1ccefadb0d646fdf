"""Digests of what verdicts rest on: another where it changed, the same however often it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.running.engine import run
from nodecheck.running.looked_at import LARGEST, Digests
from nodecheck.running.request import prepared
from nodecheck.testing import write_tree
from tests.live_tree import LiveTree
from tests.nodes import debian_node


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(debian_node(tmp_path), {"boot/grub/grubenv": grubenv("saved_entry=0", "boot_success=0")})


def digests(tree: Path, select: str = "swap") -> dict[str, str]:
    host, registry, request = prepared(
        root=None, profile="kubernetes", role=None, kubernetes=None, proxy_mode=None, cni=None, select=[select],
        ignore=(), view=None, fail_on=None, timeout=30.0, waivers=(), host=LiveTree(tree),
    )  # fmt: skip
    found: dict[str, str] = {}
    run(host, registry, request._replace(digests=found))
    return found


def test_each_result_of_the_boot_view_has_one(tree: Path) -> None:
    assert list(digests(tree)) == ["swap@boot"]
    assert len(set(digests(tree, "sysctl").values())) >= 1


def rewritten(path: str) -> Callable[[Path], object]:
    def act(tree: Path) -> None:
        content = (tree / path).read_bytes()
        (tree / path).unlink()
        (tree / path).write_bytes(content)

    return act


def retargeted(tree: Path) -> None:
    link = tree / "etc/systemd/system/default.target"
    link.unlink()
    link.symlink_to("/usr/lib/systemd/system/rescue.target")


def grubenv(*lines: str) -> str:
    """An environment block, which has 1024 bytes."""
    text = "\n".join(["# GRUB Environment Block", *lines, ""])
    return text + "#" * (1024 - len(text))


SAME: dict[str, Callable[[Path], object]] = {
    "a file with the same content": rewritten("etc/fstab"),
    "the present": lambda tree: (tree / "proc/swaps").unlink(),
    "a unit in /run": lambda tree: write_tree(tree, {"run/systemd/system/x.swap": "[Swap]\n"}),
    "what nobody reads": lambda tree: write_tree(tree, {"etc/motd": "hello\n"}),
    "how boots went": lambda tree: write_tree(tree, {"boot/grub/grubenv": grubenv("saved_entry=0", "boot_success=1")}),
    "times": lambda tree: os.utime(tree / "etc/fstab", (1, 1)),
}
OTHER: dict[str, Callable[[Path], object]] = {
    "a line more": lambda tree: write_tree(tree, {"etc/fstab": "/dev/sdb none swap sw 0 0\n"}),
    "no file": lambda tree: (tree / "etc/fstab").unlink(),
    "a unit": lambda tree: write_tree(tree, {"etc/systemd/system/x.swap": "[Swap]\n"}),
    "a drop-in": lambda tree: write_tree(tree, {"etc/systemd/system/kubelet.service.d/a.conf": "[Unit]\n"}),
    "another target": retargeted,
    "another entry": lambda tree: write_tree(tree, {"boot/grub/grubenv": grubenv("saved_entry=1", "boot_success=0")}),
}


@pytest.mark.parametrize("act", SAME.values(), ids=SAME)
def test_what_is_the_same_has_the_same(tree: Path, act: Callable[[Path], object]) -> None:
    before = digests(tree)
    act(tree)

    assert digests(tree) == before


@pytest.mark.parametrize("act", OTHER.values(), ids=OTHER)
def test_what_changed_has_another(tree: Path, act: Callable[[Path], object]) -> None:
    before = digests(tree)
    act(tree)

    assert digests(tree) != before


def test_large_files_count_by_size_and_time_and_none_are_read_whole(tmp_path: Path) -> None:
    host = LiveTree(write_tree(tmp_path, {"large": b"x" * (LARGEST + 1)}))
    first = Digests(host).of([("read", "/large")])
    with open(tmp_path / "large", "r+b") as file:
        file.write(b"y")

    assert Digests(host).of([("read", "/large")]) != first
    assert Digests(host).of([("read", "/nothing")]) != Digests(host).of([("read", "/none")])
