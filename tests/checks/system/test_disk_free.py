"""Room on file systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nodecheck
from nodecheck import ProfileError
from nodecheck.checking import Lazy, Result
from nodecheck.facts import DataFolders, DiskRoom, KubeletConfig, KubeletRelease, Target
from nodecheck.testing import Entry, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.system.disk_free import asked_paths, disk_free, quantity_bytes, spelled, verify_path

MIB = 1 << 20
CONTAINERD = DataFolders(("/var/lib/containerd",))


def found(path: str, size: int, available: int, folders: DataFolders = CONTAINERD, **options: Any) -> Any:
    """The outcome of a path on a file system of so many MiB, on a worker whose kubelet is not set up yet."""
    (outcome,) = disk_free(
        path,
        DiskRoom(path, size * MIB, available * MIB),
        Lazy(KubeletConfig),
        Lazy(KubeletRelease),
        Lazy(lambda: folders),
        Lazy(lambda: Target(role="worker")),
        **options,
    )
    return outcome


@pytest.mark.parametrize(
    ("path", "size", "available", "status", "severity"),
    [
        ("/var/lib/kubelet", 1000, 100, "pass", "error"),
        ("/var/lib/kubelet", 1000, 99, "fail", "error"),
        ("/var/lib/containerd", 1000, 149, "fail", "error"),
        ("/var/lib/containerd", 1000, 150, "pass", "error"),
        ("/var/log", 1000, 99, "fail", "warning"),
        ("/var/lib/k0s", 2000, 1799, "fail", "warning"),
        ("/var/lib/k0s", 2000, 1800, "pass", "error"),
        ("/var/lib/k0s", 20000, 1800, "fail", "error"),
        ("/srv", 1000, 99, "fail", "error"),
        ("/var/lib/kubelet", 0, 0, "skip", "error"),
    ],
)
def test_judgement(path: str, size: int, available: int, status: str, severity: str) -> None:
    outcome = found(path, size, available)

    assert (outcome.status, outcome.severity or "error") == (status, severity)


def test_a_profile_names_its_own_room() -> None:
    assert found("/var/log", 1000, 60, minimum_percent=5).status == "pass"
    assert found("/var/log", 1000, 40, minimum_percent=5).severity == "error"
    assert found("/var/log", 1000, 40, named=True).severity == "error"
    assert found("/var/lib/k0s", 10000, 1700, minimum_percent=0, minimum_mib=1000).status == "pass"
    assert found("/var/lib/kubelet", 10000, 4000, minimum_mib=5000).expected == "at least 5000 MiB available"


def test_the_kubelet_of_k3s_evicts_later() -> None:
    assert found("/var/lib/kubelet", 1000, 60, DataFolders(("/var/lib/rancher",))).status == "pass"


def test_what_is_asked_of_a_node() -> None:
    assert asked_paths(Target(role="worker"), DataFolders()) == ["/var/lib/kubelet", "/var/log"]
    assert "/var/lib/etcd" in asked_paths(Target(role="control-plane"), DataFolders())
    assert "/var/lib/containerd" in asked_paths(Target(role="worker"), CONTAINERD)


@pytest.mark.parametrize(
    ("text", "size", "figure"),
    [
        ("7.5%", 1000, 75),
        ("100Mi", 0, 100 * MIB),
        ("1.5Gi", 0, 1536 * MIB),
        ("2G", 0, 2 * 10**9),
        ("3k", 0, 3000),
        ("9", 0, 9),
        ("500m", 0, 0),
    ],
)
def test_quantities_of_the_kubelet(text: str, size: int, figure: int) -> None:
    assert quantity_bytes(text, size) == figure


@pytest.mark.parametrize("path", ["var/lib", "/var/../etc", "", "/a\0b"])
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        verify_path(path)
    verify_path(spelled("/var/lib/kubelet/"))


def replayed(root: Path, entries: dict[str, Entry], available: int, **options: Any) -> list[Result]:
    """A running node of these files, all on one file system of 1000 MiB, judged from its recording."""
    recording = record(write_tree(root, entries))
    recording.running = True
    judge(disk_free, recording, **options)
    data = json.loads(json.dumps(recording.to_data()))
    for answer in data["answers"]:
        if answer["question"][0] == "statvfs" and "Space" in answer["answer"]:
            answer["answer"]["Space"].update(
                fragment_bytes=MIB, blocks=1000, blocks_free=available, blocks_available=available
            )
    return list(judge(disk_free, replay(data), **options))


PATH = "/var/lib/kubelet/config.yaml"
CONFIG = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
evictionHard:
  memory.available: 500Mi
  nodefs.available: 200Mi
  imagefs.available: "25%"
"""


UNIT = "/etc/systemd/system/kubelet.service"
NODE: dict[str, Entry] = {
    UNIT: f"[Service]\nExecStart=/usr/bin/kubelet --config={PATH}\n",
    PATH: CONFIG,
    "/usr/bin/kubelet": "",
    "/var/lib/docker/image": "",
}


@pytest.mark.parametrize("off", ["0%", "100%"])
@pytest.mark.parametrize(("available", "status"), [(90, "fail"), (110, "pass")])
def test_a_threshold_that_is_switched_off_is_none(tmp_path: Path, off: str, available: int, status: str) -> None:
    node = {**NODE, PATH: CONFIG.replace("200Mi", f'"{off}"')}

    (found_now,) = [one for one in replayed(tmp_path, node, available) if one.subject == "/var/lib/kubelet"]

    assert (found_now.status, found_now.expected) == (status, "at least 10% available")
    assert (str(found_now.severity), PATH in [seen.source for seen in found_now.evidence]) == ("warning", True)


def test_the_kubelet_s_own_configuration(tmp_path: Path) -> None:
    results = replayed(tmp_path, NODE, 220)

    assert {result.subject: str(result.status) for result in results} == {
        "/var/lib/docker": "fail",
        "/var/lib/kubelet": "pass",
        "/var/log": "pass",
    }
    assert [seen.source for seen in results[1].evidence] == ["statvfs /var/lib/kubelet", PATH]


@pytest.mark.parametrize(
    ("changes", "available", "statuses"),
    [
        ({}, 500, "pass pass pass"),
        ({}, 220, "fail pass pass"),
        ({}, 90, "fail fail fail"),
        ({PATH: CONFIG.replace("200Mi", "600Mi")}, 500, "pass fail fail"),
        ({PATH: None}, 149, "fail pass pass"),
        ({UNIT: "[Service]\nExecStart=/usr/bin/kubelet\n"}, 149, "fail pass pass"),
        ({"/var/lib/docker/image": None}, 220, "pass pass"),
        ({"/var/lib/containerd/x": ""}, 220, "fail fail pass pass"),
    ],
)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Entry | None], available: int, statuses: str) -> None:
    """statvfs, the kubelet's unit and configuration, and the folders of images: taken away, and with another value."""
    given = {**NODE, **changes}
    results = replayed(tmp_path, {path: entry for path, entry in given.items() if entry is not None}, available)

    assert [str(one.status) for one in sorted(results, key=lambda one: str(one.subject))] == statuses.split()


def test_a_share_that_changes_changes_no_fingerprint(tmp_path: Path) -> None:
    before = replayed(tmp_path / "a", {"/var/lib/kubelet/pki/x": ""}, 500)
    after = replayed(tmp_path / "b", {"/var/lib/kubelet/pki/x": ""}, 400)

    assert [one.fingerprint for one in before] == [one.fingerprint for one in after]
    assert [one.actual for one in before] != [one.actual for one in after]


def test_the_nearest_directory_above_counts(tmp_path: Path) -> None:
    results = replayed(tmp_path, {"/var/lib/x": ""}, 99)

    assert [(one.status, one.evidence[0].source) for one in results] == [
        ("fail", "statvfs /var/lib"),
        ("fail", "statvfs /var"),
    ]


def test_a_root_does_not_tell(tmp_path: Path) -> None:
    report = judge(disk_free, write_tree(tmp_path, {"/var/lib/docker/x": ""}), role="control-plane")

    assert {result.cause.code for result in report if result.cause} == {"offline"}
    assert_verdicts(
        report,
        {f"disk-free[{path}]": "skip" for path in ("/var/lib/docker", "/var/lib/etcd", "/var/lib/kubelet", "/var/log")},
    )


def test_what_was_not_recorded_is_unknown(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, {"/var/log/messages": ""}))
    recording.running = True
    judge(disk_free, recording)
    data = recording.to_data()
    data["answers"] = [answer for answer in data["answers"] if answer["question"][0] != "statvfs"]

    assert_verdicts(
        judge(disk_free, replay(data)), {"disk-free[/var/lib/kubelet]": "unknown", "disk-free[/var/log]": "unknown"}
    )


def test_what_the_profile_names_is_an_error(tmp_path: Path) -> None:
    (result,) = replayed(
        tmp_path, {"/var/log/x": ""}, 99, parameters={"require": ["/var/log/"]}, select=["disk-free[/var/log]"]
    )

    assert (result.id, result.status, result.severity) == ("disk-free[/var/log]", "fail", "error")


def test_a_signal_that_the_kubelet_does_not_watch(tmp_path: Path) -> None:
    """Its configuration names another signal alone: nothing is evicted for a full disk, which is still no good."""
    config = CONFIG[: CONFIG.index("  nodefs")]
    (one,) = [item for item in replayed(tmp_path, {PATH: config}, 50) if item.subject == "/var/lib/kubelet"]

    assert (one.status, one.severity) == ("fail", "warning")
    assert "leaves it out" in one.message


def test_what_changes_from_run_to_run_is_no_evidence(tmp_path: Path) -> None:
    first, second = (replayed(tmp_path / str(left), {PATH: CONFIG}, left) for left in (600, 700))

    assert [item.fingerprint for item in first] == [item.fingerprint for item in second]


@pytest.mark.parametrize("line", ["minimum-percent = 101", "minimum-percent = -2", "minimum-mib = -5"])
def test_figures_that_are_none(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n[check.disk-free]\n{line}\n')

    with pytest.raises(ProfileError, match="line 5"):
        nodecheck.run(root=tmp_path, profile=path)
