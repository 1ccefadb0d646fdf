"""Print the fixes for what fails, ordered, to be reviewed and run by a person. Changes nothing itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from nodecheck.cli.options import (
    add_config,
    add_outputs,
    add_run_options,
    add_ssh,
    add_words,
    asks_over_ssh,
    judged,
    site_of,
)  # fmt: skip
from nodecheck.cli.start import EPILOG, Unwritten, complain, write, write_file
from nodecheck.errors import UsageError
from nodecheck.planning import Plan, plan
from nodecheck.report import Report
from nodecheck.report.summary import UNJUDGED
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.running.request import Site

Form = Callable[[Plan, bool], str]
"""Writes a plan down; the second is whether it goes on after a step that fails."""


def _text_form(found: Plan, _: bool) -> str:
    return found.to_text()


def _script(found: Plan, keep_going: bool) -> str:
    return found.to_script(keep_going=keep_going)


def _json(found: Plan, _: bool) -> str:
    return found.to_json(indent=2) + "\n"


def _ansible(found: Plan, keep_going: bool) -> str:
    from nodecheck.render.ansible import render_plan

    return render_plan(found, keep_going=keep_going)


FORMS: dict[str, Form] = {"text": _text_form, "sh": _script, "json": _json, "ansible": _ansible}
"""The formats of a plan."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck plan``."""
    parser.epilog = "nodecheck plan --format sh > fix.sh\nless fix.sh\nsh fix.sh\n\n" + EPILOG
    add_words(parser)
    add_run_options(parser)
    add_ssh(parser)
    add_config(parser)
    told = "let the script, or the playbook, go on after a step that fails, without what needs it; then it exits 1"
    parser.add_argument("--keep-going", action="store_true", help=told)
    formats = "text, sh (a POSIX shell script), ansible (a playbook) or json"
    add_outputs(parser, formats, verbose="taken as run takes it; a plan is always whole")


def form(name: str) -> Form:
    """The function that makes a format's document. Raises UsageError."""
    if name not in FORMS:
        from nodecheck.checking.selectors import one_of

        raise UsageError(f"there is no format {name!r} of a plan{one_of(name, FORMS)}")
    return FORMS[name]


def main(args: argparse.Namespace) -> int:
    """Judge the node, and print the fixes."""
    made = form(args.format)
    outputs = outputs_of(args.output)
    site = site_of(args)
    report = _judged(args, site)
    if report is None:
        return 0 if args.exit_zero else UNJUDGED
    if site.used is not None and site.used.unread is not None:
        complain(str(site.used))  # a script has no header that says so
    found = plan(report)
    written = [write_file(path, other(found, args.keep_going)) for other, path in outputs]
    if not (args.quiet and report.exit_code == 0):
        write(_text(args, found) if args.format == "text" else made(found, args.keep_going))
    if not all(written):
        raise Unwritten("not every output could be written")
    return 0 if args.exit_zero else report.exit_code


def _judged(args: argparse.Namespace, site: Site) -> Report | None:
    """The report that is planned by; None where the node could not be reached, which was said."""
    if not asks_over_ssh(args):
        return judged(args, site)
    from nodecheck.cli.over_ssh import report_of_one

    return report_of_one(args, site)


def _text(args: argparse.Namespace, found: Plan) -> str:
    from nodecheck.cli.terminal import again, style
    from nodecheck.render.plan import render_plan

    going = ("--keep-going",) if args.keep_going else ()
    return render_plan(found, style(args)._replace(again=(*again(args), *going)))


def outputs_of(texts: Iterable[str]) -> list[tuple[Form, str]]:
    """The forms and files of ``FORMAT=FILE``. Raises UsageError."""
    from nodecheck.render.outputs import format_and_file, once

    outputs = [format_and_file(text) for text in texts]
    once(path for _, path in outputs)
    return [(form(name), path) for name, path in outputs]
