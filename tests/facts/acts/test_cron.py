"""cron's tables: which of them it takes, by Debian's cron and by cronie."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile
from tests.facts.acts.test_acts_commands import CRON, node, program, status

LINE = "@reboot root swapon /s\n"
MINE = "@reboot swapon /s\n"
DEBIAN, SPOOL = "/etc/debian_version", "/var/spool/cron/crontabs/root"

TAKEN: dict[str, dict[str, str | TreeFile]] = {
    "Debian, a user's": {DEBIAN: "12.1\n", SPOOL: TreeFile(MINE, mode=0o600)},
    "Debian, cron.d": {DEBIAN: "12.1\n", "/etc/cron.d/my_job-1": LINE},
    "Debian, a table that a group may read": {DEBIAN: "12.1\n", "/etc/crontab": TreeFile(LINE, mode=0o640)},
    "cronie, a user's": {"/var/spool/cron/root": TreeFile(MINE, mode=0o644)},
    "cronie, a dot": {"/etc/cron.d/job.sh": LINE},
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


@pytest.mark.parametrize("how", TAKEN)
def test_a_table_that_cron_takes_counts(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**program("cron.service", CRON), **TAKEN[how]}), "swap") == "fail"


@pytest.mark.parametrize("how", LEFT)
def test_a_table_that_cron_leaves_out_does_not_count(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**program("cron.service", CRON), **LEFT[how]}), "swap") == "pass"
