"""Completion in a real bash: every verb, every option, and names from the command itself."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from nodecheck.cli import VERBS

FILE = Path(__file__).parents[2] / "completions/nodecheck"


def completed(*words: str) -> list[str]:
    command = f"{Path(sys.executable).parent}/nodecheck"
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nodecheck; printf "%s\\n" "${COMPREPLY[@]}"'
    line = ["bash", "-c", script, "bash", str(FILE), command, *words]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=20).stdout.split()


def test_verbs() -> None:
    assert set(completed("")) == {*VERBS, "--help", "--version"}


@pytest.mark.parametrize("verb", ["run", "list", "plugins", "explain"])
def test_options(verb: str) -> None:
    parser = argparse.ArgumentParser()
    import_module(f"nodecheck.cli.{verb}_verb").add_arguments(parser)
    options = {name for action in parser._actions for name in action.option_strings if name.startswith("--")}

    assert set(completed(verb, "--")) == options


def test_names_come_from_the_command() -> None:
    assert completed("run", "--select", "sw") == ["swap"]
    assert completed("profile", "show", "cen") == ["centos7-kubeadm-1.17"]
    assert completed("run", "--view", "") == ["now", "boot"]
