"""Sentences of the contract that no other test holds the command to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_list_has_the_severities_of_the_profile(nodecheck: Command, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(
        'schema = "nodecheck.profile/1"\nname = "p"\nextends = "kubernetes"\n[severity]\n'
        '"time-sync" = "error"\n"swap@boot" = "info"\n"hostname" = "info"\n"hostname@boot" = "warning"\n'
        '"sysctl[net.*]" = "info"\n"tag:versions" = "info"\n'
    )
    listed = json.loads(nodecheck("list", "--profile", str(profile), "--json").out)
    found = {item["name"]: item["severity"] for item in listed}

    assert {name: found[name] for name in ("time-sync", "swap", "hostname", "sysctl", "version")} == {
        "time-sync": "error", "swap": "error", "hostname": "warning", "sysctl": "error", "version": "info"
    }  # fmt: skip
    lines = [line.split()[:4] for line in nodecheck("list", "--profile", str(profile)).out.splitlines()]
    assert ["time-sync", "now", "-", "error"] in lines


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--select", "swop"), "did you mean 'swap'?"),
        (("--select", "os"), "there is no check 'os'; the closest is '"),
        (("--ignore", "tag:zzz"), "no check has the tag 'zzz'; the closest is '"),
        (("--profile", "zzz"), "there is no profile 'zzz'; the closest is '"),
    ],
)
def test_what_does_not_exist_is_answered_with_the_nearest(
    nodecheck: Command, words: tuple[str, ...], told: str
) -> None:
    ended = nodecheck("run", *words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("zzz = 1\n", 3),
        ('extends = "zzz"\n', 3),
        ("[check.zzz]\n", 3),
        ('[[waiver]]\nselect = "swap"\nreason = "r"\nzzz = 1\n', 6),
    ],
)
def test_a_profile_s_error_names_file_line_and_the_nearest_name(
    nodecheck: Command, tmp_path: Path, text: str, line: int
) -> None:
    (tmp_path / "p.toml").write_text(f'schema = "nodecheck.profile/1"\nname = "p"\n{text}')
    ended = nodecheck("run", "--profile", "p.toml")
    assert (ended.code, ended.out) == (2, "")
    assert f"p.toml: line {line}: " in ended.err
    assert "; the closest is '" in ended.err
