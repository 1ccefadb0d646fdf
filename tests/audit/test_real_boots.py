"""Real checks over reboots, on a tree that stands for the machine: what their two views name, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nodecheck.audit.boots import BootSeen
from nodecheck.audit.predictions import BY_VALUE, TO_BE_OFF
from nodecheck.audit.session import Audit, recorded
from nodecheck.audit.settled import BootNow
from nodecheck.facts.services.running import LIST
from nodecheck.plugins import load
from nodecheck.running.engine import run
from nodecheck.running.request import prepared
from nodecheck.testing import write_tree
from tests.live_tree import LiveTree
from tests.nodes import debian_node

SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
PROFILE = """schema = "nodecheck.profile/1"
name = "p"
[check.service]
require = ["chronyd", "kubelet"]
"""

TWO_VIEWS = {
    "cgroup-controller": "the controllers of either hierarchy, by the names of v2",
    "cgroup-version": "the node as a whole",
    "cni-config": "the directories of the runtime, or the node as a whole",
    "firewall": "four firewalls",
    "hostname": "the node as a whole, by its name",
    "kernel-config": "the options by their names, where there is a configuration",
    "kernel-module": "the modules that are listed",
    "kernel-next": "the node as a whole",
    "module-tree": "the node as a whole",
    "mount-options": "the paths, or the node as a whole",
    "mount-propagation": "the node as a whole",
    "path-access": "the paths",
    "kubelet-config": "the node as a whole",
    "kubelet-defaults": "the keys that are listed",
    "kubelet-swap": "the node as a whole",
    "reboot-pending": "the node as a whole",
    "running-version": "the units that run, and those that the boot starts",
    "runtime-config": "the runtimes by their names, or the node as a whole",
    "selinux": "the node as a whole",
    "service": "the services that are listed",
    "static-pod": "the manifests by their paths",
    "swap": "each area where there is one, as its source spells it, else the node as a whole",
    "sysctl": "the keys that are listed",
}
"""Checks with two views, and what both of them name. How their results are compared is decided for each of these."""


class Machine:
    """A node that is audited again and again, and rebooted."""

    def __init__(self, tree: Path, state: Path, more: Path) -> None:
        self.tree, self.state, self.boot = tree, state, 0
        (more / "p.toml").write_text(PROFILE)
        self.profile = more / "p.toml"
        self.services = {"chronyd": "active running", "kubelet": "active running", "containerd": "active running"}
        self.ran: tuple[str, ...] = ()
        self.rebooted()

    def rebooted(self, **files: str) -> None:
        self.boot += 1
        write_tree(self.tree, {"proc/sys/kernel/random/boot_id": f"b{self.boot}\n"})

    def audit(self, select: Iterable[str] = ()) -> Audit:
        host = LiveTree(self.tree)
        host.answers[LIST] = "".join(f"{name}.service loaded {state} x\n" for name, state in self.services.items())
        host.units = {f"{name}.service": 9_000_000 for name in self.ran}
        digests, explained = dict[str, str](), set[str]()
        found, registry, request = prepared(
            root=None, profile=self.profile, role=None, kubernetes="1.30", proxy_mode="iptables", cni=None,
            select=select, ignore=(), view=None, fail_on=None, timeout=30.0, waivers=(), host=host,
        )  # fmt: skip
        report = run(found, registry, request._replace(digests=digests, explained=explained))
        now = BootNow("2026-11-30T03:12:00Z", None)
        return recorded(report, str(self.state), "s", boot=BootSeen(digests, lambda: now, frozenset(explained)))


@pytest.fixture
def machine(tmp_path: Path, state: Path) -> Machine:
    tree = debian_node(tmp_path / "node")
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    for name in ("chronyd", "kubelet"):
        if not os.path.lexists(wants / f"{name}.service"):
            (wants / f"{name}.service").symlink_to(f"/usr/lib/systemd/system/{name}.service")
    write_tree(tree, {"usr/bin/kubelet": "\x7fELF"})
    (tree / "usr/bin/kubelet").chmod(0o755)
    return Machine(tree, state, tmp_path)


def misses(audit: Audit) -> list[tuple[str, str, str, str]]:
    assert audit.held is not None
    return [(miss.id, miss.kind, miss.said, miss.found) for miss in audit.held.misses]


def test_every_check_with_two_views_was_looked_at() -> None:
    both = [check.name for check in load().all_checks() if check.plugin == "builtin" and len(check.views) == 2]

    assert sorted(both) == sorted(TWO_VIEWS)
    assert set(TWO_VIEWS) >= BY_VALUE


def test_a_node_that_did_not_change_keeps_what_it_can_be_asked(machine: Machine) -> None:
    first = machine.audit()
    machine.rebooted()

    held = machine.audit().held

    assert held is not None
    boots = [one for one in first.report if one.view == "boot" and one.status in ("pass", "fail", "waived")]
    assert (held.broken, held.changed) == (0, 0), held.misses
    assert held.kept + held.not_compared == len(boots)
    assert held.kept >= 8


def test_what_predictions_rest_on_does_not_depend_on_what_came(machine: Machine) -> None:
    """Else what broke would be called changed: everything is off after the boot, by no file's word."""
    before = machine.audit().report
    machine.rebooted()
    machine.services = dict.fromkeys(machine.services, "failed failed")
    keys = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")
    swap = SWAPS + "/swapfile file\t\t524284\t\t0\t\t-2\n"
    off = {"proc/modules": "", "proc/swaps": swap, "proc/sys/kernel/hostname": "node9\n"}
    write_tree(machine.tree, {**off, **{f"proc/sys/{key}": "0\n" for key in keys}})

    after = machine.audit()

    found = {name: kind for name, kind, _, _ in misses(after)}
    assert set(found.values()) == {"broken"}
    checks = {name.partition("[")[0].partition("@")[0] for name in found}
    assert checks == {"hostname", "kernel-module", "service", "swap", "sysctl"}
    broken = {name for name in found if before[name].status == "pass"} - {"hostname@boot"}
    assert {after.report[name].status for name in broken} == {"unknown"}


def test_swap_that_an_unknown_actor_turns_on(machine: Machine) -> None:
    assert machine.audit(["swap"]).report["swap@boot"].status == "pass"
    machine.rebooted()
    write_tree(machine.tree, {"proc/swaps": SWAPS + "/swapfile file\t\t524284\t\t0\t\t-2\n"})

    after = machine.audit(["swap"])

    assert misses(after) == [("swap@boot", "broken", "pass", "fail")]
    cause = after.report["swap@boot"].cause
    assert cause is not None
    assert (after.report["swap@boot"].status, cause.code) == ("unknown", "broken-prediction")
    assert "swap[/swapfile]: 511 MiB of swap are active" in cause.detail
    write_tree(machine.tree, {"proc/swaps": SWAPS})
    later = machine.audit(["swap"]).report["swap@boot"].cause
    assert later == cause
    write_tree(machine.tree, {"etc/fstab": "# another\n"})
    assert machine.audit(["swap"]).report["swap@boot"].status == "pass"


def test_swap_that_was_to_come_and_did_not(machine: Machine) -> None:
    write_tree(machine.tree, {"etc/fstab": "/swapfile none swap sw 0 0\n"})
    assert machine.audit(["swap"]).report["swap[/swapfile]@boot"].status == "fail"
    machine.rebooted()

    after = machine.audit(["swap"])

    assert misses(after) == [("swap[/swapfile]@boot", "broken", "fail", "pass")]
    assert after.report["swap[/swapfile]@boot"].fix is not None


def test_swap_by_another_name_is_not_compared(machine: Machine) -> None:
    write_tree(machine.tree, {"etc/fstab": "UUID=0a1b none swap sw 0 0\n"})
    machine.audit(["swap"])
    machine.rebooted()
    write_tree(machine.tree, {"proc/swaps": SWAPS + "/dev/sda2 partition\t524284\t\t0\t\t-2\n"})

    after = machine.audit(["swap"])

    assert after.held is None  # nothing was compared at all


def test_a_line_that_was_written_between_is_no_broken_prediction(machine: Machine) -> None:
    machine.audit(["swap"])
    write_tree(machine.tree, {"etc/fstab": "/swapfile none swap sw 0 0\n"})
    machine.rebooted()
    write_tree(machine.tree, {"proc/swaps": SWAPS + "/swapfile file\t\t524284\t\t0\t\t-2\n"})

    after = machine.audit(["swap"])

    assert misses(after) == [("swap@boot", "changed", "pass", "fail")]
    assert after.report["swap[/swapfile]@boot"].status == "fail"


def test_a_service_that_never_came_up_and_one_that_somebody_stopped(machine: Machine) -> None:
    assert machine.audit(["service"]).report["service[chronyd]@boot"].status == "pass"
    machine.rebooted()
    machine.services |= {"chronyd": "failed failed", "kubelet": "inactive dead"}
    machine.ran = ("kubelet",)

    after = machine.audit(["service"])

    assert misses(after) == [("service[chronyd]@boot", "broken", "pass", "fail")]
    assert after.report["service[kubelet]@boot"].status == "pass"
    assert after.held is not None
    assert after.held.kept == 1


def test_a_kubelet_that_nothing_starts_and_that_need_not_run(machine: Machine) -> None:
    for path in ("etc/kubernetes/kubelet.conf", "var/lib/kubelet/config.yaml"):
        (machine.tree / path).unlink()
    (machine.tree / "etc/systemd/system/multi-user.target.wants/kubelet.service").unlink()
    machine.services["kubelet"] = "inactive dead"
    before = machine.audit(["service"]).report
    assert (before["service[kubelet]"].status, before["service[kubelet]@boot"].status) == ("pass", "fail")
    machine.rebooted()

    after = machine.audit(["service"])

    assert after.held is not None
    assert (after.held.kept, after.held.broken, after.held.not_compared) == (1, 0, 1)


@pytest.mark.parametrize(
    ("written", "came", "found"),
    [
        ("node2", "node2", []),
        ("node2", "node1", [("hostname@boot", "broken", "fail", "pass")]),
        ("node1", "node1", []),
        ("node1", "node7", [("hostname@boot", "broken", "pass", "pass")]),
    ],
)
def test_a_name_is_kept_or_broken_by_itself(machine: Machine, written: str, came: str, found: list[Any]) -> None:
    write_tree(machine.tree, {"etc/hostname": f"{written}\n"})
    machine.audit(["hostname"])
    machine.rebooted()
    write_tree(machine.tree, {"proc/sys/kernel/hostname": f"{came}\n"})

    after = machine.audit(["hostname"])

    assert misses(after) == found
    # Where the node has another name than its file, the boot view fails by itself.
    assert after.report["hostname@boot"].status == ("pass" if written == came else "fail")


def test_the_boot_view_says_of_a_firewall_that_it_is_to_be_off_whatever_its_rules(machine: Machine) -> None:
    machine.profile.write_text(PROFILE + '[check.firewall]\noff = ["nftables"]\n')
    found = machine.audit(["firewall"]).report["firewall[nftables]@boot"]

    assert (found.status, TO_BE_OFF in found.message) == ("fail", True)


def test_a_sysctl_that_a_program_sets(machine: Machine) -> None:
    (machine.tree / "etc/sysctl.d/k8s.conf").unlink()
    name = "sysctl[net.ipv4.ip_forward]@boot"
    assert machine.audit(["sysctl"]).report[name].status == "fail"
    machine.rebooted()

    after = machine.audit(["sysctl"])

    assert (name, "broken", "fail", "pass") in misses(after)
    assert (after.report[name].status, after.report[name].fix is not None) == ("fail", True)
    assert after.boots.broken == {}
