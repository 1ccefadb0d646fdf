"""The processors that a node must have."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.facts import Processors, Target
from nodecheck.facts.hardware.processors import ONLINE, STATUS
from nodecheck.testing import assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.hardware.cpu_count import cpu_count

LIST = "Name:\tsystemd\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n"
HIDDEN = Target(unreadable=("role: /etc/kubernetes: permission denied",))


@pytest.mark.parametrize(
    ("count", "target", "status", "severity"),
    [
        (2, Target(role="control-plane"), "pass", "error"),
        (1, Target(role="control-plane"), "fail", "error"),
        (1, Target(role="worker"), "pass", "info"),
        (1, Target(), "pass", "info"),
        (1, HIDDEN, "unknown", None),
        (2, HIDDEN, "pass", "info"),
    ],
)
def test_judgement(count: int, target: Target, status: str, severity: str | None) -> None:
    (outcome,) = cpu_count(Processors(count, "0-1", STATUS, "0"), target)

    assert (outcome.status, outcome.severity, outcome.subject) == (status, severity, None)


def test_a_quota_does_not_count_but_is_told() -> None:
    (outcome,) = cpu_count(Processors(2, "0-1", STATUS, "0-1", 0.5), Target(role="control-plane"))

    assert (outcome.status, outcome.message) == ("pass", "the node has 2 processors (its cgroup gives the time of 0.5)")
    assert outcome.evidence[-1][::2] == ("/sys/fs/cgroup/cpu.max", "0.5 processors")


def test_more_processors_may_be_allowed_than_are_switched_on() -> None:
    """A virtual machine with room for 128 shows ``0-127``: without the list of what is on nothing proves a second."""
    many, one = Processors(128, "0-127", STATUS), Processors(1, "0", STATUS)

    assert [one.status for one in cpu_count(many, Target(role="control-plane"))] == ["unknown"]
    assert [one.status for one in cpu_count(one, Target(role="control-plane"))] == ["fail"]
    assert [one.status for one in cpu_count(one, Target(role="worker"))] == ["pass"]


@pytest.mark.parametrize(("online", "status"), [("0-1\n", "pass"), ("0\n", "fail"), ("zero\n", "unknown")])
def test_a_replay_of_a_control_plane(tmp_path: Path, online: str, status: str) -> None:
    recording = record(write_tree(tmp_path, {STATUS: LIST, ONLINE: online}))
    recording.running = True
    first = judge(cpu_count, recording, role="control-plane")
    again = judge(cpu_count, replay(recording.to_data()), role="control-plane")

    assert_verdicts(again, {"cpu-count": status})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]


def test_a_root(tmp_path: Path) -> None:
    assert_verdicts(judge(cpu_count, write_tree(tmp_path / "a", {"/etc/hostname": "x\n"})), {"cpu-count": "skip"})
    capture = write_tree(tmp_path / "b", {STATUS: LIST, ONLINE: "0\n"})

    assert_verdicts(judge(cpu_count, capture, role="worker"), {"cpu-count": "pass"})
    assert_verdicts(judge(cpu_count, capture, role="control-plane"), {"cpu-count": "fail"})
