"""This nodecheck itself: versions, dependencies, plugins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module

from nodecheck.doctor.items import Item, missing, note, ok
from nodecheck.shipped import STATIC
from nodecheck.version import __version__

TOPIC = "program"
DEPENDENCIES = (
    "packaging", "pluggy", *(() if STATIC else ("psutil",)), "pyroute2", "PyYAML",
    *(("tomli",) if sys.version_info < (3, 11) else ()),
)  # fmt: skip
"""psutil is of no use in the static file, since it is compiled: nothing needs it there."""


def program() -> Iterator[Item]:
    """nodecheck, Python and what they import."""
    yield ok(TOPIC, "nodecheck", __version__)
    yield ok(TOPIC, "Python", f"{'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}")
    yield from (_dependency(name) for name in DEPENDENCIES)
    yield _sqlite()


def made_of() -> Iterator[tuple[str, str]]:
    """Python, what is imported, and the libraries of C, each with its version; ``-`` for what is not there."""
    from importlib.metadata import PackageNotFoundError, version

    kind = "in one static file" if STATIC else sys.implementation.name
    yield "Python", f"{'.'.join(map(str, sys.version_info[:3]))} ({kind})"
    for name in DEPENDENCIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "-"
    for name, module, attribute in (("SQLite", "sqlite3", "sqlite_version"), ("zlib", "zlib", "ZLIB_RUNTIME_VERSION")):
        try:
            yield name, str(getattr(import_module(module), attribute))
        except ImportError:
            yield name, "-"


def _dependency(name: str) -> Item:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return ok(TOPIC, name, version(name))
    except PackageNotFoundError:
        # A distribution may have it without its metadata; only the import counts then.
        return note(TOPIC, name, "its version is not known here")


def _sqlite() -> Item:
    try:
        import sqlite3
    except ImportError as error:
        return missing(TOPIC, "sqlite3", str(error), "a Python with sqlite3, for the audit's history")
    return ok(TOPIC, "sqlite3", sqlite3.sqlite_version)


def plugins() -> Iterator[Item]:
    """Each plugin, and why it failed."""
    from nodecheck.plugins import load

    registry = load()
    for _ in registry.all_checks():
        pass  # importing each check shows the plugins that only fail then
    for plugin in registry.plugins:
        detail = f"{plugin.version or '?'}, {plugin.status}"
        if plugin.status == "failed":
            needs = f"another version of {plugin.name}, or none"
            yield missing("plugins", plugin.name, f"{detail}: {plugin.error}", needs)
        else:
            yield ok("plugins", plugin.name, detail)
