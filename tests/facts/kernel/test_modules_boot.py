"""``BootModules``: what other checks ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking.store import Facts
from nodecheck.facts.kernel.at_boot import BootModules
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


@pytest.mark.parametrize(
    ("line", "module", "state"),
    [
        ("net.ipv4.tcp_congestion_control = bbr\n", "tcp_bbr", "loaded"),
        ("net.core.default_qdisc=fq\n", "sch_fq", "loaded"),
        ("net.core.default_qdisc=fq\n", "sch_fq_codel", "not loaded"),
        ("# net.core.default_qdisc=fq\n", "sch_fq", "not loaded"),
    ],
)
def test_the_kernel_loads_what_a_sysctl_names(tree: Tree, line: str, module: str, state: str) -> None:
    root = tree({"etc/sysctl.d/a.conf": line})
    assert Facts(RootHost(str(root))).get(BootModules).verdict(module).state == state


@pytest.mark.parametrize(
    ("script", "loads", "state"),
    [
        ("#!/bin/sh\nmodprobe dummy\nmodprobe -r dummy\n", "", "not loaded"),
        ("#!/bin/sh\nmodprobe dummy\nrmmod dummy\nmodprobe dummy\n", "", "loaded"),
        ("#!/bin/sh\nrmmod dummy\n", "dummy\n", "unclear"),
        ("#!/bin/sh\nmodprobe -r other\n", "dummy\n", "loaded"),
        ("#!/bin/sh\nrmmod $what\n", "dummy\n", "unclear"),
    ],
)
def test_a_script_takes_a_module_away(tree: Tree, script: str, loads: str, state: str) -> None:
    root = tree({"etc/rc.local": script, "etc/modules-load.d/a.conf": loads})
    (root / "etc/rc.local").chmod(0o755)
    assert Facts(RootHost(str(root))).get(BootModules).verdict("dummy").state == state


def test_what_a_module_needs_is_loaded_before_its_install_line_is_run(tree: Tree) -> None:
    """As a rebooted node showed: modprobe loads bridge, and then runs /bin/false."""
    root = tree(
        {
            "lib/modules/6.1.0/modules.dep": "br_netfilter.ko: bridge.ko stp.ko\nbridge.ko: stp.ko\nstp.ko:\n",
            "lib/modules/6.1.0/vmlinuz": "",
            "etc/modules-load.d/a.conf": "br_netfilter\n",
            "etc/modprobe.d/a.conf": "install br_netfilter /bin/false\n",
        }
    )
    found = Facts(RootHost(str(root))).get(BootModules)
    assert [found.verdict(name).state for name in ("stp", "bridge", "br_netfilter")] == ["loaded", "loaded", "blocked"]
    (root / "etc/modprobe.d/a.conf").write_text("install stp /bin/false\n")
    found = Facts(RootHost(str(root))).get(BootModules)
    assert [found.verdict(name).state for name in ("stp", "bridge", "br_netfilter")] == ["blocked"] * 3


@pytest.mark.parametrize(
    ("rules", "loads", "states"),
    [
        # the chain is c, b, a: what stops one leaves those before it
        ("install b /bin/true\n", "a\n", {"c": "loaded", "b": "blocked", "a": "blocked"}),
        ("install c /bin/false\n", "a\nb\n", {"c": "blocked", "b": "blocked", "a": "blocked"}),
        ("install a /sbin/modprobe --ignore-install a\n", "a\n", {"c": "loaded", "b": "loaded", "a": "loaded"}),
        ("install a /bin/false\n", "a\nc\n", {"c": "loaded", "b": "loaded", "a": "blocked"}),
        # a blacklist is for the name that is asked for, and not for what it needs
        ("blacklist b\n", "a\n", {"c": "loaded", "b": "loaded", "a": "loaded"}),
        ("blacklist a\n", "a\n", {"c": "blocked", "b": "blocked", "a": "blocked"}),
        ("blacklist a\n", "a\nb\n", {"c": "loaded", "b": "loaded", "a": "blocked"}),
        # a soft dependency that does not load stops nothing but itself
        ("softdep a pre: d\ninstall d /bin/false\n", "a\n", {"d": "blocked", "a": "loaded"}),
        ("softdep a post: d\ninstall a /bin/true\n", "a\n", {"a": "blocked", "c": "loaded"}),
        ("softdep b pre: d\n", "a\n", {"d": "loaded", "b": "loaded"}),
    ],
)
def test_what_stops_a_module_leaves_what_is_loaded_before_it(
    tree: Tree, rules: str, loads: str, states: dict[str, str]
) -> None:
    root = tree(
        {
            "lib/modules/6.1.0/modules.dep": "a.ko: b.ko c.ko\nb.ko: c.ko\nc.ko:\nd.ko:\n",
            "lib/modules/6.1.0/vmlinuz": "",
            "etc/modules-load.d/a.conf": loads,
            "etc/modprobe.d/a.conf": rules,
        }
    )
    found = Facts(RootHost(str(root))).get(BootModules)
    assert {name: found.verdict(name).state for name in states} == states


def test_naming_a_module_that_a_script_takes_away_does_not_mend_it(tree: Tree) -> None:
    """As a rebooted node showed."""
    root = tree({"etc/rc.local": "#!/bin/sh\nmodprobe br_netfilter\nmodprobe -r br_netfilter\n"})
    (root / "etc/rc.local").chmod(0o755)
    row = nodecheck.run(root=root, select=["kernel-module"])["kernel-module[br_netfilter]@boot"]
    assert row.status == "fail"
    assert row.fix is not None
    assert row.fix.safety == "manual"


@pytest.mark.parametrize(
    ("start", "state"),
    [
        ("/bin/true", "blocked"),
        ("/lib/systemd/systemd-modules-load", "loaded"),
        ("-/usr/lib/systemd/systemd-modules-load", "loaded"),
    ],
)
def test_a_drop_in_gives_modules_load_another_command(tree: Tree, start: str, state: str) -> None:
    units = "usr/lib/systemd/system"
    dropin = f"[Service]\nExecStart=\nExecStart={start}\n"
    root = tree(
        {
            f"{units}/systemd-modules-load.service": "[Service]\nExecStart=/lib/systemd/systemd-modules-load\n",
            "etc/systemd/system/systemd-modules-load.service.d/x.conf": dropin,
            "etc/modules-load.d/a.conf": "dummy\n",
        }
    )
    assert Facts(RootHost(str(root))).get(BootModules).verdict("dummy").state == state


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("#!/bin/sh\nmodprobe ip_vs\nmodprobe dummy\n", "loaded"),
        ("#!/bin/sh -e\nmodprobe ip_vs\nmodprobe dummy\n", "not loaded"),
        ("#!/bin/bash -xe\nmodprobe gone\nmodprobe dummy\n", "not loaded"),
        ("#!/bin/sh -e\nmodprobe -a ip_vs dummy\n", "loaded"),
        ("#!/bin/sh -e\nmodprobe ip_vs || true\nmodprobe dummy\n", "loaded"),
        ("#!/bin/sh\nset -eu\nmodprobe ip_vs\nmodprobe dummy\n", "not loaded"),
        ("#!/bin/sh\nset -o errexit\nmodprobe ip_vs\nmodprobe dummy\n", "not loaded"),
        ("#!/bin/sh -e\nset +e\nmodprobe ip_vs\nmodprobe dummy\n", "loaded"),
        ("#!/bin/sh -e\nmodprobe quiet\nmodprobe dummy\n", "loaded"),
        ("#!/bin/sh -e\nmodprobe inside\nmodprobe dummy\n", "loaded"),
    ],
)
def test_a_load_that_fails_ends_a_script_that_was_told_so(tree: Tree, script: str, state: str) -> None:
    """As a rebooted node showed: Debian's rc.local begins with ``#!/bin/sh -e``."""
    dep = "ip_vs.ko: nf_conntrack.ko\nnf_conntrack.ko:\ndummy.ko:\nquiet.ko:\n"
    root = tree(
        {
            "lib/modules/6.1.0/modules.dep": dep,
            "lib/modules/6.1.0/modules.builtin": "kernel/inside.ko\n",
            "lib/modules/6.1.0/vmlinuz": "",
            "etc/modprobe.d/a.conf": "install nf_conntrack /bin/false\ninstall quiet /bin/true\n",
            "etc/rc.local": script,
        }
    )
    (root / "etc/rc.local").chmod(0o755)
    found = Facts(RootHost(str(root))).get(BootModules).verdict("dummy")
    told = state == "not loaded" and "gone" not in script  # what no tree has ends the script before anything is asked
    assert (found.state, "ends the script" in found.message) == (state, told)
