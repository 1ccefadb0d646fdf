"""The state directory: where it is, and whether it may be trusted."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from nodecheck.errors import StateError
from nodecheck.host.trust import there_is, untrusted_above

ROOTS = "/var/lib/nodecheck"


def default_directory(environment: Mapping[str, str], uid: int) -> str:
    """``$STATE_DIRECTORY`` (systemd.exec(5)); root's :data:`ROOTS`; else nodecheck's in the XDG state directory.

    >>> default_directory({}, 0), default_directory({"HOME": "/home/ann"}, 1000)
    ('/var/lib/nodecheck', '/home/ann/.local/state/nodecheck')
    """
    of_systemd = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    if of_systemd.startswith("/"):
        return of_systemd
    if uid == 0:
        return ROOTS
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return f"{state}/nodecheck"
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise StateError("there is no state directory: neither --state nor XDG_STATE_HOME nor HOME says where")
    return f"{home}/.local/state/nodecheck"


def prepared(directory: str) -> str:
    """Make the directory (mode 0700) where it is missing, and give its real path.

    Raises StateError where others own it or can write it, OSError where it cannot be made.
    """
    directory = os.path.join(os.getcwd(), directory)
    if not os.path.isdir(directory):
        _make(directory)
    verify(directory)
    return os.path.realpath(directory)


def _make(directory: str) -> None:
    _verify_way(directory, there_is(directory))
    os.makedirs(os.path.dirname(os.path.abspath(directory)), mode=0o755, exist_ok=True)
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError as error:
        if not os.path.isdir(directory):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory) from error


def verify(directory: str) -> None:
    """Raise StateError where someone else owns the directory (an absolute path), or can write it or, for root, lead
    elsewhere or move it away."""
    found = os.stat(directory)
    if found.st_uid != os.geteuid():
        raise StateError(f"{directory}: owned by uid {found.st_uid}, not by this user: refused")
    if found.st_mode & 0o022:
        raise StateError(f"{directory}: others can write it (mode {stat.S_IMODE(found.st_mode):04o}): refused")
    _verify_way(directory, directory)


def _verify_way(directory: str, there: str) -> None:
    problem = untrusted_above(there) if os.geteuid() == 0 else None
    if problem:
        raise StateError(f"{directory}: {problem}: refused")
