"""The memory that a node must have."""

from __future__ import annotations

from pathlib import Path

import pytest

import nodecheck
from nodecheck import ProfileError
from nodecheck.facts import Memory, Target
from nodecheck.facts.hardware.memory import LIMIT_IN_BYTES, MEMINFO, MEMORY_MAX
from nodecheck.testing import Entry, TreeFile, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.hardware.memory import memory
from tests.rights import modes_hold

HIDDEN = Target(unreadable=("role: /etc/kubernetes: permission denied",))
CONTROL_PLANE, WORKER = Target(role="control-plane"), Target(role="worker")
GIB = 1 << 30
KIB_1700 = 1700 * 1024


@pytest.mark.parametrize(
    ("total_kib", "target", "status", "severity"),
    [
        (KIB_1700, CONTROL_PLANE, "pass", "error"),
        (KIB_1700 - 1, CONTROL_PLANE, "fail", "error"),
        (KIB_1700 - 1, CONTROL_PLANE._replace(kubernetes="1.20.0"), "fail", "error"),
        (KIB_1700 - 1, CONTROL_PLANE._replace(kubernetes="1.19.16"), "pass", "warning"),
        (924 * 1024, WORKER, "pass", "warning"),
        (924 * 1024 - 1, WORKER, "fail", "warning"),
        (924 * 1024 - 1, Target(), "fail", "warning"),
        (KIB_1700 - 1, HIDDEN, "unknown", None),
        (KIB_1700, HIDDEN, "pass", "warning"),
    ],
)
def test_judgement(total_kib: int, target: Target, status: str, severity: str | None) -> None:
    (outcome,) = memory(Memory(total_kib), target)

    assert (outcome.status, outcome.severity, outcome.subject) == (status, severity, None)


def test_complaint_32() -> None:
    """A machine of 1 GiB shows 992 MiB and is none that is too small; what was compared is told, with its unit."""
    (enough,) = memory(Memory(992 * 1024), WORKER)
    (short,) = memory(Memory(480 * 1024), WORKER)

    assert (enough.status, enough.expected) == ("pass", "at least 924 MiB of 1024 given")
    assert (short.status, short.actual) == ("fail", "480 MiB of memory")
    assert short.evidence[0].source == MEMINFO


def test_a_limit_does_not_count_but_is_told() -> None:
    (outcome,) = memory(Memory(4 << 20, GIB, LIMIT_IN_BYTES), CONTROL_PLANE)

    assert (outcome.status, outcome.message) == ("pass", "the node has 4096 MiB of memory (its cgroup gives 1024)")
    assert outcome.evidence[-1][::2] == (LIMIT_IN_BYTES, "1024 MiB")


@pytest.mark.parametrize(("minimum", "status"), [(1000, "pass"), (1001, "fail"), (0, "pass")])
def test_a_figure_of_the_profile_is_compared_exactly(minimum: int, status: str) -> None:
    for target in (CONTROL_PLANE, WORKER, HIDDEN):
        (outcome,) = memory(Memory(1000 * 1024), target, minimum_mib=minimum)

        assert (outcome.status, outcome.severity) == (status, "error")


def node(root: Path, changes: dict[str, Entry | None]) -> Path:
    """A control plane with enough memory, with some files of other content, and without those that are None."""
    files: dict[str, Entry | None] = {MEMINFO: "MemTotal:        2012044 kB\nMemFree: 9 kB\n", **changes}
    return write_tree(root, {path: entry for path, entry in files.items() if entry is not None})


@pytest.mark.parametrize(
    ("changes", "status", "actual"),
    [
        ({}, "pass", "1964 MiB of memory"),
        ({MEMINFO: None}, "skip", None),
        ({MEMINFO: "MemTotal:        1012044 kB\n"}, "fail", "988 MiB of memory"),
        ({MEMINFO: "nothing\n"}, "unknown", None),
        ({MEMORY_MAX: f"{GIB}\n"}, "pass", "1964 MiB of memory (its cgroup gives 1024)"),
        ({LIMIT_IN_BYTES: f"{GIB}\n"}, "pass", "1964 MiB of memory (its cgroup gives 1024)"),
    ],
)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Entry | None], status: str, actual: str | None) -> None:
    recording = record(node(tmp_path, changes))
    (first,) = judge(memory, recording, role="control-plane")
    (again,) = judge(memory, replay(recording.to_data()), role="control-plane")

    assert (first.status, first.actual) == (again.status, again.actual) == (status, actual)
    assert first.fingerprint == again.fingerprint


def test_files_of_real_nodes(corpus: Path) -> None:
    for name in ("ne-meminfo", "facter-meminfo"):
        real = corpus / "07-proc-sys/files" / name
        assert_verdicts(judge(memory, real, role="control-plane"), {"memory": "pass"})
        assert_verdicts(judge(memory, real, role="worker", parameters={"minimum-mib": 8192}), {"memory": "fail"})


def test_what_nobody_may_read_is_unknown(tmp_path: Path) -> None:
    with modes_hold():
        assert_verdicts(judge(memory, node(tmp_path, {MEMINFO: TreeFile("", 0)})), {"memory": "unknown"})


def test_some_pages_more_or_less_change_no_fingerprint(tmp_path: Path) -> None:
    trees = [node(tmp_path / str(kib), {MEMINFO: f"MemTotal: {kib} kB\n"}) for kib in (2012044, 2012000)]
    found = [judge(memory, tree, role="control-plane").results[0].fingerprint for tree in trees]

    assert found[0] == found[1]


def test_a_figure_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n[check.memory]\nminimum-mib = -2\n'
    )

    with pytest.raises(ProfileError, match="line 5"):
        nodecheck.run(root=tmp_path, profile=path)
