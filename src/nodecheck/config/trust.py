"""Reading a configuration file, refused where root must not trust it."""

from __future__ import annotations

import os
import stat

from nodecheck.errors import ConfigDenied, ConfigError
from nodecheck.formats.toml import MOST_BYTES
from nodecheck.host.trust import untrusted_above


def read_trusted(path: str) -> bytes:
    """The bytes of a file.

    Raises FileNotFoundError where there is none, ConfigDenied where the kernel refuses it, and ConfigError where it
    cannot be read otherwise, or where nodecheck runs as root and others own the file or one of its directories or can
    write them.
    """
    try:
        fd = os.open(os.path.realpath(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise ConfigDenied(f"config {path}: {error.strerror}") from error
    except OSError as error:
        raise ConfigError(f"config {path}: {error.strerror or error}") from error
    try:
        _verify(path, os.fstat(fd))
        verify_way(path)
        with os.fdopen(os.dup(fd), "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"config {path}: {error.strerror or error}") from error
    finally:
        os.close(fd)
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"config {path}: larger than {MOST_BYTES >> 10} KiB")
    return raw


def verify_way(path: str) -> None:
    """Raise ConfigError where root runs nodecheck and others can change what ``path`` leads to; OSError."""
    problem = untrusted_above(os.path.join(os.getcwd(), path)) if os.geteuid() == 0 else None
    if problem:
        raise ConfigError(f"config {path}: {problem}: refused, as nodecheck runs as root")


def _verify(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"config {path}: not a regular file")
    if os.geteuid() != 0:
        return
    if found.st_uid != 0:
        raise ConfigError(f"config {path}: owned by uid {found.st_uid}: refused, as nodecheck runs as root")
    if found.st_mode & 0o022:
        mode = stat.S_IMODE(found.st_mode)
        raise ConfigError(f"config {path}: others can write it (mode {mode:04o}): refused, as nodecheck runs as root")
