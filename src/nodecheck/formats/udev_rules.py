"""The text of udev's rules: lines, and the pairs of each (udev(7))."""

from __future__ import annotations

from collections.abc import Iterator

RULES_DIRS = (
    "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
)  # fmt: skip


def rule_lines(source: str) -> Iterator[tuple[int, str]]:
    """Each rule with the number of its first line; a backslash at the end continues it (udev(7))."""
    pending, started = "", 0
    for number, line in enumerate(source.split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped.startswith("#"):
            continue
        started = started if pending else number
        if stripped.endswith("\\"):
            pending += stripped[:-1]
            continue
        if pending + stripped:
            yield started, pending + stripped
        pending = ""
    if pending:
        yield started, pending


def rule_pairs(line: str) -> Iterator[tuple[str, str, str]]:
    """Key, operator and value of each pair of a rule."""
    import re

    # Without the look-behind a long run of capitals would be tried from each of its letters.
    for found in re.finditer(
        r'(?<![A-Z_])([A-Z_]+(?:\{[^{}"]*\})?)[ \t]*(==|!=|\+=|-=|:=|=)[ \t]*[ei]?"([^"]*)"', line
    ):
        key, operator, value = found.groups()
        yield key, operator, value
