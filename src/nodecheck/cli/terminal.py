"""What the terminal can show, and what those who run nodecheck said of it in the environment."""

from __future__ import annotations

import os
import sys

from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from nodecheck.render.style import Style

PLAIN_WIDTH = 100


def style(args: argparse.Namespace) -> Style:
    """How to show a report on standard output."""
    from nodecheck.render.style import Style

    words = again(args) if terminal() else None
    return Style(colour(args.no_color), width(), args.verbose, args.quiet, symbols(), words, terminal(), "-v")


def colour(refused: bool) -> bool:
    """Whether to colour.

    ``--no-color`` and ``NO_COLOR`` (no-color.org) win; then ``FORCE_COLOR`` (force-color.org) and ``CLICOLOR_FORCE``
    (bixense.com/clicolors) colour what is no terminal too, as CI wants it; else a terminal has colours, unless it is a
    dumb one or ``CLICOLOR=0``.
    """
    if refused or os.environ.get("NO_COLOR"):
        return False
    if _forced():
        return True
    return terminal() and os.environ.get("CLICOLOR") != "0"


def _forced() -> bool:
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))


def terminal() -> bool:
    """Whether a terminal shows standard output."""
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def symbols() -> bool:
    """Whether marks and dashes beyond ASCII are shown: on a terminal that has them, and where colour is forced.

    The kernel's own console (``TERM=linux``) has few of them in its font; the locale C asks for ASCII.
    """
    if not (terminal() or _forced()) or os.environ.get("TERM") == "linux" or _locale() in ("C", "POSIX"):
        return False
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _locale() -> str:
    """The locale that was chosen. Python makes UTF-8 of C, and sets ``LC_CTYPE`` for that (PEP 538 and 540)."""
    kind = os.environ.get("LC_CTYPE", "")
    chosen = "" if kind in ("C.UTF-8", "C.utf8", "UTF-8") else kind
    return os.environ.get("LC_ALL") or chosen or os.environ.get("LANG", "")


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


def again(args: argparse.Namespace) -> tuple[str, ...]:
    """The options with which another verb looks at the same node in the same way."""
    given = vars(args)
    found = list(given.get("words", ()))
    for name in ("root", "capture", "profile", "role", "kubernetes", "proxy_mode", "cni", "phase", "view", "config"):
        value = given.get(name)
        if value is not None:
            found.extend((f"--{name.replace('_', '-')}", str(value)))
    for name in ("waivers", "select", "ignore", "ssh", "hosts", "ssh_option"):
        for value in given.get(name) or ():
            found.extend((f"--{name.replace('_', '-')}", value))
    if given.get("sudo"):
        found.append("--sudo")
    if given.get("no_config"):
        found.append("--no-config")
    return tuple(found)
