"""Putting the files of a schedule in place, and taking them away: only files of ours, and each step is told."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping

from nodecheck.errors import FactError, UsageError

UNIT_DIRECTORY = "/etc/systemd/system"
SERVICE = f"{UNIT_DIRECTORY}/nodecheck.service"
TIMER = f"{UNIT_DIRECTORY}/nodecheck.timer"
CRON = "/etc/cron.d/nodecheck"
"""Without a dot: Debian's cron leaves names with one out (cron(8))."""

_MARK = b"# Written by nodecheck schedule;"


def install(files: Mapping[str, str]) -> Iterator[str]:
    """Write each file whole or not at all; yields what was done. Raises UsageError before anything is written."""
    from nodecheck.writing import write_atomically

    for path in files:
        _ours(path)
        if not os.path.isdir(os.path.dirname(path)):
            raise UsageError(f"{os.path.dirname(path)}: there is no such directory, so nothing reads it here")
    for path, text in files.items():
        old = _content(path)
        if old == text.encode():
            yield f"{path}: is as it must be"
            continue
        write_atomically(path, text)
        os.chmod(path, 0o644)
        yield f"{path}: {'written' if old is None else 'written anew'}"


def remove(paths: tuple[str, ...]) -> Iterator[str]:
    """Take our files away; yields what was done. Raises UsageError before anything is removed."""
    there = [path for path in paths if _ours(path)]
    for path in there:
        os.unlink(path)
        yield f"{path}: removed"
    if not there:
        yield f"{paths[0]}: not there"


def _ours(path: str) -> bool:
    """Whether there is a file of ours. Raises UsageError where something else has its place."""
    content = _content(path)
    if content is not None and not content.startswith(_MARK):
        raise UsageError(f"{path}: not written by nodecheck schedule; move it away first")
    return content is not None


def _content(path: str) -> bytes | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path}: not a regular file (a mask, or a link of somebody's); move it away first")
    with open(path, "rb") as file:
        return file.read(1 << 16)


def systemctl(*words: str) -> str:
    """Run ``systemctl``; what was done. Raises OSError where it fails."""
    from subprocess import DEVNULL, run

    from nodecheck.host.commands import ENVIRONMENT
    from nodecheck.host.programs import find_program

    try:
        path = find_program("systemctl")
    except FactError as error:
        raise OSError(f"systemctl: {error.detail}") from error
    done = run(  # noqa: S603
        (path, *words), capture_output=True, text=True, timeout=60, stdin=DEVNULL, check=False, env=ENVIRONMENT
    )
    if done.returncode:
        raise OSError(f"systemctl {' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return f"ran systemctl {' '.join(words)}"


def systemd_runs() -> bool:
    """Whether systemd is this system's init (sd_booted(3))."""
    return os.path.isdir("/run/systemd/system")
