"""ifupdown: what its hooks and its commands set, and what it never reads or runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import KEY, ONE, node, program, script, status

Entries = dict[str, "str | TreeFile | TreeLink"]

ON: Entries = {**program("networking.service", "/usr/sbin/ifup -a")}
ZERO = f"sysctl -w {KEY}=0"
CARD = f"auto e0\niface e0 inet dhcp\n  post-up {ZERO}\n"
FILES = "/etc/network/interfaces"

ACTS: dict[str, Entries] = {
    "a hook": {"/etc/network/if-up.d/z": script(ZERO)},
    "a hook before it is up": {"/etc/network/if-pre-up.d/0-z_Z": script(ZERO)},
    "ifupdown2, any name": {"/etc/network/if-up.d/z.sh": script(ZERO), "/usr/share/ifupdown2/__main__.py": ""},
    "a file of a pattern": {FILES: "source /etc/network/interfaces.d/*\n", f"{FILES}.d/a.cfg": CARD},
    "a file beside": {FILES: "source interfaces.d/a\n", f"{FILES}.d/a": CARD},
    "a directory": {FILES: "source-directory interfaces.d\n", f"{FILES}.d/a": CARD},
    "a file of a file": {FILES: "source /etc/net/a\n", "/etc/net/a": "source b\n", "/etc/net/b": CARD},
    "a failure that does not matter": {FILES: CARD.replace("  post-up", "  pre-up false || true\n  post-up")},
    "a failure of another interface": {FILES: f"auto e1\niface e1 inet dhcp\n  up false\n{CARD}"},
    "a failure that comes later": {FILES: f"{CARD}  post-up false\n"},
    "automatic here, described there": {
        FILES: "auto e0\nsource-directory interfaces.d\n", f"{FILES}.d/a": CARD.partition("\n")[2],
    },
}  # fmt: skip

IDLE: dict[str, Entries] = {
    "a hook with a dot": {"/etc/network/if-up.d/z.sh": script(ZERO)},
    "a hook before it is up, with a dot": {"/etc/network/if-pre-up.d/z.dpkg-old": script(ZERO)},
    "a hook that is not executable": {"/etc/network/if-up.d/z": f"#!/bin/sh\n{ZERO}\n"},
    "a file that nothing names": {FILES: "auto lo\niface lo inet loopback\n", f"{FILES}.d/a": CARD},
    "a file that a comment names": {FILES: "# source /etc/network/interfaces.d/*\n", f"{FILES}.d/a": CARD},
    "a name that its directory's line leaves out": {FILES: "source-directory interfaces.d\n", f"{FILES}.d/a.cfg": CARD},
    "a command before it that fails": {FILES: CARD.replace("  post-up", "  pre-up false\n  post-up")},
    "one that stands behind it": {FILES: f"{CARD}  pre-up /bin/false\n"},
    "one that is not there": {FILES: CARD.replace("  post-up", "  up /opt/none x\n  post-up")},
    "a file that names itself": {FILES: "source interfaces\n", f"{FILES}.d/a": CARD},
}


@pytest.mark.parametrize("how", ACTS)
def test_what_ifupdown_runs_counts(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**ONE, **ON, **ACTS[how]}), f"sysctl[{KEY}]") == "fail"


@pytest.mark.parametrize("how", IDLE)
def test_what_ifupdown_does_not_run_does_not_count(tmp_path: Path, how: str) -> None:
    assert status(node(tmp_path, {**ONE, **ON, **IDLE[how]}), f"sysctl[{KEY}]") == "pass"


def test_a_name_that_cannot_be_followed_is_unknown(tmp_path: Path) -> None:
    entries: Entries = {FILES: "source /etc/network/$(uname -n)/*\n", f"{FILES}.d/a": CARD}

    assert status(node(tmp_path, {**ONE, **ON, **entries}), f"sysctl[{KEY}]") == "unknown"
