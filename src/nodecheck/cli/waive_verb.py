"""Accept a failure for a while: add a waiver to a file, renew it, end it, or list those that count here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nodecheck.cli.options import add_config
from nodecheck.cli.start import Unwritten, complain, write
from nodecheck.errors import UsageError
from nodecheck.text import is_digits, printable

if TYPE_CHECKING:
    from datetime import date

DEFAULT_FILE = "/etc/nodecheck/waivers.toml"

EPILOG = """\
  nodecheck waive 'swap[/dev/zram0]' --reason 'zram is wanted here' --owner platform --until 90d
  nodecheck waive 'swap[/dev/zram0]' --until 2027-12-31      renew it: what is not given stays
  nodecheck waive 'swap[/dev/zram0]' --remove
  nodecheck run --waivers /etc/nodecheck/waivers.toml        heed them
  nodecheck waive --list                                     those that run takes here
"""

MOST_DAYS = 3660


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck waive``."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("id", metavar="ID", nargs="?", help="a result's id, or a selector")
    add("--reason", metavar="TEXT", help="why the failure is accepted")
    add("--until", metavar="DATE|30d", type=_day, help="the last day on which it is (in UTC), or so many days or weeks")
    add("--owner", metavar="NAME", help="who answers for it")
    add("--ticket", metavar="T", help="where it is discussed")
    add("--file", metavar="FILE", help=f"a file of waivers, or a profile (default: {DEFAULT_FILE}, or the user's own)")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--remove", action="store_true", help="end the waiver of ID")
    told = "list the waivers that run takes here, or those of --file alone, and change nothing"
    one.add_argument("--list", action="store_true", help=told)
    told = "with --list: these waivers, in place of those that the configuration names (may be repeated)"
    add("--waivers", metavar="FILE", action="append", default=[], help=told)
    add_config(parser)
    add("--json", action="store_true", help="with --list: as JSON")
    add("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.set_defaults(profile=None)


def main(args: argparse.Namespace) -> int:
    """Edit the file, or list it."""
    path = args.file or default_file()
    try:
        if not args.list:
            return _edit(args, path)
        _list(args)
    except OSError as error:
        raise Unwritten(f"{path}: {error.strerror or error}") from error
    return 0


def default_file() -> str:
    """Root's file, or the user's in the XDG configuration directory."""
    if os.geteuid() == 0:
        return DEFAULT_FILE
    home = os.environ.get("XDG_CONFIG_HOME", "")
    if not home.startswith("/"):
        home = os.path.expanduser("~/.config")
    return f"{home}/nodecheck/waivers.toml"


def today() -> date:
    """The day in UTC, by which waivers end."""
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).date()


def _day(text: str) -> date:
    from datetime import date, timedelta

    number, unit = text[:-1], text[-1:]
    if unit in ("d", "w") and is_digits(number) and 0 < int(number[:6]) <= MOST_DAYS:
        return today() + timedelta(days=int(number) * (7 if unit == "w" else 1))
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise argparse.ArgumentTypeError(f"expected a day such as 2027-03-31, or 30d or 12w, found {text!r}")
    if found < today():
        raise argparse.ArgumentTypeError(f"{text} is over")
    return found


def _edit(args: argparse.Namespace, path: str) -> int:
    from nodecheck.plugins import load
    from nodecheck.profile.waiver_store import edit
    from nodecheck.running.request import selection_of

    registry = load()
    if args.id is None:
        raise UsageError("expected the id of a result, or --list")
    if args.json:
        raise UsageError("--json: goes with --list")
    if args.waivers or args.config is not None or args.no_config:
        raise UsageError("--waivers and --config: go with --list; --file says which file is to be edited")
    changes = _changes(args)
    if args.remove and changes:
        raise UsageError(f"--remove: goes without --{'until' if 'expires' in changes else next(iter(changes))}")
    if not args.remove:
        selection_of(registry, (args.id,), (), None)
    before, after = edit(path, lambda text: _edited(text, args, changes, path), registry, args.dry_run)
    _tell(path, before, after)
    if args.dry_run:
        complain("nothing was written (--dry-run)")
    elif not args.remove:
        _say_who_heeds(path, after)
    return 0


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    given = {"reason": args.reason, "owner": args.owner, "expires": args.until, "ticket": args.ticket}
    changes = {key: value for key, value in given.items() if value is not None}
    for text in (args.id, args.reason, args.owner, args.ticket):
        if text is not None and (not text.strip() or not text.isprintable()):
            raise UsageError(f"expected a line of text, found {text!r}")
    return changes


def _edited(text: str, args: argparse.Namespace, changes: Mapping[str, Any], path: str) -> str:
    from nodecheck.profile.waiver_edit import appended, changed, removed, waivers_in

    places = [place for place, item in enumerate(waivers_in(text)) if item["select"] == args.id]
    if args.remove:
        if not places:
            raise UsageError(f"{path}: there is no waiver of {args.id!r}{_near(args.id, text)}")
        for place in reversed(places):
            text = removed(text, place)
        return text
    if places:
        if not changes:
            raise UsageError(f"{path}: has a waiver of {args.id!r}; say what is to change, such as --until")
        return changed(text, places[-1], changes)
    missing = [
        f"--{'until' if key == 'expires' else key}" for key in ("reason", "owner", "expires") if key not in changes
    ]
    if missing:
        raise UsageError(f"a new waiver needs {' and '.join(missing)}")
    order = {"select": args.id, **{key: changes[key] for key in ("reason", "owner", "ticket") if key in changes}}
    return appended(text, {**order, "created": today(), "expires": changes["expires"]})


def _near(select: str, text: str) -> str:
    from nodecheck.checking.selectors import nearest
    from nodecheck.profile.waiver_edit import waivers_in

    return nearest(select, [item["select"] for item in waivers_in(text)])


def _tell(path: str, before: str, after: str) -> None:
    """The change, as ``diff -u`` shows it."""
    from difflib import unified_diff

    old, new = before.split("\n")[:-1] or [], after.split("\n")[:-1]
    for line in unified_diff(old, new, path, path, lineterm="", n=2):
        write(printable(line.rstrip("\r")) + "\n")
    if before == after:
        write(f"{printable(path)}: nothing to change\n")


def _say_who_heeds(path: str, text: str) -> None:
    from nodecheck.config.load import load_config
    from nodecheck.errors import NodecheckError
    from nodecheck.report.parts import DEFAULT_CONFIG as DEFAULT_PATH

    if "nodecheck.profile/" in text:
        return
    try:
        config = load_config()
        heeded = os.path.abspath(path) in (*config.waivers, *config.wanted.waivers)
    except (NodecheckError, OSError):
        heeded = False
    if not heeded:
        complain(
            f"no configuration names {path} yet: waivers = [{os.path.abspath(path)!r}] in {DEFAULT_PATH} lets all "
            f"verbs honour it, and nodecheck run --waivers {path} does so once"
        )


def _list(args: argparse.Namespace) -> None:
    from nodecheck.cli.waivers_listed import in_use, of_file

    if args.id is not None or _changes(args):
        raise UsageError("--list: goes without an id and without values")
    if args.file is None:
        in_use(args, default_file(), today())
        return
    if args.waivers or args.config is not None or args.no_config:
        raise UsageError("--file: lists that file alone, and goes without --waivers and --config")
    of_file(args.file, args.json, today())
