"""The modes that systemd-tmpfiles gives directories, held against the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from nodecheck.checking.store import About, Facts
from nodecheck.facts import BootDirectories, TmpfilesModes
from nodecheck.facts.acts.tmpfiles_modes import parse_mode
from nodecheck.testing import Entry, TreeDirectory, TreeLink, record, write_tree

VAR_CONF = """\
# See tmpfiles.d(5) for details

q /var 0755 - - -

L /var/run - - - - ../run

d /var/log 0755 - - -
f /var/log/wtmp 0664 root utmp -

d /var/cache 0755 - - -

d /var/lib 0755 - - -
"""
"""systemd's own (Debian 12)."""

CASES: dict[str, tuple[dict[str, Entry], dict[str, int]]] = {
    "its own": ({"/usr/lib/tmpfiles.d/var.conf": VAR_CONF}, {"/var": 0o755, "/var/lib": 0o755, "/srv": 0o700}),
    "replaced": (
        {"/usr/lib/tmpfiles.d/var.conf": VAR_CONF, "/etc/tmpfiles.d/var.conf": "d /var/lib 0711\n"},
        {"/var": 0o700, "/var/lib": 0o711},
    ),
    "masked": (
        {"/usr/lib/tmpfiles.d/var.conf": VAR_CONF, "/etc/tmpfiles.d/var.conf": TreeLink("/dev/null")},
        {"/var": 0o700, "/var/lib": 0o700},
    ),
    "the first line": (
        {"/etc/tmpfiles.d/a.conf": "d /var/lib 0750\n", "/usr/lib/tmpfiles.d/var.conf": VAR_CONF},
        {"/var": 0o755, "/var/lib": 0o750},
    ),
    "adjusted after": (
        {"/etc/tmpfiles.d/a.conf": "z /var/lib 0710\n", "/usr/lib/tmpfiles.d/var.conf": VAR_CONF},
        {"/var": 0o755, "/var/lib": 0o710},
    ),
    "by a pattern": ({"/etc/tmpfiles.d/a.conf": "z /var/l* 0751 - -\n"}, {"/var": 0o700, "/var/lib": 0o751}),
    "with all below": ({"/etc/tmpfiles.d/a.conf": "Z /var 0755 - -\n"}, {"/var": 0o755, "/var/lib": 0o755}),
    "no mode": (
        {"/etc/tmpfiles.d/a.conf": "d /var/lib - - -\nz /var - root root\n"},
        {"/var": 0o700, "/var/lib": 0o700},
    ),
    "emptied": ({"/etc/tmpfiles.d/a.conf": "e /srv 0755 - - 10d\nD! /var 0701\n"}, {"/srv": 0o755, "/var": 0o701}),
    "four digits": ({"/etc/tmpfiles.d/a.conf": "d  /var/lib/ 1777 - - -\n"}, {"/var/lib": 0o1777}),
    "files only": ({"/etc/tmpfiles.d/a.conf": "f /var/lib/x 0755\nL /var/y - - - - z\n"}, {"/var/lib": 0o700}),
}
CLOSED: dict[str, Entry] = {path: TreeDirectory(0o700) for path in ("/var", "/var/lib", "/srv")}


def predicted(root: Path, path: str) -> int:
    """The mode of a directory after the next boot of a tree."""
    place: object = Facts(record(root)).get(About(BootDirectories, f"{path}/x"))
    assert isinstance(place, BootDirectories)
    return {one.path: one.mode for one in place.directories}[path]


def tree(root: Path, files: dict[str, Entry]) -> Path:
    return write_tree(
        root, {"/etc/passwd": "root:x:0:0::/:/bin/sh\n", "/etc/group": "root:x:0:\nutmp:x:43:\n", **files, **CLOSED}
    )


@pytest.mark.parametrize("name", CASES)
def test_modes(tmp_path: Path, name: str) -> None:
    files, modes = CASES[name]
    root = tree(tmp_path / "root", files)

    assert {path: predicted(root, path) for path in modes} == modes


PROGRAM = shutil.which("systemd-tmpfiles")


@pytest.mark.skipif(PROGRAM is None or os.geteuid() != 0, reason="it takes root and systemd-tmpfiles")
@pytest.mark.parametrize("name", CASES)
def test_the_real_one_does_the_same(tmp_path: Path, name: str) -> None:
    files, modes = CASES[name]
    root = tree(tmp_path / "root", files)
    assert PROGRAM is not None
    subprocess.run((PROGRAM, f"--root={root}", "--create", "--remove", "--boot"), capture_output=True, check=False)

    assert {path: (root / path[1:]).stat().st_mode & 0o7777 for path in modes} == modes


def test_a_masked_service_gives_no_modes(tmp_path: Path) -> None:
    unit = "/etc/systemd/system/systemd-tmpfiles-setup.service"
    host = record(tree(tmp_path, {"/usr/lib/tmpfiles.d/var.conf": VAR_CONF, unit: TreeLink("/dev/null")}))

    assert Facts(host).get(TmpfilesModes).lines == ()


@pytest.mark.parametrize(
    "line",
    ["", "#d /var 0755", "d /var", "d /var 0999", "d /var :0700", "d /var/%m 0700", "L /var 0700", "d /var 7 - -"],
)
def test_lines_that_give_no_mode(line: str) -> None:
    assert parse_mode(line) is None
