"""One fault for each check of the kernel and its cgroups in a healthy node: it fails by its id, and little else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.testing import run, write_tree
from tests.nodes import KCONFIG, debian_node

RUNS = "6.12.43+deb13-amd64"
OTHER = "6.12.57+deb13-amd64"
MENU = "boot/grub/grub.cfg"
CONFIG = f"boot/config-{RUNS}"
CONTROLLERS = "sys/fs/cgroup/cgroup.controllers"
MODULES = "usr/lib/modules"

_SAME = "the same kernel boots again"
_VERSION = "cgroup-version judges the memory controller too: no kubelet starts without it"
_BUILT = "that kernel is built without the controller"
ALSO = {
    ("cgroup-controller[pids]", "cgroup-controller[pids]@boot"): _SAME,
    ("cgroup-controller[freezer]", "cgroup-controller[freezer]@boot"): _SAME,
    ("cgroup-controller[devices]", "cgroup-controller[devices]@boot"): _SAME,
    ("cgroup-controller[devices]", "kernel-config[CGROUP_BPF]"): _BUILT,
    ("cgroup-controller[devices]", "kernel-config[CGROUP_BPF]@boot"): _BUILT,
    ("cgroup-controller[memory]", "cgroup-controller[memory]@boot"): _SAME,
    ("cgroup-controller[memory]", "cgroup-version"): _VERSION,
    ("cgroup-controller[memory]@boot", "cgroup-version@boot"): _VERSION,
    ("kernel-config[NET_NS]", "kernel-config[NET_NS]@boot"): _SAME,
    ("module-tree@boot", "kernel-module[br_netfilter]@boot"): "it is among the modules that are not there",
    ("module-tree@boot", "sysctl[net.bridge.bridge-nf-call-ip6tables]@boot"): "br_netfilter brings the key",
    ("module-tree@boot", "sysctl[net.bridge.bridge-nf-call-iptables]@boot"): "br_netfilter brings the key",
}
"""What else fails as an error with a fault, and why that is right."""


def words(text: str) -> Callable[[Path], None]:
    """The next boot is given these words."""
    return lambda root: _edit(root, MENU, "ro quiet", f"ro quiet {text}")


def _edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))


def without(option: str) -> Callable[[Path], None]:
    """The kernel is built without an option."""
    return lambda root: _edit(root, CONFIG, f"CONFIG_{option}=y\n", f"# CONFIG_{option} is not set\n")


def boots(release: str, config: str = KCONFIG, modules: bool = True) -> Callable[[Path], None]:
    """The default entry starts another kernel."""

    def fault(root: Path) -> None:
        _edit(root, MENU, f"/boot/vmlinuz-{RUNS}", f"/boot/vmlinuz-{release}")
        write_tree(root, {f"boot/config-{release}": config})
        if modules:
            shutil.copytree(root / MODULES / RUNS, root / MODULES / release)

    return fault


def not_frozen(root: Path) -> None:
    (root / "sys/fs/cgroup/init.scope/cgroup.freeze").rename(root / "sys/fs/cgroup/init.scope/cgroup.procs")


def removed(root: Path) -> None:
    """The package of the running kernel is gone, and another kernel boots."""
    boots(OTHER)(root)
    shutil.rmtree(root / MODULES / RUNS)


FAULTS: dict[str, Callable[[Path], None]] = {
    "cgroup-controller[pids]": lambda root: _edit(root, CONTROLLERS, " pids", ""),
    "cgroup-controller[memory]": lambda root: _edit(root, CONTROLLERS, " memory", ""),
    "cgroup-controller[freezer]": not_frozen,
    "cgroup-controller[devices]": without("CGROUP_BPF"),
    "cgroup-controller[cpuset]@boot": words("cgroup_disable=cpuset"),
    "cgroup-controller[memory]@boot": words("cgroup_disable=memory"),
    "kernel-config[NET_NS]": without("NET_NS"),
    "kernel-config[UTS_NS]@boot": boots(OTHER, KCONFIG.replace("UTS_NS", "X")),
    "kernel-next@boot": boots("4.4.0-210-generic"),
    "module-tree": removed,
    "module-tree@boot": boots(OTHER, modules=False),
}


def errors(root: Path) -> set[str]:
    report = run(root, role="worker", kubernetes="1.33", proxy_mode="iptables")
    return {found.id for found in report if found.status == "fail" and found.severity == "error"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_by_its_id_and_nothing_else(tmp_path: Path, name: str) -> None:
    root = debian_node(tmp_path)
    before = errors(root)
    FAULTS[name](root)

    assert errors(root) - before == {name, *(other for fault, other in ALSO if fault == name)}


def test_a_kernel_that_differs_is_information(tmp_path: Path) -> None:
    root = debian_node(tmp_path)
    boots(OTHER)(root)
    (found,) = [one for one in run(root, select=["kernel-next"]) if one.id == "kernel-next"]

    assert (found.status, found.severity) == ("fail", "info")


def test_the_table_names_faults() -> None:
    assert {fault for fault, _ in ALSO} <= set(FAULTS)
