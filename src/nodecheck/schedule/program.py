"""Which command starts this very nodecheck, whoever calls it and from wherever."""

from __future__ import annotations

import os
import sys

from nodecheck.errors import FactError, UsageError
from nodecheck.shipped import STATIC
from nodecheck.text import printable

HIDDEN = ("/tmp/", "/var/tmp/")  # noqa: S108 - names, not files
"""Folders that a service of ours has of its own (systemd.exec(5), ``PrivateTmp=``)."""


def program() -> tuple[str, ...]:
    """The words that start this nodecheck: the static file, its zip file, its script, or its interpreter with ``-m``.

    Raises UsageError where they do not work without this process's environment, as for a copy named by PYTHONPATH.
    """
    words = _words()
    if any(printable(word) != word for word in words):
        raise UsageError(f"{printable(words[0])}: no unit and no cron entry can hold such a name")
    if not _starts(words):
        raise UsageError(
            f"{' '.join(words)} does not start by itself: install nodecheck, best into a folder of its own"
        )
    return words


def _words() -> tuple[str, ...]:
    if STATIC:
        return (sys.executable,)
    archive = _archive()
    if archive is not None:
        return (sys.executable, archive)
    script = f"{os.path.dirname(sys.executable)}/nodecheck"
    isolated = ("-P",) if sys.version_info >= (3, 11) else ()
    return (script,) if os.access(script, os.X_OK) else (sys.executable, *isolated, "-m", "nodecheck")


def _archive() -> str | None:
    """The zip file that nodecheck is imported from (zipimport's ``archive``); None where it is installed."""
    found = getattr(__spec__.loader if __spec__ else None, "archive", None)
    return None if found is None else os.path.abspath(found)


def _starts(words: tuple[str, ...]) -> bool:
    from subprocess import DEVNULL, SubprocessError, run

    try:
        done = run(  # noqa: S603
            (*words, "--version"), env={"PATH": os.defpath}, cwd="/", timeout=60, check=False,
            stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
    except (OSError, SubprocessError):
        return False
    return done.returncode == 0


def untrusted(words: tuple[str, ...]) -> str | None:
    """Why root must not run this program: others than root can change it, or what it imports."""
    from nodecheck.host.programs import find_program
    from nodecheck.host.trust import untrusted_above

    try:
        for path in {words[0], sys.executable}:
            find_program(path, owner=0)
    except FactError as error:
        return f"{error.source}: {error.detail}"
    # Whatever lies first on the path of modules is imported: so all of it counts, but for what this caller added.
    own = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    folders = [path for path in sys.path if os.path.exists(path) and os.path.abspath(path) not in own]
    return next((problem for problem in map(untrusted_above, folders) if problem), None)
