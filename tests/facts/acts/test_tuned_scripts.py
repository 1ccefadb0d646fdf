"""What the active profile of TuneD runs and loads, beside its sysctls."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile
from tests.facts.acts.test_acts_commands import node, program, script, status
from tests.facts.acts.test_unknown_programs import Entries

ON: Entries = {
    "/usr/sbin/tuned": TreeFile("\x7fELF", mode=0o755),
    **program("tuned.service", "/usr/sbin/tuned -l -P"),
    "/etc/tuned/active_profile": "own\n",
}
OWN = "/etc/tuned/own/tuned.conf"
SCRIPT: Entries = {"/etc/tuned/own/s.sh": script("swapon /s")}
FUNCTIONS: Entries = {
    "/usr/lib/tuned/functions": "process() {\n ARG=$1\n shift\n case $ARG in start) start;; esac\n}\n"
}
BY_FUNCTION = script(
    ". /usr/lib/tuned/functions", "start() {", " swapon /s", "}", "stop() {", " :", "}", 'process "$@"'
)
PARENT: Entries = {**SCRIPT, "/usr/lib/tuned/base/tuned.conf": "[script]\nscript=/etc/tuned/own/s.sh\n"}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({**SCRIPT, OWN: "[script]\nscript=${i:PROFILE_DIR}/s.sh\n"}, "fail"),
        ({**SCRIPT, OWN: "[script]\nscript=s.sh\n"}, "fail"),
        ({**SCRIPT, OWN: "[mine]\ntype=script\nscript=s.sh\n"}, "fail"),
        ({**SCRIPT, OWN: "[variables]\nd=/etc/tuned/own\n[script]\nscript=${d}/s.sh\n"}, "fail"),
        ({**FUNCTIONS, "/etc/tuned/own/s.sh": BY_FUNCTION, OWN: "[script]\nscript=s.sh\n"}, "fail"),
        ({**PARENT, OWN: "[main]\ninclude=base\n"}, "fail"),
        ({**SCRIPT, OWN: "[disk]\nscript_post=${i:PROFILE_DIR}/s.sh\n"}, "unknown"),
        ({**PARENT, OWN: "[main]\ninclude=base\n[script]\nreplace=1\nscript=x.sh\n"}, "pass"),
        ({**SCRIPT, OWN: "[script]\nenabled=0\nscript=s.sh\n"}, "pass"),
        ({**SCRIPT, OWN: "[sysctl]\nvm.swappiness=1\n"}, "pass"),
        ({**SCRIPT, OWN: "[script]\nscript=s.sh\n", "/etc/tuned/active_profile": "other\n"}, "pass"),
        ({"/etc/tuned/own/s.sh": script('[ "$1" = stop ] && swapon /s'), OWN: "[script]\nscript=s.sh\n"}, "pass"),
    ],
)
def test_the_script_of_a_profile(tmp_path: Path, tree: Entries, expected: str) -> None:
    assert status(node(tmp_path, {**ON, **tree}), "swap") == expected


def test_the_script_of_a_tuned_that_does_not_start(tmp_path: Path) -> None:
    tree: Entries = {**SCRIPT, OWN: "[script]\nscript=s.sh\n", "/etc/tuned/active_profile": "own\n"}

    assert status(node(tmp_path, tree), "swap") == "pass"


@pytest.mark.parametrize(("value", "expected"), [("+r", "pass"), ("+r,x=1", "pass"), ("x=1", "fail")])
def test_a_module_that_a_profile_loads_anew(tmp_path: Path, value: str, expected: str) -> None:
    tree: Entries = {**ON, OWN: f"[modules]\nbr_netfilter = {value}\n"}

    assert status(node(tmp_path, tree), "kernel-module[br_netfilter]") == expected
