"""``nodecheck schedule --install`` and ``--remove``, as root in a mount namespace with an /etc of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.schedule.program import HIDDEN

PROGRAM = f"{sys.executable} -m nodecheck schedule"
ALONE = ("unshare", "--mount", "--propagation", "private")

visible = pytest.mark.skipif(
    sys.executable.startswith(HIDDEN), reason="a service has a /tmp of its own, and cannot see this nodecheck"
)


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if shutil.which("unshare") is None or subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("needs mount namespaces")
    from nodecheck.schedule.program import program, untrusted

    if untrusted(program()) is not None:
        pytest.skip("others than root can change this nodecheck, and --install refuses it")


def alone(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with empty /etc/cron.d, /etc/systemd/system and /etc/nodecheck."""
    head = (
        "set -e; mkdir -p /etc/cron.d /etc/systemd/system /etc/nodecheck; for d in cron.d systemd/system nodecheck; do "
        "mount -t tmpfs -o mode=755 tmpfs /etc/$d; done; set +e\n"
    )
    return subprocess.run([*ALONE, "sh", "-c", head + script], capture_output=True, text=True, timeout=120)


def test_cron() -> None:
    done = alone(
        f"{PROGRAM} cron --install; {PROGRAM} cron --install; ls -l /etc/cron.d; cat /etc/cron.d/nodecheck;"
        f"{PROGRAM} cron --remove; {PROGRAM} cron --remove; ls -A /etc/cron.d"
    )

    lines = done.stdout.split("\n")
    assert lines[:2] == ["/etc/cron.d/nodecheck: written", "/etc/cron.d/nodecheck: is as it must be"]
    assert lines[3].startswith("-rw-r--r-- 1 root root")
    assert "audit" in lines[9]
    assert lines[10:] == ["/etc/cron.d/nodecheck: removed", "/etc/cron.d/nodecheck: not there", ""]
    assert done.stderr == ""


@pytest.mark.parametrize("other", ["echo other > $f", "ln -s /dev/null $f", "mkdir $f"])
@pytest.mark.parametrize("what", ["--install", "--remove"])
def test_what_others_put_there_stays(other: str, what: str) -> None:
    done = alone(f"f=/etc/cron.d/nodecheck; {other}; ls -ld $f; {PROGRAM} cron {what}; echo $?; ls -ld $f")

    before, code, after, _ = done.stdout.split("\n")
    assert (code, after) == ("2", before)
    assert "move it away first" in done.stderr


@visible
def test_systemd_where_it_does_not_run() -> None:
    if os.path.isdir("/run/systemd/system") or shutil.which("systemctl") is None:
        pytest.skip("systemd runs here, or there is no systemctl")
    done = alone(
        f"{PROGRAM} systemd --install; echo $?; find /etc/systemd/system -name 'nodecheck*' | sort;"
        f"{PROGRAM} systemd --remove; echo $?; find /etc/systemd/system -name 'nodecheck*'"
    )

    assert "ran systemctl enable nodecheck.timer" in done.stdout
    assert "/etc/systemd/system/timers.target.wants/nodecheck.timer" in done.stdout
    assert done.stdout.endswith("/var/lib/nodecheck stays: the history is in it\n0\n")


@visible
def test_the_configurations_outputs_can_be_written() -> None:
    config = '[[output]]\\nformat = "json"\\npath = "/srv/{}/report.json"\\n'
    done = alone(
        f"mount -t tmpfs tmpfs /srv; mkdir /srv/here; printf '{config.format('here')}' > /etc/nodecheck/nodecheck.toml;"
        f"{PROGRAM} systemd | grep ReadWrite; printf '{config.format('gone')}' > /etc/nodecheck/nodecheck.toml;"
        f"{PROGRAM} systemd; echo $?"
    )

    assert done.stdout == "ReadWritePaths=-/srv/here\n2\n", done.stderr
    assert "/srv/gone: make this directory first" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "cron --every sometimes", "systemd --every 'no such day' --install", "cron --options=--rolle",
        "cron --options '--profile ./x.toml'", "systemd --options '--state /tmp/x'", "cron --options '\"'",
        "cron --options '--cni \"a\n* * * * * root x\"'", "systemd --options '--cni \"a\nExecStartPre=x\"' --install",
        "systemd --user-crontab", "cron --user-crontab --install", "cron --install --remove", "anacron",
    ],
)  # fmt: skip
def test_usage(words: str) -> None:
    if "no such day" in words and shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    done = alone(f"{PROGRAM} {words}; echo $?; ls -A /etc/cron.d /etc/systemd/system")

    assert done.stdout == "2\n/etc/cron.d:\n\n/etc/systemd/system:\n", done.stdout
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_that_others_can_change_is_not_installed(tmp_path: Path) -> None:
    from nodecheck.schedule.program import untrusted

    program = tmp_path / "nodecheck"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o777)

    assert untrusted((str(program),)) is not None


def test_what_it_imports_must_be_roots_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodecheck.schedule.program import program, untrusted

    folder = tmp_path / "site-packages"
    folder.mkdir()
    folder.chmod(0o777)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])

    assert untrusted(program()) == f"others can write {folder} (mode 0777)"
    monkeypatch.setenv("PYTHONPATH", str(folder))  # of this caller: the service will not have it
    assert untrusted(program()) is None
