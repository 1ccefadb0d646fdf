"""The recorded audits: list them, show one, tell since when a result is as it is, or what came true at reboots.

RUN is a number of the list, the start of a run's id, last, last~2 (two before the last), baseline, or a time: 7d or
2026-11-23 is the last run before it.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from nodecheck.cli.start import write
from nodecheck.cli.state import add_state, state_directory
from nodecheck.errors import UsageError
from nodecheck.text import whole_number

if TYPE_CHECKING:
    from nodecheck.audit.lookup import Interval

DEFAULT_LIMIT = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck history``."""
    add = parser.add_argument
    add(
        "run",
        metavar="RUN|ID",
        nargs="?",
        help="this run's report; or the history of the result with this id, or of all that a selector takes",
    )
    add("--result", metavar="ID", help="the history of this result: since when it has the status that it has")
    add("--boot", action="store_true", help="the reboots: what was predicted of them, and what came true")
    add("--limit", metavar="N", type=_count, default=DEFAULT_LIMIT, help="lines of the list (default: 20; 0: all)")
    add("--since", metavar="TIME", type=_time, help="only from then on: 2026-11-01, or 2026-11-01T12:30:00Z")
    add("--format", metavar="FORMAT", default="text", help="of the report of RUN: text, json, html, … (default: text)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json; of lists too")
    add("--no-color", action="store_true", help="plain text on a terminal too (as NO_COLOR does)")
    add_state(parser)


def _count(text: str) -> int:
    number = whole_number(text, 9)
    if number is None:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}")
    return number


def _time(text: str) -> str:
    from datetime import datetime

    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time such as 2026-11-01, found {text!r}") from None
    return text


def main(args: argparse.Namespace) -> int:
    """List, show, or tell since when."""
    from nodecheck.audit.opening import reading

    if sum([args.run is not None, args.result is not None, args.boot]) > 1:
        raise UsageError("a run, --result and --boot: only one at a time")
    with reading(state_directory(args)) as db:
        document = _document(args, db)
    write(document)
    return 0


def _document(args: argparse.Namespace, db: sqlite3.Connection) -> str:
    from nodecheck.audit.lookup import BASELINE, find

    if args.boot:
        return _boots(args, db)
    if args.result is not None:
        return _result(args, db, args.result)
    if args.run is None:
        return _list(args, db)
    if args.run == BASELINE:
        return _report(args, _accepted(db).report)
    run = find(db, args.run)
    if run is None:
        return _result(args, db, args.run)
    from nodecheck.audit.lookup import report_of

    return _report(args, report_of(db, run)[0])


def _accepted(db: sqlite3.Connection) -> Any:
    from nodecheck.audit.store import baseline_of

    found = baseline_of(db, None)
    if found is None:
        raise UsageError("no baseline was accepted yet (nodecheck baseline accept)")
    return found


def _report(args: argparse.Namespace, report: Any) -> str:
    from nodecheck.render.outputs import renderer

    if args.format != "text":
        return renderer(args.format)(report)
    from nodecheck.cli.terminal import colour, width
    from nodecheck.render.style import Style
    from nodecheck.render.text import render_text

    return render_text(report, Style(colour(args.no_color), width()))


def _list(args: argparse.Namespace, db: sqlite3.Connection) -> str:
    from nodecheck.audit.lookup import lines

    found = lines(db, args.limit or None, args.since)
    if args.format == "json":
        runs = [line._asdict() for line in found]
        return json.dumps({"runs": runs}, indent=2) + "\n"
    _text_only(args)
    from nodecheck.audit.show_history import list_text
    from nodecheck.cli.terminal import width

    return list_text(found, width())


def _boots(args: argparse.Namespace, db: sqlite3.Connection) -> str:
    from nodecheck.audit.show_boots import reboots, reboots_dict, reboots_text
    from nodecheck.audit.store import boots_of

    found = reboots(boots_of(db), args.limit or None, args.since)
    if args.format == "json":
        return json.dumps(reboots_dict(found), indent=2) + "\n"
    _text_only(args)
    return reboots_text(found)


def _result(args: argparse.Namespace, db: sqlite3.Connection, name: str) -> str:
    from nodecheck.audit.lookup import intervals, selected

    found = intervals(db, name)
    names = [] if args.result is not None or (found and args.format == "json") else selected(db, name)
    if found and names in ([], [name]):
        return _stood(args, {name: found}, several=False)
    if not names:
        from nodecheck.checking.selectors import nearest

        known = [row[0] for row in db.execute("SELECT DISTINCT name FROM result LIMIT 5000")]
        raise UsageError(f"the history has neither a run nor a result {name!r}{nearest(name, known)}")
    return _stood(args, {item: intervals(db, item) for item in names}, several=True)


def _stood(args: argparse.Namespace, found: dict[str, tuple[Interval, ...]], several: bool) -> str:
    """The document of some results, or of one alone."""
    if args.format == "json":
        told = [_dict(name, items) for name, items in found.items()]
        return json.dumps({"results": told} if several else told[0], indent=2) + "\n"
    _text_only(args)
    from nodecheck.audit.show_history import intervals_text

    return "".join([intervals_text(name, items) for name, items in found.items()])


def _dict(name: str, found: tuple[Interval, ...]) -> dict[str, Any]:
    spans = [{**item._asdict(), "first": item.first._asdict(), "last": item.last._asdict()} for item in found]
    return {"id": name, "intervals": spans}


def _text_only(args: argparse.Namespace) -> None:
    if args.format != "text":
        raise UsageError(f"--format: expected text or json for a list, found {args.format!r}")
