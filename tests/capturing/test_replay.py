"""A capture has the verdicts of its node: for any role, release and profile, and whatever lies in its tree."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed, read_capture
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import Origin
from nodecheck.capturing.recorder import ImageRecorder
from nodecheck.capturing.text import dumped
from nodecheck.errors import NotCaptured
from nodecheck.host import open_host
from nodecheck.plugins import load
from nodecheck.testing import TreeLink, comparable, run, write_tree
from tests.capturing.alike import differences, options
from tests.capturing.mutate import spoilt
from tests.fix.test_corpus import roots as corpus_roots
from tests.live_tree import LiveTree
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

SEED = int(os.environ.get("NODECHECK_SEED", "1"))
"""Of the trees and combinations that are drawn; ``python -m tests.capturing`` takes all of them."""

PARTS = 4
SPOILT = 12
"""Trees with something odd that each part looks at."""


@pytest.mark.parametrize("build", [debian_node, rocky_node, reference_node])
def test_a_scratch_node(tmp_path: Path, build: object) -> None:
    assert list(differences(build(tmp_path), options(SEED, 12))) == []  # type: ignore[operator]


def test_the_live_node() -> None:
    found = list(differences(None, options(SEED, 3)))
    room = (" MiB (", " inodes (")  # what is free on a disk may change from look to look
    assert [line for line in found if not any(mark in line for mark in room)] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_trees_of_the_corpus(corpus: Path, part: int) -> None:
    roots = random.Random(SEED).sample(corpus_roots(corpus), 10 * PARTS)[part::PARTS]
    assert [f"{root}: {line}" for root in roots for line in differences(root, options(SEED, 3))] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_trees_with_something_odd(corpus: Path, tmp_path: Path, part: int) -> None:
    made = [build(tmp_path / build.__name__) for build in (debian_node, rocky_node)]
    sources = [*made, *corpus_roots(corpus)]
    chance = random.Random(SEED * 1000 + part)
    for number in range(SPOILT):
        target = tmp_path / f"odd{number}"
        seed = chance.randrange(1 << 30)
        told = spoilt(chance.choice(sources), target, seed)
        assert [f"{seed}: {told}: {line}" for line in differences(target, options(seed, 2))] == []


@pytest.mark.parametrize("since", [False, True])
def test_a_capture_holds_what_the_node_is_witness_of(tmp_path: Path, since: bool) -> None:
    """Swap of nobody: unexplained, unless something that the verdict rests on changed since the boot."""
    node = debian_node(tmp_path)
    (node / "proc/swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n/swapfile file 524284 0 -2\n")
    host = LiveTree(node)
    if since:
        (node / "etc/systemd/system/new.timer").write_text("[Timer]\nOnCalendar=daily\n")
    replay = read_capture(packed(captured(host, load())), "a capture")
    here, there = run(host, select=["swap"]), run(replay, select=["swap"])

    assert here["swap@boot"].status == ("pass" if since else "unknown")
    assert comparable(here) == comparable(there)


def test_what_a_capture_lacks_of_the_witness_is_no_pass(tmp_path: Path) -> None:
    node = debian_node(tmp_path)
    (node / "proc/swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n/swapfile file 524284 0 -2\n")
    image = captured(LiveTree(node), load())
    for path in ("/etc", "/etc/fstab"):
        image.entries[path].info = None
    found = run(CaptureHost(image, "a capture"), select=["swap"])["swap@boot"]

    assert (found.status, found.cause and found.cause.code) == ("unknown", "not-captured")


def test_a_file_that_is_too_large_for_a_capture_is_not_captured(tmp_path: Path) -> None:
    node = debian_node(tmp_path)
    status = node / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True, exist_ok=True)
    status.write_bytes(b"Package: a\nStatus: install ok installed\nDescription: " + b"x" * (9 << 20) + b"\n\n")
    replay = read_capture(packed(captured(open_host(str(node)), load())), "a capture")

    assert replay.stat("/var/lib/dpkg/status").size > 9 << 20
    with pytest.raises(NotCaptured):
        replay.read("/var/lib/dpkg/status", 32 << 20)


def test_a_thread_that_hangs_leaves_the_capture_alone(tmp_path: Path) -> None:
    host = open_host(str(debian_node(tmp_path)))
    recorder = ImageRecorder(host, Origin("", "", False, False, False, "/", ()))
    recorder.read("/etc/fstab")
    image = recorder.finished()
    before = dumped(image)
    recorder.read("/etc/hosts")

    assert dumped(image) == before


@pytest.mark.parametrize("held", [False, True])
def test_a_link_through_the_null_device_leads_where_it_does_in_the_root(held: bool, tmp_path: Path) -> None:
    """A root without /dev holds nothing there; in one with the device the name is below no directory."""
    write_tree(tmp_path, {"/etc/os-release": TreeLink("/aside/x"), "/aside": TreeLink("/dev/null")})
    if held:
        if os.getuid() != 0:
            pytest.skip("only root makes devices")
        (tmp_path / "dev").mkdir()
        os.mknod(tmp_path / "dev/null", 0o20666, os.makedev(1, 3))
    here, there = nodecheck.run(root=tmp_path), nodecheck.run(capture=nodecheck.capture(root=tmp_path))
    said = [[(item.id, item.status, item.message) for item in report.results] for report in (here, there)]
    assert said[0] == said[1]
