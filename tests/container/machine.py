"""A container of this system's own systemd: its root is this one's, under an overlay whose changes go to memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("systemd-nspawn", "nsenter", "systemctl", "mount")
BOOT_S = 90.0


class NoContainer(Exception):
    """No container can be had here."""


class Machine:
    """Boots, is asked, is changed by writing below ``root``, and boots again. Ended by :meth:`remove`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.top = folder / "top"
        self.root = self.top / "root"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.leader = ""
        self._mount()

    def _mount(self) -> None:
        self.top.mkdir()
        for argv in (
            ("mount", "-t", "tmpfs", "tmpfs", str(self.top)),
            ("mkdir", *[f"{self.top}/{name}" for name in ("up", "work", "root")]),
            (
                "mount", "-t", "overlay", "overlay", "-o",
                f"lowerdir=/,upperdir={self.top}/up,workdir={self.top}/work", str(self.root),
            ),
        ):  # fmt: skip
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode:
                self.remove()
                raise NoContainer(done.stderr)
        for wants in (self.root / "etc/systemd/system").glob("*.wants"):
            shutil.rmtree(wants)
        self.write("/etc/fstab", "# nothing\n")
        for path in ("etc/rc.local", "etc/nodecheck"):
            subprocess.run(("rm", "-rf", str(self.root / path)), check=True)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the container."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def delete(self, path: str) -> None:
        """No file of the container any more."""
        (self.root / path.lstrip("/")).unlink(missing_ok=True)

    def link(self, path: str, target: str) -> None:
        """A link of the container."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def boot(self) -> None:
        """Start it, and wait until its boot is over."""
        python = Path(sys.executable).resolve().parents[1]
        shown = {str(ROOT), str(Path(sys.prefix)), str(python)}
        argv = [
            "systemd-nspawn", "-q", "--keep-unit", "--register=no", "--boot", "--private-network", "-D", str(self.root),
            f"--machine=nodecheck-{os.getpid()}", *[f"--bind-ro={path}" for path in sorted(shown)], *self.options,
        ]  # fmt: skip
        with (self.top / "console").open("wb") as console:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end and self.process.poll() is None:
            self.leader = (children.read_text().split() or [""])[0] if children.exists() else ""
            if self.leader and self.inside("systemctl", "is-system-running").strip() in ("running", "degraded"):
                return
            time.sleep(0.25)
        console_text = (self.top / "console").read_text(errors="replace")[-400:]
        self.remove()
        raise NoContainer(console_text)

    def run_alone(self, *argv: str) -> None:
        """Start one program as the first process, as a runtime does where no init system is asked for."""
        mounts = "mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && exec"
        words = ("chroot", str(self.root), "sh", "-c", f'{mounts} "$@"', "sh", *argv)
        spaces = ("unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--net")
        self.process = subprocess.Popen((*spaces, *words), stdin=subprocess.DEVNULL)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end and self.process.poll() is None:
            self.leader = (children.read_text().split() or [""])[0] if children.exists() else ""
            name = Path(f"/proc/{self.leader}/comm")
            if self.leader and name.exists() and name.read_text().strip() == argv[0]:
                return
            time.sleep(0.05)
        self.remove()
        raise NoContainer(f"unshare does not start {argv[0]} here")

    def inside(self, *argv: str) -> str:
        """What a command inside prints."""
        return self._ask(argv).stdout

    def _ask(self, argv: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        words = ("nsenter", "-t", self.leader, "-a", "-r", *argv)
        return subprocess.run(words, capture_output=True, text=True, timeout=120)

    def judge(self, *words: str) -> dict[str, Any]:
        """The report of a run inside."""
        path = f"PYTHONPATH={ROOT}/src:{ROOT}/checks"
        argv = (sys.executable, "-m", "nodecheck", "run", "--json", *words)
        done = self._ask(("env", "-C", "/", path, "PYTHONDONTWRITEBYTECODE=1", *argv))
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def halt(self) -> None:
        """Shut it down, and wait until it is."""
        if self.process is not None and self.process.poll() is None:
            if self.process.args[0] == "unshare":  # type: ignore[index]
                self.process.kill()
            elif self.leader:
                self.inside("systemctl", "poweroff")
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.terminate()
                self.process.wait(30)
        self.process, self.leader = None, ""

    def restart(self) -> None:
        """The restart of a container: its next boot."""
        self.halt()
        self.boot()

    def remove(self) -> None:
        """Nothing of it is left: detached at once, or who clears the folder would clear what is mounted there."""
        self.halt()
        for path in (self.root, self.top):
            subprocess.run(("umount", "-l", str(path)), capture_output=True)
        assert not os.path.ismount(self.top)


def need_container() -> None:
    """Skip where none can be had."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if os.geteuid() != 0 or missing or not Path("/usr/lib/systemd/systemd").exists():
        pytest.skip(f"needs root, systemd and {', '.join(NEEDED)}")
