"""The check reboot-pending: marks as programs leave them, and databases that the real dpkg and rpm filled."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck.facts.boot.reboot_marks import HINT, NEEDED, PACKAGES, REQUIRED, STAGED
from nodecheck.facts.packages.reboot_packages import DEBS, RPMS, parse_installed
from nodecheck.host.recording import RecordingHost
from nodecheck.model.outcomes import Result
from nodecheck.testing import Entry, TreeLink, capture_of, judge, replay, run, write_tree
from nodecheck_checks.system.reboot_pending import reboot_pending
from tests.live_tree import LiveTree
from tests.nodes import debian_node

RUNS, NEXT = "6.1.0-41-amd64", "6.1.0-44-amd64"
STATUS = """Package: dbus
Status: install ok installed
Architecture: amd64
Version: 1.14.10-1~deb12u1

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9+deb12u14

"""
INFO = "/var/lib/dpkg/info"


def menu(release: str) -> str:
    return f"menuentry 'Debian' {{\n\tlinux\t/boot/vmlinuz-{release} root=UUID=x ro quiet\n}}\n"


NODE: dict[str, Entry] = {
    "/usr/lib/systemd/systemd": "",
    "/etc/os-release": "ID=debian\nVERSION_ID=12\n",
    "/var/run": TreeLink("/run"),
    "/proc/sys/kernel/osrelease": f"{RUNS}\n",
    "/boot/grub/grub.cfg": menu(RUNS),
    f"/boot/vmlinuz-{RUNS}": "x",
    "/var/lib/dpkg/status": STATUS,
    f"{INFO}/dbus.list": "/.\n",
    f"{INFO}/libc6:amd64.list": "/.\n",
}
"""Debian 12 with nothing that waits."""


def live(root: Path, before: Mapping[str, Entry], since: Mapping[str, Entry] | None = None) -> LiveTree:
    """A node that booted after ``before`` was written; ``since`` came later."""
    node = LiveTree(write_tree(root, before))
    write_tree(root, since or {})
    return node


def said(node: LiveTree, view: str = "now", **options: Any) -> Result:
    """The one result; a recording that is replayed says the same."""
    recording = RecordingHost(node)
    (first,) = judge(reboot_pending, recording, view=view, phase="steady", **options)
    (again,) = judge(reboot_pending, replay(recording.to_data()), view=view, phase="steady", **options)
    assert first[:12] == again[:12]
    return first


def test_nothing_waits(tmp_path: Path) -> None:
    node = live(tmp_path, NODE)
    found = said(node)
    assert (found.status, found.severity) == ("pass", "info")
    assert {item.source for item in found.evidence} >= {REQUIRED, "/boot/grub/grub.cfg", "/var/lib/dpkg/status"}
    assert said(node, "boot").status == "pass"


SINCE: dict[str, tuple[dict[str, Entry], str]] = {
    "Debian's mark": ({REQUIRED: ""}, "/run/reboot-required asks for it"),
    "Ubuntu's mark": (
        {REQUIRED: "*** System restart required ***\n", PACKAGES: "linux-base\nlinux-image-6.8.0-90-generic\n" * 2},
        "/run/reboot-required asks for it (linux-base, linux-image-6.8.0-90-generic)",
    ),
    "SUSE's mark": ({NEEDED: "soft-reboot"}, "/run/reboot-needed asks for it (soft-reboot)"),
    "Amazon's mark": ({HINT: "\n* kernel\n"}, "/run/smart-restart/reboot-hint-marker asks for it"),
    "a staged deployment": ({STAGED: "x"}, "another deployment is staged for the next boot"),
    "another kernel": (
        {"/boot/grub/grub.cfg": menu(NEXT)}, f"the next boot starts the kernel {NEXT}, and {RUNS} runs",
    ),
    "the same kernel built again": (
        {f"/boot/vmlinuz-{RUNS}": "y"}, f"the kernel /boot/vmlinuz-{RUNS} was written since the boot",
    ),
    "the C library": ({f"{INFO}/libc6:amd64.list": "/.\n/lib\n"}, "installed since the boot: libc6"),
    "D-Bus": ({f"{INFO}/dbus.list": "/.\n/usr\n"}, "installed since the boot: dbus"),
}  # fmt: skip


@pytest.mark.parametrize("name", SINCE)
def test_each_that_waits(tmp_path: Path, name: str) -> None:
    since, message = SINCE[name]
    found = said(live(tmp_path, NODE, since))
    assert (found.status, found.severity, found.message) == ("fail", "info", f"a reboot is due: {message}")
    assert found.fix is not None
    assert (found.fix.safety, found.fix.reboot) == ("manual", True)

    for path in since:  # the reboot: /run is made anew, and the node runs what was installed
        if path.startswith("/run"):
            (tmp_path / path[1:]).unlink()
    write_tree(tmp_path, {"/proc/sys/kernel/osrelease": f"{NEXT if 'another' in name else RUNS}\n"})
    assert said(LiveTree(tmp_path)).status == "pass"


@pytest.mark.parametrize("name", ["Debian's mark", "another kernel", "the C library"])
def test_a_capture_says_the_same(tmp_path: Path, name: str) -> None:
    node = live(tmp_path, NODE, SINCE[name][0])
    report, captured = [judge(reboot_pending, host, phase="steady") for host in (node, capture_of(node))]
    assert [one[:12] for one in report] == [one[:12] for one in captured]
    assert report["reboot-pending"].status == "fail"


def test_several_reasons_are_one_result(tmp_path: Path) -> None:
    since = {**SINCE["another kernel"][0], **SINCE["the C library"][0], **SINCE["Debian's mark"][0]}
    found = said(live(tmp_path, NODE, since))
    assert found.message.count("; ") == 2
    assert len(found.evidence) == 4


def test_evidence_is_the_same_from_run_to_run(tmp_path: Path) -> None:
    node = live(tmp_path, NODE, SINCE["the C library"][0])
    first = said(node)
    stat = (tmp_path / "proc/stat").read_text()
    (tmp_path / "proc/stat").write_text(stat.replace(str(node.booted_s), str(node.booted_s + 1)))
    assert said(node).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ({"/boot/vmlinuz-6.1.0-99-amd64": "x"}, "pass"),  # it is not the one that boots
        ({"/boot/initrd.img-6.1.0-41-amd64": "x"}, "pass"),
        ({"/var/lib/dpkg/status": STATUS + "\n"}, "pass"),
        ({f"{INFO}/bash.list": "/.\n"}, "pass"),
    ],
)
def test_what_asks_for_no_reboot(tmp_path: Path, entry: dict[str, Entry], status: str) -> None:
    assert said(live(tmp_path, NODE, entry)).status == status


def test_a_loader_that_names_no_release(tmp_path: Path) -> None:
    """A Raspberry Pi: whatever kernel was written since counts."""
    pi = {key: entry for key, entry in NODE.items() if not key.startswith("/boot")}
    pi |= {"/boot/firmware/cmdline.txt": "root=/dev/mmcblk0p2 rootwait\n", "/boot/firmware/kernel8.img": "x"}
    assert said(live(tmp_path / "a", pi)).status == "pass"
    found = said(live(tmp_path / "b", pi, {"/boot/firmware/kernel8.img": "y"}))
    assert found.message == "a reboot is due: the kernel /boot/firmware/kernel8.img was written since the boot"


def test_each_source_counts(tmp_path: Path) -> None:
    """Each that is taken away from a passing node changes the verdict, or what it rests on."""
    node = live(tmp_path, NODE)
    recording = RecordingHost(node)
    (found,) = judge(reboot_pending, recording, view="now", phase="steady")
    assert found.status == "pass"
    for what in (REQUIRED, NEEDED, HINT, STAGED, "osrelease", "grub.cfg", "vmlinuz", "/proc/stat", "dpkg/status",
                 "dbus.list", "libc6:amd64.list"):  # fmt: skip
        data = recording.to_data()
        asked = len(data["answers"])
        data["answers"] = [one for one in data["answers"] if what not in str(one["question"])]
        assert len(data["answers"]) < asked, what
        (without,) = judge(reboot_pending, replay(data), view="now", phase="steady")
        assert without.status == "unknown", what
    earlier = live(tmp_path, {})
    write_tree(tmp_path, {"/proc/stat": f"btime {earlier.booted_s - 5000}\n"})
    assert said(earlier).status == "fail"


def test_what_cannot_be_read_is_unknown_unless_something_waits(tmp_path: Path) -> None:
    recording = RecordingHost(live(tmp_path, NODE, SINCE["Debian's mark"][0]))
    judge(reboot_pending, recording, view="now", phase="steady")
    data = recording.to_data()
    for answer in data["answers"]:
        if "dpkg/status" in str(answer["question"]):
            answer["answer"] = {"Denied": ["/var/lib/dpkg/status", "permission denied", 13]}
    (found,) = judge(reboot_pending, replay(data), view="now", phase="steady")
    assert found.status == "fail"
    for answer in data["answers"]:
        if REQUIRED in str(answer["question"]):
            answer["answer"] = {"Absent": [REQUIRED, "no such file or directory", 2]}
    (found,) = judge(reboot_pending, replay(data), view="now", phase="steady")
    assert (found.status, found.cause and found.cause.code) == ("unknown", "denied")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"/etc/os-release": "ID=flatcar\n"}, "skip"),
        ({"/etc/os-release": "ID=opensuse-microos\n"}, "pass"),
        ({"/run/ostree-booted": ""}, "pass"),
        ({"/run/systemd/container": "lxc\n"}, "skip"),
    ],
)
def test_other_systems(tmp_path: Path, changed: dict[str, Entry], status: str) -> None:
    assert said(live(tmp_path / "a", {**NODE, **changed})).status == status
    assert said(live(tmp_path / "b", {**NODE, **changed}, {REQUIRED: ""})).status == "fail"


def test_without_a_database_of_packages(tmp_path: Path) -> None:
    bare = {key: entry for key, entry in NODE.items() if "dpkg" not in key}
    assert said(live(tmp_path, bare)).status == "skip"


def test_a_root_does_not_run(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**NODE, REQUIRED: ""})
    report = judge(reboot_pending, root, phase="steady")
    assert report["reboot-pending"].status == "skip"
    assert report["reboot-pending@boot"].status == "pass"


@pytest.mark.parametrize("phase", ["image", "install", "join", "upgrade", "steady"])
def test_the_phases(tmp_path: Path, phase: str) -> None:
    report = judge(reboot_pending, live(tmp_path, NODE), phase=phase)
    expected = "pass" if phase in ("upgrade", "steady") else "skip"
    assert {one.status.value for one in report} == {expected}


def test_a_mark_that_outlives_each_reboot(tmp_path: Path) -> None:
    """``/var/run`` is a directory on disk: what asks for a reboot is not heard there, and never goes."""
    own = {key: entry for key, entry in NODE.items() if key != "/var/run"}
    node = live(tmp_path, {**own, "/var/run/reboot-required": ""})
    found = said(node, "boot")
    assert (found.status, found.actual) == ("fail", "a mark that stays")
    assert said(node).status == "fail"
    (tmp_path / "var/run/reboot-required").unlink()
    assert said(LiveTree(tmp_path), "boot").status == "pass"
    shutil.rmtree(tmp_path / "var/run")
    assert said(LiveTree(tmp_path), "boot").status == "skip"


def test_the_message_names_what_the_boot_view_says(tmp_path: Path) -> None:
    root = debian_node(tmp_path)
    write_tree(root, {"/var/run": TreeLink("/run"), "/etc/sysctl.d/zz.conf": "net.ipv4.ip_forward=0\n"})
    report = run(live(root, {}, {REQUIRED: ""}), role="worker", kubernetes="1.33")
    message = report["reboot-pending"].message
    assert message.startswith("a reboot is due: /run/reboot-required asks for it; the boot view differs in ")
    assert "sysctl[net.ipv4.ip_forward]@boot" in message
    assert "not speak" not in report["reboot-pending@boot"].message
    assert report["reboot-pending@boot"].status == "pass"
    alone = run(live(root, {}), role="worker", kubernetes="1.33", select=["reboot-pending"])
    assert "boot view" not in alone["reboot-pending"].message


def failures(node: LiveTree, *severities: str) -> set[str]:
    report = run(node, role="worker", kubernetes="1.33", proxy_mode="iptables")
    return {one.id for one in report if one.status == "fail" and one.severity in severities}


@pytest.mark.parametrize("name", ["Debian's mark", "a staged deployment", "SUSE's mark"])
def test_one_fault_in_a_healthy_node_fails_it_alone(tmp_path: Path, name: str) -> None:
    root = debian_node(tmp_path)
    every = ("error", "warning", "info")
    before = failures(live(root, {"/var/run": TreeLink("/run")}), *every)
    assert failures(live(root, {}, SINCE[name][0]), *every) - before == {"reboot-pending"}


def debs(folder: Path, *packages: tuple[str, str, str]) -> list[Path]:
    """Packages with nothing but their names and versions, as dpkg-deb builds them."""
    made = []
    for name, version, more in packages:
        text = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\n{more}"
        write_tree(folder / f"{name}-{version}", {"DEBIAN/control": f"{text}Description: x\n"})
        made.append(folder / f"{name}-{version}.deb")
        subprocess.run(["dpkg-deb", "--build", folder / f"{name}-{version}", made[-1]], check=True, capture_output=True)
    return made


@pytest.mark.skipif(not shutil.which("dpkg-deb") or os.getuid() != 0, reason="it takes root and dpkg(1)")
def test_a_database_that_dpkg_filled(tmp_path: Path) -> None:
    """Packages of one and of many architectures, installed, upgraded and removed by the real program."""
    root = tmp_path / "node"
    bare = {key: entry for key, entry in NODE.items() if "dpkg" not in key}
    write_tree(root, {**bare, "/var/lib/dpkg/status": "", f"{INFO}/format": "1\n", "/var/lib/dpkg/updates/.x": ""})
    (root / "var/lib/dpkg/updates/.x").unlink()

    def dpkg(*words: object) -> None:
        argv = ["dpkg", "--force-all", f"--root={root}", *map(str, words)]
        subprocess.run(argv, check=True, capture_output=True)

    old = [("libc6", "2.36-1", "Multi-Arch: same\n"), ("dbus", "1.14-1", ""), ("bash", "5-1", "")]
    dpkg("-i", *debs(tmp_path, *old))
    assert said(LiveTree(root)).status == "pass"
    for name, version, more in [("bash", "5-2", ""), ("libc6", "2.36-2", "Multi-Arch: same\n"), ("dbus", "1.14-2", "")]:
        node = LiveTree(root)
        dpkg("-i", *debs(tmp_path, (name, version, more)))
        found = said(node)
        if name == "bash":
            assert found.status == "pass"
        else:
            assert found.message == f"a reboot is due: installed since the boot: {name}"
            assert version in str(found.evidence)
    assert said(LiveTree(root)).status == "pass"  # after the reboot
    node = LiveTree(root)
    dpkg("-r", "dbus")
    assert said(node).status == "pass"


@pytest.mark.skipif(not shutil.which("rpmbuild") or os.getuid() != 0, reason="it takes root and rpmbuild(8)")
def test_a_database_that_rpm_filled(tmp_path: Path) -> None:
    """By the time that rpm itself wrote."""
    from tests.capturing.test_rpm import built

    (tmp_path / "built").mkdir()
    database = built(tmp_path / "built", "glibc", "bash", "rpm")
    bare = {key: entry for key, entry in NODE.items() if "dpkg" not in key}
    root = write_tree(tmp_path / "node", {**bare, "/etc/os-release": "ID=rocky\nVERSION_ID=9.6\n"})
    shutil.copytree(database, root / "var/lib/rpm")
    node = LiveTree(root)  # which booted a while before
    found = said(node)
    assert found.message == "a reboot is due: installed since the boot: glibc"
    argv = ["rpm", "--dbpath", str(database), "-q", "--qf", "%{EVR} %{INSTALLTIME}", "glibc"]
    version, at = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(at)))
    assert found.evidence[0].value == f"glibc {version}, installed {moment}"
    later = LiveTree(root)
    write_tree(root, {"/proc/stat": f"btime {later.booted_s + 10_000}\n"})
    assert said(later).status == "pass"


def test_what_dpkg_says_of_a_package() -> None:
    raw = STATUS.encode() + b"Package: intel-microcode\nStatus: deinstall ok config-files\nVersion: 3\n\n"
    assert list(parse_installed(raw, "libc6")) == [("amd64", "2.36-9+deb12u14")]
    assert list(parse_installed(raw, "dbus")) == [("amd64", "1.14.10-1~deb12u1")]
    assert list(parse_installed(raw, "intel-microcode")) == []
    assert list(parse_installed(raw.replace(b"ok installed", b"ok triggers-pending"), "dbus"))
    assert list(parse_installed(b"", "dbus")) == []


def test_the_page_names_each_package() -> None:
    page = " ".join(reboot_pending.doc.split())
    assert [name for name in (*DEBS, *RPMS) if name not in page] == []
