"""Print the version; the same as --version."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``nodecheck version`` has no options."""


def main(args: argparse.Namespace) -> int:
    """Print it."""
    from nodecheck.cli.start import write
    from nodecheck.version import __version__

    write(f"nodecheck {__version__}\n")
    return 0
