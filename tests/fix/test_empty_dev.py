"""A plan's script in an image whose ``/dev`` holds nothing: it says so, and makes no file of that name."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import nodecheck
from nodecheck.fix.script import script
from nodecheck.planning import plan
from nodecheck.testing import TreeDirectory, TreeLink, write_tree
from tests.fix.shells import SHELLS, Ended, state

FSTAB = "/dev/sda2 none swap sw 0 0\n"
NO_NULL = {
    "empty": "mkdir $R/dev",
    "missing": ":",
    "a link to nothing": "ln -s /none $R/dev",
    "a file in its place": "mkdir $R/dev; echo old >$R/dev/null",
    "a directory in its place": "mkdir -p $R/dev/null",
    "mounted nodev": "mkdir $R/dev; mount -t tmpfs -o nodev tmpfs $R/dev; mknod -m 666 $R/dev/null c 1 3",
}
NULL = {
    "the machine's own": "mkdir $R/dev; mount --bind /dev $R/dev",
    "the one device": "mkdir $R/dev; mount -t tmpfs tmpfs $R/dev; mknod -m 666 $R/dev/null c 1 3",
}


@pytest.fixture(params=list(SHELLS))
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    words = SHELLS[request.param]
    if os.geteuid() != 0 or shutil.which("unshare") is None or not os.path.islink("/bin"):
        pytest.skip("needs root, unshare and a /bin that is a link to /usr/bin")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"], check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return words


def image(folder: Path) -> Path:
    links = {f"/{name}": TreeLink(os.readlink(f"/{name}")) for name in ("bin", "sbin", "lib")}
    links |= {"/lib64": TreeLink("usr/lib64")}
    return write_tree(
        folder / "image", {"/etc/fstab": FSTAB, "/etc/hostname": "node1\n", "/usr": TreeDirectory(), **links}
    )


def run_in(root: Path, dev: str, shell: tuple[str, ...], *words: str) -> Ended:
    """The script of a plan for a root, run in a chroot of it with our programs and a ``/dev`` of its own."""
    file = root.parent / "fix.sh"
    file.write_text(script(plan(nodecheck.run(root=root, select=["swap"]))))
    setup = f'set -e; R=$1; shift; mount --rbind /usr $R/usr; {dev}; exec chroot $R "$@"'
    line = ["unshare", "-m", "sh", "-c", setup, "sh", str(root), *shell, "-s", "--", *words]
    with file.open("rb") as source:
        done = subprocess.run(line, stdin=source, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("dev", list(NO_NULL))
def test_without_a_null_device_nothing_is_changed(tmp_path: Path, shell: tuple[str, ...], dev: str) -> None:
    root = image(tmp_path)

    dry = run_in(root, NO_NULL[dev], shell, "--dry-run")
    before = state(root)
    real = run_in(root, ":", shell)

    for ended in (dry, real):
        assert ended.code == 3
        assert ended.err.startswith(
            "refused: /dev/null is no device that can be used here; in an image, mount its /dev"
        )
        assert ended.out == ""
    assert state(root) == before
    assert (root / "etc/fstab").read_text() == FSTAB
    null = root / "dev/null"
    assert not null.is_file() or null.read_text() == "old\n"


@pytest.mark.parametrize("dev", list(NULL))
def test_with_one_it_does_what_it_says(tmp_path: Path, shell: tuple[str, ...], dev: str) -> None:
    root = image(tmp_path)

    dry = run_in(root, NULL[dev], shell, "--dry-run")
    assert (dry.code, dry.err, "This was a dry run" in dry.out) == (0, "", True)
    assert (root / "etc/fstab").read_text() == FSTAB
    (root / "dev").rmdir()
    real = run_in(root, NULL[dev], shell)

    assert (real.code, real.err) == (0, "")
    assert (root / "etc/fstab").read_text() == f"# {FSTAB}"
