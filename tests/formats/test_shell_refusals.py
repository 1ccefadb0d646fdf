"""Commands of a script that are shown to fail, and what comes after them."""

from __future__ import annotations

import pytest

from nodecheck.formats.shell_script import ShellSurroundings, steps_of


class Node(ShellSurroundings):
    """A node with one swap file."""

    def test(self, option: str, path: str) -> bool | None:
        return None if path.startswith("/dev/") else path == "/there"


@pytest.mark.parametrize(
    ("command", "reached"),
    [
        ("swapon /gone", False),
        ("/sbin/swapon /there /gone", False),
        ("swapon /there", True),
        ("swapon /dev/vdb", True),
        ("swapon -e /gone", True),
        ("swapon /gone || true", True),
    ],
)
def test_a_script_ends_with_swap_that_is_not_there(command: str, reached: bool) -> None:
    steps = steps_of(f"set -e\n{command}\nsysctl -w a=1\n", (), {}, False, Node(), ("sysctl", "swapon"))

    assert any(step.words[0] == "sysctl" and not step.reason for step in steps) is reached
