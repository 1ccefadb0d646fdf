"""Units that fail at once, or that systemd does not start for another one; with their harmless twins."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.facts.services.starts import BootStarts
from nodecheck.host import RootHost
from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import ETC, enabled, node, status, unit

Entries = dict[str, "str | TreeFile | TreeLink"]

ELF = TreeFile("\x7fELF", mode=0o755)
TRUE = "ExecStart=/bin/true"

FAILS = {
    "a program that fails": ("ExecStart=/bin/false",),
    "one before it that fails": ("ExecStartPre=/usr/bin/false", TRUE),
    "a condition that fails": ("ExecCondition=/bin/false", TRUE),
    "a path that is not there": ("ReadWritePaths=/srv/none", TRUE),
    "one of several": ("ReadOnlyPaths=-/srv/none /etc +/srv/other", TRUE),
    "a number that is no user's": ("User=12345", TRUE),
    "what is bound and is not there": ("BindPaths=/srv/none:/mnt", TRUE),
    "what is bound to be read": ("BindReadOnlyPaths=/srv/none", TRUE),
}
WORKS = {
    "a failure that does not matter": ("ExecStartPre=-/bin/false", TRUE),
    "a number that is a user's": ("User=12346", TRUE),
    "a number that is no group's": ("Group=12345", TRUE),
    "a path that may be missing": ("ReadWritePaths=-/srv/none", TRUE),
    "a path that is there": ("ReadWritePaths=/etc", "BindPaths=/etc:/srv/none", TRUE),
    "a directory that systemd makes": ("StateDirectory=z", "ReadWritePaths=/var/lib/z", TRUE),
    "a directory that its package made": ("ReadWritePaths=/var/lib/other", TRUE),
    "a reset": ("ReadWritePaths=/srv/none", "ReadWritePaths=", TRUE),
    "a program of that name as a word": ("ExecStart=/bin/true /bin/false",),
}


def works(base: Path, text: str, **more: str) -> bool:
    entries: Entries = {f"{ETC}/z.service": text, **enabled("z.service"), "/bin/true": ELF, "/bin/false": ELF}
    entries["/etc/passwd"] = "root:x:0:0::/:/bin/sh\nz:x:12346:1::/:/bin/sh\n"
    root = node(
        base, {**entries, "/usr/bin/false": ELF, **{f"{ETC}/{name}.service": text for name, text in more.items()}}
    )
    return Facts(RootHost(str(root))).get(BootStarts).of("z.service").works


@pytest.mark.parametrize("how", FAILS)
def test_what_is_shown_to_fail_does_not_work(tmp_path: Path, how: str) -> None:
    assert not works(tmp_path, unit(*FAILS[how]))


@pytest.mark.parametrize("how", WORKS)
def test_what_looks_like_it_works(tmp_path: Path, how: str) -> None:
    assert works(tmp_path, unit(*WORKS[how]))


UNMET, MET = unit(TRUE, first="ConditionPathExists=/none"), unit(TRUE, first="ConditionPathExists=/etc")


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        ("BindsTo=y.service\nAfter=y.service", UNMET, False),
        ("Requisite=y.service\nAfter=y.service", UNMET, False),
        ("BindsTo=x.service y.service\nAfter=y.service x.service", UNMET, False),
        ("BindsTo=y.service\nAfter=y.service", MET, True),
        ("Requires=y.service\nAfter=y.service", UNMET, True),
        ("Wants=y.service\nAfter=y.service", UNMET, True),
    ],
)
def test_a_unit_is_bound_to_one_whose_conditions_hold(tmp_path: Path, first: str, other: str, expected: bool) -> None:
    assert works(tmp_path, unit(TRUE, first=first), y=other, x=MET) is expected


@pytest.mark.parametrize(
    ("first", "y", "on", "expected"),
    [
        ("Requisite=y.service\nAfter=y.service", MET, False, False),
        ("Requisite=none.service\nAfter=none.service", MET, True, False),
        ("Requisite=y.service\nAfter=y.service", MET, True, True),
        ("After=y.service", MET, False, True),
        ("Requisite=y.service\nAfter=y.service", unit(TRUE, first="Requisite=z.service\nAfter=z.service"), True, True),
    ],
)
def test_a_requisite_is_started_by_others(tmp_path: Path, first: str, y: str, on: bool, expected: bool) -> None:
    entries: Entries = {f"{ETC}/z.service": unit(TRUE, first=first), f"{ETC}/y.service": y, "/bin/true": ELF}
    root = node(tmp_path, {**entries, **enabled("z.service"), **(enabled("y.service") if on else {})})

    assert Facts(RootHost(str(root))).get(BootStarts).of("z.service").works is expected


TIMER = "[Unit]\n{}\n[Timer]\nOnBootSec=1\n"


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("ConditionPathExists=/none", "pass"),
        ("AssertPathExists=/none", "pass"),
        ("ConditionPathExists=/etc", "fail"),
        ("Description=x", "fail"),
    ],
)
def test_a_timer_that_does_not_start_starts_nothing(tmp_path: Path, first: str, expected: str) -> None:
    entries: Entries = {
        f"{ETC}/z.service": unit("ExecStart=/sbin/swapon /s"), f"{ETC}/z.timer": TIMER.format(first),
        f"{ETC}/timers.target.wants/z.timer": TreeLink(f"{ETC}/z.timer"),
        "/usr/lib/systemd/system/basic.target": "[Unit]\nWants=timers.target\n",
    }  # fmt: skip

    assert status(node(tmp_path, entries), "swap") == expected


RULE = 'SUBSYSTEM=="{}", {}ENV{{SYSTEMD_WANTS}}+="z.service"\n'


@pytest.mark.parametrize(
    ("subsystem", "more", "expected"),
    [
        ("mem", "", "pass"),
        ("cpu", 'KERNEL=="cpu0", ', "pass"),
        ("mem", 'TAG+="systemd", ', "fail"),
        ("net", 'KERNEL=="lo", ', "fail"),
    ],
)
def test_only_a_device_that_systemd_knows_wants_a_unit(
    tmp_path: Path, subsystem: str, more: str, expected: str
) -> None:
    udevd = "/usr/lib/systemd/system/systemd-udevd.service"
    entries: Entries = {
        f"{ETC}/z.service": unit("ExecStart=/sbin/swapon /s"),
        "/etc/udev/rules.d/z.rules": RULE.format(subsystem, more),
        udevd: unit("ExecStart=/usr/lib/systemd/systemd-udevd"),
        **enabled("systemd-udevd.service", "/usr/lib/systemd/system"),
    }

    assert status(node(tmp_path, entries), "swap") == expected


@pytest.mark.parametrize(
    ("call", "mode", "expected"),
    [
        ("/opt/on", 0o644, "pass"),
        ("/opt/on", 0o755, "fail"),
        ("/bin/sh /opt/on", 0o644, "fail"),
        ("/bin/sh -c 'exec /opt/on'", 0o644, "pass"),
        ("/bin/sh -c '. /opt/on'", 0o644, "fail"),
    ],
)
def test_a_script_is_executed_only_where_it_may_be(tmp_path: Path, call: str, mode: int, expected: str) -> None:
    entries: Entries = {
        f"{ETC}/z.service": unit(f"ExecStart={call}"),
        "/opt/on": TreeFile("#!/bin/sh\nswapon /s\n", mode=mode),
        **enabled("z.service"),
    }

    assert status(node(tmp_path, entries), "swap") == expected
