"""The JSON Schema (2020-12) of a report, a plan, an audit or a profile."""

from __future__ import annotations

import argparse
import os

from nodecheck.cli.start import write

DOCUMENTS = ("report", "plan", "audit", "profile")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck schema``."""
    parser.add_argument("document", choices=DOCUMENTS, metavar="|".join(DOCUMENTS), help="which document's schema")


def main(args: argparse.Namespace) -> int:
    """Print the schema."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(f"{folder}/schemas/{args.document}-1.json", encoding="utf-8") as file:
        write(file.read())
    return 0
