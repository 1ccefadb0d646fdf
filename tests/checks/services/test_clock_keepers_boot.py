"""Services that keep the clock besides chronyd and ntpd: PTP's, and VirtualBox's in a guest."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from tests.facts.acts.test_programs import ETC, UNITS, start
from tests.nodes import debian_node
from tests.reference import write

TIMEMASTER = "[Unit]\nConflicts=chronyd.service ntpd.service\n[Service]\nExecStart=/usr/bin/timemaster\n"
TIMESYNCD = "[Unit]\nConditionFileIsExecutable=!/usr/sbin/VBoxService\n[Service]\nExecStart=/usr/bin/mount\n"


def clocks(root: Path) -> dict[str, str]:
    """The services that keep the clock, and the verdicts on them."""
    report = nodecheck.run(root=str(root), select=["service@boot"])
    others = ("containerd", "kubelet")
    return {result.subject or "": result.status.value for result in report.results if result.subject not in others}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A Debian whose chronyd is installed, and not enabled."""
    debian_node(tmp_path)
    (tmp_path / f"{ETC}/multi-user.target.wants/chronyd.service").unlink()
    return tmp_path


@pytest.mark.parametrize("unit", ["timemaster", "phc2sys", "ptpd", "sfptpd"])
def test_a_service_of_ptp_keeps_the_clock_where_it_starts(node: Path, unit: str) -> None:
    start(node, f"{unit}.service")
    assert clocks(node) == {unit: "pass"}
    (node / f"{ETC}/multi-user.target.wants/{unit}.service").unlink()
    assert clocks(node) == {"chronyd": "fail"}


def test_chronyd_beside_timemaster_does_not_start(node: Path) -> None:
    start(node, "timemaster.service")
    write(node, f"{UNITS}/timemaster.service", TIMEMASTER)
    assert clocks(node) == {"timemaster": "pass"}
    (node / f"{ETC}/multi-user.target.wants/chronyd.service").symlink_to(f"/{UNITS}/chronyd.service")
    assert clocks(node) == {"chronyd": "fail"}
    (node / f"{ETC}/multi-user.target.wants/timemaster.service").unlink()
    assert clocks(node) == {"chronyd": "pass"}


@pytest.mark.parametrize("unit", ["vboxadd-service", "virtualbox-guest-utils"])
def test_virtualbox_keeps_the_clock_of_its_guest(node: Path, unit: str) -> None:
    (node / f"{UNITS}/chronyd.service").unlink()
    start(node, "systemd-timesyncd.service")
    write(node, f"{UNITS}/systemd-timesyncd.service", TIMESYNCD)
    assert clocks(node) == {"systemd-timesyncd": "pass"}
    write(node, "usr/sbin/VBoxService", "x")
    (node / "usr/sbin/VBoxService").chmod(0o755)
    assert clocks(node) == {"systemd-timesyncd": "fail"}
    start(node, f"{unit}.service")
    assert clocks(node) == {unit: "pass"}
