"""/etc/hosts as the C library reads it, asked on the spot."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.facts.hosts import parse_hosts
from nodecheck.facts.links import spelt

ORACLE = Path(__file__).parent / "hosts_oracle.py"
ADDRESSES = (
    "10.0.0.1", "10.0.0.2", "127.0.0.1", "127.0.1.1", "::1", "fe80::1", "fd00::2", "FD00:0::2", "010.0.0.1", "10.0.0",
    "10.0.0.256", "::ffff:10.0.0.9", "fe80::1%lo", "1.2.3.4.5", "x", "", "0.0.0.0", "10.0.0.1/8", "[::1]",
)  # fmt: skip
NAMES = ("n1", "N1", "n2", "n1.ex", "n2.ex.", "a_b", "localhost", "n1#", "n1\0n2", "#n1", "-x", "\xe9", "n3", "ip6")
BLANKS = (" ", "\t", "  ", "\r", "\v", "\f", " \t ", "\xa0")
ASKED = ["n1", "N1", "n2", "n1.ex", "n3", "ip6", "a_b"]


def random_line(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(["", "# n1", "x" * 2000])
    words = "".join(rng.choice(BLANKS) + rng.choice(NAMES) for _ in range(rng.randrange(4)))
    start = rng.choice(["", "", "", " ", "\t"])
    return start + rng.choice(ADDRESSES) + words + rng.choice(["", "", " ", "\r", "#c", " # n2 n1"])


def random_hosts(rng: random.Random) -> str:
    return "\n".join(random_line(rng) for _ in range(rng.randrange(6))) + rng.choice(["\n", "", "\r\n"])


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare(1) is not installed")
def test_as_the_c_library_does() -> None:
    rng = random.Random(7)
    texts = [random_hosts(rng) for _ in range(400)]
    done = subprocess.run(
        ["unshare", "-m", sys.executable, str(ORACLE)], check=False,
        input=json.dumps([(text, ASKED) for text in texts]), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"a mount namespace cannot be had here: {done.stderr[-200:]}")

    for text, answers in zip(texts, json.loads(done.stdout), strict=True):
        hosts = parse_hosts(text.encode("latin-1").decode("utf-8", "surrogateescape"))
        for name, told in zip(ASKED, answers, strict=True):
            assert sorted({spelt(line.address) or "" for line in hosts.of(name)}) == told, (text, name)
