"""Inodes on file systems."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from nodecheck.checking import Lazy, Result
from nodecheck.facts import DataFolders, DiskRoom, KubeletConfig, KubeletRelease, Target
from nodecheck.host import RootHost
from nodecheck.host.base import Space
from nodecheck.testing import Entry, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.system.disk_free import disk_free
from nodecheck_checks.system.inodes_free import INODES, inodes_free

CONTAINERD = DataFolders(("/var/lib/containerd",))
K3S = DataFolders(("/var/lib/rancher",))
PATH = "/var/lib/kubelet/config.yaml"
CONFIG = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard:
  nodefs.available: 200Mi
  nodefs.inodesFree: "20%"
  imagefs.inodesFree: "300"
"""
UNIT: dict[str, Entry] = {
    "/etc/systemd/system/kubelet.service": f"[Service]\nExecStart=/usr/bin/kubelet --config={PATH}\n",
    "/usr/bin/kubelet": "",
    "/var/lib/docker/image": "",
}


def found(path: str, inodes: int, available: int, folders: DataFolders = CONTAINERD, **options: Any) -> Any:
    """The outcome of a path on a file system of so many inodes, on a worker whose kubelet is not set up yet."""
    release = options.pop("release", None)
    (outcome,) = inodes_free(
        path,
        DiskRoom(path, 1 << 30, 1 << 20, inodes, available),
        Lazy(KubeletConfig),
        Lazy(lambda: KubeletRelease(release)),
        Lazy(lambda: folders),
        Lazy(lambda: Target(role="worker")),
        **options,
    )
    return outcome


@pytest.mark.parametrize(
    ("path", "available", "status", "severity"),
    [
        ("/var/lib/kubelet", 50, "pass", "error"),
        ("/var/lib/kubelet", 49, "fail", "error"),
        ("/var/lib/containerd", 50, "pass", "error"),
        ("/var/lib/containerd", 49, "fail", "error"),
        ("/var/log", 49, "fail", "warning"),
        ("/srv", 49, "fail", "error"),
    ],
)
def test_judgement(path: str, available: int, status: str, severity: str) -> None:
    outcome = found(path, 1000, available)

    assert (outcome.status, outcome.severity) == (status, severity)


def test_a_file_system_that_counts_none() -> None:
    """btrfs and vfat make inodes as they need them, and say 0 of 0."""
    assert found("/var/lib/kubelet", 0, 0).status == "skip"


def test_who_watches_no_inodes_has_a_warning() -> None:
    """Before 1.30 the kubelet had no threshold for the inodes of images; that of k3s has none at all."""
    for outcome in (
        found("/var/lib/containerd", 1000, 49, release=(1, 29, 0)),
        found("/var/lib/kubelet", 1000, 49, K3S),
        found("/var/lib/rancher", 1000, 49, K3S),
    ):
        assert (outcome.status, outcome.severity) == ("fail", "warning")
        assert "leaves it out" in outcome.message
    assert found("/var/lib/containerd", 1000, 49, release=(1, 30, 0)).severity == "error"
    assert found("/var/lib/kubelet", 1000, 49, release=(1, 29, 0)).severity == "error"


def test_a_profile_names_its_own_share() -> None:
    assert found("/var/log", 1000, 49, minimum_percent=4).status == "pass"
    assert found("/var/log", 1000, 39, minimum_percent=4).severity == "error"
    assert found("/var/log", 1000, 49, named=True).severity == "error"


def test_each_path_has_its_signal() -> None:
    assert {row.wanted for row in INODES} == {"nodefs.inodesFree", "imagefs.inodesFree"}


def replayed(root: Path, entries: dict[str, Entry], available: int, **options: Any) -> list[Result]:
    """A running node of these files, all on one file system of 1000 inodes, judged from its recording.

    Root could still make more: what is only free is not available.
    """
    recording = record(write_tree(root, entries))
    recording.running = True
    judge(inodes_free, recording, **options)
    data = json.loads(json.dumps(recording.to_data()))
    for answer in data["answers"]:
        if answer["question"][0] == "statvfs" and "Space" in answer["answer"]:
            answer["answer"]["Space"].update(inodes=1000, inodes_free=1000, inodes_available=available)
    return list(judge(inodes_free, replay(data), **options))


@pytest.mark.parametrize(
    ("changes", "available", "statuses"),
    [
        ({}, 400, "pass pass pass"),
        ({}, 250, "fail pass pass"),
        ({}, 190, "fail fail fail"),
        ({PATH: CONFIG.replace("20%", "50%")}, 400, "pass fail fail"),
        ({"/var/lib/docker/image": None}, 400, "pass pass"),
    ],
)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Any], available: int, statuses: str) -> None:
    """The kubelet's configuration, the folders that are there, and how many inodes are left."""
    files = {path: entry for path, entry in {**UNIT, PATH: CONFIG, **changes}.items() if entry is not None}
    results = replayed(tmp_path, files, available)

    assert [str(one.status) for one in sorted(results, key=lambda one: str(one.subject))] == statuses.split()


def test_evidence_and_fingerprint(tmp_path: Path) -> None:
    files = {**UNIT, PATH: CONFIG}
    before, after = (replayed(tmp_path / str(left), files, left) for left in (500, 400))

    assert [seen.source for seen in before[1].evidence] == ["statvfs /var/lib/kubelet", PATH]
    assert [one.fingerprint for one in before] == [one.fingerprint for one in after]
    assert [one.actual for one in before] != [one.actual for one in after]


def test_a_root_does_not_say(tmp_path: Path) -> None:
    report = judge(inodes_free, write_tree(tmp_path, {"/var/log/x": ""}), role="control-plane")

    assert_verdicts(
        report, {f"inodes-free[{path}]": "skip" for path in ("/var/lib/etcd", "/var/lib/kubelet", "/var/log")}
    )


def test_what_was_not_recorded_is_unknown(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, {"/var/log/messages": ""}))
    recording.running = True
    judge(inodes_free, recording)
    data = recording.to_data()
    data["answers"] = [answer for answer in data["answers"] if answer["question"][0] != "statvfs"]

    assert_verdicts(
        judge(inodes_free, replay(data)),
        {"inodes-free[/var/lib/kubelet]": "unknown", "inodes-free[/var/log]": "unknown"},
    )


GONE = Event()


class DeadMount(RootHost):
    """A node with a network mount whose server is gone: statvfs(3) of a path below it does not come back."""

    running = True

    def statvfs(self, path: str) -> Space:
        if path.startswith("/var/log"):
            GONE.wait(60)
        return super().statvfs(path)


@pytest.mark.parametrize("check", [disk_free, inodes_free])
def test_complaint_49(tmp_path: Path, check: Any) -> None:
    """A mount that is dead holds up what asks for it, for a while, and nothing that was judged before."""
    write_tree(tmp_path, {"/var/log/messages": "", "/var/lib/x": ""})
    last, first = judge(check, DeadMount(str(tmp_path)), timeout=1.0)

    assert (first.subject, last.subject, last.status) == ("/var/lib/kubelet", None, "unknown")
    assert last.cause is not None
    assert last.cause.code == "timeout"
