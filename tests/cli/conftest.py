"""Running the command as a process, with plugins that exist only for a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.program import with_plugins


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def nodecheck(tmp_path: Path) -> Command:
    """Run ``nodecheck WORDS`` in a directory of its own."""

    def run(*words: str, plugins: Path | None = None, cwd: Path | None = None, **env: str) -> Ended:
        argv, more = with_plugins(plugins, words)
        clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **more, **env}
        done = subprocess.run(
            argv,
            capture_output=True, cwd=cwd or tmp_path, env=clean, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., Path]:
    """Install a plugin of one module into a folder for ``PYTHONPATH``."""

    def make(name: str, code: str, version: str = "1.0") -> Path:
        folder = tmp_path / "plugins"
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "entry_points.txt").write_text(f"[nodecheck]\n{name} = {name}\n")
        (folder / f"{name}.py").write_text(code)
        return folder

    return make


BASE = """
import time
import nodecheck
from nodecheck.checking import check, ok, fail, unknown, seen

HERE = [seen("/etc/thing", "x")]
"""
