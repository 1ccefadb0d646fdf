"""Print a script of sh that captures a node without Python.

It prints what the checks read, without secrets, and writes nothing. Elsewhere run --capture judges it.
"""

from __future__ import annotations

import argparse

from nodecheck.cli.start import Unwritten, complain, write, write_file
from nodecheck.errors import UsageError
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.capturing.collector import ToCollect
    from nodecheck.plugins import Registry

MODE = 0o755
"""Of the script in a file."""

MOST_TOLD = 20
"""Lines of what no script brings."""

EPILOG = """\
nodecheck collector > collector.sh
ssh root@node1 'sh -s | gzip' < collector.sh > node1.capture
nodecheck run --capture node1.capture --role worker

kubectl debug node/node1 -i -q --image=busybox -- chroot /host sh -s < collector.sh > node1.capture
NODECHECK_ROOT=/mnt sh collector.sh > image.capture       # the file system in a directory

nodecheck collector --more node1.capture > more.sh        # what node1.capture lacks, and no more
ssh root@node1 'sh -s | gzip' < more.sh > node1.more
nodecheck capture --from node1.capture --from node1.more -o node1.whole

exit codes:
  0    printed
  2    usage, or a capture that is none
  74   the file could not be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck collector``."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("-o", "--output", metavar="FILE", help="write FILE, whole or not at all, not standard output")
    told = "only what the checks ask and this capture, or archive, has no answer to (- for standard input); of several"
    add("--more", metavar="FILE", action="append", default=[], help=f"{told}: what none of them has")


def main(args: argparse.Namespace) -> int:
    """Print the script."""
    from nodecheck.capturing.collector import script
    from nodecheck.plugins import load

    registry = load()
    text = script(registry, _more(args.more, registry) if args.more else None)
    if args.output is None:
        write(text)
    elif not write_file(args.output, text, MODE):
        raise Unwritten("the script could not be written")
    return 0


def _more(paths: list[str], registry: Registry) -> ToCollect:
    """What captures lack. How much that is, and what no script brings, goes to standard error."""
    from nodecheck.capturing.host import CaptureHost
    from nodecheck.capturing.more import lacking
    from nodecheck.capturing.settle import settled

    if "" in paths or paths.count("-") > 1:
        raise UsageError("--more: expected a file, found nothing" if "" in paths else "--more -: expected it once")
    name = " and ".join(paths)
    found = lacking(CaptureHost(settled(paths), name), registry)
    if not found.number:
        complain(f"{name} has an answer to all that the checks ask: the script says whose capture it is, and no more")
        return found.wanted
    complain(f"{name} has no answer to {found.number} questions")
    for source in found.beyond[:MOST_TOLD]:
        complain(f"the script cannot bring {source}")
    if found.beyond[MOST_TOLD:]:
        complain(f"nor {len(found.beyond) - MOST_TOLD} others")
    return found.wanted
