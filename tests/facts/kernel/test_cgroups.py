"""Which cgroups are mounted, and which will be: two facts of one view each."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.errors import Offline
from nodecheck.facts.kernel.cgroups import BootCgroups, CgroupVersion, NowCgroups
from nodecheck.host import RootHost

RELEASES = {"debian-12": 'ID=debian\nVERSION_ID="12"\n', "centos-7": 'ID=centos\nVERSION_ID="7"\n', "none": "ID=x\n"}


def tree(root: Path, release: str = "none", cmdline: str | None = None, *mounted: str) -> Facts:
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text(RELEASES[release])
    if cmdline is not None:
        (root / "proc").mkdir()
        (root / "proc/cmdline").write_text(f"root=/dev/sda1 {cmdline}\n")
    for name in mounted:
        (root / "sys/fs/cgroup" / name).mkdir(parents=True)
    return Facts(RootHost(str(root)))


@pytest.mark.parametrize(
    ("names", "version"),
    [
        (("cgroup.controllers", "system.slice"), "v2"),
        (("cpu", "memory", "unified"), "hybrid"),
        (("cpu,cpuacct",), "v1"),
        (("other",), None),
    ],
)
def test_now_is_what_is_mounted(tmp_path: Path, names: tuple[str, ...], version: str | None) -> None:
    found = tree(tmp_path, "debian-12", "systemd.unified_cgroup_hierarchy=1", *names).get(NowCgroups).found

    assert found.version == version


def test_now_is_not_told_of_an_image(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        tree(tmp_path, "debian-12").get(NowCgroups)


@pytest.mark.parametrize(
    ("release", "cmdline", "version"),
    [
        ("debian-12", None, "v2"),
        ("centos-7", None, "v1"),
        ("none", None, None),
        ("centos-7", "systemd.unified_cgroup_hierarchy=yes", "v2"),
        ("debian-12", "systemd.unified_cgroup_hierarchy=0", "hybrid"),
        ("centos-7", "cgroup_no_v1=all", "v2"),
    ],
)
def test_boot_is_by_command_line_and_distribution_whatever_is_mounted(
    tmp_path: Path, release: str, cmdline: str | None, version: str | None
) -> None:
    for names in ((), ("cgroup.controllers",), ("cpu",)):
        root = tmp_path / "-".join(("root", *names))
        root.mkdir()
        assert tree(root, release, cmdline, *names).get(BootCgroups).found.version == version


def test_a_hybrid_hierarchy_is_not_unified() -> None:
    assert [CgroupVersion(name).unified for name in ("v2", "hybrid", "v1", None)] == [True, False, False, None]
