"""The example plugin, installed into a fresh environment like any stranger's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def ran(*argv: str | Path, cwd: Path, ok: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, cwd=cwd, timeout=300)
    assert done.returncode in ok, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    ran(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    pip = [str(folder / "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    probe = subprocess.run([*pip, "hatchling"], capture_output=True, text=True, timeout=300)
    if probe.returncode:
        pytest.skip(f"no package index can be reached: {probe.stderr.strip().splitlines()[-1]}")
    ran(*pip, ROOT, ROOT / "examples/nodecheck-motd", cwd=folder)
    return folder


def test_a_strangers_plugin_is_loaded_and_judges(environment: Path) -> None:
    command = environment / "venv/bin/nodecheck"
    tree = environment / "tree"
    (tree / "etc").mkdir(parents=True)

    listed = {plugin["name"]: plugin for plugin in json.loads(ran(command, "plugins", "--json", cwd=environment))}
    assert (listed["motd"]["version"], listed["motd"]["status"]) == ("1.2.0", "loaded")
    assert listed["motd"]["checks"] == ["motd"]

    words = ("run", "--root", tree, "--profile", "owned", "--select", "motd")
    report = json.loads(ran(command, *words, "--json", cwd=environment))
    (result,) = report["results"]
    assert (result["status"], result["expected"]) == ("fail", "Owner: storage")
    (step,) = result["fix"]["steps"]
    (tree / step["path"].lstrip("/")).write_text(step["content"])
    assert ran(command, *words, "--format", "words", cwd=environment) == "pass\n"

    (tree / "etc/motd").write_text("Welcome\nall\n")  # a fix must not write over what is there
    (step,) = json.loads(ran(command, *words, "--json", cwd=environment))["results"][0]["fix"]["steps"]
    assert (step["before"], step["after"]) == ("Welcome", "Owner: storage\nWelcome")
    page = ran(command, "explain", "motd", cwd=environment)
    assert "says whose node this is" in page
    assert "In each run, as far as it is there:\n\n- Files: `/etc/motd`" in page
