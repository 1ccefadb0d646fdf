"""Running a plan's script for real: under several shells, on files in a directory of the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from nodecheck.fix.script import script
from nodecheck.planning import Plan, plan
from nodecheck.report import Report

SHELLS = {"dash": ("dash",), "bash": ("bash", "--posix"), "busybox": ("busybox", "sh")}
"""What ``/bin/sh`` is on nodes."""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@lru_cache
def as_root() -> tuple[str, ...]:
    """What makes a command root, in a user namespace of its own where we are not."""
    if os.geteuid() == 0:
        return ()
    words = ("unshare", "--user", "--map-root-user")
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("needs root, or user namespaces")
    return words


@lru_cache
def applets(folder: Path) -> str | None:
    """A directory of busybox's tools alone, in the place of PATH; None where busybox is not installed."""
    busybox = shutil.which("busybox")
    if busybox is None:
        return None
    bin_ = folder / "applets"
    bin_.mkdir(exist_ok=True)
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if not (bin_ / name).exists():
            (bin_ / name).symlink_to(busybox)
    return str(bin_)


@lru_cache
def own_programs(shell: tuple[str, ...]) -> frozenset[str]:
    """The programs that a shell runs itself and does not look for: those of a busybox that was built to stand alone."""
    alone = [*shell, "-c", "PATH=/none; busybox --list"]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    return frozenset(done.stdout.split()) if done.returncode == 0 else frozenset()


def heed_signals() -> None:
    """Heed the signals that whoever started the tests ignored (``nohup``, ``&``): a shell cannot trap those."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Machine:
    """A place to run scripts in: its files, the script's state and its backups below one directory."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.folder = folder
        self.shell = SHELLS[shell]
        self.path = None
        self.keep_going = False
        if shutil.which(self.shell[0]) is None:
            pytest.skip(f"{self.shell[0]} is not installed")
        if shell == "busybox":
            self.path = applets(folder)

    def text(self, found: Plan) -> str:
        places = str(self.folder / "run/nodecheck"), str(self.folder / "var/backups/nodecheck")
        made = script(found, *places, keep_going=self.keep_going)
        if self.path is not None:
            made = made.replace("\nPATH=", f"\nPATH={self.path}:{self.folder}/bin:", 1)
        return made.replace("\nPATH=", f"\nPATH={self.folder}/bin:", 1)

    def run(
        self, report: Report | Plan, *words: str, stdin: bool = False, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Write the script and run it, with a clean environment (and ``env``) and in a directory of its own."""
        found = report if isinstance(report, Plan) else plan(report)
        file = self.folder / "fix.sh"
        file.write_text(self.text(found))
        cwd = self.folder / "cwd"
        cwd.mkdir(exist_ok=True)
        line = [*as_root(), *self.shell, *(["-s", "--"] if stdin else [str(file)]), *words]
        clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        with file.open("rb") as source:
            done = subprocess.run(
                line, cwd=cwd, env={**clean, **(env or {})}, capture_output=True, timeout=60,
                stdin=source if stdin else subprocess.DEVNULL, preexec_fn=heed_signals,
            )  # fmt: skip
        assert list(cwd.iterdir()) == []
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def state(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every file, link and directory below a directory: mode and content."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content: bytes | str = b""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (mode, content)
    return found
