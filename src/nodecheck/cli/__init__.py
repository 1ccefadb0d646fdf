"""The command ``nodecheck``: one file a verb, imported when it is called."""

from __future__ import annotations

import gc
import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit codes are those of the contract's section 4."""
    if argv is not None:
        return _run(argv)
    # The process is ours and ends soon: collecting cycles during its imports would cost a twelfth of its time.
    gc.set_threshold(100_000)
    code = _run(sys.argv[1:])
    _leave(code)
    return code


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        return _version()
    _leave_working_directory_out()
    from nodecheck.cli.start import start

    return start(words)


def _leave(code: int) -> None:
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


def _version() -> int:
    from nodecheck.version import __version__

    try:
        sys.stdout.write(f"nodecheck {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError) as error:
        from nodecheck.cli.start import complain

        if not isinstance(error, BrokenPipeError):
            complain(f"standard output could not be written: {getattr(error, 'strerror', None) or 'it is closed'}")
        return 74
    return 0


def _leave_working_directory_out() -> None:
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
