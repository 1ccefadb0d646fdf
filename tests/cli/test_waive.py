"""``nodecheck waive``: a waiver's life from the command line, and files that must not be touched."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.program import PROGRAM

ZRAM = ("waive", "swap[/dev/zram0]")
GIVEN = ("--reason", "zram is wanted", "--owner", "platform")


def day(days: int) -> str:
    return (datetime.now(timezone.utc).date() + timedelta(days)).isoformat()


def test_a_life(nodecheck: Command, tmp_path: Path) -> None:
    path = tmp_path / "etc/waivers.toml"
    file = ("--file", str(path))

    added = nodecheck(*ZRAM, *GIVEN, "--until", "30d", "--ticket", "OPS-7", *file)
    assert (added.code, path.stat().st_mode & 0o777) == (0, 0o644)
    assert f"+expires = {day(30)}" in added.out
    assert f"nodecheck run --waivers {path}" in added.err
    path.write_text("# mine\n" + path.read_text())
    path.chmod(0o640)

    renewed = nodecheck(*ZRAM, "--until", day(60), *file)
    assert (renewed.code, path.stat().st_mode & 0o777) == (0, 0o640)
    listed = json.loads(nodecheck("waive", "--list", "--json", *file).out)
    assert listed == [
        {
            "select": "swap[/dev/zram0]", "reason": "zram is wanted", "owner": "platform", "ticket": "OPS-7",
            "created": day(0), "expires": day(60), "state": "in-force",
        }
    ]  # fmt: skip
    assert f"swap[/dev/zram0]: until {day(60)}, 60 more days" in nodecheck("waive", "--list", *file).out
    assert nodecheck("run", "--root", str(tmp_path), "--select", "swap", "--waivers", str(path)).code == 0

    assert nodecheck(*ZRAM, "--remove", *file).code == 0
    assert path.read_text().startswith("# mine\n")
    assert "waiver]]" not in path.read_text()
    assert [item.name for item in path.parent.iterdir()] == ["waivers.toml"]


def test_a_dry_run_writes_nothing(nodecheck: Command, tmp_path: Path) -> None:
    done = nodecheck(*ZRAM, *GIVEN, "--until", "2w", "--file", str(tmp_path / "none/w.toml"), "--dry-run")

    assert (done.code, list(tmp_path.iterdir())) == (0, [])
    assert f"+expires = {day(14)}" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("swap", "--until", "30d"), "needs --reason and --owner"),
        (("swop", *GIVEN, "--until", "30d"), "did you mean 'swap'"),
        (("swap[x", *GIVEN, "--until", "30d"), "expected name[subject]"),
        (("swap", *GIVEN, "--until", "2020-01-01"), "is over"),
        (("swap", *GIVEN, "--until", "0d"), "expected a day"),
        (("swap", *GIVEN, "--until", "2027-02-30"), "expected a day"),
        (("swap", *GIVEN, "--until", "20270228"), "expected a day"),
        (("swap", *GIVEN, "--until", "٣d"), "expected a day"),
        (("swap", "--reason", "a\nb", "--owner", "o", "--until", "3d"), "expected a line of text"),
        (("swap", "--reason", " ", "--owner", "o", "--until", "3d"), "expected a line of text"),
        (("swap", "--remove"), "there is no waiver of 'swap'"),
        (("swap", "--remove", "--until", "3d"), "goes without --until"),
        (("swap", "--list"), "goes without"),
        ((), "expected the id"),
    ],
)
def test_usage(nodecheck: Command, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = nodecheck("waive", *words, "--file", str(tmp_path / "w"))

    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])
    assert told in done.err
    assert "Traceback" not in done.err


def test_files_that_are_not_touched(nodecheck: Command, tmp_path: Path) -> None:
    valid = 'schema = "nodecheck.waivers/1"\n'
    for name, text in (("open", valid), ("invalid", valid + "x = 1\n"), ("real", valid), ("latin", "# \xe9\n")):
        (tmp_path / name).write_text(text, encoding="latin-1")
        (tmp_path / name).chmod(0o644)
    (tmp_path / "open").chmod(0o664)
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "fifo")

    for name, told in (
        ("open", "others can write"), ("invalid", "line 2"), ("link", "a link"), ("fifo", "not a regular file"),
        ("latin", "UTF-8"), (".", "not a regular file"),
    ):  # fmt: skip
        done = nodecheck("waive", "swap", *GIVEN, "--until", "3d", "--file", f"{tmp_path}/{name}")
        assert (done.code, done.out) == (2, ""), name
        assert told in done.err
    assert (tmp_path / "real").read_text() == valid


def test_a_profiles_waivers(nodecheck: Command, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('schema = "nodecheck.profile/1"\nname = "mine"\n')

    assert nodecheck("waive", "swap", *GIVEN, "--until", "3d", "--file", str(path)).code == 0
    assert nodecheck("profile", "validate", str(path)).code == 0
    assert 'select = "swap"' in path.read_text()


def test_edits_at_once_lose_none(tmp_path: Path) -> None:
    command = [*PROGRAM, "waive"]
    more = [*GIVEN, "--until", "3d", "--file", str(tmp_path / "w")]
    started = [
        subprocess.Popen([*command, f"swap[{number}]", *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in range(6)
    ]

    assert [process.wait(60) for process in started] == [0] * 6
    assert (tmp_path / "w").read_text().count("[[waiver]]") == 6


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("path", ["theirs/w.toml", "theirs/new/w.toml", "link/w.toml"])
def test_root_edits_nothing_in_what_others_own(nodecheck: Command, tmp_path: Path, path: str) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to("mine")
    for name in ("theirs", "link"):
        os.lchown(tmp_path / name, 65_534, 65_534)

    done = nodecheck(*ZRAM, *GIVEN, "--until", "30d", "--file", f"{tmp_path}/{path}")

    assert (done.code, "owned by uid 65534: refused" in done.err) == (2, True)
    assert not list((tmp_path / "theirs").iterdir()) + list((tmp_path / "mine").iterdir())


def test_nobody_can_keep_an_edit_from_being_made(nodecheck: Command, tmp_path: Path) -> None:
    """A lock on the directory, which whoever may list it can hold, is no lock on its waivers."""
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    (tmp_path / ".w.toml.lock").touch(0o600)  # of an edit that was killed

    done = nodecheck(*ZRAM, *GIVEN, "--until", "30d", "--file", f"{tmp_path}/w.toml")

    os.close(held)
    assert (done.code, os.listdir(tmp_path)) == (0, ["w.toml"])


def test_the_audit_heeds_no_waivers_that_others_can_write(nodecheck: Command, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    waivers, config = tmp_path / "w.toml", tmp_path / "c.toml"
    assert nodecheck("waive", "swap", *GIVEN, "--until", "3d", "--file", str(waivers)).code == 0
    config.write_text(f'[audit]\nwaivers = ["{waivers}"]\n')
    config.chmod(0o644)
    (tmp_path / "node").mkdir()
    words = ("audit", "--config", str(config), "--state", str(tmp_path / "state"), "--root", str(tmp_path / "node"))

    assert nodecheck(*words).code in (0, 1, 3)
    waivers.chmod(0o666)
    refused = nodecheck(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "others can write it" in refused.err
