"""The table of mounts: parsed as the kernel writes it, and whose it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import Facts
from nodecheck.errors import Offline, ParseError
from nodecheck.facts.files.mounts import Mount, Mounts, mount_of, parse_mounts
from nodecheck.facts.swap.gpt import root_device
from nodecheck.host import LiveHost, RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

LINE = "{} 1 8:3 / {} rw,relatime shared:1 - ext4 /dev/sda3 rw\n"
WORDS = st.text(min_size=1).map(lambda word: word.replace("\0", "x"))


def escaped(word: str) -> str:
    """As ``seq_escape`` writes a word, with blank, tab, newline and backslash in octal."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in word)


def written(mount: Mount, *tags: str) -> str:
    """The line that the kernel writes for a mount."""
    left = (mount.id, mount.parent, mount.device, escaped(mount.root), escaped(mount.path), ",".join(mount.options))
    right = (mount.kind, escaped(mount.source), ",".join(mount.super_options))
    return " ".join(map(str, (*left, *tags, "-", *right))) + "\n"


@given(WORDS, WORDS, st.lists(st.sampled_from(["shared:1", "master:2", "propagate_from:3", "unbindable"])))
def test_it_reads_back_what_the_kernel_writes(path: str, source: str, tags: list[str]) -> None:
    mounts = (
        Mount(
            36, 1, "8:3", "/", "/" + path, ("rw", "relatime"), "ext4", source, ("rw", "errors=continue"), tuple(tags)
        ),
        Mount(40, 36, "0:23", "/sub\\vol", "/x", ("ro",), "fuse.sshfs", "", ("rw",)),
    )
    assert parse_mounts("".join([written(mount, *mount.tags) for mount in mounts])) == mounts
    assert mounts[0].shared == ("shared:1" in tags)


@pytest.mark.parametrize(
    "line",
    [
        "22 1 8:3 / /",
        "22 1 8:3 / / rw ext4 /dev/sda3 rw",
        "x 1 8:3 / / rw - ext4 /dev/sda3 rw",
        "22 1 8:3 / / rw - ext4",
    ],
)
def test_a_line_that_is_none_is_quoted(line: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_mounts("21 1 8:3 / / rw - ext4 /dev/sda3 rw\n" + line + "\n", "/proc/1/mountinfo")
    assert (caught.value.source, caught.value.line, caught.value.text) == ("/proc/1/mountinfo", 2, line)


HIDING = """\
22 28 0:21 / /sys rw - sysfs sysfs rw
28 1 8:1 / / rw - ext4 /dev/sda1 rw
65 28 0:39 / /var/lib/kubelet rw - tmpfs hidden rw
66 28 0:40 / /var rw,noexec - tmpfs var rw
67 66 0:41 / /var/lib/containerd rw - tmpfs images rw
68 28 0:42 / /variable rw - tmpfs other rw
"""
"""Of a real node: /var was mounted after the kubelet's folder, and the root moved into its place after /sys."""


def test_a_mount_that_a_later_one_hides_is_none() -> None:
    table = parse_mounts(HIDING)
    paths = ("/var/lib/kubelet", "/var/lib/kubelet/pods", "/var/lib/containerd/x", "/sys/fs", "/var", "/")

    assert [found.source for path in paths if (found := mount_of(table, path)) is not None] == [
        "var", "var", "images", "sysfs", "var", "/dev/sda1",
    ]  # fmt: skip


def test_the_mount_that_a_path_lies_on() -> None:
    table = parse_mounts("".join(LINE.format(number, path) for number, path in enumerate(["/", "/var", "/var", "/v"])))
    found = [mount_of(table, path) for path in ("/var", "/var/lib/x", "/variable", "/v/x", "/", "/etc")]
    assert [mount and mount.id for mount in found] == [2, 2, 0, 3, 0, 0]
    assert mount_of((), "/") is None


def test_read_only_by_the_mount_or_by_its_file_system() -> None:
    one, two, three = parse_mounts(
        "1 0 8:1 / /a ro - ext4 x rw\n2 0 8:1 / /b rw - ext4 x ro,seclabel\n"
        "3 0 8:1 / /c rw - ext4 x rw,errors=remount-ro\n"
    )
    assert (one.read_only, two.read_only, three.read_only) == (True, True, False)


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="needs a mounted /proc")
def test_this_machine() -> None:
    found = Mounts.read(LiveHost())
    assert found.path == "/proc/1/mountinfo"
    (proc,) = {mount.kind for mount in found.mounts if mount.path == "/proc"}
    assert proc == "proc"
    mount = found.of("/proc/swaps")
    assert mount is not None
    assert mount.path == "/proc"


def test_a_root_that_holds_a_table(tree: Tree) -> None:
    root = tree({"proc/self/mountinfo": LINE.format(5, "/")})
    facts = Facts(RootHost(str(root)))
    assert facts.get(Mounts).path == "/proc/self/mountinfo"
    assert [item.source for item in facts.evidence([Mounts])] == ["/proc/self/mountinfo"]
    (root / "proc/1").mkdir()
    (root / "proc/1/mountinfo").write_text(LINE.format(6, "/"))
    assert [mount.id for mount in Mounts.read(RootHost(str(root))).mounts] == [6]


def test_a_root_that_holds_none(tree: Tree) -> None:
    root = tree({"etc/hostname": "n1\n"})
    with pytest.raises(Offline):
        Mounts.read(RootHost(str(root)))
    (root / "proc/77").mkdir(parents=True)
    (root / "proc/77/mountinfo").write_text(LINE.format(5, "/"))
    (root / "proc/self").symlink_to("77")  # as in a procfs: that of whoever reads
    with pytest.raises(Offline):
        Mounts.read(RootHost(str(root)))


@pytest.mark.parametrize(
    ("lines", "device"),
    [
        ("22 1 8:3 / / rw - ext4 /dev/sda3 rw\n", "8:3"),
        ("22 1 0:3 /@ / rw - btrfs /dev/sda3 rw\n", "/dev/sda3"),
        ("22 1 0:3 / / rw - overlay overlay rw\n", None),
        ("22 1 8:3 / / rw - ext4 /dev/sda3 rw\n23 22 8:4 / / rw - ext4 /dev/sda4 rw\n", "8:4"),
        ("", None),
    ],
)
def test_the_device_of_the_root_file_system(lines: str, device: str | None) -> None:
    assert root_device(lines) == device
