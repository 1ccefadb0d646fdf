"""What systemd-sysctl and systemd-modules-load really run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking.store import Facts
from nodecheck.errors import Unsupported
from nodecheck.facts.services.early_services import other_command
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

NAME = "systemd-sysctl.service"
UNIT: dict[str, str | bytes] = {
    f"usr/lib/systemd/system/{NAME}": "[Service]\nExecStart=/lib/systemd/systemd-sysctl\n",
}
DROP_IN = f"etc/systemd/system/{NAME}.d/x.conf"


def found(root: Path) -> str | None:
    host = RootHost(str(root))
    other = other_command(host, Facts(host).get(UnitIndex), NAME)
    return other.text if other is not None else None


def test_without_a_drop_in_it_runs_its_own_program(tree: Tree) -> None:
    assert found(tree(UNIT)) is None
    assert found(tree({DROP_IN: "[Unit]\nAfter=x.service\n"})) is None


def test_a_drop_in_adds_a_command(tree: Tree) -> None:
    assert found(tree({**UNIT, DROP_IN: "[Service]\nExecStart=/bin/true\n"})) is None


def test_a_drop_in_replaces_the_command(tree: Tree) -> None:
    text = "[Service]\nExecStart=\nExecStart=/bin/true\n"
    assert found(tree({**UNIT, DROP_IN: text})) == "ExecStart=/bin/true"


@pytest.mark.parametrize(
    "start", ["/lib/systemd/systemd-sysctl --prefix=/net", "/bin/sh -c 'exec /sbin/sysctl --system'"]
)
def test_a_command_that_may_do_the_same_is_not_guessed_at(tree: Tree, start: str) -> None:
    root = tree({**UNIT, DROP_IN: f"[Service]\nExecStart=\nExecStart={start}\n"})
    with pytest.raises(Unsupported):
        found(root)


def test_the_whole(tree: Tree) -> None:
    files: dict[str, str | bytes] = {"etc/sysctl.d/a.conf": "net.ipv4.ip_forward = 1\n", **UNIT}
    select = ["sysctl[net.ipv4.ip_forward]@boot"]
    link = "etc/systemd/system/sysinit.target.wants/systemd-sysctl.service"
    root = tree({**files, link: ""})
    assert [row.status for row in nodecheck.run(root=root, select=select).results] == ["pass"]

    root = tree({DROP_IN: "[Service]\nExecStart=\nExecStart=/bin/true\n", "usr/lib/systemd/systemd": ""})
    (row,) = nodecheck.run(root=root, select=select).results
    assert row.status == "fail"
    assert row.fix is not None
    assert row.fix.safety == "manual"


def test_a_rule_of_udev_that_sets_a_key_itself_is_not_passed_over(tree: Tree) -> None:
    """As a rebooted node showed: br_netfilter's default, 1, did not hold."""
    rule = 'ACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter", RUN+="/sbin/sysctl -w %s=0"\n'
    key = "net.bridge.bridge-nf-call-iptables"
    root = tree({"etc/modules-load.d/a.conf": "br_netfilter\n", "etc/udev/rules.d/9.rules": rule % key})
    (row,) = nodecheck.run(root=root, select=[f"sysctl[{key}]@boot"]).results
    assert row.status == "unknown"
    root = tree({"etc/udev/rules.d/9.rules": rule % "vm.swappiness"})
    (row,) = nodecheck.run(root=root, select=[f"sysctl[{key}]@boot"]).results
    assert row.status == "pass"
