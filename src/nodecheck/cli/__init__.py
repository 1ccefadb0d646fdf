"""The command ``nodecheck``: one file a verb, imported when it is called.

An old Python reads this file, ``nodecheck/__init__.py`` and ``nodecheck/__main__.py``, and is told what nodecheck
needs: so they are in the syntax that Python 2.7 and 3.6 parse too, with types in comments.
"""

import gc
import os
import sys


def main(argv=None):
    # type: (list[str] | None) -> int
    """Run the command line; the exit codes are those of the contract's section 4."""
    if sys.version_info < (3, 9):  # noqa: UP036 - it is the one that is told
        sys.exit(_too_old())
    if argv is not None:
        return _run(argv)
    # The process is ours and ends soon: collecting cycles during its imports would cost a twelfth of its time.
    gc.set_threshold(100000)
    try:
        code = _run(sys.argv[1:], ours=True)
    except KeyboardInterrupt:  # while it still loads what would catch that
        code = 130
    except SystemExit:
        raise
    except BaseException as error:  # SIGTERM at its very end, or a bug: a worker that hangs must not hold it up
        code = 143 if type(error).__name__ == "Terminated" else _crashed()
    _leave(code)
    return code


def _run(words, ours=False):
    # type: (list[str], bool) -> int
    if words in (["--version"], ["-V"], ["version"]):
        return _version()
    if words in (["--version", "-v"], ["-v", "--version"], ["-V", "-v"]):
        words = ["version", "-v"]
    _leave_working_directory_out()
    if ours:
        from nodecheck.cli import finder

        finder.use()
    from nodecheck.cli.start import start

    return start(words)


def _crashed():
    # type: () -> int
    import traceback

    traceback.print_exc()
    return 70


_INSTEAD = (
    "In its place: the static file, which needs no Python (docs/static.md); or from another machine "
    "nodecheck run --ssh NODE, or the script that nodecheck collector prints"
)


def _too_old():
    # type: () -> int
    found = ".".join([str(part) for part in sys.version_info[:3]])
    sys.stderr.write("nodecheck needs Python 3.9 or later; this is %s. %s\n" % (found, _INSTEAD))  # noqa: UP031
    return 2


def _leave(code):
    # type: (int) -> None
    """End the process at once: taking the interpreter apart costs two thirds of a bare interpreter's whole time.

    What is registered with atexit runs (programs that hang are killed there), all outputs are flushed; and a worker
    that hangs in a read cannot hold up the end.
    """
    if "atexit" in sys.modules:
        sys.modules["atexit"]._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # closed, or gone: what counts was told by the exit code
    os._exit(code)


def _version():
    # type: () -> int
    from nodecheck.version import __version__

    try:
        sys.stdout.write("nodecheck " + __version__ + "\n")
        sys.stdout.flush()
    except (OSError, AttributeError) as error:
        from nodecheck.cli.start import complain

        if not isinstance(error, BrokenPipeError):
            complain("standard output could not be written: " + (getattr(error, "strerror", None) or "it is closed"))
        return 74
    return 0


def _leave_working_directory_out():
    # type: () -> None
    """Take the working directory off ``sys.path`` where ``PYTHONPATH`` or an empty entry put it there.

    Where it is a folder that Python itself imports from, as after ``cd /usr/lib/python3``, it stays.
    """
    sys.path[:] = [path for path in sys.path if path]
    named = os.environ.get("PYTHONPATH")
    try:
        here = os.getcwd()
    except OSError:
        return
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if named and here != home and here in [os.path.abspath(path) for path in named.split(os.pathsep)]:
        sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
