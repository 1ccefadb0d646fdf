"""Check this node, record the result, and tell what changed; silent where nothing did."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nodecheck.cli.options import add_outputs, add_run_options, judged
from nodecheck.cli.start import EPILOG, Unwritten, complain, write
from nodecheck.errors import UsageError

if TYPE_CHECKING:
    from nodecheck.audit.session import Audit
    from nodecheck.report import Report

GRACE_S = 15.0
"""Seconds that recording and writing may take beyond the run itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck audit``."""
    parser.epilog = EPILOG
    add_run_options(parser)
    add_outputs(parser, "text or json, of the changes")
    add = parser.add_argument
    add("--state", metavar="DIR", help="the state directory (default: /var/lib/nodecheck, or the user's own)")
    add("--changed-only", action="store_true", help="report, and exit by, the changes alone")


def main(args: argparse.Namespace) -> int:
    """Audit the node."""
    from nodecheck.audit.guest import TimeIsUp, alarm_after, alarm_off, behave

    if args.format not in ("text", "json"):
        raise UsageError(f"--format: expected text or json, found {args.format!r} (--output writes the others)")
    behave(10, "idle", 512)
    alarm_after(args.timeout + GRACE_S)
    try:
        return _audit(args)
    except TimeIsUp:
        complain(f"the audit did not end within {args.timeout + GRACE_S:g} seconds, and was given up")
        return 3
    finally:
        alarm_off()


def _audit(args: argparse.Namespace) -> int:
    import os
    from contextlib import ExitStack

    from nodecheck.audit.lock import locked
    from nodecheck.audit.place import default_directory, prepared

    directory, problem = None, ""
    wanted = args.state or default_directory(os.environ, os.geteuid())
    with ExitStack() as held:
        try:
            real = prepared(wanted)
            held.enter_context(locked(real))
            directory = real
        except OSError as error:
            problem = f"{wanted}: {error.strerror or error}"
        return _done(args, judged(args), directory, problem)


def _done(args: argparse.Namespace, report: Report, directory: str | None, problem: str) -> int:
    from nodecheck.audit.keep import Limits
    from nodecheck.audit.session import LOUD, note_told, recorded, scope_of

    scope = scope_of(report, tuple(args.select), tuple(args.ignore), args.view)
    audit = recorded(report, directory, scope, problem=problem)
    for notice in audit.notices:
        if notice.code in LOUD:
            complain(notice.message)
    write(_document(args, audit))
    if directory is not None and audit.recorded:
        note_told(directory, Limits(), audit)
    if not audit.recorded:
        raise Unwritten("the run was not recorded")
    code = audit.exit_code() if args.changed_only else report.exit_code
    return 0 if args.exit_zero else code


def _document(args: argparse.Namespace, audit: Audit) -> str:
    if args.format == "json":
        import json

        from nodecheck.audit.document import to_dict

        return json.dumps(to_dict(audit), indent=2) + "\n"
    import sys

    from nodecheck.audit.show import Look, audit_text
    from nodecheck.cli.terminal import colour, width

    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    look = Look(colour(args.no_color), width() if on_terminal else None, args.quiet, args.changed_only)
    return audit_text(audit, look)
