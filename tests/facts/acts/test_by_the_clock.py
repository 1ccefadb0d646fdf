"""What runs at a date some time after the boot: what it breaks is broken then, and nobody counts on what it mends."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import CRON, ETC, FSTAB, KEY, ONE, enabled, node, program, script, status, unit

Entries = dict[str, "str | TreeFile | TreeLink"]

CROND = program("cron.service", CRON)
DEBIAN = "17 * * * * root cd / && run-parts --report /etc/cron.hourly\n" + "".join(
    f"{when} root test -x /usr/sbin/anacron || {{ cd / && run-parts --report /etc/cron.{name}; }}\n"
    for when, name in (("25 6 * * *", "daily"), ("47 6 * * 7", "weekly"), ("52 6 1 * *", "monthly"))
)
"""Debian's /etc/crontab."""
EL = "1 5 cron.daily run-parts /etc/cron.daily\n7 25 cron.weekly run-parts /etc/cron.weekly\n"
ANACRON = TreeFile("#!/bin/sh\n/usr/sbin/anacron -s\n", mode=0o755)
HOURLY: Entries = {
    "/etc/cron.d/0hourly": "01 * * * * root run-parts /etc/cron.hourly\n", "/etc/cron.hourly/0anacron": ANACRON,
    "/etc/anacrontab": EL, **CROND,
}  # fmt: skip
"""EL's way to anacron."""


def jobs(*lines: str) -> Entries:
    return {"/etc/cron.d/z": "\n".join(("PATH=/sbin:/bin", *lines, "")), **CROND}


def timer(when: str, *lines: str, on: bool = True) -> Entries:
    link = {f"{ETC}/timers.target.wants/z.timer": TreeLink("../z.timer")} if on else {}
    return {f"{ETC}/z.service": unit(*lines), f"{ETC}/z.timer": f"[Timer]\n{when}\n", **link}


SWAPON = "ExecStart=/sbin/swapon /s"

SOON: dict[str, Entries] = {
    "every five minutes": jobs("*/5 * * * * root swapon /s"),
    "every hour": jobs("@hourly root swapon /s"),
    "every night": jobs("-0 3 * * * root /sbin/swapon /s"),
    "every day, by name": jobs("@daily root swapon /s"),
    "a crontab of root's": {
        "/var/spool/cron/crontabs/root": TreeFile("* * * * * /sbin/swapon /s\n", mode=0o600), **CROND,
    },
    "a script": {**jobs("* * * * * root /opt/keep"), "/opt/keep": script("swapon /s")},
    "cron.hourly": {"/etc/crontab": DEBIAN, "/etc/cron.hourly/z": script("swapon /s"), **CROND},
    "cron.daily by anacron": {**HOURLY, "/etc/cron.daily/z": script("swapon /s")},
    "anacron's own timer": {
        "/etc/anacrontab": EL, "/etc/cron.daily/z": script("swapon /s"),
        f"{ETC}/anacron.service": unit("ExecStart=/bin/sh"), f"{ETC}/anacron.timer": "[Timer]\nOnCalendar=hourly\n",
        f"{ETC}/timers.target.wants/anacron.timer": TreeLink("../anacron.timer"),
    },
    "run-parts in rc.local": {"/etc/rc.local": script("run-parts /srv/boot.d"), "/srv/boot.d/z": script("swapon /s")},
    "a timer": timer("OnCalendar=daily", SWAPON),
    "a timer, every quarter of an hour": timer("OnCalendar=*:0/15", SWAPON),
    "a timer of two dates": timer("OnCalendar=weekly\nOnCalendar=*-*-* 04:00", SWAPON),
}  # fmt: skip


@pytest.mark.parametrize("how", SOON)
def test_a_swapon_by_the_clock_fails(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, SOON[how]), "swap") == "fail"


SELDOM: dict[str, Entries] = {
    "every week": jobs("@weekly root swapon /s"),
    "on a day of the week": jobs("0 3 * * 1 root swapon /s"),
    "on a day of the month": jobs("0 3 1 * * root swapon /s"),
    "cron.daily, where a root does not show that there is no anacron": {
        "/etc/crontab": DEBIAN, "/etc/cron.daily/z": script("swapon /s"), **CROND,
    },
    "cron.weekly": {"/etc/crontab": DEBIAN, "/etc/cron.weekly/z": script("swapon /s"), **CROND},
    "cron.weekly by anacron": {**HOURLY, "/etc/cron.weekly/z": script("swapon /s")},
    "a name with a dot": {"/etc/crontab": DEBIAN, "/etc/cron.hourly/z.sh": script("swapon /s"), **CROND},
    "a timer": timer("OnCalendar=Mon *-*-* 03:00", SWAPON),
    "a condition": jobs("* * * * * root ping -c1 x && swapon /s"),
}  # fmt: skip


@pytest.mark.parametrize("how", SELDOM)
def test_a_swapon_that_the_clock_seldom_runs_is_unknown(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, SELDOM[how]), "swap") == "unknown"


NEVER: dict[str, Entries] = {
    "a comment": jobs("# * * * * * root swapon /s"),
    "another user": jobs("* * * * * daemon swapon /s"),
    "without a user": jobs("* * * * * swapon /s"),
    "no cron": {"/etc/cron.d/z": "* * * * * root swapon /s\n", **program("cron.service", CRON, on=False)},
    "what follows a percent sign": jobs("* * * * * root cat % swapon /s"),
    "not executable": {"/etc/crontab": DEBIAN, "/etc/cron.hourly/z": "swapon /s\n", **CROND},
    "a package's rest": {"/etc/crontab": DEBIAN, "/etc/cron.hourly/z.dpkg-old": script("swapon /s"), **CROND},
    "cron.hourly that nothing runs": {"/etc/cron.hourly/z": script("swapon /s"), **CROND},
    "anacrontab without anacron": {"/etc/anacrontab": EL, "/etc/cron.daily/z": script("swapon /s"), **CROND},
    "a timer that is not enabled": timer("OnCalendar=daily", SWAPON, on=False),
    "a timer whose service has a condition": {
        **timer("OnCalendar=daily", SWAPON),
        f"{ETC}/z.service": unit(SWAPON, first="ConditionPathExists=/none"),
    },
    "a timer whose service is masked": {**timer("OnCalendar=daily"), f"{ETC}/z.service": TreeLink("/dev/null")},
    "a timer of what is active": timer("OnUnitActiveSec=5min", SWAPON),
    "it shows": jobs("* * * * * root swapon --show"),
}  # fmt: skip


@pytest.mark.parametrize("how", NEVER)
def test_what_the_clock_does_not_run_does_nothing(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, NEVER[how]), "swap") == "pass"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (jobs("*/5 * * * * root swapoff -a"), "unknown"),
        (jobs("@daily root swapoff -a"), "unknown"),
        (timer("OnCalendar=minutely", "ExecStart=/sbin/swapoff -a"), "unknown"),
        (jobs("@reboot root swapoff -a"), "pass"),
        (jobs("*/5 * * * * root swapoff /other"), "fail"),
        ({"/etc/rc.local": script("swapoff -a"), **jobs("*/5 * * * * root swapoff -a")}, "pass"),
        ({"/etc/rc.local": script("swapoff -a"), **jobs("*/5 * * * * root swapon -a")}, "fail"),
    ],
)
def test_nobody_counts_on_a_swapoff_by_the_clock(tmp_path: Path, entries: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**FSTAB, **entries}), "swap") == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({**ONE, **jobs(f"*/5 * * * * root sysctl -w {KEY}=0")}, "fail"),
        ({**ONE, **timer("OnCalendar=daily", f"ExecStart=/sbin/sysctl -w {KEY}=0")}, "fail"),
        ({**ONE, **jobs(f"@monthly root sysctl -w {KEY}=0")}, "unknown"),
        ({**ONE, **jobs(f"*/5 * * * * root sysctl -w {KEY}=1")}, "pass"),
        (jobs(f"*/5 * * * * root sysctl -w {KEY}=1"), "unknown"),
        ({**ONE, **jobs("*/5 * * * * root sysctl -w vm.swappiness=0")}, "pass"),
    ],
)
def test_a_sysctl_by_the_clock_breaks_and_does_not_mend(tmp_path: Path, entries: Entries, expected: str) -> None:
    assert status(node(tmp_path, entries), f"sysctl[{KEY}]") == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (jobs("*/5 * * * * root modprobe br_netfilter"), "unknown"),
        (timer("OnCalendar=daily", "ExecStart=/sbin/modprobe br_netfilter"), "unknown"),
        (jobs("@reboot root modprobe br_netfilter"), "pass"),
        ({f"{ETC}/a.service": unit("ExecStart=/sbin/modprobe br_netfilter"), **enabled("a.service")}, "pass"),
        (jobs("*/5 * * * * root modprobe dummy"), "fail"),
    ],
)
def test_nobody_counts_on_a_module_by_the_clock(tmp_path: Path, entries: Entries, expected: str) -> None:
    assert status(node(tmp_path, entries), "kernel-module[br_netfilter]") == expected


def test_a_job_that_gives_the_node_another_name_is_unknown(tmp_path: Path) -> None:
    assert status(node(tmp_path, jobs("*/5 * * * * root /bin/hostname node9")), "hostname") == "unknown"
