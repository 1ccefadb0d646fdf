"""A zip file of the installed packages runs every verb, and says what the installed command says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nodecheck.cli.verbs import VERBS
from nodecheck.plugins import MOST_LIST, entry_points
from nodecheck.render.outputs import BUILT_IN
from nodecheck.schedule.program import HIDDEN
from tests.nodes import debian_node
from tests.zipapps import zipped

PLAIN = [sys.executable, "-m", "nodecheck"]
WAIVER = ("--reason", "it is so", "--owner", "me", "--until", "2099-01-01", "--file", "waivers.toml")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--version",),
    ("--help",),
    ("run", "--root", "node"),
    ("run", "--root", "node", "--json", "--output", "json=report.json", "--output", "html=report.html"),
    *[("convert", "report.json", "--to", name) for name in BUILT_IN if name not in ("journald", "syslog")],
    *[("plan", "--root", "node", "--format", name) for name in ("text", "sh", "json", "ansible")],
    ("list",),
    ("list", "--json"),
    ("explain",),
    ("explain", "swap"),
    ("explain", "sysctl[net.ipv4.ip_forward]"),
    ("help",),
    ("help", "run"),
    ("version",),
    ("plugins",),
    ("plugins", "--json"),
    ("profile", "list"),
    ("profile", "show", "centos7-kubeadm-1.17"),
    ("profile", "validate", "edge.toml"),
    *[("schema", document) for document in ("report", "plan", "audit", "profile", "hosts")],
    *[("completion", shell) for shell in ("bash", "zsh", "fish")],
    ("waive", "swap@boot", *WAIVER),
    ("waive", "--list", "--file", "waivers.toml"),
    ("run", "--root", "node", "--waivers", "waivers.toml"),
    ("audit", "--root", "node", "--state", "state"),
    ("audit", "--root", "node", "--state", "state", "--waivers", "waivers.toml", "--json"),
    ("history", "--state", "state"),
    ("history", "last", "--state", "state"),
    ("history", "swap@boot", "--state", "state"),
    ("diff", "last~1", "last", "--state", "state"),
    ("baseline", "accept", "--state", "state"),
    ("baseline", "show", "--state", "state"),
    ("doctor", "--json"),
    ("capture", "--root", "node", "-o", "node.capture"),
    ("run", "--capture", "node.capture"),
    ("run", "--ssh=-x"),
    ("collector",),
    ("run", "--nonsense"),
    ("run", "net.ipv4.ip_forward"),
    ("explain", "swapp"),
)
ELSEWHERE = {"schedule", "capture"}
"""The output names the program, or the moment: they have tests of their own."""

Said = dict[tuple[str, ...], tuple[int, str, str]]


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
    return _all_said(PLAIN, folder), _all_said(from_zip, folder)


def _all_said(program: list[str], folder: Path) -> Said:
    """What the program says to all commands, in their order, in a folder that has the same name each time."""
    here = folder / "here"
    here.mkdir()
    node = debian_node(here / "node")
    (node / "etc/fstab").write_text("/dev/sda2 none swap sw 0 0\n")
    (here / "edge.toml").write_text('schema = "nodecheck.profile/1"\nname = "edge"\nextends = "kubernetes"\n')
    said: Said = {}
    for words in COMMANDS:
        done = run([*program, *words], here)
        said[words] = (done.returncode, steady(done.stdout), steady(done.stderr))
    here.rename(folder / f"done by {len(list(folder.iterdir()))}")
    return said


def run(words: list[str], here: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(here), "LC_ALL": "C.UTF-8", **env}
    return subprocess.run(words, cwd=here, env=clean, capture_output=True, text=True, timeout=120, check=False)


VARYING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{8}\b", "ID"),
    (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?", "TIME"),
    (r"[0-9]+\.[0-9]+ s\b|\b[0-9]+ ms\b|[0-9]{10}\.[0-9]+", "TIME"),
    (r"\btime=[0-9.]+s", "TIME"),
    (r'(duration_s"?:|"duration(_ms|_s)?":|seconds\S* |time=")\s*[0-9.e-]+', "DURATION"),
    (r"[^\s\"(]*(site-packages|\.pyz)", "PLACE"),
)


def steady(text: str) -> str:
    """The text without ids of runs, times and where nodecheck lies."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return text


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
