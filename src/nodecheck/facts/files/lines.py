"""Whole lines of files, as the steps of a fix need them."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.host import Host
from nodecheck.host.base import text


def whole_line(host: Host, path: str, line: int | None) -> str | None:
    """A line of a file, its end left out; None where the file cannot be read or has no such line."""
    try:
        lines = text(host, path).split("\n") if line else []
    except FactError:
        return None
    return lines[line - 1] if line and line <= len(lines) else None
