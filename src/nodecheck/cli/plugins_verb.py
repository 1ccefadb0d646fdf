"""Which plugins are loaded, from where, and what is wrong with those that are not."""

from __future__ import annotations

import argparse

from nodecheck.cli.start import write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck plugins``."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args: argparse.Namespace) -> int:
    """Print the plugins."""
    import json

    from nodecheck.plugins import load
    from nodecheck.text import printable

    registry = load()
    for _ in registry.all_checks():
        pass  # importing each check shows the plugins that only fail then
    listed = []
    for plugin in registry.plugins:
        checks = sorted(name for name, owner in registry.owners.items() if owner == plugin.name)
        listed.append({**plugin._asdict(), "hooks": list(plugin.hooks), "checks": checks})
    if args.json:
        write(json.dumps(listed, indent=2) + "\n")
        return 0
    for item in listed:
        state = item["status"] if item["error"] is None else f"{item['status']}: {item['error']}"
        write(printable(f"{item['name']} {item['version'] or '?'} ({item['where']}) {state}") + "\n")
        if item["checks"]:
            write(f"    checks: {', '.join(item['checks'])}\n")
    return 0
