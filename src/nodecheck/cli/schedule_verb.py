"""Have nodecheck audit run by itself: print a hardened systemd service and timer, or a cron entry, or install it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from nodecheck.cli.start import Unwritten, complain, write
from nodecheck.errors import UsageError
from nodecheck.text import printable

EPILOG = """\
What the audit is to do is best said in its configuration. An example with options instead:
  nodecheck schedule systemd --every daily --install --options '--role worker --profile /etc/nodecheck/edge.toml'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``nodecheck schedule``."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("kind", choices=("systemd", "cron"), metavar="systemd|cron", help="what is to run the audit")
    add(
        "--every",
        metavar="WHEN",
        default="hourly",
        help="hourly (default), daily, weekly, or as systemd or cron has it",
    )
    add("--user-crontab", action="store_true", help="cron: a line for crontab(1), or for busybox's crond")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--install", action="store_true", help="write the files and start the timer, and say so")
    one.add_argument("--remove", action="store_true", help="take away what --install wrote")
    add("--options", metavar="WORDS", type=_words, default=(), help="options of nodecheck audit, quoted as one word")


def _words(text: str) -> tuple[str, ...]:
    from shlex import split

    try:
        return tuple(split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def main(args: argparse.Namespace) -> int:
    """Print, install or remove."""
    if args.user_crontab and (args.kind != "cron" or args.install or args.remove):
        raise UsageError("--user-crontab: prints a line for cron; pipe it into crontab(1)")
    if (args.install or args.remove) and os.geteuid() != 0:
        raise UsageError(f"{'--install' if args.install else '--remove'}: needs root")
    try:
        for line in _removed(args.kind) if args.remove else _scheduled(args):
            write(printable(line) + "\n" if args.install or args.remove else line)
    except OSError as error:
        raise Unwritten(str(error)) from error
    return 0


def _scheduled(args: argparse.Namespace) -> Iterator[str]:
    from nodecheck.schedule import install
    from nodecheck.schedule.program import program, untrusted

    started = program()
    words = (*started, "audit", *args.options)
    files = _units(words, args) if args.kind == "systemd" else _cron(words, args)
    problem = untrusted(started)
    if problem is not None and args.install:
        raise UsageError(f"root must not run what others can change: {problem}")
    if problem is not None:
        complain(f"others than root can change this nodecheck, and --install would refuse it: {printable(problem)}")
    _verify_calendar(args)
    if not args.install:
        titles = len(files) > 1
        yield from (f"{f'# {path}{chr(10)}' if titles else ''}{text}" for path, text in files.items())
        return
    other = install.CRON if args.kind == "systemd" else install.TIMER
    if os.path.exists(other):
        complain(f"{other} is there too: the audit will run by both")
    yield from install.install(files)
    if args.kind == "systemd":
        yield from _started()


def _units(words: tuple[str, ...], args: argparse.Namespace) -> dict[str, str]:
    from nodecheck.cli.audit_options import audit_options
    from nodecheck.schedule import install, systemd
    from nodecheck.schedule.program import HIDDEN

    options = audit_options(args.options)
    hidden = [word for word in (*words, *options.paths) if word.startswith(HIDDEN)]
    if hidden:
        raise UsageError(f"{printable(hidden[0])}: the service has a /tmp and a /var/tmp of its own, and cannot see it")
    for path in options.writable:
        if not os.path.isdir(path):
            raise UsageError(f"{printable(path)}: make this directory first: the service cannot, and is to write there")
    service = systemd.service(words, options.writable, options.limit_s)
    return {install.SERVICE: service, install.TIMER: systemd.timer(args.every)}


def _cron(words: tuple[str, ...], args: argparse.Namespace) -> dict[str, str]:
    from nodecheck.cli.audit_options import audit_options
    from nodecheck.schedule import cron, install

    audit_options(args.options)
    return {install.CRON: cron.entry(words, args.every, _seed(), None if args.user_crontab else "root")}


def _seed() -> str:
    """What tells this node from others."""
    try:
        with open("/etc/machine-id", encoding="ascii", errors="replace") as file:
            text = file.read(64).strip()
    except OSError:
        text = ""
    return text or os.uname().nodename


def _verify_calendar(args: argparse.Namespace) -> None:
    from subprocess import DEVNULL, run

    from nodecheck.errors import FactError
    from nodecheck.host.commands import ENVIRONMENT
    from nodecheck.host.programs import find_program

    if args.kind != "systemd":
        return
    try:
        path = find_program("systemd-analyze")
    except FactError:
        return  # systemd says it itself, when it loads the timer
    done = run(  # noqa: S603
        (path, "calendar", args.every), capture_output=True, text=True, stdin=DEVNULL, timeout=60, check=False,
        env=ENVIRONMENT,
    )  # fmt: skip
    if done.returncode:
        raise UsageError(f"--every: {printable(done.stderr.strip())}")


def _started() -> Iterator[str]:
    from nodecheck.schedule.install import systemctl, systemd_runs

    if systemd_runs():
        yield systemctl("daemon-reload")
        yield systemctl("enable", "--now", "nodecheck.timer")
        yield "see: systemctl list-timers nodecheck.timer; journalctl -u nodecheck; systemctl start nodecheck"
    else:
        yield systemctl("enable", "nodecheck.timer")
        yield "systemd does not run here: the timer starts at the next boot"


def _removed(kind: str) -> Iterator[str]:
    from nodecheck.schedule.install import CRON, SERVICE, TIMER, remove, systemctl, systemd_runs

    if kind == "cron":
        yield from remove((CRON,))
        return
    if os.path.exists(TIMER):
        yield systemctl("disable", *(["--now"] if systemd_runs() else []), "nodecheck.timer")
    yield from remove((TIMER, SERVICE))
    if systemd_runs():
        yield systemctl("daemon-reload")
    yield "/var/lib/nodecheck stays: the history is in it"
