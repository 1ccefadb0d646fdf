"""What a person sees: colours where they are wanted, a line while it takes long, what to do next."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import BASE, Command
from tests.program import with_plugins

SLOW = (
    BASE
    + """
from nodecheck.fix import Fix, command

@check(severity=nodecheck.Severity.ERROR)
def slow():
    "Slow."
    time.sleep(1.6)
    yield fail("was slow", evidence=HERE, fix=Fix("Hurry", (command("true"),)))

@check(severity=nodecheck.Severity.ERROR)
def quick():
    "Quick."
    yield fail("was quick", evidence=HERE, fix=Fix("Hurry", (command("true"),)))

@nodecheck.hookimpl
def nodecheck_checks():
    return [slow, quick]
"""
)

Plugin = Callable[..., Path]


def on_a_terminal(words: list[str], plugins: Path, columns: int, **more: str) -> tuple[str, int]:
    """What a terminal of so many columns is sent, standard error too; and the exit code."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    argv, found = with_plugins(plugins, tuple(words))
    env = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        **found,
        **more,
    }
    process = subprocess.Popen(argv, stdin=inner, stdout=inner, stderr=inner, env=env, cwd=plugins.parent)
    os.close(inner)
    sent = b""
    try:
        while chunk := os.read(outer, 65536):
            sent += chunk
    except OSError:  # EIO: the other side is closed
        pass
    os.close(outer)
    return sent.decode().replace("\r\n", "\n"), process.wait(timeout=30)


def plain(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def test_a_long_run_tells_what_it_waits_for(plugin: Plugin) -> None:
    sent, code = on_a_terminal(["run", "--select", "slow"], plugin("slow", SLOW), 80)

    assert code == 1
    assert "\rchecking this node: slow, 1 s\x1b[K" in sent
    assert sent.count("\r\x1b[K") == 1
    assert sent.index("1 s") < sent.index("\r\x1b[K") < sent.index("profile")


def test_a_narrow_terminal_can_take_the_line_back(plugin: Plugin) -> None:
    sent, _ = on_a_terminal(["run", "--select", "slow"], plugin("slow", SLOW), 20)

    assert "\rchecking this node:\x1b[K" in sent


def test_a_short_run_shows_no_progress(plugin: Plugin) -> None:
    sent, _ = on_a_terminal(["run", "--select", "quick"], plugin("slow", SLOW), 80)

    assert "checking" not in sent


def test_a_terminal_has_colours_marks_and_what_to_do_next(plugin: Plugin) -> None:
    words = ["run", "--select", "quick", "--role", "worker"]
    sent, _ = on_a_terminal(words, plugin("slow", SLOW), 80)

    assert "\x1b[1;31m✗ error   \x1b[0m \x1b[1mquick\x1b[0m: " in sent
    assert "→ nodecheck plan --role worker --select quick\n  prints one step" in plain(sent)
    assert all(len(line) <= 80 for line in plain(sent).split("\n"))


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "POSIX"}, {"LC_ALL": "", "LANG": "C"}])
def test_the_locale_c_has_ascii_marks(plugin: Plugin, locale: dict[str, str]) -> None:
    sent, _ = on_a_terminal(["run", "--select", "quick"], plugin("slow", SLOW), 80, **locale)

    assert sent.isascii()
    assert "> nodecheck plan" in plain(sent)


@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color", "dumb", "CLICOLOR"])
def test_a_terminal_without_colours(plugin: Plugin, how: str) -> None:
    env = {"NO_COLOR": {"NO_COLOR": "1", "FORCE_COLOR": "1"}, "dumb": {"TERM": "dumb"}, "CLICOLOR": {"CLICOLOR": "0"}}
    words = ["run", "--select", "quick", *(["--no-color"] if how == "--no-color" else [])]

    sent, _ = on_a_terminal(words, plugin("slow", SLOW), 80, **env.get(how, {}))

    assert "\x1b" not in sent
    assert "quick" in sent


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False), ({"FORCE_COLOR": "1"}, True), ({"CLICOLOR_FORCE": "1"}, True), ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({"FORCE_COLOR": "", "CLICOLOR_FORCE": "0"}, False),
    ],
)  # fmt: skip
def test_a_pipe_is_plain_unless_colour_is_forced(
    nodecheck: Command, plugin: Plugin, env: dict[str, str], coloured: bool
) -> None:
    ended = nodecheck("run", "--select", "quick", plugins=plugin("slow", SLOW), **env)

    assert ("\x1b[1;31m" in ended.out) is coloured
    assert ended.out.isascii() or env.get("FORCE_COLOR") == "1" or "CLICOLOR_FORCE" in env
    assert "nodecheck plan" not in ended.out


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
def test_columns_are_kept_in_a_pipe_too(nodecheck: Command, plugin: Plugin, columns: int) -> None:
    ended = nodecheck("run", "--root", ".", plugins=plugin("slow", SLOW), COLUMNS=str(columns))

    lines = ended.out.split("\n")
    long = [line for line in lines if len(line) > columns]
    assert len(lines) > 10
    assert all(len(line.split(" ")[-1]) + 11 > columns for line in long), long  # an id stays whole
