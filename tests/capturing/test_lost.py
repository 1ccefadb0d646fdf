"""Whatever is lost of a capture, nothing passes that the node does not have: it is unknown."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import read_capture
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.image import Failure, Image, PathEntry
from nodecheck.capturing.parse import parsed
from nodecheck.capturing.text import dumped
from nodecheck.errors import CaptureError
from nodecheck.host import open_host
from nodecheck.plugins import load
from nodecheck.testing import run
from tests.capturing.hostile import summed
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node

SEED = int(os.environ.get("NODECHECK_SEED", "1"))
ROUNDS = int(os.environ.get("NODECHECK_ROUNDS", "25"))
"""Captures that have lost something, of each node and for each of two kinds of nodes."""

ASKED: tuple[dict[str, Any], ...] = ({}, {"role": "worker", "kubernetes": "1.34"})


class Walked(CaptureHost):
    """A capture that notes which of its entries matter to a run: those on the way to what is asked."""

    def __init__(self, image: Image) -> None:
        super().__init__(image, "a capture")
        self.ways: set[str] = set()

    def _walked(self, path: str, follow: bool) -> tuple[str, PathEntry] | Failure | None:
        found = super()._walked(path, follow)
        for way in (path, found[0] if isinstance(found, tuple) and not isinstance(found, Failure) else path):
            while way:
                self.ways.add(way)
                way = way.rpartition("/")[0]
        return found


def lose_entry(image: Image, path: str) -> None:
    del image.entries[path]


def lose_listing(image: Image, path: str) -> None:
    entry = image.entries[path]
    entry.names, entry.tells_links = None, False


def lose_content(image: Image, path: str) -> None:
    entry = image.entries[path]
    entry.content, entry.ranges = None, ()


def lose_details(image: Image, path: str) -> None:
    entry = image.entries[path]
    entry.over = None
    entry.failures.clear()


def lose_time(image: Image, path: str) -> None:
    entry = image.entries[path]
    entry.info = None if entry.info is None else entry.info._replace(changed_ns=None)


def lose_answer(image: Image, path: str) -> None:
    if image.answers:
        keys = sorted(image.answers, key=repr)
        del image.answers[keys[len(path) * 7919 % len(keys)]]


WAYS: tuple[Callable[[Image, str], None], ...] = (
    lose_entry, lose_entry, lose_listing, lose_content, lose_details, lose_time, lose_answer
)  # fmt: skip


def statuses(host: CaptureHost, asked: dict[str, Any]) -> dict[str, str]:
    return {item.id: item.status.value for item in run(host, **asked).results}


def false_passes(raw: bytes, seed: int, asked: dict[str, Any]) -> list[str]:
    """What passes by a capture that lost something, and does not by the whole one."""
    host = Walked(parsed(raw, "a capture"))
    before, chance = statuses(host, asked), random.Random(seed)
    found = []
    for _ in range(ROUNDS):
        image, lost = parsed(raw, "a capture"), []
        for _ in range(chance.choice((1, 1, 2, 5, 25))):
            path = chance.choice([way for way in sorted(host.ways) if way in image.entries])
            way = chance.choice(WAYS)
            way(image, path)
            lost.append(f"{way.__name__} {path}")
        after = statuses(read_capture(dumped(image), "a capture"), asked)
        found += [f"{name}: {lost}" for name, status in after.items() if status == "pass" != before.get(name)]
    return found


def capture_of(root: Path | None) -> bytes:
    return dumped(captured(open_host(None if root is None else str(root)), load()))


@pytest.mark.parametrize("build", [debian_node, rocky_node, reference_node])
def test_of_a_scratch_node(tmp_path: Path, build: Callable[[Path], Path]) -> None:
    raw = capture_of(build(tmp_path))
    assert [line for asked in ASKED for line in false_passes(raw, SEED, asked)] == []


def test_of_the_live_node() -> None:
    assert false_passes(capture_of(None), SEED, {}) == []


@pytest.mark.parametrize("part", range(3))
def test_of_a_tree_of_the_corpus(corpus: Path, part: int) -> None:
    root = random.Random(SEED).sample(corpus_roots(corpus), 3)[part]
    assert [line for asked in ASKED for line in false_passes(capture_of(root), SEED, asked)] == []


def test_each_line_that_goes_is_seen(tmp_path: Path) -> None:
    """A line of a file, or a name of a listing, which nothing else would tell."""
    raw = capture_of(debian_node(tmp_path))
    lines = raw.split(b"\n")
    chance = random.Random(SEED)
    for at in chance.sample(range(1, len(lines) - 1), 200):
        damaged = b"\n".join(lines[:at] + lines[at + 1 :])
        with pytest.raises(CaptureError, match="a capture, line"):
            parsed(damaged, "a capture")


def test_a_listing_that_an_entry_speaks_against_is_not_evidence(tmp_path: Path) -> None:
    raw = capture_of(debian_node(tmp_path))
    assert parsed(raw, "a capture").entries["/usr/lib/sysctl.d"].names == ("50-default.conf",)
    assert b"\n|50-default.conf\n" in raw
    image = parsed(summed(raw.replace(b"\n|50-default.conf\n", b"\n|40-other.conf\n")), "a capture")

    assert image.entries["/usr/lib/sysctl.d"].names is None
