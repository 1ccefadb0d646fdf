"""The static file says what the installed command says, also where there is no library and no /proc.

It needs ``dist/nodecheck-ARCH`` of ``packaging/build_static.py``, or another that ``NODECHECK_STATIC`` names.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nodecheck.version import __version__
from tests.said import COMMANDS, PLAIN, Said, all_said, run
from tests.zipapps import ROOT

FILE = Path(os.environ.get("NODECHECK_STATIC", ROOT / f"dist/nodecheck-{os.uname().machine}"))
CHROOT = shutil.which("chroot", path=f"{os.environ['PATH']}:/usr/sbin") or "chroot"
MOST_BYTES = 15_000_000

pytestmark = [
    pytest.mark.static,
    pytest.mark.skipif(not FILE.exists(), reason="no static file: python packaging/build_static.py makes it"),
]

DIFFER = {
    ("doctor", "--json"): "another Python, and no psutil",
    ("plugins",): "another place",
    ("plugins", "--json"): "another place",
}
"""docs/static.md says so too; the words of their own tests below."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Said]:
    folder = tmp_path_factory.mktemp("both")
    return all_said(PLAIN, folder), all_said([str(FILE)], folder)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_static_file_says_what_the_command_says(words: tuple[str, ...], both: tuple[Said, Said]) -> None:
    installed, static = both

    code, out, err = static[words]
    assert code in (0, 1, 2)
    assert "Traceback" not in err
    assert out or code == 2 or "-o" in words
    if words not in DIFFER:
        assert static[words] == installed[words]


def judged(program: list[str], folder: Path, *words: str) -> dict[str, tuple[str, str]]:
    done = run([*program, "run", "--json", "--no-config", *words], folder)
    return {one["id"]: (one["status"], one["message"]) for one in json.loads(done.stdout)["results"]}


def test_the_live_node_is_judged_as_with_pip(tmp_path: Path) -> None:
    installed, static = judged(PLAIN, tmp_path), judged([str(FILE)], tmp_path)

    assert {name: status for name, (status, _) in static.items()} == {
        name: status for name, (status, _) in installed.items()
    }
    assert "ctypes" not in json.dumps(static)


def test_the_clock_is_asked_without_ctypes(tmp_path: Path) -> None:
    done = json.loads(run([str(FILE), "run", "--json", "time-sync"], tmp_path).stdout)

    causes = [result["cause"] for result in done["results"] if result["view"] == "now"]
    assert causes
    assert "unsupported" not in [cause and cause["code"] for cause in causes]


def test_doctor_lists_what_is_inside(tmp_path: Path) -> None:
    items = json.loads(run([str(FILE), "doctor", "--json"], tmp_path).stdout)

    program = {item["name"]: item["state"] for item in items if item["topic"] == "program"}
    assert {program[name] for name in ("nodecheck", "Python", "PyYAML", "pyroute2", "sqlite3")} == {"ok"}
    assert "psutil" not in program


def test_the_version_has_the_versions_of_all_parts(tmp_path: Path) -> None:
    told = run([str(FILE), "--version", "-v"], tmp_path).stdout.split("\n")[:-1]
    versions = dict(line.split(" ", 1) for line in told)

    assert versions["nodecheck"] == __version__
    assert versions["Python"].endswith("(in one static file)")
    assert "-" not in versions.values()
    listed = json.loads(Path(f"{FILE}.cdx.json").read_text())
    parts = {part["name"]: part["version"] for part in listed["components"]}
    assert versions["Python"].split(" ")[0] in parts["python3.13"]
    for name in ("packaging", "pluggy", "pyroute2", "PyYAML"):
        assert versions[name] == parts[name]
    assert parts["sqlite3"].startswith(versions["SQLite"])
    assert versions["zlib"] in parts["zlib"]


def test_its_papers_are_of_this_file() -> None:
    listed = json.loads(Path(f"{FILE}.cdx.json").read_text())
    licences = Path(f"{FILE}.licenses.txt").read_text()

    main = listed["metadata"]["component"]
    assert main["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(FILE.read_bytes()).hexdigest()}]
    for part in listed["components"]:
        assert f"{part['name']} {part['version']}: {part['licenses'][0]['expression']}" in licences


def test_it_is_small_and_needs_no_library() -> None:
    assert FILE.stat().st_size <= MOST_BYTES
    told = subprocess.run(
        ["readelf", "--dynamic", "--program-headers", FILE], capture_output=True, text=True, check=True
    )
    assert "INTERP" not in told.stdout
    assert "NEEDED" not in told.stdout


def test_no_path_of_the_machine_that_built_it_is_inside() -> None:
    raw = FILE.read_bytes()
    with zipfile.ZipFile(FILE) as inside:
        parts = [inside.read(name) for name in inside.namelist()]

    for part in (raw, *parts):
        assert str(ROOT).encode() not in part
        assert b"/build/static/" not in part


def test_nothing_of_the_environment_or_the_working_directory_is_loaded(tmp_path: Path) -> None:
    for name in ("evil", "yaml", "json", "nodecheck_checks", "sitecustomize", "usercustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('loaded')\n")
    info = tmp_path / "evil-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[nodecheck]\nevil = evil\n")

    env = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "evil.py")}
    done = run([str(FILE), "plugins"], tmp_path, **env, PYTHONINSPECT="1")

    assert (done.returncode, done.stderr, "evil" in done.stdout) == (0, "", False)


def test_the_schedule_calls_the_file_itself(tmp_path: Path) -> None:
    here = tmp_path / "nodecheck"
    shutil.copy(FILE, here)
    cron = run([str(here), "schedule", "cron"], tmp_path)

    assert (cron.returncode, cron.stdout.split("\n")[-2].partition(" root ")[2]) == (0, f"{here} audit")


def test_it_starts_by_any_name(tmp_path: Path) -> None:
    shutil.copy(FILE, tmp_path / "nodecheck")
    (tmp_path / "link").symlink_to("nodecheck")
    for word in ("./nodecheck", "./link", f"{tmp_path}/link"):
        assert run([word, "--version"], tmp_path).stdout == f"nodecheck {__version__}\n"
    assert run(["nodecheck", "--version"], tmp_path, PATH=str(tmp_path)).stdout == f"nodecheck {__version__}\n"


LAST_OF_3_10 = {"x86_64": 313, "aarch64": 273}
"""The number of the last system call of Linux 3.10, CentOS 7's kernel: finit_module (asm/unistd.h)."""

AS_3_10 = """
import ctypes, os, struct, sys
last, *words = sys.argv[1:]
load, later, known, fails = (0x20, 0, 0, 0), (0x25, 0, 1, int(last)), (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x50026)
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in (load, later, fails, known)))
filter = struct.pack("HxxxxxxP", 4, ctypes.addressof(program))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, filter, 0, 0):
    sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execv(words[0], words)
"""
"""Runs a program for which each later system call fails with ENOSYS, by a filter of seccomp(2)."""


def test_it_needs_no_system_call_that_centos_7_lacks(tmp_path: Path) -> None:
    old = [sys.executable, "-c", AS_3_10, str(LAST_OF_3_10[os.uname().machine])]
    lacks = "import os; os.getrandom(1)"
    assert "Function not implemented" in run([*old, sys.executable, "-c", lacks], tmp_path).stderr

    words = ("--ignore", "disk-free", "--ignore", "inodes-free", "--ignore", "memory")
    assert judged([*old, str(FILE)], tmp_path, *words) == judged([str(FILE)], tmp_path, *words)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A root with the static file, a user's file, and busybox where there is a static one."""
    if os.geteuid() != 0:
        pytest.skip("only root can change its root directory")
    root = tmp_path / "root"
    for folder in ("bin", "etc", "tmp", "dev", "var/lib"):
        (root / folder).mkdir(parents=True)
    shutil.copy(FILE, root / "bin/nodecheck")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (root / "etc/os-release").write_text("ID=busybox\n")
    return root


def test_it_runs_where_there_is_nothing_else_and_no_proc(bare: Path) -> None:
    for words in (["--version"], ["run"], ["run", "--json"], ["list"], ["explain", "swap"], ["doctor"], ["collector"]):
        done = subprocess.run([CHROOT, bare, "/bin/nodecheck", *words], env={}, capture_output=True, check=False)
        assert done.returncode in (0, 1, 3), done.stderr
        assert done.stderr == b""
        assert done.stdout


def test_an_audit_records_and_tells_history_there(bare: Path) -> None:
    for words in (["audit", "--state", "/tmp/state"], ["history", "--state", "/tmp/state"]):
        done = subprocess.run([CHROOT, bare, "/bin/nodecheck", *words], env={}, capture_output=True, check=False)
        assert done.returncode in (0, 1, 3), done.stderr
        assert done.stdout


def test_a_tree_is_judged_alike_from_there(bare: Path, tmp_path: Path) -> None:
    """Nothing of what the machine has installed changes a verdict about another tree."""
    from tests.nodes import debian_node

    debian_node(bare / "node")
    outside = judged(PLAIN, tmp_path, "--root", str(bare / "node"))
    done = subprocess.run(
        [CHROOT, bare, "/bin/nodecheck", "run", "--json", "--no-config", "--root", "/node"],
        env={}, capture_output=True, check=False,
    )  # fmt: skip

    inside = {one["id"]: (one["status"], one["message"]) for one in json.loads(done.stdout)["results"]}
    assert inside == outside
