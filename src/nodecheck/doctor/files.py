"""The audit's files: configuration, waivers, state."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nodecheck.doctor.items import Item, missing, note, ok
from nodecheck.errors import NodecheckError

TOPIC = "files"


def files() -> Iterator[Item]:
    """Whether each is valid and may be trusted."""
    from nodecheck.config.load import load_config
    from nodecheck.config.model import DEFAULT_PATH

    state = None
    try:
        config = load_config()
    except NodecheckError as error:
        yield missing(TOPIC, DEFAULT_PATH, str(error), "a valid configuration: the audit does not start with this one")
    else:
        state = config.state
        told = ", ".join(config.files) if config.files else "none: the defaults hold"
        yield ok(TOPIC, "configuration", told)
        yield from (_waivers(path) for path in config.waivers)
    yield _state(state)


def _waivers(path: str) -> Item:
    from nodecheck.plugins import load
    from nodecheck.profile.waiver_files import load_waivers

    try:
        count = len(load_waivers(path, load()))
    except NodecheckError as error:
        return missing(TOPIC, path, str(error), "a valid file of waivers: the audit does not start with this one")
    return ok(TOPIC, path, f"{count} waivers")


def _state(configured: str | None) -> Item:
    from nodecheck.audit.place import default_directory, verify

    try:
        path = configured or default_directory(os.environ, os.geteuid())
        if not os.path.isdir(path):
            return _to_be_made(path)
        verify(os.path.abspath(path))
    except NodecheckError as error:
        return missing(TOPIC, "state", str(error), "a directory of this user's, for the audit's history")
    except OSError as error:
        return missing(
            TOPIC, "state", f"{path}: {error.strerror}", "a directory of this user's, for the audit's history"
        )
    if not os.access(path, os.W_OK):
        return missing(TOPIC, "state", f"{path}: cannot be written", "a file system that is not read-only")
    return ok(TOPIC, "state", path)


def _to_be_made(path: str) -> Item:
    above = os.path.dirname(path)
    while not os.path.isdir(above) and above != "/":
        above = os.path.dirname(above)
    if os.access(above, os.W_OK):
        return note(TOPIC, "state", f"{path}: made by the first audit")
    return missing(TOPIC, "state", f"{path}: cannot be made", f"{above} that can be written")
