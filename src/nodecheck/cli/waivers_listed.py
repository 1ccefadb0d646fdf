"""The waivers of one file, or those that count on this node: as ``nodecheck run`` takes them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from nodecheck.cli.start import complain, write
from nodecheck.errors import ProfileError
from nodecheck.plugins import Registry, load
from nodecheck.profile.model import Waiver
from nodecheck.profile.waiver_edit import waivers_in
from nodecheck.profile.waiver_store import read, validate
from nodecheck.record import NamedTuple
from nodecheck.text import printable


class WaiverSource(NamedTuple):
    """A file of waivers, or the profile. ``note``: what is to be said of it; ``used``: whether a run takes them."""

    name: str
    items: tuple[dict[str, Any], ...]
    used: bool = True
    note: str = ""


def of_file(path: str, as_json: bool, today: date) -> None:
    """Print the waivers of one file, whether it is used or not. Raises UsageError, ProfileError, OSError."""
    items = _items_of_file(path, load())
    if as_json:
        _write_json([{**item, "state": _state(item["expires"], today)[0]} for item in items])
    else:
        write("".join(_lines(items, "", today)) if items else f"{printable(path)}: no waivers\n")


def in_use(args: argparse.Namespace, default: str, today: date) -> None:
    """Print the waivers that ``nodecheck run`` takes here, and those of the default file where it does not.

    Raises UsageError, ProfileError, OSError.
    """
    found = list(_sources(args, default))
    if args.json:
        _write_json(
            [
                {**item, "state": _state(item["expires"], today)[0], "file": source.name, "used": source.used}
                for source in found
                for item in source.items
            ]
        )
        return
    for source in found:
        write(printable(source.name) + (f": {printable(source.note)}" if source.note else "") + "\n")
        write("".join(_lines(source.items, "  ", today)))
    if not found:
        write(f"no waivers: neither the profile nor the configuration has any, and {printable(default)} is not there\n")


def _sources(args: argparse.Namespace, default: str) -> Iterator[WaiverSource]:
    from nodecheck.cli.configured import blamed
    from nodecheck.cli.options import site_of
    from nodecheck.running.request import judging

    registry, site = load(), site_of(args)
    if site.used is not None and site.used.unread is not None:
        complain(str(site.used))
    files = tuple(args.waivers) or site.waivers
    try:
        waivers = judging(site, None, files, registry).waivers
    except ProfileError as error:
        raise blamed(error, args, site) from error
    own = [waiver for waiver in waivers if waiver.source not in files]
    if own:
        yield WaiverSource(f"profile {site.profile or 'kubernetes'}", tuple(map(_item, own)))
    for path in dict.fromkeys(files):
        items = tuple([_item(waiver) for waiver in waivers if waiver.source == path])
        yield WaiverSource(path, items, note="" if items else "no waivers")
    absent = () if args.waivers else site.absent
    for path in absent:
        yield WaiverSource(path, (), note=f"not there; run reports it as waiver[{path}]")
    if default not in (*files, *absent):
        items = _items_of_file(default, registry)
        if items:
            yield WaiverSource(default, items, False, "not used, because no configuration names it")


def _items_of_file(path: str, registry: Registry) -> tuple[dict[str, Any], ...]:
    text = read(path)
    if text is None:
        return ()
    validate(text, path, registry)
    return tuple(waivers_in(text))


def _item(waiver: Waiver) -> dict[str, Any]:
    """As the file has it: what is not there has no key."""
    item: dict[str, Any] = {name: getattr(waiver, name) for name in ("select", "reason", "owner", "ticket")}
    for name in ("created", "expires"):
        text = getattr(waiver, name)
        item[name] = None if text is None else date.fromisoformat(text)
    return {name: value for name, value in item.items() if value is not None}


def _lines(items: Iterable[dict[str, Any]], indent: str, today: date) -> Iterator[str]:
    for item in items:
        ticket = f", {item['ticket']}" if "ticket" in item else ""
        yield printable(f"{indent}{item['select']}: {_state(item['expires'], today)[1]}") + "\n"
        yield printable(f"{indent}    {item['reason']} ({item['owner']}{ticket})") + "\n"


def _state(expires: date, today: date) -> tuple[str, str]:
    """``expired`` or ``in-force``, and the same for people."""
    left = (expires - today).days
    if left < 0:
        return "expired", f"expired on {expires}"
    return "in-force", f"until {expires}, {'its last day' if left == 0 else f'{left} more days'}"


def _write_json(items: list[dict[str, Any]]) -> None:
    import json

    write(json.dumps(items, indent=2, default=str) + "\n")
