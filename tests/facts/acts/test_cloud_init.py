"""cloud-init's first boot of an instance, and those after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import FINAL, node, program, script, status

Entries = dict[str, "str | TreeFile | TreeLink"]

ON: Entries = {**program("cloud-final.service", FINAL)}
RUNCMD: Entries = {"/etc/cloud/cloud.cfg.d/z.cfg": "runcmd:\n - swapon /s\n"}
PER_INSTANCE: Entries = {"/var/lib/cloud/scripts/per-instance/z": script("swapon /s")}
PER_ONCE: Entries = {"/var/lib/cloud/scripts/per-once/z": script("swapon /s")}
PER_BOOT: Entries = {"/var/lib/cloud/scripts/per-boot/z": script("swapon /s")}
SET_UP: Entries = {
    "/var/lib/cloud/instance": TreeLink("/var/lib/cloud/instances/i"),
    "/var/lib/cloud/instances/i/x": "",
}
OFF: Entries = {"/etc/cloud/cloud-init.disabled": ""}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (PER_INSTANCE, "fail"),
        (PER_ONCE, "fail"),
        (RUNCMD, "unknown"),
        (PER_BOOT, "fail"),
        ({**PER_BOOT, **SET_UP}, "fail"),
        ({**PER_INSTANCE, **SET_UP}, "pass"),
        ({**PER_ONCE, **SET_UP}, "pass"),
        ({**RUNCMD, **SET_UP}, "pass"),
        ({**PER_INSTANCE, **RUNCMD, **OFF}, "pass"),
        ({"/var/lib/cloud/scripts/per-instance/z": "swapon /s\n"}, "pass"),
    ],
)
def test_what_is_run_once_is_run_at_the_first_boot_alone(tmp_path: Path, entries: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**ON, **entries}), "swap") == expected
