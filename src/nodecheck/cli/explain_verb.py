"""What a check looks at and why, how to fix it, and where its rule comes from; or what is wanted of one subject.

Without a word it lists the checks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nodecheck.checking.declare import Check
from nodecheck.checking.selectors import ENGINE_CHECKS, nearest
from nodecheck.cli.start import write
from nodecheck.errors import SelectorError
from nodecheck.text import printable

if TYPE_CHECKING:
    from nodecheck.checking.reads import Readers
    from nodecheck.model.evidence import Evidence
    from nodecheck.model.sources import Sources

_PAGES = {
    "plugin": """\
# plugin: Every installed plugin loads.

## What to type

    nodecheck plugins  # what is loaded, from where, and the error of what is not

## What it means
Nodecheck itself says this, not a check. A result `plugin[NAME]`, unknown and a warning, means that an installed plugin
could not be imported, or declared what cannot be: its checks were not run, all others were.

## How to fix it
`nodecheck plugins` prints the error. Fix the plugin, install the version that fits this nodecheck, or uninstall it.
""",
    "waiver": """\
# waiver: Every waiver is in force and in use.

## What to type

    nodecheck waive --list                # those of a file
    nodecheck waive SELECT --until 90d    # renew one
    nodecheck waive SELECT --remove       # end one

## What it means
Nodecheck itself says this, not a check. A result `waiver[SELECT]`, failed, is about a waiver of the profile or of a
waiver file. It is a warning where the waiver has expired, and so no longer applies, or matches no result. It is
`info` where the waiver ends soon (`waiver-notice-days` of the profile), or where what it covers passes by now.
A warning `waiver[PATH]` is about a file of waivers that the configuration names and that is not there.

## How to fix it
Fix what was waived, and end the waiver. Or renew it. Both take `--file FILE`; the evidence names the file. Put a file
that is not there in its place, or take it out of `waivers` in `/etc/nodecheck/nodecheck.toml`.
""",
}
"""The pages of the results that come from the engine and not from a check."""

_LEGEND = "`*` is any name, `**` any directories in between, `…` what another of these sources names."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck explain``."""
    told = "a check's name, or a subject of it: 'sysctl[net.ipv4.ip_forward]' (default: list the checks)"
    parser.add_argument("check", metavar="CHECK", nargs="?", help=told)
    parser.add_argument("--profile", metavar="NAME|FILE", help="whose limits a subject has (default: kubernetes)")
    parser.add_argument(
        "--here", action="store_true", help="add what it finds on this node, and where each value stands"
    )
    parser.add_argument("--root", metavar="DIR", help="as --here, of the file system in DIR")


def main(args: argparse.Namespace) -> int:
    """Print the page of a check."""
    from nodecheck.checking.selectors import parse_selector
    from nodecheck.plugins import load
    from nodecheck.profile.load import DEFAULT, load_profile

    registry = load()
    profile = load_profile(args.profile or DEFAULT, registry)
    if args.check is None:
        from nodecheck.cli.list_verb import catalogue, text

        write("\n".join([printable(line) for line in text(catalogue(profile))]) + "\n")
        return 0
    selector = parse_selector(args.check)
    name = selector.check or args.check
    if name in ENGINE_CHECKS and name not in registry.checks:
        write(_PAGES[name])
        return 0
    if name not in registry.checks:
        raise SelectorError(f"there is no check {name!r}{nearest(name, registry.checks)}")
    check = registry.check(name)
    if selector.subject is not None and (check.each is not None or check.rows):
        from nodecheck.cli.explained_subject import subject_page

        write("\n".join([printable(line) for line in subject_page(check, selector.subject, profile)]) + "\n")
    else:
        write("\n".join(page(check, registry.readers)) + "\n")
    if args.here or args.root is not None:
        write(
            "\n".join([printable(line) for line in found_here(args.check, args.root, args.profile or DEFAULT)]) + "\n"
        )
    return 0


def found_here(select: str, root: str | None, profile: str) -> Iterator[str]:
    """What a check finds on a node, with where each value stands; secrets are left out as in a report."""
    from nodecheck.api import run

    report = run(root=root, profile=profile, select=[select])
    yield from ["", f"## On {'this node' if root is None else root}"]
    for result in report:
        if result.view == report.results[0].view:  # the next boot's has the same places, as a rule
            yield from ["", f"{result.status.value} {result.id}: {result.message}", ""]
            yield from [f"- {_placed(item)}" for item in result.evidence]


def _placed(item: Evidence) -> str:
    place = item.source if item.locator is None else f"{item.source}, {item.locator}"
    return f"{place}: not set" if item.value is None else f"{place}: {item.value}"


def page(check: Check, readers: Readers) -> Iterator[str]:
    """The page of a check, as lines of Markdown; ``readers`` are those of plugins."""
    from inspect import cleandoc

    # The docstrings are written as Python's are; one backtick is enough for Markdown and for a terminal.
    title, _, body = cleandoc(check.doc).replace("``", "`").partition("\n")
    head, sections = _sections(body)
    yield from [f"# {check.name}: {title}", *head, "", "## What to type", "", *_typed(check), ""]
    for heading in sorted(sections, key=_place):
        yield from [f"## {heading}", *sections[heading], ""]
    yield from ["## In a profile", ""]
    yield f"- Views {' and '.join(check.views)}; severity {check.default_severity.value}"
    if check.phases:
        yield f"- Phases {', '.join(check.phases)}"
    if check.tags:
        yield f"- Tags {', '.join(check.tags)}"
    for name, (_, default) in check.parameters.items():
        yield f"- `[check.{check.name}] {name} = {shown(default)}`"
    yield from _reads(check, readers)
    if check.references:
        yield from ["", "## References", "", *(f"- {address}" for address in check.references)]


_FIRST = ("Why it matters", "How to fix it")
"""What a reader needs; the specification follows, and the sources come last."""


def _place(heading: str) -> int:
    if heading in _FIRST:
        return _FIRST.index(heading)
    return len(_FIRST) + (heading == "Sources")


def _sections(body: str) -> tuple[list[str], dict[str, list[str]]]:
    """The lines before the first heading, and those below each; none has blank lines around it."""
    head, *parts = f"\n{body}".split("\n## ")
    found: dict[str, list[str]] = {}
    for part in parts:
        heading, _, text = part.partition("\n")
        found.setdefault(heading, []).extend(text.strip("\n").split("\n"))
    return head.strip("\n").split("\n") if head.strip() else [], found


def _typed(check: Check) -> Iterator[str]:
    """The lines to type, as a block of code in Markdown and on a terminal."""
    lines = [(f"run {check.name}", "judge this check alone"), (f"run -v {check.name}", "with all evidence, passes too")]
    if "boot" in check.views:
        lines.append((f"run {check.name}@boot", "only what the next boot brings"))
    lines.append((f"plan {check.name}", "the steps that fix what it finds; changes nothing"))
    width = max(len(line) for line, _ in lines)
    yield from [f"    nodecheck {line:{width}}  # {use}" for line, use in lines]


def shown(value: object) -> str:
    """A parameter as TOML writes it."""
    from nodecheck.profile.show import toml_value

    return toml_value(value)


def _reads(check: Check, readers: Readers) -> Iterator[str]:
    from nodecheck.checking.reads import reads_of
    from nodecheck.running.phase_aware import asked_for

    reads = reads_of(check, readers, asked_for(check))
    if any(reads):
        yield from ["", "## What it reads"]
    if reads.always or reads.sometimes:
        yield from ["", _LEGEND]
    yield from _group("In each run, as far as it is there:", reads.always)
    yield from _group("Only where that leaves a question open:", reads.sometimes)
    for fact in sorted([fact.__name__ for fact in reads.silent]):
        yield from ["", f"What is read for {fact} is not declared by its plugin."]


def _group(title: str, sources: Sources) -> Iterator[str]:
    from textwrap import fill

    from nodecheck.render.sources import source_lines

    if sources:
        yield from ["", title, ""]
        for line in source_lines(sources):
            parts = line.split("`")  # every second one is code, which stays in one line
            whole = "`".join([part.replace(" ", "\0") if number % 2 else part for number, part in enumerate(parts)])
            lines = fill(whole, 116, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
            yield lines.replace("\0", " ")
