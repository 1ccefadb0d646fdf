"""Whole roots of real distributions: the run, its capture and the collector's agree, to the words of each message.

``NODECHECK_ROOTS`` names a directory of them: ``mmdebstrap --variant=minbase --include=systemd,systemd-sysv,udev,kmod,
procps,cron,ifupdown,nftables,busybox-static,mksh,gawk bookworm ROOTS/bookworm``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.files import read_capture
from nodecheck.capturing.more import lacking
from nodecheck.plugins import load
from tests.capturing.shells import LIMIT_S, SHELLS, text

TOLD = os.environ.get("NODECHECK_ROOTS", "")
ROOTS = sorted(path for path in Path(TOLD).iterdir() if (path / "etc").is_dir()) if TOLD else []


NONE: list[Path | None] = [None]


@pytest.fixture(params=ROOTS or NONE, ids=lambda root: root.name if root else "none")
def root(request: pytest.FixtureRequest) -> Path:
    if request.param is None:
        pytest.skip("NODECHECK_ROOTS names no directory of whole roots")
    found: Path = request.param
    return found


def verdicts(**source: object) -> dict[str, tuple[str, str, object]]:
    report = nodecheck.run(role="worker", kubernetes="1.34", **source)  # type: ignore[arg-type]
    return {item.id: (str(item.status), item.message, item.evidence) for item in report.results}


def test_a_capture_tells_what_the_run_does(root: Path) -> None:
    assert verdicts(capture=nodecheck.capture(root=root)) == verdicts(root=root)


@pytest.mark.parametrize("inside", [False, True], ids=["from outside", "in the root"])
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
def test_the_collector_tells_what_the_run_does(root: Path, shell: tuple[str, ...], inside: bool) -> None:
    """In the root its own shell, awk and coreutils do the work, as old as they are."""
    if not (shutil.which(shell[0], path=f"{root}/usr/bin:{root}/bin") if inside else shutil.which(shell[0])):
        pytest.skip(f"there is no {shell[0]}")
    if inside and os.getuid() != 0:
        pytest.skip("it takes root")
    argv = ["chroot", str(root), *shell, "-s"] if inside else [*shell, "-s"]
    environment = {"PATH": os.environ["PATH"], "NODECHECK_ROOT": "/" if inside else str(root)}
    options = {"stdout": subprocess.PIPE, "timeout": LIMIT_S, "check": True, "env": environment}
    said: bytes = subprocess.run(argv, input=text().encode(), **options).stdout  # type: ignore[call-overload]

    assert verdicts(capture=said) == verdicts(root=root)
    assert lacking(read_capture(said, "a capture"), load()).number == 0
