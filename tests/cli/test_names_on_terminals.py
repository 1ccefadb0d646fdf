"""Names come from files and plugins: what moves a cursor, or turns a line around, is escaped before it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Command

ODD = "x\x1b[31m\r\x07\u202ey"
HEAD = 'schema = "nodecheck.profile/1"\n'
PLUGIN = f"""
import nodecheck

@nodecheck.hookimpl
def nodecheck_profiles():
    return [{{"schema": "nodecheck.profile/1", "name": {ODD!r}}}]
"""


def test_names_are_safe_on_a_terminal(tmp_path: Path, nodecheck: Command, plugin: Callable[..., Path]) -> None:
    path, bad = tmp_path / f"{ODD}.toml", tmp_path / "bad.toml"
    path.write_text(f"{HEAD}name = {json.dumps(ODD)}\n")
    bad.write_text(f'{HEAD}name = "bad"\n[check.sysctl]\nrequire = {{ "a/..\\u001b[31m" = "1" }}\n')

    ended = [
        nodecheck("profile", "validate", str(path)),
        nodecheck("profile", "show", str(path)),
        nodecheck("profile", "list", plugins=plugin("odd", PLUGIN)),
        nodecheck("profile", "validate", str(bad)),
    ]

    assert [done.code for done in ended] == [0, 0, 0, 2]
    for done in ended:
        assert not {char for char in done.out + done.err if not char.isprintable()} - {"\n"}
    assert [f"{ODD[:1]}\\x1b[31m\\x0d\\x07" in ended[place].out for place in (0, 2)] == [True, True]
    assert "line 4: check.sysctl.require.a/..\\x1b[31m: " in ended[3].err


def test_what_profile_show_escapes_reads_back(tmp_path: Path, nodecheck: Command) -> None:
    path, shown = tmp_path / "p.toml", tmp_path / "shown.toml"
    path.write_text(
        f'{HEAD}name = {json.dumps(ODD + chr(0xE0001), ensure_ascii=False)}\ncni = "caf\u00e9 \u00a0"\n',
        encoding="utf-8",
    )

    shown.write_text(nodecheck("profile", "show", str(path)).out, encoding="utf-8")

    assert nodecheck("profile", "show", str(shown)).out == shown.read_text(encoding="utf-8")
    assert "caf\u00e9 \\u00a0" in shown.read_text(encoding="utf-8")
