"""Which nodecheck the whole-process tests start: the installed one, or the file that ``NODECHECK_PROGRAM`` names.

``NODECHECK_PROGRAM='python3 -S nodecheck.pyz' pytest tests/cli`` runs them from the zip file, and
``NODECHECK_PROGRAM=dist/nodecheck-x86_64`` from the static file (CONTRIBUTING.md).
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from nodecheck.cli.start import WITH_PLUGINS

GIVEN = shlex.split(os.environ.get("NODECHECK_PROGRAM", ""))
PROGRAM = tuple([os.path.abspath(word) if "/" in word else word for word in GIVEN]) or (
    sys.executable,
    "-m",
    "nodecheck",
)
STATIC = len(PROGRAM) == 1


def with_plugins(folder: Path | None, words: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The command line that loads plugins from a folder, and what its environment needs for that.

    The static file is isolated from the environment, so there it is an option.
    """
    if folder is None:
        return [*PROGRAM, *words], {}
    if STATIC:
        return [*PROGRAM, *words, *(("--plugins", str(folder)) if words[0] in WITH_PLUGINS else ())], {}
    return [*PROGRAM, *words], {"PYTHONPATH": str(folder)}
