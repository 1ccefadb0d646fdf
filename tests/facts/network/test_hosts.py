"""/etc/hosts as the C library reads it, asked on the spot."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.network.hosts import parse_hosts
from nodecheck.facts.network.links import spelt
from nodecheck.facts.network.nsswitch import parse_hosts_order
from tests.pairs import equal_pairs

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


def told(asked: object, *arguments: str) -> list[Any]:
    done = subprocess.run(
        ["unshare", "-m", "-n", sys.executable, str(ORACLE), *arguments], check=False,
        input=json.dumps(asked), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"a mount namespace cannot be had here: {done.stderr[-200:]}")
    answers: list[Any] = json.loads(done.stdout)
    return answers


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare(1) is not installed")
def test_as_the_c_library_does() -> None:
    rng = random.Random(7)
    texts = [random_hosts(rng) for _ in range(400)]

    for text, answers in equal_pairs(texts, told([(text, ASKED) for text in texts])):
        hosts = parse_hosts(text.encode("latin-1").decode("utf-8", "surrogateescape"))
        for name, found in equal_pairs(ASKED, answers):
            assert sorted({spelt(line.address) or "" for line in hosts.of(name)}) == found, (text, name)


WORDS = (
    "files", "files", "files", "none", "[NOTFOUND=return]", "[!UNAVAIL=return]", "[bad]", "[", "]", "[]", ":",
    "[ success = return  notfound=Continue ]", "[NOTFOUND=x]", "[!NOTFOUND=continue", "hosts:", "dns[NOTFOUND=return]",
)  # fmt: skip


def random_order(rng: random.Random) -> str:
    words = [rng.choice((*BLANKS[:-1], "")) + rng.choice(WORDS) for _ in range(rng.randrange(1, 5))]
    start = rng.choice(
        ("hosts:", "hosts:", "hosts", " hosts:", "hosts\t:", "passwd: files\nhosts:", "Hosts:", "#hosts:")
    )
    return start + "".join(words) + rng.choice(("\n", "\n", "\r\n", "\nhosts: files\n", "\nhosts: none\n"))


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare(1) is not installed")
def test_the_order_as_the_c_library_reads_it() -> None:
    rng = random.Random(3)
    orders = [random_order(rng) for _ in range(100)]

    for text, found in equal_pairs(orders, told(orders, "order")):
        services = parse_hosts_order(text).services
        assert (services is None or "files" in services) == found, text
