"""``BootModules``: what other checks ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.facts.modules_boot import BootModules
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]


@pytest.mark.parametrize(
    ("path", "content", "early", "late"),
    [
        ("etc/modules-load.d/a.conf", "br-netfilter\n", True, False),
        ("lib/modules/6.1.0/modules.builtin", "kernel/net/bridge/br_netfilter.ko\n", True, False),
        ("proc/cmdline", "ro modules_load=br_netfilter\n", True, False),
        ("etc/sysconfig/modules/a.modules", "modprobe br_netfilter\n", False, True),
        ("etc/modules-load.d/a.conf", "overlay\n", False, False),
    ],
)
def test_early_and_late(tree: Tree, path: str, content: str, early: bool, late: bool) -> None:
    root = tree({path: content})
    (root / path).chmod(0o755)
    found = Facts(RootHost(str(root))).get(BootModules)
    assert (found.early("br-netfilter"), found.late("br_netfilter")) == (early, late)
    assert (found.loads("br_netfilter") is not None) is (early or late)


def test_the_running_kernels_tree_is_gone_and_a_newer_one_waits(tree: Tree) -> None:
    root = tree(
        {
            "proc/sys/kernel/osrelease": "6.1.0\n",
            "lib/modules/6.9.1/modules.dep": "kernel/br_netfilter.ko.zst:\n",
            "lib/modules/6.10.0/modules.dep": "kernel/ip_vs.ko.zst:\n",
            "etc/modules-load.d/a.conf": "br_netfilter\nip_vs\n",
        }
    )
    gone = Facts(RootHost(str(root))).get(BootModules)
    assert (gone.early("ip_vs"), gone.verdict("ip_vs").state) == (
        False,
        "missing",
    )  # no image: that tree may never count
    tree({"lib/modules/6.10.0/vmlinuz": ""})
    newest = Facts(RootHost(str(root))).get(BootModules)
    assert (newest.early("ip_vs"), newest.early("br_netfilter")) == (True, False)
