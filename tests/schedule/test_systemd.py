"""The units: systemd takes them, thinks them safe, and reads back the words that were meant."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nodecheck.errors import UsageError
from nodecheck.schedule.systemd import command, service, timer

WORDS = ("/opt/node check/100%/nodecheck", "audit", "--cni", "a$HOME'b\"c\\d%n")
MOST_EXPOSURE = 4.0


@pytest.fixture
def analyze() -> str:
    path = shutil.which("systemd-analyze")
    if path is None:
        pytest.skip("there is no systemd-analyze here")
    return path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    program = Path("/bin/true")
    (tmp_path / "nodecheck.service").write_text(service((str(program), *WORDS[1:]), ("/srv/a b/50%",)))
    (tmp_path / "nodecheck.timer").write_text(timer("hourly"))
    return tmp_path


@pytest.mark.parametrize("every", ["hourly", "daily", "weekly", "Mon..Fri *-*-* 03:00"])
def test_systemd_takes_the_units(analyze: str, units: Path, every: str) -> None:
    (units / "nodecheck.timer").write_text(timer(every))

    done = run(analyze, "verify", str(units / "nodecheck.service"), str(units / "nodecheck.timer"))

    told = [line for line in done.stderr.split("\n") if "nodecheck" in line]
    assert (told, done.returncode) == ([], 0), done.stderr


def test_systemd_thinks_the_service_safe(analyze: str, units: Path) -> None:
    done = run(analyze, "security", "--offline=true", "--no-pager", str(units / "nodecheck.service"))
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot judge a file that is not installed")

    found = re.search(r"Overall exposure level for nodecheck.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSURE


def test_words_are_quoted_as_systemd_reads_them() -> None:
    line = command(WORDS)

    assert line == '"/opt/node check/100%%/nodecheck" audit --cni "a$$HOME\'b\\"c\\\\d%%n"'
    assert 'ReadWritePaths="-/srv/a b/50%%"\n' in service(WORDS, ("/srv/a b/50%",))


@pytest.mark.parametrize("every", ["", " ", "hourly\nExecStart=/bin/sh", "50%", "täglich"])
def test_what_no_calendar_is(every: str) -> None:
    with pytest.raises(UsageError):
        timer(every)


def test_nothing_hides_what_a_node_is_judged_by() -> None:
    text = service(WORDS)
    settings = dict(line.split("=", 1) for line in text.split("\n") if "=" in line and not line.startswith("#"))

    for hidden in (
        "PrivateNetwork", "PrivateDevices", "PrivateUsers", "ProtectProc", "ProcSubset", "ProtectKernelModules",
        "ProtectClock", "User", "DynamicUser", "RootDirectory", "InaccessiblePaths", "TemporaryFileSystem",
    ):  # fmt: skip
        assert hidden not in settings
    assert settings["ProtectHome"] == "read-only"
    assert "@clock" not in settings["SystemCallFilter"]


def test_its_capabilities_lose_no_verdict() -> None:
    """The whole sandbox needs a running systemd; its capabilities can be had without."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    listed = next(line for line in service(WORDS).split("\n") if line.startswith("CapabilityBoundingSet="))
    kept = ["+" + name.removeprefix("CAP_").lower() for name in listed.partition("=")[2].split(" ")]
    bounded = ["setpriv", "--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all,{','.join(kept)}"]

    def verdicts(*before: str) -> dict[str, str]:
        done = run(*before, sys.executable, "-m", "nodecheck", "run", "--json")
        assert done.stdout, done.stderr
        return {item["id"]: item["status"] for item in json.loads(done.stdout)["results"]}

    assert verdicts(*bounded) == verdicts()
