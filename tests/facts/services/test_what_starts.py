"""What systemd starts, and what it only pulls in: each kind with members that fail, and one that is harmless.

What systemd makes of each unit was seen with ``systemd-analyze verify`` and ``systemd-analyze condition`` of 252.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.facts.services.condition_tests import compared
from nodecheck.facts.services.generators import Generators
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import UnitStart
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNITS = "usr/lib/systemd/system"
DROPIN = "etc/systemd/system/x.service.d/z.conf"
PLAIN = "[Service]\nExecStart=/usr/bin/x\n"


@pytest.fixture
def node(tree: Tree) -> Path:
    """A whole system whose ``x.service`` is enabled and starts."""
    root = tree(
        {
            "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
            "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            "etc/hostname": "node1\n",
            "etc/passwd": "root:x:0:0::/:/bin/sh\nkube:x:900:900::/:/bin/sh\n",
            "etc/group": "root:x:0:\nkube:x:900:\n",
            "etc/fstab": "UUID=1 / ext4 defaults 0 1\nUUID=2 /data ext4 defaults 0 2\nUUID=3 /maybe ext4 nofail 0 2\n",
            "usr/lib/systemd/systemd": "",
            "usr/lib/modules/6.1.0-18-amd64/modules.dep": "",
            "lib64/ld-linux-x86-64.so.2": "",
            **{f"{UNITS}/{name}.target": "[Unit]\n" for name in ("sysinit", "basic", "multi-user")},
            f"{UNITS}/x.service": PLAIN,
            **dict.fromkeys(("bin/sh", "usr/bin/x", "usr/bin/env", "opt/app/conf"), ""),
        }
    )
    for path in ("bin/sh", "usr/bin/x", "usr/bin/env"):
        (root / path).chmod(0o755)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "x.service").symlink_to("/usr/lib/systemd/system/x.service")
    return root


def put(root: Path, path: str, content: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)


def asked(root: Path) -> UnitStart:
    return Facts(RootHost(str(root))).get(BootStarts).of("x.service")


def state(root: Path) -> str:
    """``starts``, ``fails``, ``stays`` or ``untold``."""
    found = asked(root)
    return "fails" if found.fails is not None else found.state


REFUSED = ("[Service]\nExecStart=/usr/bin/x -v\n", "[Service]\nExecStart=\n", "[Service]\nType=dbus\n")


@pytest.mark.parametrize("dropin", REFUSED)
def test_a_drop_in_with_which_systemd_refuses_the_unit(node: Path, dropin: str) -> None:
    put(node, DROPIN, dropin)
    found = asked(node)
    assert (state(node), found.stops[0].kind, found.works) == ("stays", "obstacle", False)


@pytest.mark.parametrize(
    "dropin",
    [
        "[Service]\nExecStart=\nExecStart=/usr/bin/x -v\n",
        "[Service]\nExecStart=/usr/bin/x -v\nType=oneshot\n",
        '[Service]\nExecStart=/usr/bin/x "-v\n',  # what is wrong in a drop-in ends that drop-in alone
        "[Service]\nRestart=always\n",
    ],
)
def test_a_drop_in_that_systemd_takes(node: Path, dropin: str) -> None:
    put(node, DROPIN, dropin)
    assert (state(node), asked(node).works) == ("starts", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[Service]\nExecStart=/bin/sh -c "x\n', "stays"),
        ('[Service]\nExecStart=/bin/sh -c "x"\n', "starts"),
        ('[Service]\nExecStart="/usr/bin/x\n', "stays"),
        ("[Service]\nExecStart=usr/bin/x\n", "stays"),
        ("[Service]\nExecStart=x\n", "starts"),
        ("[Service]\nExecStart=/usr/bin/x/\n", "stays"),
        ("[Service]\nExecStart=@/usr/bin/x\n", "stays"),
        ("[Service]\nExecStart=@/usr/bin/x y\n", "starts"),
        ("[Service]\nExecStart=/usr/bin/x ; /usr/bin/x\n", "stays"),
        ("[Service]\nType=oneshot\nExecStart=/usr/bin/x ; /usr/bin/x\n", "starts"),
        ("[Service]\nType=oneshot\nExecStart=/usr/bin/x\nRestart=always\n", "stays"),
        ("[Service]\nType=oneshot\nExecStart=/usr/bin/x\nRestart=on-failure\n", "starts"),
        (f'{PLAIN}ExecStartPre=/bin/sh "x\n', "stays"),
        (f'{PLAIN}ExecStartPre=-/bin/sh "x\n', "starts"),
        (f"{PLAIN}WorkingDirectory=opt\n", "stays"),
        ("[Unit]\nDescription=x\n", "stays"),
        ("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/usr/bin/x\n", "starts"),
    ],
)
def test_units_that_systemd_refuses(node: Path, text: str, expected: str) -> None:
    put(node, f"{UNITS}/x.service", text)
    assert state(node) == expected


@pytest.mark.parametrize(("version", "expected"), [("7", "stays"), ("8", "stays"), ("9", "starts")])
def test_a_program_without_a_path_by_the_release_of_systemd(node: Path, version: str, expected: str) -> None:
    put(node, "etc/os-release", f"ID=rhel\nVERSION_ID={version}\n")
    put(node, f"{UNITS}/x.service", "[Service]\nExecStart=x\n")
    assert state(node) == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("EnvironmentFile=/etc/default/none", "fails"),
        ("EnvironmentFile=-/etc/default/none", "starts"),
        ("EnvironmentFile=/opt/app/*.env", "fails"),
        ("EnvironmentFile=/opt/app/c*", "starts"),
        ("EnvironmentFile=default", "starts"),  # not absolute: left out
        ("EnvironmentFile=/run/flannel/subnet.env", "untold"),
        ("EnvironmentFile=/data/none", "untold"),  # another file system is mounted there
        ("User=nosuch", "fails"),
        ("User=kube", "starts"),
        ("User=1234", "fails"),
        ("User=nosuch\nDynamicUser=yes", "starts"),
        ("Group=nosuch", "fails"),
        ("Group=kube", "starts"),
        ("WorkingDirectory=/opt/none", "fails"),
        ("WorkingDirectory=-/opt/none", "starts"),
        ("WorkingDirectory=/opt/app", "starts"),
        ("WorkingDirectory=/opt/app/conf", "fails"),
        ("WorkingDirectory=/var/lib/x\nStateDirectory=x", "starts"),
        ("RootDirectory=/opt/none", "fails"),
        ("RootDirectory=/opt/app", "starts"),
    ],
)
def test_what_a_service_fails_without(node: Path, setting: str, expected: str) -> None:
    put(node, DROPIN, f"[Service]\n{setting}\n")
    assert state(node) == expected


@pytest.mark.parametrize(("laid", "expected"), [("data/there", "fails"), ("etc/elsewhere", "untold")])
def test_a_mount_point_that_holds_something_shows_what_is_mounted(node: Path, laid: str, expected: str) -> None:
    put(node, laid, "")
    put(node, DROPIN, "[Service]\nEnvironmentFile=/data/none\n")
    assert state(node) == expected


@pytest.mark.parametrize(
    ("nsswitch", "expected"),
    [
        ("passwd: files\n", "fails"),
        ("passwd: files systemd\n", "fails"),
        ("passwd: sss files\n", "untold"),
        ("passwd: files [NOTFOUND=continue] ldap\n", "untold"),
        ("shadow: files sss\n", "fails"),
    ],
)
def test_a_user_that_another_source_may_know(node: Path, nsswitch: str, expected: str) -> None:
    put(node, "etc/nsswitch.conf", nsswitch)
    put(node, DROPIN, "[Service]\nUser=nosuch\n")
    assert state(node) == expected


def test_a_user_that_a_boot_may_make(node: Path) -> None:
    put(node, DROPIN, "[Service]\nUser=nosuch\n")
    put(node, "usr/lib/sysusers.d/x.conf", 'u nosuch - "x"\n')
    assert state(node) == "untold"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("#!/bin/sh\n", "starts"),
        ("#!/opt/python3 -u\n", "fails"),
        ("#! /usr/bin/env sh\n", "starts"),
        ("#!/usr/bin/env python3\n", "fails"),
        ("#!/usr/bin/env -S python3 -u\n", "starts"),  # not judged
        ("\x7fELF", "starts"),
    ],
)
def test_the_interpreter_of_a_script(node: Path, script: str, expected: str) -> None:
    put(node, "usr/bin/x", script)
    assert state(node) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Host=other", "stays"),
        ("Host=!other", "starts"),
        ("Host=NODE*", "starts"),
        ("Host=0123456789abcdef0123456789abcdef", "starts"),
        ("Host=1123456789abcdef0123456789abcdef", "stays"),
        ("Architecture=arm64", "stays"),
        ("Architecture=x86-64", "starts"),
        ("Architecture=native", "starts"),
        ("Virtualization=container", "stays"),
        ("Virtualization=docker", "stays"),
        ("Virtualization=!container", "starts"),
        ("Virtualization=vm", "untold"),
        ("KernelVersion=>=5.10", "starts"),
        ("KernelVersion=<5.10", "stays"),
        ("KernelVersion=>= 5.10 < 6.2", "starts"),
        ("KernelVersion=5.*", "stays"),
        ("KernelVersion=6.1.*", "starts"),
        ("Capability=CAP_SYS_TIME", "starts"),
        ("Capability=CAP_NOPE", "stays"),
        ("Capability=!CAP_NOPE", "stays"),  # what cannot be parsed does not hold
        ("Security=selinux", "stays"),
        ("Security=!selinux", "starts"),
        ("Security=tpm2", "untold"),
        ("Environment=FOO=1", "stays"),
        ("Environment=!FOO", "starts"),
        ("User=root", "starts"),
        ("User=kube", "stays"),
        ("Group=kube", "stays"),
        ("OSRelease=ID=debian VERSION_ID>=12", "starts"),
        ("OSRelease=ID=ubuntu", "stays"),
        ("NeedsUpdate=/etc", "starts"),
        ("PathIsMountPoint=/data", "starts"),
        ("PathIsMountPoint=/srv", "stays"),
        ("PathIsMountPoint=!/srv", "starts"),
        ("PathIsMountPoint=/maybe", "untold"),
        ("PathIsReadWrite=/proc/sys/net/", "starts"),
        ("PathIsReadWrite=/none", "stays"),
        ("PathExists=/data/none", "untold"),
        ("PathExists=/run/none", "untold"),
        ("PathExists=relative", "starts"),  # has no effect
        ("Nonsense=x", "starts"),  # has no effect
        ("DirectoryNotEmpty=/run/modules-load.d", "stays"),
        ("DirectoryNotEmpty=|/run/modules-load.d\nConditionDirectoryNotEmpty=|/opt/app", "starts"),
        ("Host=|other\nConditionMemory=|>=1G", "untold"),
        ("Memory=>=1G\nConditionHost=other", "stays"),
        ("Firmware=uefi", "untold"),
    ],
)
@pytest.mark.parametrize("kind", ["Condition", "Assert"])
def test_conditions_that_files_decide(node: Path, kind: str, condition: str, expected: str) -> None:
    put(node, DROPIN, f"[Unit]\n{kind}{condition}\n".replace("\nCondition", f"\n{kind}"))
    found = asked(node)
    assert found.state == expected
    if expected == "untold":
        assert found.acts
        assert found.doubt[0].source == f"/{DROPIN}"


def test_a_condition_that_an_older_systemd_does_not_know_has_no_effect(node: Path) -> None:
    put(node, DROPIN, "[Unit]\nConditionEnvironment=FOO\n")
    put(node, "etc/os-release", "ID=rhel\nVERSION_ID=8\n")
    assert state(node) == "starts"


def test_a_name_that_no_file_gives(node: Path) -> None:
    put(node, DROPIN, "[Unit]\nConditionHost=other\n")
    (node / "etc/hostname").unlink()
    found = asked(node)
    assert found.state == "untold"
    assert "no file gives the node's name" in str(found.error)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [("/etc/%p", "stays"), ("/opt/%N", "starts"), ("/opt/%H", "starts"), ("/opt/%b", "untold"), ("/opt/%%", "stays")],
)
def test_specifiers(node: Path, parameter: str, expected: str) -> None:
    put(node, DROPIN, f"[Unit]\nConditionPathExists={parameter}\n")
    put(node, "opt/x", "")
    put(node, "opt/node1", "")
    assert state(node) == expected


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("5.10", "6.1.0-18-amd64"), ("6.1~rc1", "6.1"), ("6.1", "6.1.2"), ("6.9", "6.10"), ("6.1-1", "6.1.1"), ("a", "1")],
)
def test_the_order_of_versions(lower: str, higher: str) -> None:
    assert (compared(lower, higher), compared(higher, lower), compared(lower, lower)) == (-1, 1, 0)


def test_a_system_extension_may_bring_a_unit(node: Path) -> None:
    starts = Facts(RootHost(str(node))).get(BootStarts)
    assert starts.of("kubelet.service").state == "stays"
    put(node, "etc/extensions/kubernetes.raw", "")
    assert Facts(RootHost(str(node))).get(BootStarts).of("kubelet.service").state == "untold"


def live(root: Path) -> UnitStart:
    """As a running node whose devices and mounts are those of the tree."""
    host = RootHost(str(root))
    host.running = True
    return Facts(host).get(BootStarts).of("x.service")


MOUNTED = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("UUID=gone /data ext4 defaults 0 2", "stays"),
        ("LABEL=gone /data xfs defaults 0 2", "stays"),
        ("/dev/sdz1 /data ext4 rw 0 2", "stays"),
        ("UUID=there /data ext4 defaults 0 2", "starts"),
        ("UUID=gone /data ext4 nofail 0 2", "starts"),
        ("UUID=gone /data ext4 noauto 0 2", "starts"),
        ("UUID=gone /data ext4 x-systemd.automount 0 2", "starts"),
        ("UUID=gone /data ext4 _netdev 0 2", "starts"),
        ("UUID=gone none swap sw 0 0", "starts"),
        ("/dev/mapper/vg-data /data ext4 defaults 0 2", "starts"),
        ("/dev/vg/data /data ext4 defaults 0 2", "starts"),
        ("server:/x /data nfs defaults 0 0", "starts"),
        ("tank/data /data zfs defaults 0 0", "starts"),
        ("UUID=gone / ext4 defaults 0 1", "starts"),  # mounted now
    ],
)
def test_a_line_of_fstab_without_its_device_ends_in_emergency_mode(node: Path, line: str, expected: str) -> None:
    put(node, "etc/fstab", f"{line}\n")
    put(node, "proc/1/mountinfo", MOUNTED)
    for name in ("by-uuid/there", "by-label/root"):
        put(node, f"dev/disk/{name}", "")
    found = live(node)
    assert found.state == expected
    if expected == "stays":
        assert found.stops[0].kind == "emergency"
        assert found.stops[0].evidence[0].value == line
    assert asked(node).state == "starts"  # of a root nobody knows which devices it will find


def test_an_encrypted_device_is_made_at_boot(node: Path) -> None:
    put(node, "etc/fstab", "UUID=gone /data ext4 defaults 0 2\n")
    put(node, "proc/1/mountinfo", MOUNTED)
    put(node, "dev/disk/by-uuid/there", "")
    put(node, "etc/crypttab", "data UUID=1 none\n")
    assert live(node).state == "starts"


@pytest.mark.parametrize(
    ("dropin", "expected"),
    [
        ("[Unit]\nRequiresMountsFor=/data/x\n", "stays"),
        ("[Service]\nWorkingDirectory=/data\n", "stays"),
        ("[Unit]\nRequiresMountsFor=/database\n", "starts"),
        ("[Unit]\nWantsMountsFor=/data\n", "starts"),
    ],
)
def test_a_service_needs_the_file_system_of_a_path(node: Path, dropin: str, expected: str) -> None:
    put(node, "etc/fstab", "UUID=gone /data ext4 nofail 0 2\n")
    put(node, "proc/1/mountinfo", MOUNTED)
    put(node, "dev/disk/by-uuid/there", "")
    put(node, DROPIN, dropin)
    assert live(node).state == expected


@pytest.mark.parametrize(
    ("what", "path", "expected"),
    [
        ("/dev/disk/by-uuid/gone", "/data/x", "stays"),
        ("/dev/vdx", "/data", "stays"),
        ("/dev/disk/by-uuid/there", "/data/x", "starts"),
        ("/dev/disk/by-uuid/gone", "/database", "starts"),
        ("/dev/mapper/gone", "/data/x", "starts"),
        ("tmpfs", "/data/x", "starts"),
        ("/dev/disk/by-uuid/gone", "/mounted/x", "starts"),
    ],
)
def test_a_service_needs_the_device_of_a_mount_unit(node: Path, what: str, path: str, expected: str) -> None:
    put(node, "etc/fstab", "")
    place = "mounted" if path.startswith("/mounted") else "data"
    put(node, f"etc/systemd/system/{place}.mount", f"[Mount]\nWhat={what}\nWhere=/{place}\n")
    put(node, "proc/1/mountinfo", f"{MOUNTED}23 22 8:2 / /mounted rw - ext4 /dev/sdb1 rw\n")
    put(node, "dev/disk/by-uuid/there", "")
    put(node, DROPIN, f"[Unit]\nRequiresMountsFor={path}\n")
    assert live(node).state == expected


def test_generators_that_are_not_known(node: Path) -> None:
    folder = "usr/lib/systemd/system-generators"
    for name in ("systemd-fstab-generator", "own-generator", "other-generator"):
        put(node, f"{folder}/{name}", "#!/bin/sh\n")
    put(node, "etc/systemd/system-generators/other-generator", "")
    assert Facts(RootHost(str(node))).get(Generators).unknown() == (f"/{folder}/own-generator",)
