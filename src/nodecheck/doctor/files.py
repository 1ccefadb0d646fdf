"""The files of nodecheck itself: configuration, waivers, state."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nodecheck.doctor.items import Item, missing, note, ok
from nodecheck.errors import ConfigDenied, NodecheckError

TOPIC = "files"


def files(config_path: str | None = None, without: bool = False) -> Iterator[Item]:
    """Whether each is valid and may be trusted; ``without`` is ``--no-config``."""
    from nodecheck.config.load import load_config
    from nodecheck.report.parts import DEFAULT_CONFIG as DEFAULT_PATH

    state = None
    if without:
        yield note(TOPIC, "configuration", "not looked at (--no-config)")
        yield _state(None)
        return
    try:
        config = load_config(config_path)
    except ConfigDenied as error:
        needs = "root, or leave to read it: here the node is judged without it, and not as the audit judges it"
        yield missing(TOPIC, config_path or DEFAULT_PATH, str(error), needs)
    except NodecheckError as error:
        yield missing(TOPIC, DEFAULT_PATH, str(error), "a valid configuration: the audit does not start with this one")
    else:
        state = config.state
        told = ", ".join(config.files) if config.files else "none: the defaults hold"
        yield ok(TOPIC, "configuration", told)
        yield from (_waivers(path) for path in dict.fromkeys((*config.waivers, *config.wanted.waivers)))
    yield _state(state)


def _waivers(path: str) -> Item:
    from nodecheck.plugins import load
    from nodecheck.profile.waiver_files import load_waivers

    try:
        count = len(load_waivers(path, load()))
    except NodecheckError as error:
        return missing(TOPIC, path, str(error), "a valid file of waivers")
    return ok(TOPIC, path, "1 waiver" if count == 1 else f"{count} waivers")


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
