"""Whether a boot is over, by what a node answers."""

from __future__ import annotations

from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any

import pytest

from nodecheck.audit.settled import JOBS, BootNow, boot_now, up_for, waiting_jobs
from nodecheck.errors import FactError
from nodecheck.host import LiveHost
from nodecheck.host.base import MIB
from nodecheck.host.replay import ReplayHost

AT = "2026-11-30T04:00:00.000Z"
STAT = "1 (systemd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {start} 175370240 3328\n"
"""Of proc(5), as far as field 24; the name may hold blanks and brackets."""


def host(
    up: str | None = "3600.12 100.0\n", start: int | None = 14, jobs: Any = "", systemd: bool = True
) -> ReplayHost:
    """A node of these answers; ``jobs`` is what systemctl prints, or an answer as a recording holds it."""
    gone = {"Absent": ["/proc/uptime", "no such file", 2]}
    stat = {"Stat": {"kind": "dir", "mode": 493, "size": 0, "uid": 0, "gid": 0, "changed_ns": 1}}
    done = {"Completed": {"argv": list(JOBS), "code": 0, "stdout": jobs, "stderr": ""}}
    answers = [
        (["read", "/proc/uptime", MIB], gone if up is None else {"bytes": up}),
        (["read", "/proc/1/stat", MIB], gone if start is None else {"bytes": STAT.format(start=start)}),
        (["stat", "/run/systemd/system"], stat if systemd else gone),
        (["run", list(JOBS)], done if isinstance(jobs, str) else jobs),
    ]
    asked = [{"question": question, "answer": answer} for question, answer in answers]
    return ReplayHost({"running": True, "whole": True, "path": "/", "answers": asked})


def test_a_boot_that_is_over() -> None:
    assert boot_now(host(), AT) == BootNow("2026-11-30T03:00:00Z", None)


@pytest.mark.parametrize(
    ("up", "waits"),
    [
        ("599.9 1.0\n", "the node booted 9 min ago, and a boot has 10"),
        ("3.1 1.0\n", "booted 0 min ago"),
        ("600.2 1.0\n", None),
        ("86400.0 1\n", None),
    ],
)
def test_ten_minutes_pass_first(up: str, waits: str | None) -> None:
    found = boot_now(host(up, start=14), AT).waits

    assert found == waits if waits is None else waits in (found or "")


def test_a_container_is_as_old_as_its_first_process() -> None:
    """Its ``/proc/uptime`` is its host's, or its own where LXCFS makes it."""
    assert up_for(host("900000.0 1.0\n", start=90_000_000 - 12_000)) == 120.0
    assert "booted 2 min ago" in (boot_now(host("900000.0 1.0\n", start=89_988_000), AT).waits or "")
    assert up_for(host("120.0 1.0\n", start=89_988_000)) == 120.0


def test_who_may_not_see_the_first_process_counts_from_the_boot() -> None:
    assert up_for(host("700.0 1.0\n", start=None)) == 700.0


@pytest.mark.parametrize("up", [None, "", "soon\n"])
def test_an_age_that_cannot_be_told_waits(up: str | None) -> None:
    found = boot_now(host(up), AT)

    assert "how long the node is up cannot be told: /proc/uptime" in (found.waits or "")


JOBS_OF_A_BOOT = """\
 98 systemd-networkd-wait-online.service start running
 97 network-online.target                start waiting
  1 graphical.target                     start waiting
"""


@pytest.mark.parametrize(
    ("jobs", "waiting"),
    [
        ("", []),
        ("No jobs running.\n", []),  # systemd 219, with --no-legend too
        ("412 nodecheck-audit.service start running\n", []),
        (JOBS_OF_A_BOOT, ["network-online.target", "graphical.target"]),
        ("77 containerd.service restart running\n", ["containerd.service"]),
        ("77 containerd.service stop running\n78 x.service start waiting\n", ["containerd.service", "x.service"]),
        ("no table\n\n7 of them\n", []),
    ],
)
def test_jobs_that_are_waited_for(jobs: str, waiting: list[str]) -> None:
    assert waiting_jobs(jobs) == waiting
    found = boot_now(host(jobs=jobs), AT).waits
    assert found == (f"systemd has jobs that are not done: {', '.join(waiting)}" if waiting else None)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"TimedOut": ["systemctl list-jobs", "did not end within 5 s", None]}, "did not end within 5 s"),
        ({"Denied": ["systemctl list-jobs", "permission denied", 13]}, "permission denied"),
        (
            {"Completed": {"argv": list(JOBS), "code": 1, "stdout": "", "stderr": "Failed to connect to bus\n"}},
            "Failed to connect to bus",
        ),
        ({"Completed": {"argv": list(JOBS), "code": 4, "stdout": "", "stderr": ""}}, "exit code 4"),
    ],
)
def test_a_systemd_that_does_not_answer_waits(answer: Any, told: str) -> None:
    waits = boot_now(host(jobs=answer), AT).waits or ""

    assert waits.startswith("systemd does not say whether its jobs are done: ")
    assert told in waits


def test_under_another_init_the_time_alone_counts() -> None:
    refused = {"Denied": ["systemctl", "permission denied", 13]}

    assert boot_now(host(jobs=refused, systemd=False), AT).waits is None
    assert boot_now(host("60.0 1\n", jobs=refused, systemd=False), AT).waits is not None
    assert boot_now(host(jobs={"Absent": ["systemctl", "no such program", 2]}), AT).waits is None


def test_the_age_of_this_machine() -> None:
    try:
        age = up_for(LiveHost())
    except FactError:
        pytest.skip("there is no /proc here")

    assert 0 < age <= clock_gettime(CLOCK_BOOTTIME) + 1


def test_a_time_that_is_none_stays() -> None:
    assert boot_now(host(), "whenever").booted_at == "whenever"
    assert boot_now(host("1e300 1\n", start=None), AT).booted_at == AT
