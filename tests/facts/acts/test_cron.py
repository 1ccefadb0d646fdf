"""cron's tables: which of them it takes, by Debian's cron and by cronie."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile
from tests.facts.acts.test_acts_commands import CRON, node, program, script, status

LINE = "@reboot root /sbin/swapon /s\n"
MINE = "@reboot /sbin/swapon /s\n"
BARE = "@reboot root swapon /s\n"
RUNS = "@reboot root /opt/on\n"
ELF = TreeFile("\x7fELF", mode=0o755)
DEBIAN, SPOOL = "/etc/debian_version", "/var/spool/cron/crontabs/root"

TAKEN: dict[str, dict[str, str | TreeFile]] = {
    "Debian, a user's": {DEBIAN: "12.1\n", SPOOL: TreeFile(MINE, mode=0o600)},
    "Debian, cron.d": {DEBIAN: "12.1\n", "/etc/cron.d/my_job-1": LINE},
    "Debian, a table that a group may read": {DEBIAN: "12.1\n", "/etc/crontab": TreeFile(LINE, mode=0o640)},
    "cronie, a user's": {"/var/spool/cron/root": TreeFile(MINE, mode=0o644)},
    "cronie, a dot": {"/etc/cron.d/job.sh": LINE},
    "a path of the table's own": {"/etc/crontab": f"PATH=/usr/sbin:/sbin\n{BARE}"},
    "a script with a path of its own": {
        "/etc/crontab": RUNS,
        "/opt/on": script("export PATH=/sbin:$PATH", "swapon /s"),
    },
    "a program that lies with the others": {"/etc/crontab": BARE, "/usr/bin/swapon": ELF},
    "cronie, without an end": {"/etc/cron.d/job": LINE.strip()},
}
LEFT: dict[str, dict[str, str | TreeFile]] = {
    "Debian, a user's that others read": {DEBIAN: "12.1\n", SPOOL: TreeFile(MINE, mode=0o644)},
    "Debian, a user's that he cannot write": {DEBIAN: "12.1\n", SPOOL: TreeFile(MINE, mode=0o400)},
    "Debian, a dot": {DEBIAN: "12.1\n", "/etc/cron.d/job.sh": LINE},
    "Debian, what others may write": {DEBIAN: "12.1\n", "/etc/cron.d/job": TreeFile(LINE, mode=0o666)},
    "Debian, without an end": {DEBIAN: "12.1\n", "/etc/cron.d/job": LINE.strip()},
    "cronie, what its group may write": {"/etc/cron.d/job": TreeFile(LINE, mode=0o664)},
    "cronie, what is executable": {"/etc/crontab": TreeFile(LINE, mode=0o755)},
    "cronie, a package's rest": {"/etc/cron.d/job.rpmnew": LINE},
}
UNTOLD: dict[str, dict[str, str | TreeFile]] = {
    "a program out of reach": {"/etc/crontab": BARE},
    "a script whose programs are out of reach": {"/etc/crontab": RUNS, "/opt/on": script("swapon /s")},
    "a path that comes too late": {"/etc/crontab": f"{BARE}PATH=/usr/sbin:/sbin\n"},
}
"""crontab(5) has cron look in /usr/bin and /bin alone, but cronie's ``-P`` and pam_env(8) may say otherwise."""


@pytest.mark.parametrize("how", TAKEN)
def test_a_table_that_cron_takes_counts(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**program("cron.service", CRON), **TAKEN[how]}), "swap") == "fail"


@pytest.mark.parametrize("how", LEFT)
def test_a_table_that_cron_leaves_out_does_not_count(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**program("cron.service", CRON), **LEFT[how]}), "swap") == "pass"


@pytest.mark.parametrize("how", UNTOLD)
def test_a_program_that_is_not_in_the_path_is_unknown(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**program("cron.service", CRON), **UNTOLD[how]}), "swap") == "unknown"
