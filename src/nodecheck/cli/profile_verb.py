"""The profiles that are there, one profile in full, or whether a profile's file is valid."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from nodecheck.cli.start import write
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.plugins import Registry
    from nodecheck.profile.model import ResolvedProfile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck profile``."""
    verbs = parser.add_subparsers(dest="action", metavar="list|show|validate", required=True)
    verbs.add_parser("list", help="the names of the profiles")
    show = verbs.add_parser("show", help="a profile as TOML, with what it extends")
    show.add_argument("name", metavar="NAME|FILE", help="a profile's name, or a TOML file")
    validate = verbs.add_parser(
        "validate", help="exit 0 where a file is a valid profile, else say what is wrong and exit 2"
    )
    validate.add_argument("file", metavar="FILE", help="a profile as TOML")


def effective(profile: ResolvedProfile, registry: Registry) -> dict[str, dict[str, Any]]:
    """Every check's parameters as the profile has them, defaults too (what has none is left out)."""
    found = {}
    for check in registry.all_checks():
        values = {name: default for name, (_, default) in check.parameters.items() if default is not None}
        values.update(profile.checks.get(check.name, {}))
        if values:
            found[check.name] = values
    return found


def main(args: argparse.Namespace) -> int:
    """List, show or validate."""
    from nodecheck.plugins import load

    registry = load()
    if args.action == "list":
        for name in sorted(registry.profiles):
            write(printable(name) + "\n")
    elif args.action == "show":
        from nodecheck.profile.load import load_profile, resolved_tables
        from nodecheck.profile.show import to_toml

        profile = load_profile(args.name, registry)
        tables = resolved_tables(args.name, registry)
        write(to_toml({**tables, "check": effective(profile, registry)}))
    else:
        from nodecheck.profile.load import load_profile
        from nodecheck.profile.sources import is_path

        path = args.file if is_path(args.file) else f"./{args.file}"
        profile = load_profile(path, registry)
        write(printable(f"{args.file}: a valid profile, {profile.name}") + "\n")
    return 0
