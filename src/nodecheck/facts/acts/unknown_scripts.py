"""Scripts and programs of which only a part of the path is known: ``"$DIR/x.sh"``, ``. "/etc/default/$NAME"``."""

from __future__ import annotations

from fnmatch import fnmatchcase

from nodecheck.formats.shell_calls import UNTOLD
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none

FOLDERS = ("/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/opt", "/root", "/srv", "/etc")
"""Where the end of a path is looked for, beside the directory of the script and those around it."""
INSIDE = ("/opt", "/usr/local/lib", "/usr/local/share", "/srv", "/home")
"""Directories of which each one inside is tried too."""
MOST_FOLDERS = 64
LOGIN = ("/etc/profile", "/etc/bash", "/etc/default/", "/etc/sysconfig/")
"""What packages bring, and own scripts read for its variables."""


def candidates(host: Host, shape: str, source: str, folder: str) -> tuple[str, ...]:
    """The files that a path may name: by a pattern in a directory that is known, or by its end.

    ``source`` is the script that names it, ``folder`` the directory that it runs in. Raises what the host raises.
    """
    known, _, end = shape.rpartition("/")
    if known and UNTOLD not in known:
        place = known if known.startswith("/") else f"{folder}/{known}"
        pattern = end.replace(UNTOLD, "*")
        return tuple([f"{place}/{name}" for name in _names(host, place) if fnmatchcase(name, pattern)])
    tail = shape.rpartition(UNTOLD)[2]
    if not tail.startswith("/"):
        return ()
    around = [source]
    while around[-1].count("/") > 2:
        around.append(around[-1].rpartition("/")[0])
    inside = [f"{top}/{name}" for top in INSIDE for name in _names(host, top)[:MOST_FOLDERS]]
    folders = dict.fromkeys((*around[1:], *FOLDERS, *inside))
    return tuple([path for one in folders if exists(host, path := f"{one}{tail}")])


def _names(host: Host, folder: str) -> tuple[str, ...]:
    found = stat_or_none(host, folder)
    return names_in(host, folder) if found is not None and found.kind == "dir" else ()
