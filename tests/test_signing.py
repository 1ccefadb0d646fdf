"""The commands of docs/report.md that make evidence of a report: they run as they stand, and see a change."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs/report.md"


def commands() -> list[str]:
    """The lines of code of the section on evidence, but for the run itself."""
    section = PAGE.read_text().split("\n## As evidence\n")[1].split("\n## ")[0]
    lines = [line for block in section.split("```sh\n")[1:] for line in block.split("```")[0].splitlines()]
    return [line for line in lines if not line.startswith("nodecheck run")]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_a_report_is_signed_and_a_change_is_seen(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    key = tmp_path / ".ssh/id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text("ann@example.org " + key.with_suffix(".pub").read_text())
    for name in ("report.json", "report.html"):
        (tmp_path / name).write_text("{}")

    def ran(line: str) -> int:
        home = {**os.environ, "HOME": str(tmp_path)}
        return subprocess.run(["sh", "-c", line], cwd=tmp_path, env=home, capture_output=True, check=False).returncode

    sums, sign, verify, check = commands()
    assert [ran(line) for line in (sums, sign, verify, check)] == [0, 0, 0, 0]
    (tmp_path / "report.json").write_text("{ }")
    assert (ran(verify), ran(check)) == (0, 1)
    ran(sums)
    assert ran(check) == 0
    assert ran(verify) != 0
