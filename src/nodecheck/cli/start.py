"""From words to a verb, and from every way to end to an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import FrameType, ModuleType

from nodecheck.cli.terminal import width
from nodecheck.cli.verbs import VERBS
from nodecheck.errors import ConfigError, Locked, NodecheckError, ProfileError, UsageError
from nodecheck.report.summary import BUG, INTERRUPTED, LOCKED, TERMINATED, UNWRITTEN, USAGE
from nodecheck.typed import Any, NoReturn
from nodecheck.version import __version__

EPILOG = """\
exit codes:
  0    judged, and nothing failed at or above --fail-on
  1    at least one failure at or above --fail-on
  2    usage: an unknown option, selector, check or profile; nothing was checked
  3    no such failure, but something of that severity is unknown, or nothing at all was judged
  70   a bug in nodecheck itself
  74   the verdict was reached, but an output could not be written
  75   another run holds the lock (commands that lock)
  130, 143  interrupted by SIGINT, SIGTERM
"""


WITH_PLUGINS = (
    "run", "plan", "audit", "capture", "collector", "waive", "convert", "list", "explain", "doctor", "plugins",
    "profile",
)  # fmt: skip
"""The verbs that have the option ``--plugins``, taken before they parse (:mod:`.plugin_folders`)."""

PLUGINS = "load plugins from DIR too: absolute, owned by root, writable by nobody else; may be repeated"


class Unwritten(Exception):
    """Standard output, or a file that was asked for, could not be written."""


class Misused(UsageError):
    """Words that no verb takes. ``rest`` is what else to say where no line is known that may be meant."""

    def __init__(self, message: str, usage: str = "", rest: str = "") -> None:
        super().__init__(message)
        self.usage = usage
        self.rest = rest


class Terminated(BaseException):
    """SIGTERM. Not a SystemExit: one that a plugin raises is caught, and this must not be."""


def start(words: list[str]) -> int:
    """Run the verb that ``words`` name."""
    from _signal import SIGTERM, signal  # type: ignore[import-not-found]  # without the enums of the module signal

    signal(SIGTERM, _terminated)
    try:
        code = _dispatch(words)
        return _flushed(code)
    except SystemExit as end:  # argparse
        return end.code if isinstance(end.code, int) else USAGE
    except Terminated:
        return TERMINATED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Locked as error:
        complain(str(error))
        return LOCKED
    except NodecheckError as error:
        _complain_of(error, words)
        return USAGE
    except Unwritten as error:
        if str(error):
            complain(str(error))
        _close_output()
        return UNWRITTEN
    except Exception:
        import traceback

        traceback.print_exc()
        return BUG


def _complain_of(error: NodecheckError, words: list[str]) -> None:
    """Say what is wrong, and the line that may be meant; the usage where none is known."""
    message, line = str(error), ""
    if isinstance(error, UsageError) and not isinstance(error, (ConfigError, ProfileError)):
        from nodecheck.cli.hints import hint

        line = hint(words, verb_parser)
    if line:
        message += f"{'' if message.endswith('?') else '.'} Type: {line}"
    elif isinstance(error, Misused):
        message += error.rest
        say(error.usage)
    complain(message)


def _terminated(_: int, __: FrameType | None) -> None:
    raise Terminated


def _dispatch(words: list[str]) -> int:
    if any(word.startswith("--plugins") for word in words):
        from nodecheck.cli.plugin_folders import use

        use(words)
    if words and words[0] in VERBS:
        module, parser = verb_parser(words[0])
        run: Callable[[argparse.Namespace], int] = module.main
        return run(parser.parse_args(words[1:]))
    page = overview()
    if not words:
        page.print_help(sys.stderr)
        return USAGE
    if words[0][:1] != "-":
        from nodecheck.cli.hints import near

        like = near(words[0], VERBS)
        told = "" if like is None else f"; did you mean {like!r}?"
        rest = "" if told else f": expected one of {', '.join(VERBS)}"
        raise Misused(f"there is no verb {words[0]!r}{told}", rest=rest)
    page.parse_args(words)
    page.error("expected a verb before its options")


def verb_parser(verb: str) -> tuple[ModuleType, argparse.ArgumentParser]:
    """The module of a verb and its parser: what ``--help``, the completions and the manual page are made of."""
    module = import_module(f"nodecheck.cli.{verb}_verb")
    parser = _Parser(prog=f"nodecheck {verb}", description=module.__doc__, **_STYLE)
    module.add_arguments(parser)
    parsers = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            _dress(action)
            parsers += action.choices.values()
    if verb in WITH_PLUGINS:
        for one in parsers:
            one.add_argument("--plugins", metavar="DIR", action="append", help=PLUGINS)
    return module, parser


def _dress(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Let the actions of a verb (``profile show``) say what they do, and look and parse as the verbs do."""
    for told in actions._choices_actions:
        parser, text = actions.choices[told.dest], told.help or ""
        parser.description = parser.description or f"{text[:1].upper()}{text[1:]}."
        parser.formatter_class = _formatter
        parser.allow_abbrev = False


def _formatter(prog: str) -> argparse.HelpFormatter:
    # With a width of its own argparse does not import shutil, which every parser would pay for.
    return argparse.RawDescriptionHelpFormatter(prog, width=width())


_STYLE: dict[str, Any] = {"allow_abbrev": False, "formatter_class": _formatter}


class _Parser(argparse.ArgumentParser):
    """argparse, with words anywhere among the options, and the nearest option named where one is unknown."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, and words anywhere where the verb takes several (``run swap --json port``).

        argparse takes the words of one place alone, and its parse_intermixed_args refuses groups of options that
        exclude each other in some versions. So what argparse leaves over is taken here.
        """
        several = [action.dest for action in self._actions if not action.option_strings and action.nargs == "*"]
        if not several:
            return super().parse_args(args, namespace)
        found, left = self.parse_known_args(args, namespace)
        unknown = [word for word in left if word.startswith("-") and word != "--"]
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        more = [word for word in left if word != "--"]
        setattr(found, several[0], [*getattr(found, several[0]), *more])
        return found

    def print_help(self, file: Any = None) -> None:
        """argparse says nothing of a page that could not be written; this raises :class:`Unwritten`."""
        if file is None:
            write(self.format_help())
        else:
            super().print_help(file)

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: --"):
            from nodecheck.cli.hints import near

            word = message.partition(": ")[2].partition(" ")[0].partition("=")[0]
            like = near(word, [name for action in self._actions for name in action.option_strings])
            message += "" if like in (None, word) else f"; did you mean {like!r}?"
        raise Misused(message, self.format_usage())


def overview() -> argparse.ArgumentParser:
    """The parser of what stands before a verb, with the list of verbs as its page."""
    listed = "\n".join(f"  {verb:<12}{what}" for verb, what in VERBS.items())
    parser = _Parser(
        prog="nodecheck",
        usage="nodecheck VERB [options]",
        description="Is this Linux node fit to run Kubernetes, now and after its next reboot?\n\nverbs:\n" + listed,
        epilog="nodecheck VERB --help (or nodecheck help VERB) says what the options of a verb are.\n\n" + EPILOG,
        **_STYLE,
    )
    parser.add_argument("--version", action="version", version=f"nodecheck {__version__}")
    parser.add_argument("verb", nargs="?", choices=list(VERBS), metavar="VERB", help=argparse.SUPPRESS)
    return parser


def complain(message: str) -> None:
    """One message, in one line, on standard error, if there is one: what it quotes of files may be hostile."""
    from nodecheck.text import printable

    say(f"nodecheck: {printable(message)}\n")


def say(text: str) -> None:
    """Write to standard error, if there is one."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
        except (OSError, ValueError):
            return  # nobody can be told


def write(text: str | bytes) -> None:
    """Write the chosen document to standard output. Raises :class:`Unwritten`."""
    if sys.stdout is None:
        raise Unwritten("standard output is closed")
    try:
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
        out = getattr(sys.stdout, "buffer", None)
        if out is None:
            sys.stdout.write(text)  # type: ignore[arg-type]  # one that takes text alone was put there by a caller
        else:
            sys.stdout.flush()
            out.write(raw)
            out.flush()
    except (OSError, ValueError) as error:
        raise _unwritten(error) from error


def write_file(path: str, document: str | bytes | Iterable[str], mode: int = 0o644) -> bool:
    """Write one output, or its pieces; False, and a word on standard error, where that cannot be done."""
    from nodecheck.writing import write_atomically

    return written(path, lambda: write_atomically(path, document, mode))


def written(path: str, write_it: Callable[[], None]) -> bool:
    """Whether an output could be written, or sent; a word on standard error where not."""
    try:
        write_it()
    except OSError as error:
        complain(f"{path}: could not be written: {error.strerror or error}")
        return False
    return True


def _flushed(code: int) -> int:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        raise _unwritten(error) from error
    return code


def _unwritten(error: OSError | ValueError) -> Unwritten:
    if isinstance(error, BrokenPipeError):
        return Unwritten()  # the reader had seen enough (``| head``): the exit code alone says so
    return Unwritten(f"standard output could not be written: {getattr(error, 'strerror', None) or error}")


def _close_output() -> None:
    """Point standard output at /dev/null, so that the interpreter does not complain of it once more at its end."""
    import os

    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
    except OSError:
        return  # there is no standard output at all
