"""Completion in the real shells: every verb, every option, and names from the command itself."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.cli.completion_verb import SHELLS, completion, verbs
from nodecheck.cli.verbs import VERBS

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
GRAMMAR = {verb.name: verb for verb in verbs()}

Complete = Callable[[str], set[str]]


def ended(*words: str, cwd: Path) -> list[str]:
    env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(cwd), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=cwd, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.fixture(params=SHELLS)
def complete(request: pytest.FixtureRequest, tmp_path: Path) -> Complete:
    """What a shell offers after a line, in an empty directory with ``report.json`` and ``folder``."""
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    (tmp_path / "report.json").touch()
    (tmp_path / "folder").mkdir()
    functions = tmp_path / ".functions"
    functions.mkdir()
    script = functions / "_nodecheck"
    script.write_text(completion(shell))

    def bash(line: str) -> list[str]:
        words = [part for word in line.split(" ") for part in (word.replace("=", " = ").split(" ") if word else [""])]
        words = [word for place, word in enumerate(words) if word or place == len(words) - 1]
        code = 'compopt() { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nodecheck'
        return ended(
            "bash", "-c", code + '; printf "%s\\n" "${COMPREPLY[@]}"', "bash", str(script), *words, cwd=tmp_path
        )

    def zsh(line: str) -> list[str]:
        return ended("zsh", str(HERE / "complete.zsh"), str(functions), line, cwd=tmp_path)

    def fish(line: str) -> list[str]:
        code = f"source {shlex.quote(str(script))}; complete -C {shlex.quote(line)}"
        return [found.partition("\t")[0] for found in ended("fish", "--no-config", "-c", code, cwd=tmp_path)]

    offer = {"bash": bash, "zsh": zsh, "fish": fish}[shell]
    return lambda line: {word for word in offer(line) if word}


def test_verbs(complete: Complete) -> None:
    assert complete("nodecheck ") - {"--help", "--version"} == set(VERBS)


def test_options_of_every_verb(complete: Complete) -> None:
    for name, verb in GRAMMAR.items():
        wanted = {long for option in verb.options for long in option.long}
        if verb.actions:
            continue
        assert {word for word in complete(f"nodecheck {name} --") if word.startswith("--")} == wanted, name


def test_words(complete: Complete) -> None:
    assert complete("nodecheck run --view ") == {"now", "boot"}
    assert complete("nodecheck schedule ") >= {"systemd", "cron"}
    assert complete("nodecheck plan --format s") == {"sh"}
    assert complete("nodecheck schema rep") == {"report"}
    assert {word.rpartition("=")[2] for word in complete("nodecheck run --role=w")} == {"worker"}


def test_actions(complete: Complete) -> None:
    assert complete("nodecheck profile ") - {"--help"} == {action.name for action in GRAMMAR["profile"].actions}
    assert complete("nodecheck profile show cen") == {"centos7-kubeadm-1.17"}


def test_names_come_from_the_command(complete: Complete) -> None:
    assert complete("nodecheck run --select swa") == {"swap"}
    assert complete("nodecheck run --json swa") == {"swap"}
    assert complete("nodecheck plan swap --json kernel-m") == {"kernel-module"}
    assert complete("nodecheck explain swa") == {"swap"}
    assert complete("nodecheck run --ignore waiv") == {"waiver"}


def test_files_and_formats(complete: Complete) -> None:
    assert complete("nodecheck convert rep") == {"report.json"}
    assert {word.rstrip("/") for word in complete("nodecheck run --root f")} == {"folder"}
    assert {word.rstrip("=") for word in complete("nodecheck run --output js")} == {"json", "jsonl"}
    found = {word.rpartition("=")[2] for word in complete("nodecheck run --output json=rep")}
    assert found == {"report.json"}
