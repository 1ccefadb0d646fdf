"""Write all that the checks read of this node, or of the file system in a directory, to one file.

Elsewhere the same verdicts come out of it, for any role, release and profile: see run --capture.
"""

from __future__ import annotations

import argparse
import sys

from nodecheck.cli.options import add_ssh, asks_over_ssh, seconds
from nodecheck.cli.start import Unwritten, write, write_file
from nodecheck.errors import UsageError

MODE = 0o600
"""Of a capture: it says much of a node."""

EPILOG = """\
nodecheck capture -o node.capture
nodecheck run --capture node.capture --role worker --kubernetes 1.36
nodecheck capture --ssh node7 --ssh node8 -o captures

exit codes:
  0    written
  2    usage
  3    a host could not be captured over ssh
  74   the file could not be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck capture``."""
    parser.epilog = EPILOG
    add = parser.add_argument
    told = "write FILE, whole or not at all, not standard output; over ssh: HOST.capture in this directory"
    add("-o", "--output", metavar="FILE", help=told)
    add("--root", metavar="DIR", help="capture the file system in DIR instead of the live node")
    add_ssh(parser)
    add("--timeout", metavar="SECONDS", type=seconds, default=120.0, help="for a whole capture (default: 120)")


def main(args: argparse.Namespace) -> int:
    """Capture, and write."""
    if asks_over_ssh(args):
        from nodecheck.cli.over_ssh import capture_hosts

        return capture_hosts(args)
    from nodecheck.api import capture

    if args.root == "":
        raise UsageError("--root: expected a directory, found nothing")
    if args.output is None and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("a capture is no text for a terminal: say -o FILE, or send it through a pipe")
    found = capture(root=args.root, timeout=args.timeout)
    if args.output is None:
        write(found)
    elif not write_file(args.output, found, MODE):
        raise Unwritten("the capture could not be written")
    return 0
