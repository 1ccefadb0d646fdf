"""The checks of a profile, with their severities as the profile sets them; with --json their parameters too."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nodecheck.cli.options import add_config, other_host, site_of
from nodecheck.cli.start import write
from nodecheck.errors import ProfileError
from nodecheck.requirements.asked import PHASES
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.profile.model import ResolvedProfile
    from nodecheck.report.parts import ConfigUsed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck list``."""
    parser.add_argument("--profile", metavar="NAME|FILE", help="a profile's name, or a file (default: kubernetes)")
    add_config(parser)
    told = "as for run --capture FILE: no configuration of this node counts"
    parser.add_argument("--capture", metavar="FILE", help=told)
    parser.add_argument("--phase", choices=PHASES, help="only the checks that are asked of a node in this phase")
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args: argparse.Namespace) -> int:
    """Print the checks."""
    import json

    profile, used = _profile(args)
    listed = [item for item in catalogue(profile) if args.phase in (None, *(item["phases"] or PHASES))]
    if args.json:
        write(json.dumps(listed, indent=2) + "\n")
    else:
        head = f"profile {profile.name}" + ("" if used is None else f", {used}")
        write("\n".join([printable(line) for line in (head, "", *text(listed))]) + "\n")
    return 0


def text(listed: list[dict[str, Any]]) -> Iterator[str]:
    """A line a check, by topic; the names first, as completions of earlier versions look for them."""
    from nodecheck.render.rows import heading_of, in_order

    topics: dict[str, list[dict[str, Any]]] = {}
    for item in listed:
        topics.setdefault(heading_of(item["name"], item["tags"]), []).append(item)
    room = max((len(item["name"]) for item in listed), default=0)
    yield f"{'CHECK':<{room}}  NOW  BOOT  SEVERITY  REQUIREMENT"
    for title in in_order(topics):
        yield f"-- {title}"
        for item in topics[title]:
            now, boot = [view if view in item["views"] else "-" for view in ("now", "boot")]
            yield f"{item['name']:<{room}}  {now:<4} {boot:<4}  {item['severity']:<8}  {item['title']}"
    yield from ["", "nodecheck explain CHECK says more of one; nodecheck run CHECK looks at it alone"]


def _profile(args: argparse.Namespace) -> tuple[ResolvedProfile, ConfigUsed | None]:
    """The profile that the options and the configuration name, and that configuration."""
    from nodecheck.plugins import load
    from nodecheck.running.request import judging

    other_host(args)
    site = site_of(args)
    try:
        return judging(site, args.profile, (), load()), site.used
    except ProfileError as error:
        from nodecheck.cli.configured import blamed

        raise blamed(error, args, site) from error


def catalogue(found: ResolvedProfile) -> list[dict[str, Any]]:
    """Every check that the profile does not ignore, as ``list --json`` shows it."""
    from nodecheck.plugins import load
    from nodecheck.running.catalogue import checks_of

    return [item._asdict() for item in checks_of(found, load())]
