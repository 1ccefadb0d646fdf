"""Say what the verbs do, or the options of one; the same as --help."""

from __future__ import annotations

import argparse

from nodecheck.cli.verbs import VERBS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck help``."""
    parser.add_argument("verb", metavar="VERB", nargs="?", choices=tuple(VERBS), help="the options of this verb")


def main(args: argparse.Namespace) -> int:
    """Print the page."""
    from nodecheck.cli.start import overview, verb_parser, write

    parser = overview() if args.verb is None else verb_parser(args.verb)[1]
    write(parser.format_help())
    return 0
