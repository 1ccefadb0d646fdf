"""Accept a recorded run as what the node is to be, or show what was accepted; audits then tell what differs from it."""

from __future__ import annotations

import argparse
import os
import sqlite3

from nodecheck.cli.start import write
from nodecheck.cli.state import add_state, limits_of, state_directory
from nodecheck.errors import HistoryError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck baseline``."""
    verbs = parser.add_subparsers(dest="action", metavar="accept|show", required=True)
    accept = verbs.add_parser("accept", help="accept a run as the baseline of audits like it")
    runs = "a number, the start of an id, last, last~2 (default: last)"
    accept.add_argument("run", metavar="RUN", nargs="?", default="last", help=runs)
    show = verbs.add_parser("show", help="the accepted baselines, and what fails in them")
    show.add_argument("--json", action="store_true", help="as JSON, with the whole reports")
    for verb in (accept, show):
        add_state(verb)


def main(args: argparse.Namespace) -> int:
    """Accept or show."""
    directory = state_directory(args)
    return _accept(args, directory) if args.action == "accept" else _show(args, directory)


def _accept(args: argparse.Namespace, directory: str) -> int:
    from nodecheck.audit.lock import locked
    from nodecheck.audit.lookup import find, report_of
    from nodecheck.audit.opening import Corrupt, opened, reading
    from nodecheck.audit.place import verify
    from nodecheck.audit.store import Baseline, accept
    from nodecheck.cli.start import Unwritten
    from nodecheck.report.settings import in_short
    from nodecheck.text import minute, printable

    with reading(directory) as db:
        run = find(db, args.run)
        if run is None:
            raise UsageError(f"the history has no run {args.run!r}")
        report, scope = report_of(db, run)
    found = Baseline(run, _now(), _who(), report)
    verify(os.path.abspath(directory))
    try:
        with locked(directory), opened(directory, limits_of(args), look=False) as db:
            accept(db, scope, found)
    except (sqlite3.DatabaseError, Corrupt, OSError) as error:
        raise Unwritten(f"the baseline could not be recorded: {getattr(error, 'strerror', None) or error}") from error
    write(f"accepted as the baseline: run {run} of {minute(report.run.started_at)}, {printable(in_short(report))}\n")
    return 0


def _show(args: argparse.Namespace, directory: str) -> int:
    import json

    from nodecheck.audit.opening import reading
    from nodecheck.audit.show_history import baseline_text
    from nodecheck.audit.store import baselines

    with reading(directory) as db:
        found = baselines(db)
    if not found:
        raise HistoryError("no baseline was accepted yet (nodecheck baseline accept)")
    if args.json:
        told = [
            {"run": item.run, "accepted_at": item.accepted_at, "by": item.by, "report": item.report.to_dict()}
            for item in found
        ]
        write(json.dumps({"baselines": told}, indent=2) + "\n")
    else:
        write("\n".join([baseline_text(item) for item in found]))
    return 0


def _now() -> str:
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%S.000Z", gmtime())


def _who() -> str:
    """Who accepts: the user behind sudo(8), else the user."""
    from nodecheck.running.request import running_user
    from nodecheck.text import printable

    user = running_user()
    return printable(user.sudo_user or user.name or f"uid {user.uid}")
