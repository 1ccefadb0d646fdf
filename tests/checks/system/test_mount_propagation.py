"""Whether the root and the kubelet's folder are shared mounts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.files.fstab import FSTAB
from nodecheck.facts.files.mounts import NODES_OWN, READERS, parse_mounts
from nodecheck.fix import Command
from nodecheck.testing import Entry, TreeLink, assert_declared, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.system.mount_propagation import mount_propagation
from tests.facts.services.test_path_at_boot import SYSTEMD, UNITS, VENDOR
from tests.fix.apply import applied
from tests.mount_tables import ROOT, mounted, table

NOW, BOOT = "mount-propagation", "mount-propagation@boot"
KUBELET = "/var/lib/kubelet"
PRIVATE = ROOT.replace("shared:1 ", "")
SLAVE = ROOT.replace("shared:1 ", "master:1 ")
BOTH = ROOT.replace("shared:1 ", "shared:7 master:1 ")
ALPINE: dict[str, Entry] = {"/sbin/openrc": "", "/etc/runlevels/boot/localmount": "", "/etc/os-release": "ID=alpine\n"}
DOCKER = f"{UNITS}/docker.service"
OLD_DOCKER = """\
[Unit]
Description=Docker Application Container Engine
After=network.target

[Service]
Type=notify
ExecStart=/usr/bin/dockerd-current
MountFlags=slave

[Install]
WantedBy=multi-user.target
"""


@pytest.mark.parametrize(
    ("changes", "now", "boot"),
    [
        ({}, "pass", "pass"),
        ({NODES_OWN: None}, "skip", "pass"),
        ({NODES_OWN: None, READERS: ROOT}, "unknown", "pass"),
        ({NODES_OWN: "x\n"}, "unknown", "pass"),
        ({NODES_OWN: PRIVATE}, "fail", "pass"),
        ({NODES_OWN: SLAVE}, "fail", "pass"),
        ({NODES_OWN: BOTH}, "pass", "pass"),
        ({NODES_OWN: ROOT + mounted(KUBELET, "ext4", tags="")}, "fail", "pass"),
        ({NODES_OWN: ROOT + mounted("/var/lib/docker", "ext4", tags="")}, "pass", "pass"),
        ({NODES_OWN: ROOT + mounted("/data", "ext4", tags=""), KUBELET: TreeLink("/data")}, "fail", "pass"),
        ({FSTAB: "/dev/sda1 / ext4 private 0 1\n"}, "pass", "fail"),
        ({FSTAB: "/dev/sda1 / ext4 private,rshared 0 1\n"}, "pass", "pass"),
        ({FSTAB: "/dev/sdb1 /var ext4 rslave 0 1\n"}, "pass", "fail"),
        ({FSTAB: None}, "pass", "pass"),
        ({f"{UNITS}/var.mount.d/x.conf": "[Mount]\nOptions=private\n"}, "pass", "fail"),
        ({DOCKER: OLD_DOCKER}, "pass", "fail"),
        ({DOCKER: OLD_DOCKER, f"{DOCKER}.d/x.conf": "[Service]\nMountFlags=\n"}, "pass", "pass"),
        ({f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\nPrivateMounts=yes\n"}, "pass", "fail"),
        ({f"{UNITS}/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\nPrivateMounts=no\n"}, "pass", "pass"),
        ({f"{UNITS}/cups.service": OLD_DOCKER}, "pass", "pass"),
        *[
            ({f"{UNITS}/containerd.service": f"[Service]\nExecStart=/usr/bin/containerd\n{text}\n"}, "pass", boot)
            for text, boot in (
                ("PrivateTmp=true", "fail"),
                ("PrivateTmp=true\nPrivateTmp=", "pass"),
                ("ProtectSystem=full\nMountFlags=shared", "fail"),
                ("ProtectSystem=no\nProtectHome=off", "pass"),
                ("ProtectHome=read-only", "fail"),
                ("ReadOnlyPaths=/boot", "fail"),
                ("ReadOnlyPaths=/boot\nReadOnlyPaths=", "pass"),
                ("ProtectProc=invisible", "fail"),
                ("ProcSubset=all\nProtectProc=default", "pass"),
                ("MountFlags=shared\nNoNewPrivileges=true\nProtectHostname=yes", "pass"),
            )
        ],
    ],
)
def test_each_source_counts(tmp_path: Path, changes: dict[str, Any], now: str, boot: str) -> None:
    """Of a node with all that is needed, without one thing or with another one in its place."""
    healthy: dict[str, Any] = {NODES_OWN: table(), FSTAB: "/dev/sdb1 /var ext4 defaults 0 2\n"}
    files = {path: entry for path, entry in {**SYSTEMD, **healthy, **changes}.items() if entry is not None}
    recording = record(write_tree(tmp_path, files))
    first = judge(mount_propagation, recording)
    again = judge(mount_propagation, replay(recording.to_data()))

    assert_verdicts(again, {NOW: now, BOOT: boot})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
    assert [one.message for one in first if one.cause is not None and one.cause.code == "crashed"] == []


def test_another_init_is_not_known(tmp_path: Path) -> None:
    report = judge(mount_propagation, write_tree(tmp_path, {**ALPINE, NODES_OWN: PRIVATE}))

    assert_verdicts(report, {NOW: "fail", BOOT: "unknown"})


def test_a_root_without_anything(tmp_path: Path) -> None:
    assert_verdicts(judge(mount_propagation, write_tree(tmp_path, {"/var/x": ""})), {NOW: "skip", BOOT: "skip"})


def test_numbers_of_peer_groups_change_no_fingerprint(tmp_path: Path) -> None:
    trees = [write_tree(tmp_path / n, {NODES_OWN: ROOT.replace("shared:1 ", f"shared:{n} ")}) for n in ("1", "22")]
    found = [judge(mount_propagation, tree, view="now").results[0].fingerprint for tree in trees]

    assert found[0] == found[1]


def test_the_fix_for_now(tmp_path: Path) -> None:
    (result,) = judge(mount_propagation, write_tree(tmp_path, {NODES_OWN: PRIVATE}), view="now")

    assert result.fix is not None
    assert result.fix.steps == (Command(("mount", "--make-rshared", "/")),)


def test_the_fix_turns_a_failure_into_a_pass(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**SYSTEMD, FSTAB: "/dev/sda1 / ext4 private,noatime 0 1\n"})
    (before,) = judge(mount_propagation, root, view="boot")
    applied(root, before.fix)

    assert_verdicts(judge(mount_propagation, root, view="boot"), {BOOT: "pass"})
    assert (root / "etc/fstab").read_text() == "/dev/sda1 / ext4 noatime 0 1\n"


def test_the_service_of_a_package_is_named(tmp_path: Path) -> None:
    """docker of CentOS 7 came so, and the docs of Kubernetes said to change it."""
    root = write_tree(tmp_path, {**SYSTEMD, f"{VENDOR}/docker.service": OLD_DOCKER})
    (result,) = judge(mount_propagation, root, view="boot")

    assert result.message == "docker.service has MountFlags=slave: what it mounts does not reach the node"
    assert (result.evidence[0].source, result.evidence[0].locator) == (f"{VENDOR}/docker.service", "line 8")


def test_tables_of_real_nodes(corpus: Path) -> None:
    """A server of Ubuntu, and a container of LXD, whose root is a slave of its host's."""
    for name, status in (("07-proc-sys/files/ne-1", "pass"), ("09-host-roots/files/hotsos-vault", "fail")):
        assert_verdicts(judge(mount_propagation, corpus / name, view="now"), {NOW: status})


def test_what_is_asked_is_declared(tmp_path: Path) -> None:
    files: dict[str, Entry] = {NODES_OWN: table(), DOCKER: OLD_DOCKER, FSTAB: "/dev/sdb1 /var ext4 slave 0 2\n"}
    assert_declared(mount_propagation, write_tree(tmp_path, {**SYSTEMD, **files}))


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of mounts of its own needs root")
@pytest.mark.parametrize(("how", "shared"), [("shared", True), ("private", False)])
def test_a_real_kernel_writes_it_so(how: str, shared: bool) -> None:
    argv = ("unshare", "--mount", "--propagation", how, "cat", "/proc/self/mountinfo")
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"no namespace can be made here: {answer.stderr}")

    assert {mount.shared for mount in parse_mounts(answer.stdout) if mount.path == "/"} == {shared}
