"""Which cgroups are mounted, and which will be: two facts of one view each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from nodecheck.checking import Lazy
from nodecheck.checking.store import Facts
from nodecheck.errors import Absent, Offline
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kernel.cgroup_defaults import built_hierarchy
from nodecheck.facts.kernel.cgroups import (
    CGROUP2_MAGIC,
    FORCE,
    LEGACY_OPTION,
    OPTION,
    TMPFS_MAGIC,
    BootCgroups,
    CgroupVersion,
    NowCgroups,
    planned,
)
from nodecheck.facts.kernel.controllers import MemoryController, NowControllers
from nodecheck.host import Host, RootHost
from nodecheck.host.base import Question
from nodecheck.testing import Entry, TreeLink, write_tree


def tree(root: Path, release: str = "none", cmdline: str | None = None, *mounted: str) -> Facts:
    (root / "etc").mkdir()
    name, _, version = release.partition("-")
    (root / "etc/os-release").write_text(f'ID={name}\nVERSION_ID="{version}"\n' if version else "ID=x\n")
    if cmdline is not None:
        (root / "proc").mkdir()
        (root / "proc/cmdline").write_text(f"root=/dev/sda1 {cmdline}\n")
    for name in mounted:
        place = root / "sys/fs/cgroup" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("cpuset cpu io memory pids\n") if "." in name else place.mkdir()
    return Facts(RootHost(str(root)))


@pytest.mark.parametrize(
    ("names", "version"),
    [
        (("cgroup.controllers", "init.scope"), "v2"),
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


V1_ASKED = f"{OPTION}=0"
FORCED = f"{V1_ASKED} {FORCE}=1"


@pytest.mark.parametrize(
    ("release", "cmdline", "version"),
    [
        ("debian-12", None, "v2"),
        ("debian-10", None, "hybrid"),
        ("ubuntu-20.04", None, "hybrid"),
        ("ubuntu-22.04", None, "v2"),
        ("centos-7", None, "v1"),
        ("rocky-8.10", None, "v1"),
        ("rocky-9.6", None, "v2"),
        ("none", None, None),
        ("centos-7", f"{OPTION}=yes", "v1"),
        ("centos-7", "cgroup_no_v1=all", "v1"),
        ("rocky-8.10", f"{OPTION}=1", "v2"),
        ("rocky-8.10", OPTION, "v2"),
        ("rocky-8.10", "cgroup_no_v1=all", None),
        ("rocky-8.10", f"{OPTION}=maybe", "v1"),
        ("rocky-8.10", f"{OPTION}=0", "v1"),
        ("rocky-8.10", f"{OPTION}=0 {LEGACY_OPTION}=0", "hybrid"),
        ("rocky-8.10", f"{OPTION}=1 {OPTION}=0", "v1"),
        ("ubuntu-20.04", "cgroup_no_v1=all", "v2"),
        ("debian-12", V1_ASKED, "hybrid"),
        ("debian-12", f"{V1_ASKED} {LEGACY_OPTION}", "v1"),
        ("debian-12", f"cgroup_no_v1=all {V1_ASKED}", "hybrid"),
        ("ubuntu-24.10", FORCED, "hybrid"),
        ("debian-13", V1_ASKED, "v2"),
        ("debian-13", FORCED, "hybrid"),
        ("debian-13", f"{FORCED} {LEGACY_OPTION}=1", "v1"),
        ("fedora-43", FORCED, "v2"),
        ("none", V1_ASKED, None),
    ],
)
def test_boot_is_by_command_line_systemd_and_distribution_whatever_is_mounted(
    tmp_path: Path, release: str, cmdline: str | None, version: str | None
) -> None:
    for names in ((), ("cgroup.controllers",), ("cpu",)):
        root = tmp_path / "-".join(("root", *names))
        root.mkdir()
        planned = tree(root, release, cmdline, *names).get(BootCgroups)
        assert (planned.found.version, planned.halts) == (version, None)
        assert (planned.open is None) == (version is not None)


def test_systemd_256_does_not_boot_with_v1_and_257_waits_first(tmp_path: Path) -> None:
    for name in ("ubuntu-24.10", "debian-13"):
        (tmp_path / name).mkdir()
    refusing = tree(tmp_path / "ubuntu-24.10", "ubuntu-24.10", V1_ASKED).get(BootCgroups)
    waiting = tree(tmp_path / "debian-13", "debian-13", V1_ASKED).get(BootCgroups)

    assert refusing.halts is not None
    assert FORCE in refusing.halts
    assert (waiting.halts, "30 seconds" in str(waiting.note)) == (None, True)


def test_another_init_is_not_judged_by_systemds_rules(tmp_path: Path) -> None:
    (tmp_path / "etc/runlevels").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text("ID=alpine\nVERSION_ID=3.22.0\n")
    planned = Facts(RootHost(str(tmp_path))).get(BootCgroups)

    assert (planned.found.version, "openrc" in str(planned.open)) == (None, True)


def test_the_build_of_a_node_that_runs_tells_its_default() -> None:
    said = "systemd 254 (254.5-suse)\n+PAM +AUDIT -XKBCOMMON +UTMP -SYSVINIT default-hierarchy=unified\n"
    release, cmdline = OsRelease("opensuse-tumbleweed", "20231010"), BootCmdline()

    for text, version in ((said, "v2"), (said.replace("unified", "legacy"), "v1"), ("systemd 254\n+PAM\n", None)):
        assert planned(cmdline, release, 254, Lazy(partial(built_hierarchy, text))).found.version == version


@pytest.mark.parametrize(
    ("controllers", "memory"),
    [("cpuset cpu io memory hugetlb pids\n", True), ("cpuset cpu io pids\n", False), ("", None)],
)
def test_the_memory_controller_of_v2(tmp_path: Path, controllers: str, memory: bool | None) -> None:
    node = write_tree(tmp_path, {"/sys/fs/cgroup/cgroup.controllers": controllers})

    assert Facts(RootHost(str(node))).get(MemoryController).on is memory


@pytest.mark.parametrize(("enabled", "memory"), [("1", True), ("0", False)])
def test_the_memory_controller_of_v1(tmp_path: Path, enabled: str, memory: bool) -> None:
    table = f"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t123\t1\nmemory\t4\t160\t{enabled}\n"
    node = write_tree(tmp_path, {"/sys/fs/cgroup/cpu/tasks": "", "/proc/cgroups": table})

    assert Facts(RootHost(str(node))).get(MemoryController) == (memory, "/proc/cgroups")


def test_the_memory_controller_of_v1_is_where_its_hierarchy_is(tmp_path: Path) -> None:
    node = write_tree(tmp_path, {f"/sys/fs/cgroup/{name}/tasks": "" for name in ("cpu", "memory")})

    assert Facts(RootHost(str(node))).get(MemoryController) == (True, "/sys/fs/cgroup/memory/tasks")


def test_a_link_of_systemd_is_no_hierarchy(tmp_path: Path) -> None:
    """``cgroup_disable=cpuacct`` as a node had it: ``cpuacct`` leads to ``cpu``, which is mounted alone."""
    for number, (target, state) in enumerate((("cpu", None), ("cpu,cpuacct", "on"))):
        tree: dict[str, Entry] = {f"/sys/fs/cgroup/{target}/tasks": "", "/sys/fs/cgroup/cpuacct": TreeLink(target)}
        found = Facts(RootHost(str(write_tree(tmp_path / str(number), tree)))).get(NowControllers)

        assert found.state("cpuacct") == state


class Mounted(Host):
    """A live node of which the kernel says what is mounted where; the names below it are all three hierarchies'."""

    kind, path, running, whole, this_machine = "live", "/", True, True, True

    def __init__(self, **magic: int) -> None:
        self.magic = {"/sys/fs/cgroup": magic["root"], "/sys/fs/cgroup/unified": magic.get("unified", 0)}

    def ask(self, question: Question) -> object:
        if question.verb == "statfs":
            return self.magic[question.arguments[0]]
        if question.verb == "names":
            return ("cpu", "memory", "unified") if "unified" in self.names_of else self.names_of
        raise Absent(str(question.arguments[0]))

    names_of: tuple[str, ...] = ("unified",)


@pytest.mark.parametrize(
    ("magic", "names", "version"),
    [
        ({"root": TMPFS_MAGIC, "unified": CGROUP2_MAGIC}, ("unified",), "hybrid"),
        ({"root": TMPFS_MAGIC, "unified": TMPFS_MAGIC}, ("unified",), "v1"),
        ({"root": CGROUP2_MAGIC}, ("cgroup.controllers",), "v2"),
        ({"root": TMPFS_MAGIC}, ("cgroup.controllers",), None),
    ],
)
def test_a_live_node_is_judged_by_what_is_mounted(magic: dict[str, int], names: tuple[str, ...], version: str) -> None:
    host = Mounted(**magic)
    host.names_of = names

    assert NowCgroups.read(host).found.version == version


def test_a_hybrid_hierarchy_is_not_unified() -> None:
    assert [CgroupVersion(name).unified for name in ("v2", "hybrid", "v1", None)] == [True, False, False, None]
