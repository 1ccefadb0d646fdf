"""Say what this nodecheck can and cannot see here, and what it would need. Exit code 1 where something is missing."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nodecheck.cli.options import add_config, add_target, site_of
from nodecheck.cli.start import write
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.doctor.items import Item

EPILOG = """\
exit codes:
  0    nothing is missing
  1    something is: each such line says what it costs, and what would help
"""

MOST_IDS = 6
"""Results that are named where a cause costs many; --json names all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck doctor``."""
    parser.epilog = EPILOG
    add_target(parser)
    add_config(parser)
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0, help="for the run (default: 30)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args: argparse.Namespace) -> int:
    """Look at everything, and tell."""
    from nodecheck.doctor.items import State

    items = list(_items(args))
    if args.json:
        import json

        listed = [{**item._asdict(), "state": item.state.value, "results": list(item.results)} for item in items]
        write(json.dumps(listed, indent=2) + "\n")
    else:
        write("\n".join(_text(items)) + "\n")
    return 1 if any(item.state == State.MISSING for item in items) else 0


def _items(args: argparse.Namespace) -> Iterator[Item]:
    from nodecheck.cli.options import prepared_by
    from nodecheck.cli.progress import progress
    from nodecheck.doctor.boot import boot
    from nodecheck.doctor.files import files
    from nodecheck.doctor.place import place
    from nodecheck.doctor.program import plugins, program
    from nodecheck.doctor.rights import rights
    from nodecheck.doctor.sources import verdicts
    from nodecheck.doctor.tools import tools
    from nodecheck.host import open_host
    from nodecheck.running.engine import run

    rest = {"root": None, "capture": None, "words": (), "select": (), "ignore": (), "view": None, "fail_on": None}
    whole = argparse.Namespace(**vars(args), **rest)
    with progress(quiet=args.json):
        report = run(*prepared_by(whole, site_of(args)))
    for part in (program, plugins, rights, place, tools):
        yield from part()
    yield from files(args.config, args.no_config)
    yield from boot(open_host(None))
    yield from verdicts(report)


def _text(items: Iterable[Item]) -> Iterator[str]:
    """A line each; what is missing with what would help and what it costs."""
    from textwrap import wrap

    from nodecheck.cli.terminal import width

    listed = list(items)
    room = max(len(printable(item.name)) for item in listed if len(item.name) <= 24)
    topic = ""
    for item in listed:
        if item.topic != topic:
            yield from ([item.topic] if not topic else ["", item.topic])
            topic = item.topic
        word = "MISSING" if item.state == "missing" else item.state.value
        head = f"  {word:<7}  {printable(item.name):<{room}}  "
        indent = " " * min(len(head), 16 + room)
        told = wrap(printable(item.detail), max(20, width() - len(indent)), break_on_hyphens=False) or [""]
        yield head + told[0]
        yield from (indent + line for line in told[1:])
        if item.needs is not None:
            yield from _wrapped("needs: ", item.needs, indent)
        if item.results:
            ids = [printable(identity) for identity in item.results[:MOST_IDS]]
            more = len(item.results) - len(ids)
            yield from _wrapped("costs: ", ", ".join(ids) + (f", and {more} more" if more else ""), indent)
    lacking = sum(item.state == "missing" for item in listed)
    yield ""
    yield f"{lacking or 'nothing'} missing"


def _wrapped(label: str, words: str, indent: str) -> Iterator[str]:
    from textwrap import wrap

    from nodecheck.cli.terminal import width

    room = max(20, width() - len(indent))
    yield from (indent + line for line in wrap(label + printable(words), room, break_on_hyphens=False))
