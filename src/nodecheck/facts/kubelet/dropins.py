"""The files of the kubelet's ``--config-dir``."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import TooLarge
from nodecheck.host import Host

MOST_FILES = 256
MOST_DEPTH = 8


def dropin_paths(host: Host, folder: str) -> Iterator[str]:
    """The ``*.conf`` files in ``folder`` as Go's ``filepath.WalkDir`` finds them: by name, subdirectories in place.

    A link to a directory is not followed, the folder itself included. A directory called ``*.conf`` is taken for a file
    whose place it has, although the kubelet would look into it: what it replaced cannot be known. Raises Absent for a
    folder that is not there, and TooLarge beyond 256 files.
    """
    if host.link(folder) is not None:
        host.stat(folder)
        return
    for count, path in enumerate(_walk(host, folder.rstrip("/"), 0)):
        if count >= MOST_FILES:
            raise TooLarge(folder, f"has more than {MOST_FILES} files")
        yield path


def _walk(host: Host, folder: str, depth: int) -> Iterator[str]:
    for name in host.names(folder or "/"):
        path = f"{folder}/{name}"
        if name.endswith(".conf"):
            yield path
        elif host.link(path) is None and host.stat(path).kind == "dir":
            if depth >= MOST_DEPTH:
                raise TooLarge(path, f"lies more than {MOST_DEPTH} directories deep")
            yield from _walk(host, path, depth + 1)
