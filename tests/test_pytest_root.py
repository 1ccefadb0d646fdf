"""The pytest plugin and files of the root that it judges: none is collected, loaded or run, whatever leads to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

RUN = "from pathlib import Path\nPath({mark!r}).write_text('code of the image ran')\n"
TEST = RUN + "def test_of_the_image(): pass\n"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load this plugin and no other: it takes a fifth of the time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "nodecheck.pytest_plugin")


@pytest.fixture
def image(pytester: pytest.Pytester) -> Path:
    return image_in(pytester.path / "rootfs")


def image_in(root: Path) -> Path:
    """A node's files with tests and conftests in many of its places; each leaves a mark where it is run."""
    text = TEST.format(mark=f"{root.parent}/ran")
    for folder in ("", "tests", "usr/lib/python3/dist-packages/foo/tests"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("conftest.py", "test_foo.py", "foo.py"):
            (root / folder / name).write_text(text)
    (root / "etc").mkdir()
    (root / "etc/fstab").write_text("/dev/sda2 none swap sw 0 0\n")
    return root


def plain(_: Path) -> str:
    return "rootfs"


def as_a_test_folder(root: Path) -> str:
    root.rename(root.parent / "testroot")
    return "testroot"


def through_a_link_to_its_tests(root: Path) -> str:
    (root.parent / "tests").symlink_to("rootfs/tests")
    (root.parent / "sub").symlink_to("rootfs/usr/lib/python3")
    return "rootfs"


def by_another_name(root: Path) -> str:
    root.rename(root.parent / "test-image")
    (root.parent / "image").symlink_to("test-image")
    return "image/../image"


def below_the_tests(root: Path) -> str:
    (root.parent / "tests").mkdir()
    root.rename(root.parent / "tests/rootfs")
    return "./tests/rootfs/"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (plain, ()),
        (plain, ("--doctest-modules",)),
        (plain, ("--import-mode=importlib",)),
        (as_a_test_folder, ()),
        (through_a_link_to_its_tests, ()),
        (by_another_name, ()),
        (below_the_tests, ("--doctest-modules",)),
    ],
)
def test_no_file_of_the_root_is_run(
    pytester: pytest.Pytester, image: Path, place: Callable[[Path], str], words: tuple[str, ...]
) -> None:
    given = place(image)
    pytester.makepyfile(test_own="def test_own(own): pass")
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef own(): pass\n")

    done = pytester.runpytest_subprocess(f"--nodecheck-root={given}", "--nodecheck-select=swap@boot", *words)

    done.assert_outcomes(passed=1, failed=1)  # the own test, and swap at boot
    assert not (pytester.path / "ran").exists()


def test_folders_beside_the_root_are_not_of_it(pytester: pytest.Pytester, image: Path) -> None:
    for name, file in (("rootfs-tests", "test_a.py"), ("tests", "test_b.py")):
        (pytester.path / name).mkdir()
        (pytester.path / name / file).write_text("def test_own(): pass")
    (image / "out").symlink_to("../tests")

    done = pytester.runpytest_subprocess("--nodecheck-root=rootfs", "--nodecheck-select=swap@boot")

    done.assert_outcomes(passed=2, failed=1)
    assert not (pytester.path / "ran").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--nodecheck-root=rootfs", "rootfs"),
        ("--nodecheck-root=rootfs", "rootfs/tests/test_foo.py::test_of_the_image"),
        ("--nodecheck-root=rootfs", "link/test_foo.py", "."),
        ("--nodecheck-root", "rootfs/usr/lib/python3"),
        ("--nodecheck-root=rootfs", "--rootdir=rootfs"),
        ("--nodecheck-root=rootfs", "-c", "rootfs/etc/own.ini"),
        ("--nodecheck-root=rootfs", "rootfs/out/test_own.py"),
    ],
)
def test_what_lies_in_the_root_is_a_usage_error(pytester: pytest.Pytester, image: Path, words: tuple[str, ...]) -> None:
    (pytester.path / "link").symlink_to("rootfs/tests")
    (pytester.path / "own").mkdir()
    (pytester.path / "own/test_own.py").write_text("def test_own(): pass")
    (image / "out").symlink_to("../own")
    (image / "etc/own.ini").write_text("[pytest]\n")
    (image / "usr/lib/python3/pytest.ini").write_text("[pytest]\n")

    done = pytester.runpytest_subprocess(*words)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*lies in --nodecheck-root=*write --nodecheck-root=DIR with its =*"])
    assert not (pytester.path / "ran").exists()


def test_started_inside_the_root_or_sent_there_by_testpaths(
    pytester: pytest.Pytester, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\ntestpaths = rootfs/tests\n")
    sent = pytester.runpytest_subprocess("--nodecheck-root=rootfs")
    monkeypatch.chdir(image / "usr")
    inside = pytester.runpytest_subprocess(f"--nodecheck-root={image}")
    at_its_top = pytester.runpytest_subprocess("--nodecheck-root=..", f"--rootdir={pytester.path}")

    assert {done.ret for done in (sent, inside, at_its_top)} == {pytest.ExitCode.USAGE_ERROR}
    assert not (pytester.path / "ran").exists()


def test_this_machine_holds_the_tests_themselves(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_own(): pass")
    pytester.makeconftest("")

    done = pytester.runpytest_subprocess(
        "--nodecheck-root=/", "--nodecheck-select=kernel-version@now", "-k", "test_own"
    )

    done.assert_outcomes(passed=1, deselected=1)
