"""What follows from the start or the failure of a unit, and from a module that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeLink
from tests.facts.acts.test_acts_commands import (
    ETC,
    KEY,
    ONE,
    SWAPON,
    WANTS,
    enabled,
    node,
    program,
    script,
    status,
    unit,
)
from tests.facts.acts.test_unknown_programs import Entries, own

KUBELET: Entries = {"/usr/bin/kubelet": script(), **program("kubelet.service", "/usr/bin/kubelet")}
TIMER: Entries = {f"{ETC}/timers.target.wants/r.timer": TreeLink("../r.timer")}
RIVAL = unit("ExecStart=/bin/sh", first="Conflicts=kubelet.service shutdown.target")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({**TIMER, f"{ETC}/r.timer": "[Timer]\nOnBootSec=5min\n", f"{ETC}/r.service": RIVAL}, "fail"),
        ({**TIMER, f"{ETC}/r.timer": "[Timer]\nOnCalendar=daily\n", f"{ETC}/r.service": RIVAL}, "fail"),
        ({**TIMER, f"{ETC}/r.timer": "[Timer]\nOnCalendar=monthly\n", f"{ETC}/r.service": RIVAL}, "unknown"),
        ({**TIMER, f"{ETC}/r.timer": "[Timer]\nOnBootSec=5min\n", f"{ETC}/r.service": RIVAL.replace(
            "[Service]", "ConditionPathExists=/gone\n[Service]")}, "fail"),
        ({f"{ETC}/r.service": RIVAL, "/etc/rc.local": script("systemctl start r")}, "fail"),
        ({f"{ETC}/r.service": RIVAL, **own("systemctl start r")}, "fail"),
        ({f"{ETC}/r.timer": "[Timer]\nOnBootSec=5min\n", f"{ETC}/r.service": RIVAL}, "pass"),
        ({**TIMER, f"{ETC}/r.timer": "[Timer]\nOnBootSec=5\n", f"{ETC}/r.service": unit("ExecStart=/bin/sh")}, "pass"),
        ({f"{ETC}/r.service": RIVAL}, "pass"),
    ],
)  # fmt: skip
def test_a_unit_that_is_started_later_may_conflict(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**KUBELET, **tree}), "service[kubelet]") == expected


def fails(*lines: str) -> Entries:
    return {
        f"{ETC}/a.service": unit(*lines, first="OnFailure=z.service"), **enabled("a.service"),
        f"{ETC}/z.service": unit(SWAPON),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (fails("ExecStart=/bin/false"), "fail"),
        (fails("ExecStart=/gone"), "fail"),
        (fails("ExecStartPre=/bin/false", "ExecStart=/bin/sh"), "fail"),
        (fails("ExecStart=/usr/bin/ping -c1 x"), "unknown"),
        (fails("ExecStart=/bin/sh"), "pass"),
        (fails("ExecStart=-/bin/false"), "pass"),
        ({**fails("ExecStart=/bin/false"), f"{WANTS}/a.service": TreeLink("/dev/null")}, "pass"),
    ],
)
def test_a_unit_that_fails_starts_another(tmp_path: Path, tree: Entries, expected: str) -> None:
    tree = {"/bin/false": script(), **tree}

    assert status(node(tmp_path, tree), "swap") == expected


MODULES: Entries = {
    "/lib/modules/6.1.0/modules.dep": "kernel/net/bridge/br_netfilter.ko:\n",
    "/lib/modules/6.1.0/modules.builtin": "kernel/net/8021q/8021q.ko\n",
    "/lib/modules/6.1.0/modules.alias": "alias other br_netfilter\n",
}
OLDER: Entries = {"/lib/modules/5.1.0/modules.dep": "kernel/x/gone.ko:\n"}
SET = f"sysctl -w {KEY}=0"


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (own("set -e", "modprobe gone", SET), "pass"),
        (own("modprobe gone && " + SET), "pass"),
        (own("set -e", "modprobe -a br_netfilter gone", SET), "pass"),
        (own("modprobe gone", SET), "fail"),
        (own("set -e", "modprobe gone || true", SET), "fail"),
        (own("set -e", "modprobe br-netfilter", SET), "fail"),
        (own("set -e", "modprobe 8021q", SET), "fail"),
        (own("set -e", "modprobe other", SET), "fail"),
        ({**own("set -e", "modprobe gone", SET), "/etc/modprobe.d/x.conf": "install gone /bin/true\n"}, "fail"),
        ({**own("set -e", "modprobe gone", SET), **OLDER}, "fail"),
    ],
)
def test_a_module_that_is_not_there_ends_a_strict_script(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**ONE, **MODULES, **tree}), f"sysctl[{KEY}]") == expected


def test_a_module_that_is_not_there_undoes_a_pass(tmp_path: Path) -> None:
    lines = ("set -e", "modprobe gone", f"sysctl -w {KEY}=1")

    assert status(node(tmp_path, {**MODULES, **own(*lines)}), f"sysctl[{KEY}]") == "fail"
