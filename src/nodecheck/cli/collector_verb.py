"""Print a script of sh that captures a node without Python.

It prints what the checks read, without secrets, and writes nothing. Elsewhere run --capture judges it.
"""

from __future__ import annotations

import argparse

from nodecheck.cli.start import Unwritten, write, write_file

MODE = 0o755
"""Of the script in a file."""

EPILOG = """\
nodecheck collector > collector.sh
ssh root@node1 'sh -s | gzip' < collector.sh > node1.capture
nodecheck run --capture node1.capture --role worker

kubectl debug node/node1 -i -q --image=busybox -- chroot /host sh -s < collector.sh > node1.capture
NODECHECK_ROOT=/mnt sh collector.sh > image.capture       # the file system in a directory

exit codes:
  0    printed
  2    usage
  74   the file could not be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck collector``."""
    parser.epilog = EPILOG
    parser.add_argument("-o", "--output", metavar="FILE", help="write FILE, whole or not at all, not standard output")


def main(args: argparse.Namespace) -> int:
    """Print the script."""
    from nodecheck.capturing.collector import script
    from nodecheck.plugins import load

    text = script(load())
    if args.output is None:
        write(text)
    elif not write_file(args.output, text, MODE):
        raise Unwritten("the script could not be written")
    return 0
