"""Who names a container at its next start: itself, or its runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import assert_verdicts, judge, record, write_tree
from nodecheck_checks.network.hostname import hostname

INIT = {"/proc/1/status": "Name:\tsystemd\n", "/proc/1/cmdline": "/sbin/init\0", "/usr/lib/systemd/systemd": ""}
BASE = "25 1 0:22 / / rw - overlay overlay rw\n"
MOUNTED = f"{BASE}26 25 8:1 /var/lib/docker/x/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"/run/systemd/container": "lxc\n"}, "pass"),
        ({"/run/systemd/container": "systemd-nspawn\n", "/etc/hostname": "node2\n"}, "fail"),
        ({"/.dockerenv": "", "/proc/1/mountinfo": MOUNTED}, "skip"),
        ({"/.dockerenv": "", "/proc/1/mountinfo": MOUNTED, "/etc/hostname": "node2\n"}, "skip"),
        ({"/.dockerenv": "", "/proc/1/mountinfo": MOUNTED, "/etc/sysctl.d/x.conf": "kernel.hostname=node1\n"}, "pass"),
        ({"/.dockerenv": "", "/proc/1/mountinfo": MOUNTED, "/etc/sysctl.d/x.conf": "kernel.hostname=node_2\n"}, "fail"),
        ({"/.dockerenv": "", "/proc/1/status": "Name:\tsleep\n"}, "skip"),
        ({"/run/systemd/container": "lxc\n", "/etc/hostname": "# nothing\n"}, "skip"),
        ({"/proc/sys/kernel/osrelease": "5.15-microsoft-standard-WSL2\n"}, "skip"),
        ({"/proc/1/mountinfo": MOUNTED}, "pass"),
        ({"/etc/hostname": "node2\n"}, "fail"),
        ({"/etc/hostname": "# nothing\n"}, "unknown"),
    ],
)
def test_the_next_boot(tmp_path: Path, files: dict[str, str], status: str) -> None:
    given = {"/etc/hostname": "node1\n", "/proc/sys/kernel/hostname": "node1\n", "/proc/1/mountinfo": BASE}
    host = record(write_tree(tmp_path, {**given, **INIT, "/proc/cmdline": "ro\n", "/sys/x": "", **files}))
    host.running = True  # the tree stands for a live node

    assert_verdicts(judge(hostname, host, view="boot"), {"hostname@boot": status})
