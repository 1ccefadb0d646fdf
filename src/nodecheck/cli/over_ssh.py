"""``--ssh`` of run, plan and capture: the nodes are asked side by side, and judged here one after another."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from signal import SIG_DFL, SIGHUP, SIGTERM, getsignal, signal
from traceback import format_exc
from zlib import compress, decompress

from nodecheck.capturing.files import packed
from nodecheck.capturing.host import CaptureHost
from nodecheck.capturing.host_names import MOST_BYTES, hosts_of
from nodecheck.capturing.remote import SshCaptures, host_of
from nodecheck.capturing.ssh_command import SshWay
from nodecheck.cli.options import prepared_by, site_of
from nodecheck.cli.progress import progress
from nodecheck.cli.start import Unwritten, complain, write, write_file
from nodecheck.cli.terminal import style
from nodecheck.errors import UsageError
from nodecheck.reading import read_file
from nodecheck.render.hosts import FORMS, HostPart
from nodecheck.render.outputs import format_and_file, once
from nodecheck.render.style import Style
from nodecheck.report import Report
from nodecheck.report.hosts import HostAnswer, HostCode, Unreached, code_of, worst_of
from nodecheck.report.summary import OK, UNJUDGED, mapped_code
from nodecheck.running.engine import run
from nodecheck.running.request import Site
from nodecheck.text import printable

PARALLEL = 16
MOST_PARALLEL = 256
MOST_NAMED = 3
"""Hosts that the progress line names."""

CAPTURE_MODE = 0o600


class _HostsPage:
    """A document that grows by a part a host. The parts are kept packed: ten thousand reports would fill the memory."""

    def __init__(self, format_: str, hosts: Sequence[str], style: Style, path: str | None = None) -> None:
        self.path = path
        self._form = FORMS[format_]
        self._hosts = hosts
        self._style = style
        self._parts: dict[str, tuple[HostPart, bytes]] = {}

    def add(self, host: str, answer: HostAnswer) -> None:
        """Keep what the document says of a host."""
        part = self._form.part(host, answer, self._style)
        self._parts[host] = part._replace(text=""), compress(part.text.encode("utf-8", "backslashreplace"), 1)

    def pieces(self) -> Iterator[str]:
        """The document."""
        return self._form.whole(self._unpacked, self._style)

    def _unpacked(self) -> Iterator[HostPart]:
        for host in self._hosts:
            part, text = self._parts[host]
            yield part._replace(text=decompress(text).decode())


def run_hosts(args: argparse.Namespace, codes: str) -> int:
    """Judge the hosts, write the documents, give the exit code."""
    outputs = _outputs(args)
    hosts, way = _asked(args)
    shown = style(args)
    pages = [_HostsPage(args.format, hosts, shown if len(hosts) == 1 else shown._replace(again=None))]
    pages += [_HostsPage(format_, hosts, Style(), path) for format_, path in outputs]
    found: list[HostCode] = []
    for host, answer in _answers(args, hosts, way, site_of(args)):
        found.append(code_of(answer))
        for page in pages:
            page.add(host, answer)
    worst = worst_of(found)
    written = [write_file(page.path, page.pieces()) for page in pages if page.path is not None]
    if not (args.quiet and worst.code == OK):
        for piece in pages[0].pieces():
            write(piece)
    if not all(written):
        raise Unwritten("not every output could be written")
    return 0 if args.exit_zero else mapped_code(worst.code, worst.failed, codes)


def report_of_one(args: argparse.Namespace, site: Site) -> Report | None:
    """The report of the only host; None, and a word on standard error, where there is none. Raises UsageError."""
    hosts, way = _asked(args)
    if len(hosts) > 1:
        raise UsageError(f"a plan is of one node: expected one host, found {len(hosts)}")
    for host, answer in _answers(args, hosts, way, site):
        if not isinstance(answer, Unreached):
            return answer
        complain(f"{host}: {answer.text}")
    return None


def capture_hosts(args: argparse.Namespace) -> int:
    """Write ``HOST.capture`` of each host into a directory, which is made where it is not there."""
    hosts, way = _asked(args)
    directory = _directory(args.output)
    code, written = OK, True
    told: dict[str, str] = {}
    for host, node in _nodes(args, hosts, way):
        if isinstance(node, Unreached):
            told[host] = node.text
            code = UNJUDGED
        else:
            written &= write_file(os.path.join(directory, f"{host}.capture"), packed(node.image), CAPTURE_MODE)
        del node
    for host in hosts:  # now, when no line of progress is in the way
        if host in told:
            complain(f"{host}: {told[host]}")
    if not written:
        raise Unwritten("not every capture could be written")
    return code


def _answers(
    args: argparse.Namespace, hosts: tuple[str, ...], way: SshWay, site: Site
) -> Iterator[tuple[str, HostAnswer]]:
    """Each host with its report. What was asked for is verified before any host is."""
    _, registry, request = prepared_by(args, site)
    for host, node in _nodes(args, hosts, way):
        if isinstance(node, Unreached):
            yield host, node
            continue
        try:
            answer: HostAnswer = run(node, registry, request)
        except Exception as error:  # a bug, which one hostile node must not turn against the others
            answer = _crashed(error)
        del node
        gc.collect()  # what could not be read keeps the whole node alive, by the frames of its exception
        yield host, answer


def _crashed(error: Exception) -> Unreached:
    for line in format_exc().splitlines():  # it may quote what the node sent
        complain(line)
    return Unreached("crashed", f"a bug in nodecheck: {printable(f'{type(error).__name__}: {error}')}")


def _nodes(
    args: argparse.Namespace, hosts: tuple[str, ...], way: SshWay
) -> Iterator[tuple[str, CaptureHost | Unreached]]:
    """Each host with what came from it, in the order in which they end; with a progress line on a terminal."""
    done = 0
    if getsignal(SIGHUP) == SIG_DFL:  # a terminal that is closed must not leave an ssh behind
        signal(SIGHUP, getsignal(SIGTERM))

    def doing() -> str:
        waiting = found.running
        more = f" and {len(waiting) - MOST_NAMED} more" if len(waiting) > MOST_NAMED else ""
        names = f", waiting for {', '.join(waiting[:MOST_NAMED])}{more}" if waiting else ""
        return f"{done} of {len(hosts)} hosts done{names}"

    with SshCaptures(hosts, way) as found, progress(getattr(args, "quiet", False), doing):
        for host, got in found:
            try:
                node = host_of(host, got)
            except Exception as error:  # as of a check: the others go on
                node = _crashed(error)
            yield host, node
            del node, got  # before the next one is read: each may be large
            done += 1


def _asked(args: argparse.Namespace) -> tuple[tuple[str, ...], SshWay]:
    """The hosts, and how they are asked. Raises UsageError."""
    for name in ("root", "capture"):
        if getattr(args, name, None) is not None:
            raise UsageError(f"expected one of --ssh and --{name}, found both")
    if not args.ssh and not args.hosts:
        raise UsageError("--ssh-option, --sudo and --parallel go with --ssh or --hosts")
    parallel = PARALLEL if args.parallel is None else args.parallel
    if not 1 <= parallel <= MOST_PARALLEL:
        raise UsageError(f"--parallel: expected a number from 1 to {MOST_PARALLEL}, found {parallel}")
    if not 0 < args.timeout <= 86_400:
        raise UsageError(f"--timeout: expected seconds, more than 0 and at most 86400, found {args.timeout:g}")
    for option in args.ssh_option:
        if not option or not option.isprintable():
            raise UsageError(f"--ssh-option: expected an option of ssh, such as Port=2222, found {option!r}")
    hosts = hosts_of(args.ssh, [(_name(path), _content(path)) for path in args.hosts])
    return hosts, SshWay(args.timeout, tuple(args.ssh_option), args.sudo, parallel)


def _name(path: str) -> str:
    return "standard input" if path == "-" else path


def _content(path: str) -> bytes:
    if not path:
        raise UsageError("--hosts: expected a file, found nothing")
    try:
        if path != "-":
            return read_file(path, MOST_BYTES)
        if sys.stdin is None:
            raise UsageError("--hosts -: standard input is closed")
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"--hosts: {_name(path)} cannot be read: {why}") from error


def _outputs(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Formats and paths of ``--output``; these and ``--format`` must be ones of several hosts. Raises UsageError."""
    outputs = [format_and_file(text) for text in args.output]
    once(path for _, path in outputs)
    for option, format_ in (("--format", args.format), *[("--output", name) for name, _ in outputs]):
        if format_ not in FORMS:
            raise UsageError(f"{option}: of hosts over ssh expected one of {', '.join(FORMS)}, found {format_!r}")
    return outputs


def _directory(given: str | None) -> str:
    """The directory of the captures. Raises UsageError."""
    if given == "":
        raise UsageError("--output: expected a directory, found nothing")
    directory = given or "."
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError as error:
        if not os.path.isdir(directory):
            raise UsageError(f"--output: with --ssh expected a directory, found {directory!r}") from error
        if not os.access(directory, os.W_OK | os.X_OK):  # before many hosts are asked for nothing
            raise UsageError(f"--output: nothing can be written into {directory!r}") from error
    except OSError as error:
        raise UsageError(f"--output: {directory}: {error.strerror or error}") from error
    return directory
