"""Whether root may trust a place: nobody else may write there, or lead elsewhere on the way to it."""

from __future__ import annotations

import os
import stat

from nodecheck.errors import Malformed
from nodecheck.host.programs import on_the_way


def there_is(path: str) -> str:
    """As much of an absolute path as there is."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def untrusted_above(directory: str) -> str | None:
    """Why root must not trust what lies in a directory: it, one above it, or a link on the way to it is another's, or
    others can write it. Raises OSError.

    A sticky directory of root's (``/tmp``) is good enough: nobody else can move there what is root's.
    """
    try:
        for path, found in on_the_way(directory):
            if found.st_uid != 0:
                return f"{path} is owned by uid {found.st_uid}"
            if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX and not stat.S_ISLNK(found.st_mode):
                return f"others can write {path} (mode {stat.S_IMODE(found.st_mode):04o})"
    except Malformed as error:
        return f"{error.source}: {error.detail}"
    return None
