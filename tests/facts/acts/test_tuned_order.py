"""TuneD beside other services that set the same sysctl."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile
from tests.facts.acts.test_acts_commands import ETC, KEY, TIMER, enabled, node, program, script, status, unit
from tests.facts.acts.test_unknown_programs import Entries

PROFILE: Entries = {
    "/usr/sbin/tuned": TreeFile("\x7fELF", mode=0o755),
    "/etc/tuned/active_profile": "own\n",
    "/etc/tuned/tuned-main.conf": "reapply_sysctl = 0\n",
    "/etc/tuned/own/tuned.conf": f"[sysctl]\n{KEY} = 0\n",
}
ON: Entries = {**program("tuned.service", "/usr/sbin/tuned -l -P")}
SET = f"ExecStart=/sbin/sysctl -w {KEY}=1"
OTHER: Entries = {f"{ETC}/z.service": unit("ExecStart=/sbin/sysctl -w vm.swappiness=1"), **enabled("z.service")}
SAME: Entries = {f"{ETC}/z.service": unit(SET.replace("=1", "=0")), **enabled("z.service")}


def by_unit(first: str = "") -> Entries:
    return {f"{ETC}/z.service": unit(SET, first=first), **enabled("z.service")}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({**ON, **by_unit()}, "unknown"),
        ({**ON, **by_unit("After=network.target")}, "unknown"),
        ({**ON, "/etc/rc.local": script(f"sysctl -w {KEY}=1")}, "unknown"),
        ({**ON, **by_unit("After=tuned.service")}, "pass"),
        ({**ON, **by_unit("After=multi-user.target")}, "pass"),
        ({**ON, **TIMER, f"{ETC}/z.service": unit(SET), f"{ETC}/z.timer": "[Timer]\nOnBootSec=5min\n"}, "pass"),
        ({**ON, **OTHER}, "fail"),
        ({**ON, **SAME}, "fail"),
        (by_unit(), "pass"),
    ],
)
def test_what_another_service_sets(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**PROFILE, **tree}), f"sysctl[{KEY}]") == expected
