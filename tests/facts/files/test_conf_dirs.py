"""Which file of a base name counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.errors import FactError, Malformed
from nodecheck.facts.files.conf_dirs import ConfFile, conf_files
from nodecheck.host.root import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]
DIRS = ("/etc/x.d", "/run/x.d", "/usr/lib/x.d", "/lib/x.d")


def found(root: Path, suffix: str = ".conf") -> tuple[ConfFile, ...]:
    return conf_files(RootHost(str(root)), DIRS, suffix)


def test_base_names_sort_by_bytes_over_all_directories(tree: Tree) -> None:
    root = tree({"usr/lib/x.d/99.conf": "a", "etc/x.d/a.conf": "a", "etc/x.d/K.conf": "a", "run/x.d/5.conf": "a"})
    assert [one.path for one in found(root)] == [
        "/run/x.d/5.conf",
        "/usr/lib/x.d/99.conf",
        "/etc/x.d/K.conf",
        "/etc/x.d/a.conf",
    ]


def test_the_higher_directory_hides_the_lower(tree: Tree) -> None:
    root = tree({"etc/x.d/a.conf": "1", "usr/lib/x.d/a.conf": "2", "run/x.d/a.conf": "3"})
    assert found(root) == (ConfFile("a.conf", "/etc/x.d/a.conf", False, ("/run/x.d/a.conf", "/usr/lib/x.d/a.conf")),)


@pytest.mark.parametrize("target", ["/dev/null", "../../../dev/null", "nowhere", None])
def test_empty_files_and_links_to_nothing_mask(tree: Tree, target: str | None) -> None:
    root = tree({"usr/lib/x.d/a.conf": "1", "etc/x.d/b.conf": ""})
    mask = root / "etc/x.d/a.conf"
    if target is None:
        mask.write_bytes(b"")
    else:
        mask.symlink_to(target)
    assert found(root)[0] == ConfFile("a.conf", "/etc/x.d/a.conf", True, ("/usr/lib/x.d/a.conf",))


def test_other_suffixes_dot_files_and_subdirectories_are_left_out(tree: Tree) -> None:
    root = tree({"etc/x.d/a": "1", "etc/x.d/.b.conf": "2", "etc/x.d/c.conf.rpmsave": "3", "etc/x.d/d/e.conf": "4"})
    assert found(root) == ()


def test_lib_that_is_usr_lib_hides_nothing(tree: Tree) -> None:
    root = tree({"usr/lib/x.d/a.conf": "1"})
    (root / "lib").symlink_to("usr/lib")
    assert found(root)[0].hides == ()


def test_lib_apart_counts(tree: Tree) -> None:
    root = tree({"lib/x.d/a.conf": "1"})
    assert found(root)[0].path == "/lib/x.d/a.conf"


def test_what_cannot_be_listed_is_an_error(tree: Tree) -> None:
    with pytest.raises(Malformed):
        found(tree({"etc/x.d": "a file"}))


def test_a_link_loop_is_an_error(tree: Tree) -> None:
    root = tree({"etc/passwd": ""})
    (root / "etc/x.d").mkdir()
    (root / "etc/x.d/a.conf").symlink_to("a.conf")
    with pytest.raises(FactError) as caught:
        found(root)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(("kind", "counts"), [("tmpfs", False), ("ext4", True)])
def test_what_lies_in_memory_is_gone_at_the_next_boot(tree: Tree, kind: str, counts: bool) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\n{kind} /run {kind} rw 0 0\n"
    root = tree({"run/x.d/a.conf": "1", "usr/lib/x.d/a.conf": "2", "proc/self/mounts": mounts})
    assert [one.path for one in found(root)] == ["/run/x.d/a.conf" if counts else "/usr/lib/x.d/a.conf"]
