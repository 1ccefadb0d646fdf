"""What a nodecheck says to all its verbs, to hold one that comes in one file against the installed one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from nodecheck.render.outputs import BUILT_IN
from tests.nodes import debian_node

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
Said = dict[tuple[str, ...], tuple[int, str, str]]


def all_said(program: list[str], folder: Path) -> Said:
    """What the program says to all commands, in their order, in a folder that has the same name each time."""
    here = folder / "here"
    here.mkdir()
    node = debian_node(here / "node")
    with (node / "etc/fstab").open("a") as table:
        table.write("/dev/sda2 none swap sw 0 0\n")
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
    (r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(T|\s+)[0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?", "TIME"),
    (r"[0-9]+\.[0-9]+ s\b|\b[0-9]+ ms\b|[0-9]{10}\.[0-9]+", "TIME"),
    (r"\btime=[0-9.]+s", "TIME"),
    (r'(duration_s"?:|"duration(_ms|_s)?":|seconds\S* |time=")\s*[0-9.e-]+', "DURATION"),
    (r"[^\s\"(]*(site-packages|\.pyz|nodecheck-(x86_64|aarch64))", "PLACE"),
)


def steady(text: str) -> str:
    """The text without ids of runs, times and where nodecheck lies."""
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return text
