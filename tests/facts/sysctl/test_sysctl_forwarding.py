"""Forwarding as the real kernel and the real systemd-sysctl have it: one key's writing sets others."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from nodecheck.facts.sysctl.at_boot import simulate
from nodecheck.facts.sysctl.conf import systemd_writes
from nodecheck.formats.sysctl_lines import parse_systemd
from tests.facts.sysctl.sysctl_oracle import PROGRAMS
from tests.pairs import equal_pairs

KEYS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv4/conf/lo/forwarding",
        "net/ipv4/conf/default/forwarding")  # fmt: skip

READ = 'for key in "$@"; do cat /proc/sys/$key; done'


def random_lines(rng: random.Random) -> str:
    lines = [f"{rng.choice(('', '-'))}{rng.choice(KEYS)} = {rng.choice('0122')}" for _ in range(rng.randrange(1, 5))]
    if rng.random() < 0.2:
        lines.append(f"net.ipv4.conf.{rng.choice(('*', 'l*'))}.forwarding = {rng.choice('012')}")
    return "\n".join([*lines, ""])


def test_what_the_kernel_makes_of_the_files(tmp_path: Path) -> None:
    program = next((path for path in PROGRAMS if Path(path).exists()), None)
    if program is None or shutil.which("unshare") is None:
        pytest.skip("systemd-sysctl or unshare is not installed")
    files = [tmp_path / "a.conf", tmp_path / "b.conf"]
    rng = random.Random(5)
    for _ in range(60):
        texts = [random_lines(rng) for _ in files]
        for file, text in equal_pairs(files, texts):
            file.write_text(text)
        script = f"{program} {files[0]} {files[1]}; {READ}"
        done = subprocess.run(["unshare", "-n", "sh", "-c", script, "sh", *KEYS], check=False, capture_output=True)
        if not done.stdout:
            pytest.skip(f"a network namespace cannot be had here: {done.stderr.decode()}")

        settings = [one for file, text in equal_pairs(files, texts) for one in parse_systemd(text, str(file))]
        told = [simulate(key, systemd_writes(settings, tuple(sorted(KEYS)))).value for key in KEYS]
        assert told == done.stdout.decode().split(), texts
