"""The machine id, which no report holds."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from nodecheck.errors import Denied
from nodecheck.facts.services.machine_ids import DBUS_ID, MACHINE_ID
from nodecheck.host import RootHost
from nodecheck.testing import Entry, TreeLink, assert_declared, assert_verdicts, judge, record, replay, run, write_tree
from nodecheck_checks.identity.machine_id import machine_id
from tests.healthy.nodes import healthy_node

ID, OTHER = "dd9ac34e87d44a5db8dd86f02e1a4f07", "8e275844178f44a8aceba7d7e5178c63"
SYSTEMD: dict[str, Entry] = {"/usr/lib/systemd/systemd": "", "/sbin/init": TreeLink("/usr/lib/systemd/systemd")}
CONTAINER: dict[str, Entry] = {"/run/systemd/container": "docker\n"}


def found(root: Path, files: Mapping[str, Entry], running: bool = True) -> tuple[str, str, str | None]:
    """Status, severity and what is there; a recording that is replayed says the same, and nothing shows an id."""
    recording = record(write_tree(root, files))
    recording.running = running
    (first,) = judge(machine_id, recording)
    (again,) = judge(machine_id, replay(recording.to_data()))

    assert (first.status, first.fingerprint, first.message) == (again.status, again.fingerprint, again.message)
    assert ID not in repr(first)
    assert OTHER not in repr(first)
    return first.status.value, first.severity.value, first.actual


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({MACHINE_ID: f"{ID}\n"}, "pass error"),
        ({MACHINE_ID: ID}, "pass error"),
        ({MACHINE_ID: f"{ID}\n", DBUS_ID: TreeLink("/etc/machine-id")}, "pass error"),
        ({MACHINE_ID: f"{ID}\n", DBUS_ID: f"{ID}\n"}, "pass error"),
        ({MACHINE_ID: f"{ID}\n", DBUS_ID: ""}, "pass error"),
        ({MACHINE_ID: f"{ID}\n", DBUS_ID: f"{OTHER}\n"}, "fail warning"),
        ({DBUS_ID: f"{ID}\n"}, "pass error"),
        ({MACHINE_ID: "", DBUS_ID: f"{ID[:31]}\n"}, "fail error"),
        ({MACHINE_ID: f"{ID[:31]}\n"}, "fail error"),
        ({MACHINE_ID: f"{ID}0\n"}, "fail error"),
        ({MACHINE_ID: f"{ID.upper()}\n"}, "fail error"),
        ({MACHINE_ID: "0" * 32}, "fail error"),
        ({MACHINE_ID: f"{ID[:31]}\udcff\n"}, "fail error"),
        ({MACHINE_ID: f"{ID[:31]}٣\n"}, "fail error"),
        ({MACHINE_ID: f"{ID}\n{ID}\n"}, "fail error"),
        ({MACHINE_ID: "", **SYSTEMD}, "fail error"),
        ({MACHINE_ID: "", DBUS_ID: f"{ID}\n", **SYSTEMD}, "fail error"),
        ({MACHINE_ID: "uninitialized\n", DBUS_ID: f"{ID}\n", **SYSTEMD}, "fail error"),
        ({DBUS_ID: f"{ID}\n", **SYSTEMD}, "pass error"),
        ({MACHINE_ID: "uninitialized\n", **SYSTEMD}, "fail error"),
        (SYSTEMD, "fail error"),
        ({**SYSTEMD, **CONTAINER}, "skip error"),
        ({**SYSTEMD, "/sbin/init": TreeLink("/bin/busybox")}, "skip error"),
    ],
)
def test_ids(tmp_path: Path, files: Mapping[str, Entry], expected: str) -> None:
    encoded = {k: v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for k, v in files.items()}
    status, severity, _ = found(tmp_path, encoded)

    assert f"{status} {severity}" == expected


def test_what_is_shown_is_the_nodes_own_id_of_reports(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "a", {MACHINE_ID: f"{ID}\n"})
    report = run(root, select=["machine-id"])

    assert report.results[0].actual == report.node.machine_id
    assert ID not in report.to_json()
    assert found(tmp_path / "b", {MACHINE_ID: OTHER})[2] != report.node.machine_id


@pytest.mark.parametrize("files", [{}, {MACHINE_ID: ""}, SYSTEMD])
def test_a_root_that_never_booted_is_skipped(tmp_path: Path, files: Mapping[str, Entry]) -> None:
    assert found(tmp_path, files, running=False)[0] == "skip"


@pytest.mark.parametrize("path", [MACHINE_ID, DBUS_ID])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, path: str) -> None:
    class Refusing(RootHost):
        def read_at(self, asked: str, offset: int, size: int) -> bytes:
            if asked == path:
                raise Denied(asked, "permission denied")
            return super().read_at(asked, offset, size)

    root = write_tree(tmp_path, {MACHINE_ID: f"{ID}\n", DBUS_ID: f"{ID}\n"})

    assert_verdicts(judge(machine_id, Refusing(str(root))), {"machine-id": "unknown"})


def test_an_image_is_judged_by_another_check(tmp_path: Path) -> None:
    (result,) = run(write_tree(tmp_path, {MACHINE_ID: ""}), select=["machine-id"], phase="image").results
    assert (result.status, result.cause and result.cause.code) == ("skip", "not-selected-phase")


@pytest.mark.parametrize("name", ["debian-12", "k3s"])
def test_a_healthy_node(name: str, tmp_path: Path) -> None:
    assert_verdicts(run(healthy_node(name, tmp_path), select=["machine-id"]), {"machine-id": "pass"})


@pytest.mark.skipif(shutil.which("systemd-machine-id-setup") is None, reason="it takes systemd-machine-id-setup")
@pytest.mark.parametrize("content", ["", "0" * 32, ID[:31]])
def test_the_fix_makes_it_pass(tmp_path: Path, content: str) -> None:
    """By systemd's own program, once the file is empty."""
    root = write_tree(tmp_path, {**SYSTEMD, MACHINE_ID: content})
    recording = record(root)
    recording.running = True
    (before,) = judge(machine_id, recording)
    assert before.fix is not None
    assert (before.status, before.fix.reboot, [step.kind for step in before.fix.steps]) == ("fail", True, ["manual"])

    (root / "etc/machine-id").write_text("")
    subprocess.run(["systemd-machine-id-setup", f"--root={root}"], check=True, capture_output=True, timeout=60)

    assert_verdicts(judge(machine_id, root), {"machine-id": "pass"})


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    assert_declared(machine_id, write_tree(tmp_path, {MACHINE_ID: f"{ID}\n", DBUS_ID: f"{ID}\n", **SYSTEMD}))
