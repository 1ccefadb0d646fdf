"""What shows that a kernel parameter will hold a value."""

from __future__ import annotations

from nodecheck.checking import Evidence, seen
from nodecheck.facts import BootSysctls
from nodecheck.facts.sysctl.at_boot import Held
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.formats.sysctl_lines import Setting

MOST_LINES = 16
"""Beaten lines that evidence names."""


def lines_seen(held: Held) -> list[Evidence]:
    """The winning line first, then those that it beats."""
    lines = ([held.by] if held.by is not None else []) + list(held.beaten[:MOST_LINES])
    return [_seen(line) for line in lines]


def _seen(line: Setting) -> Evidence:
    return seen(line.source, line.text.strip(" \t\r"), line=line.line)


def writer_seen(sysctls: BootSysctls) -> list[Evidence]:
    """Why nothing applies the files; nothing where something does."""
    writer = sysctls.writer
    if writer.name is not None or writer.source is None:
        return []
    return [seen(writer.source, None if writer.absent else writer.why)]


def looked_into(sysctls: BootSysctls, subject: str) -> list[Evidence]:
    """The files that say nothing of a key."""
    files = [Evidence(file.path, subject) for file in sysctls.files[:MOST_LINES]]
    return files or [seen("/etc/sysctl.d/*.conf"), seen("/usr/lib/sysctl.d/*.conf")]
