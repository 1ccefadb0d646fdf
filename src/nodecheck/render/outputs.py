"""Formats by name, and the outputs that were asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from nodecheck.checking.selectors import one_of
from nodecheck.errors import UsageError
from nodecheck.report import Report

Renderer = Callable[[Report], str]

BUILT_IN = {
    "text": "text", "short": "short", "json": "json", "jsonl": "jsonl", "junit": "junit", "openmetrics": "openmetrics",
    "nagios": "nagios", "npd": "npd", "markdown": "markdown", "html": "html", "sarif": "sarif", "tap": "tap",
    "github": "github", "ansible": "ansible", "journald": "journald", "syslog": "syslog",
}  # fmt: skip
"""Format to module of ``nodecheck.render``, each with a function ``render``."""


def renderer(name: str) -> Renderer:
    """The renderer of a format: built in, or a plugin's. Raises UsageError."""
    if name in BUILT_IN:
        from importlib import import_module

        found: Renderer = import_module(f"nodecheck.render.{BUILT_IN[name]}").render
        return found
    from nodecheck.plugins import load

    others = load().renderers
    if name not in others:
        raise UsageError(f"there is no format {name!r}{one_of(name, (*BUILT_IN, *others))}")
    return others[name]


SOCKETS = {"journald": "/run/systemd/journal/socket", "syslog": "/dev/log"}
"""Formats that are sent to a socket and not written to a file, with the socket that is meant where none is named."""


def parse_output(text: str) -> tuple[str, str]:
    """Format and path of ``FORMAT=FILE``, or of a format with a socket of its own. Raises UsageError."""
    format_, path = (text, SOCKETS[text]) if text in SOCKETS else format_and_file(text)
    renderer(format_)
    return format_, path


def parse_outputs(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Formats and paths; two may not go to the same file. Raises UsageError."""
    outputs = [parse_output(text) for text in texts]
    once(path for format_, path in outputs if format_ not in SOCKETS)
    return outputs


def once(paths: Iterable[str]) -> None:
    """Raise UsageError where two outputs would go to the same file."""
    files = [os.path.realpath(path) for path in paths if path[:5] != "/dev/"]
    for place, path in enumerate(files):
        if path in files[:place]:
            raise UsageError(f"--output: {path} is asked for twice")


def format_and_file(text: str) -> tuple[str, str]:
    """The two sides of ``FORMAT=FILE``. Raises UsageError."""
    format_, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"--output: expected FORMAT=FILE, found {text!r}")
    if path == "-":
        raise UsageError("--output: - is no file; --format says what goes to standard output")
    return format_, path
