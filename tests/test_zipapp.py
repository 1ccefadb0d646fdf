"""A zip file of the installed packages runs every verb, and says what the installed command says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nodecheck.cli.verbs import VERBS
from nodecheck.plugins import MOST_LIST, entry_points
from nodecheck.schedule.program import HIDDEN
from tests.said import COMMANDS, PLAIN, Said, all_said, run
from tests.zipapps import zipped

ELSEWHERE = {"schedule", "capture"}
"""The output names the program, or the moment: they have tests of their own."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zipped(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="module")
def from_zip(archive: Path) -> list[str]:
    """Without the interpreter's own packages (``-S``), so that nothing of an installed nodecheck is found."""
    return [sys.executable, "-I", "-S", str(archive)]


@pytest.fixture(scope="module")
def both(from_zip: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Said]:
    folder = tmp_path_factory.mktemp("both")
    return all_said(PLAIN, folder), all_said(from_zip, folder)


def test_every_verb_is_tried() -> None:
    assert {words[0] for words in COMMANDS if words[0][:1] != "-"} | ELSEWHERE == set(VERBS)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_zip_file_says_what_the_command_says(words: tuple[str, ...], both: tuple[Said, Said]) -> None:
    installed, zipped = both

    assert zipped[words] == installed[words]
    code, out, err = zipped[words]
    assert code in (0, 1, 2)
    assert "Traceback" not in err
    assert out or code == 2 or "-o" in words


def test_the_live_node_is_judged_from_a_zip_file(from_zip: list[str], tmp_path: Path) -> None:
    found = [json.loads(run([*program, "run", "--json"], tmp_path).stdout) for program in (PLAIN, from_zip)]

    installed, zipped = [{one["id"]: one["status"] for one in report["results"]} for report in found]
    assert zipped == installed


def code_of(words: str, archive: Path) -> list[str]:
    """Code that finds nodecheck in the zip file alone."""
    return [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(archive)!r})\n{words}"]


def test_netlink_is_read_the_quick_way_from_a_zip_file(archive: Path, tmp_path: Path) -> None:
    code = (
        "from nodecheck.host import LiveHost\nfrom nodecheck.host.netlink.view import fallbacks\n"
        "print(len(LiveHost().netlink('links')) > 0, fallbacks, 'pyroute2' in sys.modules)"
    )
    done = run(code_of(code, archive), tmp_path)

    assert (done.stdout, done.stderr) == ("True {} False\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_runs_a_process_is_told_without_psutil(archive: Path, tmp_path: Path) -> None:
    """psutil's C part cannot be imported from a zip file."""
    code = "from nodecheck.host import LiveHost\nfrom nodecheck.facts.network.processes import _user\n"
    for uid in (1, 54321):  # one with a name, one without
        with subprocess.Popen(["sleep", "60"], user=uid) as other:
            code += f"print(_user(LiveHost(), {other.pid}))\n"
            installed, zipped = [
                run(words, tmp_path).stdout for words in ([sys.executable, "-c", code], code_of(code, archive))
            ]
            other.kill()
        assert zipped == installed != ""


def test_the_schedule_calls_the_zip_file(from_zip: list[str], archive: Path, tmp_path: Path) -> None:
    cron = run([*from_zip, "schedule", "cron"], tmp_path)
    systemd = run([*from_zip, "schedule", "systemd"], tmp_path)

    line = cron.stdout.split("\n")[-2]
    assert (cron.returncode, line.partition(" root ")[2]) == (0, f"{sys.executable} {archive} audit")
    if str(archive).startswith(HIDDEN):  # a service has a /tmp of its own
        assert (systemd.returncode, systemd.stderr.split(": ")[1]) == (2, str(archive))
    else:
        assert f"ExecStart={sys.executable} {archive} audit\n" in systemd.stdout


def test_nothing_is_loaded_from_the_working_directory(from_zip: list[str], tmp_path: Path) -> None:
    for name in ("evil", "yaml", "psutil", "pluggy", "nodecheck_checks", "json", "tomllib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('loaded from the working directory')\n")
    (tmp_path / "etc").mkdir()  # something of a node
    info = tmp_path / "evil-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[nodecheck]\nevil = evil\n")
    for env in ({}, {"PYTHONPATH": ""}, {"PYTHONPATH": str(tmp_path)}):
        listed = run([from_zip[0], from_zip[-1], "plugins"], tmp_path, **env)
        assert (listed.returncode, "evil" in listed.stdout) == (0, False), listed.stderr
        judged = run([from_zip[0], from_zip[-1], "run", "--root", str(tmp_path), "--json"], tmp_path, **env)
        assert (judged.returncode, judged.stderr) == (1, "")


PLUGIN = "import nodecheck\n\n@nodecheck.hookimpl\ndef nodecheck_profiles():\n    return [{'name': 'of-the-zip'}]\n"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@pytest.mark.parametrize("inside", ["", "lib/"], ids=["at the top", "in a folder"])
def test_a_plugin_in_a_zip_file_is_found(tmp_path: Path, compression: int, inside: str) -> None:
    path = tmp_path / "plugins.zip"
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr(f"{inside}zippy.py", PLUGIN)
        made.writestr(f"{inside}zippy-1.2.dist-info/entry_points.txt", "[other]\na = b\n[nodecheck]\nzippy = zippy\n")
        made.writestr(f"{inside}deeper/no-1.0.dist-info/entry_points.txt", "[nodecheck]\nno = no\n")
    folder = f"{path}/{inside}".rstrip("/")

    done = run([*PLAIN, "plugins", "--json"], tmp_path, PYTHONPATH=folder)

    found = {plugin["name"]: plugin for plugin in json.loads(done.stdout)}
    assert set(found) == {"builtin", "zippy"}
    assert (found["zippy"]["version"], found["zippy"]["status"]) == ("1.2", "loaded")
    assert "of-the-zip" in run([*PLAIN, "profile", "list"], tmp_path, PYTHONPATH=folder).stdout


def test_what_is_wrong_with_a_zip_file_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("this is no zip file")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in (
            ("long", "[nodecheck]\nlong = long\n" + "#" * MOST_LIST),
            ("binary", b"[nodecheck]\n\xff = x\n"),
            ("good", "[nodecheck]\ngood = good\n"),
            ("torn", "[nodecheck]\ntorn = torn\n" * 20),
        ):
            made.writestr(f"{name}-1.0.dist-info/entry_points.txt", text)
    raw = bytearray((tmp_path / "bad.zip").read_bytes())
    at = raw.index(b"torn-1.0.dist-info/entry_points.txt") + len("torn-1.0.dist-info/entry_points.txt")
    raw[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "bad.zip").write_bytes(raw)

    places = tuple(str(tmp_path / name) for name in ("text.zip", "none.zip", "bad.zip", "bad.zip/none"))

    assert [(entry.name, entry.where) for entry in entry_points(places)] == [("good", str(tmp_path / "bad.zip"))]
