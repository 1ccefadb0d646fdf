"""Which program a name stands for, and whether it may be run."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterator

from nodecheck.errors import Absent, Denied, FactError, Malformed
from nodecheck.host.base import error_of

SEARCH_PATH = (
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/opt/bin",  # Flatcar and its kind, whose /usr cannot be written
    "/run/current-system/sw/bin",  # NixOS
)
"""Where programs are looked for, whatever the PATH of this process says."""

MOST_LINKS = 40


def find_program(name: str, path: tuple[str, ...] = SEARCH_PATH, owner: int | None = None) -> str:
    """The file that ``name`` stands for, links left as they are: the first that can be executed.

    A name with a slash is taken as it is. Where this process runs as root (or ``owner`` is given), the file and every
    directory and link on the way to it must belong to root (or ``owner``) and be writable by nobody else.

    Raises Absent, Denied (not executable, not trusted), Malformed (not a regular file, a link loop).
    """
    if "\0" in name or not name:
        raise Malformed(repr(name), "not the name of a program")
    problem: FactError | None = None
    for candidate in (name,) if "/" in name else [f"{directory}/{name}" for directory in path]:
        try:
            _executable(candidate)
        except Absent:
            continue
        except FactError as error:
            problem = problem or error  # execvp(3) goes on after EACCES, and tells it in the end
            continue
        if owner is None and os.geteuid() == 0:
            owner = 0
        if owner is not None:
            _trusted(candidate, owner)
        return candidate
    raise problem or Absent(name, "no such program" + ("" if "/" in name else f" in {':'.join(path)}"))


def _executable(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
        allowed = os.access(path, os.X_OK)
    except OSError as error:
        if isinstance(error, NotADirectoryError):
            raise Absent(path) from error  # a directory of the search path that is none
        raise error_of(path, error) from error
    if not modes.S_ISREG(mode):
        raise Malformed(path, "is not a regular file, so no program")
    if not allowed:
        raise Denied(path, "is not executable")


def _trusted(path: str, owner: int) -> None:
    """Raise Denied unless nobody but ``owner`` can change what ``path`` leads to."""
    try:
        for here, info in on_the_way(path):
            _owned(here, info, owner)
    except OSError as error:
        raise error_of(path, error) from error


def on_the_way(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """What lies on the way to what an absolute path leads to, itself and links too, each with its lstat(2).

    A link is given before it is followed, so that its owner can be judged first. Raises OSError, Malformed.
    """
    place, left, links = "/", path.split("/")[::-1], 0
    yield "/", os.lstat("/")
    while left:
        name = left.pop()
        if name in ("", "."):
            continue
        if name == "..":
            place = place.rpartition("/")[0] or "/"
            continue
        here = f"{place.rstrip('/')}/{name}"
        info = os.lstat(here)
        yield here, info
        if modes.S_ISLNK(info.st_mode):
            links += 1
            if links > MOST_LINKS:
                raise Malformed(path, "too many levels of symbolic links")
            target = os.readlink(here)
            left.extend(target.split("/")[::-1])
            place = "/" if target.startswith("/") else place
        else:
            place = here


def _owned(path: str, info: os.stat_result, owner: int) -> None:
    """Raise Denied where somebody else could change what is at ``path`` itself."""
    if info.st_uid not in (0, owner):
        raise Denied(path, f"belongs to user {info.st_uid}: not run with the rights of root")
    # In a sticky directory nobody can replace what belongs to somebody else, and what is in it is judged next.
    sticky = modes.S_ISDIR(info.st_mode) and info.st_mode & modes.S_ISVTX
    if info.st_mode & 0o022 and not modes.S_ISLNK(info.st_mode) and not sticky:
        who = "every user" if info.st_mode & 0o002 else f"group {info.st_gid}"
        raise Denied(path, f"can be written by {who}: not run with the rights of root")
