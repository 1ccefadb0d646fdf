"""The state directory and its lock: whose it must be, and that only one audit runs in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.audit.lock import locked
from nodecheck.audit.place import default_directory, prepared
from nodecheck.errors import Locked, StateError


@pytest.mark.parametrize(
    ("environment", "uid", "expected"),
    [
        ({}, 0, "/var/lib/nodecheck"),
        ({"HOME": "/root", "XDG_STATE_HOME": "/elsewhere"}, 0, "/var/lib/nodecheck"),
        ({"STATE_DIRECTORY": "/var/lib/nodecheck-edge:/var/lib/more"}, 0, "/var/lib/nodecheck-edge"),
        ({"STATE_DIRECTORY": "relative"}, 0, "/var/lib/nodecheck"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": "/data/state"}, 1000, "/data/state/nodecheck"),
        ({"HOME": "/home/ann", "XDG_STATE_HOME": "relative"}, 1000, "/home/ann/.local/state/nodecheck"),
        ({"HOME": "/home/ann"}, 1000, "/home/ann/.local/state/nodecheck"),
    ],
)
def test_where_it_is(environment: dict[str, str], uid: int, expected: str) -> None:
    assert default_directory(environment, uid) == expected


def test_without_a_home_there_is_none() -> None:
    with pytest.raises(StateError, match="--state"):
        default_directory({}, 1000)


def test_it_is_made_for_its_owner_alone(state: Path) -> None:
    made = prepared(f"{state}/a/b")

    assert made == os.path.realpath(f"{state}/a/b")
    assert os.stat(made).st_mode & 0o7777 == 0o700
    assert prepared(made) == made


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777, 0o702])
def test_one_that_others_can_write_is_refused(state: Path, mode: int) -> None:
    (state / "x").mkdir()
    (state / "x").chmod(mode)

    with pytest.raises(StateError, match="others can write"):
        prepared(f"{state}/x")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
def test_one_that_another_leads_to_is_refused_and_nothing_is_made_in_anothers(state: Path) -> None:
    (state / "real").mkdir()
    (state / "real").chmod(0o700)
    (state / "theirs").mkdir()
    (state / "theirs/link").symlink_to("../real")
    (state / "link").symlink_to("theirs/link")
    for path in (state / "theirs", state / "theirs/link"):
        os.lchown(path, 65_534, 65_534)

    for path in (state / "link", state / "theirs/a/b"):
        with pytest.raises(StateError, match="theirs is owned by uid 65534"):
            prepared(str(path))
    assert list((state / "theirs").iterdir()) == [state / "theirs/link"]


def test_nobody_else_can_hold_the_lock(state: Path) -> None:
    """Also where one of an earlier nodecheck could be opened by a group, and with it the history."""
    (state / "lock").touch(0o640)
    (state / "lock").chmod(0o640)

    with locked(str(state)):
        assert (state / "lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_one_that_others_own_or_could_move_away_is_refused(state: Path) -> None:
    (state / "x" / "y").mkdir(parents=True)
    os.chown(state / "x", 65_534, 65_534)

    with pytest.raises(StateError, match="owned by uid 65534"):
        prepared(f"{state}/x")
    with pytest.raises(StateError, match="owned by uid 65534"):
        prepared(f"{state}/x/y")
    os.chown(state / "x", 0, 0)
    (state / "x").chmod(0o777)
    with pytest.raises(StateError, match="others can write"):
        prepared(f"{state}/x/y")


def test_a_second_one_finds_it_locked_and_the_kernel_frees_it(state: Path) -> None:
    with locked(str(state)), pytest.raises(Locked, match=f"process {os.getpid()}"), locked(str(state)):
        pass
    with locked(str(state)):
        pass
    code = "import os, sys; from nodecheck.audit.lock import locked\nwith locked(sys.argv[1]): os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(state)], check=False).returncode == -9
    with locked(str(state)):
        pass


def test_the_lock_is_not_inherited_by_programs(state: Path) -> None:
    with locked(str(state)):
        child = subprocess.Popen(["sleep", "30"], close_fds=False)
    try:
        with locked(str(state)):
            assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_link_in_its_place_is_not_followed(state: Path) -> None:
    (state / "lock").symlink_to(state / "victim")

    with pytest.raises(OSError, match="symbolic"), locked(str(state)):
        pass
    assert not (state / "victim").exists()
