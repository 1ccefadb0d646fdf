"""A real systemd runs what ``nodecheck schedule systemd --install`` wrote, in a container that it boots.

The sandbox loses no verdict, the timer fires, and the journal tells what changed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodecheck.schedule.program import HIDDEN

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NEEDED = ("systemd-nspawn", "systemd-run", "nsenter", "unshare")


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the container wrote to."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if os.geteuid() != 0 or missing or not Path("/usr/lib/systemd/systemd").exists():
        pytest.skip(f"needs root, systemd and {', '.join(NEEDED)}")
    program = Path(sys.executable).parent / "nodecheck"
    if str(program).startswith(HIDDEN):
        pytest.skip("a service has a /tmp of its own, and cannot see this nodecheck")
    if not program.exists():
        pytest.skip("needs an installed nodecheck")
    out = tmp_path_factory.mktemp("booted")
    words = ["unshare", "--mount", "--propagation", "private", "sh", str(HERE / "boot.sh")]
    done = subprocess.run([*words, str(out), str(program), str(ROOT)], capture_output=True, text=True, timeout=300)
    if done.returncode == 77:
        pytest.skip(f"no container with systemd boots here: {done.stderr[-300:]}")
    return out


def verdicts(path: Path) -> dict[str, Any]:
    return {item["id"]: (item["status"], item["fingerprint"]) for item in json.loads(path.read_text())["results"]}


def test_the_sandbox_loses_no_verdict(proof: Path) -> None:
    outside, inside = verdicts(proof / "outside.json"), verdicts(proof / "inside.json")

    assert len(inside) > 30
    assert inside == outside


def test_the_timer_fires_and_the_journal_tells_what_changed(proof: Path) -> None:
    log = (proof / "log").read_text()

    assert "enable --now nodecheck.timer" in (proof / "installed").read_text()
    assert "run 1, the first:" in (proof / "first").read_text(), log
    assert "NEW FAILURE" in (proof / "changed").read_text(), log
    assert (proof / "result").read_text().split() == ["Result=success", "ExecMainStatus=1"]
    assert "history" in (proof / "state").read_text()


def test_nothing_is_left_when_it_is_removed(proof: Path) -> None:
    assert "nodecheck.timer: removed" in (proof / "removed").read_text()
    assert (proof / "left").read_text() in ("inactive\n", "unknown\n")
