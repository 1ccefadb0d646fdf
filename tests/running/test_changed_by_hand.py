"""A hundred nodes that people changed by hand: none of them is said to be unexplained, where it can be explained."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.facts.services.running import LIST
from nodecheck.testing import judge, run, write_tree
from tests.live_tree import LiveTree
from tests.nodes import NAMES, debian_node, rocky_node

NODES = 50
"""Of each distribution."""
SEED = 13
HOUR_US = 3_600_000_000
KEYS = ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
SERVICES = ("containerd", "crio", "kubelet", "chronyd")
AREA = "/swapfile file\t\t524284\t\t0\t\t-2\n"
HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

Hand = Callable[[random.Random, LiveTree, Path], str]
SELECT = ("swap", "sysctl", "kernel-module", "service", "hostname", "selinux")


def services(stopped: str = "") -> str:
    """What systemctl lists: all that these nodes have, and perhaps one that does not run."""
    states = {True: "inactive dead", False: "active running"}
    return "".join(f"{name}.service loaded {states[name == stopped]} {name}\n" for name in SERVICES)


def set_what_no_file_sets(chance: random.Random, host: LiveTree, tree: Path) -> str:
    """The boot view fails, the present passes: what that view is for."""
    write_tree(tree, {"etc/sysctl.d/k8s.conf": "# nothing\n"})
    key = chance.choice(KEYS)
    write_tree(tree, {f"proc/sys/{key.replace('.', '/')}": "1\n"})
    return f"sysctl -w {key}=1"


def wrote_a_file_since(chance: random.Random, host: LiveTree, tree: Path) -> str:
    """The file is right now, and the present is not yet: it was written after the boot."""
    key = chance.choice(KEYS)
    write_tree(tree, {"etc/sysctl.d/k8s.conf": "".join(f"{each} = 1\n" for each in KEYS)})
    write_tree(tree, {f"proc/sys/{key.replace('.', '/')}": "0\n"})
    return f"a file for {key}, not loaded yet"


def loaded_a_module(chance: random.Random, host: LiveTree, tree: Path) -> str:
    write_tree(tree, {"etc/modules-load.d/k8s.conf": "# nothing\n"})
    return "modprobe"


def named_a_module_since(chance: random.Random, host: LiveTree, tree: Path) -> str:
    left = chance.sample(NAMES, 3)
    write_tree(tree, {"proc/modules": "".join(f"{name} 32768 0 - Live 0x0\n" for name in left)})
    write_tree(tree, {"etc/modules-load.d/more.conf": "".join(f"{name}\n" for name in NAMES)})
    return "a file of modules-load.d, not loaded yet"


def turned_swap_on(chance: random.Random, host: LiveTree, tree: Path) -> str:
    write_tree(tree, {"proc/swaps": HEAD + AREA})
    host.units["swapfile.swap"] = 30_000_000 + chance.randrange(16, 600) * 60_000_000
    return "swapon"


def took_swap_out_of_fstab(chance: random.Random, host: LiveTree, tree: Path) -> str:
    """It is on since the boot, and will not be any more."""
    write_tree(tree, {"proc/swaps": HEAD + AREA, "etc/fstab": "# /swapfile none swap sw 0 0\n"})
    host.units["swapfile.swap"] = 12_000_000
    return "fstab without swap"


def stopped_a_service(chance: random.Random, host: LiveTree, tree: Path) -> str:
    name = chance.choice(("kubelet", "chronyd"))
    host.units[f"{name}.service"] = chance.randrange(5_000_000, HOUR_US)
    host.answers[LIST] = services(name)
    return f"systemctl stop {name}"


def enabled_a_service_since(chance: random.Random, host: LiveTree, tree: Path) -> str:
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    link = wants / "chronyd.service"
    link.unlink(missing_ok=True)
    link.symlink_to("/usr/lib/systemd/system/chronyd.service")
    host.answers[LIST] = services("chronyd")
    return "systemctl enable, not started"


def nothing(chance: random.Random, host: LiveTree, tree: Path) -> str:
    return "nothing"


HANDS: tuple[Hand, ...] = (
    set_what_no_file_sets, wrote_a_file_since, loaded_a_module, named_a_module_since, turned_swap_on,
    took_swap_out_of_fstab, stopped_a_service, enabled_a_service_since, nothing,
)  # fmt: skip


@pytest.mark.parametrize("build", [debian_node, rocky_node])
def test_a_hundred_changed_nodes(build: Callable[[Path], Path], tmp_path: Path) -> None:
    chance, wrong, spoken = random.Random(SEED), [], 0
    for number in range(NODES):
        folder = tmp_path / str(number)
        folder.mkdir()
        tree = build(folder)
        host = LiveTree(tree, booted_words(tree))
        host.answers[LIST] = services()
        did = [hand(chance, host, tree) for hand in chance.sample(HANDS, chance.randrange(1, 3))]
        report = run(host, select=list(SELECT), role="worker")
        spoken += sum(result.view == "boot" and result.status == "pass" for result in report)
        wrong += [f"{did}: {item.id}: {item.message}" for item in report if (item.cause or ("",))[0] == "unexplained"]

    assert wrong == []
    assert spoken > NODES


def booted_words(tree: Path) -> str:
    """The command line of the entry that these trees boot."""
    from nodecheck.checking.store import Facts
    from nodecheck.facts import BootCmdline
    from nodecheck.host import RootHost

    return Facts(RootHost(str(tree))).get(BootCmdline).text


@pytest.mark.parametrize("build", [debian_node, rocky_node])
def test_these_nodes_can_be_unexplained(build: Callable[[Path], Path], tmp_path: Path) -> None:
    """What the hundred are held against: the same trees, where the present is nobody's doing."""
    tree = build(tmp_path)
    write_tree(tree, {"proc/swaps": HEAD + AREA})
    found = judge("swap", LiveTree(tree, booted_words(tree)))["swap@boot"]

    assert (found.cause or ("",))[0] == "unexplained"
