"""A scratch node to type commands on: Debian's /etc and /var, an empty /run, and this machine's kernel and programs.

``python tests/scratch_node.py`` is run inside of it, by :func:`typed`. It calls nodecheck once for each line, in a
process of its own, without starting Python anew.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from signal import SIGKILL, alarm
from socket import AF_UNIX, SOCK_DGRAM, socket
from typing import NamedTuple

HERE = Path(__file__).resolve()
OWN = ("etc", "var", "mnt", "host", "run")
"""What the node has of its own: nothing that is written there reaches the machine."""
NEEDED = ("passwd", "group", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
"""What the machine's programs need of its /etc."""
SECONDS = 60


class Ended(NamedTuple):
    """How a line ended."""

    line: str
    code: int
    out: str
    err: str


def why_not() -> str | None:
    """Why there can be no scratch node here."""
    if any(shutil.which(program) is None for program in ("unshare", "mount", "chroot")):
        return "unshare, mount or chroot is not installed"
    tried = subprocess.run([*_alone(), "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return f"no mount namespace is allowed here: {tried.stderr.decode().strip()}" if tried.returncode else None


def _alone() -> list[str]:
    mapped = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *mapped, "--mount", "--propagation", "private" if not mapped else "unchanged"]


def written(base: Path) -> Path:
    """Make the node's own directories below ``base``, and an image in /mnt/image. Gives where lines are typed."""
    from tests.nodes import debian_node

    top, here = base / "top", base / "here"
    here.mkdir(parents=True)
    image = debian_node(top / "mnt/image")
    for name in ("etc", "var"):
        shutil.copytree(image / name, top / name, symlinks=True)
    for name in NEEDED:
        _taken(Path("/etc", name), top / "etc" / name)
    for link in (top / "mnt/disk", top / "mnt/node7", top / "host", here / "rootfs", here / "sosreport-node7"):
        link.symlink_to("/mnt/image")
    for folder in ("run", "var/tmp", "var/www/html", "var/lib/prometheus/node-exporter", "etc/nodecheck", "etc/cron.d"):
        (top / folder).mkdir(parents=True, exist_ok=True)
    return here


def _taken(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, symlinks=True, dirs_exist_ok=True)
    elif path.exists():
        shutil.copyfile(path, to)


def typed(base: Path, lines: Iterable[tuple[list[str], str | None]]) -> list[Ended]:
    """Run lines, each the words of a command and the file that it is redirected to, on the node below ``base``."""
    top, here = base / "top", base / "here"
    script = ["set -e"]
    for entry in os.scandir("/"):
        to = top / entry.name
        if entry.name in OWN:
            continue
        if entry.is_symlink():
            to.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            to.mkdir()
            script.append(shlex.join(["mount", "--rbind", entry.path, str(to)]))
    if here.parts[1] in OWN:  # such as /var/tmp
        (top / str(here)[1:]).mkdir(parents=True)
        script.append(shlex.join(["mount", "--rbind", str(here), str(top / str(here)[1:])]))
    script.append(f'exec chroot {shlex.quote(str(top))} "$@"')
    words = [*_alone(), "sh", "-c", "\n".join(script), "sh", sys.executable, str(HERE), str(here)]
    env = {"PATH": os.environ["PATH"], "HOME": str(here), "LC_ALL": "C.UTF-8", "COLUMNS": "100",
           "GITHUB_STEP_SUMMARY": "summary.md", "PYTHONPATH": os.pathsep.join([str(HERE.parents[1])]),
           "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "nodecheck.pytest_plugin"}  # fmt: skip
    done = subprocess.run(words, input=json.dumps(list(lines)).encode(), capture_output=True, env=env, timeout=600)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return [Ended(*each) for each in json.loads(done.stdout)]


def main() -> None:
    """Run the lines of standard input in the directory that is given; how they ended is written as JSON."""
    from nodecheck.plugins import load

    os.chdir(sys.argv[1])
    lines = json.load(sys.stdin)
    load()
    journal = _journal()
    ended = []
    for words, to in lines:
        words = [os.path.expandvars(word) for word in words]
        code = _called(words) if words[0] == "nodecheck" else _started(words)
        out = Path(".out").read_text(errors="replace")
        if to is not None:
            Path(os.path.expandvars(to)).write_text(out)
        ended.append(Ended(" ".join(words), code, out, Path(".err").read_text(errors="replace")))
    os.kill(journal, SIGKILL)
    print(json.dumps(ended))


def _journal() -> int:
    """Start what takes all that is sent to journald, and give its process id."""
    journal = socket(AF_UNIX, SOCK_DGRAM)
    os.makedirs("/run/systemd/journal")
    journal.bind("/run/systemd/journal/socket")
    child = os.fork()
    if child == 0:
        alarm(10 * SECONDS)  # nobody may be left to end it
    while child == 0:
        journal.recv(1 << 18)
    return child


def _called(words: list[str]) -> int:
    """Call nodecheck in a child, and give its exit code."""
    child = os.fork()
    if child == 0:
        for number, name in ((0, os.devnull), (1, ".out"), (2, ".err")):
            os.dup2(os.open(name, os.O_RDONLY if not number else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
        from nodecheck.cli import main as nodecheck

        alarm(SECONDS)
        sys.path[:] = [path for path in sys.path if path != str(HERE.parent)]
        sys.argv[:] = words
        nodecheck()  # ends the process
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _started(words: list[str]) -> int:
    python = [sys.executable, "-m", "pytest"] if words[0] == "pytest" else [sys.executable]
    with open(".out", "wb") as out, open(".err", "wb") as err:
        done = subprocess.run(
            [*python, *words[1:]], stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=SECONDS, check=False
        )
    return done.returncode


if __name__ == "__main__":
    main()
