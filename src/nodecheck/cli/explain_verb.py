"""What a check looks at and why, how to fix it, and where its rule comes from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from nodecheck.checking.declare import Check
from nodecheck.checking.selectors import nearest
from nodecheck.cli.start import write
from nodecheck.errors import SelectorError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck explain``."""
    parser.add_argument("check", metavar="CHECK", help="a check's name, or the id of a result")


def main(args: argparse.Namespace) -> int:
    """Print the page of a check."""
    from nodecheck.checking.selectors import parse_selector
    from nodecheck.plugins import load

    registry = load()
    name = parse_selector(args.check).check or args.check
    if name not in registry.checks:
        raise SelectorError(f"there is no check {name!r}{nearest(name, registry.checks)}")
    write("\n".join(page(registry.check(name))) + "\n")
    return 0


def page(check: Check) -> Iterator[str]:
    """The page of a check, as lines of Markdown."""
    from inspect import cleandoc

    title, _, body = cleandoc(check.doc).partition("\n")
    yield f"# {check.name}: {title}"
    yield from body.rstrip().split("\n")
    yield from ["", "## In a profile", ""]
    yield f"Views {' and '.join(check.views)}; severity {check.default_severity.value}"
    if check.tags:
        yield f"Tags {', '.join(check.tags)}"
    for name, (_, default) in check.parameters.items():
        yield f"[check.{check.name}] {name} = {shown(default)}"
    if check.references:
        yield from ["", "## References", "", *(f"- {address}" for address in check.references)]


def shown(value: object) -> str:
    """A parameter as TOML writes it."""
    from nodecheck.profile.show import toml_value

    return toml_value(value)
