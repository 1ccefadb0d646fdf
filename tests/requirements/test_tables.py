"""Every table of the product: each row says something of some node, and where it comes from."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import DEFAULT_RUNTIME
from nodecheck.facts.kubelet.removed import ADDED, DROPINS, KUBEADM_APIS, REMOVED, REMOVED_GATES
from nodecheck.requirements.asked import PROXY_MODES, ROLES
from nodecheck.requirements.table import NEWEST, Row, Table
from nodecheck_checks.cgroups.cgroup_controller import CONTROLLERS
from nodecheck_checks.cgroups.cgroup_version import V1_TAKEN
from nodecheck_checks.kernel.kernel_module import MODULES
from nodecheck_checks.kernel.kernel_options import OPTIONS, V1_OPTIONS, V2_OPTIONS
from nodecheck_checks.kernel.kernel_version import MINIMA
from nodecheck_checks.network.kube_proxy_mode import MODES
from nodecheck_checks.network.links import UNNUMBERED
from nodecheck_checks.network.port import PORTS
from nodecheck_checks.packages.runtime_table import RUNTIMES
from nodecheck_checks.packages.version_skew import KUBEADM_TAKES, SKEW
from nodecheck_checks.runtime.kubelet_side import ASKS
from nodecheck_checks.runtime.sockets import CRI_VERSIONS, DETECTED
from nodecheck_checks.swap.behaviour import BEHAVIOURS
from nodecheck_checks.system.command_table import NEEDS

TABLES = {
    "CONTROLLERS": CONTROLLERS, "OPTIONS": OPTIONS, "V1_OPTIONS": V1_OPTIONS, "V2_OPTIONS": V2_OPTIONS,
    "UNNUMBERED": UNNUMBERED,
    "ADDED": ADDED, "DROPINS": DROPINS, "REMOVED_GATES": REMOVED_GATES,
    "ASKS": ASKS, "BEHAVIOURS": BEHAVIOURS, "DEFAULT_RUNTIME": DEFAULT_RUNTIME, "KUBEADM_TAKES": KUBEADM_TAKES,
    "MINIMA": MINIMA, "MODES": MODES, "MODULES": MODULES, "NEEDS": NEEDS, "PORTS": PORTS, "REMOVED": REMOVED,
    "RUNTIMES": RUNTIMES, "SKEW": SKEW,
    "CRI_VERSIONS": CRI_VERSIONS, "DETECTED": DETECTED, "KUBEADM_APIS": KUBEADM_APIS, "V1_TAKEN": V1_TAKEN,
}  # fmt: skip
BY_RELEASE = (
    "UNNUMBERED",
    "CRI_VERSIONS",
    "DROPINS",
    "ASKS",
    "BEHAVIOURS",
    "DEFAULT_RUNTIME",
    "KUBEADM_TAKES",
    "SKEW",
    "V1_TAKEN",
)
"""Tables that are asked by a release alone, of each of which they say one thing."""

RELEASES = [f"1.{minor}" for minor in range(NEWEST[1] + 1)]
NODES = [
    Target(role, release, mode) for role, release, mode in product(ROLES, RELEASES, (*PROXY_MODES, None))
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_each_row_counts_on_some_node_and_says_why(table: Table) -> None:
    def counts(row: Row) -> bool:
        return any(table.find(row.name, node) is row for node in NODES)

    assert [row for row in table if not (counts(row) or row.planned)] == []
    assert [row for row in table if not (row.wanted and row.reason and row.source)] == []


@pytest.mark.parametrize("name", BY_RELEASE)
def test_one_row_for_each_release(name: str) -> None:
    table = TABLES[name]

    for subject, minor in product({row.name for row in table}, range(NEWEST[1] + 5)):
        held = [row for row in table if row.name == subject and not row.planned and row.covers((1, minor))]
        assert len(held) == 1


OF_PLANS = ("cgroup-version", "kernel-version", "kube-proxy-mode", "runtime-version")
"""Checks whose tables have rows that are planned."""


def test_what_is_planned_is_of_a_release_to_come_and_has_the_day_of_its_reading() -> None:
    planned = [row for table in TABLES.values() for row in table if row.planned]

    read = [json.loads(line) for line in (Path(__file__).parent / "rows.jsonl").read_text().split("\n")[:-1]]
    plans = [row for row in read if row["status"] == "planned" and row.get("check") in OF_PLANS]
    # What is planned of a runtime, and of no release of Kubernetes, is a note of that runtime's release.
    wanted = [row["from_release"] for row in plans if row["from_release"] is not None]
    assert sorted(wanted) == sorted([f"1.{row.since[1]}" for row in planned])
    for row in planned:
        assert date.fromisoformat(row.planned) <= date(2026, 12, 31)
        assert row.since > NEWEST
        assert row.note.startswith(f"planned for Kubernetes 1.{row.since[1]}, read on {row.planned}: ")
