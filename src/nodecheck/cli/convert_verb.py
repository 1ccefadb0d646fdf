"""Show a report that nodecheck run --json wrote, in another format; the node is not looked at again."""

from __future__ import annotations

import argparse
import sys

from nodecheck.cli.options import add_exit_map, exit_map
from nodecheck.cli.start import Unwritten, write, write_file
from nodecheck.errors import ReportError, UsageError
from nodecheck.reading import read_file
from nodecheck.report import Report
from nodecheck.report.summary import mapped_exit_code

LARGEST = 1 << 28
"""Bytes of the largest report that is read."""

EPILOG = """\
exit codes:
  0    converted, whatever the report says
  1, 3 what the report says, where --to nagios, --to npd or --exit-map asks for it
  2    usage: FILE is no report, there is no such format (or CRITICAL to Nagios)
  74   an output could not be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck convert``."""
    from nodecheck.render.outputs import BUILT_IN

    parser.epilog = EPILOG
    parser.add_argument("report", metavar="FILE", help="a report as JSON; - for standard input")
    parser.add_argument("--to", metavar="FORMAT", required=True, help=f"{', '.join(BUILT_IN)}, or one of a plugin")
    parser.add_argument("-o", "--output", metavar="FILE", help="write FILE, whole or not at all, not standard output")
    told = "with --to text: explain every verdict, passes too, as run -v does"
    parser.add_argument("-v", "--verbose", action="store_true", help=told)
    add_exit_map(parser)


def main(args: argparse.Namespace) -> int:
    """Read, convert, write."""
    from nodecheck.cli.exit_maps import guarded

    codes = exit_map(args, args.to)
    return guarded(codes, lambda: _convert(args, codes))


def _convert(args: argparse.Namespace, codes: str | None) -> int:
    from nodecheck.render.outputs import renderer

    if args.verbose and args.to != "text":
        raise UsageError(f"--verbose: goes with --to text; {args.to} has one length")
    render = _in_full if args.verbose else renderer(args.to)
    report = read_report(args.report)
    document = render(report)
    if args.output is None:
        write(document)
    elif not write_file(args.output, document):
        raise Unwritten("the report could not be written")
    return 0 if codes is None else mapped_exit_code(report, codes)


def _in_full(report: Report) -> str:
    """The report as text, as ``nodecheck run -v`` prints it where no terminal is."""
    from nodecheck.render.style import Style
    from nodecheck.render.text import render_text

    return render_text(report, Style(verbose=True))


def read_report(path: str) -> Report:
    """The report in a file, or on standard input where the path is ``-``. Raises ReportError and UsageError."""
    name = "standard input" if path == "-" else path
    try:
        return Report.from_json(_read(path))
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from error
    except ReportError as error:
        raise ReportError(f"{name}: {error}") from error


def _read(path: str) -> bytes:
    if path == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed")
        found = sys.stdin.buffer.read(LARGEST + 1)
    else:
        found = read_file(path, LARGEST)
    if len(found) > LARGEST:
        raise ReportError(f"expected a report of at most {LARGEST >> 20} MiB, found more")
    return found
