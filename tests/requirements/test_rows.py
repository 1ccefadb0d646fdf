"""What was read of Kubernetes' requirements by release, and what nodecheck makes of it: each row has its check.

``rows.jsonl`` holds what was read, with the source of each. Where the tables of a check can be asked by name, they
agree with it, release by release.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking import Severity
from nodecheck.facts.kubelet.removed import REMOVED, REMOVED_GATES
from nodecheck.plugins import load
from nodecheck.requirements.table import Release, Table
from nodecheck_checks.cgroups.cgroup_controller import CONTROLLERS
from nodecheck_checks.kernel.kernel_options import OPTIONS, V1_OPTIONS, V2_OPTIONS
from nodecheck_checks.system.command_table import NEEDS

FILE = Path(__file__).parent / "rows.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text().split("\n")[:-1]]
CHECKS = {check.name for check in load().all_checks()}
RELEASES = [(1, minor) for minor in range(17, 38)]
JUDGING = ("verified", "secondary", "partly")

Said = Callable[[str, Release], "str | None"]
"""The severity of what a table asks of a subject in a release; None where it asks nothing."""


def test_no_row_is_lost_and_each_has_a_check_or_a_reason() -> None:
    assert len(ROWS) == 316
    wrong = [
        (row["topic"], row["key"])
        for row in ROWS
        if ("check" in row) == ("later" in row) or row.get("check", "swap") not in CHECKS or not row.get("later", "x")
    ]
    assert wrong == []


def _asked(table: Table) -> Said:
    def said(name: str, release: Release) -> str | None:
        return next((row.severity.value for row in table if row.name == name and row.covers(release)), None)

    return said


def _removed(table: Table) -> Said:
    """What a release refuses: the row of what it knew ends before."""

    def said(name: str, release: Release) -> str | None:
        rows = [row for row in table if row.name == name]
        return Severity.ERROR.value if rows and not any(row.covers(release) for row in rows) else None

    return said


TABLES = {
    "cgroup-controller": _asked(CONTROLLERS),
    "command": _asked(NEEDS),
    "feature-gate": _removed(REMOVED_GATES),
    "kernel-config": _asked(Table(*OPTIONS, *V1_OPTIONS, *V2_OPTIONS)),
    "kubelet-flag": _removed(REMOVED),
}

DIFFERENT: dict[tuple[str, str], str] = {
    **{
        ("cgroup-controller", f"{name}@v1"): "the table names a controller once, for both versions"
        for name in ("cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids")
    },
    ("cgroup-controller", "memory@raspberry-pi"): "no row: what its firmware does to the row of memory",
    ("kernel-config", "AUFS_FS"): "it is not asked for, as the row says",
    ("kernel-config", "BLK_DEV_DM"): "it is not asked for, as the row says",
    ("feature-gate", "*"): "the row is about gates that depend on others, whatever their names",
    ("kubelet-flag", "--cgroup-driver"): "a note that it is deprecated; the flag still works",
    ("kubelet-flag", "cgroupDriver"): "the same of the key",
}
"""Where a table says something else, and why."""


def _release(text: str | None) -> Release | None:
    return None if text is None else tuple([int(number) for number in text.split(".")])


def _expected(topic: str, key: str, release: Release) -> str | None:
    """What the judging rows of a subject say of a release: the last one that covers it."""
    found = None
    for row in ROWS:
        least, most = _release(row["from_release"]), _release(row["to_release"])
        same = row["topic"] == topic and key in row["key"].split(", ") and row["status"] in JUDGING
        if same and "check" in row and (least is None or least <= release) and (most is None or release <= most):
            found = row["severity"]
    return found


SUBJECTS = sorted(
    {
        (row["topic"], key)
        for row in ROWS
        if row["topic"] in TABLES and row["status"] in JUDGING and "check" in row
        for key in row["key"].split(", ")
    }
)


@pytest.mark.parametrize(("topic", "key"), SUBJECTS)
def test_the_table_of_a_check_agrees(topic: str, key: str) -> None:
    said = TABLES[topic]
    name = key.removeprefix("--")
    wrong = [
        (release, told, expected)
        for release in RELEASES
        for told, expected in [(said(name, release), _expected(topic, key, release))]
        if told != expected
    ]
    assert wrong == [] or (topic, key) in DIFFERENT, wrong
    assert wrong != [] or (topic, key) not in DIFFERENT
