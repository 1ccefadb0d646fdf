"""The JSON Schema (2020-12) of a report, a plan, an audit, a profile, or of several hosts."""

from __future__ import annotations

import argparse

from nodecheck.cli.start import write
from nodecheck.model.schemas import DOCUMENTS, schema_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck schema``."""
    parser.add_argument("document", choices=DOCUMENTS, metavar="|".join(DOCUMENTS), help="which document's schema")


def main(args: argparse.Namespace) -> int:
    """Print the schema."""
    write(schema_text(args.document))
    return 0
