"""Check this node, or the file system of one, and say what holds now and after the next reboot."""

from __future__ import annotations

import argparse

from nodecheck.cli.options import add_outputs, add_run_options, judged
from nodecheck.cli.start import EPILOG, Unwritten, complain, write
from nodecheck.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck run``."""
    parser.epilog = EPILOG
    add_run_options(parser)
    add_outputs(parser, "text, json, jsonl, or one of a plugin")


def main(args: argparse.Namespace) -> int:
    """Run, write the outputs, and give the exit code."""
    from nodecheck.cli.outputs import parse_output, renderer

    render = renderer(args.format)
    outputs = [parse_output(text) for text in args.output]
    report = judged(args)
    failed = False
    for format_, path in outputs:
        failed = not write_file(path, renderer(format_)(report)) or failed
    if not (args.quiet and report.exit_code == 0):
        write(_document(args, report, render))
    if failed:
        raise Unwritten("not every output could be written")
    return 0 if args.exit_zero else report.exit_code


def _document(args: argparse.Namespace, report: Report, render: object) -> str:
    if args.format != "text":
        return render(report)  # type: ignore[operator, no-any-return]
    from nodecheck.cli.terminal import style
    from nodecheck.render.text import render_text

    return render_text(report, style(args))


def write_file(path: str, document: str) -> bool:
    """Write one output; False, and a word on standard error, where that cannot be done."""
    from nodecheck.cli.outputs import write_atomically

    try:
        write_atomically(path, document)
    except OSError as error:
        complain(f"{path}: could not be written: {error.strerror or error}")
        return False
    return True
