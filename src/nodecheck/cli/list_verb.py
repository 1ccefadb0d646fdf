"""The checks of a profile, with their severities as the profile sets them; with --json their parameters too."""

from __future__ import annotations

import argparse
from typing import Any

from nodecheck.cli.start import write
from nodecheck.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck list``."""
    parser.add_argument("--profile", metavar="NAME|FILE", default="kubernetes", help="default: kubernetes")
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args: argparse.Namespace) -> int:
    """Print the checks."""
    import json

    listed = catalogue(args.profile)
    if args.json:
        write(json.dumps(listed, indent=2) + "\n")
        return 0
    room = max((len(item["name"]) for item in listed), default=0)
    for item in listed:
        views = " ".join(f"{view if view in item['views'] else '-':<4}" for view in ("now", "boot"))
        write(printable(f"{item['name']:<{room}}  {views}  {item['severity']:<7}  {item['title']}") + "\n")
    return 0


def catalogue(profile: str) -> list[dict[str, Any]]:
    """Every check that the profile does not ignore, as ``list --json`` shows it."""
    from nodecheck.running.catalogue import checks

    return [item._asdict() for item in checks(profile)]
