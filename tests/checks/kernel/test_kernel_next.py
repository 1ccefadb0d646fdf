"""The kernel that boots next, and where the modules of either kernel lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking import Lazy
from nodecheck.facts import BootCmdline, BootTree, ModuleLoading, Modules, NowModuleFolder, RunningKernel
from nodecheck.facts.kernel.trees import ModuleFolder, ModuleTree
from nodecheck.fix import command
from nodecheck.testing import Entry, TreeDirectory, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.kernel.kernel_next import kernel_next
from nodecheck_checks.kernel.kernel_version import kernel_version
from nodecheck_checks.kernel.module_tree import module_tree

OLD, NEW = "6.1.0-13-amd64", "6.1.0-57-amd64"
RUNS = "/proc/sys/kernel/osrelease"
MENU = "/boot/grub/grub.cfg"
LOADED = {"/proc/modules": "overlay 151552 0 - Live 0x0000000000000000\n"}


def menu(release: str) -> str:
    return f"menuentry 'Debian' {{\n\tlinux\t/boot/vmlinuz-{release} root=UUID=x ro quiet\n}}\n"


def folder(release: str, *names: str) -> dict[str, Entry]:
    """The folder of a kernel's modules, as its package and depmod leave it."""
    names = names or ("modules.dep", "modules.dep.bin", "modules.builtin", "modules.order", "kernel/fs/ext4/ext4.ko")
    return {f"/usr/lib/modules/{release}/{name}": "" for name in names}


def node(runs: str = NEW, boots: str = NEW, *installed: str) -> dict[str, Entry]:
    """Debian 12 with a running kernel, one that boots, and the trees of those that are installed."""
    files: dict[str, Entry] = {RUNS: f"{runs}\n", MENU: menu(boots), **LOADED}
    for release in installed or {runs, boots}:
        files |= folder(release)
    return files


def said(check: Any, files: Mapping[str, Entry], place: Path, view: str, **options: Any) -> str:
    (found,) = judge(check, write_tree(place, files), view=view, **options)
    return f"fail {found.severity}" if found.status == "fail" else str(found.status)


@pytest.mark.parametrize(("boots", "expected"), [(NEW, "pass"), (OLD, "fail info")])
def test_whether_another_kernel_boots(tmp_path: Path, boots: str, expected: str) -> None:
    node_root = write_tree(tmp_path, node(NEW, boots))
    (found,) = judge(kernel_next, node_root, view="now")

    assert (str(found.severity), f"fail {found.severity}" if found.status == "fail" else found.status) == (
        "info",
        expected,
    )
    assert found.evidence[0][:2] == (MENU, "line 2")
    if expected != "pass":
        assert found.fix is not None
        assert found.fix.reboot
        assert said(kernel_next, node(boots, boots), tmp_path / "after", "now") == "pass"


@pytest.mark.parametrize(
    ("release", "kubernetes", "mode", "expected"),
    [
        ("6.12.43+deb13-amd64", "1.36", "iptables", "pass"),
        ("5.14.0-570.12.1.el9_6.x86_64", "1.36", "iptables", "pass"),
        ("5.12.3", "1.36", "iptables", "fail warning"),
        ("4.18.0-553.el8_10.x86_64", "1.33", "iptables", "fail warning"),
        ("3.10.0-1160.el7.x86_64", "1.33", "iptables", "fail error"),
        ("3.10.0-1160.el7.x86_64", "1.31", "iptables", "pass"),
        ("5.4.0", "1.33", "nftables", "fail error"),
        ("3.10.0-1160.el7.x86_64", None, "iptables", "unknown"),
    ],
)
def test_the_next_kernel_by_the_rules_of_the_running_one(
    tmp_path: Path, release: str, kubernetes: str | None, mode: str, expected: str
) -> None:
    options = {"kubernetes": kubernetes} if kubernetes else {}
    assert said(kernel_next, node(NEW, release), tmp_path / "a", "boot", proxy_mode=mode, **options) == expected
    assert said(kernel_version, node(release, NEW), tmp_path / "b", "now", proxy_mode=mode, **options) == expected


def test_a_profiles_minimum(tmp_path: Path) -> None:
    root = write_tree(tmp_path, node(NEW, "4.19.0-27-amd64"))
    found = judge(kernel_next, root, view="boot", kubernetes="1.36", parameters={"minimum": "4.19"})

    assert_verdicts(found, {"kernel-next@boot": "pass"})
    found = judge(kernel_next, root, view="boot", kubernetes="1.36", parameters={"minimum": "5.0"})
    assert_verdicts(found, {"kernel-next@boot": "fail"})


def test_an_image_that_never_ran(tmp_path: Path) -> None:
    files = {key: entry for key, entry in node(NEW, NEW).items() if not key.startswith("/proc")}

    assert said(kernel_next, files, tmp_path / "a", "now") == "skip"
    assert said(kernel_next, files, tmp_path / "b", "boot", kubernetes="1.36") == "pass"
    del files[MENU]
    (found,) = judge(kernel_next, write_tree(tmp_path / "c", files), view="boot", kubernetes="1.36")
    assert (found.status, found.evidence[0].source) == ("pass", f"/lib/modules/{NEW}".replace("/lib", "/usr/lib"))
    assert said(kernel_next, {"/etc/os-release": "ID=debian\n"}, tmp_path / "d", "boot") == "skip"


def test_a_loader_that_names_no_release(tmp_path: Path) -> None:
    files = {**node(), "/boot/firmware/cmdline.txt": "console=tty1 rootwait\n"}
    del files[MENU]

    assert said(kernel_next, files, tmp_path / "a", "now") == "skip"
    assert said(kernel_next, files, tmp_path / "b", "boot", kubernetes="1.36") == "pass"  # the one that runs


@pytest.mark.parametrize(
    ("check", "view", "changed", "expected"),
    [
        (kernel_next, "now", {RUNS: f"{OLD}\n"}, "fail info"),
        (kernel_next, "now", {RUNS: None}, "skip"),
        (kernel_next, "now", {MENU: menu(OLD)}, "fail info"),
        (kernel_next, "now", {MENU: None}, "skip"),
        (kernel_next, "boot", {MENU: menu("2.6.32-754.el6.x86_64")}, "fail warning"),
        (kernel_next, "boot", {MENU: None, RUNS: "2.6.32-754.el6.x86_64\n"}, "fail warning"),
        (module_tree, "now", {RUNS: f"{OLD}\n"}, "fail error"),
        (module_tree, "now", {RUNS: None}, "skip"),
        (module_tree, "now", {f"/usr/lib/modules/{NEW}/modules.dep": None,
                              f"/usr/lib/modules/{NEW}/modules.dep.bin": None}, "fail error"),
        (module_tree, "boot", {MENU: menu(OLD)}, "fail error"),
        (module_tree, "boot", {f"/usr/lib/modules/{NEW}/modules.dep": None,
                               f"/usr/lib/modules/{NEW}/modules.dep.bin": None}, "fail error"),
    ],
)  # fmt: skip
def test_each_source_counts(
    tmp_path: Path, check: Any, view: str, changed: dict[str, Entry | None], expected: str
) -> None:
    """A source that is taken away from a passing node, or holds another valid value, changes its verdict."""
    assert said(check, node(), tmp_path / "before", view, kubernetes="1.36") == "pass"
    files = {**node(), **{key: entry for key, entry in changed.items() if entry is not None}}
    for key in [key for key, entry in changed.items() if entry is None]:
        del files[key]

    assert said(check, files, tmp_path / "after", view, kubernetes="1.36") == expected


def test_modules_that_an_upgrade_removed(tmp_path: Path) -> None:
    """Arch Linux: the package of the kernel has the new one's modules alone."""
    files = node(OLD, NEW, NEW)
    (found,) = judge(module_tree, write_tree(tmp_path / "a", files), view="now")

    assert (found.status, str(found.severity)) == ("fail", "error")
    assert found.fix is not None
    assert (found.fix.safety, found.fix.reboot) == ("manual", True)
    assert said(module_tree, files, tmp_path / "boot", "boot") == "pass"
    assert said(module_tree, node(NEW, NEW, NEW), tmp_path / "after", "now") == "pass"  # after the reboot


def test_what_dkms_leaves_behind_is_no_kernels_modules(tmp_path: Path) -> None:
    files = {**node(OLD, NEW, NEW), **folder(OLD, "updates/dkms/zfs.ko")}
    (found,) = judge(module_tree, write_tree(tmp_path, files), view="now")

    assert found.status == "fail"
    assert found.fix is not None
    assert found.fix.reboot


def test_files_without_their_list(tmp_path: Path) -> None:
    files = {**node(NEW, NEW, OLD), **folder(NEW, "modules.builtin", "kernel/fs/ext4/ext4.ko")}
    for view in ("now", "boot"):
        (found,) = judge(module_tree, write_tree(tmp_path / view, files), view=view)
        assert found.status == "fail"
        assert found.fix is not None
        assert found.fix.steps == (command("depmod", "-a", "--", NEW),)
    hollow = {**files, f"/usr/lib/modules/{NEW}/modules.dep": TreeDirectory()}
    assert said(module_tree, hollow, tmp_path / "hollow", "now") == "fail error"
    for name in ("modules.dep", "modules.dep.bin"):
        listed = {**files, f"/usr/lib/modules/{NEW}/{name}": ""}
        assert said(module_tree, listed, tmp_path / name, "now") == "pass"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"/proc/sys/kernel/modules_disabled": "1\n"}, "skip"),
        ({}, "fail error"),
        ({"/proc/modules": ""}, "fail error"),
    ],
)
def test_kernels_that_take_no_modules(tmp_path: Path, changed: dict[str, Entry], expected: str) -> None:
    assert said(module_tree, {**node(OLD, NEW, NEW), **changed}, tmp_path, "now") == expected


@pytest.mark.parametrize(("listed", "expected"), [("", "skip"), (LOADED["/proc/modules"], "fail error")])
def test_a_kernel_whose_modules_never_lay_in_files(tmp_path: Path, listed: str, expected: str) -> None:
    """A microVM brings its kernel along: nothing is loaded, and no folder of any release is there."""
    files: dict[str, Entry] = {RUNS: f"{NEW}\n", "/proc/modules": listed, "/boot": TreeDirectory()}

    assert said(module_tree, files, tmp_path / "now", "now") == expected
    assert said(module_tree, files, tmp_path / "boot", "boot") == "skip"


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    recording = record(write_tree(tmp_path, node()))
    judge(module_tree, recording)
    data = recording.to_data()
    for answer in data["answers"]:
        if answer["question"][0] == "names" and "modules" in answer["question"][1]:
            answer["answer"] = {"Denied": [answer["question"][1], "permission denied", 13]}

    assert_verdicts(judge(module_tree, replay(data)), {"module-tree": "unknown", "module-tree@boot": "unknown"})
    assert_verdicts(judge(kernel_next, replay(data), view="boot"), {"kernel-next@boot": "unknown"})


def test_judgements() -> None:
    kernel = RunningKernel(OLD, RUNS)
    (found,) = kernel_next(kernel, BootCmdline(source=MENU, kernel=NEW))
    assert (found.status, found.actual) == ("fail", NEW)

    whole = NowModuleFolder(ModuleFolder(OLD, f"/lib/modules/{OLD}", ("kernel", "modules.dep")))
    modules = Lazy(lambda: Modules({}))
    loading, tree = Lazy(lambda: ModuleLoading(False)), Lazy(lambda: BootTree(ModuleTree(NEW, f"/lib/modules/{NEW}")))
    assert [one.status for one in module_tree(whole, modules, loading, tree)] == ["pass"]
    gone = NowModuleFolder(ModuleFolder(OLD, others=(NEW,)))
    assert [one.status for one in module_tree(gone, modules, loading, tree)] == ["fail"]
    none = Lazy(lambda: Modules({}, supported=False))
    assert [one.status for one in module_tree(gone, none, loading, tree)] == ["skip"]


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    for check in (kernel_next, module_tree):
        recording = record(write_tree(tmp_path / check.name, node(OLD, NEW, NEW)))
        first = judge(check, recording)
        again = judge(check, replay(recording.to_data()))
        assert [one.fingerprint for one in first] == [one.fingerprint for one in again]
