"""What runs at boot and is not known is named under ``-v`` and by the doctor, and stands in no result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.doctor.boot import boot
from nodecheck.host import RootHost
from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import ETC, USR, enabled, node, script, unit

Entries = dict[str, "str | TreeFile | TreeLink"]

ELF = TreeFile("\x7fELF", mode=0o755)
AGENT = "/opt/agent/bin/agentd"
STARTED: Entries = {f"{ETC}/a.service": unit(f"ExecStart={AGENT} --x"), AGENT: ELF, **enabled("a.service")}


def named(root: Path) -> list[str]:
    return [item.detail for item in boot(RootHost(str(root)))]


UNKNOWN: dict[str, Entries] = {
    "a program of its own": STARTED,
    "behind env": {**STARTED, f"{ETC}/a.service": unit(f"ExecStart=/usr/bin/env A=1 {AGENT}"), "/usr/bin/env": ELF},
    "before the start": {**STARTED, f"{ETC}/a.service": unit(f"ExecStartPre=-{AGENT}", "ExecStart=/bin/sh")},
    "by a timer of a calendar": {
        f"{ETC}/a.service": unit(f"ExecStart={AGENT}"), AGENT: ELF,
        f"{ETC}/a.timer": "[Timer]\nOnCalendar=daily\n",
        f"{ETC}/timers.target.wants/a.timer": TreeLink("../a.timer"),
    },
    "a script in another language": {**STARTED, AGENT: TreeFile("#!/usr/bin/python3\n", mode=0o755)},
    "in two units": {**STARTED, f"{ETC}/b.service": unit(f"ExecStart={AGENT}"), **enabled("b.service")},
}  # fmt: skip


@pytest.mark.parametrize("how", UNKNOWN)
def test_a_program_that_is_not_known_is_named_once(tmp_path: Path, how: str) -> None:
    (told,) = named(node(tmp_path, UNKNOWN[how]))

    assert told.startswith(f"{AGENT} is run by a.service ({ETC}/a.service line ")


KNOWN: dict[str, Entries] = {
    "not enabled": {f"{ETC}/a.service": unit(f"ExecStart={AGENT}"), AGENT: ELF},
    "masked": {**STARTED, f"{ETC}/a.service": TreeLink("/dev/null")},
    "a package's unit": {f"{USR}/a.service": unit(f"ExecStart={AGENT}"), AGENT: ELF, **enabled("a.service", USR)},
    "a script": {**STARTED, AGENT: script("true")},
    "a shell's text": {**STARTED, f"{ETC}/a.service": unit(f"ExecStart=/bin/sh -c '{AGENT} --x'")},
    "a program that is known": {**STARTED, f"{ETC}/a.service": unit("ExecStart=/sbin/sysctl --system")},
    "a component": {**STARTED, f"{ETC}/a.service": unit("ExecStart=/usr/bin/kubelet"), "/usr/bin/kubelet": ELF},
    "a program that is not there": {**STARTED, f"{ETC}/a.service": unit("ExecStart=/opt/none")},
}  # fmt: skip


@pytest.mark.parametrize("how", KNOWN)
def test_what_is_known_or_does_not_run_is_not_named(tmp_path: Path, how: str) -> None:
    assert named(node(tmp_path, KNOWN[how])) == []


def test_a_unit_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    root = node(tmp_path, STARTED)
    (root / "etc/systemd/system/a.service").unlink()
    os.mkfifo(root / "etc/systemd/system/a.service")

    (told,) = named(root)

    assert told.startswith("which own units run cannot be told: ")


def test_it_stands_under_v_and_in_no_result(tmp_path: Path) -> None:
    root = node(tmp_path, STARTED)
    argv = [sys.executable, "-m", "nodecheck", "run", "--root", str(root), "--select", "swap@boot"]
    plain, verbose, report = (
        subprocess.run([*argv, *more], capture_output=True, text=True).stdout for more in ((), ("-v",), ("--json",))
    )

    assert AGENT not in plain
    assert AGENT not in report
    assert json.loads(report)["results"][0]["status"] == "pass"
    assert verbose.count(f"{AGENT} is run by a.service") == 1
