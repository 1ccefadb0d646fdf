"""Write all that the checks read of this node, or of the file system in a directory, to one file.

Elsewhere the same verdicts come out of it, for any role, release and profile: see run --capture.
"""

from __future__ import annotations

import argparse
import sys

from nodecheck.cli.options import add_ssh, asks_over_ssh, seconds
from nodecheck.cli.start import Unwritten, write, write_file
from nodecheck.errors import UsageError
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.capturing.image import Image

MODE = 0o600
"""Of a capture: it says much of a node."""

EPILOG = """\
nodecheck capture -o node.capture
nodecheck run --capture node.capture --role worker --kubernetes 1.36
nodecheck capture --from node.capture --show /etc/fstab

nodecheck capture --redact --map fleet.map -o sent.capture
nodecheck capture --ssh node7 --ssh node8 -o captures

exit codes:
  0    written, or shown
  2    usage, or a capture that is none
  3    a host could not be captured over ssh
  74   the file could not be written
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck capture``."""
    parser.epilog = EPILOG
    add = parser.add_argument
    told = "write FILE, whole or not at all, not standard output; over ssh: HOST.capture in this directory"
    add("-o", "--output", metavar="FILE", help=told)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--root", metavar="DIR", help="capture the file system in DIR instead of the live node")
    told = "take a capture that is there (- for standard input); of several, of one node, the later knows better"
    one.add_argument("--from", metavar="FILE", dest="sources", action="append", default=[], help=told)
    told = "print what is known of PATH, or of the capture itself, and write none"
    add("--show", metavar="PATH", nargs="?", const="", help=told)
    told = "other names, addresses and ids in place of the node's own; verdicts stay"
    add("--redact", action="store_true", help=told)
    told = "the key of --redact, and what became what; made where it is not there. Keep it: it is for the owner alone"
    add("--map", metavar="FILE", help=told)
    add_ssh(parser)
    add("--timeout", metavar="SECONDS", type=seconds, default=120.0, help="for a whole capture (default: 120)")


def main(args: argparse.Namespace) -> int:
    """Capture, and write or show."""
    _check(args)
    if asks_over_ssh(args):
        from nodecheck.cli.over_ssh import capture_hosts

        return capture_hosts(args)
    image = _image(args)
    if args.redact:
        image = _redacted(image, args.map)
    if args.show is not None:
        write(_shown(image, args.show))
        return 0
    from nodecheck.capturing.files import packed

    _deliver(args.output, packed(image))
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.root == "" or "" in args.sources:
        raise UsageError(
            "--root: expected a directory, found nothing" if args.root == "" else "--from: expected a file"
        )
    if asks_over_ssh(args) and (args.redact or args.sources or args.show is not None):
        raise UsageError(
            "--ssh: expected neither --redact nor --from nor --show: they take what it wrote, by --from FILE"
        )
    if args.map is not None and not (args.redact and args.map):
        raise UsageError(
            "--map: expected a file, and --redact" if args.redact else "--map: expected --redact beside it"
        )
    if args.show is not None and args.output is not None:
        raise UsageError("--show prints what is known: expected no -o beside it")
    if args.sources.count("-") > 1:
        raise UsageError("--from -: expected standard input once")
    if (
        args.show is None
        and args.output is None
        and not asks_over_ssh(args)
        and sys.stdout is not None
        and sys.stdout.isatty()
    ):
        raise UsageError("a capture is no text for a terminal: say -o FILE, or send it through a pipe")


def _image(args: argparse.Namespace) -> Image:
    if args.sources:
        from nodecheck.capturing.settle import settled

        return settled(args.sources)
    from nodecheck.api import captured_image

    return captured_image(args.root, args.timeout)


def _redacted(image: Image, path: str | None) -> Image:
    """The image with other names; its map is written before it, so that no capture is without its map."""
    from nodecheck.capturing.permute import RedactKey
    from nodecheck.capturing.redact import redacted
    from nodecheck.capturing.redact_map import MODE as MAP_MODE
    from nodecheck.capturing.redact_map import dumped_map, new_key, read_map

    if image.origin.redacted:
        raise UsageError("--redact: this capture is redacted already")
    key, table = (new_key(), {}) if path is None else read_map(path)
    found = redacted(image, RedactKey(key), table)
    if path is not None and not write_file(path, dumped_map(key, table), MAP_MODE):
        raise Unwritten("the map could not be written")
    return found


def _shown(image: Image, path: str) -> str:
    from nodecheck.capturing.host import CaptureHost
    from nodecheck.capturing.show import of_path, overview

    return of_path(CaptureHost(image, "this capture"), path) if path else overview(image)


def _deliver(path: str | None, raw: bytes) -> None:
    if path is None:
        write(raw)
    elif not write_file(path, raw, MODE):
        raise Unwritten("the capture could not be written")
