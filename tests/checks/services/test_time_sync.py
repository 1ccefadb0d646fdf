"""The kernel's clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Outcome
from nodecheck.errors import Unsupported
from nodecheck.facts.cluster.needed_services import NeededServices
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.services.running import Services
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.units import Entry, UnitIndex
from nodecheck.facts.time.clock import STA_UNSYNC, KernelClock
from nodecheck.facts.time.keepers import TimeKeepers
from nodecheck.host import LiveHost
from nodecheck.host.base import ClockState
from nodecheck_checks.services.time_sync import time_sync

LIMIT = 16_000_000


UNITS = "/usr/lib/systemd/system"
WANTS = "/etc/systemd/system/multi-user.target.wants"


def units(*names: str, enabled: str | None = None) -> NeededServices:
    files = {name: (Entry(f"{UNITS}/{name}", None),) for name in names}
    dirs = {"multi-user.target.wants": (WANTS,)} if enabled else {}
    index = UnitIndex(files, dirs, {WANTS: (enabled or "",)}, frozenset(), complete=False)
    return NeededServices.read(index, KubeletConfig, Target, BootStarts)  # type: ignore[arg-type]


def no_systemd() -> Services:
    raise Unsupported("/run/systemd/system", "systemd does not run here (sd_booted(3))")


def judged(
    clock: KernelClock,
    keepers: TimeKeepers,
    needed: NeededServices | None = None,
    services: Callable[[], Services] = lambda: Services({}),
) -> Outcome:
    (found,) = time_sync(clock, lambda: keepers, lambda: needed or units(), services)
    return found


ALONE = TimeKeepers((), all_seen=True)
CHRONY = TimeKeepers(("chronyd",), all_seen=True)
HIDDEN = TimeKeepers((), all_seen=False)


@pytest.mark.parametrize(
    ("error_us", "unsynchronised", "keepers", "status"),
    [
        (20_000, False, ALONE, "pass"),
        (4_999_999, False, CHRONY, "pass"),
        (5_000_000, False, CHRONY, "fail"),
        (LIMIT, False, ALONE, "fail"),
        (20_000, True, CHRONY, "pass"),  # chronyd without rtcsync
        (LIMIT, True, CHRONY, "unknown"),
        (20_000, True, ALONE, "fail"),  # whoever kept it is gone
        (LIMIT, True, ALONE, "fail"),
        (LIMIT, True, HIDDEN, "unknown"),
    ],
)
def test_judgement(error_us: int, unsynchronised: bool, keepers: TimeKeepers, status: str) -> None:
    assert judged(KernelClock(error_us, unsynchronised), keepers).status == status


@pytest.mark.parametrize(
    ("enabled", "started"),
    [(None, "chrony.service"), ("systemd-timesyncd.service", "systemd-timesyncd.service")],
)
def test_the_service_that_is_the_nodes_is_started_and_no_other(enabled: str | None, started: str) -> None:
    found = judged(
        KernelClock(LIMIT, True), ALONE, units("chrony.service", "systemd-timesyncd.service", enabled=enabled)
    )

    assert found.fix is not None
    assert [step[0] for step in found.fix.steps] == [("systemctl", "enable", started), ("systemctl", "start", started)]


def test_systemctl_is_no_fix_where_systemd_does_not_run() -> None:
    found = judged(KernelClock(LIMIT, True), ALONE, units("chrony.service"), no_systemd)

    assert found.fix is not None
    assert found.fix.safety == "manual"
    assert "chrony" in found.fix.title


def test_without_a_service_one_must_be_installed() -> None:
    found = judged(KernelClock(LIMIT, True), ALONE)

    assert found.fix is not None
    assert found.fix.safety == "manual"


@pytest.mark.parametrize(
    ("error_us", "unsynchronised", "told"),
    [
        (20_000, False, ["no STA_UNSYNC", "below 5000 ms"]),
        (5_000_000, False, ["no STA_UNSYNC", "5000 ms or more"]),
        (LIMIT, False, ["no STA_UNSYNC", "16 s, the kernel's limit"]),
        (20_000, True, ["STA_UNSYNC", "below 5000 ms"]),
    ],
)
def test_the_evidence_is_what_the_kernel_said(error_us: int, unsynchronised: bool, told: list[str]) -> None:
    assert [item.value for item in judged(KernelClock(error_us, unsynchronised), CHRONY).evidence][:2] == told


def test_evidence_does_not_change_with_the_error() -> None:
    first, second = (judged(KernelClock(error, False), ALONE) for error in (1000, 2000))

    assert first.evidence == second.evidence


def test_offline_in_a_root(tmp_path: Path) -> None:
    found = nodecheck.run(root=tmp_path, select=["time-sync"])["time-sync"]

    assert (found.status, found.cause and found.cause.code) == ("skip", "offline")


def test_the_live_kernel_is_asked() -> None:
    state = LiveHost().clock()

    assert 0 <= state.state <= 5
    assert 0 <= state.max_error_us <= LIMIT
    assert KernelClock.read(LiveHost()).unsynchronised == bool(state.status & STA_UNSYNC)
    assert isinstance(state, ClockState)
