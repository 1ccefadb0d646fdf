"""What changed between two reports: files, or recorded runs (a number, the start of an id, last, last~1,
baseline, or a time: 7d or 2026-11-23 is the last run before it).

Exit codes by the changes alone: 0 nothing worse, 1 something fails newly at or above the later report's --fail-on,
3 something can no longer be judged and nothing fails newly.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from nodecheck.cli.start import write
from nodecheck.cli.state import add_state, state_directory
from nodecheck.errors import ReportError, UsageError

if TYPE_CHECKING:
    from nodecheck.audit.changes import Change
    from nodecheck.report import Report

MOST_BYTES = 64 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck diff``."""
    add = parser.add_argument
    add("old", metavar="A", help="the earlier report: a JSON file, or a recorded run")
    add("new", metavar="B", help="the later report")
    add("--changed-only", action="store_true", help="leave out what fails in both")
    add("--format", choices=("text", "json"), default="text", help="(default: text)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    add("--no-color", action="store_true", help="plain text on a terminal too (as NO_COLOR does)")
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Tell the difference."""
    from nodecheck.audit.changes import STILL_FAILING, diff, exit_code
    from nodecheck.audit.session import contrast

    (old, before), (new, now) = (_report(args, text) for text in (args.old, args.new))
    changes, notices = diff(old, new), contrast(old, new)
    if before is not None and now is not None:
        changes = _dated(args, before, now, changes)
    if args.format == "json":
        import json

        from nodecheck.audit.document import diff_dict

        shown = [change for change in changes if not (args.changed_only and change.kind == STILL_FAILING)]
        write(json.dumps(diff_dict(old, new, (before, now), tuple(shown), notices), indent=2) + "\n")
    else:
        from nodecheck.audit.show import diff_text
        from nodecheck.cli.audit_verb import look_of

        text = diff_text(changes, notices, look_of(args))
        write(_compared(old, before, new, now) + text if text else "")
    return exit_code(changes, new.run.fail_on)


def _compared(old: Report, before: int | None, new: Report, now: int | None) -> str:
    """Which runs were compared, where the history was asked for one."""
    from nodecheck.text import minute

    if before is None and now is None:
        return ""
    words = [
        f"{'the report of' if number is None else f'run {number},'} {minute(report.run.started_at)}"
        for report, number in ((old, before), (new, now))
    ]
    return f"{words[0]}, against {words[1]}\n"


def _dated(args: argparse.Namespace, before: int, now: int, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes with what the history knows of them: since when."""
    from nodecheck.audit.opening import reading
    from nodecheck.audit.past import Past

    with reading(state_directory(args)) as db:
        return Past(db, before, now).dated(changes)


def _report(args: argparse.Namespace, text: str) -> tuple[Report, int | None]:
    """The report that a text names, and its number in the history where it is of it."""
    from nodecheck.audit.lookup import BASELINE, find, report_of
    from nodecheck.audit.opening import reading

    if "/" in text or text.endswith(".json") or os.path.isfile(text):
        return _of_file(text), None
    with reading(state_directory(args)) as db:
        if text == BASELINE:
            from nodecheck.cli.history_verb import _accepted

            accepted = _accepted(db)
            return accepted.report, accepted.run
        run = find(db, text)
        if run is None:
            raise UsageError(f"{text!r} is neither a file nor a recorded run")
        return report_of(db, run)[0], run


def _of_file(path: str) -> Report:
    from nodecheck.reading import read_file
    from nodecheck.report import Report

    try:
        raw = read_file(path, MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
    try:
        return Report.from_json(raw)
    except ReportError as error:
        raise UsageError(f"{path}: {error}") from error
