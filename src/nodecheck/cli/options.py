"""The options of ``nodecheck run`` that other verbs take too, and the report that they ask for."""

from __future__ import annotations

import argparse
import os
import sys

from nodecheck.errors import ProfileError, UsageError
from nodecheck.report import Report
from nodecheck.report.parts import DEFAULT_CONFIG
from nodecheck.requirements.asked import PHASES, PROXY_MODES, ROLES
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.host import Host
    from nodecheck.plugins import Registry
    from nodecheck.running.request import Request, Site

LEVELS = ("error", "warning", "info")

ELSEWHERE = ("root", "capture", "ssh", "hosts")
"""Options by which another node is judged than the one that nodecheck runs on, as far as a verb has them."""


OF_A_NODE = frozenset(
    ("bin", "boot", "dev", "etc", "home", "lib", "lib64", "mnt", "opt", "ostree", "proc", "root", "run", "sbin", "srv")
).union(("sys", "sysroot", "tmp", "usr", "var"))
"""Names of which every node's file system has some, and a part of one that somebody copied has one."""


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What is judged, and how: every option of ``run`` but those of its outputs and of the configuration."""
    add_target(parser)
    add = parser.add_argument
    add("--select", metavar="S", action="append", default=[], help="only these results (a selector; may be repeated)")
    add("--ignore", metavar="S", action="append", default=[], help="not these results (a selector; may be repeated)")
    add("--view", choices=("now", "boot"), help="only what holds now, or only what will hold after a reboot")
    add_other_node(parser)
    add("--fail-on", choices=LEVELS, help="the least severity that makes the exit code 1 (default: the profile's)")
    add("--exit-zero", action="store_true", help="exit 0 where the verdict would make it 1 or 3")
    add("--timeout", metavar="SECONDS", type=seconds, default=30.0, help="for the whole run (default: 30)")


def add_other_node(parser: argparse.ArgumentParser) -> None:
    """The options that say that another node is judged than this one."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--root", metavar="DIR", help="judge the file system in DIR instead of the live node")
    told = "judge the node that nodecheck capture, or its collector, wrote to FILE (- for standard input)"
    one.add_argument("--capture", metavar="FILE", help=told)


def add_ssh(parser: argparse.ArgumentParser) -> None:
    """The options by which nodes are asked over ssh, one or many."""
    add = parser.add_argument
    told = "the node that ssh reaches by this name, on which nothing has to be installed (may be repeated)"
    add("--ssh", metavar="[USER@]HOST", action="append", default=[], help=told)
    told = "the hosts in FILE, one a line, after # a comment (- for standard input)"
    add("--hosts", metavar="FILE", action="append", default=[], help=told)
    told = "an option for ssh, as after its -o: Port=2222 (may be repeated)"
    add("--ssh-option", metavar="OPTION", action="append", default=[], help=told)
    add("--sudo", action="store_true", help="read the nodes as root, by sudo without a password (sudo -n)")
    add("--parallel", metavar="N", type=int, help="ask at most N hosts at once (default: 16)")


def asks_over_ssh(args: argparse.Namespace) -> bool:
    """Whether an option of :func:`add_ssh` was given."""
    return bool(args.ssh or args.hosts or args.ssh_option or args.sudo or args.parallel is not None)


def other_host(args: argparse.Namespace) -> Host | None:
    """The host of ``--capture``; None where that is not given. Raises UsageError."""
    if args.capture is None:
        return None
    if not args.capture:
        raise UsageError("--capture: expected a file, found nothing")
    from nodecheck.capturing.files import open_capture

    return open_capture(args.capture)


def add_words(parser: argparse.ArgumentParser) -> None:
    """Selectors as words, anywhere among the options; they and ``--select`` add up."""
    told = "only these results: a check (swap), a subject ('sysctl[net.*]'), a view (swap@boot), tag:kubelet"
    parser.add_argument("words", metavar="SELECTOR", nargs="*", default=[], help=told)


def add_target(parser: argparse.ArgumentParser) -> None:
    """The options that say what the node is to be."""
    add = parser.add_argument
    add("--profile", metavar="NAME|FILE", help="a profile's name, or a TOML file (default: kubernetes)")
    told = "honour these waivers, in place of those that the configuration names (may be repeated)"
    add("--waivers", metavar="FILE", action="append", default=[], help=told)
    add("--role", choices=ROLES, help="default: the profile's, else found on the node")
    add("--kubernetes", metavar="1.34", help="the Kubernetes release that the node is to run")
    add("--proxy-mode", choices=PROXY_MODES, help="kube-proxy's mode")
    add("--cni", metavar="NAME", help="the network plugin, such as flannel, calico, cilium")
    add("--phase", choices=PHASES, help="where in its life the node is (default: the profile's, else found on it)")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The options that say which configuration counts."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--config", metavar="FILE", help=f"the configuration (default: the node's, {DEFAULT_CONFIG})")
    one.add_argument("--no-config", action="store_true", help="as if there were no configuration")


def site_of(args: argparse.Namespace) -> Site:
    """What the configuration says that the node is to be. Raises ConfigError.

    Without ``--config`` only the live node has one.
    """
    from nodecheck.running.request import NO_SITE

    if args.config == "":
        raise UsageError("--config: expected a file, found nothing")
    elsewhere = any(getattr(args, name, None) for name in ELSEWHERE)
    if args.no_config or (args.config is None and (elsewhere or not _is_configured())):
        return NO_SITE
    from nodecheck.cli.configured import read_site

    return read_site(args)


def _is_configured() -> bool:
    """Whether the node has a configuration, or this user may not look."""
    for path in (DEFAULT_CONFIG, f"{DEFAULT_CONFIG}.d"):
        try:
            os.lstat(path)
            return True
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return True
    return False


def add_outputs(
    parser: argparse.ArgumentParser, formats: str, sockets: str = "", verbose: str = "explain every verdict, passes too"
) -> None:
    """The options of what is printed and written; ``formats`` and ``sockets`` tell the formats in a few words."""
    add = parser.add_argument
    add("--format", metavar="FORMAT", default="text", help=f"{formats} (default: text)")
    add("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    add(
        "--output",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help=f"also write FILE (may be repeated){sockets}",
    )
    add("-q", "--quiet", action="store_true", help="print nothing where all is well, and else only what is not")
    add("-v", "--verbose", action="store_true", help=verbose)
    add("--no-color", action="store_true", help="plain text on a terminal too (as NO_COLOR does)")


BY_FORMAT = (
    "whose exit codes: run's own, those of a Nagios plugin, or of node-problem-detector (default: by the format)"
)


def add_exit_map(parser: argparse.ArgumentParser, told: str = BY_FORMAT) -> None:
    """The option that says whose exit codes are given."""
    from nodecheck.report.summary import EXIT_MAPS

    parser.add_argument("--exit-map", choices=EXIT_MAPS, help=told)


def exit_map(args: argparse.Namespace, format_: str) -> str | None:
    """The map that was asked for, else that of the format that is printed; None where neither says one."""
    if args.exit_map is not None:
        return str(args.exit_map)
    return format_ if format_ in ("nagios", "npd") else None


def seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}") from None


def judged(
    args: argparse.Namespace, site: Site, digests: dict[str, str] | None = None, explained: set[str] | None = None
) -> Report:
    """The report that the options and the configuration ask for, with a progress line on a terminal.

    ``digests`` and ``explained`` are as a Request has them.
    """
    from nodecheck.cli.finder import in_use
    from nodecheck.running.engine import run

    host, registry, request = prepared_by(args, site)
    request = request._replace(digests=digests, explained=explained, ends_at_once=in_use())
    if args.quiet or sys.stderr is None or not sys.stderr.isatty():
        return run(host, registry, request)
    from nodecheck.cli.progress import progress

    with progress(args.quiet) as line:
        return run(host, registry, request._replace(watch=line.now_at))


def prepared_by(args: argparse.Namespace, site: Site) -> tuple[Host, Registry, Request]:
    """What the engine needs for what the options ask for. Raises UsageError."""
    from nodecheck.running.request import prepared

    if args.root == "":
        raise UsageError("--root: expected a directory, found nothing")
    select = (*args.words, *args.select)
    try:
        found = prepared(
            root=args.root, profile=args.profile, role=args.role, kubernetes=args.kubernetes,
            proxy_mode=args.proxy_mode, cni=args.cni, select=select, ignore=args.ignore, view=args.view,
            fail_on=args.fail_on, timeout=args.timeout, waivers=args.waivers or (), site=site, host=other_host(args),
            phase=args.phase,
        )  # fmt: skip
    except ProfileError as error:
        from nodecheck.cli.configured import blamed

        raise blamed(error, args, site) from error
    if args.root is not None:
        _say_if_bare(args.root)
    return found


def _say_if_bare(root: str) -> None:
    """Say that a directory holds nothing of a node, as one does on which an image was to be mounted."""
    try:
        names = os.listdir(root)
    except OSError:
        return  # the report says what cannot be read
    if OF_A_NODE.isdisjoint(names):
        from nodecheck.cli.start import complain

        what = "is empty" if not names else "has none of etc, usr, var, proc and their like"
        complain(f"--root {root}: {what}, so that nothing of a node is there to be judged. Is it mounted?")
