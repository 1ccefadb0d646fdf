"""The command ``nodecheck``: one file a verb, imported when it is called."""

from __future__ import annotations

import gc
import os
import sys

VERBS = {
    "run": "check this node",
    "list": "the checks of a profile",
    "explain": "what a check looks at and why",
    "plugins": "what is loaded, from where",
    "profile": "list the profiles, show one, validate a file",
    "schema": "print the JSON Schema of a report or a profile",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit codes are those of the contract's section 4."""
    words = sys.argv[1:] if argv is None else argv
    if words in (["--version"], ["-V"]):
        return _version()
    if argv is None:
        # The process is ours and ends soon: collecting cycles during its imports would cost a twelfth of its time.
        gc.set_threshold(100_000)
    _leave_working_directory_out()
    from nodecheck.cli.start import start

    return start(words)


def _version() -> int:
    from nodecheck import __version__

    try:
        sys.stdout.write(f"nodecheck {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError):
        return 74
    return 0


def _leave_working_directory_out() -> None:
    """Take the working directory off ``sys.path`` (``PYTHONPATH`` with an empty part puts it there)."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path[:] = [path for path in sys.path if path and (os.path.abspath(path) != here or path == home)]
