"""Check this node, or the file system of one, and say what holds now and after the next reboot."""

from __future__ import annotations

import argparse

from nodecheck.cli.start import EPILOG, Unwritten, complain, write
from nodecheck.errors import UsageError
from nodecheck.facts.target import PROXY_MODES, ROLES
from nodecheck.report import Report

LEVELS = ("error", "warning", "info")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck run``."""
    parser.epilog = EPILOG
    add_target(parser)
    add = parser.add_argument
    add("--select", metavar="S", action="append", default=[], help="only these results (a selector; may be repeated)")
    add("--ignore", metavar="S", action="append", default=[], help="not these results (a selector; may be repeated)")
    add("--view", choices=("now", "boot"), help="only what holds now, or only what will hold after a reboot")
    add("--root", metavar="DIR", help="judge the file system in DIR instead of the live node")
    add("--fail-on", choices=LEVELS, help="the least severity that makes the exit code 1 (default: the profile's)")
    add("--exit-zero", action="store_true", help="exit 0 where the verdict would make it 1 or 3")
    add("--format", metavar="FORMAT", default="text", help="text, json, jsonl, or one of a plugin (default: text)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    add("--output", metavar="FORMAT=FILE", action="append", default=[], help="also write FILE (may be repeated)")
    add("--timeout", metavar="SECONDS", type=_seconds, default=30.0, help="for the whole run (default: 30)")
    add("-q", "--quiet", action="store_true", help="print nothing where all is well, and else only what is not")
    add("-v", "--verbose", action="store_true", help="explain every verdict, passes too")
    add("--no-color", action="store_true", help="plain text on a terminal too (as NO_COLOR does)")


def add_target(parser: argparse.ArgumentParser) -> None:
    """The options that say what the node is to be."""
    add = parser.add_argument
    add("--profile", metavar="NAME|FILE", default="kubernetes", help="a profile's name, or a TOML file")
    add("--waivers", metavar="FILE", action="append", default=[], help="also heed these waivers (may be repeated)")
    add("--role", choices=ROLES, help="default: the profile's, else found on the node")
    add("--kubernetes", metavar="1.34", help="the Kubernetes release that the node is to run")
    add("--proxy-mode", choices=PROXY_MODES, help="kube-proxy's mode")
    add("--cni", metavar="NAME", help="the network plugin, such as flannel, calico, cilium")


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}") from None


def main(args: argparse.Namespace) -> int:
    """Run, write the outputs, and give the exit code."""
    from nodecheck.cli.outputs import parse_output, renderer

    render = renderer(args.format)
    outputs = [parse_output(text) for text in args.output]
    report = _judged(args)
    failed = False
    for format_, path in outputs:
        failed = not _write_file(path, renderer(format_)(report)) or failed
    if not (args.quiet and report.exit_code == 0):
        write(_document(args, report, render))
    if failed:
        raise Unwritten("not every output could be written")
    return 0 if args.exit_zero else report.exit_code


def _judged(args: argparse.Namespace) -> Report:
    from nodecheck.api import run
    from nodecheck.cli.progress import progress

    if args.root == "":
        raise UsageError("--root: expected a directory, found nothing")
    with progress(args.quiet):
        return run(
            root=args.root, profile=args.profile, role=args.role, kubernetes=args.kubernetes,
            proxy_mode=args.proxy_mode, cni=args.cni, select=args.select, ignore=args.ignore, view=args.view,
            fail_on=args.fail_on, timeout=args.timeout, waivers=args.waivers,
        )  # fmt: skip


def _document(args: argparse.Namespace, report: Report, render: object) -> str:
    if args.format != "text":
        return render(report)  # type: ignore[operator, no-any-return]
    from nodecheck.cli.terminal import style
    from nodecheck.render.text import render_text

    return render_text(report, style(args))


def _write_file(path: str, document: str) -> bool:
    from nodecheck.cli.outputs import write_atomically

    try:
        write_atomically(path, document)
    except OSError as error:
        complain(f"{path}: could not be written: {error.strerror or error}")
        return False
    return True
