"""A few hundred runs of the simulated year; benchmarks/year.py is the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

YEAR = Path(__file__).parents[2] / "benchmarks/year.py"


def test_a_short_year(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, YEAR, "--runs", "200", "--seed", "3", "--json"],
        capture_output=True, text=True, timeout=300, cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["recorded runs lost"] == found["changes never told"] == found["in the history and not planted"] == 0
    assert found["planted changes"] > 5
    assert found["killed"] > 2
    assert found["not recorded, and said so (the full disk)"] > 15
    assert found["in the history"] > 140
