"""Check this node, or the file system of one, and say what holds now and after the next reboot."""

from __future__ import annotations

import argparse

from nodecheck.cli.options import (
    add_config,
    add_exit_map,
    add_outputs,
    add_run_options,
    add_ssh,
    add_words,
    asks_over_ssh,
    exit_map,
    judged,
    other_host,
    site_of,
)  # fmt: skip
from nodecheck.cli.start import EPILOG, Unwritten, write, write_file, written
from nodecheck.report import Report
from nodecheck.report.summary import mapped_exit_code

EXAMPLES = """\
examples:
  nodecheck run                              this node, by /etc/nodecheck/nodecheck.toml where there is one
  nodecheck run swap 'sysctl[net.*]@boot'    only swap, and what the next boot makes of some kernel parameters
  nodecheck run --role worker --kubernetes 1.34 --ignore port
  nodecheck run --root /mnt/image --json
  nodecheck run --ssh node7 --ssh node8      other nodes, on which nothing has to be installed
  nodecheck run --capture node.capture       another node, by what nodecheck capture wrote there

"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck run``."""
    from nodecheck.render.outputs import BUILT_IN

    parser.epilog = EXAMPLES + EPILOG
    add_words(parser)
    add_run_options(parser)
    add_ssh(parser)
    add_config(parser)
    log = "; journald and syslog go to the node's log, and need no FILE"
    add_outputs(parser, f"{', '.join(BUILT_IN)}, or one of a plugin", log)
    add_exit_map(parser)


def main(args: argparse.Namespace) -> int:
    """Run, write the outputs, and give the exit code."""
    codes = exit_map(args, args.format)
    if codes is None:
        return _run(args, "run")
    from nodecheck.cli.exit_maps import guarded

    return guarded(codes, lambda: _run(args, codes))


def _run(args: argparse.Namespace, codes: str) -> int:
    if asks_over_ssh(args):
        from nodecheck.cli.over_ssh import run_hosts

        return run_hosts(args, codes)
    from nodecheck.render.outputs import parse_outputs, renderer

    render = renderer(args.format)
    outputs = parse_outputs(args.output)
    report = judged(args, site_of(args))
    done = [deliver(report, *output) for output in outputs]
    if not (args.quiet and report.exit_code == 0):
        write(_document(args, report, render))
    if not all(done):
        raise Unwritten("not every output could be written")
    return 0 if args.exit_zero else mapped_exit_code(report, codes)


def _document(args: argparse.Namespace, report: Report, render: object) -> str:
    if args.format != "text":
        return render(report)  # type: ignore[operator, no-any-return]
    from nodecheck.cli.terminal import style
    from nodecheck.render.text import render_text

    return render_text(report, style(args), _unknown(args) if args.verbose and not args.quiet else ())


def _unknown(args: argparse.Namespace) -> list[str]:
    """A line for each thing that acts at boot and is not known here."""
    from nodecheck.doctor.boot import boot
    from nodecheck.host import open_host
    from nodecheck.text import printable

    return [printable(item.detail) for item in boot(other_host(args) or open_host(args.root))]


def deliver(report: Report, format_: str, path: str) -> bool:
    """Write the report to a file, or send it to a socket; False, and a word on standard error, where that fails."""
    from nodecheck.render.outputs import SOCKETS, renderer

    if format_ not in SOCKETS:
        return write_file(path, renderer(format_)(report))
    from nodecheck.cli.send import send

    return written(path, lambda: send(report, format_, path))
