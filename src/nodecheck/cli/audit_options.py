"""What the audit that is scheduled will read and write: its options and its configuration, as they are now."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nodecheck.errors import UsageError
from nodecheck.record import NamedTuple
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.running.request import Site

LEAST_S = 300
"""Seconds after which the service is ended in any case."""

OWN = "/var/lib/nodecheck"
"""What ``StateDirectory=`` makes and lets the service write."""


class AuditOptions(NamedTuple):
    """The files that are named, the directories that are written to, and a limit in seconds."""

    paths: tuple[str, ...]
    writable: tuple[str, ...]
    limit_s: int


def audit_options(words: Sequence[str]) -> AuditOptions:
    """Read options of ``nodecheck audit``, and the configuration for what they leave out.

    Raises UsageError for a relative path, for what no line of a unit or of a cron entry can hold, and for whatever the
    audit would refuse; argparse ends for what is unknown.
    """
    from nodecheck.cli import audit_verb
    from nodecheck.cli.configured import config_of
    from nodecheck.cli.start import verb_parser
    from nodecheck.config.site import site_of_audit
    from nodecheck.render.outputs import SOCKETS, parse_outputs

    args = verb_parser("audit")[1].parse_args(words)
    config = config_of(args)
    audit_verb.fill(args, config)
    files = [path for format_, path in parse_outputs(args.output) if format_ not in SOCKETS]
    paths = (*files, *_named(args, site_of_audit(config)))
    for path in paths:
        if not path.startswith("/"):
            raise UsageError(f"{path}: expected an absolute path: the audit starts in another directory")
    folders = [*([args.state] if args.state else []), *(os.path.dirname(path) for path in files)]
    writable = dict.fromkeys(path for path in folders if path != OWN and not path.startswith((f"{OWN}/", "/dev")))
    for word in (*words, *writable):
        if printable(word) != word:
            raise UsageError(f"{printable(word)!r}: no unit and no cron entry can hold this")
    return AuditOptions(paths, tuple(writable), max(LEAST_S, int(args.timeout) + 60))


def _named(args: argparse.Namespace, site: Site) -> Iterator[str]:
    from nodecheck.profile.sources import is_path

    yield from args.waivers or (*site.waivers, *site.absent)
    yield from [path for path in (args.root, args.state, args.config) if path is not None]
    profile = args.profile or site.profile
    if profile is not None and is_path(profile):
        yield profile
