"""What is a real procfs below ``--root``: judged on the directory that the walk reaches, never on a name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.errors import Absent, Malformed, Offline
from nodecheck.host import RootHost


def to_this_machine(root: Path) -> None:
    (root / "dev/fd").mkdir(parents=True)
    (root / "proc").symlink_to("/dev/fd/../..")
    (root / "sys").symlink_to("/dev/fd/../..")


def by_name(root: Path) -> None:
    (root / "proc").symlink_to("/proc")
    (root / "sys").symlink_to("/sys")


def upwards(root: Path) -> None:
    above = "/".join([".."] * 40)
    (root / "proc").symlink_to(f"{above}/proc")
    (root / "sys").symlink_to(f"{above}/sys")


def in_two_steps(root: Path) -> None:
    (root / "dev/fd").mkdir(parents=True)
    (root / "mnt").mkdir()
    (root / "proc").symlink_to("mnt/one")
    (root / "mnt/one").symlink_to("/dev/fd/../..")
    (root / "sys").symlink_to("/mnt/two")
    (root / "mnt/two").symlink_to("../../../../../../../../../../../../sys")


def through_a_process(root: Path) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/root").symlink_to("/")
    (root / "proc/mounts").symlink_to("self/mounts")
    (root / "sys").symlink_to("/proc/self/root/sys")


def some_files(root: Path) -> None:
    (root / "proc").mkdir()
    (root / "proc/cmdline").write_text("quiet\n")
    (root / "sys/kernel").mkdir(parents=True)


def no_folder(root: Path) -> None:
    (root / "proc").write_text("")
    (root / "sys").symlink_to("/none")


MADE: list[Callable[[Path], None]] = [
    to_this_machine, by_name, upwards, in_two_steps, through_a_process, some_files, no_folder,
]  # fmt: skip


@pytest.mark.parametrize("make", MADE)
def test_no_link_of_the_root_makes_it_a_running_node(tmp_path: Path, make: Callable[[Path], None]) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/fstab").write_text("/swapfile none swap sw 0 0\n")
    make(root)

    host = RootHost(str(root))
    report = nodecheck.run(root=root, profile="kubernetes", select=["swap", "selinux"])

    for path in ("/proc/no-such", "/sys/no-such"):
        with pytest.raises((Offline, Malformed)):  # a link that leads to itself inside the root is malformed
            host.read(path)
    assert {result.check for result in report} == {"swap", "selinux"}
    assert not [result for result in report if result.status == "pass"]


MOUNTS = """
import sys
from nodecheck.errors import FactError
from nodecheck.host import RootHost
host = RootHost(sys.argv[1])
for path in ("/proc/no-such", "/sys/no-such"):
    try:
        host.read(path)
    except FactError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("commands", "seen"),
    [
        ("mount --bind /proc $R/proc; mount --rbind /sys $R/sys", ["Absent", "Absent"]),
        ("mount -t proc proc $R/proc; mount -t sysfs sysfs $R/sys", ["Absent", "Absent"]),
        ("mkdir $R/p; mount -t proc proc $R/p; rmdir $R/proc; ln -s /p $R/proc", ["Absent", "Offline"]),
        ("mount --bind /proc/sys $R/proc; mount --bind /sys/kernel $R/sys", ["Offline", "Offline"]),
        ("mkdir $R/p; mount -t proc proc $R/p; rmdir $R/proc; ln -s /p/sys $R/proc", ["Offline", "Offline"]),
        ("mount -t sysfs sysfs $R/proc; mount -t proc proc $R/sys", ["Offline", "Offline"]),
        ("mount -t tmpfs tmpfs $R/proc; mount -t tmpfs tmpfs $R/sys", ["Offline", "Offline"]),
        ("mount -t proc -o subset=pid proc $R/proc", ["Offline", "Offline"]),
    ],
)
def test_a_whole_procfs_proves_absence_and_a_part_does_not(tmp_path: Path, commands: str, seen: list[str]) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys").mkdir()
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounts need root and unshare(1)")

    script = f'set -e; R=$1; shift; {commands}; exec "$@"'
    words = ["unshare", "-m", "sh", "-c", script, "sh", str(tmp_path), sys.executable, "-c", MOUNTS, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "mount" in done.stderr:
        pytest.skip(f"it cannot be mounted here: {done.stderr.strip()}")

    assert done.stdout.split() == seen, done.stderr


def test_the_last_components_own_absence_is_no_failure_to_walk(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        RootHost(str(tmp_path)).read("/proc")
    with pytest.raises(Absent):
        RootHost(str(tmp_path)).read("/etc")
