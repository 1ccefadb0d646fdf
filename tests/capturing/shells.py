"""The collector's script under the shells that are here."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from nodecheck.capturing.collector import script
from nodecheck.plugins import load

SHELLS = (("dash",), ("busybox", "sh"), ("bash", "--posix"), ("bash-4.2", "--posix"), ("mksh",), ("ksh93",))
HERE = tuple(shell for shell in SHELLS if shutil.which(shell[0]))
LIMIT_S = 120


@cache
def text() -> str:
    """The script."""
    return script(load())


def collected(
    root: Path | None, shell: tuple[str, ...] = HERE[0], **options: object
) -> subprocess.CompletedProcess[bytes]:
    """What the script prints of a tree, or of this machine."""
    environment = {"PATH": os.environ["PATH"], **({} if root is None else {"NODECHECK_ROOT": str(root)})}
    argv = [*shell, "-s"]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        argv, input=text().encode(), env=environment, capture_output=True, timeout=LIMIT_S, check=True, **options
    )
