"""What the terminal can show."""

from __future__ import annotations

import os
import sys

PLAIN_WIDTH = 100


def colour(refused: bool) -> bool:
    """Whether to colour: a terminal, and neither ``NO_COLOR`` (no-color.org) nor ``--no-color`` nor a dumb one."""
    if refused or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """Columns: ``COLUMNS``, else the terminal's, else :data:`PLAIN_WIDTH`."""
    text = os.environ.get("COLUMNS", "")
    if text.isascii() and text.isdigit() and int(text[:6]) > 0:
        return max(40, min(int(text[:6]), 400))
    try:
        found = os.get_terminal_size(1).columns
    except OSError:
        return PLAIN_WIDTH
    return max(40, min(found or PLAIN_WIDTH, 400))
