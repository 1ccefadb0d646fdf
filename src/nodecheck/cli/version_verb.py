"""Print the version; the same as --version. With -v, the versions of what it is made of too."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck version``."""
    parser.add_argument("-v", "--verbose", action="store_true", help="the versions of Python and of what is used, too")


def main(args: argparse.Namespace) -> int:
    """Print it."""
    from nodecheck.cli.start import write
    from nodecheck.version import __version__

    write(f"nodecheck {__version__}\n")
    if args.verbose:
        from nodecheck.doctor.program import made_of

        write("".join(f"{name} {version}\n" for name, version in made_of()))
    return 0
