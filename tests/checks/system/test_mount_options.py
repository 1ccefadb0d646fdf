"""The options with which images, volumes and etcd are mounted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking import Result
from nodecheck.facts.files.fstab import FSTAB
from nodecheck.facts.files.mounts import NODES_OWN, READERS
from nodecheck.fix import Command
from nodecheck.testing import Entry, TreeLink, assert_declared, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.system.mount_options import OPTIONS, mount_options
from tests.facts.services.test_path_at_boot import CONTAINERD, LOCAL_MOUNT, SYSTEMD, UNITS, VENDOR, enabled, unit
from tests.fix.apply import applied
from tests.mount_tables import ROOT, mounted, table

IMAGES, PODS, ETCD = "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd"
NOW, BOOT = f"mount-options[{IMAGES}]", f"mount-options[{IMAGES}]@boot"


def found(root: Path, files: dict[str, Entry], **options: Any) -> dict[str, Result]:
    """What is said of a node, by id; the same of a recording of it."""
    recording = record(write_tree(root, {**SYSTEMD, f"{IMAGES}/x": "", **files}))
    first = {one.id: one for one in judge(mount_options, recording, **options)}
    again = {one.id: one for one in judge(mount_options, replay(recording.to_data()), **options)}

    assert [(one.status, one.fingerprint) for one in first.values()] == [
        (one.status, one.fingerprint) for one in again.values()
    ]
    assert [one.message for one in again.values() if one.cause is not None and one.cause.code == "crashed"] == []
    return again


@pytest.mark.parametrize(
    ("options", "status", "severity"),
    [
        ("rw,relatime", "pass", "error"),
        ("rw,noexec,relatime", "fail", "error"),
        ("ro,relatime", "fail", "error"),
        ("rw,nodev,relatime", "fail", "info"),
        ("rw,nosuid,nodev,noexec,relatime", "fail", "error"),
    ],
)
def test_now(tmp_path: Path, options: str, status: str, severity: str) -> None:
    results = found(tmp_path, {NODES_OWN: table(mounted("/var/lib", "ext4", options))}, view="now")

    assert {(one.status, one.severity) for one in results.values()} == {(status, severity)}
    assert set(results) == {NOW, f"mount-options[{PODS}]"}


@pytest.mark.parametrize(
    ("options", "status", "severity"),
    [
        ("defaults", "pass", "error"),
        ("defaults,noexec", "fail", "error"),
        ("ro", "fail", "error"),
        ("nosuid,nodev", "fail", "info"),
        ("user", "fail", "error"),
    ],
)
def test_at_boot(tmp_path: Path, options: str, status: str, severity: str) -> None:
    results = found(tmp_path, {FSTAB: f"/dev/sdb1 /var/lib ext4 {options} 0 2\n"}, view="boot")

    assert {(one.status, one.severity) for one in results.values()} == {(status, severity)}


@pytest.mark.parametrize(
    ("words", "fstab", "status"),
    [
        ("root=/dev/sda1 ro", "", "unknown"),
        ("root=/dev/sda1 ro rw", "", "pass"),
        ("root=/dev/sda1 rw rootflags=noexec", "", "unknown"),
        ("root=/dev/sda1", "", "pass"),
        ("root=/dev/sda1 ro rootflags=noexec", "/dev/sda1 / ext4 defaults 0 1\n", "pass"),
    ],
)
def test_the_root_that_only_the_command_line_mounts(tmp_path: Path, words: str, fstab: str, status: str) -> None:
    """systemd-remount-fs.service(8) mounts the root again where fstab has a line for it, and only there."""
    result = found(tmp_path, {"/proc/cmdline": f"{words}\n", FSTAB: fstab}, view="boot")[BOOT]

    assert result.status == status


def test_a_file_system_that_the_kernel_made_read_only(tmp_path: Path) -> None:
    """``errors=remount-ro``: the mount itself still says rw."""
    line = ROOT.replace(" rw,errors", " ro,errors")
    result = found(tmp_path, {NODES_OWN: line}, view="now")[NOW]

    assert (result.status, result.actual) == ("fail", "ro")
    assert result.fix is not None
    assert result.fix.safety == "manual"


def test_etcd_only_has_to_write(tmp_path: Path) -> None:
    files: dict[str, Entry] = {
        NODES_OWN: table(mounted(ETCD, "ext4", "rw,noexec")),
        FSTAB: f"/dev/sdb1 {ETCD} ext4 ro 0 0\n",
    }
    results = found(tmp_path, files, role="control-plane")

    assert_verdicts(results.values(), {f"mount-options[{ETCD}]": "pass", f"mount-options[{ETCD}]@boot": "fail"})
    assert f"mount-options[{ETCD}]" not in found(tmp_path / "worker", files, role="worker")


@pytest.mark.parametrize(
    ("files", "now", "boot"),
    [
        ({}, "pass", "pass"),
        ({NODES_OWN: None}, "skip", "pass"),
        ({NODES_OWN: None, READERS: table()}, "unknown", "pass"),
        ({NODES_OWN: table(mounted("/var", "ext4"), mounted("/var", "xfs", "rw,noexec"))}, "fail", "pass"),
        ({NODES_OWN: table(mounted("/var", "xfs", "rw,noexec"), mounted("/var", "ext4"))}, "pass", "pass"),
        ({NODES_OWN: table(mounted(IMAGES, "autofs"))}, "unknown", "pass"),
        ({NODES_OWN: table(mounted(IMAGES, "autofs"), mounted(IMAGES, "ext4"))}, "pass", "pass"),
        ({FSTAB: None}, "pass", "pass"),
        ({FSTAB: "/dev/sdb1 /var ext4 noexec 0 2\n"}, "pass", "fail"),
        ({f"{UNITS}/{CONTAINERD}": unit("noexec"), **enabled()}, "pass", "fail"),
        ({f"{UNITS}/var.mount.d/x.conf": "[Mount]\nOptions=noexec\n"}, "pass", "fail"),
        (
            {f"{IMAGES}/x": None, IMAGES: TreeLink("/data/c"), "/data/c/x": "", FSTAB: "x /data xfs noexec 0 0\n"},
            "pass",
            "fail",
        ),
    ],
)
def test_each_source_counts(tmp_path: Path, files: dict[str, Any], now: str, boot: str) -> None:
    """Of a node with a file system for ``/var``, without one thing or with another one in its place."""
    healthy: dict[str, Any] = {
        NODES_OWN: table(mounted("/var", "ext4")),
        FSTAB: "/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /var ext4 defaults 0 2\n",
        f"{IMAGES}/x": "",
    }
    kept = {path: entry for path, entry in {**SYSTEMD, **healthy, **files}.items() if entry is not None}
    report = judge(mount_options, write_tree(tmp_path, kept))

    assert_verdicts(report, {NOW: now, BOOT: boot})
    assert [one.message for one in report if one.cause is not None and one.cause.code == "crashed"] == []


def test_a_unit_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    loop: dict[str, Entry] = {
        f"{UNITS}/{CONTAINERD}": TreeLink("var.mount"),
        f"{UNITS}/var.mount": TreeLink(CONTAINERD),
    }
    report = judge(
        mount_options,
        write_tree(tmp_path, {**SYSTEMD, f"{IMAGES}/x": "", **loop, f"{UNITS}/var.mount.d/x.conf": b"\0"}),
    )

    assert {str(one.status) for one in report if one.view == "boot"} <= {"pass", "unknown"}


@pytest.mark.parametrize(
    ("files", "path", "text"),
    [
        (
            {FSTAB: f"# x\n/dev/sdb1\t{IMAGES} xfs\trw,noexec,noatime 0 0 # images\n"},
            FSTAB,
            f"# x\n/dev/sdb1\t{IMAGES} xfs\trw,noatime 0 0 # images\n",
        ),
        ({FSTAB: f"/dev/sdb1 {IMAGES} xfs noexec,ro\n"}, FSTAB, f"/dev/sdb1 {IMAGES} xfs defaults\n"),
        ({FSTAB: f"/dev/sdb1 {IMAGES} xfs user 0 0\n"}, FSTAB, None),
        (
            {f"{UNITS}/{CONTAINERD}": unit("noatime,noexec"), **enabled()},
            f"{UNITS}/{CONTAINERD}",
            unit("noatime"),
        ),
        (
            {f"{VENDOR}/{CONTAINERD}": unit("noatime,noexec"), **enabled()},
            f"{UNITS}/{CONTAINERD}.d/zz-nodecheck.conf",
            "[Mount]\nOptions=noatime\n",
        ),
        ({FSTAB: f"/dev/sdb1 /data xfs noexec 0 0\n/data/c {IMAGES} none bind 0 0\n"}, FSTAB, None),
        (
            {
                "/etc/kernel/cmdline": f"root=/dev/sda1 systemd.mount-extra=/dev/sdb1:{IMAGES}:xfs:noatime,noexec\n",
                "/usr/lib/systemd/libsystemd-shared-257.so": "",
            },
            f"{UNITS}/{CONTAINERD}.d/zz-nodecheck.conf",
            "[Mount]\nOptions=noatime\n",
        ),
    ],
)
def test_the_fix_turns_a_failure_into_a_pass(
    tmp_path: Path, files: dict[str, Entry], path: str, text: str | None
) -> None:
    root = write_tree(tmp_path, {**SYSTEMD, f"{IMAGES}/x": "", **files})
    (before,) = [one for one in judge(mount_options, root, view="boot") if one.id == BOOT]
    applied(root, before.fix)

    after = {one.id: one for one in judge(mount_options, root, view="boot")}[BOOT]
    assert after.status == "pass" or after.severity == "info"
    assert "noexec" not in (after.actual or "")
    assert text is None or (root / path.lstrip("/")).read_text() == text


def test_the_fix_for_now(tmp_path: Path) -> None:
    result = found(tmp_path, {NODES_OWN: table(mounted("/var", "ext4", "rw,nosuid,noexec"))}, view="now")[NOW]

    assert result.fix is not None
    assert result.fix.steps == (Command(("mount", "-o", "remount,exec,suid", "/var")),)


def test_image_based_systems_are_healthy(tmp_path: Path) -> None:
    """A root that is read-only with a ``/var`` of its own: Flatcar's ``/usr``, and Bottlerocket's ``/local``."""
    bottlerocket: dict[str, Entry] = {
        NODES_OWN: ROOT.replace(" rw", " ro")
        + mounted("/local", "xfs", "rw,nosuid,nodev,noatime", "")
        + mounted("/var", "xfs", "rw,nosuid,nodev,noatime"),
        f"{VENDOR}/local.mount": LOCAL_MOUNT,
        f"{VENDOR}/var.mount": "[Mount]\nWhat=/local/var\nWhere=/var\nType=none\nOptions=rbind,rshared\n",
        f"{VENDOR}/local-fs.target.wants/var.mount": TreeLink("../var.mount"),
        f"{VENDOR}/local-fs.target.wants/local.mount": TreeLink("../local.mount"),
        FSTAB: "/dev/root / ext4 ro 0 0\n",
    }
    flatcar: dict[str, Entry] = {
        NODES_OWN: table(mounted("/usr", "ext4", "ro,relatime")),
        FSTAB: "/dev/usr /usr ext4 ro 0 0\n",
    }

    assert {str(one.severity) for one in found(tmp_path / "b", bottlerocket).values()} == {"info"}
    assert {str(one.status) for one in found(tmp_path / "f", flatcar).values()} == {"pass"}


def test_a_path_of_the_profile(tmp_path: Path) -> None:
    options: dict[str, Any] = {"parameters": {"require": ["/srv/"]}, "view": "boot"}
    files: dict[str, Entry] = {FSTAB: "/dev/sdb1 /srv ext4 nodev 0 2\n"}
    (result,) = found(tmp_path, files, select=["mount-options[/srv]"], **options).values()

    assert (result.id, result.status, result.severity) == ("mount-options[/srv]@boot", "fail", "error")


def test_a_root_without_etc(tmp_path: Path) -> None:
    report = judge(mount_options, write_tree(tmp_path, {"/var/lib/x": ""}), view="boot")

    assert_verdicts(report, {f"mount-options[{PODS}]@boot": "skip"})


def test_tables_of_real_nodes(corpus: Path) -> None:
    for name in ("07-proc-sys/files/ne-1", "09-host-roots/files/hotsos-vault"):
        assert_verdicts(judge(mount_options, corpus / name, view="now"), {f"mount-options[{PODS}]": "pass"})
    for name, status in (("systemd-18-options", "pass"), ("inspec-fstab", "fail"), ("util-linux-example", "pass")):
        (result,) = judge(mount_options, corpus / "02-swap-fstab/files" / name, view="boot")
        assert result.status == status, name
        assert status == "pass" or (result.severity, result.actual) == ("info", "nodev, nosuid")


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    files: dict[str, Entry] = {f"{UNITS}/{CONTAINERD}": unit("noexec"), **enabled(), FSTAB: "x /var xfs noexec\n"}
    assert_declared(mount_options, write_tree(tmp_path, {**SYSTEMD, f"{IMAGES}/x": "", NODES_OWN: table(), **files}))


def test_the_worst_comes_first() -> None:
    assert [str(row.severity) for row in OPTIONS] == ["error", "error", "info", "info"]
