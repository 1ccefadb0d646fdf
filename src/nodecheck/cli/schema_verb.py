"""The JSON Schema (2020-12) of a report, a plan, an audit or a profile."""

from __future__ import annotations

import argparse

from nodecheck.cli.start import write
from nodecheck.running.catalogue import DOCUMENTS
from nodecheck.shipped import shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck schema``."""
    parser.add_argument("document", choices=DOCUMENTS, metavar="|".join(DOCUMENTS), help="which document's schema")


def main(args: argparse.Namespace) -> int:
    """Print the schema."""
    write(shipped(f"schemas/{args.document}-1.json"))
    return 0
