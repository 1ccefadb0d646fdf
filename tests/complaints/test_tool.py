"""Complaints about the tools themselves: what is ignored, what is left, what a caller is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.errors import UsageError
from nodecheck.render import npd, text
from nodecheck.report.summary import mapped_exit_code
from nodecheck.testing import Entry, run
from tests.complaints.planted import plant
from tests.requirements.faulty import SWAPS

FAULTS: dict[str, Entry] = {"/proc/swaps": SWAPS, "/proc/sys/net/ipv4/ip_forward": "0\n"}
ASKED = ["swap@now", "sysctl[net.ipv4.ip_forward]@now"]


@pytest.mark.parametrize(("name", "nearest"), [("Swap", "swap"), ("all", ""), ("FileContent--proc-sys", "")])
def test_complaint_41(tmp_path: Path, name: str, nearest: str) -> None:
    """``--ignore-preflight-errors`` took any name, wrong ones too, and nobody could list the right ones (kubeadm#1460,
    k/k#74246, #119351): here a name that no check has is an error, with the nearest one."""
    with pytest.raises(UsageError) as told:
        run(plant(tmp_path, FAULTS), ignore=[name])

    assert f"there is no check '{name}'" in str(told.value)
    assert f"'{nearest}'" in str(told.value) or not nearest


def test_complaint_42(tmp_path: Path) -> None:
    """One error was ignored, others still blocked, and users thought that ignoring does not work (kubeadm#2479): the
    summary names what is left."""
    root = plant(tmp_path, FAULTS)
    both = text.render(run(root, select=ASKED)).splitlines()[-1]
    left = text.render(run(root, select=ASKED, ignore=["swap"])).splitlines()[-1]

    assert both.startswith("FAIL: 2 errors (swap[/swapfile], sysctl[net.ipv4.ip_forward])")
    assert left.startswith("FAIL: 1 error (sysctl[net.ipv4.ip_forward])")
    assert run(root, select=ASKED, ignore=["swap", "sysctl"]).failures == ()


def test_complaint_47(tmp_path: Path) -> None:
    """node-problem-detector keeps 80 bytes of one line, and a script that ended well by mistake counted as a node in
    order (NPD#369, #407): the line begins with what failed, and a report that could not judge is not 0."""
    root = plant(tmp_path, FAULTS)
    line = npd.render(run(root, select=ASKED))

    assert line.count("\n") <= 1
    assert "swap[/swapfile]" in line[:80]
    assert "sysctl[net.ipv4.ip_forward]" in line[:80]
    codes = [mapped_exit_code(run(one, select=ASKED), "npd") for one in (root, plant(tmp_path / "in order", {}))]
    assert codes == [1, 0]
    nothing = run(tmp_path / "in order", select=["version"])
    assert mapped_exit_code(nothing, "npd") == 2
