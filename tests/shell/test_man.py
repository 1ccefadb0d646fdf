"""The manual page: every verb and option, and nothing that mandoc or groff complain of."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nodecheck.cli.completion_verb import verbs
from nodecheck.shell.grammar import CliOption, Verb
from nodecheck.shell.man import page

PAGE = Path(__file__).parents[2] / "docs/nodecheck.1"


def run(*words: str, text: str = "") -> str:
    if shutil.which(words[0]) is None:
        pytest.skip(f"there is no {words[0]} here")
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_mandoc_and_groff_complain_of_nothing() -> None:
    assert run("mandoc", "-Tlint", str(PAGE)) == ""
    assert "warning" not in run("groff", "-man", "-Tutf8", "-ww", "-z", str(PAGE))


def test_every_verb_option_and_exit_code_is_there() -> None:
    shown = run("groff", "-man", "-Tascii", "-P-cbou", "-rHY=0", "-rLL=200n", str(PAGE))

    for verb in verbs():
        assert f"nodecheck {verb.name}" in shown
        for option in verb.options:
            assert option.names[-1] in shown
    for code in ("0", "1", "2", "3", "70", "74", "75", "130, 143"):
        assert f"\n       {code}" in shown


def test_hostile_text_stays_text() -> None:
    odd = ".SH x \\fB'\"$(id) é"
    verb = Verb("x", "y", f"'x\n{odd}", (CliOption(("--a",), odd, f"{odd} {odd}", "text"),), ())
    text = page([verb], "1", [("0", odd)])

    shown = run("groff", "-man", "-Tutf8", "-P-cbou", "-rLL=200n", text=text)
    assert ".SH x \\fB'\"$(id) é .SH x \\fB'\"$(id) é" in shown
    assert "EXIT STATUS" in shown
