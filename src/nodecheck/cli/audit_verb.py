"""Check this node, record the result, and tell what changed; silent where nothing did.

What the options leave out comes from the configuration, /etc/nodecheck/nodecheck.toml. With --changed-only the exit
code is 0 where nothing got worse, 1 where something fails newly at or above --fail-on (against the run before, or
against the accepted baseline), and 3 where something can no longer be judged.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nodecheck.cli.configured import config_of
from nodecheck.cli.options import add_config, add_exit_map, add_outputs, add_run_options, judged
from nodecheck.cli.start import EPILOG, Unwritten, complain, write, write_file
from nodecheck.cli.state import add_state_alone
from nodecheck.errors import UsageError
from nodecheck.report.summary import BUG, UNJUDGED, mapped_code, mapped_exit_code

if TYPE_CHECKING:
    from nodecheck.audit.boots import BootSeen
    from nodecheck.audit.session import Audit
    from nodecheck.audit.show import Look
    from nodecheck.config.model import Config
    from nodecheck.report import Report

GRACE_S = 20.0
"""Seconds that recording and writing may take beyond the run itself."""

TIMEOUT_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck audit``."""
    parser.epilog = EPILOG
    add_run_options(parser)
    add_outputs(parser, "text or json, of the changes", verbose="taken as run takes it; changes are always told whole")
    add_exit_map(parser, "whose exit codes: nodecheck's own (run, the default), a Nagios plugin's, or npd's")
    add_config(parser)
    add_state_alone(parser)
    add = parser.add_argument
    add("--changed-only", action="store_true", help="report, and exit by, the changes alone")
    add("--check-config", action="store_true", help="only validate the configuration, and print what is in force")
    # None: not given, so that the configuration's word counts
    parser.set_defaults(words=(), timeout=None, select=None, ignore=None, changed_only=None)


def main(args: argparse.Namespace) -> int:
    """Audit the node."""
    if args.exit_map is None:
        return _configured(args)
    from nodecheck.cli.exit_maps import guarded

    return guarded(args.exit_map, lambda: _configured(args))


def _configured(args: argparse.Namespace) -> int:
    if args.format not in ("text", "json"):
        raise UsageError(f"--format: expected text or json, found {args.format!r} (--output writes the others)")
    if args.state == "":
        raise UsageError("--state: expected a directory, found nothing")
    config = config_of(args)
    fill(args, config)
    if args.check_config:
        _validate(args, config)
        write(_shown(config, args.format))
        return 0
    return _bounded(args, config)


def _validate(args: argparse.Namespace, config: Config) -> None:
    """Raise what the audit would refuse: of the profile, of the files of waivers, of the outputs."""
    from nodecheck.cli.options import prepared_by
    from nodecheck.config.site import site_of_audit
    from nodecheck.render.outputs import parse_outputs

    parse_outputs(args.output)
    prepared_by(args, site_of_audit(config))


def _shown(config: Config, format_: str) -> str:
    from nodecheck.config.show import to_dict, to_toml

    if format_ != "json":
        return to_toml(config)
    import json

    return json.dumps(to_dict(config), indent=2) + "\n"


def _bounded(args: argparse.Namespace, config: Config) -> int:
    """The audit as a good guest, given up where it takes too long or too much."""
    from nodecheck.audit.guest import TimeIsUp, alarm_after, alarm_off, behave

    behave(config.nice, config.io_class, config.memory_mib)
    alarm_after(args.timeout + GRACE_S)
    try:
        return _audit(args, config)
    except TimeIsUp:
        code, why = UNJUDGED, f"the audit did not end within {args.timeout + GRACE_S:g} seconds, and was given up"
    except MemoryError:
        code, why = BUG, f"the audit needs more than {config.memory_mib} MiB (memory-mib in the configuration)"
    finally:
        alarm_off()
    if args.exit_map not in (None, "run"):
        raise Unwritten(why)  # told as other programs need it
    complain(why)
    return code


def fill(args: argparse.Namespace, config: Config) -> None:
    """Let the configuration say how the audit goes, where the options do not; ``--output`` adds to what it says."""
    for name in ("select", "ignore", "timeout", "changed_only", "state"):
        if getattr(args, name) is None:
            setattr(args, name, getattr(config, name))
    args.timeout = TIMEOUT_S if args.timeout is None else args.timeout
    args.output = [*config.outputs, *args.output]


def _audit(args: argparse.Namespace, config: Config) -> int:
    import os
    from contextlib import ExitStack

    from nodecheck.audit.lock import locked
    from nodecheck.audit.place import default_directory, prepared
    from nodecheck.render.outputs import parse_outputs

    outputs = parse_outputs(args.output)
    directory, problem = None, ""
    wanted = args.state or default_directory(os.environ, os.geteuid())
    with ExitStack() as held:
        try:
            real = prepared(wanted)
            held.enter_context(locked(real))
            directory = real
        except OSError as error:
            problem = f"{wanted}: {error.strerror or error}"
        return _done(args, config, directory, problem, outputs)


def _done(
    args: argparse.Namespace, config: Config, directory: str | None, problem: str, outputs: list[tuple[str, str]]
) -> int:
    """Judge, record, write the outputs, tell, and note that it was told: in this order nothing is lost by a crash."""
    from nodecheck.audit.session import LOUD, recorded, scope_of
    from nodecheck.config.site import site_of_audit

    digests, explained = dict[str, str](), set[str]()
    report = judged(args, site_of_audit(config), digests, explained)
    scope = scope_of(report, tuple(args.select), tuple(args.ignore), args.view)
    audit = recorded(report, directory, scope, config.flap, config.limits, problem, _boot(report, digests, explained))
    report = audit.report
    for notice in audit.notices:
        if notice.code in LOUD:
            complain(notice.message)
    delivered = [_delivered(audit, *output) for output in outputs]
    write(_document(args, audit))
    if directory is not None and audit.recorded:
        _note(directory, config, audit)
    if not (audit.recorded and all(delivered)):
        raise Unwritten("the verdict was reached, but not everything could be recorded and written")
    return 0 if args.exit_zero else _code(args, audit, report)


def _boot(report: Report, digests: dict[str, str], explained: set[str]) -> BootSeen | None:
    """What predictions are held by, where the node is the live one."""
    if report.run.source.kind != "live":
        return None
    from nodecheck.audit.boots import BootSeen
    from nodecheck.audit.settled import boot_now
    from nodecheck.host import open_host

    return BootSeen(digests, lambda: boot_now(open_host(), report.run.finished_at), frozenset(explained))


def _delivered(audit: Audit, format_: str, path: str) -> bool:
    """Write or send the audit's report; metrics also tell what became of the predictions."""
    from nodecheck.cli.run_verb import deliver

    if format_ != "openmetrics":
        return deliver(audit.report, format_, path)
    from nodecheck.render.openmetrics import render_audit

    return write_file(path, render_audit(audit))


def _code(args: argparse.Namespace, audit: Audit, report: Report) -> int:
    codes = args.exit_map or "run"
    return mapped_code(audit.exit_code(), audit.failed, codes) if args.changed_only else mapped_exit_code(report, codes)


def _note(directory: str, config: Config, audit: Audit) -> None:
    import sqlite3

    from nodecheck.audit.session import note_told

    try:
        note_told(directory, config.limits, audit)
    except (sqlite3.Error, OSError) as error:
        complain(f"what was told may be told again: {error}")


def _document(args: argparse.Namespace, audit: Audit) -> str:
    if args.format == "json":
        import json

        from nodecheck.audit.document import to_dict

        return "" if args.quiet and audit.quiet else json.dumps(to_dict(audit), indent=2) + "\n"
    from nodecheck.audit.show import audit_text, head

    look = look_of(args)
    if args.exit_map in (None, "run"):
        return audit_text(audit, look)
    # A monitoring system shows the first line, takes silence for a fault, and numbers for what stands behind a bar.
    return (audit_text(audit, look) or f"{head(audit, look)}\n").replace("|", "\\x7c")


def look_of(args: argparse.Namespace) -> Look:
    """How the terminal, or the pipe, is to show changes: folded on a terminal, else one line each."""
    import sys

    from nodecheck.audit.show import Look
    from nodecheck.cli.terminal import colour, width

    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    quiet = getattr(args, "quiet", False)
    return Look(colour(args.no_color), width() if on_terminal else None, quiet, bool(args.changed_only))
