"""A name that the kubelet's unit takes from systemd: the given case, other forms and look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck

Tree = Callable[[dict[str, "str | bytes"]], Path]


def judged(tree: Tree, override: str, hostname: str = "node7", kernel: str = "node7") -> list[tuple[str, str | None]]:
    root = tree({
        "/etc/systemd/system/kubelet.service": f"[Service]\nExecStart=/opt/bin/kubelet {override}\n",
        "/etc/hostname": f"{hostname}\n",
        "/proc/sys/kernel/hostname": f"{kernel}\n",
    })  # fmt: skip
    report = nodecheck.run(root=root, select=["hostname", "hostname@boot"])
    return [(str(result.status), result.actual) for result in report.results]


@pytest.mark.parametrize(
    ("override", "status", "actual"),
    [
        # Kubermatic's operating-system-manager and machine-controller
        ("--hostname-override=%H", "pass", "node7"),
        ("--hostname-override %H", "pass", "node7"),
        ("--hostname-override=%l", "pass", "node7"),
        ("--hostname-override=%H.example", "pass", "node7.example"),
        ("--hostname-override=kubelet-%p", "pass", "kubelet-kubelet"),
        ("--hostname-override=%b", "unknown", None),
        ("--hostname-override=%%H", "fail", "%H"),
        ("--hostname-override=node_7", "fail", "node_7"),
    ],
)
def test_a_specifier_in_the_name_that_the_kubelet_is_told(
    tree: Tree, override: str, status: str, actual: str | None
) -> None:
    assert judged(tree, override) == [(status, actual)] * 2


def test_the_hosts_own_name_is_judged_as_such(tree: Tree) -> None:
    assert judged(tree, "--hostname-override=%H", hostname="other") == [("pass", "node7"), ("fail", "other")]
    assert judged(tree, "--hostname-override=%H", "node_7", "node_7")[0][0] == "fail"
