"""What ``kubectl debug node/N -i --image=busybox -- chroot /host sh -s < collector.sh`` brings: a container's root that
has nothing but busybox, the node's root below /host, and root without most of its rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.files import read_capture
from nodecheck.testing import run
from tests.capturing.shells import LIMIT_S, text

PROGRAMS = ("unshare", "mount", "setpriv", "busybox")

RIGHTS = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write "
    "setfcap"
)
"""What containerd leaves to a container that is not privileged."""

CONTAINER = f"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir bin host
cp "$2" bin/busybox
"$2" chroot . /bin/busybox --install -s /bin
mount --rbind / host
mount --make-rprivate host
mount -o remount,ro,bind host
exec setpriv --bounding-set "-all,+{RIGHTS.replace(" ", ",+")}" --inh-caps=-all \\
    "$2" chroot "$1" /bin/sh -c 'exec chroot /host sh -s'
"""


def why_not() -> str | None:
    """Why there can be no such container here; None where there can be."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    if os.geteuid() != 0:
        return "only root mounts"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_a_node_behind_its_container(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    argv = ["unshare", "--mount", "sh", "-c", CONTAINER, "sh", str(box), str(shutil.which("busybox"))]

    done = subprocess.run(argv, input=text().encode(), capture_output=True, timeout=LIMIT_S, check=True)

    found = {item.id: item for item in run(read_capture(done.stdout, "a capture")).results}
    own = subprocess.run([sys.executable, "-m", "nodecheck", "capture"], capture_output=True, check=True).stdout
    expected = {item.id: item.status for item in run(read_capture(own, "its own")).results}
    assert set(found) == set(expected)
    changed = {name: item.status for name, item in found.items() if item.status != expected[name]}
    assert set(changed.values()) <= {"unknown"}, changed
    assert not any(name.endswith("@boot") for name in changed)
    assert sum(item.status in ("pass", "fail") for item in found.values()) > 10
    assert nodecheck.run(root="/").node.kernel == nodecheck.run(capture=_file(tmp_path, done.stdout)).node.kernel


def _file(folder: Path, raw: bytes) -> Path:
    path = folder / "node.capture"
    path.write_bytes(raw)
    return path
