"""Install, run and remove the packages in roots of Debian, and the static file in a root of busybox alone.

``python packaging/try_packages.py [ROOT...]`` as root, after ``build_packages.py``. It needs mmdebstrap, rpm and
busybox-static, makes the roots in a temporary folder, and prints what it saw. A ROOT that is named is copied in their
place, and each gets the packages that suit it: .apk where there is apk (Alpine), .deb where there is dpkg, and .rpm by
the rpm of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SUITES = ("bullseye", "bookworm", "trixie")
TIMER = "usr/lib/systemd/system/nodecheck.timer"

VERBS: tuple[tuple[str, ...], ...] = (
    ("--version", "-v"), ("run",), ("run", "--json"), ("run", "--output", "html=/tmp/report.html"),
    ("audit", "--state", "/tmp/state"), ("history", "--state", "/tmp/state"), ("plan",),
    ("plan", "--format", "ansible"), ("explain", "swap"), ("list",), ("capture", "-o", "/tmp/node.capture"),
    ("run", "--capture", "/tmp/node.capture"), ("collector",), ("doctor",), ("plugins",), ("profile", "list"),
    ("schema", "report"), ("completion", "bash"), ("schedule", "cron"),
)  # fmt: skip


def main(words: list[str]) -> int:
    """Try each root; the exit code is 1 where anything was not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--dist", default=ROOT / "dist")
    parser.add_argument("roots", nargs="*", metavar="ROOT", help="a root to copy, without its devices")
    args = parser.parse_args(words)
    dist = Path(args.dist).absolute()
    with tempfile.TemporaryDirectory() as folder:
        for name in args.roots or SUITES:
            root = Path(folder) / Path(name).name
            made(name, root)
            alike(dist, root)
            if (root / "sbin/apk").exists():
                apk(dist, root)
                continue
            if (root / "usr/bin/dpkg").exists():
                deb(dist, root)
            rpm(dist, root)
        busybox(dist, Path(folder) / "busybox")
    return 0


def made(name: str, root: Path) -> None:
    """A root of its own: made of a suite, or copied."""
    if "/" in name:
        root.mkdir()
        pack = subprocess.Popen(["tar", "-C", name, "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-C", root, "-x"], stdin=pack.stdout, check=True)
        pack.wait()
    else:
        subprocess.run(["mmdebstrap", "--quiet", "--variant=essential", name, root], check=True)
    for folder in ("dev", "tmp"):
        (root / folder).mkdir(exist_ok=True)
    (root / "dev/null").touch()  # where the device was left out, an empty file serves
    print(f"== {root.name}", flush=True)


def inside(root: Path, *words: str, codes: Sequence[int] = (0,)) -> str:
    """What a command prints in that root. It ends this where the command does otherwise than it should."""
    place = shutil.which("chroot", path=f"{os.environ['PATH']}:/usr/sbin") or "chroot"
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run([place, root, *words], env=env, capture_output=True, text=True, check=False)
    if done.returncode not in codes or "Traceback" in done.stderr:
        sys.exit(
            f"{root.name}: {' '.join(words)}: exit code {done.returncode}\n{done.stdout[-500:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def deb(dist: Path, root: Path) -> None:
    """The package of Debian: installed, run, removed without a trace."""
    package = next(dist.glob("nodecheck_*_amd64.deb"))
    shutil.copy(package, root / "tmp")
    inside(root, "dpkg", "-i", f"/tmp/{package.name}")
    disabled(root)
    every_verb(root, "nodecheck")
    (root / "etc/nodecheck/nodecheck.toml").write_text('role = "worker"\n')
    inside(root, "dpkg", "-r", "nodecheck")
    gone(root)
    if not (root / "etc/nodecheck/nodecheck.toml").exists():
        sys.exit(f"{root.name}: the configuration went with the package")
    print(f"{package.name}: installed, {len(VERBS)} commands, removed", flush=True)


def rpm(dist: Path, root: Path) -> None:
    """The package of rpm, by the rpm of this machine into that root, which has no other packages of rpm."""
    scripts = () if (root / "bin/sh").exists() else ("--noscripts",)  # a tree without programs
    package = next(dist.glob("nodecheck-*.x86_64.rpm"))
    database: list[str | Path] = ["rpm", "--root", root, "--dbpath", "/var/lib/rpm-tried"]
    subprocess.run([*database, "--initdb"], check=True)
    subprocess.run([*database, "--nodeps", "--nosignature", *scripts, "-i", package], check=True)
    disabled(root)
    every_verb(root, "nodecheck")
    subprocess.run([*database, *scripts, "-e", "nodecheck"], check=True)
    gone(root)
    print(f"{package.name}: installed, {len(VERBS)} commands, removed", flush=True)


def apk(dist: Path, root: Path) -> None:
    """The package of Alpine, which has no systemd."""
    package = next(dist.glob("nodecheck_*_x86_64.apk"))
    shutil.copy(package, root / "tmp")
    own = ("apk", "--no-network", "--no-progress", "--repositories-file", "/dev/null")
    inside(root, *own, "add", "--allow-untrusted", f"/tmp/{package.name}")
    every_verb(root, "nodecheck")
    inside(root, *own, "del", "nodecheck")
    gone(root)
    print(f"{package.name}: installed, {len(VERBS)} commands, removed", flush=True)


def disabled(root: Path) -> None:
    """The timer is there, and nothing starts it."""
    links = list(root.glob("etc/systemd/system/**/nodecheck*"))
    if not (root / TIMER).exists() or links:
        sys.exit(f"{root.name}: the timer is not there, or enabled: {links}")
    for name in (
        "usr/share/man/man1/nodecheck.1.gz",
        "usr/share/bash-completion/completions/nodecheck",
        "etc/nodecheck",
    ):
        if not (root / name).exists() and "share" not in name:  # a minimal root may leave documentation out
            sys.exit(f"{root.name}: {name} is not there")


def gone(root: Path) -> None:
    """Nothing is left of a package but what is the user's."""
    left = [str(path) for name in ("usr/bin/nodecheck*", TIMER) for path in root.glob(name)]
    if left:
        sys.exit(f"{root.name}: left behind: {left}")


def every_verb(root: Path, program: str) -> None:
    """Each verb once, from a clean state."""
    shutil.rmtree(root / "tmp/state", ignore_errors=True)
    (root / "tmp/node.capture").unlink(missing_ok=True)
    for words in VERBS:
        inside(root, program, *words, codes=(0, 1, 3))


def alike(dist: Path, root: Path) -> None:
    """The verdicts about a root are those of the nodecheck that runs this, from outside and from within."""
    words = ("run", "--json", "--no-config", "--root")
    arch = os.uname().machine
    told = subprocess.run(
        [dist / f"nodecheck-{arch}", *words, root], capture_output=True, text=True, check=False
    ).stdout
    own = subprocess.run([sys.executable, "-m", "nodecheck", *words, root], capture_output=True, text=True, check=False)
    if verdicts(told) != verdicts(own.stdout):
        sys.exit(f"{root.name}: other verdicts than the installed nodecheck's")
    print(f"{len(verdicts(told))} results as the installed nodecheck's", flush=True)


def verdicts(report: str) -> dict[str, Any]:
    """Of each result, all but what differs from run to run."""
    found = json.loads(report)["results"]
    return {one["id"]: {name: one[name] for name in one if name != "duration_s"} for one in found}


def busybox(dist: Path, root: Path) -> None:
    """The static file beside busybox alone."""
    program = shutil.which("busybox", path=f"{os.environ['PATH']}:/usr/bin:/bin")
    if program is None:
        sys.exit("there is no busybox: install busybox-static")
    for folder in ("bin", "tmp", "etc", "usr/bin", "dev"):
        (root / folder).mkdir(parents=True)
    (root / "dev/null").touch()
    shutil.copy(program, root / "bin/busybox")
    shutil.copy(dist / f"nodecheck-{os.uname().machine}", root / "usr/bin/nodecheck")
    print("== a root of busybox alone", flush=True)
    every_verb(root, "/usr/bin/nodecheck")
    inside(root, "/bin/busybox", "sh", "-c", "/usr/bin/nodecheck --version | /bin/busybox grep -q nodecheck")
    print(f"{len(VERBS)} commands", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
