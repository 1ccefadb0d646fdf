"""Units of systemd: which file counts, what is masked, what starts at boot."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking import Lazy
from nodecheck.errors import Denied
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.services.init_system import InitSystem, UnitIndex, load_unit
from nodecheck.facts.services.unit_names import path_of_unit, unit_of_path
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]
ETC, RUN, USR = "etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"


def link(root: Path, name: str, target: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def index_of(root: Path) -> UnitIndex:
    return UnitIndex.read(RootHost(str(root)))


def init_of(root: Path, release: OsRelease | None = None) -> InitSystem:
    return InitSystem.read(RootHost(str(root)), Lazy(lambda: release or OsRelease()))


def test_etc_beats_run_beats_usr(tree: Tree) -> None:
    root = tree({f"{USR}/a.service": "", f"{RUN}/a.service": "x", f"{RUN}/b.service": "x", f"{USR}/b.service": "x"})
    assert index_of(root).fragment("a.service") == "/run/systemd/system/a.service"
    assert index_of(root).persistent().fragment("b.service") == "/usr/lib/systemd/system/b.service"
    tree({f"{ETC}/a.service": "x"})
    assert index_of(root).fragment("a.service") == "/etc/systemd/system/a.service"


def test_a_link_to_null_and_an_empty_file_mask(tree: Tree) -> None:
    root = tree({f"{USR}/a.service": "x", f"{USR}/b.service": "x", f"{ETC}/b.service": ""})
    link(root, f"{ETC}/a.service", "/dev/null")
    index = index_of(root)
    assert [index.masked(f"{name}.service") for name in "abc"] == [True, True, False]
    assert index.fragment("a.service") is None
    assert [index.exists(f"{name}.service") for name in "abc"] == [True, True, False]


def test_aliases(tree: Tree) -> None:
    root = tree({f"{USR}/chronyd.service": "[Service]\nExecStart=/usr/sbin/chronyd\n"})
    link(root, f"{ETC}/chrony.service", "/usr/lib/systemd/system/chronyd.service")
    link(root, f"{ETC}/multi-user.target.wants/chrony.service", "/usr/lib/systemd/system/chronyd.service")
    index = index_of(root)
    assert index.resolve("chrony.service") == "chronyd.service"
    assert index.fragment("chrony.service") == "/usr/lib/systemd/system/chronyd.service"
    assert index.names_of("chronyd.service") == ("chronyd.service", "chrony.service")
    assert index.starts_at_boot("chronyd.service") == f"/{ETC}/multi-user.target.wants/chrony.service"


def test_instances_use_their_template(tree: Tree) -> None:
    root = tree({f"{USR}/getty@.service": "x"})
    link(root, f"{ETC}/getty.target.wants/getty@tty1.service", "/usr/lib/systemd/system/getty@.service")
    index = index_of(root)
    assert index.fragment("getty@tty1.service") == "/usr/lib/systemd/system/getty@.service"
    assert index.starts_at_boot("getty@tty1.service") is not None
    assert index.starts_at_boot("getty@tty2.service") is None


def test_a_wants_link_to_null_takes_the_dependency_away(tree: Tree) -> None:
    root = tree({f"{USR}/a.service": "x"})
    link(root, f"{USR}/multi-user.target.wants/a.service", "../a.service")
    assert index_of(root).starts_at_boot("a.service") is not None
    link(root, f"{ETC}/multi-user.target.wants/a.service", "/dev/null")
    assert index_of(root).starts_at_boot("a.service") is None


@pytest.mark.parametrize(
    ("default", "wanted", "starts"),
    [
        ("multi-user.target", "graphical.target", False),
        ("graphical.target", "graphical.target", True),
        ("graphical.target", "multi-user.target", True),
        ("runlevel3.target", "multi-user.target", True),
        ("rescue.target", "multi-user.target", False),
        ("my.target", "my.target", True),
    ],
)
def test_the_default_target(tree: Tree, default: str, wanted: str, starts: bool) -> None:
    root = tree({f"{USR}/a.service": "x", f"{USR}/{default}": "x"})
    link(root, f"{ETC}/default.target", f"/usr/lib/systemd/system/{default}")
    link(root, f"{ETC}/{wanted}.wants/a.service", "/usr/lib/systemd/system/a.service")
    assert (index_of(root).starts_at_boot("a.service") is not None) is starts


def test_a_unit_starts_with_the_unit_that_wants_it(tree: Tree) -> None:
    root = tree({f"{USR}/{name}.service": "x" for name in "ab"})
    link(root, f"{ETC}/a.service.wants/b.service", "../b.service")
    assert index_of(root).starts_at_boot("b.service") is None
    link(root, f"{ETC}/multi-user.target.wants/a.service", "/usr/lib/systemd/system/a.service")
    assert index_of(root).starts_at_boot("b.service") == f"/{ETC}/a.service.wants/b.service"
    link(root, f"{ETC}/a.service", "/dev/null")
    assert index_of(root).starts_at_boot("b.service") is None


def test_a_dangling_link_starts_nothing_where_systemd_s_units_are_here(tree: Tree) -> None:
    root = tree({"etc/hostname": "n1"})
    link(root, f"{ETC}/multi-user.target.wants/gone.service", "/usr/lib/systemd/system/gone.service")
    assert index_of(root).starts_at_boot("gone.service") is not None
    tree({f"{USR}/sysinit.target": "x"})
    assert index_of(root).starts_at_boot("gone.service") is None


def test_drop_ins_merge_by_name_in_order(tree: Tree) -> None:
    root = tree(
        {
            f"{USR}/a-b.service": "[Service]\nExecStart=/bin/a\nEnvironment=X=1\n",
            f"{USR}/a-b.service.d/20-x.conf": "[Service]\nEnvironment=X=2\n",
            f"{ETC}/a-b.service.d/20-x.conf": "[Service]\nEnvironment=X=3\n",
            f"{ETC}/a-.service.d/10-y.conf": "[Service]\nExecStart=\nExecStart=/bin/b \\\n  -v\n",
            f"{ETC}/service.d/30-z.conf": "[Service]\nEnvironment=X=4\n",
            f"{ETC}/a-b.service.d/readme": "[Service]\nEnvironment=X=5\n",
        }
    )
    unit = load_unit(RootHost(str(root)), index_of(root), "a-b.service")
    assert unit is not None
    assert [value for value, _, _ in unit.values("Service", "Environment")] == ["X=1", "X=3", "X=4"]
    (command,) = unit.values("Service", "ExecStart")
    assert (command[0].split(), command[1:]) == (["/bin/b", "-v"], ("/etc/systemd/system/a-.service.d/10-y.conf", 3))


def test_lib_is_read_where_it_is_not_usr_lib(tree: Tree) -> None:
    root = tree({"lib/systemd/system/a.service": "x"})
    assert index_of(root).fragment("a.service") == "/lib/systemd/system/a.service"
    merged = tree({f"{USR}/b.service": "x"})
    assert index_of(merged).fragment("b.service") == "/usr/lib/systemd/system/b.service"


@pytest.mark.parametrize(
    ("files", "release", "expected"),
    [
        ({}, OsRelease(), InitSystem("systemd", None, False)),
        ({}, OsRelease("centos", "7.5.1804"), InitSystem("systemd", 219, False)),
        ({"usr/lib/systemd/systemd": "E"}, OsRelease("ubuntu", "22.04"), InitSystem("systemd", 249, True)),
        (
            {"usr/lib/systemd/systemd": "E", "usr/lib/systemd/libsystemd-shared-252.39-1.el9.so": "E"},
            OsRelease("rhel", "9.0"),
            InitSystem("systemd", 252, True),
        ),
        ({"lib/systemd/systemd": "E"}, OsRelease("arch", None), InitSystem("systemd", None, True)),
        ({}, OsRelease("alpine", "3.20.1"), InitSystem("openrc")),
        ({}, OsRelease("centos", "6.10"), InitSystem("upstart")),
        ({}, OsRelease("talos", "1.7.0"), InitSystem("talos")),
        ({"etc/inittab": "# systemd ignores this\n"}, OsRelease(), InitSystem()),
        ({"etc/inittab": "id:3:initdefault:\n"}, OsRelease(), InitSystem("sysvinit")),
        ({"etc/runlevels/boot/swap": ""}, OsRelease(), InitSystem("openrc")),
    ],
)
def test_the_init_system(tree: Tree, files: dict[str, str | bytes], release: OsRelease, expected: InitSystem) -> None:
    assert init_of(tree({"etc/hostname": "n1", **files}), release) == expected


def test_the_init_that_sbin_init_is_a_link_to(tree: Tree) -> None:
    root = tree({"etc/hostname": "n1"})
    link(root, "sbin/init", "/bin/busybox")
    assert init_of(root).name == "busybox"
    assert not init_of(root).at_least(1)


def test_an_os_release_that_is_denied_is_told(tree: Tree) -> None:
    def denied() -> OsRelease:
        raise Denied("/etc/os-release")

    with pytest.raises(Denied):
        InitSystem.read(RootHost(str(tree({"etc/hostname": "n1"}))), Lazy(denied))


PATHS = st.text(st.sampled_from("/-.aZ0:_ \\é~@\t+x2d"), max_size=12).map(lambda text: "/" + text)


@given(PATHS)
def test_unit_names_lead_back_to_their_paths(path: str) -> None:
    name = unit_of_path(path, ".swap")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    assert (name is None) is (".." in parts)
    if name is not None:
        assert path_of_unit(name) == "/" + "/".join(parts)


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd-escape is not installed")
def test_systemd_escapes_the_same() -> None:
    paths = ["/dev/disk/by-uuid/1-2", "/swap.img", "/.swap", "/a b\tc", "/é", "/a//b/./c", "/dev/mapper/cl-swap", "/"]
    argv = ["systemd-escape", "--path", "--suffix=swap", "--", *paths]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\n")[0].split(" ")
    assert told == [unit_of_path(path, ".swap") for path in paths]
