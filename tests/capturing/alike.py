"""Whether a capture of a node has the node's own verdicts, for whatever the node is to be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed, read_capture
from nodecheck.host import open_host
from nodecheck.plugins import load
from nodecheck.testing import comparable, first_difference, run

PROFILES = ("kubernetes", "centos7-kubeadm-1.17")
ROLES = (None, "control-plane", "worker")
RELEASES = (None, "1.17", "1.22", "1.24", "1.29", "1.31", "1.34", "1.36")
MODES = (None, "iptables", "ipvs", "nftables")
EVERY = tuple(product(PROFILES, ROLES, RELEASES, MODES))


def options(seed: int, count: int) -> list[dict[str, Any]]:
    """Some of all combinations, the plain one among them."""
    drawn = [EVERY[0], *random.Random(seed).sample(EVERY, count - 1)]
    return [dict(zip(("profile", "role", "kubernetes", "proxy_mode"), one)) for one in drawn]


def differences(root: Path | None, asked: list[dict[str, Any]]) -> Iterator[str]:
    """Where a capture of a node, written and read again, says something else than the node does."""
    node = None if root is None else str(root)
    raw = packed(captured(open_host(node), load()))
    for one in asked:
        host = read_capture(raw, "a capture")
        report = run(host, **one)
        missed = [item.id for item in report.results if item.cause is not None and item.cause.code == "not-captured"]
        if missed:
            yield f"{one}: not captured: {missed}"
        here, there = comparable(run(node, **one)), comparable(report)
        if here != there:
            yield f"{one}: {first_difference(here, there)}"
