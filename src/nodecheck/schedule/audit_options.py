"""What the options that a schedule passes on mean for it: they must be ones of audit, and hold anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from nodecheck.errors import UsageError
from nodecheck.record import NamedTuple

LEAST_S = 300
"""Seconds after which the service is ended in any case."""


class AuditOptions(NamedTuple):
    """The files that the options name, the directories that are written to, and a limit in seconds."""

    paths: tuple[str, ...]
    writable: tuple[str, ...]
    limit_s: int


def audit_options(words: Sequence[str]) -> AuditOptions:
    """Read options of ``nodecheck audit``. Raises UsageError for a relative path; argparse ends for what is unknown."""
    import argparse

    from nodecheck.cli import audit_verb
    from nodecheck.cli.outputs import parse_output

    parser = argparse.ArgumentParser(prog="nodecheck audit", allow_abbrev=False)
    audit_verb.add_arguments(parser)
    parser.epilog = None
    args = parser.parse_args(words)
    outputs = [parse_output(text)[1] for text in args.output]
    paths = tuple(_paths(args, outputs))
    for path in paths:
        if not path.startswith("/"):
            raise UsageError(f"{path}: expected an absolute path: the audit starts in another directory")
    states = [] if args.state is None else [args.state]
    writable = dict.fromkeys([*states, *(os.path.dirname(path) for path in outputs)])
    return AuditOptions(paths, tuple(writable), max(LEAST_S, int(args.timeout) + 60))


def _paths(args: object, outputs: Sequence[str]) -> Iterator[str]:
    from nodecheck.profile.load import is_path

    given = vars(args)
    yield from outputs
    yield from given["waivers"]
    yield from [given[name] for name in ("root", "state", "config") if given.get(name) is not None]
    if is_path(given["profile"]):
        yield given["profile"]
