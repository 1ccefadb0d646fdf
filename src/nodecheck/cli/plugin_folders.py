"""Plugins from a folder that the command line names, for a nodecheck that pip did not install: ``--plugins DIR``.

What lies there runs with the rights of whoever runs nodecheck, which is root as a rule. So nobody but root may be able
to change it, and nothing in it, whoever asks.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from nodecheck.errors import UsageError
from nodecheck.host.trust import untrusted_above

OPTION = "--plugins"
MOST_FILES = 20_000


def use(words: list[str]) -> None:
    """Add the folders that the words name to the end of the path of modules. Raises UsageError for one not to trust.

    Before the words are parsed: the formats of plugins are among what a parser takes.
    """
    for folder in named(words):
        problem = refused(folder)
        if problem:
            raise UsageError(f"{OPTION} {folder}: {problem}")
        sys.dont_write_bytecode = True  # nodecheck writes nothing there
        if folder not in sys.path:
            sys.path.append(folder)


def named(words: list[str]) -> list[str]:
    """The folders that follow the option, in both its spellings.

    >>> named(["run", "--plugins", "/a", "--plugins=/b", "--", "--plugins=/c"])
    ['/a', '/b']
    """
    options = words[: words.index("--")] if "--" in words else words
    after = [options[at + 1] for at, word in enumerate(options[:-1]) if word == OPTION]
    return [*after, *[word.partition("=")[2] for word in options if word.startswith(f"{OPTION}=")]]


def refused(folder: str) -> str | None:
    """Why nothing is loaded from a folder; None where it may be."""
    if not os.path.isabs(folder):
        return "is not an absolute path"
    with suppress(OSError):  # one of them is not there: what is wrong with the folder is told next
        if os.path.samefile(folder, os.curdir):
            return "is the working directory, and nothing is ever loaded from there"
    try:
        return _untrusted(folder)
    except OSError as error:
        return error.strerror or str(error)


def _untrusted(folder: str) -> str | None:
    if not stat.S_ISDIR(os.stat(folder).st_mode):
        return "is not a directory"
    problem = untrusted_above(folder)
    count = 0
    paths = [folder]
    while paths and problem is None:
        path = paths.pop()
        problem = _changeable(path)
        with os.scandir(path) as entries:
            for entry in entries:
                count += 1
                problem = problem or _changeable(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    paths.append(entry.path)
        if count > MOST_FILES:
            return f"has more than {MOST_FILES} files"
    return problem


def _changeable(path: str) -> str | None:
    """Why somebody but root could change what is at ``path``: here a sticky directory does not help."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a symbolic link" if found.st_uid == 0 else f"{path} is owned by uid {found.st_uid}"
    if found.st_uid != 0:
        return f"{path} is owned by uid {found.st_uid}"
    if found.st_mode & 0o022:
        return f"others can write {path} (mode {stat.S_IMODE(found.st_mode):04o})"
    return None
